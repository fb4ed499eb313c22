"""`/api/v1/alerts`: what somebody should look at."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import Connection

from gisland.audit.alerts.store import LIMIT, MOST, Acknowledgement, Alert, acknowledge, list_alerts, opaque, raise_test
from gisland.audit.alerts.ways import ways_of
from gisland.audit.opaque import sees_people
from gisland.database import run
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

router = APIRouter(prefix="/api/v1/alerts", tags=["audit"])
Reader = Annotated[Subject, Depends(Require(Permission.ALERT_READ))]
Watcher = Annotated[Subject, Depends(Require(Permission.ALERT_ACKNOWLEDGE))]
AlertId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Số của cảnh báo · Number of the alert")]
Which = Annotated[Literal["open", "acknowledged", "all"], Query(description="Chưa xem, đã xem, tất cả · Which of them")]
Most = Annotated[int, Query(ge=1, le=MOST, description="Số cảnh báo nhiều nhất · At most so many")]


@router.get("", operation_id="list_alerts", summary="Cảnh báo · Alerts")
async def alerts(
    request: Request, response: Response, subject: Reader, state: Which = "open", limit: Most = LIMIT
) -> list[Alert]:
    """Mới nhất trước · The newest first."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings
    people = sees_people(subject)

    def work(connection: Connection) -> list[Alert]:
        return list_alerts(connection, people=people, state=state, limit=limit)

    return await asyncio.to_thread(run, settings, work)


@router.post("/test", operation_id="test_alerts", summary="Thử cảnh báo · Test", status_code=202)
async def test(request: Request, response: Response, subject: Watcher) -> dict[str, int]:
    """Một cảnh báo thử, tiến trình nền sẽ gửi · A test alert; the worker sends it by each way."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings
    ways = [way.name for way in ways_of(settings)]
    told = await asyncio.to_thread(run, settings, lambda connection: raise_test(connection, ways, subject.name))
    return {"id": told.id}


@router.post("/{alert_id}/acknowledge", operation_id="acknowledge_alert", summary="Xác nhận đã xem · Acknowledge")
async def acknowledge_one(
    request: Request, response: Response, subject: Watcher, alert_id: AlertId, body: Acknowledgement
) -> Alert:
    """Ai đã xem, đã làm gì; được ghi vào nhật ký · Who has looked at it, and what was done; it is audited."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings

    def work(connection: Connection) -> Alert:
        done = acknowledge(connection, alert_id, body, subject.name)
        return done if sees_people(subject) else opaque(connection, [done])[0]

    return await asyncio.to_thread(run, settings, work)
