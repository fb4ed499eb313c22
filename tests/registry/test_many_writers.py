"""Fifty writers at once on a few records: nothing is lost, who comes second is told so, no deadlock comes to light."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from psycopg import Connection, sql

from gisland.database import pooled_acts, run
from gisland.errors import Conflict, PreconditionFailed
from gisland.publish.refreshing import refresh_late
from gisland.registry.changes import Why
from gisland.registry.kinds import KINDS
from gisland.registry.move import SheetMove, move_sheet
from gisland.registry.parcels import renumber_parcel
from gisland.registry.records import etag, read
from gisland.registry.reshape import Redrawn, adjust
from gisland.registry.seen import Seen
from gisland.registry.writing import Clerk, act, patch
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import VAULT, add_evidence, make_holder, make_holding, make_parcel, make_sheet, make_ward
from tests.publish.test_incremental import content
from tests.registry.land import BY, Land, box, make_land

WRITERS, ROUNDS = 50, 3
CLERK = Clerk(BY, VAULT)
Record = tuple[str, int]
Act = Callable[[Connection], object]


@pytest.fixture
def land(begun: Settings) -> Iterator[Land]:
    """Land in a database of its own: nobody else needs the sessions of fifty writers."""
    with clone_of(begun) as settings, pooled_acts(settings, WRITERS):
        land = make_land(settings)
        with land.opened:
            yield land


class Writer(threading.Thread):
    """In each round it looks at a record, waits until all have looked, and writes what it has in mind."""

    def __init__(self, land: Land, number: int, records: list[Record], barrier: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.land, self.number, self.barrier = land, number, barrier
        self.kind, self.id = records[number % len(records)]
        # Some write without looking, the rights of both holders in either order: they meet in a circle.
        self.blind = self.kind == "holder" and number % 4 == 0
        self.kept: list[str] = []
        self.refused = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for number in range(ROUNDS):
                # Each says another reason: by it a change is known.
                reason = f"writer {self.number}, round {number}"
                seen = run(self.land.settings, lambda c: read(c, KINDS[self.kind], self.id))
                self.barrier.wait(60)
                try:
                    act(self.land.settings, self.plan(number, Why(reason=reason), etag(seen), seen["version"]))
                    self.kept.append(reason)
                except PreconditionFailed:
                    self.refused += 1
                self.barrier.wait(60)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error
            self.barrier.abort()

    def plan(self, number: int, why: Why, tag: str, version: int) -> Act:
        """What to do, on what was seen."""
        if self.blind:
            return self.all_rights
        way = (self.number + number) % 3
        if self.kind == "parcel" and way == 0:
            return lambda c: renumber_parcel(c, Seen(id=self.id, version=version), why, by=BY)
        if self.kind == "parcel" and way == 1:
            said: dict[str, object] = {"land_uses": [{"land_type": "CLN", "area_m2": self.number + 1}]}
        else:
            said = {"address": f"{self.number}/{number}"}
        body = KINDS[self.kind].patch.model_validate({"change": why, **said})
        return lambda c: patch(c, KINDS[self.kind], self.id, body, CLERK, if_match=tag)

    def all_rights(self, connection: Connection) -> None:
        """Evidence on a holder, and a word on each right."""
        order = sql.SQL("DESC" if self.number % 8 else "ASC")
        rights = connection.execute(sql.SQL("SELECT id FROM registry.holding ORDER BY id {}").format(order)).fetchall()
        add_evidence(connection, self.id, "verified")
        for right in rights:
            connection.execute("UPDATE registry.holding SET reason = reason || '.' WHERE id = %s", right)
            connection.execute("SELECT pg_sleep(0.01)")


def records_of(land: Land) -> list[Record]:
    """Three parcels and two holders, each of whom holds two of these: what changes a holder touches both."""

    def work(connection: Connection) -> list[Record]:
        third = make_parcel(connection, land.ward, land.sheet, "3")
        other = make_holder(connection, land.ward, national_id="999190000002")
        for parcel in (land.east, third):
            make_holding(connection, land.ward, parcel, other)
        return [
            ("parcel", land.west),
            ("holder", land.holder),
            ("parcel", third),
            ("holder", other),
            ("parcel", land.east),
        ]

    return run(land.settings, work)


def test_no_update_is_lost_and_no_deadlock_comes_to_light(land: Land) -> None:
    records = records_of(land)
    before = {record: version_of(land, record) for record in records}
    barrier = threading.Barrier(WRITERS)
    writers = [Writer(land, number, records, barrier) for number in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(120)
    errors = [each.error for each in writers if each.error is not None]
    assert not [error for error in errors if not isinstance(error, threading.BrokenBarrierError)]
    assert not errors
    correctors = [each for each in writers if not each.blind]
    kept = Counter(dict.fromkeys(records, 0))
    for each in correctors:
        kept[each.kind, each.id] += len(each.kept)
    # All have seen the same state: of those who correct a record exactly one comes first in each round.
    assert kept == dict.fromkeys(records, ROUNDS)
    for record in records:
        assert version_of(land, record) == before[record] + ROUNDS
        told = {reason for each in correctors if (each.kind, each.id) == record for reason in each.kept}
        assert reasons_of(land, record, before[record]) == told
    # Deadlocks were done anew, as often as they were met: all that was to be written is there, once.
    blind = [each for each in writers if each.blind]
    assert {(len(each.kept), each.refused) for each in blind} == {(ROUNDS, 0)}
    assert land.rows("SELECT count(*) FROM verification.evidence") == [(len(blind) * ROUNDS,)]
    assert set(land.rows("SELECT length(reason), version FROM registry.holding")) == {
        (len(blind) * ROUNDS, len(blind) * ROUNDS + 1)
    }
    refresh_late(land.settings)
    assert content(land.settings) == content(land.settings, of_views=True)


def version_of(land: Land, record: Record) -> int:
    kind, record_id = record
    return int(land.rows(f"SELECT version FROM registry.{kind} WHERE id = %s", record_id)[0][0])


def reasons_of(land: Land, record: Record, after: int) -> set[str]:
    """Why each state of a record after that version came to be; there is one state of each version."""
    kind, record_id = record
    states = land.rows(
        f"SELECT version, reason FROM (SELECT id, version, changed_by FROM registry.{kind} UNION ALL"
        f" SELECT id, version, changed_by FROM history.{kind}) states JOIN registry.change ON change.id = changed_by"
        " WHERE states.id = %s AND version > %s ORDER BY version",
        record_id,
        after,
    )
    assert [version for version, _ in states] == list(range(after + 1, after + 1 + len(states)))
    return {reason for _, reason in states}


class Surveyor(threading.Thread):
    """Draws a boundary anew, or moves a parcel to the other sheet, until it was done as often as it is to be.

    `sheets` says of each sheet to which ward and sheet its parcels go.
    """

    def __init__(self, land: Land, number: int, sheets: dict[int, tuple[str, int]]) -> None:
        super().__init__(daemon=True)
        self.land, self.number, self.sheets = land, number, sheets
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for done in range(ROUNDS):
                while not self.has_done(done):
                    pass
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error

    def has_done(self, done: int) -> bool:
        """Whether nobody else was faster."""
        seen = {id_: (Seen(id=id_, version=version), sheet) for id_, version, sheet in run(self.land.settings, placed)}
        try:
            if self.number % 2 == 0:
                parcel, sheet = seen[self.land.west if self.number % 4 else self.land.east]
                code, there = self.sheets[sheet]
                move = SheetMove(id=sheet, version=1, ward_code=code, to_sheet=there, parcels=(parcel,))
                run(self.land.settings, lambda c: move_sheet(c, move, Why(reason="move"), by=BY))
            else:
                pair = [seen[self.land.west][0], seen[self.land.east][0]][:: self.number % 4 - 2]
                edge = 9 + (self.number + done) % 3
                drawn = {self.land.west: box(0, 0, edge, 10), self.land.east: box(edge, 0, 20, 10)}
                redrawn = [Redrawn(**each.model_dump(), geometry=drawn[each.id]) for each in pair]
                run(self.land.settings, lambda c: adjust(c, redrawn, Why(reason="adjust"), by=BY))
        except (PreconditionFailed, Conflict):
            return False
        return True


def placed(connection: Connection) -> list[tuple[int, int, int]]:
    return connection.execute("SELECT id, version, map_sheet_id FROM registry.parcel").fetchall()


def test_acts_on_several_parcels_sheets_and_wards_meet(land: Land) -> None:
    """Boundaries named in either order, parcels that go back and forth: each is done, once."""
    other = land.do(lambda c: make_sheet(c, make_ward(c, "11302"), "7"))
    sheets = {land.sheet: ("11302", other), other: ("11311", land.sheet)}
    surveyors = [Surveyor(land, number, sheets) for number in range(12)]
    for each in surveyors:
        each.start()
    for each in surveyors:
        each.join(120)
    assert [each.error for each in surveyors if each.error is not None] == []
    assert not any(each.is_alive() for each in surveyors)
    # Of 12, three move the western parcel, three the eastern one, six draw both; three times each.
    states = {id_: (version, sheet) for id_, version, sheet in land.do(placed)}
    assert states == dict.fromkeys((land.west, land.east), (1 + 9 + 18, other))
    kinds = Counter(land.rows("SELECT kind FROM registry.change WHERE reason IN ('move', 'adjust')"))
    assert kinds == {("reform",): 18, ("adjust",): 18}
    assert land.rows("SELECT sum(area_m2)::int FROM registry.parcel") == [(200,)]
    astray = "SELECT FROM registry.holding h JOIN registry.parcel p ON p.id = parcel_id WHERE p.ward_id <> h.ward_id"
    assert land.rows(astray) == []
    refresh_late(land.settings)
    assert content(land.settings) == content(land.settings, of_views=True)
