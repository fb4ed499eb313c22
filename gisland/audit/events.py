"""Reading the audit log: who did what to whose data, and when.

No row holds data of those who are registered. Names of accounts, and what people typed, are shown to those only who
manage accounts; see `opaque`.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, LiteralString

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from gisland.audit.log import Tag, record
from gisland.audit.opaque import ACCOUNT, NAMES, UNKNOWN, Opaque, name_of_number
from gisland.database import run
from gisland.errors import UsageError
from gisland.kit.cells import safe_cell
from gisland.kit.cursors import Link
from gisland.settings import Settings

LIMIT, MOST = 100, 1000
CSV_PAGE = 5000
COLUMNS = ("id", "at", "txid", "subject", "tag", "ward_id", "object", "detail")
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_RECORD = re.compile(r"([a-z_]+):([1-9][0-9]{0,17})")

_SELECT = "SELECT id, at, txid::text AS txid, subject, tag, ward_id, object, detail FROM audit.event"
_ORDER = "ORDER BY at DESC, id DESC LIMIT %(limit)s"
_CONDITIONS: dict[str, LiteralString] = {
    "subject": "(subject = %(subject)s OR %(subject)s = 'cli' AND subject LIKE 'cli:%%')",
    "tag": "tag = %(tag)s",
    # What was read of several wards is noted once, with all of them.
    "ward_id": '(ward_id = %(ward_id)s OR detail @> %(warded)s OR detail @> \'{"ward_ids": "all"}\')',
    # Who read a page of records is noted once, with the ids of all of them.
    "object": "(object = ANY (%(objects)s) OR detail @> %(listed)s)",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
}


def _moment(value: object) -> object:
    """RFC 3339 only; other texts and numbers might be times as well, but of which sort?"""
    if isinstance(value, str) and not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", value, re.ASCII | re.IGNORECASE
    ):
        raise ValueError("không phải thời điểm · it is no time: 2026-03-31T17:00:00Z, 2026-03-31T17:00:00%2B07:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Said = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Filters(BaseModel):
    """Which events; all that is said must hold."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    subject: Said | None = Field(default=None, description="Ai · Who: as events say it, such as account:7, system")
    tag: Tag | None = Field(default=None, description="Làm gì · What was done")
    ward_id: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Dữ liệu của phường · Whose data, also with that of others"
    )
    object: Said | None = Field(
        default=None,
        description="Với cái gì, kể cả khi nằm trong một trang · To what, also when it was one of a page: holder:12",
    )
    since: Moment | None = Field(default=None, alias="from", description="Từ lúc, kể cả · From this time on")
    until: Moment | None = Field(default=None, alias="to", description="Trước lúc · Before this time")

    def names(self) -> list[str]:
        """What was asked for; the values are not noted, for people type what they like."""
        return sorted(Filters.model_fields[name].alias or name for name in self.given())

    def given(self) -> dict[str, Any]:
        """The filters that are set."""
        return {name: value for name in _CONDITIONS if (value := getattr(self, name)) is not None}


class EventQuery(Filters):
    """A page of events, the newest first."""

    limit: int = Field(default=LIMIT, ge=1, le=MOST, description="Số sự kiện · Events on a page")
    cursor: str | None = Field(default=None, max_length=100, description="Trang sau · Where the next page begins")


class Event(BaseModel):
    """Who did what."""

    id: int = Field(description="Số của sự kiện · Number of the event")
    at: datetime = Field(description="Lúc giao dịch bắt đầu · When its transaction began")
    txid: str = Field(description="Giao dịch · The transaction; events and changes of one act share it")
    subject: str = Field(description="Ai · Who: account:<number>; its name for those who manage accounts")
    tag: str = Field(description="Làm gì · What was done")
    ward_id: int | None = Field(
        description="Dữ liệu của phường · The unit whose data it was; of several `detail.ward_ids` tells"
    )
    object: str = Field(description="Với cái gì · What it was done to, an opaque id")
    detail: dict[str, Any] = Field(description="Số lượng, mã · Counts, ids; … where a text was typed")


class EventPage(BaseModel):
    """Events, the newest first."""

    items: list[Event] = Field(description="Các sự kiện · the events")
    links: list[Link] = Field(description="Trang sau, nếu còn · the next page, if there is one")


@dataclass(frozen=True)
class Page:
    """A page of events; `next` is the cursor of the one that follows, if there is one."""

    items: list[Event]
    next: str | None


