"""The features of OGC API – Features: pages of items, and single items.

The hot path: the body goes from the database to the client as it is, with a few bytes put around it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from starlette.types import Receive, Scope, Send

from gisland.catalogue import Layer
from gisland.errors import NotFound
from gisland.kit.identifiers import mask_ids
from gisland.publish.answer import FOR_ALL, FOR_ONE, GEOJSON, READ, ROOT, SCHEMA, Anyone, Asked
from gisland.publish.crs import NO_PLANES, OfferedCrs, Planes, read_planes
from gisland.publish.file_pages import file_format_of, next_page, page_of_file
from gisland.publish.html import render
from gisland.publish.items import Page, read_feature, read_page, version_of
from gisland.publish.leaving import stops_when_client_leaves
from gisland.publish.query import ItemsQuery, crs_asked_for, parse_item_query, parse_items_query

HTML = "text/html; charset=utf-8"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


async def items(request: Request) -> Response:
    """A page of features."""
    asked = Asked.of(request, await READ(request))
    layer = await asked.layer(request.path_params["layer_id"])
    state = asked.state
    scoped = not (layer.public or asked.scope.everywhere)
    planes = await _planes(asked, layer)
    file_format = file_format_of(asked)
    query = parse_items_query(layer, state.catalogue.palette, state.settings, asked.given, planes=planes, scoped=scoped)
    if file_format is not None:
        query = query.in_form(file_format.form)
    version = None
    async with stops_when_client_leaves(request), asked.reading(layer) as connection:
        if query.as_of is not None:
            version = await version_of(connection, layer, query.as_of)
        now = query if version is None else replace(query, as_of=version)
        page = await read_page(connection, layer, now, most_cost=state.settings.query_cost_max)
        if not layer.public:
            await _note(connection, asked, layer.id, page.returned)
    if file_format is not None:
        return await page_of_file(asked, layer, query, page, file_format, version)
    links = json.dumps(_links(asked, layer, query, page))
    matched = "" if page.matched is None else f'"numberMatched":{page.matched},'
    tail = f'],{matched}"numberReturned":{page.returned},"links":{links}}}'
    head = b'{"type":"FeatureCollection","features":['
    return _answer(asked, layer, "items", query.shown.crs, version, head, b",".join(page.rows), tail.encode())


items.require = READ  # type: ignore[attr-defined]  # read by the test of all routes


async def item(asked: Anyone, layer_id: str, feature_id: str) -> Response:
    """One feature."""
    layer = await asked.layer(layer_id)
    as_of, shown = parse_item_query(layer, asked.given, await _planes(asked, layer))
    version = None
    number = int(feature_id) if feature_id.isascii() and feature_id.isdigit() and len(feature_id) < 19 else 0
    async with asked.reading(layer) as connection:
        if as_of is not None:
            version = await version_of(connection, layer, as_of)
        feature = await read_feature(connection, layer, number, version, shown)
        if not layer.public:
            # What is no feature's number may be anything, also a national id.
            named = str(number) if feature is not None else mask_ids(str(number), code=True)
            await _note(connection, asked, f"{layer.id}/{named}", int(feature is not None))
    if feature is None:
        raise NotFound("there is no feature with this id", collection=layer.id)
    links = json.dumps(_document_links(asked, layer, f"/collections/{layer.id}/items/{number}"))
    return _answer(asked, layer, "item", shown.crs, version, feature[:-1], f',"links":{links}}}'.encode())


def add_to(router: APIRouter) -> None:
    """Add the routes.

    That of a page is a plain one: to solve its dependencies would take FastAPI as long as the rest takes.
    """
    router.add_route(ROOT + "/collections/{layer_id}/items", items, methods=["GET"])
    router.add_api_route("/collections/{layer_id}/items/{feature_id}", item, methods=["GET"])


async def _planes(asked: Asked, layer: Layer) -> Planes:
    """The planes of the layer, where the request speaks of CRSs."""
    wanted = crs_asked_for(asked.given)
    if not wanted:
        return NO_PLANES
    async with asked.reading(layer) as connection:
        return await read_planes(connection, layer, wanted=wanted)


async def _note(connection: AsyncConnection, asked: Asked, object_id: str, returned: int) -> None:
    """Note in the audit log that somebody was given features of a staff layer: in the transaction that reads them."""
    note = "SELECT audit.note_staff_reading(%s, %s, %s)"
    await connection.execute(note, [asked.subject.name, object_id, returned])


def _links(asked: Asked, layer: Layer, query: ItemsQuery, page: Page) -> list[dict[str, str]]:
    path = f"/collections/{layer.id}/items"
    links = [*_document_links(asked, layer, path), _queryables(asked, layer)]
    if (following := next_page(asked, layer, query, page)) is not None:
        links.append({"rel": "next", "type": links[0]["type"], "href": following})
    return links


def _queryables(asked: Asked, layer: Layer) -> dict[str, str]:
    href = f"{asked.root}/collections/{layer.id}/queryables"
    return {"rel": QUERYABLES, "type": SCHEMA, "href": href}


def _document_links(asked: Asked, layer: Layer, path: str) -> list[dict[str, str]]:
    as_json = {"type": GEOJSON, "href": asked.url(path, f="json")}
    as_html = {"type": "text/html", "href": asked.url(path, f="html")}
    this, other = (as_html, as_json) if asked.format == "html" else (as_json, as_html)
    collection = {"type": "application/json", "href": f"{asked.root}/collections/{layer.id}"}
    return [{"rel": "self"} | this, {"rel": "alternate"} | other, {"rel": "collection"} | collection]


class InParts(Response):
    """A body that is sent in parts as they are: joining them would copy all features once more."""

    def __init__(self, parts: Sequence[bytes], headers: Mapping[str, str], media_type: str) -> None:
        length = {"Content-Length": str(sum(map(len, parts)))}
        super().__init__(None, 200, {**headers, **length}, media_type)
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send them."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _answer(asked: Asked, layer: Layer, template: str, crs: OfferedCrs, version: int | None, *parts: bytes) -> Response:
    headers = {"Content-Crs": f"<{crs.uri}>"} | (FOR_ALL if layer.public else FOR_ONE)
    if template == "items":
        link = _queryables(asked, layer)
        headers["Link"] = f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"'
    if version is not None:
        headers["Data-Version"] = str(version)
    if asked.format == "json":
        return InParts(parts, headers, GEOJSON)
    document: dict[str, Any] = json.loads(b"".join(parts))
    language = asked.language
    document |= {
        "title": layer.title.to(language),
        "columns": {field.name: field.title.to(language) for field in layer.fields},
        "path": f"{asked.root}/collections/{layer.id}",
    }
    return Response(render(template, language, asked.root, asked.here, document), 200, headers, HTML)
