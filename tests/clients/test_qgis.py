"""QGIS 3.22 (PyQGIS of Debian, in its own Python) reads our layers with its OAPIF provider."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gisland.database import Role, connect
from tests.clients.conftest import Expected
from tests.live import LiveServer

Key = tuple[str, str]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Any]:
    """Run the reader in a home of its own, so that no cache or setting of another run is used."""

    def run(*arguments: object) -> Any:
        script = Path(__file__).with_name("qgis_reads.py")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
            "QT_QPA_PLATFORM": "offscreen",
            "LC_ALL": "C.UTF-8",
        }
        command = ["/usr/bin/python3", str(script), *map(str, arguments)]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        lines = [line for line in told.stdout.splitlines() if line.startswith("FOUND")]
        assert lines, told.stderr
        return json.loads(lines[-1].removeprefix("FOUND"))

    return run


def keys(live_server: LiveServer, ids: set[int]) -> set[Key]:
    with connect(live_server.settings, Role.PUBLIC) as connection:
        query = "SELECT sheet_no, parcel_no FROM published.parcels WHERE id = ANY (%s)"
        return {(row[0], row[1]) for row in connection.execute(query, [list(ids)])}


def test_qgis_reads_all_parcels_and_a_box(
    read: Callable[..., Any], expected: Expected, live_server: LiveServer
) -> None:
    found = read(expected.url, "parcels", *expected.bbox)
    assert found["valid"], found["error"]
    assert found["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert found["count"] == len(expected.ids)
    assert {"sheet_no", "parcel_no", "verification_status", "label_angle"} <= set(found["fields"])
    assert {(sheet, parcel) for _, _, sheet, parcel, _ in found["parcels"]} == keys(live_server, expected.ids)
    assert len(found["parcels"]) == len(expected.ids)
    assert all(valid for *_, valid in found["parcels"])
    assert {tuple(key) for key in found["in_box"]} == keys(live_server, expected.ids_in_bbox)
