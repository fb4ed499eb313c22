"""QGIS 3.22 (PyQGIS of Debian, in its own Python) reads our layers with its OAPIF provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gisland.database import Role, connect
from tests.clients.conftest import Expected
from tests.live import LiveServer

Key = tuple[str, str]


def keys(live_server: LiveServer, ids: set[int]) -> set[Key]:
    with connect(live_server.settings, Role.PUBLIC) as connection:
        query = "SELECT sheet_no, parcel_no FROM published.parcels WHERE id = ANY (%s)"
        return {(row[0], row[1]) for row in connection.execute(query, [list(ids)])}


def test_qgis_reads_all_parcels_and_a_box(
    qgis: Callable[..., Any], expected: Expected, live_server: LiveServer
) -> None:
    found = qgis("qgis_reads.py", expected.url, "parcels", *expected.bbox)
    assert found["valid"], found["error"]
    assert found["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert found["count"] == len(expected.ids)
    assert {"sheet_no", "parcel_no", "verification_status", "label_angle"} <= set(found["fields"])
    assert {(sheet, parcel) for _, _, sheet, parcel, _ in found["parcels"]} == keys(live_server, expected.ids)
    assert len(found["parcels"]) == len(expected.ids)
    assert all(valid for *_, valid in found["parcels"])
    assert {tuple(key) for key in found["in_box"]} == keys(live_server, expected.ids_in_bbox)
