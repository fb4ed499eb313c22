"""What the clients should find."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gisland.database import Role, connect
from tests.live import LiveServer


@dataclass(frozen=True)
class Expected:
    """The parcels of the live server: all of them, and those that meet a box around its middle."""

    url: str
    ids: set[int]
    bbox: tuple[float, float, float, float]
    ids_in_bbox: set[int]


@pytest.fixture(scope="session")
def expected(live_server: LiveServer) -> Expected:
    """Read with SQL of its own, past the service."""
    with connect(live_server.settings, Role.PUBLIC) as connection:
        ids = {row[0] for row in connection.execute("SELECT id FROM published.parcels")}
        box = connection.execute("""
            SELECT round((x - 0.002)::numeric, 6)::float8, round((y - 0.002)::numeric, 6)::float8,
                   round((x + 0.002)::numeric, 6)::float8, round((y + 0.002)::numeric, 6)::float8
              FROM (SELECT avg(label_x) AS x, avg(label_y) AS y FROM published.parcels) middle""").fetchone()
        assert box is not None
        inside = connection.execute(
            "SELECT id FROM published.parcels WHERE ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))", box
        )
        found = Expected(f"{live_server.url}/ogc", ids, box, {row[0] for row in inside})
    assert 0 < len(found.ids_in_bbox) < len(found.ids)
    return found


@pytest.fixture
def qgis(tmp_path: Path) -> Callable[..., Any]:
    """Run a script of this folder with PyQGIS, in a home of its own: no cache or setting of another run is used."""

    def run(script: str, *arguments: object) -> Any:
        home = tmp_path / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "QT_QPA_PLATFORM": "offscreen",
            "LC_ALL": "C.UTF-8",
        }
        command = ["/usr/bin/python3", str(Path(__file__).with_name(script)), *map(str, arguments)]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
        lines = [line for line in told.stdout.splitlines() if line.startswith("FOUND")]
        assert lines, told.stderr
        return json.loads(lines[-1].removeprefix("FOUND"))

    return run
