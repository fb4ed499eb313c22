"""`gisland intake`: files into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import progress_bar
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(no_args_is_help=True, help="Nhận tệp. · Take in files.")

Ward = Annotated[str, typer.Option("--ward", help="Mã phường/xã, ví dụ 11311. · Code of the unit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Làm thử, không ghi gì. · Try all, write nothing.")]


@app.command("parcels")
@requires(Permission.PARCEL_IMPORT)
def parcels(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="GPKG, GeoJSON, SHP")],
    ward: Ward,
    source_crs: Annotated[str | None, typer.Option(help="EPSG:9210, khi tệp không ghi. · CRS of the file.")] = None,
    layout: Annotated[str | None, typer.Option(help="Tên mẫu trong config/intake/. · Name of the layout.")] = None,
    layer: Annotated[str | None, typer.Option(help="Tên lớp trong tệp. · Name of the layer.")] = None,
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes an option of it
) -> None:
    """Nhận thửa đất từ tệp bản đồ; nhận lại y như cũ thì không đổi gì. · Take in parcels from a map file."""
    who = caller(ctx)
    with progress_bar(file.name) as advance:
        report = intake_parcels(
            who.settings,
            file,
            ward,
            by=who.subject.name,
            source_crs=source_crs,
            layout=layout,
            layer=layer,
            dry_run=dry_run,
            advance=advance,
        )
    typer.echo(report)


@app.command("form")
@requires(Permission.FORM_IMPORT)
def form(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PL3-01, .xlsx")],
    ward: Ward,
    former_ward: Annotated[
        list[str] | None,
        typer.Option(
            help="Mã phường cũ ở cột B mà `gisland unit crosswalk` chưa biết. · Code of a former ward in column B that"
            " the crosswalk does not know."
        ),
    ] = None,
    layout: Annotated[str | None, typer.Option(help="Tên mẫu trong config/intake/. · Name of the layout.")] = None,
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes an option of it
) -> None:
    """Nhận các biểu PL3-01, mỗi tệp một giao dịch; nhận lại y như cũ thì không đổi gì. · Take in forms PL3-01."""
    who = caller(ctx)
    for file in files:
        with progress_bar(file.name) as advance:
            report = intake_form(
                who.settings,
                file,
                ward,
                by=who.subject.name,
                former_wards=former_ward or [],
                layout=layout,
                dry_run=dry_run,
                advance=advance,
            )
        typer.echo(report)
