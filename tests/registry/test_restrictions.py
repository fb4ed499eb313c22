"""A restriction ends by an act of its own: it is told why, since when, and by which document."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gisland.errors import Conflict, NotFound, PreconditionFailed
from gisland.registry import reshape, rights, undo
from gisland.registry.changes import Why
from gisland.registry.parcels import retire_parcel
from gisland.registry.seen import Seen
from tests.factories import make_change, one
from tests.registry.conftest import Api
from tests.registry.land import BY, HALVES, WHY, Land

PAID = Why(reason="đã trả nợ", valid_on=date(2026, 1, 31))


def mortgage(land: Land, **columns: object) -> Seen:
    given = {"ward_id": land.ward, "parcel_id": land.west, "kind": "mortgage"} | columns
    names, places = ", ".join(given), ", ".join(["%s"] * len(given))
    query = f"INSERT INTO registry.restriction ({names}) VALUES ({places}) RETURNING id"
    return Seen(id=land.do(lambda c: one(c, query, *given.values())), version=1)


def test_it_ends_and_holds_nothing_back(land: Land) -> None:
    seen = mortgage(land, valid_from=date(2024, 5, 6))
    with pytest.raises(Conflict, match="restriction"):
        land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    change = land.do(lambda c: rights.end_restriction(c, seen, PAID, by=BY))
    query = "SELECT valid_to, retired_by FROM registry.restriction WHERE id = %s"
    assert land.rows(query, seen.id) == [(date(2026, 1, 31), change)]
    assert land.rows("SELECT kind, reason FROM registry.change WHERE id = %s", change) == [("release", "đã trả nợ")]
    land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))


def test_it_does_not_go_over_to_new_parcels(land: Land) -> None:
    seen = mortgage(land)
    land.do(lambda c: rights.end_restriction(c, seen, WHY, by=BY))
    land.split(*HALVES)
    assert land.rows("SELECT parcel_id FROM registry.restriction") == [(land.west,)]


def test_it_does_not_go_over_to_a_merged_parcel(land: Land) -> None:
    seen = mortgage(land)
    land.do(lambda c: rights.end_restriction(c, seen, WHY, by=BY))
    land.do(lambda c: reshape.merge(c, [land.seen(land.west), land.seen(land.east)], None, WHY, by=BY))
    assert land.rows("SELECT parcel_id FROM registry.restriction") == [(land.west,)]


def on_merged(land: Land) -> list[tuple[object, ...]]:
    """(kind, beneficiary, the first of its line) of the restrictions in force, when west and east are merged."""
    seen = [
        land.seen(row[0]) for row in land.rows("SELECT id FROM registry.parcel WHERE retired_by IS NULL ORDER BY id")
    ]
    land.do(lambda c: reshape.merge(c, seen, None, WHY, by=BY))
    return land.rows(
        "SELECT kind, beneficiary, continues FROM registry.restriction WHERE retired_by IS NULL ORDER BY id"
    )


def test_split_and_merged_again_it_is_there_once(land: Land) -> None:
    seen = mortgage(land, beneficiary="Ngân hàng Thử")
    land.split(*HALVES)
    assert on_merged(land) == [("mortgage", "Ngân hàng Thử", seen.id)]


def test_two_on_one_parcel_stay_two(land: Land) -> None:
    """Nothing tells two contracts with the same bank apart, yet they are two."""
    first, second = mortgage(land), mortgage(land)
    land.split(*HALVES)
    assert on_merged(land) == [("mortgage", "", first.id), ("mortgage", "", second.id)]


def test_of_two_parcels_only_one_registration_is_one(land: Land) -> None:
    """One contract on one certificate, entered for each of its parcels, is one; contracts that look alike are two."""
    query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, 'AA 1', %s) RETURNING id"
    certificate = land.do(lambda c: one(c, query, land.ward, make_change(c, land.ward)))
    first = mortgage(land, certificate_id=certificate)
    mortgage(land, certificate_id=certificate, parcel_id=land.east)
    alike = [mortgage(land, kind="planning", parcel_id=each).id for each in (land.west, land.east)]
    assert on_merged(land) == [("mortgage", "", first.id), *(("planning", "", each) for each in alike)]


def test_what_became_different_after_a_split_stays_apart(land: Land) -> None:
    first = mortgage(land)
    done = land.split(*HALVES)
    query = "UPDATE registry.restriction SET beneficiary = 'Ngân hàng Thử' WHERE parcel_id = %s"
    land.do(lambda c: c.execute(query, [done.parcels[1]]))
    assert on_merged(land) == [("mortgage", "", first.id), ("mortgage", "Ngân hàng Thử", first.id)]


def test_what_was_released_on_one_piece_comes_from_the_other(land: Land) -> None:
    first = mortgage(land)
    done = land.split(*HALVES)
    query = "SELECT id, version FROM registry.restriction WHERE parcel_id = %s"
    row = land.rows(query, done.parcels[0])[0]
    land.do(lambda c: rights.end_restriction(c, Seen(id=row[0], version=row[1]), WHY, by=BY))
    assert on_merged(land) == [("mortgage", "", first.id)]


def test_it_never_ends_later_than_it_was_to_nor_before_it_began(land: Land) -> None:
    soon = date.today() + timedelta(days=3)  # noqa: DTZ011 - a day of the calendar
    short = mortgage(land, valid_to=soon)
    young = mortgage(land, valid_from=date(2026, 3, 1))
    late = Why(reason="đã trả nợ", valid_on=soon + timedelta(days=1))
    for seen, why in ((short, late), (young, PAID)):
        land.do(lambda c: rights.end_restriction(c, seen, why, by=BY))  # noqa: B023 - done at once
    query = "SELECT valid_to FROM registry.restriction ORDER BY id"
    assert land.rows(query) == [(soon,), (date(2026, 3, 1),)]


def test_the_end_is_undone_and_done_again(land: Land) -> None:
    seen = mortgage(land)
    change = land.do(lambda c: rights.end_restriction(c, seen, WHY, by=BY))
    undone = land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    query = "SELECT retired_by IS NULL, valid_to FROM registry.restriction"
    assert land.rows(query) == [(True, None)]
    land.do(lambda c: undo.undo(c, undone, WHY, by=BY))
    assert land.rows(query)[0][0] is False


def test_what_is_refused(land: Land) -> None:
    seen = mortgage(land)
    with pytest.raises(PreconditionFailed):
        land.do(lambda c: rights.end_restriction(c, seen.model_copy(update={"version": 2}), WHY, by=BY))
    with pytest.raises(NotFound):
        land.do(lambda c: rights.end_restriction(c, seen.model_copy(update={"id": 10**12}), WHY, by=BY))
    land.do(lambda c: rights.end_restriction(c, seen, WHY, by=BY))
    with pytest.raises(Conflict, match="has ended"):
        land.do(lambda c: rights.end_restriction(c, seen.model_copy(update={"version": 2}), WHY, by=BY))


def test_over_http(api: Api) -> None:
    ward = api.ward()
    parcel = api.parcel(ward)
    paper = api.make("documents", ward_id=ward, kind="HD", number="12/2026")
    made = api.make("restrictions", ward_id=ward, parcel_id=parcel["id"], kind="mortgage", beneficiary="Ngân hàng Thử")
    body = {
        "change": {"reason": "xoá thế chấp", "document_id": paper["id"], "valid_on": "2026-02-03"},
        "version": made["version"],
    }
    answer = api.client.post(f"restrictions/{made['id']}/end", json=body)
    assert answer.status_code == 200, answer.text
    change = api.client.get(f"changes/{answer.json()['change']}").json()
    assert (change["kind"], change["document_id"], change["valid_on"]) == ("release", paper["id"], "2026-02-03")
    ended = api.client.get("restrictions", params={"parcel_id": parcel["id"], "state": "retired"}).json()["items"]
    assert [each["id"] for each in ended] == [made["id"]]
    assert api.client.post(f"restrictions/{made['id']}/end", json=body).status_code == 409
