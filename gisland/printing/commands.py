"""`gisland print …`: maps and lists on paper."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gisland.catalogue import LANGUAGES, Language
from gisland.errors import InputError, UsageError
from gisland.printing.area import MOST_LETTERS, tidied
from gisland.printing.areamap import AreaOrder, print_area
from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.printing.bundle import codes_of, print_bundle
from gisland.printing.edition import Edition, Printed
from gisland.printing.extract import ExtractOrder, For, print_extract
from gisland.printing.files import write_private
from gisland.printing.forms import print_forms
from gisland.printing.group_papers import GroupOrder
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.picture import picture
from gisland.printing.press import noted_later, reason_of, write_notes
from gisland.printing.receipts import print_receipts
from gisland.printing.sheet import SheetOrder, print_sheet
from gisland.printing.ward import Group as WardGroup
from gisland.printing.ward import check_folder, cores, print_ward, ward_groups
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

app = typer.Typer(no_args_is_help=True, help="In bản đồ, danh sách. · Maps and lists on paper.")


AnOrder = TypeVar("AnOrder")
APrinted = TypeVar("APrinted", bound=Printed)
READERS: tuple[For, ...] = ("owner", "third-party")
Ward = Annotated[str, typer.Option(help="Mã phường · Code of the ward")]
InGroup = Annotated[str, typer.Option("--group", help="Mã tổ dân phố · Code of the residential group")]
Out = Annotated[Path, typer.Option(help="Tệp PDF · PDF file")]
SheetScale = Annotated[int | None, typer.Option(help="khi có nhiều tờ cùng số · of several sheets")]
InLanguage = Annotated[str, typer.Option(help="vi, en")]
MoreWards = Annotated[str, typer.Option(help="Các phường khác, cách dấu phẩy · Further wards, by commas")]
OnlyGroups = Annotated[str, typer.Option(help="Chỉ các tổ này, cách dấu phẩy · Only these groups: 01,02,11312/07")]
InArea = Annotated[str, typer.Option(help="Tệp GeoJSON, hoặc khung · GeoJSON file, or box: 106.66,20.85,106.69,20.87")]
AreaCrs = Annotated[
    int | None, typer.Option(help="Hệ toạ độ khu vực, mã EPSG · CRS of the area, EPSG code: 4326, 9210")
]
Why = Annotated[str, typer.Option(help="lý do, khi in tên người · why, where names are printed")]


@app.callback()
def prints() -> None:
    """In bản đồ, danh sách. · Maps and lists on paper."""


@app.command("atlas")
@requires(Permission.MAP_PRINT)
def atlas(
    ctx: typer.Context,
    *,
    ward: Ward,
    group: InGroup,
    out: Out,
    paper: Annotated[str, typer.Option(help="A4, A3")] = "A3",
    orientation: Annotated[str, typer.Option(help="auto, landscape, portrait")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, 1:500, 500")] = "auto",
    language: InLanguage = "vi",
    reason: Why = "",
) -> None:
    """Tập bản đồ của một tổ dân phố: bìa, trang bản đồ, danh sách · The atlas of a group: cover, maps, checklists."""
    printed = _print(
        ctx, out, print_atlas, Order(ward, group, paper, orientation, _scale(scale), _language(language), reason)
    )
    typer.echo(summary(printed))


@app.command("ward")
@requires(Permission.MAP_PRINT)
def ward_command(
    ctx: typer.Context,
    *,
    ward: Ward,
    out: Annotated[Path, typer.Option(help="Thư mục · Folder")],
    paper: Annotated[str, typer.Option(help="A4, A3")] = "A3",
    orientation: Annotated[str, typer.Option(help="auto, landscape, portrait")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, 1:500, 500")] = "auto",
    language: InLanguage = "vi",
    reason: Why = "",
    processes: Annotated[int | None, typer.Option(min=1, max=64, help="Số tiến trình · Processes")] = None,
) -> None:
    """Tập bản đồ của mọi tổ trong phường; chạy lại thì làm tiếp · The atlases of all groups of a ward; resumable.

    Tệp đã có, cùng phiên bản dữ liệu và thiết lập, được giữ · Files of this data version and these settings are kept.
    """
    who = caller(ctx)
    check_folder(out)
    order = Order(ward, "", paper, orientation, _scale(scale), _language(language), reason)
    # Before any group is drawn.
    reason_of(reason, names=Permission.PERSON_READ in who.subject.permissions)
    start = time.monotonic()
    total = ward_groups(who.settings, ward)
    with typer.progressbar(length=total, label=f"{ward}: {total} tổ · groups", file=sys.stderr) as bar:
        found = print_ward(
            who.settings, who.subject, order, out, processes=processes or cores(), told=lambda _: bar.update(1)
        )
    _tell_ward(found, time.monotonic() - start)


def _tell_ward(found: Sequence[WardGroup], seconds: float) -> None:
    count = Counter(each.state for each in found)
    pages, parcels = sum(each.pages for each in found), sum(each.parcels for each in found)
    drawn, kept = count["drawn"], count["kept"]
    typer.echo(f"{drawn} tổ vừa vẽ, {kept} tổ giữ lại; {pages} trang, {parcels} thửa; {seconds:.1f} giây")
    typer.echo(f"{drawn} groups drawn, {kept} kept; {pages} pages, {parcels} parcels; {seconds:.1f} seconds")
    used = [each for each in found if each.state == "drawn"]
    if used:
        processor, memory = sum(each.processor_seconds for each in used), max(each.memory_mb for each in used)
        typer.echo(f"CPU {processor:.1f} s, {memory} MiB mỗi tiến trình · each process at most")
    for each in found:
        if each.reason:
            typer.echo(f"{each.code}: {each.reason}", err=True)
    if count["failed"]:
        raise InputError(f"{count['failed']} tổ không in được · {count['failed']} groups could not be printed")


@app.command("extract")
@requires(Permission.MAP_PRINT)
def extract(
    ctx: typer.Context,
    *,
    ward: Ward,
    parcel: Annotated[str, typer.Option(help="Số tờ/số thửa · Sheet and number: 5/12")],
    out: Out,
    reader: Annotated[str, typer.Option("--for", help="owner, third-party")] = "third-party",
    sheet_scale: SheetScale = None,
    language: InLanguage = "vi",
    reason: Why = "",
) -> None:
    """Trích lục thửa đất, có mã để kiểm tra · The extract of a parcel, with a code to verify it."""
    chosen: For | None = next((each for each in READERS if each == reader), None)
    if chosen is None:
        raise UsageError(f"--for {reader[:20]}", hint=", ".join(READERS))
    order = ExtractOrder(ward, parcel, chosen, sheet_scale, _language(language), reason)
    printed = _print(ctx, out, print_extract, order)
    typer.echo(told(printed.edition))
    typer.echo(f"mã kiểm tra · to verify it: {printed.extract.address}")


@app.command("sheet")
@requires(Permission.MAP_PRINT)
def sheet_command(
    ctx: typer.Context,
    *,
    ward: Ward,
    sheet: Annotated[str, typer.Option(help="Số tờ bản đồ · Number of the map sheet")],
    out: Out,
    sheet_scale: SheetScale = None,
    paper: Annotated[str, typer.Option(help="auto, A3, A2, A1, A0")] = "auto",
    language: InLanguage = "vi",
) -> None:
    """Tờ bản đồ địa chính đúng tỷ lệ, có khung · A sheet of the cadastral map at its scale, in its frame."""
    printed = _print(ctx, out, print_sheet, SheetOrder(ward, sheet, sheet_scale, paper, _language(language)))
    typer.echo(told(printed.edition))


@app.command("receipts")
@requires(Permission.MAP_PRINT)
def receipts(
    ctx: typer.Context, *, ward: Ward, group: InGroup, out: Out, language: InLanguage = "vi", reason: Why = ""
) -> None:
    """Thông báo, sổ nhận và trả giấy tờ cho tổ trưởng · Notice and lists of papers taken and returned, for the head."""
    printed = _print(ctx, out, print_receipts, GroupOrder(ward, group, language=_language(language), reason=reason))
    typer.echo(told(printed.edition))


@app.command("forms")
@requires(Permission.MAP_PRINT)
def forms(
    ctx: typer.Context,
    *,
    ward: Ward,
    group: InGroup,
    out: Out,
    parcel: Annotated[str, typer.Option(help="chỉ một thửa · of one parcel: 5/12")] = "",
    language: InLanguage = "vi",
    reason: Why = "",
) -> None:
    """Phiếu PL3-01 của từng thửa, in sẵn phần đã biết · Form PL3-01 of each parcel, with what is known printed."""
    printed = _print(ctx, out, print_forms, GroupOrder(ward, group, parcel, _language(language), reason))
    typer.echo(told(printed.edition))


@app.command("atlases")
@requires(Permission.MAP_PRINT)
def atlases(
    ctx: typer.Context,
    *,
    ward: Ward,
    out: Annotated[Path, typer.Option(help="Tệp zip · Zip file")],
    groups: Annotated[str, typer.Option(help="Mã các tổ, cách dấu phẩy; bỏ trống: mọi tổ · Codes; none: all")] = "",
    paper: Annotated[str, typer.Option(help="A4, A3")] = "A3",
    orientation: Annotated[str, typer.Option(help="auto, landscape, portrait")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, 1:500, 500")] = "auto",
    language: InLanguage = "vi",
    reason: Why = "",
) -> None:
    """Tập bản đồ của nhiều tổ trong một tệp zip · The atlases of several groups in one zip file."""
    who = caller(ctx)
    _check(out)
    order = Order(ward, "", paper, orientation, _scale(scale), _language(language), reason)
    with noted_later() as notes:
        found = print_bundle(
            *(who.settings, who.subject, order, codes_of(groups)), lambda _, said: typer.echo(said, err=True)
        )
    write_private(out, found.content, lambda: write_notes(who.settings, notes))
    typer.echo(f"{len(found.groups)} tổ, {found.pages} trang · {len(found.groups)} groups, {found.pages} pages")
    if found.empty:
        typer.echo(f"tổ không có thửa · groups without parcels: {', '.join(found.empty)}")
    for each in found.remarks:
        typer.echo(f"{each.vi} · {each.en}")


@app.command("picture")
@requires(Permission.MAP_PRINT)
def picture_command(
    ctx: typer.Context,  # noqa: ARG001 - read by the guard
    *,
    file: Annotated[Path, typer.Option(help="Tệp PDF đã in · A printed PDF file")],
    out: Annotated[Path, typer.Option(help="Tệp PNG · PNG file")],
    page: Annotated[int, typer.Option(help="Trang · Page")] = 1,
    dpi: Annotated[int, typer.Option(help="36–600")] = 150,
) -> None:
    """Một trang của bản in thành ảnh PNG · A page of a print as a PNG picture."""
    _check(out)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"không đọc được tệp · cannot read the file: {error.strerror}", file=file.name) from None
    write_private(out, picture(content, page, dpi))


@app.command("overview")
@requires(Permission.MAP_PRINT)
def overview(
    ctx: typer.Context,
    *,
    ward: Ward,
    out: Out,
    wards: MoreWards = "",
    groups: OnlyGroups = "",
    area: InArea = "",
    area_crs: AreaCrs = None,
    paper: Annotated[str, typer.Option(help="A3, A2, A1, A0")] = "A3",
    language: InLanguage = "vi",
) -> None:
    """Bản đồ tiến độ xác minh của phường, tổ, khu vực · How far the verification is, of wards, groups or an area."""
    order = OverviewOrder(
        ward=ward,
        wards=wards,
        groups=groups,
        area=_area(area),
        area_crs=area_crs,
        paper=paper,
        language=_language(language),
    )
    printed = _print(ctx, out, print_overview, order)
    typer.echo(told(printed.edition))


@app.command("area")
@requires(Permission.MAP_PRINT)
def area_command(
    ctx: typer.Context,
    *,
    ward: Ward,
    out: Out,
    wards: MoreWards = "",
    groups: OnlyGroups = "",
    area: InArea = "",
    area_crs: AreaCrs = None,
    paper: Annotated[str, typer.Option(help="A4, A3, A2, A1, A0")] = "A3",
    orientation: Annotated[str, typer.Option(help="auto, landscape, portrait")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, 1:500, 500")] = "auto",
    language: InLanguage = "vi",
) -> None:
    """Bản đồ thửa đất của khu vực trên một tờ · Parcels of an area on one sheet, over the borders of wards."""
    order = AreaOrder(
        ward=ward,
        wards=wards,
        groups=groups,
        area=_area(area),
        area_crs=area_crs,
        paper=paper,
        orientation=orientation,
        scale=_scale(scale),
        language=_language(language),
    )
    printed = _print(ctx, out, print_area, order)
    typer.echo(told(printed.edition))


def _print(
    ctx: typer.Context, out: Path, print_: Callable[[Settings, Subject, AnOrder], APrinted], order: AnOrder
) -> APrinted:
    """Print an order into a file."""
    who = caller(ctx)
    _check(out)
    with noted_later() as notes:
        printed = print_(who.settings, who.subject, order)
    write_private(out, printed.content, lambda: write_notes(who.settings, notes))
    return printed


def told(edition: Edition) -> str:
    """What was printed, in two languages."""
    vi = f"{edition.pages} trang {edition.paper.sign}; mã in {edition.print_id}, phiên bản dữ liệu {edition.version}"
    en = f"{edition.pages} {edition.paper.sign} pages; print {edition.print_id}, data version {edition.version}"
    return "\n".join([vi, en, *noted(edition)])


def noted(edition: Edition) -> list[str]:
    """What is to be known of a print, line by line, in two languages."""
    return [f"{each.vi} · {each.en}" for each in edition.remarks]


def _area(text: str) -> str:
    """A drawn area: what a file says, or the box itself."""
    if not text.strip() or (text.lstrip()[0] in "{-0123456789" and not Path(text).is_file()):
        return tidied(text)
    file = Path(text)
    try:
        if file.stat().st_size > MOST_LETTERS:
            raise UsageError("tệp khu vực quá lớn · the file of the area is too large", file=file.name)
        return tidied(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"không đọc được tệp · cannot read the file: {error.strerror}", file=file.name) from None
    except UnicodeDecodeError:
        raise UsageError("tệp không phải GeoJSON · this is no GeoJSON file", file=file.name) from None


def _check(out: Path) -> None:
    """Whether a file may be written there."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError("thư mục không có, hoặc tên là thư mục · no such folder, or the name is one", file=out.name)


