"""`GET /api/v1/units/crosswalk`: what a code of a unit meant on a day."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gisland.registry.crosswalk import UnitMeaning, crosswalk
from gisland.registry.fields import Day, Word
from gisland.registry.routes import ROOT, Reader, check_once, problems
from gisland.registry.writing import act
from gisland.state import state_of

MEANINGS = TypeAdapter(list[UnitMeaning])

router = APIRouter(prefix=ROOT)


class CrosswalkQuery(BaseModel):
    """Which code, and on which day."""

    model_config = ConfigDict(extra="forbid")

    code: Word = Field(max_length=20, description="Mã đơn vị · Code of the unit", examples=["11311"])
    on: Day | None = Field(default=None, description="Ngày, mặc định hôm nay · The day, today by default")


@router.get(
    "/units/crosswalk",
    operation_id="list_unit_meanings",
    summary="Mã đơn vị cũ và mới · Former and present units by code",
    tags=["units"],
    response_model=list[UnitMeaning],
    responses=problems(404),
)
async def meanings(request: Request, subject: Reader, query: Annotated[CrosswalkQuery, Query()]) -> Response:  # noqa: ARG001 - signed in
    """Đơn vị mang mã vào ngày ấy, mọi đơn vị trước và sau · The unit, all predecessors and successors."""
    check_once(request)

    def work(connection: Connection) -> list[UnitMeaning]:
        return crosswalk(connection, query.code, query.on)

    found = await asyncio.to_thread(act, state_of(request).settings, work, reading=True)
    return Response(MEANINGS.dump_json(found), media_type="application/json")
