"""`/verify`: whether a printed extract is genuine and current. Anybody may ask; nothing of the parcel is told."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined, Template
from starlette.requests import Request

from gisland.database import run
from gisland.errors import NotFound
from gisland.printing.code import load_print_key
from gisland.printing.facts import read_facts
from gisland.printing.verify import is_current, read_verify_code
from gisland.security.guards import Require
from gisland.security.permissions import Permission
from gisland.state import state_of

TOLD = {
    "current": (
        "Bản in thật, còn đúng với cơ sở dữ liệu.",
        "The print is genuine and agrees with the database.",
    ),
    "superseded": (
        "Bản in thật, nhưng dữ liệu đã thay đổi sau khi in: không còn hiệu lực tham chiếu.",
        "The print is genuine, but the data has changed since: it is superseded.",
    ),
    "unknown": (
        "Không phải mã bản in của hệ thống này. Kiểm tra lại từng chữ.",
        "This is no code of a print of this service. Check each sign.",
    ),
}

router = APIRouter(dependencies=[Depends(Require(Permission.PUBLIC_READ))], include_in_schema=False)


@router.get("/verify", response_class=HTMLResponse)
async def verify_typed(request: Request, code: Annotated[str, Query(max_length=80)] = "") -> HTMLResponse:
    """The page with a field for the code; with one, whether it is current."""
    return await _answer(request, code) if code else HTMLResponse(_page().render(told=""))


@router.get("/verify/{code}", response_class=HTMLResponse)
async def verify_scanned(request: Request, code: str) -> HTMLResponse:
    """Where the QR code of an extract leads."""
    return await _answer(request, code)


async def _answer(request: Request, code: str) -> HTMLResponse:
    state = state_of(request)
    key = load_print_key(state.settings)
    try:
        _, parcel = read_verify_code(code, key)
    except NotFound as error:
        return _told("unknown", error.status)
    # Nobody's rights are asked: what is read is compared and not told.
    found = await asyncio.to_thread(run, state.settings, lambda connection: read_facts(connection, parcel))
    return _told("current" if is_current(code, found[0] if found else None, key) else "superseded", 200)


def _told(told: str, status: int) -> HTMLResponse:
    vi, en = TOLD[told]
    return HTMLResponse(_page().render(told=told, vi=vi, en=en), status)


@cache
def _page() -> Template:
    text = resources.files("gisland.printing").joinpath("templates/verify.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text)
