"""`gisland audit`: read, export, seal and prove the audit log, and drop months of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import Connection
from pydantic import ValidationError

from gisland.audit.anchors import only_writer, read_anchors
from gisland.audit.events import (
    LIMIT,
    MOST,
    Filters,
    Page,
    all_events,
    csv_text,
    note_export,
    note_reading,
    read_events,
)
from gisland.audit.log import Tag, record
from gisland.audit.opaque import sees_people
from gisland.audit.retention import drop_months, first_kept
from gisland.audit.sealer import Anchoring, seal
from gisland.audit.verify import MEANINGS, Fault, Report, verify
from gisland.database import Role, connect, conninfo, run
from gisland.errors import Conflict, UsageError
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Nhật ký. · The audit log.")

FAULTY = 20
"""Exit code of `verify` when something is wrong with the log."""

Subject = Annotated[str | None, typer.Option(help="Ai · Who: account:…, cli:…, system")]
TagName = Annotated[Tag | None, typer.Option(help="Làm gì · What was done", metavar="TAG")]
Ward = Annotated[int | None, typer.Option("--ward", min=1, help="Mã nội bộ của phường · Id of the ward")]
Object = Annotated[str | None, typer.Option("--object", help="Với cái gì · To what: holder:12")]
Since = Annotated[str | None, typer.Option("--from", help="Từ lúc · From: 2026-03-31T17:00:00+07:00")]
Until = Annotated[str | None, typer.Option("--to", help="Trước lúc · Before")]


def _filters(
    subject: str | None, tag: Tag | None, ward: int | None, name: str | None, since: str | None, until: str | None
) -> Filters:
    given = {"subject": subject, "tag": tag, "ward_id": ward, "object": name, "from": since, "to": until}
    try:
        return Filters.model_validate({key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"--{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise UsageError(wrong) from None


@app.command("list")
@requires(Permission.AUDIT_READ)
def find(
    ctx: typer.Context,
    *,
    subject: Subject = None,
    tag: TagName = None,
    ward: Ward = None,
    name: Object = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Số sự kiện · Events")] = LIMIT,
    cursor: Annotated[str | None, typer.Option(help="Trang sau · Where the page begins")] = None,
) -> None:
    """Mỗi dòng một sự kiện JSON, mới nhất trước · One JSON event a line, newest first; the cursor on standard error."""
    who = caller(ctx)
    filters = _filters(subject, tag, ward, name, since, until)

    def work(connection: Connection) -> Page:
        page = read_events(connection, filters, people=sees_people(who.subject), limit=limit, cursor=cursor)
        note_reading(connection, who.subject.name, filters, len(page.items))
        return page

    page = run(who.settings, work)
    for event in page.items:
        typer.echo(event.model_dump_json())
    if page.next is not None:
        typer.echo(f"--cursor {page.next}", err=True)


@app.command("export")
@requires(Permission.AUDIT_READ)
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Tệp CSV mới · A new CSV file")],
    *,
    subject: Subject = None,
    tag: TagName = None,
    ward: Ward = None,
    name: Object = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Ghi các sự kiện ra tệp CSV · Write the events to a CSV file that only this user may read."""
    who = caller(ctx)
    filters = _filters(subject, tag, ward, name, since, until)
    if file.exists():
        raise Conflict("tệp đã có · the file exists already", hint="choose another name", file=file.name)
    run(who.settings, lambda connection: note_export(connection, who.subject.name, filters))
    file.touch(0o600, exist_ok=False)
    with file.open("w", encoding="utf-8", newline="") as written:
        written.writelines(csv_text(all_events(who.settings, filters, people=sees_people(who.subject))))
    typer.echo(f"Đã ghi · Written: {file}")


@app.command("seal")
@requires(Permission.AUDIT_MANAGE)
def seal_command(ctx: typer.Context) -> None:
    """Niêm phong ngay; bình thường `gisland worker` làm mỗi giây · Seal now; `gisland worker` does so each second."""
    settings = caller(ctx).settings
    with only_writer(settings.audit_anchor_path) as alone:
        if not alone:
            typer.echo("tiến trình nền đang niêm phong · the worker is sealing")
            return
        with psycopg.connect(conninfo(settings, Role.APP), autocommit=True) as connection:
            sealed = seal(connection)
            Anchoring(settings).anchor(connection)
    typer.echo(f"đã niêm phong · sealed: {sealed}")


@app.command("verify")
@requires(Permission.AUDIT_READ)
def verify_command(ctx: typer.Context) -> None:
    """Kiểm tra toàn bộ chuỗi và tệp neo; có lỗi thì mã thoát 20 · Prove the whole chain and its anchors."""
    who = caller(ctx)
    settings = who.settings
    # The anchors first: what is sealed while they are read is in the database already.
    anchors = read_anchors(settings.audit_anchor_path)
    with connect(settings, Role.APP) as connection:
        report = verify(connection, anchors)
    detail: dict[str, object] = {"events": report.events, "faults": report.fault_count}
    run(settings, lambda connection: record(connection, who.subject.name, Tag.AUDIT_VERIFIED, detail=detail))
    _tell(report, settings)
    if report.fault_count:
        raise typer.Exit(FAULTY)


def _tell(report: Report, settings: Settings) -> None:
    for fault in report.faults:
        typer.echo(f"{_where(fault)}: {MEANINGS[fault.kind]}", err=True)
    if report.fault_count > len(report.faults):
        typer.echo(f"… {report.fault_count - len(report.faults)} lỗi nữa · more faults", err=True)
    typer.echo(f"đã kiểm tra · proven events: {report.events}, neo · anchors: {report.anchors}")
    if report.head is not None:
        typer.echo(f"đầu chuỗi · head: {report.head.position} {report.head.hash.hex()}")
    age = f", {(datetime.now(UTC) - report.unsealed_since).total_seconds():.0f} s" if report.unsealed_since else ""
    typer.echo(f"chưa niêm phong · not sealed yet: {report.unsealed}{age}")
    if report.dropped:
        typer.echo(f"đã bỏ theo thời hạn lưu · dropped up to: {report.dropped[-1]:%Y-%m}")
    kept = first_kept(settings)
    if report.first_month is not None and report.first_month < kept:
        typer.echo(
            f"có tháng quá {settings.audit_months} tháng lưu · months are older than the retention:"
            f" gisland audit drop-months --before {kept:%Y-%m}"
        )
    typer.echo(f"lỗi · faults: {report.fault_count}")


def _where(fault: Fault) -> str:
    places = {"vị trí · position": fault.position, "sự kiện · event": fault.event, "dòng neo · anchor line": fault.line}
    told = ", ".join(f"{name} {value}" for name, value in places.items() if value is not None)
    return f"{fault.kind} ({told or '–'})"


@app.command("drop-months")
@requires(Permission.AUDIT_MANAGE)
def drop_command(
    ctx: typer.Context,
    *,
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="Tháng đầu tiên được giữ lại · The first month that stays")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Xác nhận · Confirm that the events are deleted")] = False,
) -> None:
    """Bỏ các tháng quá thời hạn lưu, giữ mã băm cuối · Delete whole months that are past their retention."""
    if not yes:
        raise UsageError("thao tác này xoá nhật ký · this deletes events", hint="add --yes if that is meant")
    who = caller(ctx)
    dropped = drop_months(who.settings, before.date(), by=who.subject.name)
    for month in dropped:
        typer.echo(f"đã bỏ · dropped: {month.head.month:%Y-%m}, {month.events} sự kiện · events")
    if not dropped:
        typer.echo("không có gì để bỏ · nothing to drop")
