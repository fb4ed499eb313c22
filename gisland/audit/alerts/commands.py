"""`gisland audit alerts`, `acknowledge`, `alert-test`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from psycopg import Connection
from pydantic import ValidationError

from gisland.audit.alerts.rules import TEST, Severity, load_rules
from gisland.audit.alerts.store import LIMIT, MOST, Acknowledgement, Alert, Told, acknowledge, list_alerts, raise_test
from gisland.audit.alerts.ways import NotDelivered, ways_of
from gisland.audit.opaque import sees_people
from gisland.database import run
from gisland.errors import GislandError, UsageError
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer()


class State(StrEnum):
    """Which alerts."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ALL = "all"


@app.command("alerts")
@requires(Permission.ALERT_READ)
def alerts_command(
    ctx: typer.Context,
    *,
    state: Annotated[State, typer.Option(help="Chưa xem, đã xem, tất cả · Which ones")] = State.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Số cảnh báo · Alerts")] = LIMIT,
) -> None:
    """Mỗi dòng một cảnh báo JSON, mới nhất trước · One JSON alert a line, newest first."""
    who = caller(ctx)

    def work(connection: Connection) -> list[Alert]:
        return list_alerts(connection, people=sees_people(who.subject), state=state.value, limit=limit)

    for alert in run(who.settings, work):
        typer.echo(alert.model_dump_json())


@app.command("acknowledge")
@requires(Permission.ALERT_ACKNOWLEDGE)
def acknowledge_command(
    ctx: typer.Context,
    alert: Annotated[int, typer.Argument(min=1, help="Số của cảnh báo · Number of the alert")],
    *,
    note: Annotated[str, typer.Option(help="Đã làm gì · What was done about it")],
) -> None:
    """Xác nhận đã xem một cảnh báo · Say that somebody has looked at an alert."""
    who = caller(ctx)
    try:
        said = Acknowledgement(note=note)
    except ValidationError as error:
        raise UsageError(f"--note: {error.errors()[0]['msg']}") from None
    run(who.settings, lambda connection: acknowledge(connection, alert, said, who.subject.name))
    typer.echo(f"đã xác nhận · acknowledged: {alert}")


@app.command("alert-test")
@requires(Permission.ALERT_ACKNOWLEDGE)
def test_command(ctx: typer.Context) -> None:
    """Gửi thử một cảnh báo bằng mọi đường · Send a test by each way, now; fails when one of them does."""
    who = caller(ctx)
    rules, ways = load_rules(who.settings), ways_of(who.settings)
    told: Told = run(who.settings, lambda connection: raise_test(connection, (), who.subject.name))
    if not ways:
        raise UsageError(
            "cảnh báo chỉ nằm trong bảng và nhật ký máy chủ · alerts are in the table and the server's log only",
            hint="GISLAND_ALERT_WEBHOOK_URL, GISLAND_ALERT_MAIL_TO",
        )
    failed = []
    for way in ways:
        try:
            way.send([told], rules)
            typer.echo(f"{way.name}: đã gửi · sent ({TEST} {told.id}, {Severity.LOW})")
        except NotDelivered as error:
            failed.append(f"{way.name}: {error.detail}")
    if failed:
        raise GislandError(f"không gửi được · not sent: {'; '.join(failed)}")
