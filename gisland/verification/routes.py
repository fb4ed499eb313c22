"""`/api/v1/verification/lists`: lists for the police are made, and read by those who confirm or follow them."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from gisland.kit.cursors import Link
from gisland.registry.routes import Id, check_once, clerk_of, problems
from gisland.registry.writing import act
from gisland.security.crypto import load_vault
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of
from gisland.verification.lists import (
    ListPage,
    ListProgress,
    Lists,
    Page,
    Rows,
    read_list,
    read_lists,
    read_rows,
)
from gisland.verification.sending import NewList, Sent, send_list

ROOT = "/api/v1/verification/lists"
Reader = Annotated[Subject, Depends(Require(Permission.VERIFICATION_READ))]
Sender = Annotated[Subject, Depends(Require(Permission.VERIFICATION_SEND))]

router = APIRouter(prefix=ROOT, tags=["verification"])


@router.get(
    "",
    operation_id="list_verification_lists",
    summary="Danh sách gửi xác minh · Lists for verification",
    responses=problems(),
)
async def lists(request: Request, response: Response, _: Reader, query: Annotated[ListPage, Query()]) -> Lists:
    """Của các phường của mình, mới nhất trước · Of one's wards, the newest first."""
    check_once(request)
    response.headers.update(PRIVATE)
    items, following = await asyncio.to_thread(
        act, state_of(request).settings, lambda connection: read_lists(connection, query), reading=True
    )
    return Lists(items=items, links=_links(request, following))


@router.post(
    "",
    operation_id="send_verification_list",
    summary="Lập danh sách · Make a list",
    status_code=201,
    responses=problems(404, 409, 413, 422),
)
async def send(request: Request, response: Response, subject: Sender, body: NewList) -> Sent:
    """Mọi người có số chưa gửi của phường hoặc tổ, một giao dịch · All who are not sent yet, in one transaction.

    Chạy thử: 200, không ghi gì · With `dry_run` 200, and nothing is written.
    """
    clerk = clerk_of(request, subject)
    sent = await asyncio.to_thread(
        act, state_of(request).settings, lambda connection: send_list(connection, body, clerk)
    )
    response.headers.update(PRIVATE)
    if sent.id is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"{ROOT}/{sent.id}"
    return sent


@router.get(
    "/{list_id:int}",
    operation_id="get_verification_list",
    summary="Một danh sách · One list",
    responses=problems(404),
)
async def one(request: Request, response: Response, _: Reader, list_id: Id) -> ListProgress:
    """Bao nhiêu người đã có kết quả · How many of its persons have an answer."""
    response.headers.update(PRIVATE)
    return await asyncio.to_thread(
        act, state_of(request).settings, lambda connection: read_list(connection, list_id), reading=True
    )


@router.get(
    "/{list_id:int}/rows",
    operation_id="list_verification_rows",
    summary="Các dòng và kết quả · Rows and answers",
    responses=problems(404),
)
async def rows(
    request: Request, response: Response, subject: Reader, list_id: Id, query: Annotated[Page, Query()]
) -> Rows:
    """Mỗi trang được ghi nhật ký; số đầy đủ cho công an · Each page is audited; ids in clear for police."""
    check_once(request)
    settings = state_of(request).settings
    vault = load_vault(settings)
    response.headers.update(PRIVATE)
    items, following = await asyncio.to_thread(
        act, settings, lambda connection: read_rows(connection, list_id, query, subject, vault), reading=True
    )
    return Rows(items=items, links=_links(request, following))


def _links(request: Request, following: str | None) -> list[Link]:
    if following is None:
        return []
    given = dict(request.query_params) | {"cursor": following}
    return [Link(rel="next", href=f"{request.url.path}?{urlencode(given)}")]
