"""`POST /api/v1/search`: what is typed travels in the body, for an address is kept in logs and histories."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from gisland.audit import log
from gisland.audit.log import INSERT
from gisland.database import Role, current_scope
from gisland.registry import fields
from gisland.registry.masking import held_where
from gisland.registry.search import LIMIT, MOST, Hit, Kind, counts, search_async, wards_of
from gisland.security.crypto import load_vault
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.limits import Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

router = APIRouter(prefix="/api/v1")


class Query(BaseModel):
    """What is sought, and where."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[fields.Code, Field(min_length=1, max_length=200)] = Field(
        description="Số tờ/thửa, mã thửa, số phát hành GCN, số định danh hoặc họ tên"
        " · Numbers of sheet and parcel, parcel code, serial of a certificate, id or name",
        examples=["tờ 54 thửa 34", "BK 123456"],
    )
    ward_id: fields.Key | None = Field(default=None, description="Chỉ trong phường này · Only in this ward")
    kinds: list[Kind] = Field(default=list(Kind), min_length=1, description="Chỉ tìm các loại này · Only these")
    limit: int = Field(default=LIMIT, ge=1, le=MOST, description="Số kết quả nhiều nhất · Most hits")


class Found(BaseModel):
    """The hits, the surest first. Those without accents, of a part or with a typo are hints and never a proof.

    Holders are among them for those who may see persons only, and are found by an id by those who may see ids.
    """

    hits: list[Hit] = Field(description="Các kết quả · the hits")
    limited: bool = Field(description="Đã đủ số kết quả nhiều nhất, có thể còn nữa · There may be more than the limit")


@router.post("/search", summary="Tìm · Search the registry")
async def search_registry(
    query: Query,
    request: Request,
    response: Response,
    subject: Annotated[Subject, Depends(Require(Permission.REGISTRY_SEARCH, Work.SEARCHES))],
) -> Found:
    """Tìm thửa, giấy chứng nhận, người sử dụng đất · Find parcels, certificates and holders; each search is audited."""
    state = state_of(request)
    vault = load_vault(state.settings)
    async with state.pools.within(current_scope(), Role.APP) as connection:
        hits = await search_async(
            connection,
            query.text,
            vault,
            held=held_where(subject, Permission.REGISTRY_SEARCH, query.ward_id),
            ward_id=query.ward_id,
            kinds=query.kinds,
            limit=query.limit,
        )
        ward, several = log.ward_and_detail(wards_of(hits, query.ward_id))
        event = [subject.name, log.Tag.REGISTRY_SEARCHED.value, ward, "", Jsonb(counts(hits) | several)]
        await connection.execute(INSERT, event)
    response.headers.update(PRIVATE)
    return Found(hits=hits, limited=len(hits) == query.limit)
