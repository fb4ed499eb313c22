"""What a row was before, which change made it so, and the registry as of any data version; also for direct SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gisland.database import Role, connect, flush, run
from gisland.settings import Settings
from tests.factories import make_change, make_holder, make_holding, make_parcel, make_sheet, make_ward, one

Open = Callable[[Role], Connection]

TRACKED = """
    SELECT relname FROM pg_class WHERE relnamespace = 'registry'::regnamespace AND relkind = 'r' AND relname <> 'change'
"""
COLUMNS = """
    SELECT attname, atttypid::regtype::text FROM pg_attribute
     WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""


def test_every_table_of_the_registry_has_a_history(app_connection: Connection) -> None:
    tables = [name for (name,) in app_connection.execute(TRACKED)]
    assert len(tables) > 15
    for name in tables:
        kept = set(app_connection.execute(COLUMNS, [f"history.{name}"]).fetchall())
        assert kept == {*app_connection.execute(COLUMNS, [f"registry.{name}"]).fetchall(), ("ended_by", "bigint")}


@pytest.fixture
def parcel(settings: Settings) -> int:
    def work(connection: Connection) -> int:
        ward = make_ward(connection)
        return make_parcel(connection, ward, make_sheet(connection, ward), "7")

    return run(settings, work)


def version_of(connection: Connection) -> int:
    return int(one(connection, "SELECT max(version) FROM published.change_version"))


def test_direct_sql_leaves_the_former_state_and_says_who(settings: Settings, parcel: int) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("UPDATE registry.parcel SET address = 'số 2' WHERE id = %s", [parcel])
    with connect(settings, Role.APP) as connection:
        query = """
            SELECT h.address, p.address, h.version, p.version, kind, by FROM history.parcel h
              JOIN registry.parcel p USING (id) JOIN registry.change ON change.id = h.ended_by
        """
        row = connection.execute(query).fetchone()
        assert row == ("", "số 2", 1, 2, "direct", "db:gisland_migrator")
        query = "SELECT p.changed_by = h.ended_by FROM history.parcel h JOIN registry.parcel p USING (id)"
        assert one(connection, query)


def test_states_that_nobody_saw_are_not_kept(settings: Settings, parcel: int) -> None:
    def twice(connection: Connection) -> None:
        for address in ("a", "b"):
            connection.execute("UPDATE registry.parcel SET address = %s WHERE id = %s", [address, parcel])

    run(settings, twice)
    with connect(settings, Role.APP) as connection:
        assert connection.execute("SELECT address, version FROM history.parcel").fetchall() == [("", 1)]
        assert one(connection, "SELECT version FROM registry.parcel") == 3


def test_a_statement_that_touches_nothing_is_no_change(settings: Settings, parcel: int) -> None:
    with connect(settings, Role.APP) as connection:
        before = one(connection, "SELECT count(*) FROM registry.change")
    for statement in ("UPDATE registry.parcel SET address = 'x' WHERE id = -1", "DELETE FROM registry.land_use"):
        run(settings, lambda c, s=statement: c.execute(s))  # type: ignore[misc]
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM registry.change") == before


def test_nobody_forges_the_change_of_a_row(settings: Settings, parcel: int) -> None:
    forged = """
        INSERT INTO registry.land_use (parcel_id, seq, land_type, version, changed_by, updated_at)
        VALUES (%s, 1, 'ODT', 77, -1, '2000-01-01') RETURNING version, changed_by > 0, updated_at = now()
    """
    assert run(settings, lambda c: c.execute(forged, [parcel]).fetchone()) == (1, True, True)


FORGED = {
    "of the row": "SELECT set_config('gisland.change', (SELECT changed_by::text FROM registry.parcel), {})",
    "none": "SELECT set_config('gisland.change', '999999999', {})",
    "no number": "SELECT set_config('gisland.change', 'x', {})",
}


@pytest.mark.parametrize("local", ["true", "false"])
@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("statement", ["UPDATE registry.parcel SET address = 'x'", "DELETE FROM registry.land_use"])
def test_a_change_of_another_transaction_loses_no_history(
    settings: Settings, parcel: int, statement: str, forged: str, local: str
) -> None:
    """Whoever sets gisland.change to what made a row (psql, a script) writes a direct change all the same."""
    insert = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 1, 'ODT')"
    run(settings, lambda c: c.execute(insert, [parcel]))
    table = "parcel" if statement.startswith("UPDATE") else "land_use"
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        said = FORGED[forged].replace("registry.parcel", f"registry.{table}").format(local)
        connection.execute(said.encode())
        connection.execute(statement.encode())
        if table == "parcel":
            connection.execute(insert.replace("1,", "2,").encode(), [parcel])
    with connect(settings, Role.APP) as connection:
        query = f"SELECT kind, by FROM history.{table} JOIN registry.change ON change.id = ended_by"
        assert connection.execute(query.encode()).fetchall() == [("direct", "db:gisland_migrator")]
        newest = "SELECT changed_by = (SELECT max(id) FROM registry.change) FROM registry.{} WHERE id = %s"
        if table == "parcel":
            assert one(connection, newest.format("parcel"), parcel)
            assert one(
                connection, "SELECT max(u.changed_by) = max(h.ended_by) FROM registry.land_use u, history.parcel h"
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.parcel SET address = set_config('gisland.change', changed_by::text, true)",
        "DELETE FROM registry.parcel WHERE set_config('gisland.change', changed_by::text, true) <> ''",
    ],
)
def test_no_statement_makes_its_rows_of_another_change(settings: Settings, parcel: int, statement: str) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no change of this transaction"):
            connection.execute(statement.encode())


