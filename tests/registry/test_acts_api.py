"""Acts on the registry over HTTP: split, merge, transfer, undo … as a client does them."""

from __future__ import annotations

from typing import Any

import httpx

from gisland.database import Role, connect
from tests.factories import NORTH
from tests.live import LiveServer
from tests.registry.conftest import WHY, Api, polygon


def piece(west: float, east: float) -> dict[str, Any]:
    corners = [west, NORTH], [east, NORTH], [east, NORTH + 10], [west, NORTH + 10]
    return {"geometry": polygon(*map(list, corners))}


def version(api: Api, path: str) -> int:
    found: int = api.client.get(path).json()["version"]
    return found


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["data-version"]) > 0
    body: dict[str, Any] = answer.json()
    return body


def parcel_with_holder(api: Api) -> tuple[dict[str, Any], dict[str, Any], float]:
    ward = api.ward()
    parcel = api.parcel(ward)
    west = api.client.get(f"parcels/{parcel['id']}?geometry=sheet").json()["geometry"]["coordinates"][0][0][0]
    holder = api.holder(ward, national_id="999190000123")
    holding = api.make(
        "holdings", ward_id=ward, parcel_id=parcel["id"], holder_id=holder["id"], role="certificate_holder"
    )
    return parcel, holding, west


def test_split_timeline_lineage_undo(api: Api) -> None:
    parcel, _, west = parcel_with_holder(api)
    path = f"parcels/{parcel['id']}"
    pieces = [piece(west, west + 4), piece(west + 4, west + 10)]
    made = done(api.post(f"{path}/split", version=version(api, path), pieces=pieces))
    assert made["balance"]["difference_m2"] == 0
    assert [api.client.get(f"parcels/{each}").json()["parcel_no"] for each in made["made"]] == ["2", "3"]
    found = api.client.get(f"{path}/lineage").json()
    assert [(each["relation"], each["step"], each["id"], each["current"]) for each in found] == [
        ("descendant", 1, each, True) for each in made["made"]
    ]
    answer = api.client.get(f"{path}/timeline")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json()[-1]["kind"] == "split"
    assert "999190000123" not in answer.text
    undone = done(api.post(f"changes/{made['change']}/undo"))
    change = api.client.get(f"changes/{undone['change']}").json()
    assert (change["kind"], change["undoes"]) == ("undo", made["change"])
    assert api.client.get(path).json()["retired_by"] is None


def test_the_second_writer_is_told_both_versions(api: Api) -> None:
    parcel, _, _ = parcel_with_holder(api)
    path = f"parcels/{parcel['id']}"
    seen = version(api, path)
    assert done(api.post(f"{path}/renumber", version=seen))["parcel_no"] == "2"
    late = api.post(f"{path}/retire", version=seen)
    assert late.status_code == 412
    assert (late.json()["given_version"], late.json()["current_version"]) == (seen, seen + 1)


def test_an_act_takes_the_entity_tag_that_came_with_the_record(api: Api) -> None:
    parcel, _, _ = parcel_with_holder(api)
    path = f"parcels/{parcel['id']}"
    seen = api.tag(path)

    def renumber(tag: str | None, **said: Any) -> httpx.Response:
        headers = {"If-Match": tag} if tag else {}
        return api.client.post(f"{path}/renumber", json={"change": WHY} | said, headers=headers)

    # Who says no state could overwrite what somebody else has done.
    for tag, status in ((None, 428), ("*", 428), ("W/x", 412), ('"0-x"', 412), (f"W/{seen}", 412)):
        refused = renumber(tag)
        assert (refused.status_code, "hint" in refused.json()) == (status, True), tag
    assert renumber(seen, version=7).status_code == 422
    assert renumber(seen).json()["parcel_no"] == "2"
    late = renumber(seen)
    assert (late.status_code, late.json()["given_version"], late.json()["current_version"]) == (412, 1, 2)
    assert (late.json()["given"], late.json()["current"]) == (seen, api.tag(path))
    assert renumber(f'"0-x", {api.tag(path)}', version=2).json()["parcel_no"] == "3"


def test_an_entity_tag_is_that_of_the_whole_state(api: Api, registry_server: LiveServer) -> None:
    """A bulk load replaces lists without touching the record: its version was seen, its state was not."""
    parcel, _, _ = parcel_with_holder(api)
    path = f"parcels/{parcel['id']}"
    seen = api.tag(path)
    with connect(registry_server.settings, Role.APP) as connection:
        query = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 9, 'CLN')"
        connection.execute(query, [parcel["id"]])
    assert version(api, path) == parcel["version"]
    late = api.client.post(f"{path}/retire", json={"change": WHY}, headers={"If-Match": seen})
    assert late.status_code == 412
    assert (late.json()["given"], late.json()["current"]) == (seen, api.tag(path))


