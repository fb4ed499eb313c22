"""What can be printed: each product with what it asks for and how it is drawn. Jobs, REST and OGC processes read this.

A new product is one line in `PRODUCTS`: a model of its inputs and a function that draws. The function reads within what
the subject reaches, notes the print in the audit log, and says how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from psycopg import Connection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gisland.audit.log import LONGEST
from gisland.catalogue import Language, Text
from gisland.kit.identifiers import mask_ids
from gisland.printing.area import tidied
from gisland.printing.areamap import AreaOrder, area_wards, print_area
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.bundle import codes_of, print_bundle
from gisland.printing.edition import Printed
from gisland.printing.extract import ExtractOrder, For, check_extract, print_extract
from gisland.printing.files import plain
from gisland.printing.forms import print_forms
from gisland.printing.group_papers import GroupOrder
from gisland.printing.overview import OverviewOrder, overview_wards, print_overview
from gisland.printing.preview import Preview, preview_atlas
from gisland.printing.read import find_group
from gisland.printing.receipts import print_receipts
from gisland.printing.remarks import said
from gisland.printing.sheet import SheetOrder, find_sheet, print_sheet
from gisland.printing.telling import Told
from gisland.security.subject import Subject
from gisland.settings import Settings


def _masked(code: str) -> str:
    """A code as it is kept and answered: a national id that strayed into it is masked, as everywhere."""
    return mask_ids(code, code=True)


def _each_masked(codes: str) -> str:
    return ",".join(map(_masked, codes.split(",")))


Code = Annotated[
    str,
    StringConstraints(pattern=r"^[^\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]{0,38}[^\p{C}\p{Z}])?$"),
    AfterValidator(_masked),
]
Codes = Annotated[str, StringConstraints(pattern=r"^[^\p{C}]*$", max_length=4000), AfterValidator(_each_masked)]


MAP_SCALE = Field(
    default=None,
    ge=50,
    le=100_000,
    description="Mẫu số tỷ lệ; bỏ trống: tự chọn · Denominator of the scale; none: by the labels that fit",
    examples=[500],
)


class Inputs(BaseModel):
    """What every product asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ward: Code = Field(description="Mã phường · Code of the ward", examples=["11311"])
    language: Language = Field(default="vi", description="Ngôn ngữ trên giấy · Language on paper")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)] = Field(
        default="",
        description="Lý do, bắt buộc khi in tên người; không ghi dữ liệu cá nhân"
        " · The reason, required where names are printed; no personal data",
    )


class AtlasInputs(Inputs):
    """Tập bản đồ của một tổ dân phố · The atlas of a residential group."""

    group: Code = Field(description="Mã tổ dân phố · Code of the residential group", examples=["12"])
    paper: Literal["A3", "A4"] = Field(default="A3", description="Khổ giấy · Paper")
    orientation: Literal["auto", "landscape", "portrait"] = Field(default="auto", description="Chiều giấy · Way round")
    scale: int | None = MAP_SCALE


@dataclass(frozen=True)
class File:
    """A finished print."""

    content: bytes
    name: str
    """Of the file, as it is offered for download: letters, digits, hyphens."""
    print_id: str
    pages: int
    version: int
    """Of the data."""
    names: bool
    """Whether names of holders are in it: whoever takes it must be allowed to see them."""
    exact: bool = False
    """Whether exact statuses are in it, which the same must be allowed."""
    media_type: str = "application/pdf"
    wards: tuple[int, ...] = ()
    """Of a print that may show several wards: the ids of those that it shows."""
    message: str = ""
    """What whoever takes it must know of it: Vietnamese · English, nothing of persons."""


Draw = Callable[[Settings, Subject, Any, Told], File]
Print = Callable[[Settings, Subject, Any, Told], Printed]


