"""`gisland verify`: what other databases say of the holders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisland.intake.report import progress_bar
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.verification.results import accept_results

DryRun = Annotated[bool, typer.Option("--dry-run", help="Làm thử, không ghi gì. · Try all, write nothing.")]

app = typer.Typer(no_args_is_help=True, help="Xác minh. · Verification.")


@app.callback()
def verification() -> None:
    """Xác minh danh tính chủ sử dụng đất. · Verification of the holders' identity."""


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
