"""Health for supervisors: alive = the process answers; ready = the database does, too."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from gisland.security.guards import Require
from gisland.security.permissions import Permission
from gisland.state import state_of

router = APIRouter(prefix="/health", dependencies=[Depends(Require(Permission.PUBLIC_READ, work=None))])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> dict[str, str]:
    """The database answers as well; 503 when it does not."""
    async with state_of(request).pools.public.connection() as connection:
        await connection.execute("SELECT 1")
    return {"status": "ok"}
