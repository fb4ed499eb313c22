"""The list that is handed to the police: who is not verified yet, as the papers say it at this moment.

One act writes the rows, the evidence `sent` of each person and the event of the audit log, so that the map turns to
"sent" with it. It asks for nobody twice: a person whose id was corrected is unsent again, and comes with the next list.
"""

from __future__ import annotations

from typing import Annotated

from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from gisland.audit import log
from gisland.database import flush
from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound
from gisland.intake.staging import SESSION, lock_unit, without_loops
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.fields import Text, Word
from gisland.registry.units import find_unit, no_unit
from gisland.registry.writing import Clerk

UNSENT = "unsent"
IMPOSSIBLE = ("missing_id", "organisation")
"""Statuses with which nothing can be sent."""
NOTE = "Danh sách gửi xác minh"
SQL = statements("gisland.verification", "sending.sql")


class NewList(BaseModel):
    """Danh sách cần lập · A list to make."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ward": "11311", "group": "12", "dry_run": True}]}
    )

    ward: Annotated[Word, Field(max_length=20)] = Field(description="Mã phường · Code of the ward")
    group: Annotated[Word, Field(max_length=40)] | None = Field(
        default=None, description="Chỉ tổ này, mã · Only of this residential group: its code"
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="Số người nhiều nhất; còn lại để lần sau · At most so many persons",
    )
    note: Annotated[Text, Field(min_length=3, max_length=log.LONGEST)] = Field(
        default=NOTE, description="Ghi chú, không có dữ liệu cá nhân · What is to be known of it; no personal data"
    )
    dry_run: bool = Field(default=False, description="Chỉ đếm, không ghi gì · Only count, write nothing")


class Sent(BaseModel):
    """Đã gửi ai, chưa gửi được ai · Who was put on the list, and who was not."""

    id: int | None = Field(description="Danh sách; null: chạy thử · The list; null for a dry run")
    number: int | None = Field(description="Số của danh sách trong phường · Its number in the ward")
    rows: int = Field(description="Số người trong danh sách · Persons on it")
    left: int = Field(description="Người chưa gửi, do giới hạn · Persons that `limit` left for the next one")
    others: dict[str, int] = Field(
        description="Người không gửi, theo tình trạng: missing_id thiếu số, organisation tổ chức; còn lại đã gửi rồi"
        " · Who was not sent, by status: those without an id, organisations; all others were sent before"
    )
    data_version: int | None = Field(default=None, description="Phiên bản dữ liệu · The data version of it")


def send_list(connection: Connection, new: NewList, clerk: Clerk) -> Sent:
    """Make a list of all holders of rights in force who are not sent yet.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        new: of which ward.
        clerk: who makes it.

    Raises:
        NotFound: there is no such ward, or group in it, for the clerk.
        Conflict: nobody is to be sent; nothing is written.
    """
    connection.execute(SESSION)
    place = _place(connection, new)
    # Until the commit nobody changes the key: copies of ids would be left behind with the old one.
    clerk.vault.in_use(connection)
    with without_loops(connection):
        connection.execute(SQL["choose"], place)
    connection.execute(SQL["analyze"])
    counts: dict[str, int] = dict(connection.execute(SQL["statuses"]).fetchall())
    unsent = counts.pop(UNSENT, 0)
    rows = unsent if new.limit is None else min(unsent, new.limit)
    sent = Sent(id=None, number=None, rows=rows, left=unsent - rows, others=dict(sorted(counts.items())))
    if new.dry_run:
        return sent
    impossible = {name: counts.get(name, 0) for name in IMPOSSIBLE}
    if not rows:
        no_id, firms = impossible.values()
        raise Conflict(
            "không còn ai cần gửi xác minh · nobody is left to be sent",
            hint=f"thiếu số {no_id}, tổ chức {firms} · {no_id} without an id, {firms} organisations",
        )
    ward = place["ward"]
    change = begin(connection, ChangeKind.VERIFY, Why(reason=new.note), by=clerk.name, ward_id=ward)
    made = connection.execute(SQL["add_list"], place | {"change": change}).fetchone()
    assert made is not None
    sent.id, sent.number = made
    values = {"list": sent.id, "source": f"{NOTE} {sent.number}", "by": clerk.name, "limit": new.limit}
    sent.rows = connection.execute(SQL["add_rows"], place | values).rowcount
    detail: dict[str, object] = {"rows": sent.rows, "left": sent.left, **impossible}
    tag, name = log.Tag.VERIFICATION_SENT, f"list:{sent.id}"
    log.record(connection, clerk.name, tag, ward_id=ward, object_id=name, detail=detail)
    sent.data_version = flush(connection)
    return sent


def _place(connection: Connection, new: NewList) -> dict[str, int | None]:
    """The ids of the ward, which is locked as by an intake, and of the group."""
    unit = find_unit(connection, new.ward)
    query = "SELECT security.everywhere() OR %s = ANY (security.wards())"
    reached = connection.execute(query, [unit.id]).fetchone()
    if reached is None or not reached[0]:
        raise no_unit(new.ward).of("unit", unit.id)
    lock_unit(connection, unit)
    if new.group is None:
        return {"ward": unit.id, "group": None}
    query = "SELECT id FROM registry.residential_group WHERE ward_id = %s AND code = %s"
    group = connection.execute(query, [unit.id, new.group]).fetchone()
    if group is None:
        raise NotFound(f"phường không có tổ {new.group} · the ward has no group {new.group}", hint="GET /api/v1/groups")
    return {"ward": unit.id, "group": group[0]}
