"""OGC API – Features at `/ogc`: documents about the service and its collections. The features are in `features.py`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Depends, Response

from gisland.catalogue import Layer
from gisland.publish import downloads, processes
from gisland.publish.answer import FOR_ALL, FOR_ONE, READ, ROOT, SCHEMA, Anyone, Asked
from gisland.publish.codelists import add_codes, read_names
from gisland.publish.cql2.conformance import CQL2_CONFORMANCE
from gisland.publish.cql2.functions import functions_document, link_to_functions
from gisland.publish.documents import documents_of
from gisland.publish.extent import read_extent
from gisland.publish.meanings import add_meanings, read_meanings
from gisland.publish.openapi import OPENAPI, openapi_document
from gisland.publish.pygeoapi import BASE, TITLES
from gisland.publish.sorting import ID
from gisland.publish.styles import routes as styles_routes
from gisland.publish.styles.documents import link_to_styles
from gisland.publish.styles.formats import STYLES_CONFORMANCE
from gisland.publish.tables import file_links
from gisland.publish.tiles import documents as tiles
from gisland.registry.codes import load_codes
from gisland.security.permissions import Permission

SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
CONFORMANCE = [
    *(f"http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/{each}" for each in ("core", "json", "html", "oas30")),
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{each}"
        for each in ("core", "geojson", "html", "oas30")
    ),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{each}"
        for each in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    # Drafts, which have no number yet.
    *(f"http://www.opengis.net/spec/ogcapi-features-8/0.0/conf/{each}" for each in ("sorting", "features-sorting")),
    "http://www.opengis.net/spec/ogcapi-features-6/0.0/conf/properties",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/schemas",
    *(f"http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/{each}" for each in ("schemas", "core-roles-features")),
    *CQL2_CONFORMANCE,
    *STYLES_CONFORMANCE,
    *tiles.CONFORMANCE,
    *processes.CONFORMANCE,
]

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"

router = APIRouter(prefix=ROOT, dependencies=[Depends(READ)])
downloads.add_to(router)
styles_routes.add_to(router)


async def _document(asked: Asked, path: str) -> dict[str, Any]:
    """A copy of the document at a path below the root, in the language and with the URLs of the request."""
    documents = await asyncio.to_thread(documents_of, asked.catalogue)
    text = json.dumps(documents[path, asked.language], ensure_ascii=False)
    copy: dict[str, Any] = json.loads(text.replace(BASE, json.dumps(asked.root)[1:-1]))
    return copy


@router.get("")
@router.get("/", include_in_schema=False)
async def landing(asked: Anyone) -> Response:
    """The landing page."""
    asked.check_no_parameters()
    document = await _document(asked, "")
    document["links"].append(link_to_styles(asked.root, asked.language))
    document["links"].append(link_to_functions(asked.root, asked.language))
    document["links"] += tiles.links_to_tiles(asked)
    jobs = Permission.MAP_PRINT in asked.subject.permissions
    document["links"] += processes.links_to_processes(asked.root, asked.language, jobs=jobs)
    return asked.answer(document, "landing", private=jobs)


@router.get("/conformance")
async def conformance(asked: Anyone) -> Response:
    """The conformance classes that hold."""
    asked.check_no_parameters()
    return asked.answer({"conformsTo": CONFORMANCE}, "conformance")


@router.get("/api")
async def api(asked: Anyone) -> Response:
    """The OpenAPI document of what the subject may see."""
    asked.check_no_parameters()
    state, layers = asked.state, asked.layers()
    async with state.pools.public.connection() as connection:
        meanings = await read_meanings(connection, layers)
    document = openapi_document(layers, meanings, state.catalogue.palette, state.settings, asked.root, asked.language)
    return Response(
        json.dumps(document, ensure_ascii=False).encode(), 200, FOR_ONE if asked.staff else FOR_ALL, media_type=OPENAPI
    )


@router.get("/functions")
async def functions(asked: Anyone) -> Response:
    """The functions that filters may call."""
    asked.check_no_parameters()
    return asked.answer({"functions": functions_document(asked.language)}, "functions")


@router.get("/collections")
async def collections(asked: Anyone) -> Response:
    """The collections that the subject may see."""
    asked.check_no_parameters()
    document = await _document(asked, "collections")
    document["collections"] = [await _collection(asked, layer) for layer in asked.layers()]
    return asked.answer(document, "collections", private=asked.staff)


@router.get("/collections/{layer_id}")
async def collection(asked: Anyone, layer_id: str) -> Response:
    """One collection."""
    layer = await asked.layer(layer_id)
    asked.check_no_parameters()
    return asked.answer(await _collection(asked, layer), "collection", private=not layer.public)


@router.get("/collections/{layer_id}/queryables")
async def queryables(asked: Anyone, layer_id: str) -> Response:
    """What features may be asked for by."""
    return await _properties(asked, layer_id, "queryables")


@router.get("/collections/{layer_id}/schema")
async def schema(asked: Anyone, layer_id: str) -> Response:
    """The properties of features."""
    return await _properties(asked, layer_id, "schema")


@router.get("/collections/{layer_id}/sortables")
async def sortables(asked: Anyone, layer_id: str) -> Response:
    """What features may be sorted by."""
    layer = await asked.layer(layer_id)
    asked.check_no_parameters()
    document = await _document(asked, f"collections/{layer.id}/schema")
    document["$id"] = f"{asked.root}/collections/{layer.id}/sortables"
    names = (ID, *layer.sortables)
    document["properties"] = {name: each for name, each in document["properties"].items() if name in names}
    return asked.answer(document, "properties", media_type=SCHEMA, private=not layer.public)


async def _properties(asked: Asked, layer_id: str, kind: str) -> Response:
    layer = await asked.layer(layer_id)
    asked.check_no_parameters()
    document = await _document(asked, f"collections/{layer.id}/{kind}")
    async with asked.state.pools.public.connection() as connection:
        meanings = await read_meanings(connection, [layer])
        names = await read_names(connection, layer)
    add_meanings(document, meanings[layer.id], asked.language)
    add_codes(document, layer, names, load_codes(asked.state.settings), asked.origin, asked.language)
    return asked.answer(document, "properties", media_type=SCHEMA, private=not layer.public)


async def _collection(asked: Asked, layer: Layer) -> dict[str, Any]:
    """The document of a collection, with its extent and number of features of this moment."""
    document = await _document(asked, f"collections/{layer.id}")
    document["links"] += tiles.links_to_tiles(asked, f"/collections/{layer.id}")
    planes = await asked.planes(layer)
    async with asked.reading(layer) as connection:
        found = await read_extent(connection, layer, whole=layer.public or asked.scope.everywhere)
    document |= {"itemCount": found.features, "crs": planes.uris, "storageCrs": planes.storage}
    document["links"] += file_links(asked.root, asked.language, layer)
    path = f"{asked.root}/collections/{layer.id}/sortables"
    for media_type, form in ((SCHEMA, "json"), ("text/html", "html")):
        href = f"{path}?f={form}&lang={asked.language}"
        document["links"].append(
            {"rel": SORTABLES, "type": media_type, "title": TITLES["sortables"][asked.language], "href": href}
        )
    document["links"].append(link_to_styles(asked.root, asked.language, layer))
    if found.boxes:
        document["extent"]["spatial"]["bbox"] = found.boxes
        if found.begins is not None:
            # What is in force has no end yet.
            days = [day and f"{day.isoformat()}T00:00:00Z" for day in (found.begins, found.ends)]
            document["extent"]["temporal"] = {"interval": [days], "trs": GREGORIAN}
    else:
        del document["extent"]
    return document
