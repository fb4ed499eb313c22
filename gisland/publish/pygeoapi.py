"""The only door to pygeoapi: its core functions make the documents that describe the service and its collections.

They run once per language, when the first document is asked for, and never with a visitor's data: they share state
between calls (formats, translations, linked data), so one thread runs them, and what differs between visitors (base
URL, extent, item count, who sees which collection) is put in afterwards. Works with pygeoapi 0.21, the last one for
Python 3.11, up to 0.24.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from gisland.catalogue import LANGUAGES, Catalogue, Language, Layer
from gisland.publish.crs import CRS84
from gisland.publish.schema import describe_geometry, describe_times, describe_values

# Stands in the documents for the URL that the visitor uses.
BASE = "http://gisland.invalid/ogc"
# Links to what this service does not have (yet): resources and formats.
ABSENT = ("processes", "job-list", "tiling-schemes", "about", "service-doc")
ABSENT_TYPES = ("application/ld+json", "text/csv")

JSON_TYPES = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
TITLES: dict[str, dict[Language, str]] = {
    "self": {"vi": "Tài liệu này", "en": "This document"},
    "alternate": {"vi": "Tài liệu này ở định dạng khác", "en": "This document in another format"},
    "root": {"vi": "Trang đầu", "en": "Landing page"},
    "service-desc": {"vi": "Mô tả API (OpenAPI 3.0)", "en": "API definition (OpenAPI 3.0)"},
    "conformance": {"vi": "Các chuẩn được tuân theo", "en": "Conformance"},
    "data": {"vi": "Các lớp dữ liệu", "en": "Collections"},
    "items": {"vi": "Các đối tượng", "en": "Features"},
    "schema": {"vi": "Lược đồ", "en": "Schema"},
    "queryables": {"vi": "Thuộc tính tìm được", "en": "Queryables"},
    "sortables": {"vi": "Thuộc tính sắp xếp được", "en": "Sortables"},
}

Documents = dict[tuple[str, Language], dict[str, Any]]


def make_documents(catalogue: Catalogue) -> Documents:
    """All documents: (path below the root, language) → JSON content, with `BASE` for the root's URL.

    Paths are `""`, `collections`, `collections/<id>`, and `collections/<id>/queryables` and `/schema`.
    """
    # Two seconds of imports: not before they are needed.
    from pygeoapi import api
    from pygeoapi.api import itemtypes

    level, handlers = logging.root.level, list(logging.root.handlers)
    door = api.API(_config(catalogue), {})
    # It sets up the logging of the whole process as it would like it.
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers

    def ask(function: Callable[..., tuple[Any, Any, Any]], language: Language, *arguments: str) -> dict[str, Any]:
        _, status, content = function(door, api.APIRequest(_request(language), door.locales), *arguments)
        assert int(status) == 200, content
        document: dict[str, Any] = json.loads(content)
        return _mended(document, language)

    documents: Documents = {}
    for language in LANGUAGES:
        documents["", language] = ask(api.landing_page, language)
        documents["collections", language] = ask(api.describe_collections, language) | {"collections": []}
        for layer in catalogue.layers.values():
            path = f"collections/{layer.id}"
            documents[path, language] = ask(api.describe_collections, language, layer.id)
            queryables = ask(itemtypes.get_collection_queryables, language, layer.id)
            # Which fields may be asked for is for us to say: versions of pygeoapi disagree on what narrows a schema.
            schema = ask(api.get_collection_schema, language, layer.id)
            known = {"geometry", *layer.queryables}
            queryables["properties"] = {name: each for name, each in schema["properties"].items() if name in known}
            documents[f"{path}/queryables", language] = _with_qgis(_described(queryables, catalogue, layer, language))
            documents[f"{path}/schema", language] = _described(schema, catalogue, layer, language)
    return documents


def fields_of(layer: Layer) -> dict[str, dict[str, Any]]:
    """The fields of a layer as JSON schema types, with the feature's id."""
    return {"id": {"type": "integer"}} | {field.name: dict(JSON_TYPES[field.type]) for field in layer.fields}


def _request(language: Language) -> Request:
    query = urlencode({"f": "json", "lang": language}).encode()
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []})


def _config(catalogue: Catalogue) -> dict[str, Any]:
    titles = {"vi": "gisland: dữ liệu địa chính", "en": "gisland: cadastral data"}
    texts = {
        "vi": "Thửa đất và tình trạng xác minh, theo OGC API",
        "en": "Land parcels and their verification, by OGC API",
    }
    contact = {"name": "gisland", "url": BASE}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 80},
            "url": BASE,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": list(LANGUAGES),
            "limits": {"default_items": 1, "max_items": 1},
            "map": {"url": "", "attribution": ""},
            "admin": False,
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": titles,
                "description": texts,
                "keywords": {"vi": ["địa chính"], "en": ["cadastre"]},
                "keywords_type": "theme",
                "terms_of_service": BASE,
                "url": BASE,
            },
            "license": {"name": "", "url": BASE},
            "provider": contact,
            "contact": contact,
        },
        "resources": {layer.id: _resource(layer) for layer in catalogue.layers.values()},
    }


def _resource(layer: Layer) -> dict[str, Any]:
    return {
        "type": "collection",
        "title": layer.title.model_dump(),
        "description": layer.description.model_dump(),
        "keywords": {"vi": [], "en": []},
        "links": [],
        "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": CRS84}},
        "providers": [
            {
                "type": "feature",
                "name": "gisland.publish.pygeoapi_provider.LayerProvider",
                "data": layer.target_schema + "." + layer.table,
                "id_field": "id",
                "time_field": layer.datetime,
                "crs": [CRS84],
                "storage_crs": CRS84,
                "layer": layer,
            }
        ],
    }


def _mended(document: dict[str, Any], language: Language) -> dict[str, Any]:
    """A document without links to what is not there, and with titles in its language."""
    if "links" in document:
        document["links"] = [_mended_link(link, language) for link in document["links"] if _is_served(link)]
    return document


def _is_served(link: dict[str, str]) -> bool:
    return link["type"].partition(";")[0] not in ABSENT_TYPES and link["rel"].rpartition("/")[2] not in ABSENT


def _mended_link(link: dict[str, str], language: Language) -> dict[str, str]:
    title = TITLES[link["rel"].rpartition("/")[2]][language]
    return link | {"title": title, "href": link["href"].replace(f"{BASE}/openapi", f"{BASE}/api")}


def _with_qgis(queryables: dict[str, Any]) -> dict[str, Any]:
    """Queryables in which QGIS before 4.2 finds the geometry, too: it looks for a reference, not for the format."""
    geometry = queryables["properties"]["geometry"]
    queryables["properties"]["geometry"] = geometry | {"$ref": "https://geojson.org/schema/Geometry.json"}
    return queryables


def _described(document: dict[str, Any], catalogue: Catalogue, layer: Layer, language: Language) -> dict[str, Any]:
    """A queryables or schema document with titles, closed lists of values and no room for other properties."""
    document["$id"] = document["$id"].partition("?")[0]
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["additionalProperties"] = False
    for number, field in enumerate(layer.fields, start=1):
        found = document["properties"].get(field.name)
        if found is None:
            continue
        found |= {"title": field.title.to(language), "x-ogc-propertySeq": number}
        if field.description is not None:
            found["description"] = field.description.to(language)
        describe_values(found, field, catalogue.palette, language)
    describe_geometry(document, layer)
    describe_times(document, layer)
    return document
