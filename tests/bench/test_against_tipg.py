"""What gisland gives is what another server gives of the same rows: tipg, from the environment of the races.

That environment (`.bench`) is made here when `gisland bench items` has not made it. Skipped where it cannot be made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from psycopg import connect as connect_as
from pyproj import CRS
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gisland.bench import peer_table, peers, servers
from gisland.bench.boxes import Box, pick_boxes
from gisland.bench.pages import get, get_bytes
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND
from gisland.bench.ways import WAYS
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo
from gisland.errors import GislandError
from gisland.kit.crs import EPSG, transformer
from gisland.publish.tiles.grid import UNITS, tile_over
from gisland.settings import Settings
from tests.bench import test_items

bench = test_items.bench

PLANE = 9210
BOXES = 12
ZOOMS = (14, 16, 18)
ON_TILE = shapely.box(0, 0, UNITS, UNITS)

# Which both understand: in CQL2 tipg knows no BBOX() and no ACCENTI. `{place}` is a triangle, `{line}` and `{point}`
# lie in its box.
FILTERS = [
    "area_m2 > 120",
    "NOT area_m2 > 120",
    "area_m2 BETWEEN 80 AND 150",
    "area_m2 NOT BETWEEN 80 AND 150",
    "sheet_no <> '2' AND area_m2 < 200",
    "parcel_no IN ('1', '2', '3')",
    "parcel_no NOT IN ('1', '2', '3')",
    "parcel_no LIKE '1%'",
    "parcel_no NOT LIKE '1_'",
    "legal_area_m2 IS NULL",
    "land_type IS NOT NULL AND legal_area_m2 IS NOT NULL",
    "legal_area_m2 < area_m2",
    "area_m2 * 2 > legal_area_m2 + 100",
    "area_m2 / 2 - 10 > 50 OR area_m2 % 2 = 0",
    "CASEI(land_type) = CASEI('odt')",
    "CASEI(land_type) LIKE CASEI('od%')",
    "verification_status = 'verified' AND NOT (sheet_no = '1' OR parcel_no LIKE '2%')",
    "NOT (T_AFTER(valid_from, DATE('2015-01-01')) AND area_m2 > 100)",
    "S_INTERSECTS({geometry}, {place})",
    "S_WITHIN({geometry}, {place})",
    "S_DISJOINT({geometry}, {place})",
    "S_OVERLAPS({geometry}, {place}) AND area_m2 > 50",
    "S_CROSSES({geometry}, {line})",
    "S_CONTAINS({geometry}, {point})",
]
# The first time packages are fetched.
pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def environment() -> None:
    """The programs of the other server."""
    try:
        peers.install("tipg")
    except GislandError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"the environment of the peers cannot be made: {error}")


@pytest.fixture(scope="module")
def both(
    environment: None, bench: Settings, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    """gisland and tipg, on the same parcels."""
    layer, folder = catalogue.layer("parcels"), Path(tmp_path_factory.mktemp("tipg"))
    with connect_as(admin_conninfo(bench)) as connection:
        connection.execute("SET ROLE gisland_owner")
        peer_table.renew(connection, layer)
    with ExitStack() as stack:
        site = peers.Site(bench, layer, folder)
        yield [
            stack.enter_context(servers.gisland(bench, layer, folder)),
            stack.enter_context(peers.PEERS["tipg"](site)),
        ]


@pytest.fixture(scope="module")
def boxes(bench: Settings, catalogue: Catalogue) -> list[Box]:
    with connect(bench, Role.PUBLIC) as connection:
        return pick_boxes(connection, catalogue.layer("parcels"), count=BOXES, features=150)


def shapes(page: dict[str, Any]) -> dict[int, BaseGeometry]:
    assert page["numberReturned"] == len(page["features"]) > 100
    return {int(each["id"]): shape(each["geometry"]) for each in page["features"]}


def on_plane(geometry: BaseGeometry) -> BaseGeometry:
    change = transformer(CRS.from_epsg(4326), CRS.from_epsg(PLANE))
    return shapely.transform(geometry, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))


def test_the_same_features_are_in_a_box(both: list[Server], boxes: list[Box]) -> None:
    gisland, tipg = both
    for box in boxes:
        ours, theirs = shapes(get(gisland.page(1000, box))), shapes(get(tipg.page(1000, box)))
        assert ours.keys() == theirs.keys()
        # Seven decimals of a degree: half of the last one, in both directions.
        assert max(shapely.hausdorff_distance(each, theirs[number]) for number, each in ours.items()) < 0.72e-7
        surveyed = shapes(get(f"{gisland.page(1000, box)}&crs={quote(f'{EPSG}{PLANE}')}"))
        assert surveyed.keys() == theirs.keys()
        assert max(shapely.hausdorff_distance(each, on_plane(theirs[n])) for n, each in surveyed.items()) < 0.001, "m"


@pytest.mark.parametrize("asked", FILTERS)
def test_the_same_features_fit_a_filter(both: list[Server], boxes: list[Box], asked: str) -> None:
    west, south, east, north = boxes[0]
    # A street away from the middle, so that corners and lines meet few parcels at their own corners.
    x, y = (2 * west + east) / 3, (2 * south + north) / 3
    corners = [(west, south), (east, south), (x, north), (west, south)]
    shapes_of = {
        "place": f"POLYGON(({', '.join(f'{a:.6f} {b:.6f}' for a, b in corners)}))",
        "line": f"LINESTRING({west:.6f} {y:.6f}, {east:.6f} {y:.6f})",
        "point": f"POINT({x:.6f} {y:.6f})",
    }
    found = []
    for server, geometry in zip(both, ("geometry", "geom"), strict=True):
        text = asked.format(geometry=geometry, **shapes_of)
        mark = "&" if "?" in server.items else "?"
        page = get(f"{server.items}{mark}limit=10000&filter-lang=cql2-text&filter={quote(text)}")
        found.append({int(each["id"]) for each in page["features"]})
    assert found[0] == found[1]
    if "{point}" not in asked:
        # Some and not all, or it would say little.
        assert 0 < len(found[0]) < get(f"{both[0].items}?limit=1")["numberMatched"]


def drawn(body: bytes) -> dict[int, BaseGeometry]:
    """The features of a tile, in its units."""
    (layer,) = [each for name, each in mapbox_vector_tile.decode(body).items() if not name.endswith("-labels")]
    assert layer["extent"] == UNITS
    found = {
        int(each.get("id") or each["properties"]["id"]): shapely.make_valid(shape(each["geometry"]))
        for each in layer["features"]
    }
    return {number: each for number, each in found.items() if each.intersection(ON_TILE).area > 1}


@pytest.mark.parametrize("zoom", ZOOMS)
def test_the_same_features_are_on_a_tile(both: list[Server], boxes: list[Box], zoom: int) -> None:
    gisland, tipg = both
    compared = 0
    for box in boxes[:4]:
        tile = tile_over((box.west + box.east) / 2, (box.south + box.north) / 2, zoom)
        bodies = []
        for name, server in ((GISLAND, gisland), ("tipg", tipg)):
            address = WAYS[name].tile
            assert address is not None
            bodies.append(get_bytes(address(server, tile)))
        ours, theirs = map(drawn, bodies)
        assert ours.keys() == theirs.keys()
        for number, each in ours.items():
            # As far as it lies on the tile: how far beyond it a server draws is its own affair.
            for one, other in ((each, theirs[number]), (theirs[number], each)):
                assert other.buffer(1).covers(one.intersection(ON_TILE)), number
        compared += len(ours)
    assert compared > 10
