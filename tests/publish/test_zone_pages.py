"""Pages on the plane of the survey, as QGIS and GDAL ask for them: found by the index, sent as finished."""

from __future__ import annotations

import json
import random

import pytest
from psycopg import Connection
from pyproj import CRS

from gisland.catalogue import Catalogue
from gisland.database import Role, connect, run
from gisland.kit.crs import transformer
from gisland.publish.crs import NOWHERE, Region, plane, region_of
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.publish.shown import Shown
from tests.publish.conftest import Ward
from tests.publish.test_boxes import make_shapes, place

ZONE = plane(9210)
MEETS = "SELECT id FROM published.parcels WHERE ST_Intersects(geom, %s::geometry) ORDER BY id"
TO_PLANE = transformer(CRS.from_epsg(4326), CRS.from_epsg(9210))


def box_around(some: random.Random) -> tuple[float, float, float, float]:
    """A box on the plane where the shapes lie; one in five has no width or no height."""
    x, y = TO_PLANE.transform(106.5 + some.random() * 6e-5, 20.75 + some.random() * 6e-5)
    width, height = (some.choice([0.0, 0.3, 2.0, 8.0, 30.0, 90.0]) for _ in range(2))
    return (x, y, x + width, y + height)


def test_a_box_of_a_plane_finds_just_what_meets_it(catalogue: Catalogue, ward: Ward) -> None:
    some = random.Random(2)
    ids = ward.add_parcels(80)
    assert catalogue.layer("parcels").native is not None
    met = sure = 0
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for _ in range(4):
            place(connection, ids, make_shapes(some, len(ids)))
            for _ in range(60):
                region = region_of(box_around(some), ZONE)
                found = [row[1] for row in _page(connection, layer_query(region, ids), catalogue)]
                expected = [row[0] for row in connection.execute(MEETS, [region.shape])]
                assert [each for each in found if each is not None] == expected
                met += len(expected)
                sure += region.inner != NOWHERE
        connection.rollback()
    assert met > 1000
    assert sure > 100


def layer_query(region: Region, ids: list[int]) -> ItemsQuery:
    return ItemsQuery(limit=len(ids), region=region, shown=Shown(ZONE))


def _page(connection: Connection, query: ItemsQuery, catalogue: Catalogue) -> list[tuple[object, ...]]:
    statement, parameters = page_statement(catalogue.layer("parcels"), query, "hits")
    return connection.execute(statement.encode(), parameters).fetchall()


@pytest.mark.parametrize("size", [1.0, 300.0, 5_000.0, 400_000.0])
def test_what_lies_within_and_without_a_box_of_a_plane_is_sure(size: float) -> None:
    back = transformer(CRS.from_epsg(9210), CRS.from_epsg(4326))
    x, y = TO_PLANE.transform(106.5, 20.75)
    box = (x, y, x + size, y + size)
    region = region_of(box, ZONE)
    assert region.inner != NOWHERE
    some = random.Random(3)
    for _ in range(2000):
        at = (x + (some.random() * 3 - 1) * size, y + (some.random() * 3 - 1) * size)
        east, north = back.transform(*at)
        within = box[0] < at[0] < box[2] and box[1] < at[1] < box[3]
        if _holds(region.inner, east, north):
            assert within
        if within:
            assert _holds(region.outer, east, north)


def _holds(box: tuple[float, float, float, float], x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def test_the_index_alone_tells_of_it_and_nothing_is_computed(catalogue: Catalogue, ward: Ward) -> None:
    ids = ward.add_parcels(300)
    x, y = TO_PLANE.transform(*_middle(ward))
    region = region_of((x - 4000, y - 4000, x + 4000, y + 4000), ZONE)
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("SET enable_seqscan = off")
        statement, parameters = page_statement(catalogue.layer("parcels"), layer_query(region, ids), "hits")
        plan = json.dumps(
            connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode(), parameters).fetchone()
        )
        assert "parcels__box_id_idx" in plan
        assert "parcels_geom_idx" not in plan
        # What is not as it was surveyed is looked up; here all is.
        assert len(_page(connection, layer_query(region, ids), catalogue)) == len(ids)
        finished = "SELECT bool_and(_surveyed = ST_AsGeoJSON(_native, 15, 0)), count(*) FROM published.parcels__geojson"
        assert connection.execute(finished).fetchone() == (True, len(ids))
        # … also what is surveyed anew.
        run(
            ward.settings,
            lambda c: c.execute("UPDATE registry.parcel SET geom = ST_Translate(geom, 1 / 3.0, id / 7.0)"),
        )
        assert connection.execute(finished).fetchone() == (True, len(ids))


def _middle(ward: Ward) -> tuple[float, float]:
    query = "SELECT (min(_west) + max(_east)) / 2, (min(_south) + max(_north)) / 2 FROM published.parcels"
    with connect(ward.settings, Role.PUBLIC) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_table_without_the_finished_text_is_read_all_the_same(catalogue: Catalogue, ward: Ward) -> None:
    ids = ward.add_parcels(3)
    x, y = TO_PLANE.transform(*_middle(ward))
    query = layer_query(region_of((x - 4000, y - 4000, x + 4000, y + 4000), ZONE), ids)
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        before = _page(connection, query, catalogue)
        connection.execute("UPDATE published.parcels__geojson SET _surveyed = NULL")
        assert _page(connection, query, catalogue) == before
    assert all(f'"id":{each}' in str(row[0]) for each, row in zip(ids, before, strict=True))
