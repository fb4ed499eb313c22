"""`/api/v1/audit`: the audit log for auditors. Reading it is an act that is noted in it."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from psycopg import Connection

from gisland.audit.events import (
    EventPage,
    EventQuery,
    Filters,
    Page,
    all_events,
    csv_text,
    note_export,
    note_reading,
    read_events,
)
from gisland.audit.opaque import sees_people
from gisland.database import run
from gisland.kit.cursors import Link
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.limits import Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
Auditor = Annotated[Subject, Depends(Require(Permission.AUDIT_READ))]
Exporter = Annotated[Subject, Depends(Require(Permission.AUDIT_READ, Work.EXPORTS))]


class CsvResponse(StreamingResponse):
    """CSV, sent as it is made."""

    media_type = "text/csv"


@router.get(
    "/events", operation_id="list_audit_events", summary="Nhật ký · Events of the audit log", response_model=EventPage
)
async def events(request: Request, subject: Auditor, query: Annotated[EventQuery, Query()]) -> Response:
    """Mới nhất trước; xem nhật ký cũng được ghi · The newest first; each reading is audited, too."""
    settings = state_of(request).settings

    def work(connection: Connection) -> Page:
        timeout = str(settings.statement_timeout_ms)
        connection.execute("SELECT set_config('statement_timeout', %s, true)", [timeout])
        page = read_events(connection, query, people=sees_people(subject), limit=query.limit, cursor=query.cursor)
        note_reading(connection, subject.name, query, len(page.items))
        return page

    page = await asyncio.to_thread(run, settings, work)
    links = []
    if page.next is not None:
        given = dict(request.query_params) | {"cursor": page.next}
        links = [Link(rel="next", href=f"{request.url.path}?{urlencode(given)}")]
    body = EventPage(items=page.items, links=links).model_dump_json()
    return Response(body, headers=PRIVATE, media_type="application/json")


@router.get(
    "/events.csv",
    operation_id="export_audit_events",
    summary="Nhật ký, tệp CSV · Events of the audit log as CSV",
    response_class=CsvResponse,
)
async def export(request: Request, subject: Exporter, query: Annotated[Filters, Query()]) -> Response:
    """Tất cả theo bộ lọc, được ghi trước khi gửi · All that the filters choose; it is in the log before it is given."""
    settings = state_of(request).settings
    await asyncio.to_thread(run, settings, lambda connection: note_export(connection, subject.name, query))
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="audit-events.csv"'}
    return CsvResponse(csv_text(all_events(settings, query, people=sees_people(subject))), headers=headers)
