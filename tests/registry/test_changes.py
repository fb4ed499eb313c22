"""Split, merge, boundary, numbers, rights, certificates and undo, one act each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import Role, connect
from gisland.errors import Conflict, InputError, NotFound, PreconditionFailed, UsageError
from gisland.registry import reshape, rights, undo
from gisland.registry.fields import Shape
from gisland.registry.parcel_code import METHOD_VERSION
from gisland.registry.parcels import DrawnParcel, renumber_parcel, retire_parcel
from gisland.registry.schemas import LandUse
from gisland.registry.seen import Seen
from tests.factories import EAST, make_change, make_holder, make_holding, make_parcel, one
from tests.registry.land import BY, HALVES, WHY, Land, box, right_on


def test_split(land: Land) -> None:
    done = land.split(*HALVES)
    assert done.balance["difference_m2"] == 0
    numbers = land.rows("SELECT id, parcel_no, area_m2 FROM registry.parcel WHERE retired_by IS NULL ORDER BY id")
    assert numbers == [(land.east, "2", 100), (done.parcels[0], "3", 40), (done.parcels[1], "4", 60)]
    assert land.rows("SELECT retired_by = %s FROM registry.parcel WHERE id = %s", done.change, land.west) == [(True,)]
    held = land.rows("SELECT holder_id FROM registry.holding WHERE parcel_id = ANY (%s)", done.parcels)
    assert held == [(land.holder,)] * 2
    assert land.rows(
        "SELECT count(*) FROM registry.holding WHERE retired_by IS NULL AND parcel_id = %s", land.west
    ) == [(0,)]
    # How much of each type lies where is not known.
    uses = land.rows("SELECT land_type, area_m2 FROM registry.land_use WHERE parcel_id = ANY (%s)", done.parcels)
    assert uses == [("ODT", None)] * 2
    descendants = land.rows("SELECT descendant_id FROM registry.descendants(%s) ORDER BY 1", land.west)
    assert [row[0] for row in descendants] == done.parcels
    codes = land.rows("SELECT parcel_code, parcel_code_method FROM registry.parcel WHERE id = ANY (%s)", done.parcels)
    assert len(set(codes)) == 2
    assert all(code and method == METHOD_VERSION for code, method in codes)
    shown = land.rows("SELECT array_agg(id ORDER BY id) FROM published.parcels", role=Role.PUBLIC)
    assert shown == [([land.east, *done.parcels],)]


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ((box(0, 0, 4, 10), box(4.1, 0, 10, 10)), "a gap: 1.00 m²"),
        ((box(0, 0, 4.1, 10), box(4, 0, 10, 10)), "an overlap: 1.00 m²"),
        ((box(0, 0, 4, 10), box(4, 0, 10.1, 10)), "beyond the old parcels"),
        ((box(0, 0, 4, 10), box(5, 0, 5, 10)), "invalid|no polygon"),
    ],
)
def test_pieces_that_are_not_the_ground_are_refused(land: Land, pieces: tuple[Shape, Shape], message: str) -> None:
    with pytest.raises(InputError, match=message):
        land.split(*pieces)
    assert land.rows("SELECT count(*) FROM registry.change WHERE kind = 'split'") == [(0,)]


def test_a_difference_within_the_tolerance_is_stated(land: Land) -> None:
    done = land.split(box(0, 0, 4, 10), box(4.005, 0, 10, 10))
    assert done.balance["difference_m2"] == pytest.approx(-0.05)
    detail = land.rows("SELECT detail ->> 'difference_m2' FROM registry.change WHERE id = %s", done.change)
    assert float(detail[0][0]) == pytest.approx(-0.05)


def test_own_land_uses_numbers_and_codes_of_pieces(land: Land) -> None:
    uses = (LandUse(land_type="CLN"), LandUse(land_type="ODT"))
    pieces = [
        DrawnParcel(geometry=HALVES[0], parcel_no="50", land_uses=uses, parcel_code="w7eyew652jvm"),
        DrawnParcel(geometry=HALVES[1]),
    ]
    done = land.do(lambda c: reshape.split(c, land.seen(land.west), pieces, WHY, by=BY))
    query = "SELECT parcel_no, parcel_code, parcel_code_method FROM registry.parcel WHERE id = %s"
    assert land.rows(query, done.parcels[0]) == [("50", "w7eyew652jvm", None)]
    query = "SELECT parcel_no FROM registry.parcel WHERE id = %s"
    assert land.rows(query, done.parcels[1]) == [("51",)]
    query = "SELECT land_type FROM registry.land_use WHERE parcel_id = %s ORDER BY seq"
    assert land.rows(query, done.parcels[0]) == [("CLN",), ("ODT",)]


def test_a_number_that_is_taken_is_refused(land: Land) -> None:
    pieces = [DrawnParcel(geometry=HALVES[0], parcel_no="2"), DrawnParcel(geometry=HALVES[1])]
    with pytest.raises(Conflict, match="taken"):
        land.do(lambda c: reshape.split(c, land.seen(land.west), pieces, WHY, by=BY))


def test_merge(land: Land) -> None:
    seen = [land.seen(land.west), land.seen(land.east)]
    done = land.do(lambda c: reshape.merge(c, seen, None, WHY, by=BY))
    (made,) = done.parcels
    assert land.rows("SELECT parcel_no, area_m2 FROM registry.parcel WHERE retired_by IS NULL") == [("3", 200)]
    assert land.rows("SELECT holder_id FROM registry.holding WHERE retired_by IS NULL") == [(land.holder,)]
    assert land.rows("SELECT land_type, area_m2 FROM registry.land_use WHERE parcel_id = %s", made) == [("ODT", 200)]
    ancestors = land.rows("SELECT ancestor_id FROM registry.ancestors(%s) ORDER BY 1", made)
    assert [row[0] for row in ancestors] == [land.west, land.east]


def test_merge_of_what_different_people_hold_is_refused(land: Land) -> None:
    land.do(lambda c: make_holding(c, land.ward, land.east, make_holder(c, land.ward, "Trần Thị Khác")))
    with pytest.raises(Conflict, match="different people"):
        land.do(lambda c: reshape.merge(c, [land.seen(land.west), land.seen(land.east)], None, WHY, by=BY))


def test_merge_of_parcels_apart_is_refused(land: Land) -> None:
    far = land.do(lambda c: make_parcel(c, land.ward, land.sheet, "9", east=EAST + 500))
    land.do(lambda c: make_holding(c, land.ward, far, land.holder))
    with pytest.raises(Conflict, match="do not touch"):
        land.do(lambda c: reshape.merge(c, [land.seen(land.west), land.seen(far)], None, WHY, by=BY))


def test_adjust(land: Land) -> None:
    def redrawn(parcel: int, geometry: Shape) -> reshape.Redrawn:
        return reshape.Redrawn(geometry=geometry, **land.seen(parcel).model_dump())

    new = [redrawn(land.west, box(0, 0, 12, 10)), redrawn(land.east, box(12, 0, 20, 10))]
    land.do(lambda c: reshape.adjust(c, new, WHY, by=BY))
    assert land.rows("SELECT parcel_no, area_m2 FROM registry.parcel ORDER BY id") == [("1", 120), ("2", 80)]
    wrong = [redrawn(land.west, box(0, 0, 13, 10)), redrawn(land.east, box(12, 0, 20, 10))]
    with pytest.raises(InputError, match="overlap"):
        land.do(lambda c: reshape.adjust(c, wrong, WHY, by=BY))


def test_renumber_keeps_the_old_number_findable(land: Land) -> None:
    _, number = land.do(lambda c: renumber_parcel(c, land.seen(land.west), WHY, by=BY))
    assert number == "3"
    query = "SELECT series, sheet_no, parcel_no FROM registry.parcel_number WHERE parcel_id = %s"
    assert land.rows(query, land.west) == [("regular", "1", "1")]
    with pytest.raises(Conflict, match="taken"):
        land.do(lambda c: renumber_parcel(c, land.seen(land.west), WHY, by=BY, parcel_no="2"))


def test_retire(land: Land) -> None:
    land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    assert land.rows(
        "SELECT count(*) FROM registry.holding WHERE parcel_id = %s AND retired_by IS NULL", land.west
    ) == [(0,)]
    with pytest.raises(Conflict, match="retired"):
        land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    insert = "INSERT INTO registry.restriction (ward_id, parcel_id, kind) VALUES (%s, %s, 'mortgage')"
    land.do(lambda c: c.execute(insert, [land.ward, land.east]))
    with pytest.raises(Conflict, match="restriction"):
        land.do(lambda c: retire_parcel(c, land.seen(land.east), WHY, by=BY))


def test_the_second_writer_hears_of_both_versions(land: Land) -> None:
    seen = land.seen(land.west)
    land.do(lambda c: renumber_parcel(c, seen, WHY, by=BY))
    with pytest.raises(PreconditionFailed) as refused:
        land.do(lambda c: renumber_parcel(c, seen, WHY, by=BY))
    assert (refused.value.where["given_version"], refused.value.where["current_version"]) == (1, 2)
    with pytest.raises(NotFound):
        land.do(lambda c: renumber_parcel(c, Seen(id=10**12, version=1), WHY, by=BY))


def test_transfer(land: Land) -> None:
    names = ("Lê Văn Mua", "Phạm Thị Mua")
    buyers = land.do(lambda c: [make_holder(c, land.ward, name) for name in names])
    on, ending = rights.Held(parcel_id=land.west), [right_on(land, land.west)]
    new = [rights.NewRight(holder_id=each, share=rights.Share(num=1, den=2)) for each in buyers]
    change, made = land.do(lambda c: rights.transfer(c, on, ending, new, WHY, by=BY))
    held = land.rows(
        "SELECT id, holder_id FROM registry.holding WHERE parcel_id = %s AND retired_by IS NULL", land.west
    )
    assert held == list(zip(made, buyers, strict=True))
    ended = land.rows("SELECT valid_to FROM registry.holding WHERE retired_by = %s", change)
    assert ended == [(date.today(),)]  # noqa: DTZ011
    with pytest.raises(Conflict, match="has ended"):
        land.do(lambda c: rights.transfer(c, on, [ending[0].model_copy(update={"version": 2})], [], WHY, by=BY))
    with pytest.raises(Conflict, match="sum to 1"):
        land.do(lambda c: rights.transfer(c, on, [right_on(land, land.west)], [], WHY, by=BY))
    with pytest.raises(UsageError):
        land.do(lambda c: rights.transfer(c, on, [], [], WHY, by=BY))


def test_a_right_of_the_past_does_not_colour_the_present(land: Land) -> None:
    on = rights.Held(parcel_id=land.west)
    past = rights.NewRight(holder_id=land.do(lambda c: make_holder(c, land.ward, "Cụ Trước", "999150000009")))
    days = date(1990, 1, 1), date(2004, 5, 6)
    _, made = land.do(lambda c: rights.enter_historic_right(c, on, past, *days, WHY, by=BY))
    row = land.rows("SELECT valid_from, valid_to, retired_by = created_by FROM registry.holding WHERE id = %s", made)
    assert row == [(*days, True)]
    with connect(land.settings, Role.STAFF) as connection:
        query = "SELECT holder_names FROM published_staff.parcels_staff WHERE id = %s"
        assert one(connection, query, land.west) == "Nguyễn Văn Thử"
    with pytest.raises(UsageError, match="has ended"):
        land.do(lambda c: rights.enter_historic_right(c, on, past, days[1], date(2100, 1, 1), WHY, by=BY))


def test_reissue(land: Land) -> None:
    def issue(connection: Connection) -> int:
        change = make_change(connection, land.ward)
        query = (
            "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, 'AB 123456', %s) RETURNING id"
        )
        certificate = int(one(connection, query, land.ward, change))
        query = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s)"
        connection.execute(query, [certificate, land.west])
        connection.execute(
            "UPDATE registry.holding SET certificate_id = %s WHERE parcel_id = %s", [certificate, land.west]
        )
        return certificate

    old = land.do(issue)
    new = rights.IssuedCertificate(serial="aa 00000001")
    seen = Seen(id=old, version=1)
    _, made = land.do(lambda c: rights.reissue(c, seen, new, WHY, by=BY))
    query = "SELECT serial, serial_key, replaced_by IS NULL FROM registry.certificate ORDER BY id"
    assert land.rows(query) == [("AB 123456", "", False), ("AA 00000001", "AA00000001", True)]
    assert land.rows("SELECT certificate_id FROM registry.holding WHERE parcel_id = %s", land.west) == [(made,)]
    with connect(land.settings, Role.STAFF) as connection:
        query = "SELECT certificate_serial FROM published_staff.parcels_staff WHERE id = %s"
        assert one(connection, query, land.west) == "AA 00000001"
    with pytest.raises(Conflict, match="has ended"):
        land.do(lambda c: rights.reissue(c, seen.model_copy(update={"version": 2}), new, WHY, by=BY))


STATE = """
    SELECT p.id, parcel_no, ST_AsText(geom), retired_by IS NULL, valid_to, u.uses, h.rights
      FROM registry.parcel p
      LEFT JOIN LATERAL (SELECT array_agg((seq, land_type, area_m2)::text ORDER BY seq) AS uses
                           FROM registry.land_use WHERE parcel_id = p.id) u ON true
      LEFT JOIN LATERAL (SELECT array_agg((id, holder_id, share_num, share_den)::text ORDER BY id) AS rights
                           FROM registry.holding WHERE parcel_id = p.id AND retired_by IS NULL) h ON true
     WHERE retired_by IS NULL ORDER BY p.id
