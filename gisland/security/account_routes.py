"""`/api/v1/accounts` and `/api/v1/grants`: people and what they may do, for administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from gisland.database import run
from gisland.errors import Conflict
from gisland.security import accounts
from gisland.security.accounts import Account, list_accounts, note_listing
from gisland.security.crypto import IdVault, load_vault
from gisland.security.grants import GivenGrant, NewGrant, give_grant, list_grants, revoke_grant
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.names import LONGEST, PATTERN
from gisland.security.permissions import Permission
from gisland.security.routes import RowId
from gisland.security.subject import Subject
from gisland.state import state_of

Result = TypeVar("Result")
Manager = Annotated[Subject, Depends(Require(Permission.ACCOUNT_MANAGE))]
Whose = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Chỉ của một tài khoản · Of one account only")]

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class NewAccount(BaseModel):
    """Tài khoản cần tạo · An account to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "an.nguyen"}]})

    name: str = Field(max_length=LONGEST, pattern=PATTERN, description="Tên đăng nhập · Name of the account")


class OneTime(BaseModel):
    """Mật khẩu dùng một lần · A secret that is shown this once, and only good for setting a password of one's own."""

    account: Account = Field(description="Tài khoản · The account")
    secret: str = Field(description="Mật khẩu dùng một lần · The one-time password")


async def _act(request: Request, response: Response, work: Callable[[Connection, IdVault], Result]) -> Result:
    settings = state_of(request).settings
    vault = load_vault(settings)
    response.headers.update(PRIVATE)
    done = await asyncio.to_thread(run, settings, lambda connection: work(connection, vault))
    state_of(request).sign_ins.ask_again()
    return done


def _one(connection: Connection, vault: IdVault, account_id: int) -> Account:
    return list_accounts(connection, vault, account_id)[0]


def _not_oneself(subject: Subject, account_id: int) -> None:
    if subject.account_id == account_id:
        raise Conflict(
            "không làm việc này với chính mình · one does not do this to oneself",
            hint="đổi mật khẩu ở · change your password at /account",
        )


@router.get("/accounts", operation_id="list_accounts", summary="Các tài khoản · Accounts")
async def all_accounts(request: Request, response: Response, subject: Manager) -> list[Account]:
    """Ai có quyền gì ở đâu; xem cũng được ghi · All accounts by name, with their roles; each reading is audited."""

    def work(connection: Connection, vault: IdVault) -> list[Account]:
        found = list_accounts(connection, vault)
        note_listing(connection, subject.name, "account", len(found))
        return found

    return await _act(request, response, work)


@router.post("/accounts", operation_id="create_account", summary="Tạo tài khoản · New account", status_code=201)
async def create(request: Request, response: Response, subject: Manager, body: NewAccount) -> OneTime:
    """Tạo tài khoản chưa có vai trò · Make an account without any role; its one-time secret is shown this once."""

    def work(connection: Connection, vault: IdVault) -> OneTime:
        account, secret = accounts.create_account(connection, body.name, subject.name)
        return OneTime(account=_one(connection, vault, account), secret=secret)

    made = await _act(request, response, work)
    response.headers["Location"] = f"/api/v1/accounts/{made.account.id}"
    return made


@router.get("/accounts/{account_id}", operation_id="get_account", summary="Một tài khoản · One account")
async def one_account(request: Request, response: Response, subject: Manager, account_id: RowId) -> Account:
    """Một tài khoản với các vai trò · An account with its roles."""

    def work(connection: Connection, vault: IdVault) -> Account:
        found = _one(connection, vault, account_id)
        note_listing(connection, subject.name, f"account:{account_id}", 1)
        return found

    return await _act(request, response, work)


@router.post("/accounts/{account_id}/disable", operation_id="disable_account", summary="Ngừng · Disable")
async def disable(request: Request, response: Response, subject: Manager, account_id: RowId) -> Account:
    """Không cho đăng nhập nữa; phiên kết thúc · Let them sign in no more; their sessions end."""
    return await _set_disabled(request, response, subject, account_id, disabled=True)


@router.post("/accounts/{account_id}/enable", operation_id="enable_account", summary="Cho dùng lại · Enable")
async def enable(request: Request, response: Response, subject: Manager, account_id: RowId) -> Account:
    """Cho đăng nhập lại · Let them sign in again."""
    return await _set_disabled(request, response, subject, account_id, disabled=False)


async def _set_disabled(
    request: Request, response: Response, subject: Subject, account_id: int, *, disabled: bool
) -> Account:
    def work(connection: Connection, vault: IdVault) -> Account:
        accounts.set_disabled(connection, account_id, subject.name, disabled=disabled)
        return _one(connection, vault, account_id)

    return await _act(request, response, work)


@router.post("/accounts/{account_id}/reset", operation_id="reset_account", summary="Cấp lại mật khẩu · Reset")
async def reset(request: Request, response: Response, subject: Manager, account_id: RowId) -> OneTime:
    """Mật khẩu dùng một lần mới; phiên và mã kết thúc · A new one-time secret; their sessions and tokens end."""

    def work(connection: Connection, vault: IdVault) -> OneTime:
        secret = accounts.reset_secret(connection, account_id, subject.name)
        return OneTime(account=_one(connection, vault, account_id), secret=secret)

    _not_oneself(subject, account_id)
    return await _act(request, response, work)


@router.post("/accounts/{account_id}/unlock", operation_id="unlock_account", summary="Mở khoá · Unlock")
async def unlock(request: Request, response: Response, subject: Manager, account_id: RowId) -> Account:
    """Bỏ qua các lần đăng nhập sai · Forget their failed sign-ins."""

    def work(connection: Connection, vault: IdVault) -> Account:
        accounts.unlock(connection, vault, account_id, subject.name)
        return _one(connection, vault, account_id)

    return await _act(request, response, work)


@router.get("/grants", operation_id="list_grants", summary="Vai trò đã giao · Grants")
async def all_grants(
    request: Request, response: Response, subject: Manager, account_id: Whose = None
) -> list[GivenGrant]:
    """Ai có vai trò gì ở đâu · Who has which role where."""

    def work(connection: Connection, _: IdVault) -> list[GivenGrant]:
        found = list_grants(connection, account_id)
        note_listing(connection, subject.name, "grant", len(found))
        return found

    return await _act(request, response, work)


@router.post("/grants", operation_id="give_grant", summary="Giao vai trò · Give a role", status_code=201)
async def give(request: Request, response: Response, subject: Manager, body: NewGrant) -> GivenGrant:
    """Giao vai trò ở một phường, một tổ, hoặc toàn hệ thống · Give a role in a ward, a group, or everywhere."""

    def work(connection: Connection, _: IdVault) -> GivenGrant:
        grant = give_grant(connection, body, subject.name)
        return next(each for each in list_grants(connection, body.account_id) if each.id == grant)

    return await _act(request, response, work)


@router.delete("/grants/{grant_id}", operation_id="revoke_grant", summary="Thu hồi vai trò · Revoke", status_code=204)
async def revoke(request: Request, response: Response, subject: Manager, grant_id: RowId) -> None:
    """Thu hồi một vai trò · Take a role back."""
    await _act(request, response, lambda connection, _: revoke_grant(connection, grant_id, subject.name))
