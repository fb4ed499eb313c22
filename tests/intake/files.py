"""Files as wards receive them, written by the tests themselves. All people are invented; their ids start with 999."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
import xlsxwriter

from gisland.database import run
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.registry.units import NewUnit, add_unit
from gisland.settings import Settings
from tests.conftest import clone_of

# South-west corner of the invented parcels, VN-2000 / TM-3 105-45 (EPSG:9210), metres; and the outline of their ward.
EAST, NORTH = 594_000.0, 2_309_000.0
OUTLINE = shapely.MultiPolygon([shapely.box(106.64, 20.86, 106.68, 20.89)])


def add_ward(settings: Settings, code: str = "11311", srid: int = 9210) -> None:
    """The ward that the files are for."""
    ward = NewUnit(code, "Hồng Bàng", srid=srid, boundary=OUTLINE)
    run(settings, lambda connection: add_unit(connection, ward, "test"))


@contextmanager
def begun_ward(
    server: Settings, folder: Path, parcels: Sequence[dict[str, Any]] = (), rows: Sequence[dict[str, Any]] = ()
) -> Iterator[Settings]:
    """A registry where the ward has parcels, and forms for them, taken in from files that are written to `folder`."""
    with clone_of(server) as settings:
        add_ward(settings)
        if parcels:
            intake_parcels(settings, write_parcels(folder / "parcels.gpkg", parcels), "11311", by="test")
        if rows:
            intake_form(settings, write_form(folder / "form.xlsx", rows), "11311", by="test")
        yield settings


def square(column: int, row: int = 0, size: float = 10.0) -> shapely.Polygon:
    """A parcel of 10 × 10 m; neighbours share their corners."""
    west, south = EAST + column * 10, NORTH + row * 10
    return shapely.box(west, south, west + size, south + size)


def parcel(number: object, shape: object = None, sheet: object = "1", **more: Any) -> dict[str, Any]:
    """A row of a map file, under the names that cadastral software gives."""
    column = number if isinstance(number, int) else 0
    row: dict[str, Any] = {
        "shbando": sheet,
        "tyle": 500,
        "shthua": number,
        "kyhieumucd": "ODT",
        "dtpl": 100.0,
        "tdp": "01",
        "diachi": f"Số {number} phố Thử Nghiệm",
        "geometry": square(column) if shape is None else shape,
    }
    return row | more


def write_parcels(
    path: Path, rows: Sequence[dict[str, Any]], crs: str | None = "EPSG:9210", drop: Sequence[str] = (), **options: Any
) -> Path:
    """A map file; its format follows from the suffix."""
    fields = [name for name in rows[0] if name != "geometry" and name not in drop]
    cells = [[row[name] for row in rows] for name in fields]
    columns: list[Any] = [np.array(column, dtype=_dtype(column)) for column in cells]
    geometries = [row["geometry"] for row in rows]
    wkb = [shape if isinstance(shape, bytes | None) else shapely.to_wkb(shape) for shape in geometries]
    options.setdefault("geometry_type", "Unknown" if path.suffix != ".shp" else "Polygon")
    pyogrio.raw.write(path, np.array(wkb, dtype=object), columns, fields, crs=crs, encoding="UTF-8", **options)
    return path


def _dtype(values: Sequence[object]) -> type:
    kinds = {type(value) for value in values}
    return next(iter(kinds)) if kinds <= {int} or kinds <= {float} else object


LAND = ["Loại đất", "Diện tích", "Nguồn gốc", "Hình thức sử dụng", "Thời hạn"]
# Group header → its columns; a group without columns is one column merged downwards. As in notes §1.4.
FORM: list[tuple[str, list[str]]] = [
    ("Mã ĐVHC cấp xã (2 cấp)", []),
    ("Thông tin Giấy chứng nhận", ["Số phát hành GCN", "Ngày cấp GCN", "Số vào sổ"]),
    ("Tổ chức", ["Tên tổ chức", "Số định danh tổ chức"]),
    (
        "Cá nhân, hộ gia đình, cộng đồng dân cư",
        [
            "Họ tên chủ / người đại diện",
            "Ngày tháng năm sinh",
            "Giới tính",
            "Số ĐDCN/CCCD",
            "Địa chỉ thường trú",
            "Pháp nhân trên GCN",
            "Vai trò pháp nhân",
        ],
    ),
    (
        "Người sử dụng hiện tại (nếu có)",
        [
            "Tên người sử dụng hiện tại",
            "CCCD người sử dụng hiện tại",
            "Địa chỉ (2 cấp) người hiện tại",
            "Lý do thay đổi",
        ],
    ),
    ("Mã định danh thửa đất", []),
    ("Thửa đất", ["Số tờ trên GCN", "Số thửa trên GCN", "Số tờ BĐĐC", "Số thửa BĐĐC"]),
    ("Địa chỉ thửa (chi tiết, không xã/tỉnh)", []),
    ("Diện tích thửa", []),
    *[(f"Mục đích sử dụng {n}", [f"{name} {n}" for name in LAND]) for n in (1, 2, 3)],
    (
        "Tài sản gắn liền với đất",
        [
            "Loại tài sản gắn liền với đất",
            "Tên khu nhà chung cư / hỗn hợp",
            "Tên nhà chung cư",
            "Số căn hộ",
            "Diện tích xây dựng",
            "Diện tích sàn",
            "Hình thức sở hữu",
            "Thời hạn sở hữu",
            "Cấp (hạng)",
        ],
    ),
    ("Tên tập tin quét", []),
]
SHARE: tuple[str, list[str]] = ("Phần quyền (nếu có)", [])


def form_row(number: int, **more: Any) -> dict[str, Any]:
    """A row of PL3-01: one person, one certificate, one parcel."""
    row: dict[str, Any] = {
        "Mã ĐVHC cấp xã (2 cấp)": "11311",
        "Số phát hành GCN": f"AA {number:08}",
        "Ngày cấp GCN": "05/03/2015",
        "Số vào sổ": f"CH{number:05}",
        "Họ tên chủ / người đại diện": f"Nguyễn Văn Thử {chr(64 + number)}",
        "Ngày tháng năm sinh": f"0{number}/02/1970",
        "Giới tính": "Nam",
        "Số ĐDCN/CCCD": f"999070{number:06}",
        "Địa chỉ thường trú": "Số 1 phố Thử Nghiệm",
        "Pháp nhân trên GCN": "Cá nhân",
        "Vai trò pháp nhân": "Cá nhân",
        "Số tờ trên GCN": "7",
        "Số thửa trên GCN": number + 100,
        "Số tờ BĐĐC": 1,
        "Số thửa BĐĐC": number,
        "Diện tích thửa": 100.0,
        "Loại đất 1": "Đất ở tại đô thị",
        "Diện tích 1": "80,5",
        "Nguồn gốc 1": "Nhà nước công nhận QSDĐ",
        "Hình thức sử dụng 1": "Sử dụng riêng",
        "Thời hạn 1": "Lâu dài",
        "Loại đất 2": "Đất trồng cây lâu năm",
        "Diện tích 2": "19,5",
        "Tên tập tin quét": f"AA {number:08}-GCN.pdf",
    }
    return row | more


def write_form(
    path: Path,
    rows: Sequence[dict[str, Any]],
    groups: Sequence[tuple[str, list[str]]] = FORM,
    *,
    tail: Sequence[Sequence[Any]] | None = None,
) -> Path:
    """A workbook with PL3-01: title, merged headers in rows 3–5, column numbers, data, sign block."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("PL3-01")
    sheet.merge_range(0, 0, 0, 20, "DANH SÁCH THÔNG TIN THỬA ĐẤT Ở ĐÃ ĐƯỢC CẤP GCN NHƯNG CHƯA XÂY DỰNG CSDL")
    sheet.merge_range(2, 0, 4, 0, "Số TT")
    names: list[str] = []
    for group, columns in groups:
        first = len(names) + 1
        if not columns:
            sheet.merge_range(2, first, 4, first, group)
        elif len(columns) > 1:
            sheet.merge_range(2, first, 2, first + len(columns) - 1, group)
        for offset, column in enumerate(columns):
            sheet.merge_range(3, first + offset, 4, first + offset, column)
        names += columns or [group]
    for index in range(len(names)):
        sheet.write(5, index + 1, index + 1)
    for number, row in enumerate(rows):
        sheet.write(6 + number, 0, number + 1)
        for index, name in enumerate(names):
            if row.get(name) is not None:
                sheet.write(6 + number, index + 1, row[name])
    signs = [
        ["Cộng: 2 thửa"],
        [],
        ["", "Ngày 05 tháng 9 năm 2025"],
        ["", "Đại diện đơn vị lập ký tên, đóng dấu"],
        ["", "Trần Văn Ký"],
    ]
    for number, cells in enumerate(signs if tail is None else tail):
        for index, value in enumerate(cells):
            sheet.write(6 + len(rows) + number, index, value)
    book.close()
    return path


