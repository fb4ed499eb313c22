"""What is refreshed equals what is made anew, whatever happens to the registry: every layer, all that lies beside its
table, and its tiles.

hypothesis walks from one transaction to the next; compared after each, because a later one may cover up what an earlier
one lost.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import mapbox_vector_tile
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from psycopg import Connection, IntegrityError

from gisland.catalogue import Catalogue, Layer, load_catalogue
from gisland.database import Role, connect, flush, pooled_acts
from gisland.publish import layers
from gisland.publish.refreshing import refresh_late
from gisland.publish.tiles.far import statuses_of
from gisland.publish.tiles.grid import Tile, limits
from gisland.publish.tiles.statements import is_far, tile_statement
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import make_certificate, make_change, make_holder, make_holding, make_parcel, make_sheet, make_ward

PARCELS, HOLDERS, TREES = 4, 4, 3
ZOOMS = (3, 11, 13, 14, 16, 18)
# Of a tile that many parcels lie on; of larger ones the corners and the middle are looked at.
MOST_ACROSS = 3

# What may happen to a registry: statements, with a parcel, a holder, a tree and the change that they belong to.
ACTS = [
    "UPDATE registry.parcel SET parcel_no = parcel_no || 'a' WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET geom = ST_Translate(geom, 0, 1) WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET geom = ST_Translate(geom, 0, 350) WHERE id = %(parcel)s",
    # So large that it fills squares of far tiles that its middle does not lie in.
    "UPDATE registry.parcel SET geom = ST_Expand(geom, 300) WHERE id = %(parcel)s AND area_m2 < 1000",
    "UPDATE registry.parcel SET geom = ST_Envelope(ST_Buffer(ST_Centroid(geom), 5)) WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET legal_area_m2 = 12.3 WHERE id = %(parcel)s",
    # Where its label stands, which is given up when it is moved or shrinks.
    (
        "UPDATE registry.parcel SET label_east = ST_X(p), label_north = ST_Y(p), label_angle = 12.5"
        " FROM (SELECT id AS of, ST_PointOnSurface(ST_Intersection(geom,"
        " ST_Translate(geom, (ST_XMax(geom) - ST_XMin(geom)) / 2, 0))) AS p FROM registry.parcel) placed"
        " WHERE id = %(parcel)s AND of = id"
    ),
    "UPDATE registry.parcel SET (label_east, label_north, label_angle) = ROW(NULL, NULL, NULL) WHERE id = %(parcel)s",
    (
        "WITH ended AS (UPDATE registry.holding SET retired_by = %(change)s"
        " WHERE parcel_id = %(parcel)s AND retired_by IS NULL)"
        " UPDATE registry.parcel SET retired_by = %(change)s WHERE id = %(parcel)s"
    ),
    "UPDATE registry.parcel SET retired_by = NULL WHERE id = %(parcel)s",
    (
        "INSERT INTO registry.parcel_lineage (ancestor_id, descendant_id)"
        " SELECT %(parcel)s, max(id) FROM registry.parcel HAVING max(id) <> %(parcel)s ON CONFLICT DO NOTHING"
    ),
    "DELETE FROM registry.parcel_lineage WHERE ancestor_id = %(parcel)s",
    "UPDATE registry.parcel SET parcel_code = 'w' || lpad(%(change)s::text, 11, '0') WHERE id = %(parcel)s",
    # To the other ward, on whose sheet the same numbers are another place: it has another zone.
    (
        "UPDATE registry.parcel p SET (ward_id, map_sheet_id, srid, residential_group_id, geom)"
        " = ROW(s.ward_id, s.id, s.srid, NULL, ST_SetSRID(p.geom, s.srid))"
        " FROM registry.map_sheet s WHERE p.id = %(parcel)s AND s.ward_id <> p.ward_id"
    ),
    (
        "INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)"
        " SELECT ward_id, map_sheet_id, 'n' || %(change)s, srid, ST_Translate(geom, 0, 40), %(change)s"
        " FROM registry.parcel WHERE id = %(parcel)s ON CONFLICT DO NOTHING"
    ),
    "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%(parcel)s, 1, 'ODT') ON CONFLICT DO NOTHING",
    "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%(parcel)s, 2, 'CLN') ON CONFLICT DO NOTHING",
    "DELETE FROM registry.land_use WHERE parcel_id = %(parcel)s AND seq = 1",
    (
        "INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, created_by)"
        " SELECT ward_id, id, %(holder)s, 'certificate_holder', %(change)s FROM registry.parcel"
        " WHERE id = %(parcel)s AND retired_by IS NULL ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, created_by)"
        " SELECT ward_id, id, %(holder)s, 'current_user', %(change)s FROM registry.parcel"
        " WHERE id = %(parcel)s AND retired_by IS NULL ON CONFLICT DO NOTHING"
    ),
    "UPDATE registry.holding SET retired_by = %(change)s WHERE parcel_id = %(parcel)s AND holder_id = %(holder)s",
    (
        "UPDATE registry.holding SET (parcel_id, ward_id)"
        " = (SELECT id, ward_id FROM registry.parcel WHERE id = %(parcel)s)"
        " WHERE id = (SELECT min(id) FROM registry.holding h WHERE holder_id = %(holder)s AND retired_by IS NULL"
        " AND EXISTS (SELECT FROM registry.parcel p WHERE p.id = %(parcel)s AND p.retired_by IS NULL)"
        " AND NOT EXISTS (SELECT FROM registry.holding o WHERE o.parcel_id = %(parcel)s AND o.holder_id = %(holder)s))"
    ),
    "DELETE FROM registry.holding WHERE parcel_id = %(parcel)s",
    (
        "INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)"
        " SELECT id, id_hash, 'test', 'verified', 'test' FROM registry.holder WHERE id = %(holder)s"
    ),
    (
        "INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)"
        " SELECT id, id_hash, 'test', 'mismatch', 'test' FROM registry.holder WHERE id = %(holder)s"
    ),
    "UPDATE registry.holder SET full_name = full_name || 'x' WHERE id = %(holder)s",
    "UPDATE registry.holder SET id_hash = sha256(id_hash) WHERE id = %(holder)s",
    "UPDATE registry.holder SET kind = 'organisation' WHERE id = %(holder)s",
    (
        "UPDATE registry.unit SET code = code || '1'"
        " WHERE id = (SELECT ward_id FROM registry.parcel WHERE id = %(parcel)s)"
    ),
    (
        "UPDATE registry.map_sheet SET sheet_no = sheet_no || '1'"
        " WHERE id = (SELECT map_sheet_id FROM registry.parcel WHERE id = %(parcel)s)"
    ),
    (
        "INSERT INTO registry.residential_group (ward_id, code, name) SELECT ward_id, '01', 'Tổ' FROM registry.parcel"
        " WHERE id = %(parcel)s ON CONFLICT DO NOTHING"
    ),
    (
        "UPDATE registry.parcel p SET residential_group_id = g.id FROM registry.residential_group g"
        " WHERE p.id = %(parcel)s AND g.ward_id = p.ward_id"
    ),
    "UPDATE registry.residential_group SET code = code || '1'",
    (
        "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id)"
        " SELECT max(c.id), p.id FROM registry.certificate c, registry.parcel p WHERE p.id = %(parcel)s GROUP BY p.id"
        " ON CONFLICT DO NOTHING"
    ),
    "DELETE FROM registry.certificate_parcel WHERE parcel_id = %(parcel)s",
    (
        "INSERT INTO registry.certificate (ward_id, serial, created_by)"
        " SELECT ward_id, 'BK ' || id, %(change)s FROM registry.parcel WHERE id = %(parcel)s"
    ),
    "UPDATE registry.certificate SET serial = serial || '9'",
]
# What only an owner of the tables can do, past all programs; it is flushed at the commit.
OWNERS = [
    (
        "WITH u AS (DELETE FROM registry.land_use WHERE parcel_id = %(parcel)s),"
        " h AS (DELETE FROM registry.holding WHERE parcel_id = %(parcel)s),"
        " c AS (DELETE FROM registry.certificate_parcel WHERE parcel_id = %(parcel)s),"
        " l AS (DELETE FROM registry.parcel_lineage WHERE %(parcel)s IN (ancestor_id, descendant_id))"
        " DELETE FROM registry.parcel WHERE id = %(parcel)s"
    ),
    (
        "ALTER TABLE verification.evidence DISABLE TRIGGER append_only;"
        "DELETE FROM verification.evidence"
        " WHERE id = (SELECT max(id) FROM verification.evidence WHERE holder_id = %(holder)s);"
        "ALTER TABLE verification.evidence ENABLE TRIGGER append_only"
    ),
    (
        "INSERT INTO gis.tree SELECT coalesce(max(id), 0) + 1, 1, ST_Point(106.68 + %(tree)s / 1e4, 20.87, 4326)"
        " FROM gis.tree"
    ),
    "UPDATE gis.tree SET place = ST_Translate(place, 0.01, 0) WHERE id = %(tree)s",
    "UPDATE gis.tree SET id = id + 100 WHERE id = %(tree)s",
    "UPDATE gis.tree SET kind_id = 3 - kind_id WHERE id = %(tree)s",
    "DELETE FROM gis.tree WHERE id = %(tree)s",
    "TRUNCATE gis.tree",
    "UPDATE gis.kind SET name = name || 'x' WHERE id = %(tree)s",
    "DELETE FROM gis.kind WHERE id = %(tree)s",
    "INSERT INTO gis.kind VALUES (%(tree)s, 'Bàng') ON CONFLICT DO NOTHING",
]
TREE_TABLES = """
    CREATE SCHEMA gis;
    CREATE TABLE gis.kind (id bigint PRIMARY KEY, name text);
    CREATE TABLE gis.tree (id bigint PRIMARY KEY, kind_id bigint, place geometry(Point, 4326));
    INSERT INTO gis.kind VALUES (1, 'Bàng'), (2, 'Phượng');
    INSERT INTO gis.tree SELECT n, 1 + n % 2, ST_Point(106.68 + n / 1e4, 20.87, 4326) FROM generate_series(1, 3) n;
    GRANT USAGE ON SCHEMA gis TO gisland_publisher;
    GRANT SELECT ON gis.kind, gis.tree TO gisland_publisher;
