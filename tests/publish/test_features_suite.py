"""Checks of the OGC test suite for API – Features (ets-ogcapi-features10) on every collection.

As its clients do: found by the landing page, asked as the OpenAPI document says. Those for API – Tiles are in
test_tile_documents.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.publish.conftest import COLLECTIONS, EACH

OAS30 = "application/vnd.oai.openapi+json;version=3.0"


@pytest.fixture
def client(signed_in: httpx.Client) -> httpx.Client:
    """To whom all collections are shown."""
    return signed_in


def ask(client: httpx.Client, path: str, **parameters: str) -> dict[str, Any]:
    answer = client.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def href(document: dict[str, Any], rel: str, kind: str | None = None) -> str:
    links = [each for each in document["links"] if each["rel"] == rel and kind in {None, each.get("type")}]
    assert links, (rel, kind)
    found: str = links[0]["href"]
    return found


def collections(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Each collection by its own document, which the list has just so."""
    listed = ask(client, href(ask(client, "/ogc"), "data"))
    found = listed["collections"]
    assert {each["id"] for each in found} == set(COLLECTIONS)
    for each in found:
        assert ask(client, href(each, "self")) == each
        yield each


def place(collection: dict[str, Any]) -> str:
    """Its address, to which paths may be added."""
    return href(collection, "self").partition("?")[0]


def items(collection: dict[str, Any]) -> str:
    return href(collection, "items", "application/geo+json")


def test_the_api_is_described_by_openapi_30_in_just_that_media_type(client: httpx.Client) -> None:
    landing = ask(client, "/ogc")
    answer = client.get(href(landing, "service-desc", OAS30))
    assert answer.headers["content-type"] == OAS30
    assert answer.json()["openapi"].startswith("3.0.")
    assert set(ask(client, href(landing, "conformance"))["conformsTo"])


def test_the_limit_is_described_and_obeyed(client: httpx.Client) -> None:
    api = client.get(href(ask(client, "/ogc"), "service-desc")).json()
    for collection in collections(client):
        described = api["paths"][f"/collections/{collection['id']}/items"]["get"]["parameters"]
        named = [
            api["components"]["parameters"][each["$ref"].rpartition("/")[2]] for each in described if "$ref" in each
        ]
        (limit,) = (each for each in named if each["name"] == "limit")
        assert (limit["in"], limit["required"], limit["style"], limit["explode"]) == ("query", False, "form", False)
        assert limit["schema"]["type"] == "integer"
        assert {"minimum", "default", "maximum"} <= set(limit["schema"])
        for wanted in (1, EACH - 1, EACH, limit["schema"]["maximum"]):
            page = ask(client, items(collection), limit=str(wanted))
            assert len(page["features"]) == page["numberReturned"] == min(wanted, EACH)
        for wrong in ("unlimited", "0", "-1", "1.5"):
            assert client.get(items(collection), params={"limit": wrong}).status_code == 400


def test_what_is_not_described_is_refused(client: httpx.Client) -> None:
    for collection in collections(client):
        for path in (items(collection), place(collection), f"{place(collection)}/items/1"):
            assert client.get(path, params={"unknownQueryParameter": "1"}).status_code == 400
        for name, value in (
            ("bbox", "1,2,3"),
            ("bbox", "a,b,c,d"),
            ("datetime", "yesterday"),
            ("datetime", "../../.."),
        ):
            assert client.get(items(collection), params={name: value}).status_code == 400


def test_the_number_that_is_told_is_that_of_a_walk(client: httpx.Client) -> None:
    for collection in collections(client):
        page = ask(client, items(collection), limit="3")
        assert page["numberMatched"] == EACH == collection["itemCount"]
        assert page["type"] == "FeatureCollection"
        seen = [each["id"] for each in page["features"]]
        while following := [each["href"] for each in page["links"] if each["rel"] == "next"]:
            page = ask(client, following[0])
            seen += [each["id"] for each in page["features"]]
        assert len(seen) == len(set(seen)) == EACH
        assert "timeStamp" not in page  # so that the same page is the same bytes


def test_a_feature_is_what_its_page_has(client: httpx.Client) -> None:
    for collection in collections(client):
        for feature in ask(client, items(collection))["features"]:
            single = ask(client, f"{place(collection)}/items/{feature['id']}")
            assert {href(single, rel) for rel in ("self", "collection")}
            assert {key: single[key] for key in ("type", "id", "geometry", "properties")} == feature
        schema = ask(client, href(collection, "http://www.opengis.net/def/rel/ogc/1.0/schema"))
        assert Draft202012Validator.check_schema(schema) is None
        assert client.get(f"{place(collection)}/items/999999999").status_code == 404


def test_the_extent_holds_all_features_and_its_box_finds_them(client: httpx.Client) -> None:
    for collection in collections(client):
        box = collection["extent"]["spatial"]["bbox"][0]
        assert ask(client, items(collection), bbox=",".join(map(str, box)))["numberMatched"] == EACH
        west, south, east, north = box
        for feature in ask(client, items(collection))["features"]:
            points = [point for ring in feature["geometry"]["coordinates"] for point in ring]
            assert all(west <= x <= east and south <= y <= north for x, y in points)
        assert ask(client, items(collection), bbox="-1,-1,1,1")["numberMatched"] == 0


def test_each_crs_of_the_list_is_given_and_no_other(client: httpx.Client) -> None:
    for collection in collections(client):
        assert collection["storageCrs"] in collection["crs"]
        default = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
        assert collection["crs"][0] == default
        for uri in collection["crs"]:
            answer = client.get(items(collection), params={"crs": uri})
            assert (answer.status_code, answer.headers["content-crs"]) == (200, f"<{uri}>")
        assert client.get(items(collection)).headers["content-crs"] == f"<{default}>"
        for uri in ("http://www.opengis.net/def/crs/EPSG/0/0", "EPSG:4326x"):
            assert client.get(items(collection), params={"crs": uri}).status_code == 400
            assert client.get(items(collection), params={"bbox": "1,2,3,4", "bbox-crs": uri}).status_code == 400


def test_a_box_in_each_crs_finds_what_lies_in_it(client: httpx.Client) -> None:
    for collection in collections(client):
        for uri in collection["crs"]:
            feature = ask(client, items(collection), crs=uri)["features"][2]
            # In the order of the axes that the CRS has.
            first, second = zip(*feature["geometry"]["coordinates"][0], strict=True)
            box = ",".join(map(repr, (min(first), min(second), max(first), max(second))))
            page = ask(client, items(collection), **{"crs": uri, "bbox": box, "bbox-crs": uri})
            assert (page["numberMatched"], page["features"]) == (1, [feature]), uri
