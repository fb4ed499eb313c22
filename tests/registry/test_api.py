"""The REST API of the registry: what is made, changed, locked, refused; against a running server."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gisland.database import Role, connect
from gisland.registry.kinds import KINDS
from tests.factories import EAST, one
from tests.live import LiveServer
from tests.registry.conftest import WHY, Api, polygon, square


def test_parcel_with_its_lists_is_made_and_read(api: Api) -> None:
    uses = [{"land_type": "ODT", "area_m2": 60.5}, {"land_type": "CLN", "area_m2": 39.5, "term": "Lâu dài"}]
    made = api.parcel(api.ward(), address="số 1", legal_area_m2=100.1, land_uses=uses)
    assert made["area_m2"] == pytest.approx(100)
    assert (made["legal_area_m2"], made["srid"], made["version"]) == (100.1, 9210, 1)
    assert [use["land_type"] for use in made["land_uses"]] == ["ODT", "CLN"]
    assert "geometry" not in made
    answer = api.client.get(f"parcels/{made['id']}")
    assert answer.json() == made
    assert answer.headers["cache-control"] == "private, no-store"


def test_geometry_comes_in_the_crs_that_is_asked_for(api: Api) -> None:
    made = api.parcel(api.ward(), geometry=square(EAST))
    path = f"parcels/{made['id']}"
    native = api.client.get(path, params={"geometry": "sheet"})
    assert native.json()["geometry"] == square(EAST)
    degrees = api.client.get(path, params={"geometry": "wgs84"}).json()["geometry"]["coordinates"][0][0]
    assert degrees == pytest.approx([106.66, 20.87], abs=0.02)
    assert api.client.get(path, params={"geometry": "utm"}).status_code == 400
    assert native.headers["etag"] == api.tag(path)


def test_location_and_data_version(api: Api) -> None:
    answer = api.post("units", level="ward", code="90000", name="x", srid=9210)
    assert answer.headers["location"] == f"/api/v1/units/{answer.json()['id']}"
    assert int(answer.headers["data-version"]) > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.writable], ids=lambda kind: kind.name)
def test_example_of_each_kind_can_be_made_read_and_listed(api: Api, kind: Any) -> None:
    ward = api.ward()
    parcel = api.parcel(ward)
    holder = api.holder(ward)
    certificate = api.make("certificates", ward_id=ward)
    known = {
        "ward_id": ward,
        "parcel_id": parcel["id"],
        "holder_id": holder["id"],
        "certificate_id": certificate["id"],
        "map_sheet_id": parcel["map_sheet_id"],
    }
    body = {name: known.get(name, value) for name, value in kind.example.items()}
    for name in kind.parts.keys() & body.keys():
        body[name] = [{each: known.get(each, value) for each, value in row.items()} for row in body[name]]
    made = api.make(kind.path, **body)
    assert kind.record.model_validate(made | {"geometry": body.get("geometry")})
    for name in made.keys() & body.keys() - kind.parts.keys():
        assert made[name] == body[name], name
    for name in kind.parts.keys() & body.keys():
        assert [row | given for row, given in zip(made[name], body[name], strict=True)] == made[name]
    listed = api.client.get(kind.path, params={"limit": 1000}).json()["items"]
    assert made in listed


def test_patch_changes_what_it_names_and_null_takes_away(api: Api) -> None:
    made = api.parcel(api.ward(), address="số 1", legal_area_m2=5)
    path = f"parcels/{made['id']}"
    changed = api.patch(path, legal_area_m2=None, address="số 2")
    assert changed.status_code == 200, changed.text
    assert changed.json() == made | {
        "legal_area_m2": None,
        "address": "số 2",
        "version": 2,
        "updated_at": changed.json()["updated_at"],
        "changed_by": changed.json()["changed_by"],
    }
    assert api.patch(path, address=None).json()["address"] == ""
    assert api.client.get(path).headers["etag"] == api.tag(path)


def test_merge_patch_has_a_media_type_of_its_own(api: Api) -> None:
    path = f"parcels/{api.parcel(api.ward())['id']}"
    said = json.dumps({"change": {"reason": "999190000123 địa chỉ"}, "address": "x"})
    headers = {"If-Match": f'"0-00000000", {api.tag(path)}', "Content-Type": "application/merge-patch+json"}
    changed = api.client.patch(path, content=said, headers=headers)
    assert changed.json()["address"] == "x"
    reason = api.client.get(f"changes/{changed.json()['changed_by']}").json()["reason"]
    assert reason == "999*****0123 địa chỉ"  # ids do not belong there


def test_the_same_again_changes_nothing(api: Api) -> None:
    made = api.parcel(api.ward(), address="số 1", land_uses=[{"land_type": "ODT"}])
    answer = api.patch(f"parcels/{made['id']}", address="số 1", land_uses=[{"land_type": "ODT"}])
    assert answer.json() == made
    assert "data-version" not in answer.headers


def test_list_is_replaced_and_the_record_rises(api: Api, registry_server: LiveServer) -> None:
    made = api.parcel(api.ward(), land_uses=[{"land_type": "ODT"}, {"land_type": "CLN"}])
    path = f"parcels/{made['id']}"
    changed = api.patch(path, land_uses=[{"land_type": "ODT"}, {"land_type": "HNK"}, {"land_type": "LUC"}]).json()
    assert [use["land_type"] for use in changed["land_uses"]] == ["ODT", "HNK", "LUC"]
    assert changed["version"] == 2
    with connect(registry_server.settings, Role.APP) as connection:
        query = "SELECT array_agg(land_type) FROM history.land_use WHERE parcel_id = %s"
        assert one(connection, query, made["id"]) == ["CLN"]  # the first row stayed untouched
    assert api.patch(path, land_uses=None).json()["land_uses"] == []


def test_a_write_must_say_what_was_seen(api: Api) -> None:
    path = f"parcels/{api.parcel(api.ward())['id']}"
    for tags in ({}, {"If-Match": "*"}):
        answer = api.client.patch(path, json={"change": WHY, "address": "x"}, headers=tags)
        assert answer.status_code == 428
    first = api.tag(path)
    assert api.patch(path, address="a").status_code == 200
    answer = api.patch(path, first, address="b")
    assert answer.status_code == 412
    problem = answer.json()
    assert (problem["given"], problem["current"]) == (first, api.tag(path))
    assert (problem["given_version"], problem["current_version"]) == (1, 2)
    assert api.patch(path, f"W/{api.tag(path)}", address="b").status_code == 412


def test_of_two_writers_at_once_one_wins(api: Api) -> None:
    path = f"parcels/{api.parcel(api.ward())['id']}"
    tag = api.tag(path)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: api.patch(path, tag, address=f"số {number}").status_code, range(8)))
    assert sorted(answers) == [200] + [412] * 7
    assert api.client.get(path).json()["version"] == 2


def test_not_modified(api: Api) -> None:
    path = f"parcels/{api.parcel(api.ward())['id']}"
    tag = api.tag(path)
    answer = api.client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert api.patch(path, address="x").status_code == 200
    assert api.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_pages_follow_each_other(api: Api) -> None:
    ward = api.ward()
    made = [api.holder(ward)["id"] for _ in range(5)]
    seen: list[int] = []
    link = f"holders?ward_id={ward}&limit=2"
    pages = 0
    while link:
        page = api.client.get(link).json()
        seen += [holder["id"] for holder in page["items"]]
        link = next((each["href"].removeprefix("/api/v1/") for each in page["links"] if each["rel"] == "next"), "")
        pages += 1
    assert (seen, pages) == (made, 3)
    cursor = api.client.get(f"holders?ward_id={ward}&limit=2").json()["links"][0]["href"].partition("cursor=")[2]
    for wrong in (f"holders?limit=2&cursor={cursor}", "holders?cursor=%21", "holders?cursor=YWJj"):
        assert api.client.get(wrong).status_code == 400


def test_filters_are_a_closed_list(api: Api) -> None:
    ward = api.ward()
    parcel, holder = api.parcel(ward), api.holder(ward)
    holding = api.make("holdings", ward_id=ward, parcel_id=parcel["id"], holder_id=holder["id"], role="current_user")
    for path, expected in (
        (f"parcels?holder_id={holder['id']}", parcel),
        (f"holders?parcel_id={parcel['id']}", holder),
        (f"holdings?parcel_id={parcel['id']}&role=current_user", holding),
        (f"parcels?map_sheet_id={parcel['map_sheet_id']}&parcel_no=001", parcel),
    ):
        assert api.client.get(path).json()["items"] == [expected], path
    assert api.client.get(f"holdings?parcel_id={parcel['id']}&role=certificate_holder").json()["items"] == []
    for wrong in ("parcels?full_name=x", "holders?limit=0", "holders?limit=1&limit=2", "holdings?role=owner"):
        assert api.client.get(wrong).status_code == 400, wrong


def test_retired_records_are_read_but_not_listed(api: Api, registry_server: LiveServer) -> None:
    ward = api.ward()
    parcel = api.parcel(ward)
    with connect(registry_server.settings, Role.APP) as connection:
        connection.execute("UPDATE registry.parcel SET retired_by = created_by WHERE id = %s", [parcel["id"]])
    ids = {
        state: [each["id"] for each in api.client.get(f"parcels?ward_id={ward}&state={state}").json()["items"]]
        for state in ("current", "retired", "all")
    }
    assert ids == {"current": [], "retired": [parcel["id"]], "all": [parcel["id"]]}
    assert api.client.get(f"parcels/{parcel['id']}").status_code == 200


def test_as_of_a_version_and_a_time(api: Api, registry_server: LiveServer) -> None:
    answer = api.post("certificates", ward_id=api.ward(), serial="DD 1", assets=[])
    version, first = int(answer.headers["data-version"]), answer.json()
    path = f"certificates/{first['id']}"
    with connect(registry_server.settings, Role.APP) as connection:
        moment = one(connection, "SELECT clock_timestamp()").isoformat()
    parcel = api.parcel(first["ward_id"])
    second = api.patch(path, serial="Ð D-2", parcels=[{"parcel_id": parcel["id"]}]).json()
    assert second["serial"] == "Đ D-2"
    for as_of in (str(version), moment):
        then = api.client.get(path, params={"as_of": as_of})
        assert then.json() == first
        assert then.headers["data-version"] == str(version)
        listed = api.client.get("certificates", params={"ward_id": first["ward_id"], "as_of": as_of}).json()
        assert listed["items"] == [first]
        query = {"parcel_id": parcel["id"], "as_of": as_of}
        assert api.client.get("certificates", params=query).json()["items"] == []
    assert api.client.get("certificates", params={"parcel_id": parcel["id"]}).json()["items"] == [second]
    assert api.client.get(path, params={"as_of": str(version - 1)}).status_code == 404
    for wrong in ("999999999", "yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z", "-1", "1.5"):
        assert api.client.get(path, params={"as_of": wrong}).status_code == 400, wrong


def test_history_tells_each_state_and_its_change(api: Api) -> None:
    made = api.parcel(api.ward(), land_uses=[{"land_type": "ODT"}])
    path = f"parcels/{made['id']}"
    changed = api.client.patch(
        path,
        json={"change": {"reason": "theo biên bản"}, "land_uses": [{"land_type": "CLN"}]},
        headers={"If-Match": api.tag(path)},
    ).json()
    states = api.client.get(f"{path}/history").json()
    assert [state["record"] for state in states] == [changed, made]
    assert [state["changes"][0]["kind"] for state in states] == ["correct", "create"]
    assert states[0]["changes"][0]["reason"] == "theo biên bản"
    assert states[0]["changes"][0]["by"] == "account:admin"
    assert api.client.get(f"changes/{changed['changed_by']}").json() == states[0]["changes"][0]


@pytest.mark.parametrize(
    ("path", "values", "status", "place"),
    [
        ("parcels", {"geometry": polygon([0, 0], [9, 9], [9, 0], [0, 5])}, 422, None),
        ("parcels", {"geometry": polygon([1e300, 0], [0, 1e300], [1e300, 1e300])}, 422, None),
        ("parcels", {"map_sheet_id": 2**31 - 1}, 422, None),
        ("parcels", {"residential_group_id": 2**31 - 1}, 422, "parcel_residential_group_id_ward_id_fkey"),
        ("parcels", {"land_uses": [{"land_type": "ODT", "area_m2": -1}]}, 400, None),
        ("parcels", {"numbers": [{"series": "other", "parcel_no": "1"}] * 2}, 409, None),
        ("parcels", {"parcel_no": "1\u0000"}, 400, None),
        ("parcels", {"parcel_no": "  "}, 400, None),
        ("parcels", {"area_m2": 5}, 400, None),
        ("parcels", {"srid": 4326}, 400, None),
        ("parcels", {"change": {"reason": "  "}}, 400, None),
        ("parcels", {"change": {"reason": "vì thế", "document_id": 2**40}}, 404, None),
        ("parcels", {"change": None}, 400, None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(api: Api, path: str, values: Any, status: int, place: str | None) -> None:
    ward = api.ward()
    sheet = api.make("sheets", ward_id=ward, sheet_no="1", srid=9210)
    given = {"change": WHY, "map_sheet_id": sheet["id"], "parcel_no": "1", "geometry": square(EAST)} | values
    answer = api.post(path, **given)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert place is None or answer.json()["constraint"] == place
    assert api.client.get(f"parcels?map_sheet_id={sheet['id']}").json()["items"] == []


def test_text_that_is_no_unicode_is_refused(api: Api) -> None:
    body = b'{"change": {"reason": "abc"}, "level": "ward", "code": "\\ud800", "name": "x", "srid": 9210}'
    answer = api.client.post("units", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_serials_are_written_in_one_way(api: Api) -> None:
    """As a form writes them: whoever enters one, it is the same paper."""
    ward = api.ward()
    typed = {"ab123456": "AB 123456", "Ð.654321": "Đ 654321", "aa 00000003": "AA 00000003", "số 12": "SỐ 12", "": ""}
    for given, written in typed.items():
        assert api.make("certificates", ward_id=ward, serial=given)["serial"] == written
    old = api.make("certificates", ward_id=ward)
    new = {"serial": "dd.123456"}
    made = api.post(f"certificates/{old['id']}/reissue", version=old["version"], certificate=new).json()["made"][0]
    assert api.client.get(f"certificates/{made}").json()["serial"] == "DD 123456"


def test_a_number_is_there_once_on_its_sheet(api: Api) -> None:
    parcel = api.parcel(api.ward())
    answer = api.post("parcels", map_sheet_id=parcel["map_sheet_id"], parcel_no="01", geometry=square(EAST))
    assert (answer.status_code, answer.json()["constraint"]) == (409, "parcel_number_on_sheet")


def test_shares_that_do_not_sum_to_one_are_refused_at_commit(api: Api) -> None:
    ward = api.ward()
    on = {"ward_id": ward, "parcel_id": api.parcel(ward)["id"], "holder_id": api.holder(ward)["id"]}
    answer = api.post("holdings", **on, role="certificate_holder", share_num=1, share_den=2)
    assert (answer.status_code, answer.json()["constraint"]) == (422, "holding_shares_sum")
    assert api.make("holdings", **on, role="certificate_holder", share_num=2, share_den=2)["share_den"] == 2


def test_what_acts_of_their_own_change_is_no_patch(api: Api) -> None:
    made = api.parcel(api.ward())
    for values in ({"parcel_no": "2"}, {"retired_by": 1}, {"geometry": square(EAST)}, {"nonsense": 1}):
        assert api.patch(f"parcels/{made['id']}", **values).status_code == 400, values


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_records_are_not_deleted_and_what_there_is_instead_is_said(api: Api, kind: Any) -> None:
    answer = api.client.delete(f"{kind.path}/1")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == ("GET, PATCH" if kind.writable else "GET")
    assert answer.json()["hint"] == kind.ends
    document = api.client.get("openapi.json").json()["paths"]
    told = document[f"/api/v1/{kind.path}/{{record_id}}"]["delete"]
    assert set(told["responses"]) & {"200", "405"} == {"405"}
    assert kind.ends in told["description"]
    # The acts that it names are there.
    for path in re.findall(r"/api/v1/[\w/…]+", kind.ends):
        assert path.replace("…", "{record_id}") in document


def test_nobody_reads_without_signing_in(registry_server: LiveServer) -> None:
    for kind in KINDS.values():
        assert httpx.get(f"{registry_server.url}/api/v1/{kind.path}").status_code == 401
    assert httpx.post(f"{registry_server.url}/api/v1/holders/1/reveal", json={"reason": "xem"}).status_code == 401