def _language(text: str) -> Language:
    chosen: Language | None = next((each for each in LANGUAGES if each == text), None)
    if chosen is None:
        raise UsageError(f"--language {text[:10]}", hint=", ".join(LANGUAGES))
    return chosen


def _scale(text: str) -> int | None:
    if text == "auto":
        return None
    number = text.removeprefix("1:").replace(".", "").replace(" ", "")
    if not (number.isascii() and number.isdigit() and 50 <= int(number) <= 100_000):
        raise UsageError(f"--scale {text[:20]}", hint="auto, 1:200, 1:500, 1:1000, 1:2000")
    return int(number)


def summary(printed: PrintedAtlas) -> str:
    """What was printed, in two languages."""
    scene = printed.edition
    whole = sum(form.complete for form, _ in printed.told)
    maps, total = len(scene.layout.pages), len(scene.group.parcels)
    paper, scale, version = scene.paper.sign, scene.layout.scale, scene.group.version
    vi = f"{scene.pages} trang {paper}: {maps} trang bản đồ 1:{scale}, {total} thửa, {whole} nhãn đầy đủ"
    en = f"{scene.pages} {paper} pages: {maps} maps 1:{scale}, {total} parcels, {whole} full labels"
    lines = [
        f"{vi}; mã in {printed.edition.print_id}, phiên bản dữ liệu {version}",
        f"{en}; print {printed.edition.print_id}, data version {version}",
    ]
    return "\n".join([*lines, *noted(scene)])
