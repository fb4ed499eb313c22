"""National ids through the API: they go in, are sealed, come out masked; in clear only as an audited act."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gisland.database import Role, connect
from gisland.security import permissions
from gisland.security.subject import Grant
from tests.factories import make_account, one
from tests.live import LiveServer
from tests.registry.conftest import WHY, Api

NUMBER = "999190000123"


@pytest.fixture
def holder(api: Api) -> dict[str, Any]:
    return api.holder(api.ward(), national_id="999 190 000 123")


@pytest.fixture
def ask(registry_server: LiveServer) -> Callable[..., Any]:
    def query(text: str, *values: object) -> Any:
        with connect(registry_server.settings, Role.APP) as connection:
            return one(connection, text, *values)

    return query


def test_every_representation_is_masked(api: Api, holder: dict[str, Any]) -> None:
    assert (holder["id_kind"], holder["id_masked"]) == ("personal", "999*****0123")
    path = f"holders/{holder['id']}"
    answers = [
        api.client.get(path),
        api.client.get(f"holders?ward_id={holder['ward_id']}"),
        api.client.get(f"{path}/history"),
        api.patch(path, birth_year=1970),
        api.client.get(path, params={"as_of": "1"}),
    ]
    assert NUMBER not in "".join(answer.text + str(answer.headers) for answer in answers)
    for answer in answers:
        assert not {"id_hash", "id_cipher", "name_key", "national_id"} & set(answer.text.split('"'))


def test_number_is_sealed_at_rest(holder: dict[str, Any], ask: Callable[..., Any]) -> None:
    everything = ask("SELECT string_agg(t::text, ' ') FROM registry.holder t")
    everything += ask("SELECT coalesce(string_agg(t::text, ' '), '') FROM history.holder t")
    everything += ask("SELECT string_agg(t::text, ' ') FROM audit.event t")
    assert NUMBER not in everything


def test_reveal_is_audited_with_its_reason(api: Api, holder: dict[str, Any], ask: Callable[..., Any]) -> None:
    path = f"holders/{holder['id']}/reveal"
    assert api.client.post(path, json={"reason": " "}).status_code == 400
    assert (
        ask(
            "SELECT count(*) FROM audit.event WHERE tag = 'identity:revealed' AND object = %s", f"holder:{holder['id']}"
        )
        == 0
    )
    answer = api.client.post(path, json={"reason": "đối chiếu hồ sơ"})
    assert answer.json() == {"holder_id": holder["id"], "id_kind": "personal", "national_id": NUMBER}
    assert answer.headers["cache-control"] == "private, no-store"
    query = "SELECT to_jsonb(e) - 'id' - 'at' FROM audit.event e WHERE tag = 'identity:revealed' AND object = %s"
    event = ask(query, f"holder:{holder['id']}")
    assert (event["subject"], event["ward_id"]) == ("account:admin", holder["ward_id"])
    assert event["detail"] == {"reason": "đối chiếu hồ sơ"}


def test_nothing_to_reveal(api: Api) -> None:
    without = api.holder(api.ward())
    for number in (without["id"], 2**40):
        assert api.client.post(f"holders/{number}/reveal", json={"reason": "xem"}).status_code == 404


def test_number_is_changed_taken_away_and_not_written_twice(api: Api, holder: dict[str, Any]) -> None:
    path = f"holders/{holder['id']}"
    assert api.patch(path, national_id=NUMBER).json() == holder
    assert api.patch(path, national_id="999190000999").json()["id_masked"] == "999*****0999"
    cleared = api.patch(path, national_id=None).json()
    assert (cleared["id_kind"], cleared["id_masked"], cleared["version"]) == (None, None, 3)
    assert api.patch(path, national_id=None).json() == cleared


@pytest.mark.parametrize(
    ("kind", "number", "masked"),
    [("organisation", "9990000001-001", "999******1001"), ("person", "999000001", "999***001")],
)
def test_number_is_read_as_the_kind_of_holder_has_it(api: Api, kind: str, number: str, masked: str) -> None:
    made = api.holder(api.ward(), kind=kind, national_id=number)
    assert made["id_kind"] == {"organisation": "organisation", "person": "cmnd"}[kind]
    assert made["id_masked"] == masked


def test_refusal_holds_no_number(api: Api, holder: dict[str, Any]) -> None:
    wards = {"ward_id": holder["ward_id"], "kind": "person"}
    for values in (
        {"full_name": "x", "national_id": "không có"},
        {"full_name": "x", "national_id": NUMBER + "9" * 40},
        {"full_name": "x", "national_id": NUMBER, "birth_year": 1},
        {"full_name": "x", "national_id": NUMBER, "ward_id": 2**31 - 1},
    ):
        answer = api.post("holders", **wards | values)
        assert answer.status_code in {400, 422}
        assert NUMBER not in answer.text


def test_ids_in_other_texts_are_masked(api: Api) -> None:
    ward = api.ward()
    made = api.holder(ward, full_name=f"Nguyễn Thử {NUMBER}", address=f"số 1, {NUMBER}")
    document = api.make("documents", ward_id=ward, kind="HD", number=NUMBER, file_name=f"{NUMBER}.pdf")
    assert NUMBER not in json.dumps([made, document])


def test_reading_of_persons_is_audited_by_opaque_ids(api: Api, holder: dict[str, Any], ask: Callable[..., Any]) -> None:
    newest = "SELECT to_jsonb(e) - 'at' FROM audit.event e WHERE tag = 'registry:read' ORDER BY id DESC LIMIT 1"
    api.client.get(f"holders/{holder['id']}")
    event = ask(newest)
    assert (event["object"], event["ward_id"]) == (f"holder:{holder['id']}", holder["ward_id"])
    api.client.get(f"holders?ward_id={holder['ward_id']}&kind=person")
    event = ask(newest)
    assert event["detail"] == {"kind": "holder", "count": 1, "ids": [holder["id"]], "asked": ["kind", "ward_id"]}
    parcel = api.parcel(holder["ward_id"])
    api.client.get(f"parcels/{parcel['id']}")
    assert ask(newest) == event  # a parcel tells of nobody
    api.client.get(f"parcels?holder_id={holder['id']}")
    assert ask(newest)["detail"]["asked"] == ["holder_id"]


def test_an_officer_reads_and_nothing_else(api: Api, holder: dict[str, Any], registry_server: LiveServer) -> None:
    with connect(registry_server.settings, Role.APP) as connection:
        auth = make_account(connection, "officer", Grant(permissions.Role.OFFICER, holder["ward_id"]))
    base = f"{registry_server.url}/api/v1/"
    with httpx.Client(base_url=base, auth=auth) as client:
        path = f"holders/{holder['id']}"
        seen = client.get(path)
        assert seen.json()["id_masked"] == holder["id_masked"]
        assert client.post(f"{path}/reveal", json={"reason": "xem"}).status_code == 403
        tag = {"If-Match": seen.headers["etag"]}
        assert client.patch(path, json={"change": WHY, "address": "x"}, headers=tag).status_code == 403
        assert client.post("holders", json={"change": WHY}).status_code in {400, 403}
