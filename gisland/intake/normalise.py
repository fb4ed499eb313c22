"""Cells as values: what people and spreadsheets do to numbers, dates and names, undone where that is safe.

Habits: notes on Excel and text (§8.3). A value that can be read in two ways is an error, never a guess.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction

from gisland.kit.identifiers import mask_ids
from gisland.kit.text import clean_text, strip_title
from gisland.registry.parcel_code import is_parcel_code

# The first day that Excel counts is 1900-01-01; it also counts a 1900-02-29 that never was.
EXCEL_EPOCH = dt.date(1899, 12, 30)
# 1,000 km². A national id of 10 to 12 digits that strayed into the column is no area.
LARGEST_AREA = 1e9
LONGEST_LAND_TYPE = 40  # 'Đất bằng trồng cây hàng năm khác' and the like are written out
FIRST_YEAR, LAST_YEAR = 1850, 2150
_UNIT = re.compile(r"\s*m(?:2|²)\s*$", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?")
_MONTH = re.compile(r"(\d{1,2})[/.\-](\d{4})")
_DEAD = re.compile(r"\s*[\(\[]\s*((?:đã\s+)?(?:chết|mất)[^)\]]*)[)\]]\s*", re.IGNORECASE)


class Unreadable(ValueError):
    """A cell that cannot be read; the text says why, in both languages, without the value."""


def number(value: object) -> float | None:
    """A number from a cell: 1234.5, '1.234,5', '60,5 m²'. The comma is the decimal sign, as people write it here.

    Raises:
        Unreadable: it is no number, or one that can be read in two ways ('123.456').
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if value != value else float(value)
    text = _UNIT.sub("", clean_text(value)).replace(" ", "")
    if not text:
        return None
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        raise Unreadable("đọc được hai cách, hãy ghi không có dấu chấm · can be read in two ways, write it without dot")
    if "," in text or text.count(".") > 1:
        whole, _, part = text.partition(",")
        if re.fullmatch(r"\d+|\d{1,3}(?:\.\d{3})+", whole) and re.fullmatch(r"\d*", part):
            return float(f"{whole.replace('.', '')}.{part or 0}")
    elif re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    raise Unreadable("không phải số, hãy ghi như 60,5 · is not a number, write it like 60,5")


def area(value: object) -> float | None:
    """An area in m², not negative.

    Raises:
        Unreadable: as `number`, or below zero, or larger than a parcel can be.
    """
    found = number(value)
    if found is not None and not 0 <= found < LARGEST_AREA:
        raise Unreadable("diện tích không hợp lý · is no area")
    return found


def scale(value: object) -> int:
    """The denominator of a map scale from 500, '1:500' or '1/500'.

    Raises:
        Unreadable: it is none of these.
    """
    text = clean_text(value).removesuffix(".0")
    found = re.fullmatch(r"(?:1\s*[:/]\s*)?(\d{1,7})", text.replace(".", ""))
    if not found:
        raise Unreadable("không phải tỷ lệ, ví dụ 500 hoặc 1:500 · is no scale, like 500 or 1:500")
    return int(found.group(1))


def parcel_code(value: object) -> str | None:
    """A parcel code (mã định danh thửa đất: GeoHash of 12 characters, circular 19/2026/TT-BNNMT); None when empty.

    Raises:
        Unreadable: it is none.
    """
    text = clean_text(value).lower()
    if text and not is_parcel_code(text):
        raise Unreadable("không phải mã định danh thửa 12 ký tự · is no parcel code of 12 characters")
    return text or None


def sheet_name(value: object) -> str | None:
    """The name of a map sheet (danh pháp mảnh, `725500-6-(11)`), without spaces; None when empty or perhaps an id."""
    text = clean_text(value).replace(" ", "")
    return text if text and mask_ids(text, code=True) == text else None


def land_types(value: object) -> str:
    """The land types of a parcel, 'ODT+CLN', each as the source spells it.

    They are published, so a text that is no land type must not pass for one.

    Raises:
        Unreadable: one is too long to be a land type.
    """
    parts = [part for part in re.split(r"\s*[+;,]\s*", mask_ids(clean_text(value))) if part]
    if any(len(part) > LONGEST_LAND_TYPE for part in parts):
        raise Unreadable("không phải loại đất, ví dụ ODT+CLN · is no land type, like ODT+CLN")
    return "+".join(parts)


@dataclass(frozen=True)
class When:
    """A date, or the year alone when that is all that is known."""

    date: dt.date | None = None
    year: int | None = None


def when(value: object, *, today: dt.date | None = None) -> When:
    """A date from a cell: a real date, dd/mm/yyyy, d/m/yy, 7 or 8 digits, mm/yyyy, a year, an Excel day number.

    Raises:
        Unreadable: it is none of these, or a day that is in no calendar.
    """
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        return When(value, value.year)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = clean_text(value).replace(" ", "")
    if not text:
        return When()
    if found := _DATE.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
        return _day(_century(year, today) if len(found.group(3)) == 2 else year, month, day)
    if found := _ISO_DATE.fullmatch(text):
        return _day(*(int(part) for part in found.groups()))
    if found := _MONTH.fullmatch(text):
        return _year(int(found.group(2)))
    if text.isascii() and text.isdigit():
        return _digits(text)
    raise Unreadable("không phải ngày dd/mm/yyyy · is no date dd/mm/yyyy")


def _digits(text: str) -> When:
    """A date without separators: a year, ddmmyyyy (its zero may be lost), yyyymmdd, or Excel's day number."""
    if len(text) in (7, 8):
        padded = text.zfill(8)
        try:
            return _day(int(padded[4:]), int(padded[2:4]), int(padded[:2]))
        except Unreadable:
            if len(text) == 7:
                raise
            return _day(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) == 4:
        return _year(int(text))
    if len(text) == 5:
        date = EXCEL_EPOCH + dt.timedelta(days=int(text))
        return When(date, date.year)
    raise Unreadable("không phải ngày dd/mm/yyyy · is no date dd/mm/yyyy")


def _century(year: int, today: dt.date | None) -> int:
    this_year = (today or dt.datetime.now(tz=dt.UTC).date()).year
    return year + (2000 if 2000 + year <= this_year else 1900)


def _year(year: int) -> When:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("năm không hợp lý · is no likely year")
    return When(None, year)


def _day(year: int, month: int, day: int) -> When:
    _year(year)
    try:
        return When(dt.date(year, month, day), year)
    except ValueError:
        raise Unreadable("không có ngày này trong lịch · is no day of the calendar") from None


def share(value: object) -> Fraction | None:
    """A share from '1/2', '50%' or 1.

    Raises:
        Unreadable: it is no fraction above 0 and up to 1.
    """
    # A spreadsheet reads 1/2 as the first of February (or the second of January).
    if isinstance(value, dt.date):
        raise Unreadable("Excel đã đổi thành ngày, hãy định dạng ô là văn bản · has become a date, make the cell text")
    text = clean_text(value).replace(" ", "").replace(",", ".")
    if not text:
        return None
    try:
        found = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise Unreadable("không phải phân số như 1/2 · is no fraction like 1/2") from None
    if not 0 < found <= 1 or found.denominator > 1_000_000:
        raise Unreadable("phần quyền phải từ trên 0 đến 1 · a share is above 0 and at most 1")
    return found


def person_name(value: object) -> tuple[str, str]:
    """A name without titles, and the remark '(đã chết)' that people write behind it."""
    text = clean_text(value)
    remarks = [clean_text(found) for found in _DEAD.findall(text)]
    return strip_title(_DEAD.sub(" ", text).strip()), "; ".join(remarks)