@dataclass(frozen=True)
class Product:
    """Something that can be printed."""

    id: str
    title: Text
    description: Text
    inputs: type[Inputs]
    draw: Draw
    """Settings, who prints, the inputs (of the type above), whom to tell how far it is."""
    check: Callable[[Connection, Subject, Any], object] | None = None
    """Raises what can be told at once of inputs that make no sense, or are not for who asks, before they are queued."""
    names: Callable[[Any], bool] = lambda _: True
    """Whether it prints names of holders for those who may see them, by its inputs: then it needs a reason."""
    media_type: str = "application/pdf"
    """Of its files."""
    reach: Callable[[Connection, Subject, Any], frozenset[int]] | None = None
    """Of what may show several wards: which, by its inputs. Raises as `check` does."""
    preview: Callable[[Connection, Settings, Any], Preview] | None = None
    """Where its pages would lie, within the rows of a transaction; None where there is nothing to choose."""

    @property
    def of_group(self) -> bool:
        """Whether it is of one residential group, so that the head of that group may print it, too."""
        return "group" in self.inputs.model_fields


def _at_once(print_: Callable[[Settings, Subject, Any], Printed]) -> Print:
    """What has one page tells of none."""

    def printed(settings: Settings, subject: Subject, order: Any, told: Told) -> Printed:
        told(0.1, "đọc dữ liệu, vẽ · reading and drawing")
        return print_(settings, subject, order)

    return printed


def _draws(product: str, print_: Print, order: type, *named_by: str) -> Draw:
    """Draws by a function that prints an order; orders have the fields of inputs.

    Args:
        product: its id.
        print_: prints it, and notes so in the audit log.
        order: the type of the order.
        named_by: inputs that the name of the file has, after that of the product and the ward.
    """

    def draw(settings: Settings, subject: Subject, asked: Inputs, told: Told) -> File:
        printed = print_(settings, subject, order(**dict(asked)), told)
        edition = printed.edition
        parts = [part for name in named_by for part in str(getattr(asked, name)).split("/")]
        name = "-".join([product, *map(plain, [edition.ward_code, *parts])])
        told_of = (edition.print_id, edition.pages, edition.version, edition.names, edition.exact)
        message = said(edition.remarks)
        return File(printed.content, f"{name}.pdf", *told_of, wards=printed.wards, message=message)

    return draw


SHEET_SCALE = Field(
    default=None,
    ge=50,
    le=100_000,
    description="Mẫu số tỷ lệ của tờ bản đồ, khi có nhiều tờ cùng số"
    " · Denominator of the sheet's scale, where several sheets have that number",
)


class ExtractInputs(Inputs):
    """Trích lục thửa đất · The extract of a parcel."""

    parcel: Annotated[str, StringConstraints(pattern=r"^[^\p{C}/]{1,20}/[^\p{C}/]{1,20}$"), AfterValidator(_masked)] = (
        Field(description="Số tờ/số thửa · Sheet and number", examples=["5/12"])
    )
    reader: For = Field(
        default="third-party",
        description="Cho ai: người sử dụng đất, hoặc bên thứ ba (không có dữ liệu cá nhân)"
        " · For whom: the holder, or third parties (no personal data)",
    )
    sheet_scale: int | None = SHEET_SCALE


class SheetInputs(Inputs):
    """Tờ bản đồ địa chính · A sheet of the cadastral map."""

    sheet: Code = Field(description="Số tờ bản đồ · Number of the map sheet", examples=["5"])
    sheet_scale: int | None = SHEET_SCALE
    paper: Literal["auto", "A3", "A2", "A1", "A0"] = Field(
        default="auto", description="Khổ giấy; auto: khổ nhỏ nhất vừa · Paper; auto: the smallest that it fits on"
    )


class SetInputs(Inputs):
    """Một phường, nhiều phường, một số tổ, hoặc khu vực khoanh · A ward, several, some groups, or a drawn area."""

    wards: Codes = Field(
        default="",
        description="Mã các phường khác, cách nhau bằng dấu phẩy · Codes of further wards, by commas",
        examples=["11312,11313"],
    )
    groups: Codes = Field(
        default="",
        description="Chỉ các tổ này, cách nhau bằng dấu phẩy; tổ của phường khác: phường/tổ"
        " · Only these groups, by commas; of another ward: ward/group",
        examples=["01,02", "11311/01,11312/07"],
    )
    area: Annotated[str | dict[str, Any], AfterValidator(tidied)] = Field(
        default="",
        description="Khu vực khoanh: GeoJSON Polygon, MultiPolygon, hoặc khung tây,nam,đông,bắc"
        " · A drawn area: GeoJSON Polygon, MultiPolygon, or a box west,south,east,north",
        examples=["106.66,20.85,106.69,20.87"],
    )
    area_crs: int | None = Field(
        default=None,
        ge=1024,
        le=32_767,
        description="Hệ toạ độ của khu vực, mã EPSG: 4326 (mặc định) hoặc múi VN-2000"
        " · CRS of the area, EPSG code: 4326 (default) or a zone of VN-2000",
        examples=[9210],
    )


