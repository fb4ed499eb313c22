"""The OpenAPI document of `/api/v1`: valid, complete, and with the words of the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from gisland.printing.orders import PrintJob
from gisland.printing.products import PRODUCTS
from gisland.registry.acts import ACTS, Act
from gisland.registry.kinds import KINDS, Body
from gisland.registry.openapi import WHY, patch_example
from tests.live import LiveServer

WAYS: list[dict[str, list[str]]] = [{"basic": []}, {"token": []}, {"session": []}]


@pytest.fixture(scope="module")
def document(registry_server: LiveServer) -> dict[str, Any]:
    answer = httpx.get(f"{registry_server.url}/api/v1/openapi.json", timeout=60)
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.1"
    loaded: dict[str, Any] = answer.json()
    return loaded


def test_document_is_valid_and_of_this_api_only(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert {"/api/v1/parcels", "/api/v1/parcels/{record_id}", "/api/v1/me"} <= document["paths"].keys()


def test_words_are_those_of_the_database(document: dict[str, Any]) -> None:
    parcel = document["components"]["schemas"]["Parcel"]
    assert parcel["description"].startswith("Thửa đất (LA_SpatialUnit)")
    assert "m²" in parcel["properties"]["legal_area_m2"]["description"]


def test_every_field_and_parameter_is_described(document: dict[str, Any]) -> None:
    for kind in KINDS.values():
        name = kind.record.__name__
        for schema in (name, f"New{name}", f"{name}Patch")[: 3 if kind.writable else 1]:
            for field, said in document["components"]["schemas"][schema]["properties"].items():
                assert field == "change" or " · " in said.get("description", ""), f"{schema}.{field}"
        for path in (f"/api/v1/{kind.path}", f"/api/v1/{kind.path}/{{record_id}}"):
            for parameter in document["paths"][path]["get"]["parameters"]:
                assert " · " in parameter.get("description", ""), f"{path} {parameter['name']}"


def references(schema: Any) -> set[str]:
    """The names of the schemas that one mentions."""
    if isinstance(schema, dict):
        own = {str(schema["$ref"]).rpartition("/")[2]} if "$ref" in schema else set()
        return own.union(*map(references, schema.values()))
    return set().union(*map(references, schema)) if isinstance(schema, list) else set()


def reached(document: dict[str, Any], schema: Any) -> set[str]:
    """The names of all schemas that one leads to."""
    found: set[str] = set()
    while new := references(schema) - found:
        found |= new
        schema = [document["components"]["schemas"][name] for name in found]
    return found


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_acts_say_is_described_to_the_last_field(document: dict[str, Any], act: Act) -> None:
    """Each field of each schema that the body leads to, with an example that fits."""
    operation = document["paths"]["/api/v1/" + act.path.replace("{id}", "{record_id}")]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    schemas = document["components"]["schemas"]
    assert act.body.__name__ in references(body)
    for name in reached(document, body):
        assert schemas[name].get("description"), name
        for field, said in schemas[name].get("properties", {}).items():
            assert " · " in said.get("description", ""), f"{name}.{field}"
    (example,) = schemas[act.body.__name__]["examples"]
    assert example.keys() > {"change"} or act.body is Body
    act.body.model_validate(example)
    for name in {"version"} & act.body.model_fields.keys():
        assert name in example


def objects(schema: Any, schemas: dict[str, Any], seen: set[str], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All schemas of objects within a schema, each once, with where they stand."""
    if isinstance(schema, list):
        for each in schema:
            yield from objects(each, schemas, seen, place)
    elif isinstance(schema, dict):
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            yield from objects(schemas[name], schemas, seen, name)
        if schema.get("type") == "object":
            yield place, schema
        for key, within in schema.items():
            if key == "properties":
                for field, each in within.items():
                    yield from objects(each, schemas, seen, f"{place}.{field}")
            elif key in {"items", "prefixItems", "anyOf", "oneOf", "allOf", "additionalProperties"}:
                yield from objects(within, schemas, seen, place)


