"""Cells as people write them, and nothing that could be read in two ways."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.intake.normalise import Unreadable, When, area, land_types, number, person_name, scale, share, when


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (60.5, 60.5),
        ("60,5", 60.5),
        ("60.5", 60.5),
        ("1.234,5", 1234.5),
        ("1.234.567", 1234567.0),
        ("1 234,5 m²", 1234.5),
        ("12345.678", 12345.678),
        ("0.125", 0.125),
        ("", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_numbers(cell: object, expected: float | None) -> None:
    assert number(cell) == expected


@pytest.mark.parametrize("cell", ["123.456", "một trăm", "1,2,3", "12-3", "1.23,4.5", "1,234.5"])
def test_what_is_no_number_or_two(cell: str) -> None:
    with pytest.raises(Unreadable):
        number(cell)


def test_an_id_is_no_area() -> None:
    for value in (999070000001.0, "999070000001", 9907000001):
        with pytest.raises(Unreadable):
            area(value)
    assert area(5e8) == 5e8


def test_no_negative_area() -> None:
    with pytest.raises(Unreadable):
        area(-1.0)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("05/03/1970", When(dt.date(1970, 3, 5), 1970)),
        ("5/3/70", When(dt.date(1970, 3, 5), 1970)),
        ("5.3.1970", When(dt.date(1970, 3, 5), 1970)),
        ("5032015", When(dt.date(2015, 3, 5), 2015)),
        ("05032015", When(dt.date(2015, 3, 5), 2015)),
        (5032015.0, When(dt.date(2015, 3, 5), 2015)),
        ("20150305", When(dt.date(2015, 3, 5), 2015)),
        (42068, When(dt.date(2015, 3, 5), 2015)),
        (1970.0, When(None, 1970)),
        ("1970", When(None, 1970)),
        ("03/1970", When(None, 1970)),
        ("2015-03-05", When(dt.date(2015, 3, 5), 2015)),
        (dt.datetime(2015, 3, 5), When(dt.date(2015, 3, 5), 2015)),  # noqa: DTZ001 - a cell knows no time zone
        ("", When()),
        (None, When()),
    ],
)
def test_dates(cell: object, expected: When) -> None:
    assert when(cell, today=dt.date(2026, 11, 22)) == expected


@pytest.mark.parametrize("cell", ["30/02/1970", "13/13/1970", "1/1/1700", "hôm qua", "123456", "99"])
def test_what_is_no_date(cell: str) -> None:
    with pytest.raises(Unreadable):
        when(cell)


def test_two_digit_years_are_not_in_the_future() -> None:
    assert when("1/1/26", today=dt.date(2026, 11, 22)).year == 2026
    assert when("1/1/27", today=dt.date(2026, 11, 22)).year == 1927


@given(st.dates(dt.date(1850, 1, 1), dt.date(2150, 12, 31)))
def test_each_date_is_read_back(date: dt.date) -> None:
    for text in (f"{date:%d/%m/}{date.year:04}", f"{date.day}-{date.month}-{date.year:04}", date.isoformat()):
        assert when(text).date == date


@given(st.integers(0, 10**11), st.integers(0, 99))
def test_each_number_with_decimal_comma_is_read_back(whole: int, part: int) -> None:
    grouped = f"{whole:,}".replace(",", ".")
    assert number(f"{grouped},{part:02}") == number(f"{whole},{part:02}") == float(f"{whole}.{part:02}")


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.dates()))
def test_any_cell_is_read_or_refused(cell: object) -> None:
    told: list[str] = []
    for parse in (number, area, when, share, scale, land_types, person_name):
        try:
            parse(cell)
        except Unreadable as reason:
            told.append(str(reason))
    # Each reason is told to people, in both languages.
    assert all(" · " in reason for reason in told)


def test_shares_scales_and_land_types() -> None:
    assert share("1/2") == Fraction(1, 2)
    assert share("50%") == Fraction(1, 2)
    assert share("0,25") == Fraction(1, 4)
    assert share("") is None
    for cell in ("3/2", "0", "nửa", dt.date(2026, 2, 1)):
        with pytest.raises(Unreadable):
            share(cell)
    assert [scale(cell) for cell in (500, "1:1000", "1/2.000", "500.0")] == [500, 1000, 2000, 500]
    assert land_types(" ODT + CLN") == "ODT+CLN"
    assert land_types("LUC(NTS)") == "LUC(NTS)"


def test_names() -> None:
    assert person_name("Bà: Trần  Thị Thử (đã mất 2019)") == ("Trần Thị Thử", "đã mất 2019")
    assert person_name("Hộ ông Lê Văn Thử") == ("Lê Văn Thử", "")
