"""Retention: whole months leave the audit log by an act of their own, never by themselves.

QCVN 12:2026/BCA §2.2.9 wants logs that nobody alters and deletion by approval only; `GISLAND_AUDIT_MONTHS` says how
many months are kept (24 for access logs).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from psycopg import Connection

from gisland.audit.anchors import Anchors, read_anchors
from gisland.audit.chain import Head
from gisland.audit.log import Tag, record
from gisland.database import Role, connect
from gisland.errors import Conflict
from gisland.settings import Settings

VIETNAM = timezone(timedelta(hours=7))
_MONTHS = """
    SELECT DISTINCT ON (month) month, position, hash, count(*) OVER (PARTITION BY month)
      FROM audit.seal ORDER BY month, position DESC
"""


@dataclass(frozen=True)
class Month:
    """A month of the chain: its last head, and how many events it holds."""

    head: Head
    events: int


def first_kept(settings: Settings, today: date | None = None) -> date:
    """The first month that the retention of the settings keeps."""
    today = today or datetime.now(VIETNAM).date()
    months = today.year * 12 + today.month - 1 - settings.audit_months
    return date(months // 12, months % 12 + 1, 1)


def drop_months(settings: Settings, before: date, *, by: str) -> list[Month]:
    """Take whole months out of the log, the last hash of each stays; in one transaction with the event that says so.

    Args:
        settings: where the database and the anchors are, and how long the log is kept.
        before: the first day of the first month that stays.
        by: who does it, for the audit log.

    Raises:
        Conflict: a month is within the retention, is not over, or its end is not anchored; nothing is dropped then.
    """
    kept = first_kept(settings)
    if before > kept:
        raise Conflict(
            f"nhật ký giữ {settings.audit_months} tháng · the log is kept for {settings.audit_months} months",
            hint=f"--before {kept:%Y-%m}; GISLAND_AUDIT_MONTHS",
        )
    anchors = read_anchors(settings.audit_anchor_path)
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        # No month ends meanwhile.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland audit seal'))")
        months = [Month(Head(*head), events) for *head, events in connection.execute(_MONTHS).fetchall()]
        dropped = [each for each in months if each.head.month < before]
        for each in dropped:
            _check(each, months[-1], anchors)
            _drop(connection, each, by)
    return dropped


def _check(month: Month, newest: Month, anchors: Anchors) -> None:
    name = f"{month.head.month:%Y-%m}"
    if month is newest:
        raise Conflict(
            f"sau tháng {name} chưa có gì trong chuỗi · nothing is sealed after the month {name}",
            hint="đợi một giây rồi làm lại · wait a second, and do it again",
        )
    if not anchors.hold(month.head):
        raise Conflict(
            f"cuối tháng {name} chưa có trong tệp neo · the end of the month {name} is not in the anchor file",
            hint="chạy · run `gisland worker`, `gisland audit verify`; GISLAND_AUDIT_ANCHOR_FILE",
        )


def _drop(connection: Connection, month: Month, by: str) -> None:
    connection.execute("SELECT audit.drop_month(%s, %s)", [month.head.month, by])
    detail: dict[str, object] = {"events": month.events, "last": month.head.position, "hash": month.head.hash.hex()}
    record(connection, by, Tag.AUDIT_MONTH_DROPPED, object_id=f"{month.head.month:%Y-%m}", detail=detail)
