"""A restriction ends by an act of its own: it is told why, since when, and by which document."""

from __future__ import annotations

from datetime import date

import pytest

from gisland.errors import Conflict, NotFound, PreconditionFailed
from gisland.registry import reshape, rights, undo
from gisland.registry.changes import Why
from gisland.registry.parcels import retire_parcel
from gisland.registry.rights import SeenRight
from tests.factories import one
from tests.registry.conftest import Api
from tests.registry.land import BY, HALVES, WHY, Land

PAID = Why(reason="đã trả nợ", valid_on=date(2026, 1, 31))


def mortgage(land: Land, **columns: object) -> SeenRight:
    given = {"ward_id": land.ward, "parcel_id": land.west, "kind": "mortgage"} | columns
    names, places = ", ".join(given), ", ".join(["%s"] * len(given))
    query = f"INSERT INTO registry.restriction ({names}) VALUES ({places}) RETURNING id"
    return SeenRight(id=land.do(lambda c: one(c, query, *given.values())), version=1)


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


def test_it_never_ends_later_than_it_was_to_nor_before_it_began(land: Land) -> None:
    past = mortgage(land, valid_to=date(2025, 12, 31))
    young = mortgage(land, valid_from=date(2026, 3, 1))
    for seen in (past, young):
        land.do(lambda c: rights.end_restriction(c, seen, PAID, by=BY))  # noqa: B023 - done at once
    query = "SELECT valid_to FROM registry.restriction ORDER BY id"
    assert land.rows(query) == [(date(2025, 12, 31),), (date(2026, 3, 1),)]


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
    paper = api.make("documents", ward_id=ward, kind="contract", number="12/2026")
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