"""
TREES_YML = """
title: {vi: Cây xanh, en: Trees}
description: {vi: Cây xanh đường phố, en: Street trees}
public: true
feature: gis.tree
geometry_type: point
fields:
  - {name: kind, type: string, queryable: true, sortable: true, title: {vi: Loài, en: Kind}}
tiles: {status: kind}
touched_by:
  gis.tree: SELECT id FROM changed
  gis.kind: SELECT t.id FROM gis.tree t JOIN changed ON t.kind_id = changed.id
"""
TREES_SQL = """
SELECT id, (SELECT name FROM gis.kind WHERE kind.id = tree.kind_id) AS kind, place AS geom FROM gis.tree
"""


class Transaction(NamedTuple):
    """What happens at once: each act to one of the parcels, holders and trees."""

    of_owner: bool
    acts: list[tuple[str, int, int, int]]


def acts(known: list[str]) -> st.SearchStrategy[list[tuple[str, int, int, int]]]:
    places = [st.integers(0, number - 1) for number in (PARCELS, HOLDERS, TREES)]
    return st.lists(st.tuples(st.sampled_from(known), *places), min_size=1, max_size=4)


TRANSACTION = st.one_of(
    st.builds(Transaction, st.just(False), acts(ACTS)), st.builds(Transaction, st.just(True), acts(ACTS + OWNERS))
)


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Two wards in two zones, with parcels, holders and a certificate; and a layer over tables of one's own."""
    folder = Path(tmp_path_factory.mktemp("config")) / "config"
    with clone_of(server) as plain:
        settings = plain.model_copy(update={"config_dir": folder})
        shutil.copytree(plain.config_dir, folder)
        trees = folder / "layers" / "trees"
        trees.mkdir()
        (trees / "layer.yml").write_text(TREES_YML, encoding="utf-8")
        (trees / "view.sql").write_text(TREES_SQL, encoding="utf-8")
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            connection.execute(TREE_TABLES)
        layers.apply_layers(settings, load_catalogue(settings))
        with connect(settings, Role.APP) as connection:
            first = make_ward(connection)
            make_sheet(connection, make_ward(connection, "11312", 9211), "3", srid=9211)
            sheet = make_sheet(connection, first, "12")
            parcels = [make_parcel(connection, first, sheet) for _ in range(PARCELS)]
            for number, parcel in enumerate(parcels):
                holder = make_holder(connection, first, national_id=f"999{number:09d}")
                make_holding(connection, first, parcel, holder)
            make_certificate(connection, first, "AA 000001", parcels[0])
            flush(connection)
        refresh_late(settings)
        yield settings


