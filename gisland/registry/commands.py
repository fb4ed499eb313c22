"""`gisland unit`: the administrative units of this registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisland.database import run
from gisland.errors import UsageError
from gisland.registry.units import NewUnit, add_unit, bbox_boundary, list_units, read_boundary
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(no_args_is_help=True, help="Đơn vị hành chính. · Administrative units.")


@app.command("add")
@requires(Permission.UNIT_ADD)
def add(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="Mã đơn vị, ví dụ 11311. · Code of the unit.")],
    name: Annotated[str, typer.Option(help="Tên. · Name.")],
    srid: Annotated[int | None, typer.Option(help="EPSG của tờ bản đồ, ví dụ 9210. · CRS of its sheets.")] = None,
    level: Annotated[str, typer.Option(help="ward | province")] = "ward",
    province: Annotated[str | None, typer.Option(help="Mã tỉnh. · Code of its province.")] = None,
    area_km2: Annotated[float | None, typer.Option(help="Diện tích công bố, km². · Declared area.")] = None,
    boundary: Annotated[Path | None, typer.Option(help="Ranh giới, GeoJSON. · Boundary file.")] = None,
    bbox: Annotated[str | None, typer.Option(help="minlon,minlat,maxlon,maxlat")] = None,
) -> None:
    """Thêm một đơn vị; thêm lại y như cũ thì không đổi gì. · Add a unit; adding the same again changes nothing."""
    if level not in ("ward", "province"):
        raise UsageError(f"--level {level!r}: chọn · choose ward | province")
    if boundary is not None and bbox is not None:
        raise UsageError("chọn một: --boundary hoặc --bbox · choose one: --boundary or --bbox")
    shape = read_boundary(boundary, code) if boundary is not None else bbox_boundary(bbox) if bbox is not None else None
    new = NewUnit(code.strip(), name.strip(), level, province, srid, area_km2, shape)
    who = caller(ctx)
    unit, added = run(who.settings, lambda connection: add_unit(connection, new, who.subject.name))
    state = "đã thêm · added" if added else "đã có, không đổi · already there, unchanged"
    typer.echo(f"{unit.code} {unit.name}: {state}")


@app.command("list")
@requires(Permission.PUBLIC_READ)
def show(ctx: typer.Context) -> None:
    """Các đơn vị đang có hiệu lực. · The units in force."""
    for unit in run(caller(ctx).settings, list_units):
        crs = f"EPSG:{unit.srid}" if unit.srid else "-"
        area = f"{unit.area_km2:g} km²" if unit.area_km2 else "-"
        typer.echo(f"{unit.level:8} {unit.code:6} {crs:10} {area:>10}  {unit.name}")