"""


def acts(land: Land) -> dict[str, Callable[[Connection], Any]]:
    on = rights.Held(parcel_id=land.west)
    seen = [land.seen(land.west), land.seen(land.east)]
    buyer = land.do(lambda c: make_holder(c, land.ward, "Lê Văn Mua"))
    ending, beginning = [right_on(land, land.west)], [rights.NewRight(holder_id=buyer)]
    pieces = [DrawnParcel(geometry=each) for each in HALVES]
    moved = [
        reshape.Redrawn(geometry=each, **parcel.model_dump())
        for each, parcel in zip((box(0, 0, 12, 10), box(12, 0, 20, 10)), seen, strict=True)
    ]
    return {
        "split": lambda c: reshape.split(c, seen[0], pieces, WHY, by=BY).change,
        "merge": lambda c: reshape.merge(c, seen, None, WHY, by=BY).change,
        "adjust": lambda c: reshape.adjust(c, moved, WHY, by=BY).change,
        "renumber": lambda c: renumber_parcel(c, seen[0], WHY, by=BY)[0],
        "retire": lambda c: retire_parcel(c, seen[0], WHY, by=BY),
        "transfer": lambda c: rights.transfer(c, on, ending, beginning, WHY, by=BY)[0],
    }


@pytest.mark.parametrize("act", ["split", "merge", "adjust", "renumber", "retire", "transfer"])
def test_undo_and_undo_of_the_undo(land: Land, act: str) -> None:
    work = acts(land)[act]
    before = land.rows(STATE)
    change = land.do(work)
    after = land.rows(STATE)
    assert after != before
    undone = land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows(STATE) == before
    with pytest.raises(Conflict, match="undone by"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    land.do(lambda c: undo.undo(c, undone, WHY, by=BY))
    assert land.rows(STATE) == after
    # Versions go on: nobody's ETag of an earlier state fits again.
    if act != "transfer":
        assert land.seen(land.west).version == 4


def test_what_something_stands_on_is_not_undone(land: Land) -> None:
    change = land.split(*HALVES).change
    (child,) = land.rows("SELECT max(id) FROM registry.parcel")[0]
    again = land.do(lambda c: renumber_parcel(c, land.seen(child), WHY, by=BY))[0]
    with pytest.raises(Conflict, match=f"stands on it: parcel {child}"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    # Once that is undone, nothing stands on it any more.
    undone = land.do(lambda c: undo.undo(c, again, WHY, by=BY))
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    # Out of order it would bring a parcel back whose ground is its ancestor's again.
    with pytest.raises(Conflict, match="stands on it"):
        land.do(lambda c: undo.undo(c, undone, WHY, by=BY))
    numbers = land.rows("SELECT id, parcel_no FROM registry.parcel WHERE retired_by IS NULL ORDER BY id")
    assert numbers == [(land.west, "1"), (land.east, "2")]


def test_a_row_that_refers_to_a_new_one_stands_on_its_change(land: Land) -> None:
    done = land.split(*HALVES)
    land.do(lambda c: make_holding(c, land.ward, done.parcels[0], make_holder(c, land.ward), role="current_user"))
    with pytest.raises(Conflict, match=r"stands on it: registry\.holding"):
        land.do(lambda c: undo.undo(c, done.change, WHY, by=BY))


def test_some_changes_are_not_undone(land: Land) -> None:
    change = land.do(lambda c: make_change(c, land.ward, "import"))
    with pytest.raises(Conflict, match="is not undone"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    with pytest.raises(NotFound):
        land.do(lambda c: undo.undo(c, 10**12, WHY, by=BY))


def test_land_of_nobody_is_not_merged_into_somebodys(land: Land) -> None:
    nobodys = land.do(lambda c: make_parcel(c, land.ward, land.sheet, "9", east=EAST + 20))
    with pytest.raises(Conflict, match="different people"):
        land.do(lambda c: reshape.merge(c, [land.seen(land.east), land.seen(nobodys)], None, WHY, by=BY))


def test_ids_that_stray_into_acts_are_masked() -> None:
    assert "999190000001" not in rights.NewRight(holder_id=1, reason="mua của 999190000001").reason
    assert "999190000001" not in rights.IssuedCertificate(serial="AB 1", issuer="999190000001").issuer


def certificate_of(land: Land, serial: str, *parcels: int) -> Seen:
    def issue(connection: Connection) -> int:
        query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, %s, %s) RETURNING id"
        made = int(one(connection, query, land.ward, serial, make_change(connection, land.ward)))
        for parcel in parcels:
            query = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s)"
            connection.execute(query, [made, parcel])
        return made

    return Seen(id=land.do(issue), version=1)


def test_a_replaced_certificate_does_not_come_to_new_parcels(land: Land) -> None:
    old = certificate_of(land, "AB 1", land.west)
    new = rights.IssuedCertificate(serial="AA 1")
    _, made = land.do(lambda c: rights.reissue(c, old, new, WHY, by=BY))
    done = land.split(*HALVES)
    query = "SELECT DISTINCT certificate_id FROM registry.certificate_parcel WHERE parcel_id = ANY (%s)"
    assert land.rows(query, done.parcels) == [(made,)]
    assert land.rows(query, [land.west]) == [(old.id,), (made,)]


def test_numbers_on_paper_without_a_parcel_go_over_to_the_new_certificate(land: Land) -> None:
    """Rights that wait on the certificate for their parcel go over to it, and so must what the parcel is known by."""
    old = certificate_of(land, "AB 1", land.west)

    def name(connection: Connection) -> None:
        query = """
            INSERT INTO registry.certificate_parcel (certificate_id, paper_sheet_no, paper_parcel_no, paper_area_m2)
            VALUES (%s, '7', %s, 50)
        """
        for number in ("101", "102"):
            connection.execute(query, [old.id, number])
        query = """
            INSERT INTO registry.holding (ward_id, certificate_id, holder_id, role, created_by)
            VALUES (%s, %s, %s, 'certificate_holder', %s)
        """
        connection.execute(query, [land.ward, old.id, land.holder, make_change(connection, land.ward)])

    land.do(name)
    new = rights.IssuedCertificate(serial="AA 1")
    change, made = land.do(lambda c: rights.reissue(c, old, new, WHY, by=BY))
    query = """
        SELECT parcel_id, paper_sheet_no, paper_parcel_no, paper_area_m2::int FROM registry.certificate_parcel
         WHERE certificate_id = %s ORDER BY parcel_id, paper_parcel_no
    """
    found = [(land.west, "1", "1", None), (None, "7", "101", 50), (None, "7", "102", 50)]
    assert land.rows(query, made) == found
    assert len(land.rows(query, old.id)) == 3
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows(query, made) == []
