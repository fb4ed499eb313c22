"""Proving the audit log: rows against their seals, each seal against the one before, the chain against its anchors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg import Connection

from gisland.audit.anchors import Anchors
from gisland.audit.chain import START, Head, Row
from gisland.database.statements import statements

TOLD = 20
"""Faults that are told one by one; the others are counted."""
FETCH = 2000
SQL = statements("gisland.audit", "verify.sql")


class FaultKind(StrEnum):
    """What can be wrong."""

    CHANGED = "changed"
    SWAPPED = "swapped"
    MISSING = "missing"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    UNANCHORED = "unanchored"
    UNNOTED = "unnoted"


MEANINGS = {
    FaultKind.CHANGED: "dòng không khớp với mã băm · the row does not fit its hash",
    FaultKind.SWAPPED: "hai dòng đã đổi chỗ · two rows have changed places",
    FaultKind.MISSING: "thiếu dòng · a row is missing",
    FaultKind.INSERTED: "dòng chèn thêm ngoài chuỗi · a row beside the chain",
    FaultKind.TRUNCATED: "mất phần cuối: tệp neo biết nhiều hơn · the end is missing: something was there after it",
    FaultKind.REWRITTEN: "chuỗi khác với tệp neo · the chain differs from its anchor",
    FaultKind.UNANCHORED: "tệp neo thiếu hoặc hỏng · the anchors are missing or unreadable",
    FaultKind.UNNOTED: "tháng bị bỏ mà không ghi ai bỏ · months were dropped, and no event says by whom",
}


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, and where: a position of the chain, the id of an event, a line of the anchor file."""

    kind: FaultKind
    position: int | None = None
    event: int | None = None
    line: int | None = None


@dataclass
class Report:
    """What was found."""

    events: int = 0
    """Sealed events that were read."""
    head: Head | None = None
    anchors: int = 0
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    """The first of them."""
    unsealed: int = 0
    unsealed_since: datetime | None = None
    dropped: list[date] = field(default_factory=list)
    first_month: date | None = None

    def fault(self, kind: FaultKind, **where: int) -> None:
        """Note a fault."""
        self.fault_count += 1
        if len(self.faults) < TOLD:
            self.faults.append(Fault(kind, **where))


def verify(connection: Connection, anchors: Anchors) -> Report:
    """Compute the chain anew, from one snapshot of the database and with flat memory.

    Args:
        connection: as `gisland_app`, before its first statement.
        anchors: what the anchor file says.
    """
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    report = Report(anchors=len(anchors.lines))
    wanted: dict[int, set[bytes]] = {}
    for each in anchors.lines:
        wanted.setdefault(each.head.position, set()).add(each.head.hash)
    _Reading(report, wanted).read(connection)
    _end(connection, report)
    for number in anchors.unreadable:
        report.fault(FaultKind.UNANCHORED, line=number)
    if report.head is not None and not anchors.lines:
        report.fault(FaultKind.UNANCHORED)
    return report


class _Reading:
    """One pass along the chain."""

    def __init__(self, report: Report, wanted: dict[int, set[bytes]]) -> None:
        self.report = report
        self.wanted = wanted
        self.misfits: list[tuple[Row, bytes, bytes]] = []

    def read(self, connection: Connection) -> None:
        report = self.report
        position, before = self._beginning(connection)
        with connection.cursor(name="chain", binary=True) as cursor:
            cursor.itersize = FETCH
            for place, event, month, sealed, *columns in cursor.execute(SQL["chain"]):
                report.first_month = report.first_month or month
                if place != position + 1:
                    report.fault(FaultKind.MISSING, position=position + 1)
                    # What came between is unknown, and with it what this row was chained to.
                else:
                    self._row(place, event, month, sealed, columns, before)
                self._anchor(place, sealed)
                position, before = place, sealed
                report.events += 1
                report.head = Head(month, place, sealed)
        self._name_misfits()
        for place in sorted(each for each in self.wanted if each > position):
            report.fault(FaultKind.TRUNCATED, position=place)

    def _beginning(self, connection: Connection) -> tuple[int, bytes]:
        """The position and hash that the first row follows."""
        position, before = 0, START
        noted = True
        for month, last, kept, noted in connection.execute(SQL["dropped"]):  # noqa: B007 - that of the last one counts
            self.report.dropped.append(month)
            position, before = last, kept
            # None is dropped without its anchor; a file that was begun later cannot tell.
            if self.wanted and last >= min(self.wanted) and kept not in self.wanted.get(last, ()):
                self.report.fault(FaultKind.REWRITTEN, position=last)
        # The event came later than the month, so that of the last one is there; those of others may be dropped, too.
        if not noted:
            self.report.fault(FaultKind.UNNOTED, position=position)
        return position, before

    def _row(self, place: int, event: int, month: date, sealed: bytes, columns: Iterable[Any], before: bytes) -> None:
        row_id, *rest = columns
        if row_id is None:
            self.report.fault(FaultKind.MISSING, position=place, event=event)
            return
        row = Row(place, month, row_id, *rest)
        if row.hash(before) != sealed:
            if len(self.misfits) < TOLD:
                self.misfits.append((row, before, sealed))
            else:
                self.report.fault(FaultKind.CHANGED, position=place, event=event)

    def _anchor(self, place: int, sealed: bytes) -> None:
        if any(each != sealed for each in self.wanted.get(place, ())):
            self.report.fault(FaultKind.REWRITTEN, position=place)

    def _name_misfits(self) -> None:
        """Whether what does not fit here fits there."""
        for row, before, sealed in self.misfits:
            others = (other for other, _, _ in self.misfits if other is not row)
            swapped = any(
                other.in_place_of(row, renamed=renamed).hash(before) == sealed
                for other in others
                for renamed in (True, False)
            )
            kind = FaultKind.SWAPPED if swapped else FaultKind.CHANGED
            self.report.fault(kind, position=row.position, event=row.id)


def _end(connection: Connection, report: Report) -> None:
    """What stands beside the chain, and what waits to be sealed."""
    with connection.cursor(name="beside") as cursor:
        for (event,) in cursor.execute(SQL["beside"]):
            report.fault(FaultKind.INSERTED, event=event)
    row = connection.execute(SQL["tail"]).fetchone()
    assert row is not None
    report.unsealed, report.unsealed_since, floor, newest = row
    if floor > newest:
        report.fault(FaultKind.TRUNCATED, event=floor)
