"""One act is one transaction: all of it or nothing, and tried anew when two of them stood in each other's way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import Connection, IsolationLevel

from gisland.database import EVERYWHERE, Pools, Role, Scope, connect, pooled_acts, run, scope, session
from gisland.database.connection import ATTEMPTS
from gisland.errors import DatabaseUnavailable
from gisland.settings import Settings
from tests.factories import make_holder, make_holding, make_parcel, make_sheet, make_ward, one


@pytest.fixture
def parcels(settings: Settings) -> list[int]:
    def work(connection: Connection) -> list[int]:
        ward = make_ward(connection)
        sheet = make_sheet(connection, ward)
        return [make_parcel(connection, ward, sheet) for _ in range(2)]

    return run(settings, work)


def test_deadlock_is_tried_again(settings: Settings, parcels: list[int]) -> None:
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    def crosswise(name: str, first: int, second: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            attempts.append(name)
            query = "UPDATE registry.parcel SET address = address || %s WHERE id = %s"
            connection.execute(query, [name, first])
            if attempts.count(name) == 1:
                both_hold_one.wait(timeout=10)
            connection.execute(query, [name, second])

        return work

    works = [crosswise("a", *parcels), crosswise("b", *reversed(parcels))]
    threads = [threading.Thread(target=run, args=[settings, work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(attempts) >= 3  # one of them was the victim
    with connect(settings, Role.APP) as connection:
        addresses = connection.execute("SELECT address FROM registry.parcel").fetchall()
    assert {"".join(sorted(address)) for (address,) in addresses} == {"ab"}


@pytest.mark.parametrize("failures", [1, ATTEMPTS])
def test_serialization_failures_are_tried_again_but_not_for_ever(
    settings: Settings, parcels: list[int], failures: int
) -> None:
    attempts = 0

    def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        connection.execute("UPDATE registry.parcel SET address = address || 'x' WHERE id = %s", [parcels[0]])
        if attempts <= failures:
            connection.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    if failures < ATTEMPTS:
        run(settings, work)
    else:
        with pytest.raises(psycopg.errors.SerializationFailure):
            run(settings, work)
    assert attempts == min(failures + 1, ATTEMPTS)
    with connect(settings, Role.APP) as connection:
        written = one(connection, "SELECT address FROM registry.parcel WHERE id = %s", parcels[0])
    assert written == ("x" if failures < ATTEMPTS else "")


def test_a_failure_leaves_nothing(settings: Settings, parcels: list[int]) -> None:
    def work(connection: Connection) -> None:
        connection.execute("UPDATE registry.parcel SET address = 'half'")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(settings, work)
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM registry.parcel WHERE address = 'half'") == 0
        assert one(connection, "SELECT count(*) FROM registry.parcel") == len(parcels)


def test_flush_refuses_a_fixed_snapshot(settings: Settings, parcels: list[int]) -> None:
    """Under REPEATABLE READ a flush could not see what it waited for, and would publish an old status."""
    with connect(settings, Role.APP) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("UPDATE registry.parcel SET address = 'x' WHERE id = %s", [parcels[0]])
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            connection.execute("SELECT publish.flush()")
        connection.rollback()


def test_server_that_is_away_is_told_in_one_line(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    with pytest.raises(DatabaseUnavailable, match="does not answer"), connect(away, Role.APP):
        pass


def test_a_database_that_is_not_there_yet_is_told(settings: Settings) -> None:
    fresh = settings.model_copy(update={"database_name": "nobody_made_it"})
    with pytest.raises(DatabaseUnavailable, match=r"no database nobody_made_it .*db migrate"), connect(fresh, Role.APP):
        pass


def test_a_commit_that_is_refused_closes_the_connection(settings: Settings, parcels: list[int]) -> None:
    used: list[Connection] = []

    def half(connection: Connection) -> None:
        used.append(connection)
        ward = one(connection, "SELECT min(id) FROM registry.unit")
        make_holding(connection, ward, parcels[0], make_holder(connection, ward), share=(1, 2))

    with pytest.raises(psycopg.errors.CheckViolation):
        run(settings, half)
    assert used[0].closed


def test_acts_of_a_web_worker_share_sessions(settings: Settings) -> None:
    """A session plans the statements of a flush once; a refused act leaves nothing behind for the next one."""

    def backend(connection: Connection) -> int:
        return int(one(connection, "SELECT pg_backend_pid()"))

    async def worker() -> list[int]:
        pools = await Pools.open(settings)
        # Who asks before the first session is there has a second one opened.
        pools.acts.wait()
        used = [run(settings, backend)]
        with pytest.raises(psycopg.errors.UndefinedTable):
            run(settings, lambda connection: connection.execute("SELECT FROM nowhere"))
        used.append(run(settings, backend))
        with connect(settings, Role.BACKUP) as connection:
            connection.execute("SELECT 1")
        await pools.close()
        return [*used, run(settings, backend)]

    first, second, alone = asyncio.run(worker())
    assert first == second
    assert alone != first


def test_a_session_that_stays_has_scope_and_isolation_of_one_act_only(settings: Settings) -> None:
    said = "SELECT pg_backend_pid(), current_setting('transaction_isolation'), current_setting('gisland.wards')"

    def tell(connection: Connection) -> tuple[Any, ...]:
        return connection.execute(said).fetchone() or ()

    mine, one_state = Scope(wards=frozenset({7})), IsolationLevel.REPEATABLE_READ
    with pooled_acts(settings, 1):
        with scope(mine), session(settings, Role.APP, isolation=one_state) as connection:
            pid, *first = tell(connection)
        again, *second = run(settings, tell)
    assert pid == again
    assert first == ["repeatable read", mine.values()[0]]
    assert second == ["read committed", EVERYWHERE.values()[0]]
