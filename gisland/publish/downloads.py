"""Whole layers as downloads: `GET /ogc/collections/{id}/export`, and `POST` with a reason for those of staff.

Texts are sent while they are read; what GDAL writes is written to a file first and then sent. Whoever leaves stops the
database: nothing is read for nobody.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Depends, Request, Response
from psycopg.errors import QueryCanceled
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, StreamingResponse

from gisland.catalogue import Layer
from gisland.errors import NotFound, UsageError
from gisland.publish.answer import FOR_ALL, FOR_ONE, Asked
from gisland.publish.cost import check_cost
from gisland.publish.crs import NO_PLANES
from gisland.publish.export import ROWS, Export, exporting, note_export
from gisland.publish.items import is_served, page_statement
from gisland.publish.past import version_of
from gisland.publish.query import ItemsQuery, crs_asked_for, parse_items_query
from gisland.publish.tables import FILE_FORMATS, FileFormat, text_of, write_file
from gisland.security.guards import Require
from gisland.security.limits import Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

Result = TypeVar("Result")

PUBLIC = Require(Permission.PUBLIC_READ, Work.EXPORTS)
STAFF = Require(Permission.STAFF_LAYER_READ, Work.EXPORTS)
# How often it is looked whether the client is still there.
LOOK_SECONDS = 0.25


class Why(BaseModel):
    """The body of an export of a staff layer."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500, description="Lý do · The reason; no personal data")


async def export_public(request: Request, layer_id: str, subject: Annotated[Subject, Depends(PUBLIC)]) -> Response:
    """A public layer, or what a filter finds of it, as a file."""
    asked = Asked.of(request, subject)
    layer = asked.catalogue.layer(layer_id)
    if not layer.public:
        raise NotFound(
            "xuất lớp nội bộ phải có lý do · a staff layer is exported with a reason",
            hint='POST {"reason": "…"} here, signed in',
        )
    return await _export(asked, layer, "")


async def export_staff(
    request: Request, layer_id: str, why: Why, subject: Annotated[Subject, Depends(STAFF)]
) -> Response:
    """A layer of staff as a file; who took it and why is noted before the first feature leaves."""
    asked = Asked.of(request, subject)
    return await _export(asked, asked.catalogue.layer(layer_id), why.reason)


def add_to(router: APIRouter) -> None:
    """Add the routes."""
    path = "/collections/{layer_id}/export"
    router.add_api_route(path, export_public, methods=["GET"])
    router.add_api_route(path, export_staff, methods=["POST"])


async def _export(asked: Asked, layer: Layer, reason: str) -> Response:
    file_format, query, known = await _query(asked, layer)
    if known is not None:
        return known
    settings = asked.state.settings
    if not layer.public:
        noted = (asked.subject.name, layer, query, file_format, reason, asked.scope)
        await asyncio.to_thread(note_export, settings, *noted)
    headers = {
        "Content-Crs": f"<{query.shown.crs.uri}>",
        "Content-Disposition": f'attachment; filename="{layer.id}.{file_format.name}"',
        **(FOR_ALL if layer.public else FOR_ONE),
    }
    opened = exporting(settings, layer, query, asked.scope)
    export = await asyncio.to_thread(opened.__enter__)
    headers["Data-Version"] = str(export.version)
    if layer.public:
        headers["ETag"] = asked.tag(layer, export.version, file_format.name)
    if export.expected is not None:
        headers["OGC-NumberMatched"] = str(export.expected)
    if file_format.driver is None:
        texts = text_of(file_format, layer, query.shown, export.pages())
        return StreamingResponse(_sent(texts, opened, export), 200, headers, file_format.media_type)
    folder = tempfile.TemporaryDirectory(prefix="gisland-export-")
    path = Path(folder.name) / f"{layer.id}.{file_format.name}"
    try:
        # A spatial index of FlatGeobuf is made in memory, which a whole layer must not take.
        await _unless_gone(
            asked.request,
            export,
            lambda: write_file(file_format, layer, query.shown, export.pages(), path, indexed=False),
        )
    except BaseException:
        folder.cleanup()
        raise
    finally:
        await asyncio.to_thread(_close, opened)
    return FileResponse(
        path, 200, headers, media_type=file_format.media_type, background=BackgroundTask(folder.cleanup)
    )


async def _query(asked: Asked, layer: Layer) -> tuple[FileFormat, ItemsQuery, Response | None]:
    """The format and what is asked for; without `f` a GeoPackage of the whole layer. Who has it already is told so."""
    state = asked.state
    file_format = FILE_FORMATS.get(dict(asked.given).get("f", "gpkg"))
    if file_format is None:
        raise UsageError(
            "không có lựa chọn này · this is not offered", hint=f"one of: {', '.join(FILE_FORMATS)}", parameter="f"
        )
    for name in ("limit", "cursor"):
        if name in dict(asked.given):
            raise UsageError(
                "tệp xuất không chia trang · an export has no pages", hint="leave it out, or read items", parameter=name
            )
    wanted = crs_asked_for(asked.given)
    planes = await asked.planes(layer, wanted) if wanted else NO_PLANES
    async with asked.reading(layer) as connection:
        palette = state.catalogue.palette
        query = parse_items_query(layer, palette, state.settings, asked.given, planes=planes, scope=asked.scope)
        version = None if query.as_of is None else await version_of(connection, layer, query.as_of)
        query = replace(query, as_of=version)
        known = await asked.known(layer, connection, version, file_format.name)
        query = query.in_form(file_format.form)
        if not is_served(layer, query, "walk"):
            page = page_statement(layer, replace(query, limit=ROWS), "walk")
            await check_cost(connection, *page, most=state.settings.query_cost_max)
    return file_format, query, known


async def _sent(texts: Iterator[bytes], opened: AbstractContextManager[Export], export: Export) -> AsyncIterator[bytes]:
    """The pieces of a text; when nobody takes them any more, the database stops, too."""
    try:
        while True:
            task = asyncio.create_task(to_thread.run_sync(next, texts, b""))
            try:
                piece = await asyncio.shield(task)
            except asyncio.CancelledError:
                with CancelScope(shield=True):
                    # In a thread: it asks the server on a connection of its own, and other requests wait for this one.
                    await to_thread.run_sync(export.cancel)
                    with suppress(QueryCanceled):
                        await task
                raise
            if not piece:
                return
            yield piece
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_close, opened)


async def _unless_gone(request: Request, export: Export, work: Callable[[], Result]) -> Result:
    """Do work in a thread; when the client leaves meanwhile, the database stops and the work ends with an error."""
    task = asyncio.create_task(asyncio.to_thread(work))
    while True:
        done, _ = await asyncio.wait({task}, timeout=LOOK_SECONDS)
        if done:
            return task.result()
        if await request.is_disconnected():
            await asyncio.to_thread(export.cancel)


def _close(opened: AbstractContextManager[Export]) -> None:
    with suppress(Exception):
        opened.__exit__(None, None, None)
