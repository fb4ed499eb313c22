"""Who tries ids of others leaves a trace: from the request to the event, to the alert, and to the auditor of the ward.

The world is that of `test_matrix`. What lies in another ward is answered like what is not there at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from gisland.audit.alerts.rules import load_rules
from gisland.audit.alerts.store import list_alerts
from gisland.database import run
from gisland.printing.work import draw_print
from gisland.registry.acts import ACTS
from tests.audit.alerts.conftest import Watched
from tests.factories import SECRET
from tests.security import test_matrix
from tests.security.acts import body_of, path_of
from tests.security.test_matrix import ABSENT, NOBODY, STAFF, WHY, Place, World, _without_numbers

world = test_matrix.world
SEEN = {"If-Match": '"1-0"'}

# Ways to a record by its id, each with who has the permission for it in ward A.
WAYS: dict[str, tuple[str, Callable[[httpx.Client, Place], httpx.Response]]] = {
    "read": ("viewer", lambda client, it: client.get(f"/api/v1/parcels/{it.parcel}")),
    "read a holder": ("officer", lambda client, it: client.get(f"/api/v1/holders/{it.holder}")),
    "read a former state": ("officer", lambda client, it: client.get(f"/api/v1/holders/{it.holder}?as_of=1")),
    "history": ("officer", lambda client, it: client.get(f"/api/v1/certificates/{it.certificate}/history")),
    "timeline": ("officer", lambda client, it: client.get(f"/api/v1/parcels/{it.parcel}/timeline")),
    "lineage": ("viewer", lambda client, it: client.get(f"/api/v1/parcels/{it.parcel}/lineage")),
    "reveal": ("registrar", lambda client, it: client.post(f"/api/v1/holders/{it.holder}/reveal", json=WHY)),
    "patch": (
        "registrar",
        lambda client, it: client.patch(f"/api/v1/holders/{it.holder}", json={"change": WHY}, headers=SEEN),
    ),
    "act": (
        "registrar",
        lambda client, it: client.post(f"/api/v1/assets/{it.asset}/retire", json={"change": WHY, "version": 1}),
    ),
    "act on several": (
        "registrar",
        lambda client, it: client.post(
            "/api/v1/parcels/merge",
            json={"change": WHY, "parcels": [{"id": it.parcel, "version": 1}, {"id": NOBODY + 1, "version": 1}]},
        ),
    ),
    "move": ("registrar", lambda client, it: client.post(path_of("move", it), json=body_of("move", it))),
    "a feature of a layer": ("viewer", lambda client, it: client.get(f"{STAFF}/items/{it.parcel}")),
    "transfer": (
        "registrar",
        lambda client, it: client.post(
            "/api/v1/holdings/transfer",
            json={"change": WHY, "on": {"parcel_id": it.parcel}} | {"ending": [{"id": it.holding, "version": 1}]},
        ),
    ),
}


def refusals(world: World, who: str) -> list[dict[str, Any]]:
    """What was noted of somebody, the newest first."""
    asked: dict[str, Any] = {"subject": f"account:a-{who}", "tag": "request:refused", "limit": 1000}
    answer = world.clients["admin"].get("/api/v1/audit/events", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_hidden_record_that_was_asked_for_is_in_the_log(world: World, way: str) -> None:
    who, ask = WAYS[way]
    elsewhere = world.places["B1"]
    before = len(refusals(world, who))
    hidden = ask(world.clients[who], elsewhere)
    absent = ask(world.clients[who], ABSENT)
    assert hidden.status_code == absent.status_code == 404, hidden.text
    assert _without_numbers(hidden) == _without_numbers(absent)
    assert hidden.headers.keys() == absent.headers.keys()
    found = refusals(world, who)
    assert len(found) == before + 2
    # The log knows what the answer does not tell.
    assert (found[1]["ward_id"], found[0]["ward_id"]) == (elsewhere.ward, None)
    assert all(each["detail"]["status"] == 404 for each in found[:2])
    kind = found[1]["detail"]["kind"]
    assert found[1]["detail"]["ids"] == [getattr(elsewhere, kind)]
    assert "ids" not in found[0]["detail"]
    # An auditor who asks who wanted to see this record is told.
    params: dict[str, Any] = {
        "object": f"{kind}:{getattr(elsewhere, kind)}",
        "ward_id": elsewhere.ward,
        "tag": "request:refused",
    }
    told = world.clients["auditor"].get("/api/v1/audit/events", params=params).json()["items"]
    assert found[1]["id"] in {each["id"] for each in told}


def test_what_is_there_is_no_refusal_and_nor_is_what_the_whole_service_lacks(world: World) -> None:
    for who in ("officer", "admin"):
        before = len(refusals(world, who))
        assert world.clients[who].get(f"/api/v1/holders/{world.places['A1'].holder}").status_code == 200
        if who == "admin":
            assert world.clients[who].get(f"/api/v1/holders/{NOBODY}").status_code == 404
        assert len(refusals(world, who)) == before


def test_a_print_and_findings_of_another_ward_are_in_the_log(world: World) -> None:
    """A print is no numbered record, and a ward is no secret: that somebody tries them is known all the same."""
    viewer, elsewhere = world.clients["viewer"], world.places["B1"]
    order = {"product": "atlas", "inputs": {"ward": elsewhere.code, "group": elsewhere.group_code, "reason": "thử"}}
    job = world.clients["admin"].post("/api/v1/prints", json=order).json()["id"]
    assert viewer.post("/api/v1/prints", json=order).status_code == 404
    for path in (f"/api/v1/prints/{job}", f"/ogc/jobs/{job}", f"/api/v1/findings?ward_id={elsewhere.ward}"):
        assert viewer.get(path).status_code == 404
    found = refusals(world, "viewer")[:4]
    assert [each["detail"]["kind"] for each in found] == ["unit", "print", "print", "unit"]
    assert {each["ward_id"] for each in found} == {elsewhere.ward}


def test_who_asks_too_early_for_an_own_print_tries_nothing(world: World) -> None:
    """OGC API – Processes answers 404 until a job is done; programs ask again and again."""
    officer = world.clients["officer"]
    inputs = {"ward": "11311", "group": "TDP 1", "reason": "thử"}
    made = officer.post("/ogc/processes/atlas/execution", json={"inputs": inputs}, headers={"Prefer": "respond-async"})
    assert made.status_code == 201, made.text
    before = len(refusals(world, "officer"))
    early = officer.get(f"{made.headers['Location']}/results")
    assert early.status_code == 404
    assert early.json()["type"].endswith("/result-not-ready")
    assert len(refusals(world, "officer")) == before
    # A job that is none is.
    assert officer.get(f"/ogc/jobs/{uuid4()}/results").status_code == 404
    assert len(refusals(world, "officer")) == before + 1


def test_a_link_to_what_is_hidden_is_in_the_log(world: World) -> None:
    """An own record that names a record of another ward is refused like one that names nothing."""
    registrar, own = world.clients["registrar"], world.places["A1"]
    before = len(refusals(world, "registrar"))
    body = {"change": WHY, "ward_id": own.ward, "kind": "HD", "links": [{"holder_id": world.places["B1"].holder}]}
    assert registrar.post("/api/v1/documents", json=body).status_code == 422
    assert len(refusals(world, "registrar")) == before + 1


def test_a_number_of_a_person_in_an_address_is_in_no_log(world: World) -> None:
    assert world.clients["officer"].get("/api/v1/holders/999070001234").status_code == 404
    newest = refusals(world, "officer")[0]
    assert "999070001234" not in str(newest)


@pytest.mark.parametrize("name", ACTS)
def test_every_act_on_a_record_that_is_not_there_is_in_the_log(world: World, name: str) -> None:
    before = len(refusals(world, "registrar"))
    answer = world.clients["registrar"].post(path_of(name, ABSENT), json=body_of(name, ABSENT))
    assert answer.status_code == 404, answer.text
    assert len(refusals(world, "registrar")) == before + 1


def look(world: World) -> set[tuple[str, str]]:
    """What the worker does each second; the alerts that nobody has looked at."""
    Watched(world.settings, rules=load_rules(world.settings)).look()
    return {
        (each.rule, each.key) for each in run(world.settings, lambda connection: list_alerts(connection, people=True))
    }


def test_one_record_of_another_ward_raises_an_alert(world: World) -> None:
    """From a request to the alert: who asks for one id that lies elsewhere."""
    mixed = world.clients["mixed"]  # has roles in both wards
    assert mixed.get(f"/api/v1/holders/{NOBODY}").status_code == 404
    assert ("other-ward", "account:a-mixed") not in look(world)
    viewer = world.clients["viewer"]
    assert viewer.get(f"/api/v1/parcels/{world.places['B2'].parcel}").status_code == 404
    assert ("other-ward", "account:a-viewer") in look(world)


def test_trying_one_id_after_the_other_raises_an_alert(world: World) -> None:
    """From requests to the alert: who counts through ids, whether there is anything or not."""
    client = world.clients["mixed"]
    for number in range(20):
        assert client.get(f"/api/v1/holders/{NOBODY + number}").status_code == 404
    found = look(world)
    assert ("refusals", "account:a-mixed") in found
    assert ("other-ward", "account:a-mixed") not in found


EVIL = {"Origin": "https://evil.example"}
TOKEN = {"name": "thử", "permissions": ["registry:search"]}


def with_token(world: World, who: str) -> httpx.Client:
    """Somebody with a token for nothing but to search."""
    token = world.clients[who].post("/api/v1/tokens", json=TOKEN).json()["token"]
    return httpx.Client(base_url=world.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def search_for_holders(world: World) -> httpx.Response:
    with with_token(world, "officer") as client:
        return client.post("/api/v1/search", json={"text": "an", "kinds": ["holder"]})


def account_by_token(world: World) -> httpx.Response:
    with with_token(world, "officer") as client:
        return client.get("/api/v1/tokens")


def write_by_cookie(world: World) -> httpx.Response:
    claim = {"name": "a-officer", "secret": SECRET}
    with httpx.Client(base_url=world.url, timeout=60) as browser:
        assert browser.post("/api/v1/session", json=claim).status_code == 200
        return browser.post("/api/v1/tokens", json=TOKEN)


def ordered(world: World, reader: str) -> dict[str, Any]:
    place = world.places["A1"]
    inputs = {"ward": place.code, "parcel": "7/1", "reader": reader, "reason": "thử"}
    return {"product": "extract", "inputs": inputs}


def print_with_names(world: World) -> httpx.Response:
    job = world.clients["admin"].post("/api/v1/prints", json=ordered(world, "owner")).json()["id"]
    draw_print(world.settings, UUID(job), threading.Event())
    return world.clients["officer"].get(f"/api/v1/prints/{job}/result")


def dismiss_of_another(world: World) -> httpx.Response:
    job = world.clients["admin"].post("/api/v1/prints", json=ordered(world, "third-party")).json()["id"]
    return world.clients["officer"].delete(f"/api/v1/prints/{job}")


# What a guard let in and something behind it refuses, each with the account and the permission it was let in by.
BEHIND: dict[str, tuple[str, str, Callable[[World], httpx.Response]]] = {
    "filter by a person": (
        "viewer",
        "registry:read",
        lambda it: it.clients["viewer"].get(f"/api/v1/parcels?holder_id={it.places['A1'].holder}"),
    ),
    "order by name": ("viewer", "registry:read", lambda it: it.clients["viewer"].get("/api/v1/holders?sort=name")),
    "search for holders": ("officer", "registry:search", search_for_holders),
    "extract with names": (
        "viewer",
        "map:print",
        lambda it: it.clients["viewer"].post("/api/v1/prints", json=ordered(it, "owner")),
    ),
    "print with names": ("officer", "map:print", print_with_names),
    "print of another": ("officer", "map:print", dismiss_of_another),
    "print of the whole ward": (
        "group_head",
        "map:print",
        lambda it: it.clients["group_head"].post("/api/v1/prints", json=ordered(it, "third-party")),
    ),
    "account by token": ("officer", "public:read", account_by_token),
    "write of another site by cookie": ("officer", "public:read", write_by_cookie),
    "write of another site by password": (
        "officer",
        "public:read",
        lambda it: it.clients["officer"].post("/api/v1/tokens", json=TOKEN, headers=EVIL),
    ),
    "no permission": ("officer", "audit:read", lambda it: it.clients["officer"].get("/api/v1/audit/events")),
}


@pytest.mark.parametrize("way", BEHIND)
def test_whatever_is_refused_to_somebody_is_in_the_log_once(world: World, way: str) -> None:
    who, permission, ask = BEHIND[way]
    before = len(refusals(world, who))
    answer = ask(world)
    assert answer.status_code == 403, answer.text
    found = refusals(world, who)
    assert len(found) == before + 1
    assert (found[0]["object"], found[0]["detail"]) == (answer.request.url.path, {"permission": permission})


def test_what_is_refused_behind_a_guard_raises_an_alert(world: World) -> None:
    police = world.clients["police"]
    for number in range(20):
        if number == 19:
            assert ("refusals", "account:a-police") not in look(world)
        assert police.post("/api/v1/tokens", json=TOKEN, headers=EVIL).status_code == 403
    assert ("refusals", "account:a-police") in look(world)


def test_many_numbers_in_clear_raise_an_alert(world: World) -> None:
    """OWASP API6: nobody is stopped who may reveal, but somebody is told when it is many."""
    registrar, places = world.clients["registrar"], (world.places["A1"], world.places["A2"])
    assert ("many-reveals", "account:a-registrar") not in look(world)
    for number in range(20):
        answer = registrar.post(f"/api/v1/holders/{places[number % 2].holder}/reveal", json=WHY)
        assert answer.status_code == 200, answer.text
    assert ("many-reveals", "account:a-registrar") in look(world)


def test_an_auditor_of_a_ward_sees_all_that_was_read_of_it(world: World) -> None:
    """Pages over several wards, layers, tiles, exports and searches say whose data they are of."""
    mixed, admin, head = (world.clients[who] for who in ("mixed", "admin", "group_head"))
    wards = {name: world.places[f"{name}1"].ward for name in "AB"}
    since = admin.get("/api/v1/audit/events?limit=1").json()["items"][0]["at"]
    assert mixed.get("/api/v1/holders").status_code == 200
    assert mixed.get(f"{STAFF}/items").status_code == 200
    assert mixed.get(f"{STAFF}/tiles/WebMercatorQuad/0/0/0").status_code == 200
    assert mixed.post("/api/v1/search", json={"text": "tờ 7 thửa 1"}).status_code == 200
    assert mixed.post(f"{STAFF}/export?f=csv", json=WHY).status_code == 200
    assert admin.get(f"{STAFF}/items").status_code == 200
    assert admin.post(f"{STAFF}/export?f=csv", json=WHY).status_code == 200
    assert head.get(f"{STAFF}/items").status_code == 200

    def seen(ward: int) -> list[tuple[str, str]]:
        asked = {"ward_id": ward, "from": since, "limit": 1000}
        items = world.clients["auditor"].get("/api/v1/audit/events", params=asked).json()["items"]
        return sorted((each["tag"], each["object"]) for each in items)

    of_mixed = [
        ("data:exported", "parcels-staff"),
        ("registry:read", "holder"),
        ("registry:searched", ""),
        ("staff_layer:read", "parcels-staff"),
        ("staff_layer:read", "parcels-staff/tiles/0/0/0"),
    ]
    of_admin = [("data:exported", "parcels-staff"), ("staff_layer:read", "parcels-staff")]
    # Only those who have a role there are told of an officer of A, who searched nothing in B.
    assert seen(wards["B"]) == sorted([*[each for each in of_mixed if each[0] != "registry:searched"], *of_admin])
    assert seen(wards["A"]) == sorted([*of_mixed, *of_admin, ("staff_layer:read", "parcels-staff")])
