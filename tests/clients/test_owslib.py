"""OWSLib reads our collections."""

from __future__ import annotations

from owslib.ogcapi.features import Features

from tests.clients.conftest import Expected


def test_owslib_reads_all_parcels_page_by_page(expected: Expected) -> None:
    api = Features(expected.url)
    assert api.feature_collections() == ["parcels", "parcels-former", "map-sheets", "residential-groups", "wards"]
    assert any(each.endswith("ogcapi-features-1/1.0/conf/core") for each in api.conformance()["conformsTo"])
    assert api.api()["openapi"].startswith("3.0")
    assert "sheet_no" in api.collection_queryables("parcels")["properties"]
    page = api.collection_items("parcels", limit=70)
    found = [feature["id"] for feature in page["features"]]
    assert page["numberMatched"] == len(expected.ids)
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        cursor = following[0].rpartition("cursor=")[2]
        page = api.collection_items("parcels", limit=70, cursor=cursor)
        found += [feature["id"] for feature in page["features"]]
    assert sorted(found) == sorted(expected.ids)
    assert api.collection_item("parcels", str(found[0]))["id"] == found[0]


def test_owslib_reads_a_bbox(expected: Expected) -> None:
    page = Features(expected.url).collection_items("parcels", bbox=list(expected.bbox), limit=1000)
    assert {feature["id"] for feature in page["features"]} == expected.ids_in_bbox
