"""Requests of QGIS newer than 3.22, which Debian 12 does not have, replayed from how its provider is written.

Read from src/providers/wfs/oapif of QGIS 3.34 to 4.0: what it asks for when a layer is added, when the map is moved,
and when a filter is set; and what it looks for in each answer. No QGIS runs here; 3.22 itself does in test_qgis.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.settings import Settings
from tests.publish.conftest import COLLECTIONS, EACH, everywhere, signed_in

__all__ = ["everywhere", "signed_in"]

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ITEMS_ACCEPTED = {"Accept": "application/geo+json, application/json"}
SCHEMA_ACCEPTED = {"Accept": "application/schema+json"}
FILTER_CLASSES = (
    *("cql2/1.0/conf/basic-cql2", "cql2/1.0/conf/cql2-text", "cql2/1.0/conf/advanced-comparison-operators"),
    *("cql2/1.0/conf/case-insensitive-comparison", "cql2/1.0/conf/basic-spatial-operators"),
    *("cql2/1.0/conf/basic-spatial-functions", "ogcapi-features-3/1.0/conf/filter"),
    *("ogcapi-features-3/1.0/conf/features-filter", "ogcapi-features-2/1.0/conf/crs"),
    "ogcapi-features-5/1.0/conf/schemas",
)
# Of fields by their types; in brackets and with quotes as its compiler writes them.
FILTERS = {
    "string": [
        "({0} = 'it''s \\\\ that')",
        "({0} IS NULL)",
        "({0} IS NOT NULL)",
        "({0} LIKE '1%')",
        "({0} NOT LIKE '1%')",
        "(CASEI({0}) LIKE CASEI('a%'))",
        "(CASEI({0}) NOT LIKE CASEI('a%'))",
        "{0} IN ('1','2')",
        "{0} NOT IN ('1','2')",
        "(NOT (({0} = '1')))",
    ],
    "number": [
        "({0} > ( - (1)))",
        "(({0} + 1) <> (({0} * 2) / 3))",
        "(({0} % 2) = 1)",
        "{0} BETWEEN 1 AND 2.5",
        "{0} NOT BETWEEN 1 AND 2.5",
    ],
    "date": ["({0} > DATE('2020-01-01'))", "({0} <= DATE('2020-01-01'))"],
    "date-time": ["({0} > TIMESTAMP('2020-01-01T00:00:00.000Z'))"],
}
FILTERS["integer"] = FILTERS["number"]


def get(client: httpx.Client, url: str, accepted: dict[str, str] | None = None) -> Any:
    answer = client.get(url, headers=accepted or {"Accept": "application/json"})
    assert answer.status_code == 200, (url, answer.text)
    return answer.json()


def link(document: Any, rel: str, kind: str | None = None) -> str:
    """The first link of a relation; QGIS compares the media type letter by letter."""
    found: str = next(each["href"] for each in document["links"] if each["rel"] == rel and kind in {None, each["type"]})
    return found


class Layer:
    """A layer as it is added: what QGIS then knows of it."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.client = client
        landing = get(client, "/ogc")
        api = get(client, link(landing, "service-desc", OPENAPI), {"Accept": OPENAPI})
        limit = api["components"]["parameters"]["limit"]["schema"]
        self.page_size = min(max(1000, limit["default"]), limit["maximum"])
        # What it adds to this address it adds without looking for a `?`.
        self.url = f"{link(landing, 'data', 'application/json').partition('?')[0]}/{name}"
        self.collection = get(client, self.url)
        classes = get(client, link(landing, "conformance"))["conformsTo"]
        assert {f"http://www.opengis.net/spec/{each}" for each in FILTER_CLASSES} <= set(classes)
        self.queryables = get(client, f"{self.url}/queryables", SCHEMA_ACCEPTED)["properties"]
        self.first = get(client, f"{self.url}/items?limit=10", ITEMS_ACCEPTED)
        self.schema = get(client, link(self.collection, f"{REL}schema", "application/schema+json"), SCHEMA_ACCEPTED)
        self.crs = self.collection["storageCrs"]

    def pages(self, query: str) -> Iterator[Any]:
        """The pages of a query, each by the link of the one before."""
        page = get(self.client, f"{self.url}/items?limit={self.page_size}{query}", ITEMS_ACCEPTED)
        while True:
            yield page
            following = [each["href"] for each in page["links"] if each["rel"] == "next"]
            if not following:
                return
            page = get(self.client, following[0], ITEMS_ACCEPTED)

    def found(self, query: str) -> list[Any]:
        return [feature for page in self.pages(query) for feature in page["features"]]


@pytest.fixture(scope="module", params=COLLECTIONS)
def layer(request: pytest.FixtureRequest, signed_in: httpx.Client) -> Layer:
    return Layer(signed_in, request.param)