def test_no_body_takes_what_it_does_not_know(document: dict[str, Any]) -> None:
    """What is passed over in silence is a mistake that nobody is told of, or a try to set what is not theirs."""
    seen: set[str] = set()
    found = [
        (place, schema)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for place, schema in objects(content["schema"], document["components"]["schemas"], seen, f"{method} {path}")
    ]
    assert len(found) > 50
    open_ = {place for place, schema in found if schema.get("additionalProperties") is not False}
    # What a product asks for is its own: each says that it takes nothing else.
    assert open_ == {"NewPrint.inputs"}
    assert all(each.inputs.model_json_schema()["additionalProperties"] is False for each in PRODUCTS.values())


def of_registry(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The operations of this room."""
    places = {kind.path for kind in KINDS.values()} | {"codes", "findings", "search"}
    operations = [
        operation
        for path, found in document["paths"].items()
        for operation in found.values()
        if path.split("/")[3] in places
    ]
    assert len(operations) > 60
    return operations


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All there are, of all rooms, each with its method and path."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield f"{method} {path}", operation


def bare_fields(schema: Any, place: str) -> Iterator[str]:
    """Fields without a meaning in both languages, of a schema and of what is within it."""
    if isinstance(schema, dict):
        for field, said in schema.get("properties", {}).items():
            if " · " not in said.get("description", ""):
                yield f"{place}.{field}"
        for key, within in schema.items():
            if key not in ("examples", "example", "default"):
                yield from bare_fields(within, f"{place}.{key}" if key in schema.get("properties", {}) else place)
    elif isinstance(schema, list):
        for each in schema:
            yield from bare_fields(each, place)


def test_all_that_is_said_and_answered_is_described(document: dict[str, Any]) -> None:
    """To the last field, of all rooms: whoever writes a client reads no code."""
    schemas = document["components"]["schemas"]
    assert len(schemas) > 100
    assert reached(document, of_registry(document)) < schemas.keys()
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    assert [bare for name, schema in schemas.items() for bare in bare_fields(schema, name)] == []
    assert [bare for place, each in operations(document) for bare in bare_fields(each, place)] == []
    for place, operation in operations(document):
        assert " · " in operation["summary"], place
        for parameter in operation.get("parameters", ()):
            assert " · " in parameter.get("description", ""), f"{place} {parameter['name']}"


def test_what_is_never_answered_is_not_described(document: dict[str, Any]) -> None:
    """Fields that models leave out of their answers are nobody's business."""
    fields = document["components"]["schemas"]["PrintJob"]["properties"]
    assert fields.keys() == {name for name, field in PrintJob.model_fields.items() if not field.exclude}


def test_each_body_has_an_example(document: dict[str, Any]) -> None:
    """As a whole, or for the field that must be said."""
    schemas = document["components"]["schemas"]
    for _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for name in references(content["schema"]):
                needed = [schemas[name]["properties"][field] for field in schemas[name].get("required", ())]
                assert "examples" in schemas[name] or all("examples" in field for field in needed), name


def test_errors_are_problem_details(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status == "default" or int(status) >= 400:
                    assert "application/problem+json" in answer["content"], f"{method} {path} {status}"
    assert {"412", "428"} <= document["paths"]["/api/v1/parcels/{record_id}"]["patch"]["responses"].keys()


def test_who_may_is_said(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/api/v1/holders/{record_id}/reveal"]["post"]["x-permissions"] == ["identity:reveal"]
    assert paths["/api/v1/holders"]["get"]["security"] == WAYS
    assert paths["/api/v1/palette"]["get"]["security"] == [{}, *WAYS]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.writable], ids=lambda kind: kind.name)
def test_examples_fit_their_schemas(document: dict[str, Any], kind: Any) -> None:
    name = kind.record.__name__
    schemas = document["components"]["schemas"]
    assert schemas[f"New{name}"]["examples"] == [{"change": WHY} | kind.example]
    kind.new.model_validate(schemas[f"New{name}"]["examples"][0])
    assert schemas[f"{name}Patch"]["examples"] == [{"change": WHY} | patch_example(kind)]
    kind.patch.model_validate(schemas[f"{name}Patch"]["examples"][0])
