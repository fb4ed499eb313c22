"""Checks of the OGC test suite for API – Features Part 1 (ets-ogcapi-features10 1.9), and what QGIS looks for."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.publish.conftest import COLLECTIONS, Ward

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
ITEMS = "/ogc/collections/parcels/items"
# What each collection has besides its own document.
PARTS = ("", "/items", "/queryables", "/sortables", "/schema", "/styles", "/tiles", "/tiles/WebMercatorQuad")


def document(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def links(found: Any) -> dict[str, dict[str, str]]:
    """By the last part of their relation; of several the JSON one."""
    return {each["rel"].rpartition("/")[2]: each for each in reversed(found["links"])}


def test_landing_page_has_what_clients_start_from(reader: httpx.Client) -> None:
    found = links(document(reader, "/ogc"))
    assert {"service-desc", "conformance", "data", "self"} <= found.keys()
    assert found["service-desc"]["type"] == OPENAPI
    answer = reader.get(found["service-desc"]["href"])
    assert answer.headers["content-type"] == OPENAPI
    assert document(reader, "/ogc/") == document(reader, "/ogc")


def test_all_links_lead_to_what_they_say(reader: httpx.Client) -> None:
    waiting, seen = ["/ogc", "/ogc/collections/parcels"], set()
    while waiting:
        for link in document(reader, waiting.pop())["links"]:
            if link["href"] in seen:
                continue
            seen.add(link["href"])
            href = re.sub(r"\{tile\w+\}", "0", link["href"]) if link.get("templated") else link["href"]
            answer = reader.get(href)
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link
            if link["type"].endswith("json") and "links" in answer.json():
                waiting.append(link["href"])
    assert len(seen) > 10


def pages(client: httpx.Client) -> dict[str, set[str]]:
    """Every document that the API describes and that is there, and the media types in which it is given."""
    found = {}
    for path, methods in document(client, "/ogc/api")["paths"].items():
        address = f"/ogc{concrete(path)}".rstrip("/")
        if "/items/" in path:
            items = address.removesuffix("/1")
            address = f"{items}/{document(client, items)['features'][0]['id']}"
        if "get" in methods and not is_of_nothing(client.get(address)):
            found[address] = set(methods["get"]["responses"]["200"]["content"])
    return found


def has_map(path: str) -> bool:
    """Whether its page shows a map: of a collection, its features, one of them."""
    return re.fullmatch(r"/ogc/collections/[^/]+(/items(/\d+)?)?", path) is not None


def test_json_and_html(signed_in: httpx.Client) -> None:
    found = {path for path, types in pages(signed_in).items() if "text/html" in types}
    assert found >= {f"/ogc/collections/{each}{part}" for each in COLLECTIONS for part in PARTS}
    assert found >= {"/ogc", "/ogc/functions", "/ogc/styles", "/ogc/styles/parcels/metadata", "/ogc/tiles", "/ogc/jobs"}
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for path in sorted(found):
        page = signed_in.get(path, headers=browser)
        assert page.headers["content-type"] == "text/html; charset=utf-8", path
        for accepted in ("*/*", "application/geo+json, application/json"):
            kind = signed_in.get(path, headers={"Accept": accepted}).headers["content-type"]
            assert "json" in kind or path.endswith("/legend"), path
        if not path.endswith("/legend"):
            name = "mapbox" if re.fullmatch("/ogc/styles/[^/]+", path) else "json"
            asked = signed_in.get(path, headers=browser, params={"f": name})
            assert "json" in asked.headers["content-type"], path
        for language in ("vi", "en"):
            check_page(path, signed_in.get(path, params={"f": "html", "lang": language}).text, language)


def check_page(path: str, html: str, language: str) -> None:
    """In its language; and it works without internet: what is loaded are files of ours."""
    assert f'<html lang="{language}">' in html, path
    assert not any(tag in html for tag in ("@import", "url(")), path
    assert all(each.startswith("/ogc/") for each in re.findall('<img[^>]*src="([^"]*)', html)), path
    scripts = ['<script src="/static/dist/preview.js" defer>'] * has_map(path)
    assert re.findall("<script[^>]*>", html) == scripts, path
    styles = ['"/static/icon.svg"', '"/static/ogc.css"', *(['"/static/dist/preview.css"'] * has_map(path))]
    assert sorted(re.findall("<link[^>]*href=([^ >]*)", html)) == sorted(styles), path


def test_unknown_parameters_are_refused(signed_in: httpx.Client) -> None:
    for path in [*pages(signed_in), "/api/v1/palette"]:
        answer = signed_in.get(path, params={"unknown": "1"})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), path
        assert answer.json()["parameter"] == "unknown", path


@pytest.mark.parametrize("path", ["", "/items", "/items/1", "/queryables", "/schema"])
def test_an_unknown_collection_is_not_found(reader: httpx.Client, path: str) -> None:
    answer = reader.get(f"/ogc/collections/nothing{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_openapi_is_valid_self_contained_and_has_what_clients_look_for(
    client: httpx.Client, admin: tuple[str, str]
) -> None:
    assert not is_of_nothing(client.get("/ogc/nowhere"))
    for auth in (None, admin):
        api = client.get("/ogc/api", auth=auth).json()
        OpenAPIV30SpecValidator(api).validate()
        assert '"$ref": "http' not in json.dumps(api)
        for path, methods in api["paths"].items():
            answer = client.get(f"{api['servers'][0]['url']}{concrete(path)}", auth=auth)
            for_some = auth is None and "security" in methods.get("get", {})
            expected = 405 if "get" not in methods else 401 if for_some else 200
            assert answer.status_code == expected or is_of_nothing(answer), path
    limit = api["components"]["parameters"]["limit"]
    assert limit == {
        "name": "limit",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "description": limit["description"],
        "schema": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100},
    }


PLACES = {
    "featureId": "1",
    "tileMatrixSetId": "WebMercatorQuad",
    "tileMatrix": "14",
    "tileRow": "7221",
    "tileCol": "13047",
    "styleId": "parcels",
    "processID": "atlas",
}


def concrete(path: str) -> str:
    """A path of the document, filled in."""
    return re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "1"), path)


def is_of_nothing(answer: httpx.Response) -> bool:
    """Whether it says that the register has no such record or job: the path itself is served."""
    return answer.status_code == 404 and "Not Found" not in answer.text


def test_the_formats_of_a_page_are_in_the_openapi_document(reader: httpx.Client) -> None:
    get = document(reader, "/ogc/api")["paths"]["/collections/parcels/items"]["get"]
    (formats,) = [each["schema"]["enum"] for each in get["parameters"] if each.get("name") == "f"]
    types = {reader.get(ITEMS, params={"f": each}).headers["content-type"].partition(";")[0] for each in formats}
    assert types == set(get["responses"]["200"]["content"])
    assert len(types) == len(formats) == 6


def test_each_parameter_of_the_openapi_document_is_taken(reader: httpx.Client) -> None:
    api = document(reader, "/ogc/api")
    known = {each.get("$ref", "").rpartition("/")[2] or each["name"] for each in items_of(api)}
    told = reader.get(ITEMS, params={"unknown": "1"}).json()["hint"].removeprefix("known are: ")
    assert known == set(told.split(", "))


def items_of(api: Any) -> Any:
    return api["paths"]["/collections/parcels/items"]["get"]["parameters"]


def test_conformance(reader: httpx.Client) -> None:
    classes = document(reader, "/ogc/conformance")["conformsTo"]
    part1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {part1 + each for each in ("core", "geojson", "html", "oas30")} <= set(classes)
    assert len(classes) == len(set(classes))
    # Nothing is declared that is not there yet.
    assert not any("features-4" in each for each in classes)


def test_collection_tells_extent_and_number(client: httpx.Client, ward: Ward) -> None:
    assert "extent" not in document(client, "/ogc/collections/parcels")
    ward.add_parcels(3)
    collection = document(client, "/ogc/collections/parcels")
    assert (collection["itemCount"], collection["itemType"]) == (3, "feature")
    (west, south, east, north), *parts = collection["extent"]["spatial"]["bbox"]
    assert document(client, f"{ITEMS}?bbox={west},{south},{east},{north}")["numberMatched"] == 3
    assert (east - west, north - south) == (pytest.approx(50 / 104_000, rel=0.1), pytest.approx(10 / 110_700, rel=0.3))
    assert len(parts) == 1  # that of the one ward
    listed = document(client, "/ogc/collections")["collections"]
    assert [each["id"] for each in listed] == ["parcels", "parcels-former", "map-sheets", "residential-groups", "wards"]
    assert listed[0] == collection


def test_number_matched_equals_a_walk_over_all_pages(reader: httpx.Client, shown: Ward) -> None:
    for query in ("", "&bbox=-180,-90,180,90", "&sheet_no=12", "&datetime=../.."):
        page = document(reader, f"{ITEMS}?limit=6{query}")
        matched, walked = page["numberMatched"], page["numberReturned"]
        while found := [each["href"] for each in page["links"] if each["rel"] == "next"]:
            page = reader.get(found[0]).json()
            assert "timeStamp" not in page
            walked += page["numberReturned"]
        assert matched == walked == len(shown.parcels)


def test_schema_and_queryables_fit_the_features(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    properties = document(client, ITEMS)["features"][0]["properties"]
    schema = client.get("/ogc/collections/parcels/schema")
    queryables = client.get("/ogc/collections/parcels/queryables")
    for answer in (schema, queryables):
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$id"] == str(answer.url)
        assert answer.json()["additionalProperties"] is False
    described = schema.json()["properties"]
    assert described.keys() - {"geometry", "id"} == properties.keys()
    assert described["id"]["x-ogc-role"] == "id"
    assert described["valid_from"] | {"title": "", "description": ""} == {
        "type": "string",
        "format": "date",
        "title": "",
        "description": "",
        "x-ogc-role": "primary-instant",
        "x-ogc-propertySeq": 13,
    }
    assert (described["area_m2"]["x-ogc-unit"], described["area_m2"]["x-ogc-unitLang"]) == ("m2", "UCUM")
    geometry = {"x-ogc-role": "primary-geometry", "format": "geometry-polygon-or-multipolygon"}
    assert geometry.items() <= described["geometry"].items()
    assert "$ref" not in described["geometry"]
    status = described["verification_status"]
    assert [each["const"] for each in status["oneOf"]] == status["enum"]
    assert all(each["title"] for each in status["oneOf"])
    askable = queryables.json()["properties"]
    assert askable.keys() == described.keys()
    for name in properties:
        value = properties[name]
        if value is not None:
            answer = client.get(ITEMS, params={name: value})
            assert answer.json()["numberMatched"] == 1, name
    assert document(client, "/ogc/collections/parcels/schema?lang=en")["properties"]["sheet_no"]["title"] == "Map sheet"


def test_texts_are_vietnamese_and_english_on_request(reader: httpx.Client) -> None:
    assert document(reader, "/ogc/collections/parcels")["title"] == "Thửa đất"
    assert document(reader, "/ogc/collections/parcels?lang=en")["title"] == "Parcels"


def test_html_escapes_what_comes_from_the_registry(client: httpx.Client, ward: Ward) -> None:
    from gisland.database import run

    ward.add_parcels(1)
    run(ward.settings, lambda c: c.execute("UPDATE registry.map_sheet SET sheet_no = '<script>'"))
    html = client.get(ITEMS, params={"f": "html", "sheet_no": "<script>"}).text
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