class AreaInputs(SetInputs):
    """Bản đồ thửa đất theo khu vực · The parcel map of an area, or of wards or groups."""

    paper: Literal["A4", "A3", "A2", "A1", "A0"] = Field(default="A3", description="Khổ giấy · Paper")
    orientation: Literal["auto", "landscape", "portrait"] = Field(default="auto", description="Chiều giấy · Way round")
    scale: int | None = Field(
        default=None,
        ge=50,
        le=100_000,
        description="Mẫu số tỷ lệ; bỏ trống: tự chọn · Denominator of the scale; none: the largest at which it fits",
        examples=[500],
    )


class OverviewInputs(SetInputs):
    """Bản đồ tiến độ · The overview of wards, groups or an area."""

    paper: Literal["A3", "A2", "A1", "A0"] = Field(default="A3", description="Khổ giấy · Paper")


def _overview_wards(connection: Connection, subject: Subject, asked: OverviewInputs) -> frozenset[int]:
    return overview_wards(connection, subject, OverviewOrder(**dict(asked)))


def _area_wards(connection: Connection, subject: Subject, asked: AreaInputs) -> frozenset[int]:
    return area_wards(connection, subject, AreaOrder(**dict(asked)))


class AtlasesInputs(Inputs):
    """Tập bản đồ của nhiều tổ · The atlases of several groups."""

    groups: Codes = Field(
        default="",
        description="Mã các tổ, cách nhau bằng dấu phẩy; bỏ trống: mọi tổ · Codes of the groups, by commas; none: all",
        examples=["01,02"],
    )
    paper: Literal["A3", "A4"] = Field(default="A3", description="Khổ giấy · Paper")
    orientation: Literal["auto", "landscape", "portrait"] = Field(default="auto", description="Chiều giấy · Way round")
    scale: int | None = MAP_SCALE


def draw_atlases(settings: Settings, subject: Subject, asked: AtlasesInputs, told: Told) -> File:
    """The atlases of several groups in one archive.

    Raises:
        GislandError: they cannot be printed; the message says why.
    """
    order = Order(asked.ward, "", asked.paper, asked.orientation, asked.scale, asked.language, asked.reason)
    found = print_bundle(settings, subject, order, codes_of(asked.groups), told)
    name = f"atlases-{plain(asked.ward)}.zip"
    told_of = (found.print_id, found.pages, found.version, found.names, found.exact)
    return File(found.content, name, *told_of, media_type="application/zip", message=said(found.remarks))


class ReceiptsInputs(Inputs):
    """Giấy tờ cho tổ trưởng · Papers for the head of a group."""

    group: Code = Field(description="Mã tổ dân phố · Code of the residential group", examples=["12"])


class FormsInputs(ReceiptsInputs):
    """Phiếu PL3-01 · Form PL3-01."""

    parcel: Annotated[
        str, StringConstraints(pattern=r"^([^\p{C}/]{1,20}/[^\p{C}/]{1,20})?$"), AfterValidator(_masked)
    ] = Field(
        default="",
        description="Chỉ một thửa: số tờ/số thửa · Of one parcel only: sheet and number",
        examples=["5/12"],
    )


