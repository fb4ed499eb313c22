"""Whatever a superuser does to the log with all triggers off is found."""

from __future__ import annotations

import pytest

from gisland.audit.verify import TOLD
from tests.audit.conftest import Log
from tests.factories import one


@pytest.fixture
def sealed(log: Log) -> Log:
    log.write(9)
    assert log.seal() >= 9
    assert log.faults() == []
    return log


def test_a_log_that_nobody_touched_is_proven(log: Log) -> None:
    log.write(3)
    report = log.verify()
    assert (report.events, report.fault_count, report.head) == (0, 0, None)
    assert report.unsealed >= 3
    assert report.unsealed_since is not None
    before = report.unsealed
    assert log.seal() == before
    log.write(2)
    report = log.verify()
    assert (report.events, report.unsealed, report.fault_count, report.anchors) == (before, 2, 0, 1)
    assert (log.seal(), log.seal()) == (2, 0)


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'account:other'",
        "tag = 'unit:added'",
        "ward_id = 1",
        "object = 'holder:999'",
        "detail = detail || '{\"count\": 1}'",
        'detail = \'{"share": 0.1, "kind": "holder"}\'',
        "at = at + interval '1 microsecond'",
        "txid = '1'",
    ],
)
def test_a_changed_column_is_found(sealed: Log, change: str) -> None:
    event, place = sealed.event(-3), sealed.position(-3)
    with sealed.tampering() as connection:
        assert connection.execute(f"UPDATE audit.event SET {change} WHERE id = {event}").rowcount == 1
    assert sealed.faults() == [("changed", place)]


def test_a_deleted_row_is_found(sealed: Log) -> None:
    event, place = sealed.event(-3), sealed.position(-3)
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.event WHERE id = {event}")
    assert sealed.faults() == [("missing", place)]
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.seal WHERE event_id = {event}")
    assert sealed.faults() == [("missing", place)]


def test_a_deleted_first_row_is_found(sealed: Log) -> None:
    with sealed.tampering() as connection:
        connection.execute("DELETE FROM audit.event WHERE id = (SELECT event_id FROM audit.seal WHERE position = 1)")
        connection.execute("DELETE FROM audit.seal WHERE position = 1")
    assert sealed.faults() == [("missing", 1)]


def test_an_inserted_row_is_found(sealed: Log) -> None:
    sealed.settle()
    event = sealed.event(-4)
    columns = "(id, at, txid, subject, tag, object)"
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.event WHERE id = {event}")
        connection.execute(
            f"INSERT INTO audit.event {columns} SELECT {event} - 1000, at, txid, 'x', tag, object"
            f" FROM audit.event WHERE id = {event} + 1"
        )
    assert sealed.faults() == [("missing", sealed.position(-4)), ("inserted", None)]
    sealed.seal()
    assert len(sealed.faults()) == 2, "the sealer never takes it up"


def test_swapped_rows_are_found(sealed: Log) -> None:
    first, second = sealed.event(-5), sealed.event(-2)
    places = [sealed.position(-5), sealed.position(-2)]
    with sealed.tampering() as connection:
        for old, new in ((first, -1), (second, first), (-1, second)):
            connection.execute(f"UPDATE audit.event SET id = {new} WHERE id = {old}")
    assert sealed.faults() == [("swapped", place) for place in places]


def test_swapped_seals_are_found(sealed: Log) -> None:
    first, second = sealed.event(-5), sealed.event(-2)
    places = [sealed.position(-5), sealed.position(-2)]
    with sealed.tampering() as connection:
        for old, new in ((first, -1), (second, first), (-1, second)):
            connection.execute(f"UPDATE audit.seal SET event_id = {new} WHERE event_id = {old}")
    assert sealed.faults() == [("swapped", place) for place in places]


def test_a_month_that_is_renamed_is_found(sealed: Log) -> None:
    with sealed.tampering() as connection:
        connection.execute(f"UPDATE audit.seal SET month = '2001-01-01' WHERE event_id = {sealed.event(-2)}")
    assert [kind for kind, _ in sealed.faults()] == ["changed"]


def test_a_cut_tail_is_found_by_the_anchors(sealed: Log) -> None:
    event, place = sealed.event(-2), sealed.position(-1)
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.event WHERE id >= {event}")
        connection.execute(f"DELETE FROM audit.seal WHERE event_id >= {event}")
        connection.execute("UPDATE audit.sealer SET floor = 0, next_floor = 0, next_floor_after = NULL")
    assert sealed.faults() == [("truncated", place)]
    sealed.write(5)
    sealed.seal()
    assert sealed.faults() == [("rewritten", place)], "what is sealed later does not hide it"


def test_a_cut_tail_is_found_without_anchors_too(sealed: Log) -> None:
    sealed.settle()
    event = sealed.event(-4)
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.event WHERE id >= {event}")
        connection.execute(f"DELETE FROM audit.seal WHERE event_id >= {event}")
    sealed.settings.audit_anchor_path.unlink()
    assert sealed.faults() == [("truncated", None), ("unanchored", None)]


def test_a_chain_made_anew_differs_from_its_anchors(sealed: Log) -> None:
    """A superuser who knows how it is done makes all seals anew, with a row changed."""
    place = sealed.position(-1)
    with sealed.tampering() as connection:
        connection.execute(f"UPDATE audit.event SET subject = 'account:other' WHERE id = {sealed.event(-3)}")
        connection.execute("TRUNCATE audit.seal")
        connection.execute("UPDATE audit.sealer SET floor = 0, next_floor = 0, next_floor_after = NULL")
        connection.execute("SELECT audit.seal(1000)")
    assert sealed.faults() == [("rewritten", place)]


def test_seals_that_are_gone_leave_rows_beside_the_chain(sealed: Log) -> None:
    sealed.settle()
    with sealed.tampering() as connection:
        connection.execute(f"DELETE FROM audit.seal WHERE event_id >= {sealed.event(-3)}")
    kinds = [kind for kind, _ in sealed.faults()]
    assert kinds.count("inserted") == 3
    assert "truncated" in kinds


def test_many_faults_are_counted(sealed: Log) -> None:
    sealed.write(TOLD)
    sealed.seal()
    with sealed.tampering() as connection:
        changed = connection.execute("UPDATE audit.event SET object = 'x' WHERE subject = 'account:thu'").rowcount
        assert one(connection, "SELECT count(*) FROM audit.event") >= changed > TOLD
    report = sealed.verify()
    assert report.fault_count == changed
    assert len(report.faults) == TOLD