RESULTS = [
    *[
        "TO_SO",
        "SO_THU_TU",
        "DIEN_TICH",
        "SOSERIAL_GCN",
        "HOTEN_CHU",
        "NAM_SINH",
        "DIA_CHI",
        "LOAI_GIAYTO",
        "SO_GIAYTO",
    ],
    *["KET_QUA", "GHI_CHU", "NGUON_DULIEU"],
]


def result_row(number: int, result: str, **more: str) -> dict[str, str]:
    """A row of the file that comes back from the population database; all cells are text."""
    row = {
        "TO_SO": "1",
        "SO_THU_TU": str(number),
        "DIEN_TICH": "100",
        "SOSERIAL_GCN": f"AA {number:08}",
        "HOTEN_CHU": f"NGUYỄN VĂN THỬ {chr(64 + number)}",
        "NAM_SINH": "1970",
        "LOAI_GIAYTO": "CCCD",
        "SO_GIAYTO": f"999070{number:06}",
        "KET_QUA": result,
        "NGUON_DULIEU": "CSDLQG về dân cư",
    }
    return row | more


def write_table(path: Path, headers: Sequence[str], rows: Sequence[dict[str, Any]]) -> Path:
    """A plain workbook: one header row, then data."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Sheet1")
    for index, name in enumerate(headers):
        sheet.write(0, index, name)
        for number, row in enumerate(rows, start=1):
            if row.get(name):
                sheet.write(number, index, row[name])
    book.close()
    return path


def copy_shapefile(path: Path, to: Path, *, without: str) -> Path:
    """A Shapefile that lost one of its files on the way."""
    to.mkdir()
    for part in path.parent.glob(f"{path.stem}.*"):
        if part.suffix != without:
            shutil.copy(part, to / part.name)
    return to / path.name
