"""Published features follow the registry: in the same transaction, whoever changes it, and whoever else does so."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import mapbox_vector_tile
import psycopg
import pytest
from psycopg import Connection

from gisland.catalogue import Catalogue, Layer
from gisland.database import Role, connect, flush, run
from gisland.publish import layers
from gisland.publish.tiles.grid import Tile, limits
from gisland.publish.tiles.statements import tile_statement
from gisland.settings import Settings
from tests.factories import add_evidence, make_change, make_holder, make_holding, make_parcel, one
from tests.publish.conftest import Ward

Open = Callable[[Role], Connection]


def finish(connection: Connection) -> threading.Thread:
    """Flush and commit in a thread of its own, since it may have to wait for another session."""

    def work() -> None:
        flush(connection)
        connection.commit()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until_it_waits(settings: Settings, connection: Connection) -> None:
    """Until the session waits for a lock of another one."""
    with connect(settings, Role.APP) as observer:
        for _ in range(500):
            query = "SELECT cardinality(pg_blocking_pids(%s)) > 0, pg_sleep(0.01)"
            if one(observer, query, connection.info.backend_pid):
                return
    raise AssertionError("the second session did not wait for the first")


@pytest.mark.parametrize("first_to_commit", [0, 1])
def test_two_sessions_change_two_holders_of_one_parcel(
    settings: Settings, ward: Ward, open_connection: Open, first_to_commit: int
) -> None:
    (parcel,) = ward.add_parcels(1)
    holders = [ward.add_holder(parcel), ward.add_holder(parcel)]
    assert ward.exact_status(parcel) == "unsent"
    sessions = [open_connection(Role.APP), open_connection(Role.APP)]
    # Both change before either flushes: each sees the other's holder as not verified.
    for session, holder in zip(sessions, holders, strict=True):
        add_evidence(session, holder, "verified")
    first, second = sessions[first_to_commit], sessions[1 - first_to_commit]
    flush(first)
    waiting = finish(second)
    wait_until_it_waits(settings, second)
    first.commit()
    waiting.join(10)
    assert not waiting.is_alive()
    assert ward.exact_status(parcel) == "verified"
    assert ward.public_status(parcel) == "verified"


@pytest.mark.parametrize("evidence_first", [True, False])
def test_one_session_adds_a_right_while_another_adds_evidence_on_its_holder(
    settings: Settings, ward: Ward, open_connection: Open, evidence_first: bool
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = run(settings, lambda c: make_holder(c, ward.ward, national_id="999000000001"))
    evidence, right = open_connection(Role.APP), open_connection(Role.APP)
    add_evidence(evidence, holder, "mismatch")
    make_holding(right, ward.ward, parcel, holder)
    first, second = (evidence, right) if evidence_first else (right, evidence)
    flush(first)
    waiting = finish(second)
    wait_until_it_waits(settings, second)
    first.commit()
    waiting.join(10)
    assert not waiting.is_alive()
    assert ward.exact_status(parcel) == "mismatch"


def test_the_writer_sees_its_change_in_the_same_transaction_and_nobody_else_does(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel)
    add_evidence(app_connection, holder, "verified")
    flush(app_connection)
    assert ward.exact_status(parcel) == "unsent"
    app_connection.commit()
    assert ward.exact_status(parcel) == "verified"


def test_a_transaction_that_is_rolled_back_leaves_nothing(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel)
    add_evidence(app_connection, holder, "verified")
    make_parcel(app_connection, ward.ward, ward.sheet)
    flush(app_connection)
    app_connection.rollback()
    assert ward.exact_status(parcel) == "unsent"
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT publish.feature_count('parcels')") == 1
    with connect(settings, Role.BACKUP) as connection:
        assert one(connection, "SELECT count(*) FROM publish.dirty") == 0


def test_direct_sql_without_flush_is_refreshed_at_commit(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    app_connection.execute("UPDATE registry.parcel SET parcel_no = '77' WHERE id = %s", [parcel])
    app_connection.commit()
    with connect(settings, Role.PUBLIC) as connection:
        assert one(connection, "SELECT parcel_no FROM published.parcels WHERE id = %s", parcel) == "77"


@pytest.mark.parametrize(
    ("results", "exact", "public"),
    [
        ([], "no_holder", "none"),
        ([None], "unsent", "in_progress"),
        (["sent"], "sent", "in_progress"),
        (["verified", "verified"], "verified", "verified"),
        (["verified", "sent"], "sent", "in_progress"),
        (["verified", "deceased"], "deceased", "action_needed"),
        (["not_found", "mismatch", "verified"], "not_found", "action_needed"),
        (["duplicate", "unsent"], "duplicate", "action_needed"),
    ],
)
def test_a_parcel_has_the_worst_status_of_its_holders(
    ward: Ward, results: list[str | None], exact: str, public: str
) -> None:
    (parcel,) = ward.add_parcels(1)
    for result in results:
        ward.add_holder(parcel, None if result == "unsent" else result)
    assert (ward.exact_status(parcel), ward.public_status(parcel)) == (exact, public)


def test_current_users_count_before_those_on_the_certificate(settings: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "deceased")
    user = ward.add_holder(parcel, "verified", role="current_user")
    assert ward.exact_status(parcel) == "verified"

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.holding SET retired_by = %s WHERE holder_id = %s", [change, user])

    run(settings, retire)
    assert ward.exact_status(parcel) == "deceased"


def test_evidence_counts_only_for_the_id_that_the_holder_bears(settings: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel, "verified")
    run(settings, lambda c: c.execute("UPDATE registry.holder SET id_hash = sha256('other') WHERE id = %s", [holder]))
    assert ward.exact_status(parcel) == "unsent"


def test_a_retired_parcel_leaves_the_layer(settings: Settings, ward: Ward) -> None:
    first, second = ward.add_parcels(2)

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, first])

    run(settings, retire)
    with connect(settings, Role.PUBLIC) as connection:
        assert connection.execute("SELECT id FROM published.parcels").fetchall() == [(second,)]
        assert one(connection, "SELECT publish.feature_count('parcels')") == 1


def test_flush_refuses_a_fixed_snapshot(ward: Ward, app_connection: Connection) -> None:
    app_connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    make_parcel(app_connection, ward.ward, ward.sheet)
    with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
        flush(app_connection)


def content(settings: Settings, *, of_views: bool = False) -> dict[str, list[tuple[object, ...]]]:
    """The rows of all layers as published, or as their views give them."""
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        found = connection.execute("SELECT id, source, target, columns FROM publish.layer").fetchall()
        return {
            layer: connection.execute(
                f"SELECT {', '.join(columns)} FROM {source if of_views else target} ORDER BY id".encode()
            ).fetchall()
            for layer, source, target, columns in found
        }


# What may happen to a registry, as (statement, number of the row it happens to).
MUTATIONS = [
    "UPDATE registry.parcel SET parcel_no = parcel_no || 'a' WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET geom = ST_Translate(geom, 0, 1) WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET geom = ST_Translate(geom, 0, 350) WHERE id = %(parcel)s",
    "UPDATE registry.parcel SET legal_area_m2 = 12.3 WHERE id = %(parcel)s",
    (
        "WITH ended AS (UPDATE registry.holding SET retired_by = %(change)s"
        " WHERE parcel_id = %(parcel)s AND retired_by IS NULL)"
        " UPDATE registry.parcel SET retired_by = %(change)s WHERE id = %(parcel)s"
    ),
    "UPDATE registry.parcel SET retired_by = NULL WHERE id = %(parcel)s",
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
        "UPDATE registry.holding SET parcel_id = %(parcel)s WHERE id = (SELECT min(id) FROM registry.holding h"
        " WHERE holder_id = %(holder)s AND retired_by IS NULL AND EXISTS (SELECT FROM registry.parcel p"
        " WHERE p.id = %(parcel)s AND p.retired_by IS NULL) AND NOT EXISTS (SELECT FROM registry.holding o"
        " WHERE o.parcel_id = %(parcel)s AND o.holder_id = %(holder)s))"
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
    "UPDATE registry.unit SET code = code || '1' WHERE id = %(ward)s",
    "UPDATE registry.map_sheet SET sheet_no = sheet_no || '1' WHERE ward_id = %(ward)s",
    "INSERT INTO registry.residential_group (ward_id, code, name) VALUES (%(ward)s, '01', 'Tổ') ON CONFLICT DO NOTHING",
    (
        "UPDATE registry.parcel SET residential_group_id = (SELECT min(id) FROM registry.residential_group)"
        " WHERE id = %(parcel)s"
    ),
    "UPDATE registry.residential_group SET code = code || '1'",
    (
        "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id)"
        " SELECT max(id), %(parcel)s FROM registry.certificate HAVING count(*) > 0 ON CONFLICT DO NOTHING"
    ),
    "DELETE FROM registry.certificate_parcel WHERE parcel_id = %(parcel)s",
    "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%(ward)s, 'BK ' || %(parcel)s, %(change)s)",
    "UPDATE registry.certificate SET serial = serial || '9'",
]


class Ground:
    """The tiles on which there ever was something: a tile that has changed must say so by another state."""

    def __init__(self, settings: Settings, layer: Layer) -> None:
        self._settings, self._layer = settings, layer
        self._seen: dict[Tile, tuple[object, object]] = {}

    def look(self) -> None:
        """Draw them all and compare."""
        with connect(self._settings, Role.PUBLIC) as connection:
            boxes = connection.execute("SELECT _west, _south, _east, _north FROM published.parcels").fetchall()
            for zoom in (14, 16, 18):
                for box in boxes:
                    self._seen |= {each: (None, None) for each in self._tiles(box, zoom) if each not in self._seen}
            for tile, (state, shown) in self._seen.items():
                statement, parameters = tile_statement(self._layer, tile, with_state=True)
                row = connection.execute(statement.encode(), parameters).fetchone()
                assert row is not None
                layers = mapbox_vector_tile.decode(row[1]) if row[1] else {}
                found = {name: sorted(map(repr, each["features"])) for name, each in layers.items() if each["features"]}
                assert shown is None or found == shown or row[0] != state, tile
                self._seen[tile] = (row[0], found)

    @staticmethod
    def _tiles(box: tuple[float, ...], zoom: int) -> set[Tile]:
        around = limits((box[0] - 1e-5, box[1] - 1e-5, box[2] + 1e-5, box[3] + 1e-5))[zoom]
        columns = range(around["minTileCol"], around["maxTileCol"] + 1)
        rows = range(around["minTileRow"], around["maxTileRow"] + 1)
        return {Tile(zoom, column, row) for column in columns for row in rows}


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(1, 20))]


@pytest.mark.parametrize("seed", SEEDS)
def test_refreshing_what_changed_equals_making_it_all_anew(
    settings: Settings, catalogue: Catalogue, ward: Ward, seed: int
) -> None:
    """A random walk of transactions; compared after each, because a later one may cover up what an earlier one lost."""
    chance = random.Random(seed)
    ward.add_parcels(4)
    holders = [ward.add_holder(parcel) for parcel in ward.parcels]
    ground = Ground(settings, catalogue.layer("parcels"))
    with connect(settings, Role.APP) as connection:
        for _ in range(120):
            change = make_change(connection, ward.ward)
            acts = chance.choices(MUTATIONS, k=chance.randint(1, 4))
            for act in acts:
                names = {
                    "parcel": chance.choice(ward.parcels),
                    "holder": chance.choice(holders),
                    "ward": ward.ward,
                    "change": change,
                }
                connection.execute(act.encode(), names)
            flush(connection)
            connection.commit()
            assert content(settings) == content(settings, of_views=True), acts
            ground.look()
        counts = connection.execute("SELECT id, publish.feature_count(id) FROM publish.layer").fetchall()
    followed = content(settings)
    assert dict(counts) == {layer: len(rows) for layer, rows in followed.items()}
    for layer_id in catalogue.layers:
        layers.rebuild_layer(settings, catalogue, layer_id)
    assert content(settings) == followed
