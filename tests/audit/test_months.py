"""Months of the chain, the anchors of their ends, and their retention."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime
from typing import cast

import psycopg
import pytest

from gisland.audit.anchors import append_anchor, read_anchors
from gisland.audit.chain import Head
from gisland.audit.retention import drop_months, first_kept
from gisland.database import Role, connect
from gisland.errors import Conflict
from gisland.settings import Settings
from tests.audit.conftest import Log
from tests.factories import one

MONTHS = "SELECT to_char(month, 'YYYY-MM'), count(*) FROM audit.seal GROUP BY month ORDER BY month"


@pytest.fixture
def years(log: Log) -> Log:
    """Three old months of ten events each, then what tests write now."""
    log.clear()
    # 2023-01-31T18:00:00Z is February in Vietnam.
    for at in ("2023-01-05T00:00:00Z", "2023-01-31T18:00:00Z", "2023-03-01T00:00:00Z"):
        log.write_at(at, 10)
    log.seal()
    log.write(3)
    log.seal()
    return log


def months(log: Log) -> list[tuple[str, int]]:
    with connect(log.settings, Role.APP) as connection:
        return [cast("tuple[str, int]", row) for row in connection.execute(MONTHS).fetchall()]


def test_months_are_those_of_vietnam_and_their_ends_are_anchored(years: Log) -> None:
    now = f"{datetime.now(UTC):%Y-%m}"
    assert months(years)[:3] == [("2023-01", 10), ("2023-02", 10), ("2023-03", 10)]
    assert months(years)[3][0] >= now
    anchors = read_anchors(years.settings.audit_anchor_path)
    assert [each.head.position for each in anchors.lines] == [10, 20, 30, 33]
    assert years.faults() == []
    mode = years.settings.audit_anchor_path.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(years.settings.audit_anchor_path.parent.stat().st_mode) == 0o700


def test_a_row_that_comes_late_belongs_to_the_month_that_has_begun(years: Log) -> None:
    years.write_at("2023-01-20T00:00:00Z", 1)
    years.seal()
    assert months(years)[0] == ("2023-01", 10)
    assert months(years)[-1][1] == 4
    assert years.faults() == []


def test_anchors_are_written_after_rows_or_minutes(log: Log) -> None:
    path = log.settings.audit_anchor_path
    rows = Log(log.settings.model_copy(update={"audit_anchor_rows": 5}))
    count = []
    for _ in range(6):
        rows.write(2)
        rows.seal()
        count.append(len(read_anchors(path).lines))
    assert count == [1, 1, 1, 2, 2, 2]
    minutes = Log(log.settings.model_copy(update={"audit_anchor_minutes": 1e-9}))
    for _ in range(2):
        minutes.write()
        minutes.seal()
        minutes.seal()
    assert len(read_anchors(path).lines) == 4, "one that is there already is not written again"
    assert log.faults() == []


def test_a_month_that_ends_is_anchored_even_if_the_sealer_was_killed_before(log: Log) -> None:
    log.clear()
    log.write_at("2026-01-05T00:00:00Z", 3)
    log.seal(anchor=False)
    log.write_at("2026-02-05T00:00:00Z", 3)
    log.seal(anchor=False)
    log.seal()
    assert {1, 2} <= {each.head.month.month for each in read_anchors(log.settings.audit_anchor_path).lines}


def test_half_a_line_of_a_power_cut_is_no_fault_and_garbage_is(log: Log) -> None:
    path = log.settings.audit_anchor_path
    log.write()
    log.seal()
    whole = path.read_bytes()
    path.write_bytes(whole + b"2026-01 12 xyz")
    assert log.faults() == []
    head = read_anchors(path).lines[0].head
    append_anchor(path, head)
    assert path.read_bytes().count(b"\n") == 2
    assert path.read_bytes().startswith(whole)
    assert b"xyz" not in path.read_bytes()
    path.write_bytes(b"garbage\n" + whole.replace(b" ", b"  ") + whole)
    report = log.verify()
    assert [(each.kind.value, each.line) for each in report.faults] == [("unanchored", 1), ("unanchored", 2)]


def test_whole_months_are_dropped_and_the_rest_still_proves_itself(years: Log) -> None:
    dropped = drop_months(years.settings, date(2023, 3, 1), by="cli:test")
    assert [(each.head.month, each.events) for each in dropped] == [(date(2023, 1, 1), 10), (date(2023, 2, 1), 10)]
    assert months(years)[0] == ("2023-03", 10)
    report = years.verify()
    assert (report.fault_count, report.dropped) == (0, [date(2023, 1, 1), date(2023, 2, 1)])
    with connect(years.settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM audit.event WHERE at < '2023-02-15'") == 0
        query = (
            "SELECT subject, object, detail ->> 'events' FROM audit.event WHERE tag = 'audit:month_dropped' ORDER BY id"
        )
        assert connection.execute(query).fetchall() == [("cli:test", "2023-01", "10"), ("cli:test", "2023-02", "10")]
    years.write()
    years.seal()
    assert years.faults() == []
    assert drop_months(years.settings, date(2023, 3, 1), by="cli:test") == []


def test_a_row_of_a_dropped_month_cannot_come_back(years: Log) -> None:
    years.settle()
    with years.tampering() as connection:
        kept = connection.execute("SELECT to_jsonb(e) FROM audit.event e ORDER BY id LIMIT 1").fetchone()
    drop_months(years.settings, date(2023, 3, 1), by="cli:test")
    assert kept is not None
    with years.tampering() as connection:
        query = "INSERT INTO audit.event SELECT * FROM jsonb_populate_record(NULL::audit.event, %s)"
        connection.execute(query, [psycopg.types.json.Jsonb(kept[0])])
    assert years.faults() == [("inserted", None)]


@pytest.mark.parametrize(("last", "faults"), [(12, ["rewritten", "unnoted"]), (20, ["unnoted"])])
def test_dropping_without_the_act_is_found(years: Log, last: int, faults: list[str]) -> None:
    """Also when it is done at the end of a month, whose hash is a true one."""
    with years.tampering() as connection:
        connection.execute(
            "DELETE FROM audit.event WHERE id IN (SELECT event_id FROM audit.seal WHERE position <= %s)", [last]
        )
        connection.execute(
            "INSERT INTO audit.dropped_month SELECT month, position, position, hash, now(), 'x' FROM audit.seal"
            " WHERE position = %s",
            [last],
        )
        connection.execute("DELETE FROM audit.seal WHERE position <= %s", [last])
    assert years.faults() == [(kind, last) for kind in faults]


def test_what_may_not_be_dropped(years: Log) -> None:
    settings = years.settings
    with pytest.raises(Conflict, match="24"):
        drop_months(settings, date(2099, 1, 1), by="cli:test")
    settings.audit_anchor_path.unlink()
    with pytest.raises(Conflict, match="2023-01"):
        drop_months(settings, date(2023, 3, 1), by="cli:test")
    assert months(years)[0] == ("2023-01", 10)


def test_the_last_month_is_never_dropped(log: Log) -> None:
    log.clear()
    log.write_at("2023-01-05T00:00:00Z", 3)
    log.seal()
    with pytest.raises(Conflict, match="2023-01"):
        drop_months(log.settings, date(2023, 3, 1), by="cli:test")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit.event WHERE id = (SELECT min(id) FROM audit.event)",
        "DELETE FROM audit.event WHERE id = (SELECT max(id) FROM audit.event)",
        "DELETE FROM audit.seal WHERE position = 1",
        "UPDATE audit.event SET subject = 'x'",
        "UPDATE audit.seal SET hash = hash",
        "TRUNCATE audit.event",
        "TRUNCATE audit.seal",
        "SELECT audit.drop_month('2023-02-01', 'x')",
        "SELECT audit.drop_month((SELECT max(month) FROM audit.seal), 'x')",
        "SELECT audit.drop_month('2020-01-01', 'x')",
        "DELETE FROM audit.dropped_month",
        "UPDATE audit.dropped_month SET hash = hash",
    ],
)
def test_even_the_owner_drops_whole_months_from_the_front_only(years: Log, statement: str) -> None:
    with connect(years.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()


def test_the_retention_counts_whole_months(settings: Settings) -> None:
    assert first_kept(settings, date(2026, 3, 15)) == date(2024, 3, 1)
    assert first_kept(settings.model_copy(update={"audit_months": 1}), date(2026, 1, 1)) == date(2025, 12, 1)


def test_an_anchor_reads_as_it_was_written(log: Log) -> None:
    path = log.settings.audit_anchor_path
    anchor = append_anchor(path, Head(date(2026, 1, 1), 7, bytes(range(32))))
    assert read_anchors(path).lines == [anchor]