def content(settings: Settings, *, of_views: bool = False, changes: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """All that is kept of the features of all layers, or what their views give for it.

    Args:
        settings: where they are.
        of_views: as the views give it.
        changes: with the change that made each feature what it is, of which the views know nothing.
    """
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        return content_seen_by(connection, of_views=of_views, changes=changes)


def content_seen_by(
    connection: Connection, *, of_views: bool = False, changes: bool = False
) -> dict[str, list[tuple[Any, ...]]]:
    """The same, asked in a session of the owner."""
    connection.execute("SET timezone = 'UTC'")
    query = """
        SELECT id, source, target, publish.geojson_of(target), columns, native IS NOT NULL,
               publish.sides_of(columns[cardinality(columns)]), publish.json_of(columns, scope, native)
          FROM publish.layer"""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for layer, source, target, beside, columns, native, sides, json in connection.execute(query).fetchall():
        names, surveyed = ", ".join(columns), ", _native, _surveyed" if native else ""
        told = f"_ward, _group, _geometry, _properties{surveyed}"
        derived = "_mercator, _cell, _box::text" + (", _change" if changes else "")
        # An outer join: what has no GeoJSON, or nothing but that, is seen, too.
        kept = f"""
            SELECT {names}, _west, _south, _east, _north, {told}, {derived}
              FROM {target} FULL JOIN {beside} USING (id)"""
        made = f"""
            SELECT f.*, publish.mercator({columns[-1]}), publish.cell_of(_west, _south, _east, _north),
                   box(point(_west, _south), point(_east, _north))::text
              FROM (SELECT {names}, {sides}, {json} FROM (SELECT * FROM {source} OFFSET 0) f) f"""
        found[layer] = connection.execute(f"{made if of_views else kept} ORDER BY id".encode()).fetchall()
    return found


class Ground:
    """The tiles on which there ever was something: a tile that has changed must say so by another state."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection, self._palette = connection, catalogue.palette
        # Those that follow later are drawn like these.
        self._layers = [layer for layer in catalogue.layers.values() if layer.public and not layer.late]
        self.seen: dict[tuple[str, Tile], tuple[object, object]] = {}
        # What bytes show: most tiles stay as they are, and to read them takes as long as to draw them.
        self._read: dict[bytes, object] = {}

    def look(self) -> None:
        """Draw them all and compare."""
        for layer in self._layers:
            query = f"SELECT _west, _south, _east, _north FROM published.{layer.table}"
            boxes = self._connection.execute(query.encode()).fetchall()
            tiles = {tile for box in boxes for tile in self._tiles(box)}
            tiles |= {tile for name, tile in self.seen if name == layer.id}
            for tile in tiles:
                state, found = self._draw(layer, tile)
                before, shown = self.seen.get((layer.id, tile), (None, None))
                assert shown is None or found == shown or state != before, (layer.id, tile)
                self.seen[layer.id, tile] = (state, found)

    def _draw(self, layer: Layer, tile: Tile) -> tuple[object, object]:
        """State of the ground, and what the tile shows."""
        statuses = statuses_of(layer, self._palette) if is_far(layer, tile) else ()
        statement, parameters = tile_statement(layer, tile, with_state=True, statuses=statuses)
        row = self._connection.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        body = bytes(row[1] or b"")
        if body not in self._read:
            parts = mapbox_vector_tile.decode(body) if body else {}
            self._read[body] = {
                name: sorted(map(repr, each["features"])) for name, each in parts.items() if each["features"]
            }
        return row[0], self._read[body]

    @staticmethod
    def _tiles(box: tuple[float, ...]) -> set[Tile]:
        around = limits((box[0] - 1e-5, box[1] - 1e-5, box[2] + 1e-5, box[3] + 1e-5))
        found = set()
        for zoom in ZOOMS:
            of_zoom = around[zoom]
            columns, rows = (_some(of_zoom[f"minTile{way}"], of_zoom[f"maxTile{way}"]) for way in ("Col", "Row"))
            found |= {Tile(zoom, column, row) for column in columns for row in rows}
        return found


def _some(first: int, last: int) -> set[int]:
    return set(range(first, last + 1)) if last - first < MOST_ACROSS else {first, (first + last) // 2, last}


def ids(connection: Connection, table: str) -> list[int]:
    return [row[0] for row in connection.execute(f"SELECT id FROM {table} ORDER BY id".encode())]


class Actors(NamedTuple):
    """Sessions of those who write. They stay: a new one plans each statement anew, which takes longer than the act."""

    owner: Connection
    application: Connection


@contextmanager
def acting(settings: Settings) -> Iterator[Actors]:
    with (
        connect(settings, Role.MIGRATOR) as owner,
        connect(settings, Role.APP) as application,
        pooled_acts(settings, 1),
    ):
        owner.autocommit = application.autocommit = True
        owner.execute("SET ROLE gisland_owner")
        yield Actors(owner, application)


def happen(settings: Settings, actors: Actors, transaction: Transaction) -> bool:
    """Let a transaction happen. Returns whether the registry took it: what it does not take changes nothing."""
    connection = actors.owner if transaction.of_owner else actors.application
    try:
        with connection.transaction():
            known = [ids(connection, f"registry.{table}") for table in ("parcel", "holder", "unit")]
            change = make_change(connection, known[2][0])
            for act, parcel, holder, tree in transaction.acts:
                names = {"parcel": known[0][parcel % len(known[0])] if known[0] else 0, "holder": known[1][holder]}
                for statement in act.split(";"):
                    given = names | {"tree": tree + 1, "change": change}
                    connection.execute(statement.encode(), given if "%(" in statement else None)
            if not transaction.of_owner:
                flush(connection)
    except IntegrityError:
        return False
    refresh_late(settings)
    return True


def test_each_act_can_happen(begun: Settings) -> None:
    """Or the walks would prove nothing."""
    with clone_of(begun) as settings, acting(settings) as actors:
        once = {act: Transaction(act in OWNERS, [(act, 0, 0, 0)]) for act in ACTS + OWNERS}
        refused = [act for act, transaction in once.items() if not happen(settings, actors, transaction)]
        assert not refused
        assert content(settings) == content(settings, of_views=True)


def follow(settings: Settings, catalogue: Catalogue, walk: list[Transaction]) -> None:
    """Walk, and compare after each step and at the end."""
    with connect(settings, Role.PUBLIC) as public, acting(settings) as actors:
        public.autocommit, owner = True, actors.owner
        ground = Ground(public, catalogue)
        ground.look()
        for transaction in walk:
            happen(settings, actors, transaction)
            assert content_seen_by(owner) == content_seen_by(owner, of_views=True)
            ground.look()
        followed = content_seen_by(owner, changes=True)
        drawn = {key: shown for key, (_, shown) in ground.seen.items()}
        counts = owner.execute("SELECT id, publish.feature_count(id) FROM publish.layer").fetchall()
        assert dict(counts) == {layer: len(rows) for layer, rows in followed.items()}
        for layer_id in catalogue.layers:
            layers.rebuild_layer(settings, catalogue, layer_id)
        assert content_seen_by(owner, changes=True) == followed
        ground.look()
        assert {key: shown for key, (_, shown) in ground.seen.items()} == drawn


@pytest.mark.parametrize("examples", [3, pytest.param(100, marks=pytest.mark.proof)])
def test_refreshing_what_changed_equals_making_it_all_anew(begun: Settings, examples: int) -> None:
    catalogue = load_catalogue(begun)
    assert set(catalogue.layers) >= {"parcels", "parcels-staff", "trees"}

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(TRANSACTION, min_size=10, max_size=25))
    def check(walk: list[Transaction]) -> None:
        with clone_of(begun) as settings:
            follow(settings, catalogue, walk)

    check()