def read_events(
    connection: Connection, filters: Filters, *, people: bool, limit: int, cursor: str | None = None
) -> Page:
    """A page of events, by time and then id, the newest first.

    `people` says whether whoever reads them sees names of accounts, and what was typed (`opaque.sees_people`).

    Raises:
        UsageError: the cursor is none of ours.
    """
    given = filters.given()
    conditions: list[LiteralString] = [_CONDITIONS[name] for name in given]
    values: dict[str, Any] = given | {"limit": limit + 1, "listed": _listed(filters.object)}
    values |= {"objects": [filters.object], "warded": Jsonb({"ward_ids": [filters.ward_id]})}
    if not people:
        values |= _asked_opaquely(connection, filters)
    if cursor is not None:
        conditions.append("(at, id) < (%(after_at)s, %(after_id)s)")
        values["after_at"], values["after_id"] = _read_cursor(cursor)
    where: LiteralString = "WHERE " + " AND ".join(conditions) if conditions else ""
    with connection.cursor(row_factory=class_row(Event)) as rows:
        found = rows.execute(f"{_SELECT} {where} {_ORDER}", values).fetchall()
    items = found[:limit]
    return Page(items if people else _opaque(connection, items), _cursor(items[-1]) if len(found) > limit else None)


def _asked_opaquely(connection: Connection, filters: Filters) -> dict[str, Any]:
    """What opaque ids in filters mean; by a name nothing is found, or it would be known whose an id is."""
    values: dict[str, Any] = {}
    if filters.subject is not None and filters.subject.startswith(("account:", "cli:")):
        name = name_of_number(connection, filters.subject)
        values["subject"] = UNKNOWN if name is None else f"{ACCOUNT}{name}"
    if filters.object is not None:
        name = name_of_number(connection, filters.object)
        shown = Opaque.of(connection, [filters.object])
        typed = filters.object.startswith("/") and shown.object(Tag.REQUEST_REFUSED, filters.object) != filters.object
        hidden = typed or (shown.numbers and name is None)
        values["objects"] = [] if hidden else [filters.object, *([] if name is None else [name])]
    return values


def _opaque(connection: Connection, events: list[Event]) -> list[Event]:
    named = [str(each.detail[key]) for each in events for key in NAMES & each.detail.keys()]
    shown = Opaque.of(connection, [*(each.subject for each in events), *(each.object for each in events), *named])
    return [
        each.model_copy(
            update={
                "subject": shown.subject(each.subject),
                "object": shown.object(each.tag, each.object),
                "detail": shown.detail(each.tag, each.detail),
            }
        )
        for each in events
    ]


def _listed(name: str | None) -> Jsonb:
    """What the detail of an event holds that tells of this record among others."""
    match = _RECORD.fullmatch(name or "")
    # What is no record is in no list.
    return Jsonb({"kind": match[1], "ids": [int(match[2])]} if match else {"kind": False})


def _cursor(event: Event) -> str:
    microseconds = (event.at - _ORIGIN) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(struct.pack(">qq", microseconds, event.id)).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, int]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        microseconds, event = struct.unpack(">qq", raw)
        return _ORIGIN + timedelta(microseconds=microseconds), event
    except (ValueError, struct.error, OverflowError):
        raise UsageError(
            "con trỏ không thuộc danh sách này · the cursor is of another list",
            hint="follow the `next` links and change nothing in them",
            parameter="cursor",
        ) from None


def note_reading(connection: Connection, by: str, filters: Filters, count: int) -> None:
    """Note in the audit log, in the transaction that read them, that somebody was shown events."""
    record(connection, by, Tag.AUDIT_READ, detail={"asked": filters.names(), "count": count})


def note_export(connection: Connection, by: str, filters: Filters) -> None:
    """Note in the audit log that somebody takes events away as a file; before they are given."""
    record(connection, by, Tag.AUDIT_EXPORTED, detail={"asked": filters.names(), "format": "csv"})


def all_events(settings: Settings, filters: Filters, *, people: bool) -> Iterator[Event]:
    """All events of these filters, the newest first, page by page: no transaction stays open for a slow reader."""
    cursor = None
    while True:

        def read(connection: Connection, at: str | None = cursor) -> Page:
            return read_events(connection, filters, people=people, limit=CSV_PAGE, cursor=at)

        page = run(settings, read)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def csv_text(events: Iterable[Event], block: int = 1000) -> Iterator[str]:
    """Events as CSV (RFC 4180, UTF-8 with a byte order mark for Excel), in pieces.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(COLUMNS)
    for number, event in enumerate(events, start=1):
        writer.writerow([safe_cell(_cell(getattr(event, name))) for name in COLUMNS])
        if number % block == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(value)
