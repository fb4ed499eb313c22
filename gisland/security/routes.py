"""Who am I, and what is mine: sign-in, password, sessions, tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Request, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from gisland.database import run
from gisland.errors import Forbidden, Unauthorized
from gisland.security import attempts
from gisland.security.accounts import change_password
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.identity import address_of, check_password
from gisland.security.origin import check_origin
from gisland.security.permissions import Permission
from gisland.security.sessions import (
    Session,
    begin_session,
    end_session,
    give_cookie,
    list_sessions,
    take_cookie,
)
from gisland.security.sign_in import Claim, Known, note_success
from gisland.security.subject import Subject
from gisland.security.tokens import MadeToken, NewToken, Token, list_tokens, make_token, revoke_token
from gisland.state import state_of

router = APIRouter(prefix="/api/v1", tags=["account"])
Anybody = Annotated[Subject, Depends(Require(Permission.PUBLIC_READ))]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Mã nội bộ · id")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class SignIn(BaseModel):
    """Đăng nhập · Name and password."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "an", "secret": "…"}]})

    name: Text = Field(description="Tên đăng nhập · Name of the account")
    secret: Text = Field(description="Mật khẩu · Password")


class SignedIn(BaseModel):
    """Đã đăng nhập · Who signed in."""

    name: str = Field(description="Tên đăng nhập · Name of the account")
    must_change: bool = Field(
        description="Phải đặt mật khẩu của mình trước · A password of one's own has to be set first"
    )


class NewPassword(BaseModel):
    """Đổi mật khẩu · The password there is, and the one there shall be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"old": "…", "new": "…"}]})

    old: Text = Field(description="Mật khẩu hiện nay · The present password")
    new: Text = Field(description="Mật khẩu mới, từ 12 ký tự · The new password, 12 characters or more")


async def person(subject: Anybody) -> Subject:
    """Somebody who signed in themselves: a token has no business with passwords, sessions and tokens.

    Raises:
        Unauthorized: nobody is signed in.
        Forbidden: a token asks.
    """
    if not subject.signed_in:
        raise Unauthorized("chưa ai đăng nhập · nobody is signed in")
    if subject.by == "token":
        raise Forbidden("mã truy cập không quản lý được tài khoản · a token does not manage its owner's account")
    return subject


async def settled_person(subject: Annotated[Subject, Depends(person)]) -> Subject:
    """Somebody who has a password of their own.

    Raises:
        Forbidden: they have a one-time secret yet.
    """
    if subject.must_change:
        raise Forbidden("hãy đặt mật khẩu của mình trước · set a password of your own first", hint="/account")
    return subject


Person = Annotated[Subject, Depends(person)]
SettledPerson = Annotated[Subject, Depends(settled_person)]
Result = TypeVar("Result")


def id_of(subject: Subject) -> int:
    """The id of the account of somebody who signed in on the web."""
    assert subject.account_id is not None
    return subject.account_id


@router.get("/me", operation_id="get_me", summary="Tôi là ai · Who am I")
async def me(subject: Anybody, response: Response) -> dict[str, Any]:
    """Name and roles of the one signed in, with their wards and groups; 401 when nobody is."""
    if not subject.signed_in:
        raise Unauthorized("chưa ai đăng nhập · nobody is signed in")
    response.headers.update(PRIVATE)
    grants = [
        {"role": each.role, "ward_id": each.ward_id, "residential_group_id": each.residential_group_id}
        for each in subject.grants
    ]
    return {
        "name": subject.name.removeprefix("account:"),
        "grants": grants,
        "permissions": sorted(subject.permissions),
        "by": subject.by,
        "must_change": subject.must_change,
    }


async def _act(request: Request, work: Callable[[Connection], Result]) -> Result:
    """One act on one's own account."""
    done = await asyncio.to_thread(run, state_of(request).settings, work)
    state_of(request).sign_ins.ask_again()
    return done