def test_a_layer_is_added(layer: Layer) -> None:
    assert layer.page_size == 1000
    assert layer.first["numberMatched"] == layer.collection["itemCount"] == EACH
    # The count is asked for so by versions that do not read `itemCount`.
    assert get(layer.client, f"{layer.url}/items?limit=1", ITEMS_ACCEPTED)["numberMatched"] == EACH
    assert all(isinstance(each["id"], int) and "id" not in each["properties"] for each in layer.first["features"])
    # Fields are those of the schema, in its order; a place that is there twice would make QGIS give the order up.
    described = {name: each for name, each in layer.schema["properties"].items() if "type" in each}
    assert described.keys() - {"id"} == layer.first["features"][0]["properties"].keys()
    places = [each["x-ogc-propertySeq"] for each in described.values() if "x-ogc-propertySeq" in each]
    assert len(places) == len(set(places))
    assert all(each["type"] in {"string", "number", "integer", "boolean"} for each in described.values())
    (geometry,) = (each for each in layer.schema["properties"].values() if each.get("x-ogc-role") == "primary-geometry")
    assert geometry["format"] == "geometry-polygon-or-multipolygon"
    # Nothing can be edited here: it learns so by the methods.
    for path in (f"{layer.url}/items", f"{layer.url}/items/{layer.first['features'][0]['id']}"):
        answer = layer.client.options(path)
        assert answer.status_code in {200, 204}
        assert not {each.strip() for each in answer.headers["allow"].split(",")} & {"POST", "PUT", "PATCH", "DELETE"}


def test_the_map_is_moved(layer: Layer) -> None:
    crs = "" if layer.crs == CRS84 else f"&crs={layer.crs}"
    everything = layer.found(crs)
    assert len(everything) == EACH
    rings = [each["geometry"]["coordinates"][0] for each in everything]
    points = [point for ring in rings for point in (ring[0] if isinstance(ring[0][0], list) else ring)]
    first, second = zip(*points, strict=True)
    # In the order of the axes, with seventeen digits, the CRS not encoded: as it writes them.
    box = ",".join(f"{each:.17g}" for each in (min(first), min(second), max(first), max(second)))
    of_box = f"&bbox={box}{crs and f'&bbox-crs={layer.crs}'}{crs}"
    assert layer.found(of_box) == everything
    answer = layer.client.get(f"{layer.url}/items?limit=1000{of_box}", headers=ITEMS_ACCEPTED)
    assert answer.headers["content-crs"] == f"<{layer.crs}>"


def test_a_filter_is_set(layer: Layer) -> None:
    geometries = [name for name, each in layer.queryables.items() if "$ref" in each]
    assert all(layer.queryables[each]["$ref"].startswith("https://geojson.org/schema/") for each in geometries)
    assert geometries == ["geometry"]
    texts = []
    for kind, templates in FILTERS.items():
        names = [name for name, each in layer.queryables.items() if each.get("format", each.get("type")) == kind]
        # It quotes what is not of letters and digits alone.
        quoted = [name if name.isalnum() else f'"{name}"' for name in names]
        texts += [template.format(name) for name in quoted[:2] for template in templates]
    assert len(texts) > 10
    west, south, east, north = layer.collection["extent"]["spatial"]["bbox"][0]
    in_view = f"S_INTERSECTS(geometry,BBOX({west},{south},{east},{north}))"
    texts += [in_view, f"S_INTERSECTS(geometry,POINT({west} {south}))"]
    texts += [f"({in_view} AND {text})" for text in texts[:3]]
    for text in texts:
        answer = layer.client.get(
            f"{layer.url}/items?limit=1000&filter={quote(text)}&filter-lang=cql2-text&filter-crs={CRS84}",
            headers=ITEMS_ACCEPTED,
        )
        assert answer.status_code == 200, (text, answer.text)
    # A filter of the layer and an expression of a search, put together as they are.
    both = f"({quote(f'({texts[1]} OR {texts[2]})')}) AND ({quote(in_view)})"
    for each in (quote(in_view), both):
        assert len(layer.found(f"&filter={each}&filter-lang=cql2-text&filter-crs={CRS84}")) == EACH


@pytest.mark.parametrize("name", [each for each in COLLECTIONS if load_catalogue(Settings()).layer(each).public])
def test_qgis_4_takes_pages_as_flatgeobuf(signed_in: httpx.Client, name: str) -> None:
    """By the link of the collection; how many there are, and what follows, is said in headers."""
    collection = get(signed_in, f"/ogc/collections/{name}")
    assert link(collection, "items", "application/flatgeobuf")
    url, seen = f"/ogc/collections/{name}/items?limit=3", 0
    while url:
        answer = signed_in.get(url, headers={"Accept": "application/flatgeobuf"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/flatgeobuf"
        assert answer.content[:3] == b"fgb"
        if not seen:
            assert answer.headers["ogc-numbermatched"] == str(EACH)
        seen += 1
        following = answer.links.get("next")
        assert following is None or following["type"] == "application/flatgeobuf"
        url = following["url"] if following else ""
    assert seen == -(-EACH // 3)
