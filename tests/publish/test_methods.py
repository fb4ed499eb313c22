"""OPTIONS, HEAD and pages of other origins: what is public is for them, what is not is not."""

from __future__ import annotations

import httpx
import pytest

from tests.publish.conftest import Ward

LAYER = "/ogc/collections/parcels"
STAFF = "/ogc/collections/parcels-staff"
DOCUMENTS = (
    "/ogc",
    "/ogc/conformance",
    "/ogc/api",
    "/ogc/functions",
    "/ogc/collections",
    LAYER,
    f"{LAYER}/queryables",
    f"{LAYER}/schema",
    f"{LAYER}/sortables",
    f"{LAYER}/items",
    f"{LAYER}/items?f=html",
    f"{LAYER}/items?limit=2&f=csv",
    f"{LAYER}/tiles",
    f"{LAYER}/tiles/WebMercatorQuad",
    f"{LAYER}/tiles/WebMercatorQuad/3/3/6",
    f"{LAYER}/styles",
    "/ogc/styles",
    "/ogc/styles/parcels?f=mapbox",
    "/ogc/styles/parcels/legend?f=png",
    "/ogc/tiles",
    "/ogc/tileMatrixSets",
    "/ogc/tileMatrixSets/WebMercatorQuad",
    "/ogc/processes",
    "/ogc/processes/atlas",
)
ELSEWHERE = {"Origin": "https://map.example"}

OF_THE_MOMENT = {"date", "data-time", "cache-status"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_head_says_what_get_would(reader: httpx.Client, path: str) -> None:
    for accepted in ("identity", "br"):
        headers = {"Accept-Encoding": accepted}
        get, head = reader.get(path, headers=headers), reader.head(path, headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        told = [{each: value for each, value in of.headers.items() if each not in OF_THE_MOMENT} for of in (get, head)]
        assert told[0] == told[1]
        if "etag" in head.headers:
            assert reader.head(path, headers=headers | {"If-None-Match": head.headers["etag"]}).status_code == 304


def test_head_of_staff_layers_and_of_what_is_not_there(
    client: httpx.Client, ward: Ward, admin: tuple[str, str]
) -> None:
    ward.add_parcels(1)
    assert client.head(STAFF).status_code == 401
    assert client.head(f"{STAFF}/items", auth=admin).status_code == 200
    assert client.head("/ogc/collections/none").status_code == 404
    # What is made to be taken away is not made for its headers.
    assert client.head(f"{LAYER}/export").status_code == 405


@pytest.mark.parametrize("path", DOCUMENTS)
def test_pages_of_other_origins_may_ask_anew(reader: httpx.Client, path: str) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    answer = reader.options(path, headers=ELSEWHERE | asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
    allowed = {each.strip().lower() for each in answer.headers["access-control-allow-headers"].split(",")}
    assert "if-none-match" in allowed
    assert not {"authorization", "cookie", "*"} & allowed
    assert "access-control-allow-credentials" not in answer.headers
    assert int(answer.headers["access-control-max-age"]) > 0


def test_what_may_be_done_with_each_resource(reader: httpx.Client) -> None:
    for path, allowed in {
        f"{LAYER}/export": "GET, OPTIONS, POST",
        f"{STAFF}/items": "GET, HEAD, OPTIONS",
        "/ogc/processes/atlas/execution": "OPTIONS, POST",
        "/ogc/jobs/1": "DELETE, GET, HEAD, OPTIONS",
        "/ogc/jobs/1/results": "GET, OPTIONS",
    }.items():
        assert reader.options(path).headers["allow"] == allowed, path
    assert reader.options("/ogc/none").status_code == 404


def test_staff_layers_and_jobs_are_for_no_other_origin(client: httpx.Client, admin: tuple[str, str]) -> None:
    paths = [f"{STAFF}/items", STAFF, "/ogc/styles/parcels-staff", "/ogc/styles/parcels-staff.dark", "/ogc/jobs"]
    for path in paths:
        for answer in (client.options(path, headers=ELSEWHERE), client.get(path, headers=ELSEWHERE)):
            assert not [name for name in answer.headers if name.startswith("access-control")], path
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    wrong = client.get(f"{LAYER}/items?unknown=1", headers=ELSEWHERE, auth=admin)
    assert wrong.status_code == 400
    assert "access-control-allow-origin" not in wrong.headers


def test_errors_of_what_is_public_can_be_read(reader: httpx.Client) -> None:
    for path, status in {
        f"{LAYER}/items?unknown=1": 400,
        f"{LAYER}/items/0": 404,
        f"{LAYER}/tiles/WebMercatorQuad/99/0/0": 404,
        "/ogc/collections/none": 404,
        "/ogc/none": 404,
        f"/ogc?f={'x' * 9000}": 414,
    }.items():
        answer = reader.get(path, headers=ELSEWHERE)
        assert answer.status_code == status, path
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        assert answer.headers["cache-control"] == "private, no-store"
    for path in ("/api/v1/none", "/none"):
        assert "access-control-allow-origin" not in reader.get(path, headers=ELSEWHERE).headers
