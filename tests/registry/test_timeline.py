"""The story of a parcel, told from its history."""

from __future__ import annotations

from psycopg import Connection

from gisland.database import run
from gisland.registry import reshape, rights, undo
from gisland.registry.changes import Why
from gisland.registry.parcels import DrawnParcel, renumber_parcel
from gisland.registry.timeline import Event, timeline
from gisland.settings import Settings
from tests.factories import add_evidence, make_holder
from tests.registry.land import BY, HALVES, Land, right_on


def told(settings: Settings, parcel: int) -> list[Event]:
    return run(settings, lambda c: timeline(c, parcel))


def test_who_changed_what_why_before_and_after(land: Land) -> None:
    why = Why(reason="sai số thửa")
    land.do(lambda c: renumber_parcel(c, land.seen(land.west), why, by="account:lan"))
    land.do(lambda c: c.execute("UPDATE registry.parcel SET address = 'ngõ 2' WHERE id = %s", [land.west]))
    events = told(land.settings, land.west)
    assert [event.kind for event in events[-2:]] == ["renumber", "direct"]
    renumbered = events[-2]
    assert (renumbered.reason, renumbered.by) == ("sai số thửa", "account:lan")
    entries = {entry.record: entry for entry in renumbered.entries}
    assert entries["parcel"].fields == {"parcel_no": ("1", "3")}
    assert (entries["parcel_number"].action, entries["parcel_number"].fields["parcel_no"]) == ("created", (None, "1"))
    assert events[-1].entries[0].fields == {"address": ("", "ngõ 2")}
    versions = [event.data_version for event in events]
    assert None not in versions
    assert versions == sorted(versions)  # type: ignore[type-var]


def test_holders_have_names_and_no_ids(land: Land) -> None:
    buyer = land.do(lambda c: make_holder(c, land.ward, "Lê Văn Mua", "999190000055"))
    ending, beginning = [right_on(land, land.west)], [rights.NewRight(holder_id=buyer)]
    on = rights.Held(parcel_id=land.west)
    land.do(lambda c: rights.transfer(c, on, ending, beginning, Why(reason="bán"), by=BY))
    land.do(lambda c: add_evidence(c, buyer, "verified"))
    events = told(land.settings, land.west)
    sold, verified = events[-2:]
    held = [entry for entry in sold.entries if entry.record == "holding"]
    assert {entry.action for entry in held} == {"created", "changed"}
    assert [e.fields["holder"] for e in held if e.action == "created"] == [(None, "Lê Văn Mua")]
    assert verified.entries[0].fields["result"] == (None, "verified")
    text = repr(events)
    assert "999190000055" not in text
    assert not [word for word in ("id_cipher", "id_hash", "name_key") if word in text]


def test_split_undo_and_boundary(land: Land) -> None:
    pieces = [DrawnParcel(geometry=each) for each in HALVES]
    done = land.do(lambda c: reshape.split(c, land.seen(land.west), pieces, Why(reason="tách"), by=BY))
    land.do(lambda c: undo.undo(c, done.change, Why(reason="nhầm"), by=BY))
    events = told(land.settings, land.west)
    assert [event.kind for event in events[-2:]] == ["split", "undo"]
    assert events[-1].undoes == done.change
    lineage = [[(e.record, e.action) for e in event.entries if e.record == "parcel_lineage"] for event in events[-2:]]
    assert lineage == [[("parcel_lineage", "created")] * 2, [("parcel_lineage", "deleted")] * 2]
    child = told(land.settings, done.parcels[0])
    assert [event.kind for event in child] == ["split", "undo"]

    def move(connection: Connection) -> None:
        connection.execute("UPDATE registry.parcel SET geom = ST_Translate(geom, 0.5, 0) WHERE id = %s", [land.east])

    land.do(move)
    assert set(told(land.settings, land.east)[-1].entries[0].fields) == {"boundary"}
