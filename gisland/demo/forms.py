"""Form PL3-01 (công văn 2071/QLĐĐ-TKKTĐĐ, 5/9/2025): one workbook per residential group, as people fill it in.

One row is one certificate × parcel × person. Columns, numbers and drop-downs follow the official
workbook.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from gisland.demo.dirt import Clerk
from gisland.demo.files import WARD_CODE
from gisland.demo.holdings import Building, Right
from gisland.demo.people import COMMUNITY, ORGANISATION, PARTIES, ROLES, Party, Person

TITLE = "DANH SÁCH THÔNG TIN THỬA ĐẤT Ở ĐÃ ĐƯỢC CẤP GIẤY CHỨNG NHẬN NHƯNG CHƯA XÂY DỰNG CƠ SỞ DỮ LIỆU"
_LAND = ("Loại đất", "Diện tích", "Nguồn gốc", "Hình thức sử dụng", "Thời hạn")
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("Số TT", "Mã ĐVHC cấp xã (2 cấp)")),
    ("Giấy chứng nhận", ("Số phát hành GCN", "Ngày cấp GCN", "Số vào sổ")),
    ("Tổ chức", ("Tên tổ chức", "Số định danh tổ chức")),
    (
        "Người sử dụng đất, chủ sở hữu tài sản trên Giấy chứng nhận",
        ("Họ tên chủ / người đại diện", "Ngày tháng năm sinh", "Giới tính", "Số ĐDCN/CCCD", "Địa chỉ thường trú",
         "Pháp nhân trên GCN", "Vai trò pháp nhân"),
    ),
    (
        "Người sử dụng đất hiện tại (nếu có thay đổi)",
        ("Tên người sử dụng hiện tại", "CCCD người sử dụng hiện tại",
         "Địa chỉ (2 cấp) người hiện tại", "Lý do thay đổi"),
    ),
    (
        "Thửa đất",
        ("Mã định danh thửa đất", "Số tờ trên GCN", "Số thửa trên GCN", "Số tờ BĐĐC", "Số thửa BĐĐC",
         "Địa chỉ thửa (chi tiết)", "Diện tích thửa"),
    ),
    ("Mục đích sử dụng đất", tuple(f"{name} {number}" for number in (1, 2, 3) for name in _LAND)),
    (
        "Tài sản gắn liền với đất",
        ("Loại tài sản gắn liền với đất", "Tên khu nhà chung cư / hỗn hợp", "Tên nhà chung cư", "Số căn hộ",
         "Diện tích xây dựng", "Diện tích sàn", "Hình thức sở hữu", "Thời hạn sở hữu", "Cấp (hạng)"),
    ),
    ("", ("Tên tập tin quét", "Phần quyền (nếu có)")),
)  # fmt: skip
"""Groups of columns and the columns in them: A:AX, then the shares in AY."""
FIRST_ROW = 6
"""Zero-based row where the data begin (row 7 of the sheet)."""
MOMENT = dt.datetime(2025, 9, 15, tzinfo=dt.UTC)


def write_forms(
    folder: Path, rights: list[Right], columns: dict[str, NDArray[Any]], areas: NDArray[np.float64], clerk: Clerk
) -> tuple[list[Path], int]:
    """Write the workbook of each group that has a right; returns the files and the number of rows in all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("PL3-01_TDP-*.xlsx"):
        old.unlink()
    by_group: dict[str, list[Right]] = {}
    for right in rights:
        by_group.setdefault(str(columns["tdp"][right.parcel]), []).append(right)
    files, total = [], 0
    for group in sorted(by_group):
        rows = [row for right in by_group[group] for row in form_rows(right, columns, areas, clerk)]
        files.append(folder / f"PL3-01_TDP-{group}.xlsx")
        write_form(files[-1], group, rows)
        total += len(rows)
    return files, total


def form_rows(
    right: Right, columns: dict[str, NDArray[Any]], areas: NDArray[np.float64], clerk: Clerk
) -> list[list[Any]]:
    """The rows of one right: one for each member of the party (column A is numbered later)."""
    certificate, party = right.certificate, right.party
    place = _place(right, columns, areas, clerk)
    head = [
        WARD_CODE,
        clerk.serial(certificate.serial),
        clerk.date(certificate.issued),
        clerk.text(certificate.book_no),
    ]
    named = [party.name, party.code] if party.kind == ORGANISATION else ["", ""]
    rows = []
    for at, person in enumerate(party.members or [None]):
        who = _who(person, party, clerk)
        user = ["", "", "", ""]
        if right.user is not None and at == 0:
            user = [
                clerk.name(right.user, ""),
                clerk.number(right.user.number),
                clerk.text(right.user.address),
                right.reason,
            ]
        share = party.shares[at] if party.shares else ""
        rows.append(["", *head, *named, *who, party.kind, party.roles[at], *user, "", *place, share])
    return rows


def _place(right: Right, columns: dict[str, NDArray[Any]], areas: NDArray[np.float64], clerk: Clerk) -> list[Any]:
    """Columns 19–49: the parcel on paper and on the map, its land uses, the house, the scan."""
    parcel, certificate = right.parcel, right.certificate
    sheet, number = str(columns["shbando"][parcel]), int(columns["shthua"][parcel])
    legal = columns["dtpl"][parcel]
    area = round(float(areas[parcel] if np.isnan(legal) else legal), 1)
    paper = (
        [sheet, number]
        if certificate.issued.year >= 2010 or not clerk.often(0.7)
        else [clerk.old_number(60), clerk.old_number(300)]
    )
    types = str(columns["kyhieumucd"][parcel])
    building = right.building
    if building is not None:
        asset = _building(building, clerk)
    else:
        asset = _house(area, clerk) if "ODT" in types and area < 400 and clerk.often(0.45) else [""] * 9
    # The certificate of a flat says nothing of how the land under its tower is used.
    flat = building is not None and building.number
    land = [""] * 15 if flat else _land_uses(types, area, right.party.kind, clerk)
    scan = f"{certificate.serial.replace(' ', '')}-GCN.pdf" if certificate.serial else ""
    address = clerk.text(str(columns["diachi"][parcel]))
    return [*paper, sheet, number, address, clerk.area(area), *land, *asset, scan]


