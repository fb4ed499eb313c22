"""What ends and has nothing in its place, and what never was: told why, kept in history, undone."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest
from psycopg import Connection

from gisland.errors import Conflict, NotFound, PreconditionFailed
from gisland.registry import ending, rights, undo
from gisland.registry.changes import Why
from gisland.registry.seen import Seen
from gisland.registry.timeline import timeline
from tests.factories import make_change, one
from tests.registry.conftest import WHY as SAID
from tests.registry.conftest import Api
from tests.registry.land import BY, HALVES, WHY, Land, right_on

WRONG = Why(reason="nhập nhầm người")


def add(land: Land, table: str, **values: Any) -> Seen:
    """A row of a table, as it is just after it was made."""

    def work(connection: Connection) -> int:
        given = {"ward_id": land.ward, "created_by": make_change(connection, land.ward)} | values
        query = (
            f"INSERT INTO registry.{table} ({', '.join(given)}) VALUES ({', '.join(['%s'] * len(given))}) RETURNING id"
        )
        return int(one(connection, query, *given.values()))

    return Seen(id=land.do(work), version=1)


def retired(land: Land, table: str, record: Seen) -> bool:
    return bool(land.rows(f"SELECT retired_by IS NOT NULL FROM registry.{table} WHERE id = %s", record.id)[0][0])


def historic(land: Land, holder: int | None = None) -> Seen:
    right = rights.NewRight(holder_id=holder or land.holder)
    days = date(1995, 1, 1), date(2005, 6, 30)
    held = rights.Held(parcel_id=land.west)
    _, made = land.do(lambda c: rights.enter_historic_right(c, held, right, *days, WHY, by=BY))
    return Seen(id=made, version=1)


def test_an_asset_is_gone_and_so_are_the_rights_on_it(land: Land) -> None:
    house = add(land, "asset", kind="house")
    right = add(land, "holding", asset_id=house.id, holder_id=land.holder, role="certificate_holder")
    change = land.do(lambda c: ending.retire_asset(c, house, WHY, by=BY))
    assert retired(land, "asset", house)
    assert retired(land, "holding", right)
    with pytest.raises(Conflict, match="has ended"):
        land.do(lambda c: ending.retire_asset(c, house.model_copy(update={"version": 2}), WHY, by=BY))
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert not retired(land, "asset", house)
    assert not retired(land, "holding", right)


def test_nothing_becomes_a_part_of_an_asset_that_is_gone(land: Land) -> None:
    tower = add(land, "asset", kind="apartment_building")
    land.do(lambda c: rights.check_parent(c, tower.id))
    land.do(lambda c: ending.retire_asset(c, tower, WHY, by=BY))
    with pytest.raises(Conflict, match=f"asset {tower.id} is retired"):
        land.do(lambda c: rights.check_parent(c, tower.id))


def test_an_asset_with_parts_or_a_mortgage_is_not_gone(land: Land) -> None:
    tower = add(land, "asset", kind="apartment_building")
    flat = add(land, "asset", kind="apartment", parent_id=tower.id)
    with pytest.raises(Conflict, match=f"asset {flat.id} is a part of it"):
        land.do(lambda c: ending.retire_asset(c, tower, WHY, by=BY))
    mortgage = add(land, "restriction", asset_id=flat.id, kind="mortgage")
    with pytest.raises(Conflict, match="bears a restriction"):
        land.do(lambda c: ending.retire_asset(c, flat, WHY, by=BY))
    land.do(lambda c: rights.end_restriction(c, mortgage, WHY, by=BY))
    for each in (flat, tower):
        land.do(lambda c: ending.retire_asset(c, each, WHY, by=BY))  # noqa: B023 - done at once
    with pytest.raises(PreconditionFailed):
        land.do(
            lambda c: ending.retire_asset(
                c, add(land, "asset", kind="house").model_copy(update={"version": 7}), WHY, by=BY
            )
        )


def test_a_certificate_is_revoked_once_nothing_is_under_it(land: Land) -> None:
    paper = add(land, "certificate", serial="AA 00000001")
    right = add(
        land, "holding", parcel_id=land.west, holder_id=land.holder, role="current_user", certificate_id=paper.id
    )
    with pytest.raises(Conflict, match=f"in force under this certificate: holding {right.id}"):
        land.do(lambda c: ending.revoke_certificate(c, paper, WHY, by=BY))
    held = rights.Held(parcel_id=land.west)
    land.do(lambda c: rights.transfer(c, held, [right], [], WHY, by=BY))
    change = land.do(lambda c: ending.revoke_certificate(c, paper, WHY, by=BY))
    assert retired(land, "certificate", paper)
    assert land.rows("SELECT kind, reason FROM registry.change WHERE id = %s", change) == [("retire", "test")]
    new = rights.NewRight(holder_id=land.holder, role="current_user", certificate_id=paper.id)
    with pytest.raises(Conflict, match="not in force"):
        land.do(lambda c: rights.transfer(c, held, [], [new], WHY, by=BY))


def test_a_document_counts_no_more(land: Land) -> None:
    paper = add(land, "document", kind="HD")
    land.do(lambda c: ending.retire_document(c, paper, WHY, by=BY))
    assert retired(land, "document", paper)


def test_a_right_of_the_past_that_never_was(land: Land) -> None:
    """It leaves the registry; what was entered and why it was taken back is told; undo enters it again."""
    right = historic(land)
    land.do(lambda c: rights.transfer(c, rights.Held(parcel_id=land.west), [right_on(land, land.west)], [], WHY, by=BY))
    change = land.do(lambda c: ending.withdraw_historic_right(c, right, WRONG, by=BY))
    assert land.rows("SELECT FROM registry.holding WHERE id = %s", right.id) == []
    events = {event.change: event for event in land.do(lambda c: timeline(c, land.west))}
    assert (events[change].kind, events[change].reason, events[change].by) == ("withdraw", "nhập nhầm người", BY)
    (entry,) = events[change].entries
    assert (entry.record, entry.id, entry.action) == ("holding", right.id, "deleted")
    assert entry.fields["valid_to"] == ("2005-06-30", None)
    audited = "SELECT object, detail->>'kind' FROM audit.event ORDER BY id DESC LIMIT 1"
    assert land.rows(audited) == [(f"change:{change}", "withdraw")]
    undone = land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows("SELECT valid_from, valid_to, version FROM registry.holding WHERE id = %s", right.id) == [
        (date(1995, 1, 1), date(2005, 6, 30), 2)
    ]
    land.do(lambda c: undo.undo(c, undone, WHY, by=BY))
    assert land.rows("SELECT FROM registry.holding WHERE id = %s", right.id) == []


def test_only_what_was_entered_as_past_is_taken_back(land: Land) -> None:
    present = right_on(land, land.west)
    with pytest.raises(Conflict, match="entered as one of the past"):
        land.do(lambda c: ending.withdraw_historic_right(c, present, WRONG, by=BY))
    land.do(lambda c: rights.transfer(c, rights.Held(parcel_id=land.west), [present], [], WHY, by=BY))
    seen = present.model_copy(update={"version": present.version + 1})
    with pytest.raises(Conflict, match="entered as one of the past"):
        land.do(lambda c: ending.withdraw_historic_right(c, seen, WRONG, by=BY))
    right = historic(land)
    with pytest.raises(PreconditionFailed):
        land.do(lambda c: ending.withdraw_historic_right(c, right.model_copy(update={"version": 2}), WRONG, by=BY))
    with pytest.raises(NotFound):
        land.do(lambda c: ending.withdraw_historic_right(c, right.model_copy(update={"id": 10**12}), WRONG, by=BY))
    change = land.rows("SELECT created_by FROM registry.holding WHERE id = %s", right.id)[0][0]
    with pytest.raises(Conflict, match="withdraw"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))


def test_over_http(api: Api) -> None:
    ward = api.ward()
    parcel, holder = api.parcel(ward), api.holder(ward)
    entered = api.post(
        "holdings/historic",
        on={"parcel_id": parcel["id"]},
        right={"holder_id": holder["id"]},
        valid_from="1990-01-01",
        valid_to="2000-01-01",
    ).json()
    path = f"holdings/{entered['made'][0]}"
    then = api.client.get(path).json()
    done = api.post(f"{path}/withdraw", version=then["version"])
    assert done.status_code == 200, done.text
    gone = api.client.get(path)
    assert (gone.status_code, gone.json()["hint"]) == (404, "GET …/history, ?as_of=…")
    states = api.client.get(f"{path}/history").json()
    assert [state["record"] for state in states] == [None, then]
    assert [state["changes"][0]["kind"] for state in states] == ["withdraw", "historic"]
    assert states[0]["changes"][0]["reason"] == SAID["reason"]
    assert api.client.get(path, params={"as_of": states[1]["data_version"]}).json() == then
    assert api.client.get(path, params={"as_of": states[0]["data_version"]}).status_code == 404
    assert api.client.get("holdings/999999999/history").status_code == 404
    # What ends over HTTP.
    for kind, values in {"assets": {"kind": "house"}, "certificates": {}, "documents": {"kind": "HD"}}.items():
        made = api.make(kind, ward_id=ward, **values)
        answer = api.post(f"{kind}/{made['id']}/retire", version=made["version"])
        assert answer.status_code == 200, answer.text
        assert api.client.get(f"{kind}/{made['id']}").json()["retired_by"] == answer.json()["change"]
        again = api.post(f"{kind}/{made['id']}/retire", version=made["version"])
        assert again.status_code == 409
    asset = api.make("assets", ward_id=ward, kind="house")
    late = api.post(f"assets/{asset['id']}/retire", version=5)
    assert (late.status_code, late.json()["given_version"], late.json()["current_version"]) == (412, 5, 1)


def test_a_right_of_the_past_of_a_parcel_that_was_split(land: Land) -> None:
    """Who held the land before is found in old papers after it was split. The pieces know nothing of it."""
    split = land.split(*HALVES)
    right = historic(land)
    assert land.rows("SELECT parcel_id, retired_by = created_by FROM registry.holding WHERE id = %s", right.id) == [
        (land.west, True)
    ]
    told = land.do(lambda c: timeline(c, land.west))[-1]
    assert (told.kind, [(each.record, each.id, each.action) for each in told.entries]) == (
        "historic",
        [("holding", right.id, "created")],
    )
    for piece in split.parcels:
        of_piece = land.do(partial(timeline, parcel=piece))
        assert told.change not in [event.change for event in of_piece]
    # It is taken back as any other, that is undone, and the split as well.
    change = land.do(lambda c: ending.withdraw_historic_right(c, right, WRONG, by=BY))
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert len(land.rows("SELECT FROM registry.holding WHERE id = %s", right.id)) == 1
    land.do(lambda c: undo.undo(c, split.change, WHY, by=BY))
    held = "SELECT id FROM registry.holding WHERE parcel_id = %s AND retired_by IS NULL"
    assert right.id not in [row[0] for row in land.rows(held, land.west)]
    assert not retired(land, "parcel", Seen(id=land.west, version=1))


def test_a_right_of_the_past_of_a_house_that_is_gone(land: Land) -> None:
    house = add(land, "asset", kind="house")
    land.do(lambda c: ending.retire_asset(c, house, WHY, by=BY))
    on, right = rights.Held(asset_id=house.id), rights.NewRight(holder_id=land.holder)
    days = date(1995, 1, 1), date(2005, 6, 30)
    _, made = land.do(lambda c: rights.enter_historic_right(c, on, right, *days, WHY, by=BY))
    assert land.rows("SELECT asset_id FROM registry.holding WHERE id = %s", made) == [(house.id,)]
    with pytest.raises(NotFound, match="no such current thing"):
        land.do(lambda c: rights.transfer(c, on, [], [right], WHY, by=BY))
