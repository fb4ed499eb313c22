"""The sealer: ids that commit out of order, several sealers, one that is killed, and the database's hashes proven."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege

from gisland.audit.anchors import read_anchors
from gisland.audit.log import Tag, record
from gisland.audit.sealer import sealing
from gisland.database import Role, conninfo
from gisland.kit.logging import set_up_logging
from gisland.settings import Settings
from tests.audit.conftest import Log
from tests.factories import one

CHAIN = "SELECT object FROM audit.seal JOIN audit.event ON id = event_id ORDER BY position DESC LIMIT %s"
FLOOR = "SELECT floor FROM audit.sealer"


@contextmanager
def session(settings: Settings) -> Iterator[Connection]:
    with psycopg.connect(conninfo(settings, Role.APP)) as connection:
        yield connection


def note(connection: Connection, name: str) -> None:
    record(connection, "account:thu", Tag.REGISTRY_READ, object_id=name)


def newest(log: Log, count: int) -> list[str]:
    with session(log.settings) as connection:
        return [row[0] for row in connection.execute(CHAIN, [count]).fetchall()][::-1]


def test_a_row_that_commits_late_gets_a_later_position(log: Log) -> None:
    with session(log.settings) as slow, session(log.settings) as fast:
        note(slow, "slow")
        note(fast, "fast")
        fast.commit()
        log.seal()
        assert newest(log, 1) == ["fast"], "a long transaction holds up nobody"
        for _ in range(3):
            note(fast, "again")
            fast.commit()
            log.seal()
        assert one(fast, FLOOR) < one(fast, "SELECT min(id) FROM audit.event WHERE object IN ('slow', 'fast')")
        fast.commit()
        slow.commit()
        assert log.seal() == 1
        assert newest(log, 5) == ["fast", "again", "again", "again", "slow"]
        log.seal()
        note(fast, "last")
        fast.commit()
        log.settle()
        assert one(fast, FLOOR) == one(fast, "SELECT max(id) FROM audit.event")
    assert log.faults() == []


def test_what_is_rolled_back_leaves_no_gap(log: Log) -> None:
    with session(log.settings) as connection:
        note(connection, "never")
        connection.rollback()
        note(connection, "kept")
    log.seal()
    assert newest(log, 1) == ["kept"]
    assert log.faults() == []


def test_a_row_written_in_a_savepoint_is_waited_for(log: Log) -> None:
    """Its transaction's number is the outer one's, which may be far lower than those that were given since."""
    with session(log.settings) as slow, session(log.settings) as fast:
        slow.execute("SELECT pg_current_xact_id()")
        note(fast, "fast")
        fast.commit()
        with slow.transaction():
            note(slow, "slow")
        for _ in range(3):
            log.seal()
            note(fast, "fast")
            fast.commit()
        slow.commit()
        log.seal()
    assert "slow" in newest(log, 2)
    assert log.faults() == []


def test_sealing_while_many_write_skips_nothing(log: Log) -> None:
    """Writers that take different times, roll back now and then, and draw ids long before they commit."""
    ended = threading.Event()

    def write(number: int) -> None:
        with session(log.settings) as connection:
            for act in range(40):
                note(connection, f"{number}:{act}")
                connection.execute("SELECT pg_sleep(%s)", [0.001 * ((number * act) % 7)])
                (connection.rollback if (number + act) % 9 == 0 else connection.commit)()

    def seal() -> None:
        while not ended.is_set():
            log.seal(anchor=False)

    writers = [threading.Thread(target=write, args=[number]) for number in range(12)]
    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for thread in (*sealers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    for thread in sealers:
        thread.join()
    log.seal()
    report = log.verify()
    assert (report.fault_count, report.unsealed) == (0, 0)
    with session(log.settings) as connection:
        assert report.events == one(connection, "SELECT count(*) FROM audit.event") > 400


def test_a_number_of_another_clusters_transactions_is_forgotten(log: Log) -> None:
    """As after a restore: transactions are counted from the beginning there."""
    log.write(2)
    log.seal()
    with log.tampering() as connection:
        connection.execute("UPDATE audit.sealer SET next_floor_after = '999999999999'")
    log.write()
    log.settle()
    assert log.faults() == []


def test_only_one_seals_at_a_time(log: Log) -> None:
    log.write(2)
    with session(log.settings) as first, session(log.settings) as second:
        assert one(first, "SELECT audit.seal(1)") == 1
        assert one(second, "SELECT audit.seal(1)") is None
        first.commit()
        assert one(second, "SELECT audit.seal(1000)") > 0
    log.seal()
    assert log.faults() == []


def test_batches_make_one_chain(log: Log) -> None:
    log.write(7)
    with session(log.settings) as connection:
        while one(connection, "SELECT audit.seal(2)"):
            connection.commit()
    log.seal()
    report = log.verify()
    assert (report.fault_count, report.unsealed) == (0, 0)


def test_the_application_can_make_no_seal_of_its_own(log: Log) -> None:
    log.write()
    log.seal()
    with session(log.settings) as connection:
        for statement in (
            "INSERT INTO audit.event (id, subject, tag) VALUES (1, 'x', 'y')",
            "INSERT INTO audit.event (at, subject, tag) VALUES (now(), 'x', 'y')",
            "INSERT INTO audit.event (txid, subject, tag) VALUES ('1', 'x', 'y')",
            "INSERT INTO audit.seal SELECT position + 1, event_id + 1, month, hash FROM audit.seal",
            "UPDATE audit.seal SET hash = hash",
            "DELETE FROM audit.seal",
            "TRUNCATE audit.seal",
            "UPDATE audit.sealer SET floor = 0",
            "INSERT INTO audit.dropped_month (month, dropped_by) VALUES ('2020-01-01', 'x')",
            "SELECT audit.drop_month('2020-01-01', 'x')",
            "SELECT audit.next_hash('', '', '')",
        ):
            with pytest.raises(InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())


@pytest.mark.parametrize("role", [Role.STAFF, Role.PUBLIC, Role.PUBLISHER, Role.BACKUP])
def test_no_other_role_seals(log: Log, open_connection: Callable[[Role], Connection], role: Role) -> None:
    query = "SELECT has_function_privilege(%s, 'audit.seal(int)', 'EXECUTE')"
    assert not one(open_connection(Role.APP), query, role.value)


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_worker_seals_and_may_be_killed(log: Log) -> None:
    """`gisland worker` killed with SIGKILL while it seals a long backlog; the next one goes on where it was."""
    log.clear()
    log.write_at("2026-01-31T10:00:00Z", 20_000)
    log.write_at("2026-02-01T10:00:00Z", 10_000)
    command = [sys.executable, "-m", "gisland", "worker"]
    sealed = "SELECT count(*) FROM audit.seal"
    # To verify all of it takes a second of a processor, so nobody waits by that.
    unsealed = f"SELECT (SELECT count(*) FROM audit.event) - ({sealed})"

    def count(query: str) -> int:
        with session(log.settings) as connection:
            return int(one(connection, query))

    for least in (1, 12_000):
        process = subprocess.Popen(command, env=log.settings.as_environment())
        wait_until(lambda least=least: count(sealed) >= least)  # type: ignore[misc]  # bound here
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    process = subprocess.Popen(command, env=log.settings.as_environment())
    try:
        wait_until(lambda: count(unsealed) == 0 and read_anchors(log.settings.audit_anchor_path).newest is not None)
        start = time.monotonic()
        log.write()
        wait_until(lambda: count(unsealed) == 0)
        assert time.monotonic() - start < 20
        assert log.verify().unsealed == 0
    finally:
        process.terminate()
        process.wait(30)
    assert log.faults() == []
    months = {each.head.month.month for each in read_anchors(log.settings.audit_anchor_path).lines}
    assert {1, 2} <= months


def test_it_outlives_a_session_that_is_ended(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its thread logs; what an earlier test had set up may write to a stream that is closed.
    set_up_logging("INFO")
    monkeypatch.setattr("gisland.audit.sealer.SECONDS", 0.05)
    monkeypatch.setattr("gisland.audit.sealer.STANDBY_SECONDS", 0.1)
    with sealing(log.settings), sealing(log.settings):
        log.write()
        wait_until(lambda: log.verify().unsealed == 0)
        with log.tampering() as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'gisland_app' AND query LIKE '%audit.seal%'"
            )
            assert ended.fetchall() == [(True,)], "of two sealers with one anchor file only one works"
        log.write()
        wait_until(lambda: log.verify().unsealed == 0)
    assert log.faults() == []
