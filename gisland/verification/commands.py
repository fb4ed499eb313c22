"""`gisland verify`: who is handed to the police to be verified, and what other databases say of the holders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisland.intake.report import progress_bar
from gisland.registry.record_commands import checked
from gisland.registry.writing import Clerk, act
from gisland.security.crypto import load_vault
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.verification.lists import LIMIT, ListPage, Page, read_list, read_lists, read_rows
from gisland.verification.results import accept_results
from gisland.verification.sending import NOTE, NewList, send_list

DryRun = Annotated[bool, typer.Option("--dry-run", help="Làm thử, không ghi gì. · Try all, write nothing.")]
Limit = Annotated[int, typer.Option(help="Số dòng. · Rows.")]
Cursor = Annotated[str | None, typer.Option(help="Trang sau. · Where the page begins.")]

app = typer.Typer(no_args_is_help=True, help="Xác minh. · Verification.")


@app.callback()
def verification() -> None:
    """Xác minh danh tính chủ sử dụng đất. · Verification of the holders' identity."""


@app.command("send")
@requires(Permission.VERIFICATION_SEND)
def send(
    ctx: typer.Context,
    ward: Annotated[str, typer.Option("--ward", help="Mã phường/xã, ví dụ 11311. · Code of the unit.")],
    group: Annotated[str | None, typer.Option(help="Chỉ tổ này. · Only this residential group.")] = None,
    limit: Annotated[int | None, typer.Option(help="Số người nhiều nhất. · At most so many persons.")] = None,
    note: Annotated[str, typer.Option(help="Ghi chú, không có dữ liệu cá nhân. · No personal data.")] = NOTE,
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes an option of it
) -> None:
    """Lập danh sách gửi công an xác minh: mọi người có số chưa gửi. · Make a list of all who are not sent yet."""
    who = caller(ctx)
    given = {"ward": ward, "group": group, "limit": limit, "note": note, "dry_run": dry_run}
    new, clerk = checked(NewList, given, options=True), Clerk(who.subject.name, load_vault(who.settings))
    sent = act(who.settings, lambda connection: send_list(connection, new, clerk))
    if sent.id is not None:
        typer.echo(f"danh sách {sent.number} · list {sent.number} (id {sent.id})")
    typer.echo(f"  {sent.rows:>9,}  người gửi đi · persons sent")
    typer.echo(f"  {sent.left:>9,}  để lần sau · left for the next list")
    for status, count in sent.others.items():
        typer.echo(f"  {count:>9,}  không gửi · not sent: {status}")
    if dry_run:
        typer.echo("  CHẠY THỬ: không ghi gì vào CSDL. · DRY RUN: nothing was written.")


@app.command("lists")
@requires(Permission.VERIFICATION_READ)
def lists(ctx: typer.Context, *, limit: Limit = LIMIT, cursor: Cursor = None) -> None:
    """Các danh sách, mới nhất trước, mỗi dòng một JSON. · The lists, the newest first, one JSON a line."""
    query = checked(ListPage, {"limit": limit, "cursor": cursor}, options=True)
    items, following = act(caller(ctx).settings, lambda connection: read_lists(connection, query))
    for each in items:
        typer.echo(each.model_dump_json())
    if following is not None:
        typer.echo(f"--cursor {following}", err=True)


@app.command("rows")
@requires(Permission.VERIFICATION_READ)
def rows(
    ctx: typer.Context,
    list_id: Annotated[int, typer.Argument(metavar="LIST", min=1, help="Mã danh sách. · Id of the list.")],
    *,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> None:
    """Các dòng và kết quả, số được che; tiến độ ở stderr. · Rows and answers, ids masked; progress on stderr."""
    who = caller(ctx)
    query = checked(Page, {"limit": limit, "cursor": cursor}, options=True)
    progress = act(who.settings, lambda connection: read_list(connection, list_id))
    items, following = act(
        who.settings, lambda connection: read_rows(connection, list_id, query, who.subject, vault=None)
    )
    for each in items:
        typer.echo(each.model_dump_json(exclude={"national_id"}))
    typer.echo(f"{progress.answered}/{progress.rows}", err=True)
    if following is not None:
        typer.echo(f"--cursor {following}", err=True)


@app.command("results")
@requires(Permission.EVIDENCE_IMPORT)
def results(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Tệp .xlsx, .xls trả về. · The workbook that came back.")],
    ward: Annotated[str, typer.Option("--ward", help="Mã phường/xã, ví dụ 11311. · Code of the unit.")],
    layout: Annotated[str | None, typer.Option(help="Tên mẫu trong config/intake/. · Name of the layout.")] = None,
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes an option of it
) -> None:
    """Nhận kết quả đối chiếu với CSDLQG về dân cư. · Take in the results of matching with the population database."""
    who = caller(ctx)
    with progress_bar(file.name) as advance:
        report = accept_results(
            who.settings, file, ward, by=who.subject.name, layout=layout, dry_run=dry_run, advance=advance
        )
    typer.echo(report)