def test_who_sees_no_persons_changes_what_they_saw(api: Api) -> None:
    """The tag that came with what was shown counts, for a patch and for an act."""
    _, holding, _ = parcel_with_holder(api)
    wanted = {"name": "nhập liệu", "permissions": ["registry:read", "registry:write"]}
    token = api.client.post("tokens", json=wanted).json()["token"]
    with httpx.Client(base_url=api.client.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        writer = Api(client)
        place = f"holders/{holding['holder_id']}"
        shown = client.get(place)
        assert shown.json()["full_name"] is None
        assert shown.headers["etag"] != api.tag(place)
        changed = writer.patch(place, shown.headers["etag"], address="ngõ 7")
        assert (changed.status_code, changed.json()["full_name"]) == (200, None), changed.text
        assert changed.headers["etag"] == writer.tag(place)
        late = writer.patch(place, shown.headers["etag"], address="ngõ 8")
        assert (late.status_code, late.json()["current"]) == (412, writer.tag(place))
        past = {"holder_id": holding["holder_id"]}
        days = {"valid_from": "1990-01-01", "valid_to": "2004-05-06"}
        entered = done(writer.post("holdings/historic", on={"parcel_id": holding["parcel_id"]}, right=past, **days))
        right = f"holdings/{entered['made'][0]}"
        tag = writer.tag(right)
        assert tag != api.tag(right)
        done(client.post(f"{right}/withdraw", json={"change": WHY}, headers={"If-Match": tag}))


def test_transfer_and_its_refusal(api: Api) -> None:
    parcel, holding, _ = parcel_with_holder(api)
    buyer = api.holder(parcel["ward_id"], full_name="Lê Văn Mua")
    on, ending = {"parcel_id": parcel["id"]}, [{"id": holding["id"], "version": holding["version"]}]
    half = {"holder_id": buyer["id"], "share": {"num": 1, "den": 2}}
    refused = api.post("holdings/transfer", on=on, ending=ending, beginning=[half])
    assert refused.status_code == 409
    assert "sum to 1" in refused.json()["detail"]
    made = done(api.post("holdings/transfer", on=on, ending=ending, beginning=[{"holder_id": buyer["id"]}]))
    held = api.client.get("holdings", params={"parcel_id": parcel["id"]}).json()["items"]
    assert [each["id"] for each in held] == made["made"]


def test_a_right_of_the_past(api: Api) -> None:
    parcel, _, _ = parcel_with_holder(api)
    old = api.holder(parcel["ward_id"], full_name="Cụ Trước")
    right = {"holder_id": old["id"]}
    days = {"valid_from": "1990-01-01", "valid_to": "2004-05-06"}
    done(api.post("holdings/historic", on={"parcel_id": parcel["id"]}, right=right, **days))
    held = api.client.get("holdings", params={"parcel_id": parcel["id"], "state": "retired"}).json()["items"]
    assert [(each["holder_id"], each["valid_to"]) for each in held] == [(old["id"], "2004-05-06")]


def test_geometry_that_is_no_ground_is_refused_with_its_place(api: Api) -> None:
    parcel, _, west = parcel_with_holder(api)
    path = f"parcels/{parcel['id']}"
    pieces = [piece(west, west + 4), piece(west + 5, west + 10)]
    refused = api.post(f"{path}/split", version=version(api, path), pieces=pieces)
    assert refused.status_code == 422
    assert "a gap: 10.00 m²" in refused.json()["detail"]
    assert refused.json()["hint"]
    assert f"{west + 4.5:.2f}, {NORTH + 5:.2f}" in refused.json()["detail"]


def test_who_may_not_write_may_not_act(api: Api) -> None:
    with httpx.Client(base_url=api.client.base_url) as anonymous:
        assert anonymous.post("changes/1/undo", json={"change": WHY}).status_code == 401
        assert anonymous.get("parcels/1/timeline").status_code == 401
        lists = anonymous.get("codes").json()
        assert "land_types" in lists
        land_types = anonymous.get("codes/land_types").json()
        assert "ODT" in {each["code"] for each in land_types["codes"]}
        assert anonymous.get("codes/nothing").status_code == 404


def test_acts_are_documented(api: Api) -> None:
    document = api.client.get("openapi.json").json()
    paths = document["paths"]
    assert {"/api/v1/parcels/{record_id}/split", "/api/v1/changes/{record_id}/undo", "/api/v1/codes"} <= set(paths)


def test_a_correction_is_undone(api: Api) -> None:
    """Also where the database derives a column of what was corrected."""
    holder = api.holder(api.ward(), national_id="999190000321")
    path = f"holders/{holder['id']}"
    assert api.patch(path, full_name="Trần Thị Sửa").status_code == 200
    change = api.client.get(f"{path}/history").json()[0]["changes"][-1]
    done(api.post(f"changes/{change['id']}/undo"))
    assert api.client.get(path).json()["full_name"] == holder["full_name"]
    found = api.client.post("search", json={"text": "nguyen van thu", "ward_id": holder["ward_id"]}).json()
    assert holder["id"] in {hit["id"] for hit in found["hits"]}


def test_the_making_of_a_person_is_not_undone(api: Api) -> None:
    """It would say that it was, and leave all as it is."""
    holder = api.holder(api.ward())
    refused = api.post(f"changes/{holder['created_by']}/undo")
    assert (refused.status_code, refused.json()["change"]) == (409, holder["created_by"])
    parcel = api.parcel(holder["ward_id"])
    done(api.post(f"changes/{parcel['created_by']}/undo"))
    assert api.client.get(f"parcels/{parcel['id']}").json()["retired_by"] is not None
