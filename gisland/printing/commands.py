"""`gisland print …`: maps and lists on paper."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from gisland.catalogue import LANGUAGES, Language
from gisland.errors import UsageError
from gisland.printing.atlas import Order, Printed, print_atlas
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(no_args_is_help=True, help="In bản đồ, danh sách. · Maps and lists on paper.")


@app.callback()
def prints() -> None:
    """In bản đồ, danh sách. · Maps and lists on paper."""


@app.command("atlas")
@requires(Permission.MAP_PRINT)
def atlas(
    ctx: typer.Context,
    *,
    ward: Annotated[str, typer.Option(help="Mã phường · Code of the ward")],
    group: Annotated[str, typer.Option(help="Mã tổ dân phố · Code of the residential group")],
    out: Annotated[Path, typer.Option(help="Tệp PDF · PDF file")],
    paper: Annotated[str, typer.Option(help="A4, A3")] = "A3",
    orientation: Annotated[str, typer.Option(help="auto, landscape, portrait")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, 1:500, 500")] = "auto",
    language: Annotated[str, typer.Option(help="vi, en")] = "vi",
    reason: Annotated[str, typer.Option(help="lý do, khi in tên người · why, where names are printed")] = "",
) -> None:
    """Tập bản đồ của một tổ dân phố: bìa, trang bản đồ, danh sách · The atlas of a group: cover, maps, checklists."""
    who = caller(ctx)
    chosen: Language | None = next((each for each in LANGUAGES if each == language), None)
    if chosen is None:
        raise UsageError(f"--language {language[:10]}", hint=", ".join(LANGUAGES))
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError("thư mục không có, hoặc tên là thư mục · no such folder, or the name is one", file=out.name)
    order = Order(ward, group, paper, orientation, _scale(scale), chosen, reason)
    printed = print_atlas(who.settings, who.subject, order)
    _write(out, printed.content)
    typer.echo(summary(printed))


def _scale(text: str) -> int | None:
    if text == "auto":
        return None
    number = text.removeprefix("1:").replace(".", "").replace(" ", "")
    if not (number.isascii() and number.isdigit() and 50 <= int(number) <= 100_000):
        raise UsageError(f"--scale {text[:20]}", hint="auto, 1:200, 1:500, 1:1000, 1:2000")
    return int(number)


def _write(out: Path, content: bytes) -> None:
    """Write a file whole or not at all; it may hold names, so only its owner may read it."""
    descriptor, part = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).replace(out)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def summary(printed: Printed) -> str:
    """What was printed, in two languages."""
    scene = printed.scene
    whole = sum(form.complete for form, _ in printed.told)
    maps, total = len(scene.layout.pages), len(scene.group.parcels)
    paper, scale, version = scene.paper.sign, scene.layout.scale, scene.group.version
    vi = f"{scene.pages} trang {paper}: {maps} trang bản đồ 1:{scale}, {total} thửa, {whole} nhãn đầy đủ"
    en = f"{scene.pages} {paper} pages: {maps} maps 1:{scale}, {total} parcels, {whole} full labels"
    lines = [
        f"{vi}; mã in {printed.print_id}, phiên bản dữ liệu {version}",
        f"{en}; print {printed.print_id}, data version {version}",
    ]
    if printed.unknown:
        signs = " ".join(f"U+{ord(sign):04X}" for sign in printed.unknown)
        lines.append(f"ký tự không in được, thay bằng □ · characters that the font has not, printed as □: {signs}")
    return "\n".join(lines)
