"""Alerts as rows: raised once, told again after a rest, acknowledged by somebody else than whom they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gisland.audit.alerts.rules import MOST_OPEN, TEST, Rule, Severity
from gisland.audit.log import SYSTEM, Tag, record
from gisland.audit.opaque import SAID, Opaque
from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound
from gisland.kit.identifiers import mask_ids

# Of whom an alert is that tells of all those who are too many to be told of one by one.
MANY = "*"
LIMIT, MOST = 100, 1000
# Minutes 1, 2, 4 … 256: some eight hours in all; then a message has failed, and is told of by metrics and doctor only.
ATTEMPTS = 10
SQL = statements("gisland.audit.alerts", "store.sql")


@dataclass(frozen=True)
class Breach:
    """What a rule saw: of whom (an opaque id), from when to when, how much."""

    key: str
    first_at: datetime
    last_at: datetime
    amount: int
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What may leave this machine about an alert: nothing of whom it is about."""

    id: int
    rule: str
    severity: str
    amount: int
    last_at: datetime


class Alert(BaseModel):
    """Cảnh báo · What somebody should look at."""

    id: int = Field(description="Mã nội bộ · id")
    rule: str = Field(description="Quy tắc trong config/alerts.yml · The rule")
    key: str = Field(description="Về ai · Of whom: account:<number>, or its name; * means many")
    severity: Severity = Field(description="Mức độ · How soon somebody should look")
    first_at: datetime = Field(description="Từ lúc · Since")
    last_at: datetime = Field(description="Đến lúc · Until")
    amount: int = Field(description="Bao nhiêu · How much")
    detail: dict[str, Any] = Field(description="Thêm · More of it, such as the usual amount; no personal data")
    raised_at: datetime = Field(description="Lúc báo · When it was raised")
    acknowledged_at: datetime | None = Field(description="Lúc xác nhận đã xem · When somebody had looked at it")
    acknowledged_by: str | None = Field(description="Ai đã xem · Who has looked at it")
    note: str = Field(description="Ghi chú của người xem · What they noted")
    deliveries: dict[str, str] = Field(
        description="Đã báo bằng đường nào · By which ways people were told: delivered, waiting or failed"
    )


class Acknowledgement(BaseModel):
    """Xác nhận đã xem · That somebody has looked at it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "đã gọi hỏi"}]})

    note: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
    ] = Field(description="Đã làm gì; không ghi dữ liệu cá nhân · What was done about it; no personal data")


def raise_alerts(
    connection: Connection, name: str, rule: Rule, breaches: Iterable[Breach], ways: Iterable[str]
) -> list[Told]:
    """Note what a rule saw. Who was told of lately is not told again; of too many at once is told as a whole.

    Returns:
        The alerts that people are told of now.
    """
    told = []
    for breach in breaches:
        values = {"rule": name, "key": breach.key, "quiet": rule.quiet, "severity": rule.severity.value}
        newest = connection.execute(SQL["newest"], values).fetchone()
        if newest is None and (connection.execute(SQL["open"], values).fetchone() or (0,))[0] >= MOST_OPEN:
            values["key"] = MANY
            newest = connection.execute(SQL["newest"], values).fetchone()
        values |= {"first": breach.first_at, "last": breach.last_at, "amount": breach.amount}
        values |= {"detail": Jsonb(breach.detail), "id": newest[0] if newest else None}
        quiet, is_open = newest[1:] if newest else (False, False)
        if is_open:
            connection.execute(SQL["again"], values)
        if quiet:
            continue
        if not is_open:
            values["id"] = _insert(connection, values)
        told.append(_tell(connection, values, ways))
    return told


def _insert(connection: Connection, values: dict[str, Any]) -> int:
    made = connection.execute(SQL["raise"], values).fetchone()
    assert made is not None
    if made[1]:
        detail = {"rule": values["rule"], "severity": values["severity"]}
        # In the chain, so that an alert does not vanish unnoticed.
        record(connection, SYSTEM, Tag.ALERT_RAISED, object_id=f"alert:{made[0]}", detail=detail)
    return int(made[0])


def _tell(connection: Connection, values: dict[str, Any], ways: Iterable[str]) -> Told:
    connection.execute(SQL["told"], values)
    for way in ways:
        connection.execute(SQL["deliver"], values | {"way": way})
    return Told(values["id"], values["rule"], values["severity"], values["amount"], values["last"])


def raise_test(connection: Connection, ways: Iterable[str], by: str) -> Told:
    """An alert that is none, for whoever wants to see whether it arrives."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {"rule": TEST, "key": by, "severity": Severity.LOW.value, "first": now, "last": now}
    values |= {"amount": 1, "detail": Jsonb({})}
    found = connection.execute(SQL["newest"], values | {"quiet": None}).fetchone()
    is_open = found is not None and found[2]
    values["id"] = found[0] if found is not None and is_open else _insert(connection, values)
    if is_open:
        connection.execute(SQL["again"], values)
    return _tell(connection, values, ways)


def list_alerts(
    connection: Connection,
    *,
    people: bool,
    state: Literal["open", "acknowledged", "all"] = "open",
    limit: int = LIMIT,
) -> list[Alert]:
    """Alerts, the newest first; `people` says whether names of accounts are shown (`gisland.audit.opaque`)."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        values = {"state": state, "limit": limit, "id": None, "attempts": ATTEMPTS}
        found = cursor.execute(SQL["list"], values).fetchall()
    return found if people else opaque(connection, found)


def opaque(connection: Connection, alerts: list[Alert]) -> list[Alert]:
    """The same alerts without the names of accounts, and what people noted."""
    shown = Opaque.of(connection, [text for each in alerts for text in (each.key, each.acknowledged_by or "")])
    return [
        each.model_copy(
            update={
                "key": shown.key(each.key),
                "acknowledged_by": each.acknowledged_by and shown.subject(each.acknowledged_by),
                "note": each.note and SAID,
            }
        )
        for each in alerts
    ]


def acknowledge(connection: Connection, alert_id: int, said: Acknowledgement, by: str) -> Alert:
    """Note that somebody has looked at an alert.

    Raises:
        NotFound: there is no such alert.
        Conflict: it is acknowledged already, or it is about the one who acknowledges it.
    """
    note = mask_ids(said.note)
    values = {"id": alert_id, "by": by, "note": note, "state": "all", "limit": 1, "attempts": ATTEMPTS}
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        held = connection.execute(SQL["hold"], values).fetchone()
        if held is None:
            raise NotFound(f"không có cảnh báo {alert_id} · there is no alert {alert_id}")
        key, rule, acknowledged_by = held
        if acknowledged_by is not None:
            raise Conflict("cảnh báo đã được xác nhận · the alert is acknowledged already")
        if key in {by, by.removeprefix("account:")} and rule != TEST:
            raise Conflict(
                "cảnh báo về chính mình phải do người khác xác nhận · an alert about oneself is for somebody else",
                hint="quản trị viên khác, kiểm tra viên · another administrator, an auditor; gisland audit acknowledge",
            )
        connection.execute(SQL["acknowledge"], values)
        record(connection, by, Tag.ALERT_ACKNOWLEDGED, object_id=f"alert:{alert_id}", detail={"note": note})
        found = cursor.execute(SQL["list"], values).fetchone()
    assert found is not None
    return found
