"""The abstract tests of OGC API – Features Part 3 and of CQL2 that need no data of theirs.

Each that asks for every operator of every field asks collections that have fields of all kinds among them, in both
forms of the language; the others, which are read by the same code, in `make proof`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import run
from gisland.publish.cql2.conformance import CQL2_CONFORMANCE
from gisland.publish.refreshing import refresh_late
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import make_former, make_group, move_to_group
from tests.publish.conftest import COLLECTIONS, serving
from tests.publish.cql2.test_filter import World, fill
from tests.publish.cql2.writers import to_json

LAYERS = load_catalogue(Settings()).layers
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
VALUES = {
    "string": "'foo'",
    "number": "3.14",
    "integer": "1",
    "date": "DATE('2022-04-14')",
    "date-time": "TIMESTAMP('2022-04-14T14:48:46Z')",
}
FUNCTIONS = {
    "type": "object",
    "required": ["functions"],
    "properties": {
        "functions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "returns"],
                "properties": {
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "args": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["type"],
                            "properties": {"type": {"$ref": "#/$defs/types"}},
                        },
                    },
                    "returns": {"$ref": "#/$defs/types"},
                },
            },
        }
    },
    "$defs": {
        "types": {
            "type": "array",
            "items": {"type": "string", "enum": ["string", "number", "integer", "datetime", "geometry", "boolean"]},
        }
    },
}


class Collection:
    """A collection, asked as the administrator is: in one form of the language or the other."""

    def __init__(self, world: World, name: str, language: str = "cql2-text") -> None:
        self.world, self.name, self.language = world, name, language
        self.path = f"/ogc/collections/{name}"
        self.auth = None if LAYERS[name].public else world.admin
        self._found: dict[tuple[Any, ...], set[int]] = {}

    def get(self, path: str = "/items", /, **parameters: Any) -> httpx.Response:
        return self.world.client.get(self.path + path, params=parameters, auth=self.auth)

    def answer(self, text: str, **more: Any) -> httpx.Response:
        """The answer to a filter that is written as text."""
        if self.language == "cql2-json":
            from gisland.publish.cql2.text import parse_text

            text = to_json(parse_text(text))
        return self.get("/items", **{"filter": text, "filter-lang": self.language, "limit": 1000, **more})

    def ids(self, text: str, **more: Any) -> set[int]:
        """What a filter finds; nobody writes, so each test asks for it once."""
        asked = (text, *more.items())
        if asked not in self._found:
            answer = self.answer(text, **more)
            assert answer.status_code == 200, (text, answer.text)
            assert answer.headers["content-type"] == "application/geo+json"
            self._found[asked] = {feature["id"] for feature in answer.json()["features"]}
        return self._found[asked]

    @cached_property
    def queryables(self) -> dict[str, str]:
        """Their types by name, but for the geometry."""
        properties = self.get("/queryables").json()["properties"]
        return {
            name: each.get("format", each["type"]) for name, each in properties.items() if "geometry" not in str(each)
        }

    def of(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.queryables.items() if kind in kinds]


@pytest.fixture(scope="module")
def world(server: Settings) -> Iterator[World]:
    """Something is in each collection; nobody writes to it."""
    with clone_of(server) as settings:
        world = World(settings)
        fill(world)

        def others(connection: Connection) -> None:
            for _ in range(2):
                make_former(connection, world.ward, world.sheet)
            for number, parcel in enumerate(world.parcels[:2]):
                move_to_group(connection, parcel, make_group(connection, world.ward, f"0{number + 1}"))

        run(settings, others)
        refresh_late(settings)
        with serving(settings) as world.client:
            yield world


ALL = [*((name, "cql2-text") for name in COLLECTIONS), ("parcels", "cql2-json")]
# Two dates and a time; integers and shares; the other form.
TYPICAL = [("parcels-former", "cql2-text"), ("map-sheets", "cql2-text"), ("parcels", "cql2-json")]
every_collection = pytest.mark.parametrize("collection", ALL, indirect=True, ids="-".join)


@pytest.fixture(
    params=[pytest.param(each, marks=[] if each in TYPICAL else pytest.mark.proof, id="-".join(each)) for each in ALL]
)
def collection(world: World, request: pytest.FixtureRequest) -> Collection:
    return Collection(world, *request.param)


def test_the_classes_are_declared_and_what_qgis_looks_for(world: World) -> None:
    classes = world.client.get("/ogc/conformance").json()["conformsTo"]
    part3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
    assert {part3 + each for each in ("queryables", "queryables-query-parameters", "filter", "features-filter")} <= {
        *classes
    }
    assert set(CQL2_CONFORMANCE) <= set(classes)
    gate = ("basic-cql2", "cql2-text", "advanced-comparison-operators", "case-insensitive-comparison")
    spatial = ("basic-spatial-functions", "basic-spatial-operators")
    assert {f"http://www.opengis.net/spec/cql2/1.0/conf/{each}" for each in (*gate, *spatial)} <= set(classes)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_queryables_are_a_schema_and_linked_from_where_they_are_used(world: World, name: str) -> None:
    of = Collection(world, name)
    linked = [link["href"] for link in of.get("").json()["links"] if link["rel"] == QUERYABLES]
    assert {httpx.URL(each).path for each in linked} == {f"{of.path}/queryables"}
    for method in ("GET", "HEAD"):
        header = world.client.request(method, f"{of.path}/items", auth=of.auth).headers["link"]
        assert f'/queryables>; rel="{QUERYABLES}"' in header
    answer = of.get("/queryables")
    assert answer.headers["content-type"] == "application/schema+json"
    document = answer.json()
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == str(answer.url)
    assert (document["type"], document["additionalProperties"]) == ("object", False)
    Draft202012Validator.check_schema(document)
    for each in document["properties"].values():
        assert "type" in each or each["format"].startswith("geometry-")
    # Both generations of QGIS find the geometry: by its format, and by a reference.
    geometry = document["properties"]["geometry"]
    assert "type" not in geometry
    assert geometry["format"].startswith("geometry-")
    assert geometry["x-ogc-role"] == "primary-geometry"
    assert geometry["$ref"].startswith("https://geojson.org/schema/")
    schema = of.get("/schema").json()["properties"]
    assert document["properties"].keys() <= schema.keys()
    assert schema.keys() - document["properties"].keys() <= {"holder_names", "masked_ids"}, "who it is, is not asked"


def test_functions_are_told(world: World) -> None:
    document = world.client.get("/ogc/functions").json()
    Draft202012Validator(FUNCTIONS).validate(document)
    assert {each["name"] for each in document["functions"]} >= {"split", "buffer", "abs"}
    samples = {"string": "sheet_no", "number": "area_m2", "datetime": "valid_from", "geometry": "geometry"}
    kinds = {"number": "1", "string": "'x'", "geometry": "POINT(1 1)"}
    for each in document["functions"]:
        call = f"{each['name']}({', '.join(samples[arg['type'][0]] for arg in each['args'])})"
        given = each["returns"][0]
        texts = [f"{call} IS NULL"]
        if each["name"] == "split":
            texts = [f"A_EQUALS({call}, ('x'))", f"A_OVERLAPS(('x'), {call})"]
        elif given == "geometry":
            texts.append(f"S_INTERSECTS({call}, {kinds[given]})")
        else:
            texts += [f"{call} = {kinds[given]}", f"{kinds[given]} < {call}", f"{call} IN ({kinds[given]})"]
        for text in texts:
            Collection(world, "parcels").ids(text)


@every_collection
def test_filter_and_its_default_language(collection: Collection) -> None:
    everything = {feature["id"] for feature in collection.get("/items").json()["features"]}
    assert len(everything) > 1
    for name in collection.queryables:
        missing = collection.ids(f"{name} IS NULL")
        assert missing | collection.ids(f"{name} IS NOT NULL") == everything
        assert collection.get("/items", filter=f"{name} IS NULL").json()["numberMatched"] == len(missing)
    for text in ("THIS IS NOT A FILTER", "this_is_not_a_queryable IS NULL"):
        for more in ({}, {"filter-lang": "cql2-text"}, {"filter-lang": "cql2-json"}):
            assert collection.get("/items", filter=text, **more).status_code == 400


@every_collection
def test_wgs84_is_the_default_and_other_filters_are_anded(collection: Collection) -> None:
    everything = collection.ids("true")
    west, south, east, north = collection.get("").json()["extent"]["spatial"]["bbox"][0]
    whole = f"S_INTERSECTS(geometry, BBOX({west},{south},{east},{north}))"
    assert collection.ids(whole) == everything
    assert collection.answer("S_INTERSECTS(geometry, BBOX(1000000,1000000,2000000,2000000))").status_code == 400
    assert collection.ids(whole, bbox=f"{west},{south},{east},{north}") == everything
    assert collection.ids(whole, bbox="0,0,1,1") == set()
    unknown = {"filter-crs": "http://www.opengis.net/def/crs/OGC/0/does_not_exist"}
    assert collection.answer(whole, **unknown).status_code == 400


def test_comparisons(collection: Collection) -> None:
    for name, kind in collection.queryables.items():
        value = VALUES[kind]
        for left, right in ((name, value), (value, name)):
            found = {op: collection.ids(f"{left} {op} {right}") for op in ("=", "<>", "<", ">", "<=", ">=")}
            assert not found["="] & found["<>"]
            assert not found[">"] & found["<="]
            assert not found["<"] & found[">="]
            assert found["="] | found["<>"] == collection.ids(f"{name} IS NOT NULL")
        itself = {op: collection.ids(f"{name} {op} {name}") for op in ("=", "<>", "<", ">", "<=", ">=")}
        assert not itself["<>"] | itself["<"] | itself[">"]
        assert itself["="] == itself["<="] == itself[">="] == collection.ids(f"{name} IS NOT NULL")
    everything = collection.ids("true")
    assert not collection.ids("false")
    for value in (*VALUES.values(), "true"):
        for op in ("=", "<=", ">="):
            assert collection.ids(f"{value} {op} {value}") == everything
        for op in ("<>", "<", ">"):
            assert not collection.ids(f"{value} {op} {value}")


def test_advanced_comparisons_and_folded_text(collection: Collection) -> None:
    for name in collection.of("string"):
        assert not collection.ids(f"{name} like '_%'") & collection.ids(f"{name} like ''")
        assert collection.ids(f"{name} LIKE '%'") == collection.ids(f"{name} like '%%'")
        collection.ids(rf"{name} like '\\%\\_'")
        collection.ids(f"{name} in ('foo', 'bar')")
        assert not collection.ids(f"CASEI({name}) = casei('foo')") & collection.ids(f"CASEI({name}) <> casei('FOO')")
        assert collection.ids(f"CASEI({name}) LIKE casei('foo%')") == collection.ids(
            f"CASEI({name}) LIKE casei('FOO%')"
        )
        accents = [
            collection.ids(f"ACCENTI({name}) {each}") for each in ("= accenti('äöüéáí')", "<> accenti('aoueai')")
        ]
        assert not accents[0] & accents[1]
        assert collection.ids(f"ACCENTI({name}) LIKE accenti('Ä%')") == collection.ids(
            f"ACCENTI({name}) LIKE accenti('A%')"
        )
        both = [f"ACCENTI(CASEI({name})) LIKE accenti(casei('{each}'))" for each in ("Ä%", "a%")]
        assert collection.ids(both[0]) == collection.ids(both[1])
    for name in collection.of("number", "integer"):
        collection.ids(f"{name} BETWEEN 0 AND 100")
        assert not collection.ids(f"{name} between 100.0 and 1.0")
        collection.ids(f"{name} IN (1, 2, 3)")
        collection.ids(f"{name} + 1 > 2 * ({name} - 3) / 4 OR {name} % 2 = {name} div 2 ^ 2")
    for name in collection.of("date-time"):
        collection.ids(f"{name} in ('2022-04-14T14:52:56Z', '2022-04-14T15:52:56Z')")
    for name in collection.of("date"):
        collection.ids(f"{name} in ('2022-04-14', '2022-04-15')")


LITERALS = [
    *("MULTIPOINT(7 50, 10 51)", "LINESTRING(7 50, 10 51)", "MULTILINESTRING((-180 -45, 0 -45), (0 45, 180 45))"),
    "POLYGON((-180 -90, -90 -90, -90 90, -180 90, -180 -90), (-120 -50, -100 -50, -100 -40, -120 -40, -120 -50))",
    "MULTIPOLYGON(((-180 -90, -90 -90, -90 90, -180 90, -180 -90)), ((0 0, 10 0, 10 10, 0 10, 0 0)))",
    "POINT(7.02 49.92)",
]
WORLD = ("BBOX(-180,-90,180,90)", "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))")


def test_spatial_functions(collection: Collection) -> None:
    everything = collection.ids("true")
    for each in (*LITERALS, "GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0)))"):
        meeting = collection.ids(f"S_INTERSECTS(geometry, {each})")
        assert collection.ids(f"S_DISJOINT(geometry, {each})") == everything - meeting
        assert collection.ids(f"S_INTERSECTS({each}, geometry)") == meeting
    for function in ("S_EQUALS", "S_TOUCHES", "S_CROSSES", "S_WITHIN", "S_CONTAINS", "S_OVERLAPS"):
        for each in LITERALS:
            collection.ids(f"{function}(geometry, {each})")
        assert len({frozenset(collection.ids(f"{function}(geometry, {each})")) for each in WORLD}) == 1
    for each in WORLD:
        assert (
            collection.ids(f"S_INTERSECTS(geometry, {each})")
            == everything
            == collection.ids(f"S_WITHIN(geometry, {each})")
        )
        assert not collection.ids(f"S_DISJOINT(geometry, {each})")
        assert not collection.ids(f"S_CONTAINS(geometry, {each})")
    for function in ("S_INTERSECTS", "S_DISJOINT"):
        for each in ("POINT(90 180)", "MULTIPOINT(7.02 49.92, 90 180)"):
            assert collection.answer(f"{function}(geometry, {each})").status_code == 400


def test_temporal_functions(collection: Collection) -> None:
    instants = ("AFTER", "BEFORE", "DISJOINT", "EQUALS", "INTERSECTS")
    between = ("CONTAINS", "DURING", "FINISHEDBY", "FINISHES", "MEETS", "METBY", "OVERLAPPEDBY", "OVERLAPS")
    ends = {"date": ("2021-01-01", "2021-12-31"), "date-time": ("2021-01-01T00:00:00Z", "2021-12-31T23:59:59Z")}
    for kind, (first, last) in ends.items():
        for name in collection.of(kind):
            for each in instants:
                for other in (VALUES[kind], f"INTERVAL('{first}','{last}')"):
                    collection.ids(f"T_{each}({name},{other})")
            for each in (*instants, *between, "STARTEDBY", "STARTS"):
                for other in collection.of(*ends):
                    collection.ids(f"T_{each}(INTERVAL({name},{other}),INTERVAL('{first}','{last}'))")
                    collection.ids(f"T_{each}(INTERVAL('{first}','..'),INTERVAL({name},{other}))")
            assert collection.answer(f"T_DURING({name},INTERVAL('{first}','{last}'))").status_code == 400


def test_arrays_and_combinations(collection: Collection) -> None:
    first, *_, last = collection.of("string")
    for function in ("A_CONTAINS", "A_CONTAINEDBY", "A_EQUALS", "A_OVERLAPS"):
        collection.ids(f"{function}(split({first}, '+'), ('12', 'bar'))")
        collection.ids(f"{function}(({first}, {last}), ('12', '3', 1, true))")
    parts = [f"{first} = '12'", f"{last} IS NULL", "S_INTERSECTS(geometry, BBOX(106,20,107,21))"]
    parts += [f"CASEI({last}) LIKE casei('1%')", f"{last} NOT IN ('1', '2')"]
    parts += [f"{name} > 1" for name in collection.of("number", "integer")[:1]]
    parts += [f"T_AFTER({name}, DATE('2021-06-01'))" for name in collection.of("date")]
    some = random.Random(1)
    for _ in range(10):
        a, b, c, d = some.sample(parts, 4)
        collection.ids(f"((NOT {a} AND {b}) OR ({c} and NOT {d}) or not ({a} AND {d}))")


@pytest.mark.parametrize("name", COLLECTIONS)
def test_queryables_are_parameters(world: World, name: str) -> None:
    of = Collection(world, name)
    for feature in of.get("/items").json()["features"][:2]:
        for field, kind in of.queryables.items():
            value = feature["properties"].get(field, feature["id"])
            if value is not None:
                found = of.get("/items", **{field: value}).json()["features"]
                assert feature["id"] in {each["id"] for each in found}
                assert all(each["properties"].get(field, each["id"]) == value for each in found)
            if kind != "string":
                assert of.get("/items", **{field: "x"}).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        # As QGIS 3.32 and later write them.
        "(\"parcel_no\" = '1')",
        '(("parcel_no" LIKE \'1%\') AND ("area_m2" BETWEEN 1 AND 200))',
        "(CASEI(\"parcel_no\") LIKE CASEI('1%'))",
        "(\"parcel_no\" IN ('1','2'))",
        "(\"valid_from\" > DATE('2020-01-01'))",
        "(\"updated_at\" > TIMESTAMP('2020-01-01T00:00:00.000Z'))",
        '(NOT ("group_code" IS NULL)) OR ("area_m2" <> 1.5)',
        "S_INTERSECTS(geometry,BBOX(106,20,107,21))",
        "S_INTERSECTS(geometry,POINT(106.5 20.5))",
        "(\"parcel_no\" = 'it''s \\\\ that')",
    ],
)
def test_what_qgis_sends_is_understood(world: World, sent: str) -> None:
    world.ask(sent, filter_lang="cql2-text")
    world.ask(
        sent, filter_lang="cql2-text", filter_crs="http://www.opengis.net/def/crs/OGC/1.3/CRS84", bbox="106,20,107,21"
    )
