"""`gisland demo …`: the invented ward."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gisland.demo.generate import DemoFiles, generate
from gisland.demo.load import load_demo
from gisland.errors import UsageError
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(help="Phường mẫu với dữ liệu tự tạo · a demo ward with invented data", no_args_is_help=True)


@app.command("generate")
@requires(Permission.DEMO_GENERATE)
def generate_command(
    ctx: typer.Context,  # noqa: ARG001 - read by the guard
    parcels: Annotated[int, typer.Option(help="số thửa đất · number of parcels")] = 14_000,
    seed: Annotated[int, typer.Option(help="cùng số, cùng dữ liệu · same seed, same data")] = 1,
    out: Annotated[Path, typer.Option(help="thư mục ghi tệp · folder to write to")] = Path("demo-data"),
) -> None:
    """Tạo dữ liệu một phường mẫu · write the files of an invented ward (above 50,000 parcels without spreadsheets)."""
    if parcels < 100 or seed < 0:
        raise UsageError(
            "cần ít nhất 100 thửa và seed ≥ 0 · at least 100 parcels and a seed ≥ 0", hint="--parcels 300 --seed 1"
        )
    console = Console(stderr=True)
    with console.status("…") as status:
        files = generate(parcels, seed, out, lambda step: status.update(step))
    typer.echo(summary(files))


@app.command("load")
@requires(Permission.PARCEL_IMPORT)
def load_command(ctx: typer.Context) -> None:
    """Nạp phường mẫu vào CSDL · load the demo ward into the database; nothing happens where it is loaded already."""
    loaded = load_demo(caller(ctx).settings)
    typer.echo("đã nạp · loaded" if loaded else "đã có, không đổi · already there, unchanged")


@app.command("screenshot")
@requires(Permission.DEMO_GENERATE)
def screenshot_command(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="tệp PNG · PNG file")] = Path("data/demo-ward.png"),
    url: Annotated[str | None, typer.Option(help="địa chỉ máy chủ đang chạy · a running server")] = None,
) -> None:
    """Chụp trang bản đồ đang chạy · take the picture of the running map page that the README shows (Chromium)."""
    from gisland.web.screenshot import take_screenshot  # needs the test packages

    settings = caller(ctx).settings
    take_screenshot(url or f"http://{settings.host}:{settings.port}/", out)
    typer.echo(f"→ {out}")


@app.command("pictures")
@requires(Permission.MAP_PRINT)
def pictures_command(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="thư mục · folder", exists=True, file_okay=False)] = Path("data"),
) -> None:
    """In ba trang thành ảnh cho README · print the pages of the demo ward that the README shows, as pictures."""
    from gisland.demo.pictures import take_pictures  # loads all that prints

    who = caller(ctx)
    for file in take_pictures(who.settings, who.subject, out):
        typer.echo(f"→ {file}")


def summary(files: DemoFiles) -> str:
    """What was written, in one line of each language."""
    papers, folder = f"{len(files.forms)} PL3-01 ({files.form_rows}", files.parcels.parent
    return (
        f"{files.parcel_count} thửa, {files.sheet_count} tờ, {files.group_count} tổ dân phố, "
        f"{files.person_count} người, {papers} dòng) → {folder}\n"
        f"{files.parcel_count} parcels, {files.sheet_count} sheets, {files.group_count} groups, "
        f"{files.person_count} people, {papers} rows) → {folder}"
    )
