"""Reading the lists that were handed to the police, and what came back of each row.

What is shown of persons is decided by `gisland.security.mask`. Each page of rows is noted in the audit log before it is
given: the list and how many rows, never whose.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from psycopg import Connection
from psycopg.rows import class_row, dict_row
from pydantic import BaseModel, ConfigDict, Field

from gisland.audit import log
from gisland.database import Scope
from gisland.database.statements import statements
from gisland.errors import NotFound
from gisland.kit.cursors import Link, cursor_of, read_cursor
from gisland.security.crypto import IdVault
from gisland.security.mask import confirms, held
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

LIMIT, MOST = 100, 1000
FIRST = 2**63 - 1
"""No list has this id: from here on the newest come."""
SQL = statements("gisland.verification", "lists.sql")


class Page(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=LIMIT, ge=1, le=MOST, description="Số dòng mỗi trang · Rows on a page")
    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="Trang sau: lấy từ liên kết next · Where a page begins, from `next`"
    )


class ListPage(Page):
    """Which lists."""

    ward_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="Chỉ phường này · Only of this ward"
    )


class VerificationList(BaseModel):
    """Danh sách gửi xác minh · A list of persons handed to the police."""

    id: int = Field(description="Mã nội bộ · id")
    ward_id: int = Field(description="Mã nội bộ của phường · id of the ward")
    ward_code: str = Field(description="Mã phường/xã · code of the ward")
    group_code: str | None = Field(description="Tổ dân phố, khi chỉ của một tổ · The group, when it is of one only")
    number: int = Field(description="Số của danh sách trong phường · Its number in the ward")
    note: str = Field(description="Ghi chú · What was noted of it")
    sent_by: str = Field(description="Ai lập · Who made it")
    sent_at: datetime = Field(description="Lúc lập · When it was made")
    rows: int = Field(description="Số người · Persons on it")


class ListProgress(VerificationList):
    """Danh sách và kết quả đã về · A list, and what came back so far."""

    answers: dict[str, int] = Field(description="Số người theo kết quả · Persons by result")
    answered: int = Field(description="Số người đã có kết quả · Persons with a result")


class ListRow(BaseModel):
    """Một người, như giấy tờ ghi khi gửi, và kết quả; null: thiếu quyền hoặc chưa có.

    A person, as the papers said when the list was made, and the answer; null: not for the reader, or not there yet.
    """

    row_no: int = Field(description="Số thứ tự · Number of the row")
    holder_id: int = Field(description="Người sử dụng đất · id of the holder")
    sheet_no: str = Field(description="Số tờ · Sheet")
    parcel_no: str = Field(description="Số thửa · Parcel")
    area_m2: float | None = Field(description="Diện tích, m² · Area, m²")
    serial: str | None = Field(description="Số phát hành Giấy chứng nhận · Serial of the certificate")
    full_name: str | None = Field(description="Họ tên · Name")
    birth_year: int | None = Field(description="Năm sinh · Year of birth")
    address: str | None = Field(description="Địa chỉ · Address")
    id_kind: str | None = Field(description="Loại giấy tờ · Kind of the id")
    id_masked: str | None = Field(description="Số đã che · The id, masked")
    national_id: str | None = Field(
        description="Số đầy đủ, chỉ cho người xác minh · In clear, for those who confirm it (verification:confirm)"
    )
    result: str | None = Field(description="Kết quả mới nhất · The newest answer")
    note: str | None = Field(description="Ghi chú của kết quả · Its note")
    answered_at: datetime | None = Field(description="Lúc nhận kết quả · When it was taken in")


class Lists(BaseModel):
    """A page of lists, the newest first."""

    items: list[VerificationList] = Field(description="Các danh sách · the lists")
    links: list[Link] = Field(description="Trang sau, nếu còn · the next page, if there is one")


class Rows(BaseModel):
    """A page of the rows of a list."""

    items: list[ListRow] = Field(description="Các dòng · the rows")
    links: list[Link] = Field(description="Trang sau, nếu còn · the next page, if there is one")


# Columns that tell of a person, and the permission that shows them. Who confirms identities sees all of them.
NEEDS = {
    **dict.fromkeys(("full_name", "birth_year", "address", "note"), Permission.PERSON_READ),
    **dict.fromkeys(("id_kind", "id_masked"), Permission.IDENTITY_READ),
}


def read_lists(connection: Connection, query: ListPage) -> tuple[list[VerificationList], str | None]:
    """A page of the lists of the wards that the transaction reaches, the newest first, and the cursor of the next one.

    Raises:
        UsageError: the cursor is of another list.
    """
    of = ["lists", query.ward_id]
    before = FIRST if query.cursor is None else read_cursor(query.cursor, of)
    found = _lists(connection, before=before, ward=query.ward_id, limit=query.limit + 1)
    items = found[: query.limit]
    return items, cursor_of(items[-1].id, of) if len(found) > query.limit else None


def read_list(connection: Connection, list_id: int) -> ListProgress:
    """A list, and how many of its persons have an answer.

    Raises:
        NotFound: there is none, or it is another ward's.
    """
    found = find_list(connection, list_id)
    answers: dict[str, int] = dict(connection.execute(SQL["answers"], {"list": list_id}).fetchall())
    return ListProgress(**found.model_dump(), answers=answers, answered=sum(answers.values()))


def find_list(connection: Connection, list_id: int) -> VerificationList:
    """A list by its id.

    Raises:
        NotFound: there is none, or it is another ward's.
    """
    found = _lists(connection, id=list_id, limit=1)
    if not found:
        what = f"không có danh sách {list_id} · there is no list {list_id}"
        raise NotFound(what).of("list", list_id)
    return found[0]


def read_rows(
    connection: Connection, list_id: int, query: Page, subject: Subject, vault: IdVault | None
) -> tuple[list[ListRow], str | None]:
    """A page of the rows of a list as somebody may see them, and the cursor of the next one. It is an audited act.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        list_id: the list.
        query: the page.
        subject: who reads it.
        vault: the key; None: ids are shown masked, whoever reads them.

    Raises:
        NotFound: there is no such list, or it is another ward's.
        UsageError: the cursor is of another list.
    """
    found = find_list(connection, list_id)
    of = ["rows", list_id]
    after = 0 if query.cursor is None else read_cursor(query.cursor, of)
    within = Scope(wards=frozenset({found.ward_id}))
    confirming, shown = confirms(subject, within), held(subject, within)
    key = vault.in_use(connection) if confirming and vault is not None else None
    hidden = dict.fromkeys(name for name, each in NEEDS.items() if not confirming and each not in shown)
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {"list": list_id, "after": after, "limit": query.limit + 1}
        rows: list[dict[str, Any]] = cursor.execute(SQL["rows"], values).fetchall()
    items = [_row(each | hidden, key) for each in rows[: query.limit]]
    log.record(
        connection,
        subject.name,
        log.Tag.VERIFICATION_READ,
        ward_id=found.ward_id,
        object_id=f"list:{list_id}",
        detail={"rows": len(items), "identities": 0 if key is None else len(items)},
    )
    return items, cursor_of(items[-1].row_no, of) if len(rows) > query.limit else None


def _row(row: dict[str, Any], key: IdVault | None) -> ListRow:
    cipher = row.pop("id_cipher")
    return ListRow(**row, national_id=None if key is None else key.open(cipher))


def _lists(connection: Connection, **values: int | None) -> list[VerificationList]:
    with connection.cursor(row_factory=class_row(VerificationList)) as cursor:
        return cursor.execute(SQL["lists"], {"before": FIRST, "ward": None, "id": None} | values).fetchall()
