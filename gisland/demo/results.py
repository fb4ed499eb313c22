"""The file that comes back from the population database (column names as seen in the field, domain notes §1.5)."""

from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from gisland.demo.forms import MOMENT
from gisland.demo.holdings import Right
from gisland.demo.people import ORGANISATION, Person

COLUMNS = (
    "TO_SO", "SO_THU_TU", "DIEN_TICH", "SOSERIAL_GCN", "HOTEN_CHU", "NAM_SINH", "DIA_CHI", "LOAI_GIAYTO", "SO_GIAYTO",
    "KET_QUA", "GHI_CHU", "NGUON_DULIEU",
)  # fmt: skip
WORDS = {
    "verified": "Tìm thấy thông tin, khớp",
    "mismatch": "Tìm thấy thông tin nhưng lệch",
    "not_found": "Không tìm thấy thông tin",
    "deceased": "Đã chết",
    "duplicate": "Trùng số định danh",
    "sent": "",
}
"""Answer for each state; a state that is not here was never sent."""
REMARKS = ("Lệch ngày sinh", "Lệch họ tên", "Lệch thôn/tổ dân phố", "Lệch năm sinh", "Lệch giới tính")
SOURCE = "CSDLQG về dân cư"


def write_results(
    path: Path,
    rights: list[Right],
    columns: dict[str, NDArray[Any]],
    areas: NDArray[np.float64],
    rng: np.random.Generator,
) -> int:
    """Write one row for each person that was sent, with the first parcel of that person; returns the number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(path)
    book.set_properties({"title": "Kết quả đối chiếu", "created": MOMENT})
    sheet = book.add_worksheet("KET_QUA")
    sheet.write_row(0, 0, COLUMNS)
    seen: set[Person] = set()
    for right in rights:
        people = [] if right.party.kind == ORGANISATION else right.party.members
        for person in [*people, *([right.user] if right.user else [])]:
            if person in seen or not person.number or person.state not in WORDS:
                continue
            seen.add(person)
            remark = str(rng.choice(REMARKS)) if person.state == "mismatch" else ""
            parcel = right.parcel
            row = (
                str(columns["shbando"][parcel]), str(columns["shthua"][parcel]), f"{areas[parcel]:.1f}",
                right.certificate.serial,
                person.name.upper(), str(person.born.year), person.address, "CCCD", person.number,
                WORDS[person.state], remark, SOURCE if WORDS[person.state] else "",
            )  # fmt: skip
            for column, text in enumerate(row):
                sheet.write_string(len(seen), column, text)
    book.close()
    return len(seen)
