"""Roles that were given to accounts, each in the whole service, in a ward or in a residential group."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict, Field

from gisland.audit import log
from gisland.errors import Conflict, InputError, NotFound
from gisland.security.permissions import OF_A_GROUP, Role

LIST = """
    SELECT g.id, g.account_id, account.name AS account, role, g.ward_id, unit.code AS ward_code, unit.name AS ward,
           residential_group_id, of_group.code AS group_code, granted_at, granted_by
      FROM security.grant g JOIN security.account ON account.id = account_id
      LEFT JOIN registry.unit ON unit.id = g.ward_id
      LEFT JOIN registry.residential_group of_group ON of_group.id = residential_group_id
     WHERE %(account)s::int IS NULL OR account_id = %(account)s ORDER BY account.name, role, g.id
"""
GIVE = """
    INSERT INTO security.grant (account_id, role, ward_id, residential_group_id, granted_by)
    VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
OF_THE_SERVICE = frozenset({Role.ADMIN, Role.AUDITOR})
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NewGrant(BaseModel):
    """Vai trò cần giao · A role to give."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"account_id": 2, "role": "officer", "ward_id": 1}]}
    )

    account_id: RowId = Field(description="Giao cho ai · To whom")
    role: Role = Field(description="Vai trò · The role")
    ward_id: RowId | None = Field(
        default=None, description="Phường; bỏ trống: toàn hệ thống · The ward; none: the whole service"
    )
    residential_group_id: RowId | None = Field(
        default=None, description="Tổ dân phố, chỉ cho group_head · The residential group, for a group_head only"
    )


class GivenGrant(BaseModel):
    """Vai trò đã giao · A role that was given, and where it holds."""

    id: int = Field(description="Mã nội bộ · id")
    account_id: int = Field(description="Giao cho tài khoản · id of the account")
    account: str = Field(description="Tên đăng nhập · name of the account")
    role: Role = Field(description="Vai trò · the role")
    ward_id: int | None = Field(description="Phường; null: toàn hệ thống · the ward; null: the whole service")
    ward_code: str | None = Field(description="Mã phường/xã · code of the ward")
    ward: str | None = Field(description="Tên phường/xã · name of the ward")
    residential_group_id: int | None = Field(
        description="Tổ dân phố; null: cả phường · the residential group; null: the whole ward"
    )
    group_code: str | None = Field(description="Mã tổ dân phố · code of the group")
    granted_at: datetime = Field(description="Lúc giao · when it was given")
    granted_by: str = Field(description="Ai giao · who gave it")


def give_grant(connection: Connection, new: NewGrant, by: str) -> int:
    """Give somebody a role. Returns the id of the grant.

    Raises:
        InputError: this role cannot be given there, or there is no such ward or group.
        NotFound: there is no such account.
        Conflict: they have it already.
    """
    _check(new)
    row = connection.execute("SELECT name FROM security.account WHERE id = %s", [new.account_id]).fetchone()
    if row is None:
        raise NotFound("không có tài khoản này · there is no such account")
    values = [new.account_id, new.role.value, new.ward_id, new.residential_group_id, by]
    try:
        made = connection.execute(GIVE, values).fetchone()
    except UniqueViolation:
        raise Conflict("vai trò này đã được giao · they have this role already") from None
    except ForeignKeyViolation:
        raise InputError(
            "không có phường hoặc tổ dân phố này · there is no such ward, or the group is not in it", field="ward_id"
        ) from None
    assert made is not None
    detail: dict[str, object] = {"account": row[0], "role": new.role.value, "group": new.residential_group_id}
    _note(connection, log.Tag.ROLE_GRANTED, by, made[0], new.ward_id, detail)
    grant: int = made[0]
    return grant


def revoke_grant(connection: Connection, grant_id: int, by: str) -> None:
    """Take a role back.

    Raises:
        NotFound: there is no such grant.
        Conflict: no administrator who can sign in would be left.
    """
    found = next((each for each in list_grants(connection) if each.id == grant_id), None)
    try:
        gone = connection.execute("DELETE FROM security.grant WHERE id = %s", [grant_id]).rowcount
    except CheckViolation:
        raise Conflict("phải còn một quản trị viên · an administrator must be left") from None
    if found is None or not gone:
        raise NotFound("không có vai trò đã giao này · there is no such grant")
    detail: dict[str, object] = {
        "account": found.account,
        "role": found.role.value,
        "group": found.residential_group_id,
    }
    _note(connection, log.Tag.ROLE_REVOKED, by, grant_id, found.ward_id, detail)


def list_grants(connection: Connection, account_id: int | None = None) -> list[GivenGrant]:
    """Who has which role where; of all, or of one account."""
    with connection.cursor(row_factory=class_row(GivenGrant)) as cursor:
        return cursor.execute(LIST, {"account": account_id}).fetchall()


def place(connection: Connection, ward_code: str | None, group_code: str | None) -> tuple[int | None, int | None]:
    """The ids of a ward in force and of a group in it, by their codes.

    Raises:
        NotFound: there is none.
    """
    if ward_code is None:
        return None, None
    query = "SELECT id FROM registry.unit WHERE code = %s AND level = 'ward' AND valid_to IS NULL"
    ward = connection.execute(query, [ward_code]).fetchone()
    if ward is None:
        raise NotFound(f"không có phường {ward_code} · there is no ward {ward_code}", hint="gisland unit list")
    if group_code is None:
        return ward[0], None
    query = "SELECT id FROM registry.residential_group WHERE ward_id = %s AND code = %s"
    group = connection.execute(query, [ward[0], group_code]).fetchone()
    if group is None:
        raise NotFound(f"phường không có tổ {group_code} · the ward has no group {group_code}")
    return ward[0], group[0]


def _check(new: NewGrant) -> None:
    if (new.role in OF_A_GROUP) != (new.residential_group_id is not None):
        raise InputError(
            "tổ dân phố đi với vai trò group_head, và chỉ vai trò ấy · a residential group goes with the role "
            "group_head and with no other",
            field="residential_group_id",
        )
    if new.residential_group_id is not None and new.ward_id is None:
        raise InputError("thiếu phường của tổ · the ward of the group is missing", field="ward_id")
    if new.role in OF_THE_SERVICE and new.ward_id is not None:
        raise InputError("vai trò này là của toàn hệ thống · this role is of the whole service", field="ward_id")


def _note(
    connection: Connection, tag: log.Tag, by: str, grant: int, ward: int | None, detail: dict[str, object]
) -> None:
    log.record(connection, by, tag, ward_id=ward, object_id=f"grant:{grant}", detail=detail)
