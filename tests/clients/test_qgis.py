"""QGIS 3.22 (PyQGIS of Debian, in its own Python) reads our layers with its OAPIF provider."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import httpx

from gisland.database import Role, connect
from tests.clients.conftest import Expected
from tests.live import LiveServer
from tests.publish.conftest import serving

PAGE = 100
Key = tuple[str, str]


def keys(live_server: LiveServer, ids: set[int]) -> set[Key]:
    with connect(live_server.settings, Role.PUBLIC) as connection:
        query = "SELECT sheet_no, parcel_no FROM published.parcels WHERE id = ANY (%s)"
        return {(row[0], row[1]) for row in connection.execute(query, [list(ids)])}


FIELDS = ("sheet_no", "parcel_no")


def test_qgis_reads_all_parcels_and_a_box(
    qgis: Callable[..., Any], expected: Expected, live_server: LiveServer
) -> None:
    asked = {"url": expected.url, "collection": "parcels", "fields": FIELDS, "box": expected.bbox}
    found = qgis("qgis_reads.py", json.dumps(asked))
    assert found["valid"], found["error"]
    assert found["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert found["count"] == len(expected.ids)
    assert {"sheet_no", "parcel_no", "verification_status", "label_angle"} <= set(found["fields"])
    assert {(sheet, parcel) for sheet, parcel, _ in found["features"]} == keys(live_server, expected.ids)
    assert len(found["features"]) == len(expected.ids)
    assert all(valid for *_, valid in found["features"])
    assert {(sheet, parcel) for sheet, parcel, _ in found["in_box"]} == keys(live_server, expected.ids_in_bbox)


def test_qgis_reads_page_by_page(qgis: Callable[..., Any], expected: Expected, live_server: LiveServer) -> None:
    seen: list[httpx.QueryParams] = []

    def see(path: str, query: httpx.QueryParams) -> None:
        if path == "/ogc/collections/parcels/items":
            seen.append(query)

    with serving(live_server.settings, see) as client:
        asked = {
            "url": str(client.base_url).rstrip("/") + "/ogc",
            "collection": "parcels",
            "fields": FIELDS,
            "page": PAGE,
        }
        found = qgis("qgis_reads.py", json.dumps(asked))
    assert found["valid"], found["error"]
    assert sorted((sheet, parcel) for sheet, parcel, _ in found["features"]) == sorted(keys(live_server, expected.ids))
    pages = [each for each in seen if each.get("limit") == str(PAGE)]
    cursors = [each["cursor"] for each in seen if "cursor" in each]
    # The first page and those that its `next` links lead to, each once.
    assert len(pages) == math.ceil(len(expected.ids) / PAGE) > 2
    assert len(set(cursors)) == len(cursors) == len(pages) - 1
