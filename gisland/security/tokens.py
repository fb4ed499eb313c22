"""Personal access tokens: for programs such as QGIS, which send them as the password of HTTP Basic."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from psycopg import Connection
from psycopg.rows import class_row
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gisland.audit import log
from gisland.errors import InputError, NotFound
from gisland.kit.identifiers import mask_ids
from gisland.security.keys import key_hash, new_token
from gisland.security.permissions import ANYONE, FOR_TOKENS, WITHIN_WARDS, Permission
from gisland.security.subject import Subject

DAYS, MOST_DAYS = 90, 366
MOST_TOKENS = 50

MAKE = """
    INSERT INTO security.token (account_id, name, key_hash, permissions, ward_ids, expires_at)
    VALUES (%s, %s, %s, %s, %s, now() + %s * interval '24 hours')
    RETURNING id, name, permissions, ward_ids, made_at, expires_at, used_at
"""
IN_FORCE = "revoked_at IS NULL AND expires_at > now()"
LIST = f"""
    SELECT id, name, permissions, ward_ids, made_at, expires_at, used_at FROM security.token
     WHERE account_id = %s AND {IN_FORCE} ORDER BY id DESC
"""  # noqa: S608 - our own words
REVOKE = "UPDATE security.token SET revoked_at = now() WHERE id = %s AND account_id = %s AND revoked_at IS NULL"

TokenName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$"),
    AfterValidator(mask_ids),
]


class NewToken(BaseModel):
    """Mã truy cập cá nhân cần tạo · A personal access token to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "QGIS", "permissions": ["staff_layer:read"], "days": 90}]},
    )

    name: TokenName = Field(description="Dùng ở đâu · Where it will be used")
    permissions: list[Permission] = Field(
        min_length=1,
        max_length=len(Permission),
        description="Quyền, trong số quyền của mình · What it is for, of what its owner may do",
    )
    ward_ids: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Chỉ ở các phường này; bỏ trống: mọi nơi có quyền · Only in these wards; none: where the owner may",
    )
    days: int = Field(default=DAYS, ge=1, le=MOST_DAYS, description="Hiệu lực, ngày · How many days it is good for")


class Token(BaseModel):
    """Mã truy cập cá nhân · A personal access token; what it may do is never more than what its owner may."""

    id: int = Field(description="Mã nội bộ · id")
    name: str = Field(description="Dùng ở đâu · Where it is used")
    permissions: list[str] = Field(description="Quyền · What it is for")
    ward_ids: list[int] | None = Field(
        description="Chỉ ở các phường này; null: mọi nơi có quyền · Only in these wards; null: where the owner may"
    )
    made_at: datetime = Field(description="Lúc tạo · When it was made")
    expires_at: datetime = Field(description="Hết hạn · When it ends")
    used_at: datetime | None = Field(description="Dùng gần nhất, đến giờ · Last used, to the hour")


class MadeToken(Token):
    """Mã vừa tạo, chỉ hiện một lần · A new token; it is shown this once."""

    token: str = Field(description="Mã truy cập, chỉ hiện lần này · The token itself, shown this once")


def make_token(connection: Connection, owner: Subject, new: NewToken, by: str) -> MadeToken:
    """Make a token.

    Args:
        connection: of the act.
        owner: whose it will be, with their present rights.
        new: what it is for.
        by: who makes it.

    Raises:
        InputError: it would be for more than its owner may, or they have very many already.
    """
    wanted = frozenset(new.permissions) - ANYONE
    allowed = owner.permissions & FOR_TOKENS & (WITHIN_WARDS if new.ward_ids is not None else FOR_TOKENS)
    if beyond := sorted(wanted - allowed):
        raise InputError(
            f"mã không thể có quyền · a token of yours cannot be for: {', '.join(beyond)}",
            hint=f"{', '.join(sorted(allowed)) or 'không có · none'}",
            field="permissions",
        )
    wards = sorted(set(new.ward_ids)) if new.ward_ids is not None else None
    if wards is not None and not set(wards) <= _wards(connection, owner, wards):
        raise InputError("không có quyền ở phường này · you may do nothing in this ward", field="ward_ids")
    # One after the other, or two at once would not see each other's.
    connection.execute("SELECT FROM security.account WHERE id = %s FOR UPDATE", [owner.account_id])
    assert owner.account_id is not None
    if len(list_tokens(connection, owner.account_id)) >= MOST_TOKENS:
        raise InputError(
            f"đã có {MOST_TOKENS} mã · there are {MOST_TOKENS} tokens already", hint="thu hồi mã cũ · revoke old ones"
        )
    token = new_token()
    permissions = sorted(wanted) or sorted(ANYONE)
    values = [owner.account_id, new.name, key_hash(token), permissions, wards, new.days]
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        made = cursor.execute(MAKE, values).fetchone()
    assert made is not None
    detail: dict[str, object] = {"permissions": permissions, "wards": wards, "days": new.days, "of": owner.name}
    log.record(connection, by, log.Tag.TOKEN_ISSUED, object_id=f"token:{made.id}", detail=detail)
    return MadeToken(**made.model_dump(), token=token)


def _wards(connection: Connection, owner: Subject, wanted: list[int]) -> set[int]:
    """Which of these wards there are, and the owner has a role in."""
    query = "SELECT id FROM registry.unit WHERE id = ANY (%s) AND level = 'ward'"
    there = {row[0] for row in connection.execute(query, [wanted])}
    if any(each.ward_id is None for each in owner.grants):
        return there
    return there & {each.ward_id for each in owner.grants if each.ward_id is not None}


def list_tokens(connection: Connection, account_id: int) -> list[Token]:
    """Somebody's tokens that are good, the newest first."""
    with connection.cursor(row_factory=class_row(Token)) as cursor:
        return cursor.execute(LIST, [account_id]).fetchall()


def revoke_token(connection: Connection, account_id: int, token_id: int, by: str) -> None:
    """End a token.

    Raises:
        NotFound: they have none with this id, or it is ended.
    """
    if not connection.execute(REVOKE, [token_id, account_id]).rowcount:
        raise NotFound("không có mã này · there is no such token")
    log.record(connection, by, log.Tag.TOKEN_REVOKED, object_id=f"token:{token_id}")


def revoke_tokens(connection: Connection, account_id: int) -> int:
    """End all tokens of somebody; whoever calls notes why. Returns how many."""
    query = f"UPDATE security.token SET revoked_at = now() WHERE account_id = %s AND {IN_FORCE}"  # noqa: S608
    return connection.execute(query.encode(), [account_id]).rowcount
