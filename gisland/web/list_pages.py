"""The pages `/lists` and `/lists/{id}`: for the police, whose work the rows are, and for staff who follow the answers.

They show what `/api/v1/verification/lists` does, by the same functions: the same mask, the same event of the audit log.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from psycopg import Connection
from starlette.requests import Request

from gisland.registry.routes import Id
from gisland.registry.writing import act
from gisland.security.crypto import load_vault
from gisland.security.permissions import Permission
from gisland.security.places import list_places
from gisland.security.subject import Subject
from gisland.state import state_of
from gisland.verification.lists import ListPage, Page, read_list, read_lists, read_rows
from gisland.web.account_pages import Language, RequireOnPage, page

SHOWN = 100
Reader = Annotated[Subject, Depends(RequireOnPage(Permission.VERIFICATION_READ))]
Cursor = Annotated[str | None, Query(max_length=100)]

router = APIRouter(include_in_schema=False)


@router.get("/lists", response_class=HTMLResponse)
async def lists_page(
    request: Request, subject: Reader, language: Language = "vi", cursor: Cursor = None
) -> HTMLResponse:
    """The lists of one's wards, and a form for those who make them."""
    sending = subject.scope(Permission.VERIFICATION_SEND)

    def work(connection: Connection) -> dict[str, Any]:
        lists, following = read_lists(connection, ListPage(limit=SHOWN, cursor=cursor))
        wards = [each for each in list_places(connection) if sending.everywhere or each.id in sending.wards]
        return {"lists": lists, "next": following, "wards": wards}

    content = await asyncio.to_thread(act, state_of(request).settings, work, reading=True)
    return page("lists", language, subject, content)


@router.get("/lists/{list_id:int}", response_class=HTMLResponse)
async def list_page(
    request: Request, subject: Reader, list_id: Id, language: Language = "vi", cursor: Cursor = None
) -> HTMLResponse:
    """The rows of a list with their answers; each page of it is an audited act."""
    settings = state_of(request).settings
    vault = load_vault(settings)

    def work(connection: Connection) -> dict[str, Any]:
        rows, following = read_rows(connection, list_id, Page(limit=SHOWN, cursor=cursor), subject, vault)
        return {"list": read_list(connection, list_id), "rows": rows, "next": following}

    content = await asyncio.to_thread(act, settings, work, reading=True)
    palette = state_of(request).catalogue.palette
    content["result_label"] = lambda name: getattr(palette.exact[name].label, language)
    return page("list", language, subject, content)
