"""The story of a parcel, told from its history."""

from __future__ import annotations

from urllib.parse import parse_qsl

import shapely
from psycopg import Connection

from gisland.database import run
from gisland.registry import reshape, rights, undo
from gisland.registry.changes import Why
from gisland.registry.kinds import KINDS
from gisland.registry.parcels import DrawnParcel, renumber_parcel
from gisland.registry.records import read
from gisland.registry.timeline import Event, timeline
from gisland.settings import Settings
from tests.factories import add_evidence, make_certificate, make_holder, one
from tests.registry.land import BY, HALVES, Land, box, right_on


def area_then(land: Land, parcel: int, version: int) -> float:
    """The area of a parcel as its geometry is read as of a data version."""
    then = land.do(lambda c: read(c, KINDS["parcel"], parcel, as_of=version, geometry="sheet"))
    return float(shapely.geometry.shape(then["geometry"]).area)


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


def test_a_boundary_before_and_after_is_told_with_its_areas(land: Land) -> None:
    """Where it is read, as of the versions before and after: what is read there is what was."""
    wider, narrower = (
        reshape.Redrawn(**land.seen(parcel).model_dump(), geometry=shape)
        for parcel, shape in ((land.west, box(0, 0, 12, 10)), (land.east, box(12, 0, 20, 10)))
    )
    land.do(lambda c: reshape.adjust(c, [wider, narrower], Why(reason="sai ranh"), by=BY))
    event = told(land.settings, land.west)[-1]
    (entry,) = [each for each in event.entries if each.record == "parcel"]
    assert entry.fields["area_m2"] == (100, 120)
    areas = []
    for place in entry.fields["boundary"]:
        path, _, query = place.partition("?")
        asked = dict(parse_qsl(query))
        kind, record = path.split("/")
        assert (kind, int(record), asked["geometry"]) == ("parcels", land.west, "sheet")
        areas.append(area_then(land, land.west, int(asked["as_of"])))
    assert areas == [100, 120]


def test_what_is_on_its_certificate_and_on_its_flats_is_told(land: Land) -> None:
    """A seizure of the certificate, a mortgage and an owner of a flat; not what is on the other parcel of it."""

    def made(query: str, *values: object) -> int:
        return int(land.do(lambda c: one(c, query, *values)))

    ids: dict[str, int] = {}
    add = "INSERT INTO registry.{} VALUES ({}) RETURNING id"
    paper = land.do(lambda c: make_certificate(c, land.ward, "AB 123456", land.west))
    also = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s) RETURNING id"
    made(also, paper, land.east)
    owner = land.do(lambda c: make_holder(c, land.ward, "Bà Căn Hộ", "999190000077"))
    tower = made(add.format("asset (ward_id, kind)", "%s, 'apartment_building'"), land.ward)
    made(add.format("asset_parcel (asset_id, parcel_id)", "%s, %s"), tower, land.west)
    flat = made(add.format("asset (ward_id, kind, parent_id)", "%s, 'apartment', %s"), land.ward, tower)
    right = "holding (ward_id, asset_id, holder_id, role, created_by)"
    places = "%s, %s, %s, 'certificate_holder', registry.current_change()"
    ids["holding"] = made(add.format(right, places), land.ward, flat, owner)
    loan = "restriction (ward_id, asset_id, kind)"
    ids["mortgage"] = made(add.format(loan, "%s, %s, 'mortgage'"), land.ward, flat)
    seizure = "restriction (ward_id, certificate_id, kind)"
    ids["seizure"] = made(add.format(seizure, "%s, %s, 'seizure'"), land.ward, paper)
    lease = "restriction (ward_id, parcel_id, certificate_id, kind)"
    other = made(add.format(lease, "%s, %s, %s, 'lease'"), land.ward, land.east, paper)
    scan = made(add.format("document (ward_id, kind)", "%s, 'GCN'"), land.ward)
    made(add.format("document_link (document_id, certificate_id)", "%s, %s"), scan, paper)
    land.do(lambda c: c.execute("UPDATE registry.document SET pages = 4 WHERE id = %s", [scan]))

    events = told(land.settings, land.west)
    seen = {(entry.record, entry.id): entry for event in events for entry in event.entries}
    assert {
        ("holding", ids["holding"]),
        ("restriction", ids["mortgage"]),
        ("restriction", ids["seizure"]),
    } <= seen.keys()
    assert seen["holding", ids["holding"]].fields["holder"] == (None, "Bà Căn Hộ")
    assert {("holder", owner), ("asset", flat), ("document", scan)} <= seen.keys()
    assert events[-1].entries[0].fields == {"pages": (None, 4)}
    assert ("restriction", other) not in seen
    assert "999190000077" not in repr(events)
    # The neighbour hears of its lease and of the seizure, not of the flat.
    beside = {(entry.record, entry.id) for event in told(land.settings, land.east) for entry in event.entries}
    assert {("restriction", other), ("restriction", ids["seizure"])} <= beside
    assert beside.isdisjoint({("holding", ids["holding"]), ("restriction", ids["mortgage"]), ("holder", owner)})
