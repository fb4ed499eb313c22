"""`gisland qgis …`: the map for QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gisland.catalogue import load_catalogue
from gisland.errors import UsageError
from gisland.publish.answer import ROOT
from gisland.publish.qgis.layers import AUTHENTICATION
from gisland.publish.qgis.place import find_place
from gisland.publish.qgis.project import FORMATS, Format, Project, base_layer, write
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(no_args_is_help=True)


@app.callback()
def qgis() -> None:
    """Bản đồ cho QGIS · the map for QGIS."""


@app.command("project")
@requires(Permission.PUBLIC_READ)
def project_command(
    ctx: typer.Context,
    ward: Annotated[
        str | None, typer.Option(help="mã phường/xã, mặc định tất cả · code of the ward; default: all")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="tệp .qgz hoặc .qlr · the file, .qgz or .qlr")] = None,
    staff: Annotated[  # noqa: FBT002 - an option of the command line
        bool, typer.Option("--staff", help="thêm các lớp nội bộ · with the staff layers")
    ] = False,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="ngôn ngữ · language")] = "vi",
    url: Annotated[str | None, typer.Option(help="địa chỉ máy chủ · address of the server")] = None,
) -> None:
    """Ghi dự án QGIS: các lớp, kiểu thể hiện, nhãn · write a project for QGIS; it holds addresses and no secret."""
    settings = caller(ctx).settings
    catalogue = load_catalogue(settings)
    place = find_place(settings, base_layer(catalogue), ward)
    root = (url or settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/") + ROOT
    layers = tuple(layer for layer in catalogue.layers.values() if layer.public or staff)
    project = Project(place, layers, catalogue.palette, root, lang)
    file = out or Path(f"{project.file_name}.qgz")
    file.write_bytes(write(project, _format_of(file)))
    typer.echo(f"→ {file}: EPSG:{place.srid}, {len(layers)} lớp · layers")
    if staff:
        typer.echo(
            f"đăng nhập: tạo xác thực “{AUTHENTICATION}” trong QGIS (Basic: tên, mã truy cập) · to sign in, add an "
            f"authentication with the id “{AUTHENTICATION}” in QGIS (Basic: name, token)"
        )


def _format_of(file: Path) -> Format:
    for each in FORMATS:
        if file.suffix == f".{each}":
            return each
    known = ", ".join(f".{each}" for each in FORMATS)
    raise UsageError("tệp dự án của QGIS là · a project of QGIS is " + known, hint="--out map.qgz", file=file.name)
