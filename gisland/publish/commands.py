"""`gisland layer`: look at, check and apply the layers of `config/layers/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisland.catalogue import layer_files, load_catalogue
from gisland.errors import NotFound, UsageError
from gisland.kit.crs import EPSG
from gisland.publish import layers
from gisland.publish.export_file import export_file
from gisland.publish.refreshing import refresh_late, refresh_layer
from gisland.publish.tables import FILE_FORMATS
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.settings import Settings

app = typer.Typer(no_args_is_help=True)

LayerId = Annotated[str, typer.Argument(help="mã lớp · layer id")]


@app.command("list")
@requires(Permission.LAYER_APPLY)
def list_layers(ctx: typer.Context) -> None:
    """Các lớp và tình trạng của chúng · the layers, and whether the database has them as they are defined."""
    settings = caller(ctx).settings
    catalogue = load_catalogue(settings)
    applied, files = layers.applied_layers(settings), layer_files(settings)
    for layer in catalogue.layers.values():
        found = applied.pop(layer.id, None)
        state = (
            "new" if found is None else "changed" if found != layer.definition_hash(catalogue.palette) else "applied"
        )
        kind = "public" if layer.public else "staff"
        typer.echo("\t".join([layer.id, kind, state, layer.title.vi, _folder(settings, files[layer.id].parent)]))
    for layer_id in applied:
        typer.echo(f"{layer_id}\t-\twithout folder: `gisland layer drop {layer_id}`")


def _folder(settings: Settings, folder: Path) -> str:
    """Where a layer is defined, and in place of which other one."""
    other = settings.config_dir / "layers" / folder.name
    return f"{folder} (thay · instead of {other})" if other != folder and other.exists() else str(folder)


@app.command()
@requires(Permission.LAYER_APPLY)
def check(ctx: typer.Context) -> None:
    """Kiểm tra cấu hình, không thay đổi gì · check the folders and run the views; changes nothing."""
    settings = caller(ctx).settings
    catalogue = load_catalogue(settings)
    layers.check_layers(settings, catalogue)
    typer.echo(f"{len(catalogue.layers)} lớp đúng · layers are right: {', '.join(catalogue.layers)}")


@app.command()
@requires(Permission.LAYER_APPLY)
def apply(ctx: typer.Context, layer_id: Annotated[str | None, typer.Argument(help="mã lớp · layer id")] = None) -> None:
    """Tạo bảng cho các lớp mới hoặc đã sửa · make the tables of new and changed layers."""
    asked = caller(ctx)
    catalogue = load_catalogue(asked.settings)
    for done in layers.apply_layers(asked.settings, catalogue, layer_id, by=asked.subject.name):
        typer.echo(f"{done.layer}: {'đã tạo · made' if done.changed else 'không đổi · unchanged'}, {done.features}")


@app.command()
@requires(Permission.LAYER_APPLY)
def sql(ctx: typer.Context, layer_id: LayerId) -> None:
    """In câu SQL của lớp · print the SQL of a layer."""
    typer.echo(load_catalogue(caller(ctx).settings).layer(layer_id).view_sql)


@app.command()
@requires(Permission.LAYER_APPLY)
def rebuild(ctx: typer.Context, layer_id: LayerId) -> None:
    """Tạo lại toàn bộ bảng của lớp · make the table of a layer anew."""
    asked = caller(ctx)
    catalogue = load_catalogue(asked.settings)
    features = layers.rebuild_layer(asked.settings, catalogue, layer_id, by=asked.subject.name)
    typer.echo(f"{layer_id}: {features}")


@app.command()
@requires(Permission.STAFF_LAYER_READ)
def export(
    ctx: typer.Context,
    layer_id: LayerId,
    target: Annotated[Path, typer.Argument(help="tệp · file: .gpkg .fgb .csv .geojsonseq")],
    file_format: Annotated[str | None, typer.Option("--format", help="gpkg, fgb, csv, geojsonseq")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="CQL2: sheet_no = '12'")] = None,
    bbox: Annotated[str | None, typer.Option(help="west,south,east,north (CRS84)")] = None,
    crs: Annotated[int | None, typer.Option(help="EPSG: 9210, 3857 …")] = None,
    reason: Annotated[str, typer.Option(help="lý do, với lớp nội bộ · why, for a staff layer")] = "",
) -> None:
    """Xuất cả lớp ra tệp · write a layer, or what a filter finds of it, to a file."""
    asked = caller(ctx)
    name = file_format or target.suffix.lstrip(".")
    if name not in FILE_FORMATS:
        raise UsageError(
            f"không có định dạng {name!r} · there is no format {name!r}", hint=f"--format: {', '.join(FILE_FORMATS)}"
        )
    given = [("filter", filter_), ("bbox", bbox), ("crs", crs and f"{EPSG}{crs}")]
    wanted = [(key, value) for key, value in given if value]
    done = export_file(asked.settings, layer_id, target, FILE_FORMATS[name], wanted, asked.subject, reason)
    typer.echo(f"{target}: {done}")


@app.command()
@requires(Permission.LAYER_APPLY)
def refresh(
    ctx: typer.Context, layer_id: Annotated[str | None, typer.Argument(help="mã lớp · layer id")] = None
) -> None:
    """Cập nhật lớp không tự theo dữ liệu · refresh a layer that follows no table (`refresh: manual | interval`).

    Không nêu lớp: những gì đã đổi của các lớp theo sau (`refresh: soon`) · without a layer: of those that follow soon
    what has changed, without waiting for the job worker.
    """
    asked = caller(ctx)
    if layer_id is None:
        typer.echo(f"{refresh_late(asked.settings)}")
        return
    catalogue = load_catalogue(asked.settings)
    typer.echo(f"{layer_id}: {refresh_layer(asked.settings, catalogue, layer_id, by=asked.subject.name)}")


@app.command()
@requires(Permission.LAYER_APPLY)
def drop(ctx: typer.Context, layer_id: LayerId) -> None:
    """Thôi công bố một lớp · publish a layer no longer."""
    asked = caller(ctx)
    if not layers.drop_layer(asked.settings, layer_id, by=asked.subject.name):
        raise NotFound(
            f"lớp {layer_id!r} chưa được công bố · the layer {layer_id!r} is not published",
            hint="`gisland layer list` shows those that are",
        )
    typer.echo(f"{layer_id}: đã bỏ · dropped")
