"""The features of OGC API – Features: pages of items, and single items.

The hot path: the body goes from the database to the client as it is, with a few bytes put around it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from fastapi import Request, Response
from psycopg import AsyncConnection
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gisland.catalogue import Layer
from gisland.errors import NotFound
from gisland.kit.identifiers import mask_ids
from gisland.publish.answer import FOR_ALL, FOR_ONE, GEOJSON, READ, ROOT, SCHEMA, Asked
from gisland.publish.crs import NO_PLANES, OfferedCrs, Planes
from gisland.publish.file_pages import file_format_of, next_page, page_of_file
from gisland.publish.html import ROWS, html_page, with_words
from gisland.publish.items import read_feature, read_page
from gisland.publish.leaving import ClientWatch
from gisland.publish.past import version_of
from gisland.publish.query import crs_asked_for, parse_item_query, parse_items_query

HTML = "text/html; charset=utf-8"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SMALL = 65_536
"""Bytes that are copied faster than sent one by one."""
_GEOJSON = (b"content-type", GEOJSON.encode())


async def items(request: Request) -> Response:
    """A page of features."""
    asked = Asked.of(request, await READ(request))
    layer = await asked.layer(request.path_params["layer_id"])
    state = asked.state
    planes = await _planes(asked, layer)
    file_format = file_format_of(asked, layer)
    palette, scope = state.catalogue.palette, asked.scope
    query = parse_items_query(layer, palette, state.settings, asked.given, planes=planes, scope=scope)
    if file_format is not None:
        query = query.in_form(file_format.form)
    elif asked.format == "html":
        # The map of the page reads the geometries itself.
        query = replace(query, limit=min(query.limit, ROWS), shown=query.shown._replace(geometry=False))
    version = None
    form = asked.format if file_format is None else file_format.name
    with ClientWatch(request):
        async with asked.reading(layer) as connection:
            if query.as_of is not None:
                version = await version_of(connection, layer, query.as_of)
            if (known := await asked.known(layer, connection, version, form)) is not None:
                return known
            now = query if version is None else replace(query, as_of=version)
            page = await read_page(connection, layer, now, most_cost=state.settings.query_cost_max)
            if not layer.public:
                await _note(connection, asked, layer.id, page.returned)
    tag = None if page.newest is None else asked.tag(layer, page.newest if version is None else version, form)
    if file_format is not None:
        return await page_of_file(asked, layer, query, page, file_format, version, tag)
    matched = "" if page.matched is None else f'"numberMatched":{page.matched},'
    links = _links(asked, layer, f"/collections/{layer.id}/items", next_page(asked, layer, query, page))
    tail = f'],{matched}"numberReturned":{page.returned},"links":{links}}}'
    head = b'{"type":"FeatureCollection","features":['
    told = _Told("items", query.shown.crs, version, tag)
    return _answer(asked, layer, told, head, b",".join(page.rows), tail.encode())


async def item(request: Request) -> Response:
    """One feature."""
    asked = Asked.of(request, await READ(request))
    layer, feature_id = await asked.layer(request.path_params["layer_id"]), request.path_params["feature_id"]
    as_of, shown = parse_item_query(layer, asked.given, await _planes(asked, layer))
    if asked.format == "html":
        shown = shown._replace(geometry=False)
    version = None
    number = int(feature_id) if feature_id.isascii() and feature_id.isdigit() and len(feature_id) < 19 else 0
    async with asked.reading(layer) as connection:
        if as_of is not None:
            version = await version_of(connection, layer, as_of)
        if (known := await asked.known(layer, connection, version, asked.format)) is not None:
            return known
        found = await read_feature(connection, layer, number, version, shown)
        if not layer.public:
            # What is no feature's number may be anything, also a national id.
            named = str(number) if found is not None else mask_ids(str(number), code=True)
            await _note(connection, asked, f"{layer.id}/{named}", int(found is not None))
    if found is None:
        missing = NotFound("không có đối tượng mang mã này · there is no feature with this id", collection=layer.id)
        raise missing if layer.public else missing.of(layer.feature.removeprefix("registry."), number)
    feature, newest = found
    tag = asked.tag(layer, newest if version is None else version, asked.format) if layer.public else None
    links = _links(asked, layer, f"/collections/{layer.id}/items/{number}")
    told = _Told("item", shown.crs, version, tag)
    return _answer(asked, layer, told, feature[:-1], f',"links":{links}}}'.encode())


items.require = READ  # type: ignore[attr-defined]  # read by the test of all routes
item.require = READ  # type: ignore[attr-defined]

# Plain ones: to find them in routers within routers and to solve their dependencies would take FastAPI as long as the
# rest takes.
ROUTES = [
    Route(f"{ROOT}/collections/{{layer_id}}/items", items, methods=["GET"]),
    Route(f"{ROOT}/collections/{{layer_id}}/items/{{feature_id}}", item, methods=["GET"]),
]


async def _planes(asked: Asked, layer: Layer) -> Planes:
    """The planes of the layer, where the request speaks of CRSs."""
    wanted = crs_asked_for(asked.given)
    return await asked.planes(layer, wanted) if wanted else NO_PLANES


async def _note(connection: AsyncConnection, asked: Asked, object_id: str, returned: int) -> None:
    """Note in the audit log that somebody was given features of a staff layer: in the transaction that reads them."""
    note = "SELECT audit.note_staff_reading(%s, %s, %s)"
    await connection.execute(note, [asked.subject.name, object_id, returned])


def _links(asked: Asked, layer: Layer, path: str, following: str | None = None) -> str:
    """The links of a page or of a feature, as JSON."""
    as_json = {"type": GEOJSON, "href": asked.url(path, f="json")}
    as_html = {"type": "text/html", "href": asked.url(path, f="html")}
    this, other = (as_html, as_json) if asked.format == "html" else (as_json, as_html)
    links = json.dumps([{"rel": "self"} | this, {"rel": "alternate"} | other])[:-1]
    after = "" if following is None else ", " + json.dumps({"rel": "next"} | this | {"href": following})
    return f"{links}, {_links_of_layer(asked.root, layer.id)}{after}]"


@lru_cache(maxsize=100)
def _links_of_layer(root: str, layer_id: str) -> str:
    """Those that all pages and features of a layer have."""
    path = f"{root}/collections/{layer_id}"
    links = [
        {"rel": "collection", "type": "application/json", "href": path},
        {"rel": QUERYABLES, "type": SCHEMA, "href": f"{path}/queryables"},
    ]
    return json.dumps(links)[1:-1]


@lru_cache(maxsize=1000)
def _headers(root: str, layer: Layer, crs: str, template: str) -> dict[str, str]:
    headers = {"Content-Crs": f"<{crs}>"} | (FOR_ALL if layer.public else FOR_ONE)
    if template == "items":
        headers["Link"] = f'<{root}/collections/{layer.id}/queryables>; rel="{QUERYABLES}"; type="{SCHEMA}"'
    return headers


@lru_cache(maxsize=1000)
def _raw_headers(root: str, layer: Layer, crs: str, template: str) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in _headers(root, layer, crs, template).items()]


class InParts(Response):
    """A body that is sent in parts as they are, when they are large: joining them would copy all features once more."""

    def __init__(self, parts: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.status_code = 200
        self.background = None
        size = sum(map(len, parts))
        self.raw_headers = [*headers, (b"content-length", b"%d" % size), _GEOJSON]
        self.parts = parts if size > SMALL else [b"".join(parts)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send them."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        last = len(self.parts) - 1
        for number, part in enumerate(self.parts):
            await send({"type": "http.response.body", "body": part, "more_body": number < last})


class _Told(NamedTuple):
    """What an answer says of itself."""

    template: str
    crs: OfferedCrs
    version: int | None
    """The data version as of which was asked."""
    tag: str | None

    @property
    def headers(self) -> dict[str, str]:
        version = {} if self.version is None else {"Data-Version": str(self.version)}
        return version if self.tag is None else version | {"ETag": self.tag}


def _answer(asked: Asked, layer: Layer, told: _Told, *parts: bytes) -> Response:
    fixed = (asked.root, layer, told.crs.uri, told.template)
    if asked.format == "json":
        own = [(name.lower().encode(), value.encode()) for name, value in told.headers.items()]
        return InParts(parts, [*_raw_headers(*fixed), *own])
    document = with_words(json.loads(b"".join(parts)), layer, asked.state.catalogue.palette, asked.language)
    return html_page(told.template, asked.language, asked.root, asked.here, document, _headers(*fixed) | told.headers)