@router.post("/session", operation_id="begin_session", summary="Đăng nhập · Sign in")
async def begin(request: Request, response: Response, body: SignIn, subject: Anybody) -> SignedIn:
    """Bắt đầu phiên của trình duyệt · Begin a session: its key is in a cookie that no script can read."""
    settings = state_of(request).settings
    check_origin(request, settings)

    def then(connection: Connection, account: Known) -> tuple[str, bool]:
        note_success(connection, account.name, "session")
        if subject.session_id is not None:
            end_session(connection, id_of(subject), subject.session_id, subject.name)
        return begin_session(connection, account.id, settings), account.one_time

    key, one_time = await check_password(request, Claim(body.name, body.secret, address_of(request)), then)
    state_of(request).sign_ins.ask_again()
    give_cookie(response, key, settings)
    response.headers.update(PRIVATE)
    return SignedIn(name=body.name, must_change=one_time)


@router.get("/session", operation_id="get_session", summary="Ai đang đăng nhập · Who is signed in")
async def present(subject: Anybody, response: Response) -> SignedIn | None:
    """Ai đang đăng nhập, hoặc null · Who is signed in, or null: unlike `/me` it refuses nobody."""
    response.headers.update(PRIVATE)
    if not subject.signed_in:
        return None
    return SignedIn(name=subject.name.removeprefix("account:"), must_change=subject.must_change)


@router.delete("/session", operation_id="end_session", summary="Đăng xuất · Sign out", status_code=204)
async def end(request: Request, subject: Anybody) -> Response:
    """Kết thúc phiên này · End this session; without one there is nothing to end."""
    session = subject.session_id
    if session is not None:
        await _act(request, lambda connection: end_session(connection, id_of(subject), session, subject.name))
    response = Response(status_code=204, headers=PRIVATE)
    take_cookie(response, state_of(request).settings)
    return response


@router.get("/sessions", operation_id="list_sessions", summary="Các phiên của tôi · My sessions")
async def sessions(request: Request, response: Response, subject: SettledPerson) -> list[Session]:
    """Trình duyệt nào đang đăng nhập · Which browsers are signed in."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings
    return await asyncio.to_thread(
        run, settings, lambda connection: list_sessions(connection, id_of(subject), subject.session_id, settings)
    )


@router.delete(
    "/sessions/{session_id}",
    operation_id="end_one_session",
    summary="Kết thúc một phiên · End a session",
    status_code=204,
)
async def end_one(request: Request, subject: SettledPerson, session_id: RowId) -> Response:
    """Kết thúc một phiên của mình · End one of one's own sessions."""
    await _act(request, lambda connection: end_session(connection, id_of(subject), session_id, subject.name))
    return Response(status_code=204, headers=PRIVATE)


@router.post("/me/password", operation_id="change_password", summary="Đổi mật khẩu · Change password", status_code=204)
async def set_password(request: Request, subject: Person, body: NewPassword) -> Response:
    """Đổi mật khẩu; các phiên khác kết thúc · Set a new password; all other sessions end."""

    def then(connection: Connection, account: Known) -> None:
        change_password(connection, account.id, body.old, body.new, session_id=subject.session_id)

    name = subject.name.removeprefix("account:")
    await check_password(request, Claim(name, body.old, address_of(request), attempts.CHANGE), then)
    state_of(request).sign_ins.ask_again()
    return Response(status_code=204, headers=PRIVATE)


@router.get("/tokens", operation_id="list_tokens", summary="Mã truy cập của tôi · My tokens")
async def tokens(request: Request, response: Response, subject: SettledPerson) -> list[Token]:
    """Các mã còn hiệu lực · The tokens that are good; never the tokens themselves."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings
    return await asyncio.to_thread(run, settings, lambda connection: list_tokens(connection, id_of(subject)))


@router.post("/tokens", operation_id="make_token", summary="Tạo mã truy cập · Make a token", status_code=201)
async def make(request: Request, response: Response, subject: SettledPerson, body: NewToken) -> MadeToken:
    """Mã chỉ hiện một lần, dùng làm mật khẩu trong QGIS · The token is shown this once; in QGIS it is the password."""
    response.headers.update(PRIVATE)
    return await _act(request, lambda connection: make_token(connection, subject, body, subject.name))


@router.delete("/tokens/{token_id}", operation_id="revoke_token", summary="Thu hồi mã · Revoke", status_code=204)
async def revoke(request: Request, subject: SettledPerson, token_id: RowId) -> Response:
    """Thu hồi một mã của mình · End one of one's own tokens."""
    await _act(request, lambda connection: revoke_token(connection, id_of(subject), token_id, subject.name))
    return Response(status_code=204, headers=PRIVATE)