PRODUCTS: Mapping[str, Product] = {
    product.id: product
    for product in (
        Product(
            "atlas",
            Text(vi="Tập bản đồ của tổ dân phố", en="Atlas of a residential group"),
            Text(
                vi="Bìa, các trang bản đồ có nhãn thửa, danh sách để đánh dấu, ghi chú thửa nhỏ, bảng kiểm in; PDF/A.",
                en="Cover, map pages with labelled parcels, checklists, notes on small parcels, proof sheet; PDF/A.",
            ),
            AtlasInputs,
            _draws("atlas", print_atlas, Order, "group"),
            lambda connection, _, asked: find_group(connection, asked.ward, asked.group),
            preview=lambda connection, settings, asked: preview_atlas(connection, settings, Order(**dict(asked))),
        ),
        Product(
            "atlases",
            Text(vi="Tập bản đồ của nhiều tổ (zip)", en="Atlases of several groups (zip)"),
            Text(
                vi="Mỗi tổ một tệp PDF/A trong một tệp zip, kèm danh sách và mã băm.",
                en="A PDF/A file for each group in one zip archive, with a list and hashes.",
            ),
            AtlasesInputs,
            draw_atlases,
            media_type="application/zip",
        ),
        Product(
            "extract",
            Text(vi="Trích lục thửa đất", en="Extract of a parcel"),
            Text(
                vi="Sơ đồ, toạ độ góc thửa, chiều dài cạnh, thửa liền kề; mã QR để kiểm tra; PDF/A.",
                en="Sketch, corners, lengths of sides, adjoining parcels; a QR code to verify it; PDF/A.",
            ),
            ExtractInputs,
            _draws("extract", _at_once(print_extract), ExtractOrder, "parcel"),
            lambda connection, subject, asked: check_extract(connection, subject, ExtractOrder(**dict(asked))),
            lambda asked: asked.reader != "third-party",
        ),
        Product(
            "sheet",
            Text(vi="Tờ bản đồ địa chính", en="Sheet of the cadastral map"),
            Text(
                vi="Một tờ đúng tỷ lệ trong khung, sơ đồ ghép tờ, tổng số thửa và diện tích; A3–A0; PDF/A.",
                en="A sheet at its scale in its frame, adjoining sheets, totals; A3 to A0; PDF/A.",
            ),
            SheetInputs,
            _draws("sheet", _at_once(print_sheet), SheetOrder, "sheet"),
            lambda connection, _, asked: find_sheet(connection, SheetOrder(**dict(asked))),
            names=lambda _: False,
        ),
        Product(
            "overview",
            Text(vi="Bản đồ tiến độ xác minh", en="Progress of the verification"),
            Text(
                vi="Phường, tổ hoặc khu vực khoanh tô màu theo tỷ lệ đã xác minh, bảng số liệu, biểu đồ; A3–A0; PDF/A.",
                en="Wards, groups or a drawn area coloured by the share verified, figures, chart; A3 to A0; PDF/A.",
            ),
            OverviewInputs,
            _draws("overview", _at_once(print_overview), OverviewOrder),
            reach=_overview_wards,
            names=lambda _: False,
        ),
        Product(
            "area",
            Text(vi="Bản đồ thửa đất theo khu vực", en="Parcel map of an area"),
            Text(
                vi="Thửa có nhãn trên một tờ, qua cả địa giới phường; khu vực khoanh, phường, tổ; A4–A0; PDF/A.",
                en="Labelled parcels on one sheet, over ward borders; a drawn area, wards or groups; A4 to A0; PDF/A.",
            ),
            AreaInputs,
            _draws("area", _at_once(print_area), AreaOrder),
            reach=_area_wards,
            names=lambda _: False,
        ),
        Product(
            "receipts",
            Text(vi="Giấy tờ cho tổ trưởng dân phố", en="Papers for the head of a group"),
            Text(
                vi="Thông báo gửi các hộ, sổ nhận giấy tờ, sổ trả giấy tờ; PDF/A.",
                en="Notice to households, list of papers taken, list of papers returned; PDF/A.",
            ),
            ReceiptsInputs,
            _draws("receipts", print_receipts, GroupOrder, "group"),
            lambda connection, _, asked: find_group(connection, asked.ward, asked.group),
        ),
        Product(
            "forms",
            Text(vi="Phiếu PL3-01", en="Form PL3-01"),
            Text(
                vi="Mỗi thửa một trang, in sẵn phần đã biết, phần còn lại để điền tay; PDF/A.",
                en="A page for each parcel, what is known printed and the rest to be filled in; PDF/A.",
            ),
            FormsInputs,
            _draws("forms", print_forms, GroupOrder, "group"),
            lambda connection, _, asked: find_group(connection, asked.ward, asked.group),
        ),
    )
}
