"""Accounts of people: made with a one-time secret, which is good for nothing but to set a password of one's own."""

from __future__ import annotations

from datetime import datetime

from psycopg import Connection
from psycopg.errors import CheckViolation, UniqueViolation
from psycopg.rows import class_row
from pydantic import BaseModel, Field

from gisland.audit import log
from gisland.errors import Conflict, InputError, NotFound
from gisland.security import attempts
from gisland.security.crypto import IdVault
from gisland.security.grants import GivenGrant, list_grants
from gisland.security.names import check_name
from gisland.security.passwords import check_password, hash_password, one_time_secret
from gisland.security.permissions import Role
from gisland.security.sessions import end_sessions
from gisland.security.subject import operator
from gisland.security.tokens import revoke_tokens

LIST = """
    SELECT id, name, disabled, one_time, created_at,
           (SELECT max(seen_at) FROM security.session WHERE account_id = account.id) AS seen_at,
           (SELECT count(*) FROM security.token
             WHERE account_id = account.id AND revoked_at IS NULL AND expires_at > now()) AS tokens
      FROM security.account WHERE %(id)s::int IS NULL OR id = %(id)s ORDER BY name
"""
SET = "UPDATE security.account SET secret_hash = %s, one_time = %s, secret_set_at = now() WHERE id = %s"


class Account(BaseModel):
    """Tài khoản · Somebody who may sign in, what they were granted, and whether they can."""

    id: int = Field(description="Mã nội bộ · id")
    name: str = Field(description="Tên đăng nhập · Name of the account")
    disabled: bool = Field(description="Đã khoá, không đăng nhập được · May not sign in")
    one_time: bool = Field(description="Chưa tự đặt mật khẩu · Has not set a password of their own yet")
    created_at: datetime = Field(description="Lúc tạo · When it was made")
    seen_at: datetime | None = Field(description="Phiên dùng gần nhất · A session was last used")
    tokens: int = Field(description="Số mã truy cập còn hiệu lực · How many tokens are good")
    locked_seconds: int = Field(default=0, description="Bị khoá tạm, giây · Has to wait, seconds")
    grants: list[GivenGrant] = Field(default=[], description="Vai trò và phạm vi · Roles, and where they hold")


def create_first_admin(connection: Connection) -> str | None:
    """Create the account `admin` where there is no account yet.

    Returns:
        Its one-time secret, which is shown once and kept nowhere, or None when there are accounts.
    """
    connection.execute("LOCK TABLE security.account IN SHARE ROW EXCLUSIVE MODE")
    if connection.execute("SELECT 1 FROM security.account LIMIT 1").fetchone():
        return None
    account, secret = create_account(connection, "admin", operator().name)
    connection.execute("INSERT INTO security.grant (account_id, role) VALUES (%s, %s)", [account, Role.ADMIN.value])
    return secret


def create_account(connection: Connection, name: str, by: str) -> tuple[int, str]:
    """Create an account, without any role.

    Returns:
        Its id, and its one-time secret, which is kept nowhere.

    Raises:
        InputError: it cannot be called so.
        Conflict: somebody is called so already.
    """
    check_name(name)
    secret = one_time_secret()
    query = "INSERT INTO security.account (name, secret_hash, one_time) VALUES (%s, %s, true) RETURNING id"
    try:
        row = connection.execute(query, [name, hash_password(secret)]).fetchone()
    except UniqueViolation:
        raise Conflict("đã có tài khoản mang tên này · there is an account with this name", field="name") from None
    assert row is not None
    log.record(connection, by, log.Tag.ACCOUNT_CREATED, object_id=name)
    return row[0], secret


def set_disabled(connection: Connection, account_id: int, by: str, *, disabled: bool) -> None:
    """Let somebody sign in no more, or again. Sessions end for good; tokens are of no use meanwhile.

    Raises:
        NotFound: there is no such account.
        Conflict: they are the last administrator who can sign in.
    """
    name = name_of(connection, account_id)
    try:
        connection.execute("UPDATE security.account SET disabled = %s WHERE id = %s", [disabled, account_id])
    except CheckViolation:
        raise Conflict("phải còn một quản trị viên · an administrator must be left") from None
    if disabled:
        end_sessions(connection, account_id)
        log.record(connection, by, log.Tag.ACCOUNT_DISABLED, object_id=name)
    else:
        log.record(connection, by, log.Tag.ACCOUNT_CHANGED, object_id=name, detail={"change": "enabled"})