def test_what_is_published_is_of_a_change_of_its_transaction(settings: Settings, parcel: int) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("UPDATE registry.parcel SET address = 'x'")
        connection.execute("SELECT set_config('gisland.change', '1', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no change of this transaction"):
            flush(connection)


def test_a_change_within_a_savepoint_is_of_its_transaction(settings: Settings, parcel: int) -> None:
    def work(connection: Connection) -> int:
        ward = one(connection, "SELECT ward_id FROM registry.parcel")
        with connection.transaction():
            change = make_change(connection, ward, "correct")
        connection.execute("UPDATE registry.parcel SET address = 'x'")
        return change

    change = run(settings, work)
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT changed_by FROM registry.parcel") == change
        assert one(connection, "SELECT ended_by FROM history.parcel") == change


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.change SET reason = 'x'",
        "DELETE FROM registry.change",
        "DELETE FROM history.parcel",
        "UPDATE history.parcel SET address = 'x'",
        "INSERT INTO history.parcel SELECT p.*, 1 FROM registry.parcel p",
        "TRUNCATE registry.parcel CASCADE",
    ],
)
def test_the_application_cannot_change_the_past(app_connection: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement.encode())


def test_the_registry_as_of_each_version(settings: Settings, parcel: int) -> None:
    """Each state is read when it is the newest, and again at the end."""
    seen: dict[int, list[Any]] = {}
    query = "SELECT id, address, version, retired_by IS NULL FROM {} ORDER BY id"

    def see() -> None:
        with connect(settings, Role.APP) as connection:
            seen[version_of(connection)] = connection.execute(query.format("registry.parcel").encode()).fetchall()

    see()
    for number in range(3):
        run(settings, lambda c, n=number: c.execute("UPDATE registry.parcel SET address = %s", [str(n)]))  # type: ignore[misc]
        see()
    other = run(settings, lambda c: make_parcel(c, 1, 1, "8"))
    see()
    run(settings, lambda c: c.execute("UPDATE registry.parcel SET retired_by = 1 WHERE id = %s", [other]))
    see()
    assert len(seen) == 6
    with connect(settings, Role.APP) as connection:
        for version, rows in seen.items():
            then = query.format(f"history.parcel_as_of({version})").encode()
            assert connection.execute(then).fetchall() == rows


def test_rows_that_were_deleted_are_there_as_of_before(settings: Settings, parcel: int) -> None:
    insert = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 1, 'ODT')"
    run(settings, lambda c: c.execute(insert, [parcel]))
    with connect(settings, Role.APP) as connection:
        before = version_of(connection)
    run(settings, lambda c: c.execute("DELETE FROM registry.land_use"))
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM registry.land_use") == 0
        assert one(connection, "SELECT land_type FROM history.land_use_as_of(%s)", before) == "ODT"
        assert one(connection, "SELECT count(*) FROM history.land_use_as_of(%s)", version_of(connection)) == 0


def test_versions_are_given_in_the_order_of_commits(settings: Settings, parcel: int, open_connection: Open) -> None:
    """The one who flushed first commits first; the other one waits, so no version is seen before a smaller one."""
    first, second = open_connection(Role.APP), open_connection(Role.APP)
    ward = one(first, "SELECT min(id) FROM registry.unit")
    holder = make_holder(first, ward)
    make_holder(second, ward)
    taken = flush(first)
    second.execute("SET lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable), second.transaction():
        flush(second)
    first.commit()
    given = flush(second)
    assert taken is not None
    assert given is not None
    assert given > taken
    second.commit()
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT id FROM history.holder_as_of(%s)", taken) == holder


def test_a_transaction_has_one_version(settings: Settings, parcel: int, app_connection: Connection) -> None:
    ward = one(app_connection, "SELECT min(id) FROM registry.unit")
    holder = make_holder(app_connection, ward)
    version = flush(app_connection)
    make_holding(app_connection, ward, parcel, holder)
    assert flush(app_connection) == version
    app_connection.commit()
    assert version_of(app_connection) == version


def test_lineage_has_no_circle(settings: Settings, app_connection: Connection) -> None:
    ward = make_ward(app_connection)
    sheet = make_sheet(app_connection, ward)
    a, b, c = (make_parcel(app_connection, ward, sheet) for _ in range(3))
    link = "INSERT INTO registry.parcel_lineage (ancestor_id, descendant_id) VALUES (%s, %s)"
    app_connection.execute(link, [a, b])
    app_connection.execute(link, [b, c])
    assert app_connection.execute("SELECT * FROM registry.descendants(%s) ORDER BY 1", [a]).fetchall() == [
        (b, 1),
        (c, 2),
    ]
    assert app_connection.execute("SELECT * FROM registry.ancestors(%s) ORDER BY 1", [c]).fetchall() == [(a, 2), (b, 1)]
    with pytest.raises(psycopg.errors.CheckViolation, match="descends"), app_connection.transaction():
        app_connection.execute(link, [c, a])


def test_the_reason_of_a_change_stands_on_its_rows(settings: Settings, app_connection: Connection) -> None:
    ward = make_ward(app_connection)
    sheet = make_sheet(app_connection, ward)
    change = make_change(app_connection, ward, "correct")
    query = "UPDATE registry.map_sheet SET name = 'x' WHERE id = %s RETURNING changed_by"
    assert one(app_connection, query, sheet) == change