def _house(area: float, clerk: Clerk) -> list[Any]:
    """Columns 40–48: a house of two and a half storeys on three quarters of the parcel."""
    built, floors = clerk.area(round(0.75 * area, 1)), clerk.area(round(1.9 * area, 1))
    return ["Nhà ở riêng lẻ", "", "", "", built, floors, "Sở hữu riêng", "Lâu dài", "Cấp 3"]


def _building(building: Building, clerk: Clerk) -> list[Any]:
    """Columns 40–48: a tower, or a flat in it."""
    kind = "Căn hộ chung cư" if building.number else "Nhà chung cư"
    areas = ["" if area is None else clerk.area(area) for area in (building.footprint, building.floor_area)]
    names = [clerk.text(building.estate), clerk.text(building.name), building.number]
    return [kind, *names, *areas, "Sở hữu riêng", "Lâu dài" if building.number else "50 năm", "Cấp 1"]


def _who(person: Person | None, party: Party, clerk: Clerk) -> list[Any]:
    """Columns 7–11: a member of the party; a community has none."""
    if person is None:
        return [clerk.text(party.name), "", "", "", ""]
    remark = " (đã chết)" if person.state == "deceased" and clerk.often(0.4) else ""
    return [
        clerk.name(person, party.kind) + remark,
        clerk.birthday(person.born),
        "Nữ" if person.woman else "Nam",
        clerk.number(person.number) if party.kind != ORGANISATION else "",
        clerk.text(person.address),
    ]


def _land_uses(types: str, area: float, kind: str, clerk: Clerk) -> list[Any]:
    """Columns 25–39: up to three land types with area, origin, form and term."""
    cells: list[Any] = []
    codes = types.split("+")
    house = min(area, 300.0)  # the limit up to which a garden plot counts as homestead
    parts = [area] if len(codes) == 1 else [house, round(area - house, 1)]
    if len(codes) == 2 and parts[1] <= 0:
        parts = [round(0.6 * area, 1), round(area - round(0.6 * area, 1), 1)]
    for code, part in zip(codes, parts, strict=True):
        farm = code in ("LUC", "LUK", "HNK", "CLN", "NTS")
        origin = "Nhà nước giao đất không thu tiền sử dụng đất" if farm else clerk.origin(kind == ORGANISATION)
        term = "50 năm" if farm or kind == ORGANISATION else "Lâu dài"
        form = "Sử dụng chung" if kind == COMMUNITY else "Sử dụng riêng"
        cells += [code, clerk.area(part), origin, form, term]
    return cells + [""] * (15 - len(cells))


def write_form(path: Path, group: str, rows: list[list[Any]]) -> None:
    """Write one workbook: title, merged headers in rows 3–5, column numbers in row 6, data from row 7, sign block."""
    book = xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"})
    book.set_properties({"title": "PL3-01", "created": MOMENT})
    sheet = book.add_worksheet(f"TDP {group}")
    head = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "text_wrap": True, "border": 1})
    title = book.add_format({"bold": True, "align": "center", "font_size": 13})
    date = book.add_format({"num_format": "dd/mm/yyyy", "border": 1})
    cell = book.add_format({"border": 1})
    width = sum(len(names) for _, names in HEADERS)
    sheet.merge_range(0, 0, 0, width - 2, TITLE, title)
    sheet.merge_range(1, 0, 1, width - 2, f"Tổ dân phố số {group}, phường Hồng Bàng, thành phố Hải Phòng", title)
    column = 0
    for label, names in HEADERS:
        if label:
            sheet.merge_range(2, column, 2, column + len(names) - 1, label, head)
        for name in names:
            sheet.merge_range(3 if label else 2, column, 4, column, name, head)
            sheet.write(5, column, column if column else "A", head)
            column += 1
    for number, row in enumerate(rows):
        _write_row(sheet, FIRST_ROW + number, [number + 1, *row[1:]], cell, date)
    last = FIRST_ROW + len(rows)
    for letter, words in (("M", PARTIES), ("N", ROLES)):
        sheet.data_validation(f"{letter}7:{letter}{last}", {"validate": "list", "source": list(words)})
    sheet.write(last + 1, 40, "Ngày … tháng … năm 2025")
    sheet.write(last + 2, 40, "Đại diện đơn vị lập")
    sheet.write(last + 3, 40, "(ký tên, đóng dấu theo hình thức điện tử)")
    sheet.set_column(0, width - 1, 14)
    sheet.freeze_panes(FIRST_ROW, 3)
    book.close()


def _write_row(sheet: Any, number: int, row: list[Any], cell: Any, date: Any) -> None:
    """Write each value as what it is: text, number or date."""
    for column, value in enumerate(row):
        if isinstance(value, dt.date):
            sheet.write_datetime(number, column, dt.datetime.combine(value, dt.time()), date)
        elif isinstance(value, str):
            if value:
                sheet.write_string(number, column, value, cell)
        else:
            sheet.write_number(number, column, value, cell)
