"""Under row-level security the indexes still serve: plans of the roles that read, within one ward of theirs.

A policy is a condition on every row, and a spatial operator that is not known to tell nothing would be asked only after
it: the index would be of no use. What is looked at is how much is read, for plans may take many ways.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
import pytest

from gisland.bench import bulk, database, rls
from gisland.catalogue import Catalogue, Layer
from gisland.database import Role, Scope, connect, conninfo
from gisland.database.migrate import admin_conninfo
from gisland.database.scope import ENTER
from gisland.publish.cql2.filter import parse_filter
from gisland.publish.items import page_statement
from gisland.publish.query import Cursor, ItemsQuery, Way
from gisland.publish.tiles.grid import tile_at
from gisland.publish.tiles.statements import tile_statement
from gisland.registry.search import SESSION, Kind, plan
from gisland.security.mask import OF_PERSONS
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import VAULT, one

PARCELS = 5_000
# Blocks (8 kB) of the whole staff layer: more than a thousand; a page or tile needs those of its features.
FEW = 300


READ = """
    SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
     WHERE schemaname IN ('published', 'published_staff') AND relname LIKE 'parcels%'
"""


@pytest.fixture(scope="module")
def imported(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, dict[str, int]]]:
    """Many parcels, published by one act; and how many rows of the layers that took to read."""
    with clone_of(server) as settings:
        folder = tmp_path_factory.mktemp("import")
        bulk.write_files(settings, folder, PARCELS, bulk.lay_ground(settings, PARCELS))
        bulk.import_rows(settings, folder)
        database.settle(settings)
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            read = dict(connection.execute(READ).fetchall())
        yield settings, read


@pytest.fixture(scope="module")
def city(imported: tuple[Settings, dict[str, int]]) -> Settings:
    """Many parcels, published."""
    return imported[0]


class Reader(NamedTuple):
    """Who reads staff layers, in a transaction of theirs."""

    connection: psycopg.Connection
    scope: Scope


@pytest.fixture(scope="module", params=["all", "a tenth", "a group"])
def reach(city: Settings, catalogue: Catalogue, request: pytest.FixtureRequest) -> Iterator[Scope]:
    """Of an officer who sees all parcels, of one who sees a tenth, and of the head of a group.

    For all tests of a reach, one after the other: to give most parcels to another ward takes longer than any of them.
    """
    with connect(city, Role.APP) as connection:
        ward = one(connection, "SELECT id FROM registry.unit WHERE code = '90001'")
        group = one(connection, "SELECT max(residential_group_id) FROM registry.parcel")
    share = rls.TENTH if request.param == "a tenth" else 1
    with rls.ward_of(city, catalogue.layer("parcels-staff"), share):
        yield Scope(groups=frozenset({group})) if request.param == "a group" else Scope(wards=frozenset({ward}))


@pytest.fixture
def staff(city: Settings, reach: Scope) -> Iterator[Reader]:
    """A transaction as a web worker begins it."""
    with psycopg.connect(conninfo(city, Role.STAFF, statement_timeout_ms=60_000)) as connection:
        connection.execute(ENTER, reach.values())
        yield Reader(connection, reach)
        connection.rollback()


def explained(connection: psycopg.Connection, statement: str, parameters: Any) -> tuple[int, list[dict[str, Any]]]:
    """Blocks that are read, and the nodes of the plan."""
    row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode(), parameters).fetchone()
    assert row is not None

    def nodes(of: dict[str, Any]) -> list[dict[str, Any]]:
        return [of] + [each for part in of.get("Plans", []) for each in nodes(part)]

    top = row[0][0]["Plan"]
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"], nodes(top)


def place(connection: psycopg.Connection, layer: Layer) -> tuple[float, float]:
    """Longitude and latitude of a parcel in the middle of those that are seen."""
    table = f"{layer.target_schema}.{layer.table}"
    middle = f"SELECT geom FROM {table} ORDER BY id OFFSET (SELECT count(*) FROM {table}) / 2 LIMIT 1"
    row = connection.execute(f"SELECT ST_X(c), ST_Y(c) FROM ({middle}) t, ST_Centroid(geom) c".encode()).fetchone()
    assert row is not None
    return row[0], row[1]


def whole(nodes: list[dict[str, Any]], layer: Layer) -> list[str]:
    """What is read from end to end of the layer."""
    return [
        each["Node Type"] for each in nodes if each["Node Type"] == "Seq Scan" and layer.table in each["Relation Name"]
    ]


def test_an_import_reads_nothing_of_what_it_publishes(imported: tuple[Settings, dict[str, int]]) -> None:
    """Thousands of features after thousands: to read those that are there already would take ever longer."""
    _, read = imported
    assert read == {
        f"parcels{of}{part}": 0 for of in ("", "_former", "_staff") for part in ("", "__geojson", "__history")
    }


def test_a_page(staff: Reader, catalogue: Catalogue) -> None:
    layer = catalogue.layer("parcels-staff")
    lon, lat = place(staff.connection, layer)
    box = (lon - 0.0005, lat - 0.0005, lon + 0.0005, lat + 0.0005)
    blocks, nodes = explained(
        staff.connection, *page_statement(layer, ItemsQuery(10, bbox=box, scope=staff.scope), "hits")
    )
    assert not whole(nodes, layer)
    assert blocks < FEW


@pytest.mark.parametrize("way", ["hits", "walk"])
def test_a_page_of_the_layer(staff: Reader, catalogue: Catalogue, way: Way) -> None:
    """All that is seen."""
    layer = catalogue.layer("parcels-staff")
    blocks, nodes = explained(staff.connection, *page_statement(layer, ItemsQuery(10, scope=staff.scope), way))
    assert not whole(nodes, layer)
    assert blocks < FEW


def test_the_last_page_of_the_layer(staff: Reader, catalogue: Catalogue) -> None:
    """What comes after it belongs to others: it is not gone through."""
    layer = catalogue.layer("parcels-staff")
    last = one(staff.connection, f"SELECT max(id) FROM {layer.target_schema}.{layer.table}")
    query = ItemsQuery(10, scope=staff.scope, cursor=Cursor(last - 1, "walk"))
    blocks, nodes = explained(staff.connection, *page_statement(layer, query, "walk"))
    of_others = sum(each.get("Rows Removed by Filter", 0) for each in nodes)
    # The head of a group goes through the rest of the ward: there is no index of groups in the order of ids.
    assert of_others == 0 or staff.scope.groups
    assert blocks < FEW


def test_a_tile(staff: Reader, catalogue: Catalogue) -> None:
    layer = catalogue.layer("parcels-staff")
    lon, lat = place(staff.connection, layer)
    size = 2**18
    column = int((lon + 180) / 360 * size)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * size)
    blocks, nodes = explained(
        staff.connection, *tile_statement(layer, tile_at("18", str(row), str(column)), with_state=False)
    )
    assert not whole(nodes, layer)
    assert blocks < FEW


@pytest.mark.parametrize(
    "text",
    [
        "S_INTERSECTS(geometry, BBOX({west}, {south}, {east}, {north}))",
        "S_INTERSECTS(geometry, BBOX({west}, {south}, {east}, {north})) AND exact_status = 'unsent'",
        "S_INTERSECTS(geometry, POLYGON(({west} {south}, {east} {south}, {east} {north}, {west} {south})))",
    ],
)
def test_a_cql_filter(staff: Reader, catalogue: Catalogue, text: str) -> None:
    layer = catalogue.layer("parcels-staff")
    lon, lat = place(staff.connection, layer)
    sides = {"west": lon - 0.0005, "south": lat - 0.0005, "east": lon + 0.0005, "north": lat + 0.0005}
    condition = parse_filter(text.format(**sides), None).condition(layer, past=False)
    query = ItemsQuery(10, filter=condition, scope=staff.scope)
    blocks, nodes = explained(staff.connection, *page_statement(layer, query, "hits"))
    assert not whole(nodes, layer), text
    assert blocks < FEW, text


def test_a_page_of_the_past(city: Settings, catalogue: Catalogue) -> None:
    """Changed one after the other in another order than that of their ids, the rows lie anywhere."""
    layer = catalogue.layer("parcels")
    with connect(city, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        version = one(connection, "SELECT publish.newest_version()")
        for rest in range(9):
            connection.execute("UPDATE published.parcels__geojson SET _group = _group WHERE id %% 9 = %s", [rest])
        connection.execute("ANALYZE published.parcels__geojson")
        query = ItemsQuery(100, as_of=version, cursor=Cursor(PARCELS // 2, "walk"))
        blocks, nodes = explained(connection, *page_statement(layer, query, "walk"))
        connection.rollback()
    assert not [each for each in nodes if each["Node Type"] == "Seq Scan" and "geojson" in each["Relation Name"]]
    assert blocks < 4 * FEW


@pytest.mark.parametrize("text", ["tờ 7 thửa 5", "thửa 5", "AB 100005", "nguyen van thu", "999000000005"])
def test_a_search(city: Settings, text: str) -> None:
    with connect(city, Role.APP) as connection:
        ward = one(connection, "SELECT id FROM registry.unit WHERE code = '90001'")
    info = conninfo(city, Role.APP, scope=Scope(wards=frozenset({ward})))
    with psycopg.connect(info) as connection:
        connection.execute(SESSION)
        found = plan(text, VAULT, [ward], frozenset(Kind), 20, OF_PERSONS)
        assert found
        for lookup in found:
            _, nodes = explained(connection, lookup.statement, lookup.parameters)
            scans = [each for each in nodes if each["Node Type"] == "Seq Scan"]
            assert not [each for each in scans if each["Relation Name"] in {"parcel", "holder", "certificate", "name"}]
        connection.rollback()


def test_statuses(city: Settings) -> None:
    """Of the holders of some parcels, by who reaches the ward: neither all holders nor all evidence is read."""
    with connect(city, Role.APP) as connection:
        ward = one(connection, "SELECT id FROM registry.unit WHERE code = '90001'")
        connection.execute(
            "INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)"
            " SELECT id, id_hash, 'test', 'verified', 'test' FROM registry.holder WHERE id_hash IS NOT NULL"
        )
    with psycopg.connect(admin_conninfo(city), autocommit=True) as connection:
        connection.execute("ANALYZE verification.evidence")
    query = """
        SELECT parcel_id, status FROM registry.holding JOIN verification.status_in_reach USING (holder_id)
         WHERE parcel_id = ANY (%s) AND holding.retired_by IS NULL
    """
    with psycopg.connect(conninfo(city, Role.APP, scope=Scope(wards=frozenset({ward})))) as connection:
        asked = [one(connection, "SELECT array_agg(id) FROM (SELECT id FROM registry.parcel ORDER BY id LIMIT 9) few")]
        assert {row[1] for row in connection.execute(query, asked).fetchall()} == {"verified"}
        blocks, nodes = explained(connection, query, asked)
        connection.rollback()
    assert not [each for each in nodes if each["Node Type"] == "Seq Scan"]
    assert blocks < 2 * FEW
