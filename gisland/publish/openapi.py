"""The OpenAPI 3.0 document of `/ogc`, made by hand: self-contained, and with what QGIS looks for.

QGIS reads its page size from `components.parameters.limit`; without it it takes 100 features at a time. FastAPI's own
document is OpenAPI 3.1, which the OGC test suite does not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gisland
from gisland.catalogue import Language, Layer, LayerField, Palette
from gisland.publish.cql2.filter import PARSERS
from gisland.publish.crs import CRS84
from gisland.publish.html import ROWS
from gisland.publish.meanings import Meanings, in_language
from gisland.publish.processes import processes_paths
from gisland.publish.pygeoapi import JSON_TYPES
from gisland.publish.query import PAGE_FORMATS, values_of
from gisland.publish.sorting import ID, MOST_KEYS
from gisland.publish.styles.openapi import styles_paths
from gisland.publish.tables import FILE_FORMATS
from gisland.publish.tiles import grid
from gisland.settings import Settings

Json = dict[str, Any]
FILTER = ("filter", "filter-lang", "filter-crs")
INTERVAL = (
    "Date or interval, open ends as .. or empty: the features that were in force then, at a time or at any time of an "
    "interval. A collection has those that are in force today, or those that have ended (parcels that were split: "
    "parcels-former), so ask both for the parcels of a day, each as it was last; what was published at a time is read "
    "with as-of. Of a time the day counts as it is written"
)

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
TILE = "application/vnd.mapbox-vector-tile"
TILE_PARAMETERS = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol")


def openapi_document(
    layers: list[Layer], meanings: Meanings, palette: Palette, settings: Settings, root: str, language: Language
) -> Json:
    """The document for those who see these layers, with `root` as the URL of the landing page."""
    paths = {
        "/": _operation("getLandingPage", "Landing page", "Document"),
        "/conformance": _operation("getConformance", "Conformance classes", "Document"),
        "/api": _operation("getApi", "This document", "Document", OPENAPI, html=False),
        "/functions": _operation("getFunctions", "Functions that filters may call", "Document"),
        "/collections": _operation("getCollections", "Collections", "Document"),
        "/tileMatrixSets": _operation("getTileMatrixSets", "Tile matrix sets", "Document"),
        "/tileMatrixSets/{tileMatrixSetId}": _operation(
            "getTileMatrixSet", "A tile matrix set", "Document", parameters=[_ref("tileMatrixSetId")]
        ),
        **_tile_paths("", "Dataset", "All public layers"),
    }
    for layer in layers:
        paths |= _layer_paths(layer, meanings[layer.id], palette, language)
    paths |= styles_paths(layers, palette)
    paths |= processes_paths()
    return {
        "openapi": "3.0.3",
        "info": {"title": "gisland OGC API", "version": gisland.__version__, "description": "OGC API – Features"},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {
            "parameters": _parameters(settings),
            "schemas": _schemas() | _feature_schemas(layers, meanings, palette, language),
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "responses": {
                "Problem": _response(
                    "What is wrong, and how to mend it (RFC 9457)", "Problem", "application/problem+json"
                )
            },
        },
    }


def _feature_schemas(layers: list[Layer], meanings: Meanings, palette: Palette, language: Language) -> dict[str, Json]:
    """What a feature of each layer says, and what is on a page of them."""
    made: dict[str, Json] = {}
    for layer in layers:
        name = _name(layer)
        fields = {
            field.name: _described(field, meanings[layer.id], palette, language) | {"nullable": True}
            for field in layer.fields
        }
        of_layer: Json = {"type": "object", "properties": {"properties": {"type": "object", "properties": fields}}}
        made[f"{name}Feature"] = {"allOf": [{"$ref": "#/components/schemas/Feature"}, of_layer]}
        features = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}Feature"}}
        page: Json = {"type": "object", "properties": {"features": features}}
        made[f"{name}Features"] = {"allOf": [{"$ref": "#/components/schemas/FeatureCollection"}, page]}
    return made


def _described(field: LayerField, meanings: dict[str, str], palette: Palette, language: Language) -> Json:
    """The schema of a field, with its title and meaning."""
    values = values_of(field, palette)
    schema = JSON_TYPES[field.type] | ({"enum": values} if values else {})
    meaning = in_language(meanings.get(field.name, ""), language)
    return schema | {"title": field.title.to(language)} | ({"description": meaning} if meaning else {})


def _name(layer: Layer) -> str:
    return "".join(part.capitalize() for part in layer.id.split("-"))


def _layer_paths(layer: Layer, meanings: dict[str, str], palette: Palette, language: Language) -> dict[str, Json]:
    title, path = layer.title.to(language), f"/collections/{layer.id}"
    name = _name(layer)
    # Of a layer that keeps no former states nothing is asked as of.
    both = ("crs", "skipGeometry") if layer.late else ("crs", "as-of", "skipGeometry")
    shared = ("bbox", "bbox-crs", "datetime", "limit", "cursor", *both, *FILTER)
    items = [{"$ref": f"#/components/parameters/{each}"} for each in shared]
    items += _of_layer(layer)
    for field in layer.queryables.values():
        schema = _described(field, meanings, palette, language)
        text = ": ".join(schema.pop(each) for each in ("title", "description") if each in schema)
        items.append(_parameter(field.name, schema, text))
    feature_id: Json = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"}}
    one = [feature_id, *({"$ref": f"#/components/parameters/{each}"} for each in both)]
    one += [each for each in _of_layer(layer) if each["name"] == "properties"]
    paths = {
        path: _operation(f"describe{name}", title, "Document"),
        f"{path}/queryables": _operation(f"get{name}Queryables", title, "Document", "application/schema+json"),
        f"{path}/sortables": _operation(f"get{name}Sortables", title, "Document", "application/schema+json"),
        f"{path}/export": _export(name, title, items),
        f"{path}/schema": _operation(f"get{name}Schema", title, "Document", "application/schema+json"),
        f"{path}/items": _items(layer, title, items),
        f"{path}/items/{{featureId}}": _operation(
            f"get{name}One", title, f"{name}Feature", "application/geo+json", one
        ),
    }
    paths |= _tile_paths(path, name, title)
    if not layer.public:
        paths[f"{path}/export"] = _with_reason(paths[f"{path}/export"]["get"])
        for each in paths.values():
            for operation in each.values():
                operation["security"] = [{"basic": []}]
    return paths


def _tile_paths(path: str, name: str, title: str) -> dict[str, Json]:
    """The tile sets of a layer (its path), or of the whole dataset."""
    one, title = f"{path}/tiles/{{tileMatrixSetId}}", f"{title}: vector tiles"
    tile = _operation(f"get{name}Tile", title, "Tile", TILE, [_ref(each) for each in TILE_PARAMETERS])
    del tile["get"]["responses"]["200"]["content"]["text/html"]
    tile["get"]["parameters"] = [each for each in tile["get"]["parameters"] if each not in (_ref("f"), _ref("lang"))]
    tile["get"]["responses"]["304"] = {"description": "The client has this tile (If-None-Match)"}
    return {
        f"{path}/tiles": _operation(f"get{name}TileSets", title, "Document"),
        one: _operation(f"get{name}TileSet", title, "Document", parameters=[_ref("tileMatrixSetId")]),
        f"{one}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": tile,
    }


def _ref(parameter: str) -> Json:
    return {"$ref": f"#/components/parameters/{parameter}"}


def _items(layer: Layer, title: str, parameters: list[Json]) -> Json:
    """A page of features: a document, or a file, for which a layer of staff wants a reason, see `_export`."""
    name = _name(layer)
    operation = _operation(f"get{name}", title, f"{name}Features", "application/geo+json", parameters)
    if layer.public:
        _offer(operation["get"], PAGE_FORMATS, PAGE_FORMATS[0])
    return operation


def _export(name: str, title: str, items: list[Json]) -> Json:
    """The whole layer, or what a filter finds of it, as a file."""
    left_out = [_ref("limit"), _ref("cursor")]
    operation = _operation(
        f"export{name}", title, "Document", parameters=[each for each in items if each not in left_out]
    )
    operation["get"]["responses"]["200"]["content"] = {}
    _offer(operation["get"], FILE_FORMATS, "gpkg")
    return operation


def _offer(get: Json, formats: Iterable[str], default: str) -> None:
    """Say which formats there are, and that some of them are files."""
    known = _parameter("f", {"type": "string", "enum": list(formats), "default": default}, "Format")
    get["parameters"] = [known if each == _ref("f") else each for each in get["parameters"]]
    binary = {"schema": {"type": "string", "format": "binary"}}
    get["responses"]["200"]["content"] |= {each.media_type: binary for each in FILE_FORMATS.values()}


def _with_reason(export: Json) -> Json:
    """The export of a layer of staff, who say what it is for."""
    reason = {"type": "string", "minLength": 3, "maxLength": 500, "example": "đối soát tháng 12 · check of December"}
    body = {"type": "object", "required": ["reason"], "properties": {"reason": reason}, "additionalProperties": False}
    return {"post": export | {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}}


def _of_layer(layer: Layer) -> list[Json]:
    """Parameters whose values are names of the layer."""
    names = [field.name for field in layer.fields]
    orders = [sign + name for name in (ID, *layer.sortables) for sign in ("", "+", "-")]
    found = [
        _parameter(
            "properties", {"type": "array", "items": {"type": "string", "enum": names}}, "Only these properties"
        ),
        _parameter(
            "sortby",
            {"type": "array", "minItems": 1, "maxItems": MOST_KEYS, "items": {"type": "string", "enum": orders}},
            "Order of the features; texts by the Vietnamese alphabet and numbers in them by value, "
            "what has no value last, and first with -",
        ),
    ]
    words = _parameter("q", {"type": "string"}, "Words, whatever their accents: 54 34 both, 54,34 one of them")
    return [*found, words] if layer.texts else found


def _operation(
    operation_id: str,
    summary: str,
    schema: str,
    media_type: str = "application/json",
    parameters: list[Json] | None = None,
    *,
    html: bool = True,
) -> Json:
    common = [{"$ref": "#/components/parameters/f"}, {"$ref": "#/components/parameters/lang"}]
    found = _response(summary, schema, media_type)
    if html:
        found["content"]["text/html"] = {"schema": {"type": "string"}}
    return {
        "get": {
            "operationId": operation_id,
            "summary": summary,
            "parameters": [*(parameters or []), *common],
            "responses": {"200": found, "default": {"$ref": "#/components/responses/Problem"}},
        }
    }


def _response(description: str, schema: str, media_type: str) -> Json:
    return {
        "description": description,
        "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _parameter(name: str, schema: Json, description: str, *, explode: bool = False) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "style": "form",
        "explode": explode,
        "description": description,
    }


def _parameters(settings: Settings) -> dict[str, Json]:
    bbox = {
        "type": "array",
        "minItems": 4,
        "maxItems": 6,
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    }
    limit = {
        "type": "integer",
        "minimum": 1,
        "maximum": settings.items_limit_max,
        "default": min(settings.items_limit_default, settings.items_limit_max),
    }
    crs = {"type": "string", "format": "uri", "default": CRS84}
    choices = {"f": ["json", "html"], "lang": ["vi", "en"]}
    return {
        "limit": _parameter("limit", limit, f"Most features on a page; at most {ROWS} on one of HTML"),
        "bbox": _parameter("bbox", bbox | {"items": {"type": "number"}}, "Features that meet this box")
        | {"example": [106.6, 20.8, 106.8, 20.9]},
        # Which there are is told by the collection: the planes of VN-2000 come with their map sheets.
        "bbox-crs": _parameter("bbox-crs", crs, "CRS of the bbox: one of those of the collection"),
        "crs": _parameter("crs", crs, "CRS of the features: one of those of the collection"),
        "datetime": _parameter(
            "datetime",
            {"type": "string"},
            INTERVAL,
        )
        | {"example": "2025-07-01/.."},
        "as-of": _parameter(
            "as-of", {"type": "string"}, "Features as of a data version (1234) or a time (2026-01-31T17:00:00Z)"
        ),
        **_tile_parameters(),
        "skipGeometry": _parameter("skipGeometry", {"type": "boolean", "default": False}, "No geometry"),
        "cursor": _parameter("cursor", {"type": "string"}, "Where a page begins: comes in `next` links only"),
        **_filter_parameters(),
        **{
            name: _parameter(name, {"type": "string", "enum": values, "default": values[0]}, name)
            for name, values in choices.items()
        },
    }


def _filter_parameters() -> dict[str, Json]:
    text = {"type": "string"}
    forms = text | {"enum": list(PARSERS), "default": next(iter(PARSERS))}
    uri = text | {"format": "uri-reference", "default": CRS84}
    told = "Features for which this is true, in CQL2 (OGC 21-065r2): sheet_no = '12' AND area_m2 > 100"
    return {
        "filter": _parameter("filter", text, told) | {"example": "id BETWEEN 1 AND 100"},
        "filter-lang": _parameter("filter-lang", forms, "Form of `filter`"),
        "filter-crs": _parameter(
            "filter-crs", uri, "CRS of the coordinates in `filter`: one of those of the collection"
        ),
    }


def _tile_parameters() -> dict[str, Json]:
    number = {"type": "integer", "minimum": 0}
    schemas: dict[str, Json] = {
        "tileMatrixSetId": {"type": "string", "enum": [grid.ID]},
        "tileMatrix": number | {"maximum": grid.MAX_ZOOM},
        "tileRow": number,
        "tileCol": number,
    }
    return {name: {"name": name, "in": "path", "required": True, "schema": each} for name, each in schemas.items()}


def _schemas() -> dict[str, Json]:
    link = {
        "type": "object",
        "required": ["href"],
        "properties": {"href": {"type": "string"}, "rel": {"type": "string"}},
    }
    links = {"type": "array", "items": link}
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer"},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
            "links": links,
        },
    }
    features = {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "numberMatched": {"type": "integer", "minimum": 0},
        "numberReturned": {"type": "integer", "minimum": 0},
        "links": links,
    }
    problem = {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}}
    return {
        "Document": {"type": "object"},
        "Tile": {"type": "string", "format": "binary"},
        "Feature": feature,
        "FeatureCollection": {"type": "object", "required": ["type", "features"], "properties": features},
        "Problem": {"type": "object", "properties": problem | {"hint": {"type": "string"}}},
    }
