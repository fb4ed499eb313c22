"""`gisland unit`: the administrative units of this registry."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gisland.database import run
from gisland.errors import UsageError
from gisland.registry.crosswalk import LinkedUnit, NamedUnit, crosswalk
from gisland.registry.reform_accept import ReformFiles, accept_reform
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


@app.command("reform")
@requires(Permission.UNIT_ADD)
def reform(
    ctx: typer.Context,
    *,
    units: Annotated[Path, typer.Option(help="Đơn vị nay · Units of today: provinces-wards-*.json")],
    merges: Annotated[Path, typer.Option(help="Nay ← cũ · What went into them: new-to-old-merges.json")],
    splits: Annotated[Path, typer.Option(help="Cũ → nay · What became of former ones: old-to-new-splits.json")],
    province: Annotated[str | None, typer.Option(help="Chỉ một tỉnh, ví dụ 31. · Only one province.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Làm thử, không ghi gì. · Try all, write nothing.")
    ] = False,
) -> None:
    """Ghi đơn vị cũ, mới và quan hệ từ 1/7/2025; nhận lại thì không đổi gì. · Take over the reform of 1/7/2025."""
    who = caller(ctx)
    files = ReformFiles.read(units, merges, splits)
    typer.echo(accept_reform(who.settings, files, by=who.subject.name, province=province, dry_run=dry_run))


@app.command("crosswalk")
@requires(Permission.REGISTRY_READ)
def meanings(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(help="Mã đơn vị, ví dụ 11311. · Code of a unit.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Ngày, mặc định hôm nay. · The day, today by default.")
    ] = None,
) -> None:
    """Mã là đơn vị nào vào một ngày, từ đâu, thành đâu. · What a code meant on a day, and what became of it."""
    day = on.date() if on else None
    for unit in run(caller(ctx).settings, lambda connection: crosswalk(connection, code.strip(), day)):
        typer.echo(_line("", unit))
        for sign, linked in (("←", unit.predecessors), ("→", unit.successors)):
            for each in linked:
                typer.echo(_line(f"  {sign} ", each))


def _line(before: str, unit: NamedUnit) -> str:
    part = (
        {"full": " · toàn bộ · all", "partial": " · một phần · a part"}[unit.part]
        if isinstance(unit, LinkedUnit)
        else ""
    )
    return f"{before}{unit.code} {unit.name} ({unit.valid_from} – {unit.valid_to or '…'}){part}"
