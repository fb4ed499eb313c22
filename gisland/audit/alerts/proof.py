"""The chain is proven again and again, a piece at a time, so that a break is told of without anybody asking.

`gisland audit verify` proves all of it at once. Here each piece costs some tenths of a second, and when the end is
reached it begins anew. What a piece holds: rows against their seals, seals against their predecessors, no event beside
the chain, the anchors that lie in it; and each time, that there are anchors, and that the end is not shorter than the
newest of them says.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from psycopg import Connection

from gisland.audit.alerts.store import Breach
from gisland.audit.anchors import newest_anchor, read_anchors
from gisland.audit.chain import START, Row
from gisland.audit.verify import FaultKind
from gisland.database.statements import statements

PIECE = 5_000
SQL = statements("gisland.audit.alerts", "proof.sql")


class Round:
    """One way along the chain after the other. Begins anew when the worker does.

    Args:
        anchors: the file of the anchors.
    """

    def __init__(self, anchors: Path) -> None:
        self._file = anchors
        self._begun = False
        self._position, self._hash, self._event = 0, START, 0
        self._wanted: dict[int, set[bytes]] = {}
        self._bare = False

    def step(self, connection: Connection, most: int = PIECE) -> list[Breach]:
        """Prove the next piece, from one snapshot.

        Args:
            connection: as `gisland_app`, without an open transaction.
            most: seals at a time.

        Returns:
            What is wrong, each kind of fault once.
        """
        faults: Counter[tuple[FaultKind, int]] = Counter()
        # Before the database: what is sealed while it is read is there then.
        newest = newest_anchor(self._file)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            if newest is None:
                self._without_anchor(connection, faults)
            else:
                self._bare = False
                found = connection.execute(SQL["seal"], [newest.head.position]).fetchone()
                dropped = connection.execute(SQL["dropped"]).fetchone() or (0, START)
                if found is None and newest.head.position > dropped[0]:
                    faults[FaultKind.TRUNCATED, newest.head.position] += 1
                elif found is not None and found[0] != newest.head.hash:
                    faults[FaultKind.REWRITTEN, newest.head.position] += 1
            if connection.execute(SQL["cut"]).fetchone() == (True,):
                faults[FaultKind.TRUNCATED, 0] += 1
            if not self._begun:
                for line in self._begin(connection):
                    faults[FaultKind.UNANCHORED, line] += 1
            self._piece(connection, faults, most)
        if not self._begun:
            connection.execute(SQL["proven"], [self._position])
        return _breaches(faults)

    def _without_anchor(self, connection: Connection, faults: Counter[tuple[FaultKind, int]]) -> None:
        """No anchor is a fault when seals were there at the last step, too: the first comes just after its seal."""
        sealed = connection.execute(SQL["sealed"]).fetchone() == (True,)
        if sealed and self._bare:
            faults[FaultKind.UNANCHORED, 0] += 1
        self._bare = sealed

    def _begin(self, connection: Connection) -> list[int]:
        """Begin anew. Returns the numbers of lines of the file that are no anchors."""
        anchors = read_anchors(self._file)
        wanted: dict[int, set[bytes]] = {}
        for each in anchors.lines:
            wanted.setdefault(each.head.position, set()).add(each.head.hash)
        self._position, self._hash = connection.execute(SQL["dropped"]).fetchone() or (0, START)
        self._event, self._begun, self._wanted = 0, True, wanted
        return anchors.unreadable

    def _piece(self, connection: Connection, faults: Counter[tuple[FaultKind, int]], most: int) -> None:
        dropped = connection.execute(SQL["dropped"]).fetchone() or (0, START)
        if dropped[0] > self._position:
            self._begin(connection)
        rows = connection.execute(SQL["piece"], [self._position, most], binary=True).fetchall()
        newest = self._event
        for place, event, month, sealed, row_id, *columns in rows:
            if place != self._position + 1 or row_id is None:
                faults[FaultKind.MISSING, place] += 1
            elif Row(place, month, row_id, *columns).hash(self._hash) != sealed:
                faults[FaultKind.CHANGED, place] += 1
            if any(each != sealed for each in self._wanted.get(place, ())):
                faults[FaultKind.REWRITTEN, place] += 1
            self._position, self._hash = place, sealed
            newest = max(newest, event)
        if beside := connection.execute(SQL["beside"], [self._event, newest]).fetchall():
            faults[FaultKind.INSERTED, beside[0][0]] += len(beside)
        self._event = newest
        if len(rows) < most:
            # The end; what comes after it is for the next round.
            self._begun = False


def _breaches(faults: Counter[tuple[FaultKind, int]]) -> list[Breach]:
    now = datetime.now(UTC)
    first: dict[FaultKind, int] = {}
    amounts: Counter[FaultKind] = Counter()
    for (kind, place), amount in faults.items():
        first.setdefault(kind, place)
        amounts[kind] += amount
    return [Breach(kind.value, now, now, amounts[kind], {"first": place}) for kind, place in first.items()]
