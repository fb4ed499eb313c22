"""Undo beside other writers, what comes back through it, and what is not undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date

import pytest
from psycopg import Connection

from gisland.database import Role, connect, flush
from gisland.errors import Conflict
from gisland.registry import reshape, rights, undo
from gisland.registry.changes import Why
from gisland.registry.kinds import KINDS
from gisland.registry.parcels import DrawnParcel, renumber_parcel
from gisland.registry.records import etag, read
from gisland.registry.timeline import timeline
from gisland.registry.writing import Clerk, create, patch
from tests.factories import VAULT, make_holder, one
from tests.registry.land import BY, HALVES, WHY, Land, box, right_on

Open = Callable[[Role], Connection]
CLERK = Clerk(BY, VAULT)


class Undoing(threading.Thread):
    """An undo in a session of its own."""

    def __init__(self, land: Land, change: int) -> None:
        super().__init__(daemon=True)
        self.land, self.change = land, change
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.land.do(lambda c: undo.undo(c, self.change, WHY, by=BY))
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error

    def wait_for(self, other: Connection) -> None:
        """Until it waits for what the other session holds, or is done."""
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        end = time.monotonic() + 30
        with connect(self.land.settings, Role.APP) as connection:
            connection.autocommit = True  # within a transaction the view of activity stands still
            while self.is_alive() and not one(connection, blocked, other.info.backend_pid):
                assert time.monotonic() < end
                time.sleep(0.01)


def adjusted(land: Land) -> tuple[int, int]:
    """A change that alters a parcel, and the parcel."""
    new = [
        reshape.Redrawn(geometry=each, **land.seen(parcel).model_dump())
        for each, parcel in ((box(0, 0, 12, 10), land.west), (box(12, 0, 20, 10), land.east))
    ]
    return land.do(lambda c: reshape.adjust(c, new, WHY, by=BY)).change, land.west


def divided(land: Land) -> tuple[int, int]:
    """A change that makes a parcel, and the parcel: 4 m wide."""
    done = land.split(*HALVES)
    return done.change, done.parcels[0]


def patched(land: Land, parcel: int, connection: Connection) -> None:
    kind = KINDS["parcel"]
    body = kind.patch.model_validate({"change": WHY, "address": "ngõ 2"})
    patch(connection, kind, parcel, body, CLERK, if_match=etag(read(connection, kind, parcel)))


def relisted(land: Land, parcel: int, connection: Connection) -> None:
    kind = KINDS["parcel"]
    body = kind.patch.model_validate({"change": WHY, "land_uses": [{"land_type": "CLN"}]})
    patch(connection, kind, parcel, body, CLERK, if_match=etag(read(connection, kind, parcel)))


def divided_again(land: Land, parcel: int, connection: Connection) -> None:
    query = "SELECT ST_XMax(geom) - ST_XMin(geom) FROM registry.parcel WHERE id = %s"
    wide = one(connection, query, parcel)
    pieces = [DrawnParcel(geometry=box(*each)) for each in ((0, 0, 2, 10), (2, 0, wide, 10))]
    reshape.split(connection, land.seen(parcel), pieces, WHY, by=BY)


def mortgaged(land: Land, parcel: int, connection: Connection) -> None:
    """Only refers to the parcel: its row is as it was."""
    kind = KINDS["restriction"]
    values = {"change": WHY, "ward_id": land.ward, "parcel_id": parcel, "kind": "mortgage"}
    create(connection, kind, kind.new.model_validate(values), CLERK)


def newest(land: Land) -> int:
    return int(land.rows("SELECT max(id) FROM registry.change")[0][0])


Made = Callable[[Land], tuple[int, int]]
Later = Callable[[Land, int, Connection], None]


@pytest.mark.parametrize(
    ("made", "later"),
    [
        (adjusted, patched),
        (adjusted, divided_again),
        (divided, patched),
        (divided, relisted),
        (divided, divided_again),
        (divided, mortgaged),
    ],
)
def test_an_undo_sees_what_is_committed_while_it_begins(
    land: Land, open_connection: Open, made: Made, later: Later
) -> None:
    change, parcel = made(land)
    other = open_connection(Role.APP)
    later(land, parcel, other)
    undoing = Undoing(land, change)
    undoing.start()
    undoing.wait_for(other)
    flush(other)
    other.commit()
    undoing.join(60)
    assert isinstance(undoing.error, Conflict), undoing.error
    assert "stands on it" in str(undoing.error)
    assert land.rows("SELECT count(*) FROM registry.change WHERE kind = 'undo'") == [(0,)]


def test_an_undo_goes_on_when_the_other_session_gives_up(land: Land, open_connection: Open) -> None:
    change, parcel = divided(land)
    other = open_connection(Role.APP)
    divided_again(land, parcel, other)
    undoing = Undoing(land, change)
    undoing.start()
    undoing.wait_for(other)
    assert undoing.is_alive()
    other.rollback()
    undoing.join(60)
    assert undoing.error is None
    assert land.rows("SELECT id FROM registry.parcel WHERE retired_by IS NULL ORDER BY id") == [
        (land.west,),
        (land.east,),
    ]


# All states of the rows of lists, in the order in which they were.
STATES = """
    SELECT name, id, array_agg(version ORDER BY changed_by) FROM (
        SELECT 'land_use' AS name, id, version, changed_by FROM registry.land_use
         UNION ALL SELECT 'land_use', id, version, changed_by FROM history.land_use
         UNION ALL SELECT 'parcel_lineage', id, version, changed_by FROM registry.parcel_lineage
         UNION ALL SELECT 'parcel_lineage', id, version, changed_by FROM history.parcel_lineage
         UNION ALL SELECT 'parcel_number', id, version, changed_by FROM registry.parcel_number
         UNION ALL SELECT 'parcel_number', id, version, changed_by FROM history.parcel_number) states
     GROUP BY name, id HAVING count(*) > 1 ORDER BY 1, 2
