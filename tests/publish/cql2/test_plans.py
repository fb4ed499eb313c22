"""Filters on many features under row-level security: the indexes serve them, and what they give is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection, sql

from gisland.catalogue import Catalogue, Layer
from gisland.database import Role, Scope, connect, run, scope
from gisland.database.scope import ENTER
from gisland.publish.cql2.filter import parse_filter
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import EAST, NORTH, make_sheet, make_ward
from tests.publish.conftest import Ward
from tests.publish.cql2.test_filter import lonlat

MANY = 20_000
ACROSS = 200
WEST, SOUTH = lonlat(EAST + 40_000, NORTH + 40_000)
STEP = 0.0002


def multiply(connection: Connection, layer: Layer) -> None:
    """Many copies of the one feature, each in its place; a tenth of them with another status."""
    connection.execute("SET ROLE gisland_owner")
    x, y = f"{WEST} + {STEP} * (n % {ACROSS}) - _west", f"{SOUTH} + {STEP} * (n / {ACROSS}) - _south"
    changed = {
        "id": "1000 + n",
        "parcel_no": "n::text",
        "exact_status": "CASE WHEN n % 10 = 0 THEN 'mismatch' ELSE 'unsent' END",
        layer.geometry: f"ST_Translate({layer.geometry}, {x}, {y})",
        "_west": f"_west + {x}",
        "_east": f"_east + {x}",
        "_south": f"_south + {y}",
        "_north": f"_north + {y}",
    }
    table = sql.Identifier(layer.target_schema, layer.table)
    names = [*layer.columns, "_west", "_south", "_east", "_north", "_change"]
    values = [changed.get(name, f'"{name}"') for name in names]
    insert = "INSERT INTO {} ({}) SELECT {} FROM {}, generate_series(1, {}) n WHERE id < 1000"
    columns, given = sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ".join(values))
    connection.execute(sql.SQL(insert).format(table, columns, given, table, MANY))
    connection.execute(sql.SQL("ANALYZE {}").format(table))


@pytest.fixture(scope="module")
def staff(server: Settings, catalogue: Catalogue) -> Iterator[Connection]:
    """As staff of the one ward, with many features."""
    with clone_of(server) as settings:
        ward = Ward(settings)

        def begin(connection: Connection) -> None:
            ward.ward = make_ward(connection)
            ward.sheet = make_sheet(connection, ward.ward, "12")

        run(settings, begin)
        ward.add_parcels(1)
        with connect(settings, Role.MIGRATOR) as connection:
            multiply(connection, catalogue.layer("parcels-staff"))
        mine = Scope(wards=frozenset({ward.ward}))
        with scope(mine), connect(settings, Role.STAFF) as connection:
            connection.execute(ENTER, mine.values())
            yield connection


def ask(connection: Connection, layer: Layer, text: str) -> tuple[set[str], int]:
    """The conditions that indexes are searched with on the layer's table, and how many features are found."""
    condition = parse_filter(text, None).condition(layer, past=False)
    return searched(connection, layer, ItemsQuery(limit=10, filter=condition, scope=Scope(wards=frozenset({1}))))


def searched(connection: Connection, layer: Layer, query: ItemsQuery) -> tuple[set[str], int]:
    """The same of any query."""
    statement, parameters = page_statement(layer, query, "hits")
    found = connection.execute(b"EXPLAIN (FORMAT JSON) " + statement.encode(), parameters).fetchone()
    assert found is not None
    by = set(conditions(found[0][0]["Plan"]))
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return by, int(row[2])


def conditions(plan: Any) -> Iterator[str]:
    if "__geojson" not in json.dumps(plan.get("Relation Name", "")) + plan.get("Index Name", ""):
        yield from (plan[each] for each in ("Index Cond",) if each in plan)
    for each in plan.get("Plans", ()):
        yield from conditions(each)


@pytest.mark.parametrize(
    ("text", "served_by", "found"),
    [
        ("S_INTERSECTS(geometry, {box}) AND exact_status = 'mismatch'", "geom &&", 10),
        ("S_INTERSECTS({box}, geometry) AND area_m2 > 0", "geom &&", 100),
        ("S_WITHIN(geometry, {polygon}) AND NOT exact_status = 'mismatch'", "geom &&", None),
        ("(S_INTERSECTS(geometry, {box}) OR S_TOUCHES(geometry, {far})) AND exact_status = 'unsent'", "geom &&", 90),
        ("parcel_no = '777' AND ward_code = '11311'", "parcel_no", 1),
        ("parcel_no IN ('777', '778')", "parcel_no", 2),
        ("id = 1777", "id =", 1),
        ("parcel_no = '777' OR S_INTERSECTS(geometry, {box})", "parcel_no", 101),
    ],
)
def test_an_index_serves_it(
    staff: Connection, catalogue: Catalogue, text: str, served_by: str, found: int | None
) -> None:
    # Ten by ten features.
    west, south = WEST + 9.5 * STEP, SOUTH + 19.5 * STEP
    east, north = west + 10 * STEP, south + 10 * STEP
    box = f"BBOX({west},{south},{east},{north})"
    polygon = f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {south}))"
    asked = text.format(box=box, polygon=polygon, far="BBOX(106,20,106.0001,20.0001)")
    by, hits = ask(staff, catalogue.layer("parcels-staff"), asked)
    assert any(served_by in each for each in by), by
    assert hits == found or (found is None and 10 < hits < 80), hits


@pytest.mark.parametrize("more", ["filter", "equals"])
def test_with_more_than_a_box_the_planner_sees_the_box(staff: Connection, catalogue: Catalogue, more: str) -> None:
    """It knows how few the box holds, and does not look for thousands that fit the rest: on 500,000 that took 60 ms."""
    layer = catalogue.layer("parcels-staff")
    west, south = WEST + 9.5 * STEP, SOUTH + 19.5 * STEP
    box = (west, south, west + 10 * STEP, south + 10 * STEP)
    asked = ItemsQuery(limit=10, bbox=box, scope=Scope(wards=frozenset({1})))
    if more == "filter":
        condition = parse_filter("area_m2 > 0", None).condition(layer, past=False)
        by, hits = searched(staff, layer, replace(asked, filter=condition))
    else:
        by, hits = searched(staff, layer, replace(asked, equals=(("exact_status", "unsent"),)))
    assert hits == (100 if more == "filter" else 90)
    assert any("geom && '01030000" in each for each in by), by


def test_looking_closely_at_the_few_on_its_edge_counts_for_little(staff: Connection, catalogue: Catalogue) -> None:
    """Else the planner reads all that fits the rest, only to look at a tenth less."""
    layer = catalogue.layer("parcels-staff")
    west, south = WEST + 9.5 * STEP, SOUTH + 19.5 * STEP
    box = (west, south, west + 30 * STEP, south + 30 * STEP)
    condition = parse_filter("exact_status = 'unsent'", None).condition(layer, past=False)
    asked = ItemsQuery(limit=10, bbox=box, filter=condition, scope=Scope(wards=frozenset({1})))
    by, hits = searched(staff, layer, asked)
    assert hits == 810
    assert len(by) == 1
    assert "geom &&" in by.pop()