def reset_secret(connection: Connection, account_id: int, by: str) -> str:
    """Replace a secret that was lost, or got known: sessions and tokens end with it. Returns a one-time secret.

    Raises:
        NotFound: there is no such account.
    """
    name = name_of(connection, account_id)
    secret = one_time_secret()
    connection.execute(SET, [hash_password(secret), True, account_id])
    ended: dict[str, object] = {
        "change": "secret reset",
        "sessions": end_sessions(connection, account_id),
        "tokens": revoke_tokens(connection, account_id),
    }
    log.record(connection, by, log.Tag.ACCOUNT_CHANGED, object_id=name, detail=ended)
    return secret


def change_password(
    connection: Connection, account_id: int, secret: str, new: str, *, session_id: int | None = None
) -> None:
    """Set a password of one's own; all other sessions end.

    Args:
        connection: of the act; it has checked `secret`.
        account_id: whose.
        secret: the present one.
        new: the new one.
        session_id: the session that stays.

    Raises:
        InputError: it is guessed too easily, or is the present one.
    """
    name = name_of(connection, account_id)
    check_password(new, name)
    if new == secret:
        raise InputError("mật khẩu mới phải khác mật khẩu cũ · the new password must differ from the old one")
    connection.execute(SET, [hash_password(new), False, account_id])
    ended = end_sessions(connection, account_id, but=session_id)
    detail: dict[str, object] = {"sessions": ended}
    log.record(connection, f"account:{name}", log.Tag.PASSWORD_CHANGED, object_id=name, detail=detail)


def unlock(connection: Connection, vault: IdVault, account_id: int, by: str) -> bool:
    """Forget the failed sign-ins of somebody. Returns whether there were any.

    Raises:
        NotFound: there is no such account.
    """
    name = name_of(connection, account_id)
    forgotten = [attempts.forget(connection, attempts.name_key(vault, name, each)) for each in attempts.PURPOSES]
    log.record(connection, by, log.Tag.ACCOUNT_CHANGED, object_id=name, detail={"change": "unlocked"})
    return any(forgotten)


def list_accounts(connection: Connection, vault: IdVault, account_id: int | None = None) -> list[Account]:
    """All accounts by name, or one, with their roles.

    Raises:
        NotFound: there is none with this id.
    """
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        found = cursor.execute(LIST, {"id": account_id}).fetchall()
    if account_id is not None and not found:
        raise _missing()
    keys = {attempts.name_key(vault, each.name): each for each in found}
    for key, seconds in attempts.waits(connection, list(keys)).items():
        keys[key].locked_seconds = seconds
    grants = list_grants(connection, account_id)
    for each in found:
        each.grants = [grant for grant in grants if grant.account_id == each.id]
    return found


def note_listing(connection: Connection, by: str, what: str, count: int) -> None:
    """Note in the audit log that somebody was shown people: accounts, their roles (`grant`) or their tokens."""
    log.record(connection, by, log.Tag.ACCOUNT_READ, object_id=what, detail={"count": count})


def account_called(connection: Connection, name: str) -> int:
    """The id of an account.

    Raises:
        NotFound: nobody is called so.
    """
    row = connection.execute("SELECT id FROM security.account WHERE name = %s", [name]).fetchone()
    if row is None:
        raise _missing()
    account: int = row[0]
    return account


def name_of(connection: Connection, account_id: int) -> str:
    """The name of an account, which stays as it is until the end of the transaction.

    Raises:
        NotFound: there is no such account.
    """
    row = connection.execute("SELECT name FROM security.account WHERE id = %s FOR UPDATE", [account_id]).fetchone()
    if row is None:
        raise _missing()
    name: str = row[0]
    return name


def _missing() -> NotFound:
    return NotFound("không có tài khoản này · there is no such account")