"""


def test_rows_of_lists_that_come_back_go_on_counting(land: Land) -> None:
    """What was deleted comes back by the first undo; what was made goes by it and comes back by the second."""
    land.do(lambda c: relisted(land, land.west, c))
    listed = newest(land)
    renumbered = land.do(lambda c: renumber_parcel(c, land.seen(land.east), WHY, by=BY))[0]
    split = land.split(*HALVES).change
    for change in (split, renumbered, listed):
        again = land.do(lambda c, n=change: undo.undo(c, n, WHY, by=BY))  # type: ignore[misc]
        again = land.do(lambda c, n=again: undo.undo(c, n, WHY, by=BY))  # type: ignore[misc]
        land.do(lambda c, n=again: undo.undo(c, n, WHY, by=BY))  # type: ignore[misc]
    states = land.rows(STATES)
    assert {name for name, *_ in states} == {"land_use", "parcel_lineage", "parcel_number"}
    for name, row, versions in states:
        assert versions == list(range(1, len(versions) + 1)), (name, row)


def test_the_timeline_tells_of_a_row_that_went_and_came_back(land: Land) -> None:
    land.do(lambda c: relisted(land, land.west, c))
    change = newest(land)
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    told = [
        [(entry.action, entry.fields["land_type"]) for entry in event.entries if entry.record == "land_use"]
        for event in land.do(lambda c: timeline(c, land.west))[-2:]
    ]
    assert told == [
        [("deleted", ("ODT", None)), ("created", (None, "CLN"))],
        [("created", (None, "ODT")), ("deleted", ("CLN", None))],
    ]


def test_a_right_of_the_past_is_not_undone(land: Land) -> None:
    holder = land.do(lambda c: make_holder(c, land.ward, "Lê Văn Xưa"))
    on, right = rights.Held(parcel_id=land.west), rights.NewRight(holder_id=holder)
    days = date(1990, 1, 1), date(2004, 5, 6)
    change, made = land.do(lambda c: rights.enter_historic_right(c, on, right, *days, WHY, by=BY))
    with pytest.raises(Conflict, match=r"dữ liệu lịch sử không huỷ được.*historic data are not undone") as refused:
        land.do(lambda c: undo.undo(c, change, Why(reason="nhầm"), by=BY))
    assert refused.value.where["change"] == change
    assert refused.value.hint is not None
    assert "/holdings/" in refused.value.hint
    # It is as it was, and what is in force too.
    assert land.rows("SELECT version, valid_to FROM registry.holding WHERE id = %s", made) == [(1, days[1])]
    assert right_on(land, land.west)


UNINDEXED = """
    SELECT schema || '.' || name FROM history.tables(), unnest(ARRAY['registry', 'history']) schema
     WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass(schema || '.' || name) AND indpred IS NULL
                          AND indkey[0] = (SELECT attnum FROM pg_attribute
                                            WHERE attrelid = indrelid AND attname = 'changed_by'))
"""


def test_rows_of_a_change_are_found_by_an_index(land: Land) -> None:
    assert land.rows(UNINDEXED) == []
    many = """
        INSERT INTO registry.land_use (parcel_id, seq, land_type)
        SELECT %s, seq, 'CLN' FROM generate_series(2, 20000) seq
    """
    land.do(lambda c: c.execute(many, [land.west]))
    change = land.split(*HALVES).change
    with connect(land.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("ANALYZE registry.land_use")
        query = "EXPLAIN SELECT id FROM registry.land_use WHERE changed_by = %s"
        plan = "\n".join(row[0] for row in connection.execute(query, [change]))
    assert "land_use_changed_by" in plan
