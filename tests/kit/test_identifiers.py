"""Ids and map numbers from cells."""

from __future__ import annotations

import re
from itertools import islice
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gisland.kit.identifiers import (
    Gender,
    IdWarning,
    PersonalIdFacts,
    id_inconsistencies,
    map_number,
    mask_ids,
    organisation_id_inconsistencies,
    parse_personal_id,
    parse_personal_ids,
    personal_id_facts,
    tax_check_digit,
)
from gisland.kit.text import plain_key
from gisland.registry.codes import load_codes
from gisland.settings import Settings


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("'999070000001", "999070000001"),
        (99_070_000_001, "099070000001"),
        (99_070_000_001.0, "099070000001"),
        ("999 070 000 001", "999070000001"),
        ("999070001", "999070001"),
    ],
)
def test_ids_are_repaired(cell: object, number: str) -> None:
    parsed = parse_personal_id(cell)
    assert parsed is not None
    assert parsed.number == number
    assert number not in repr(parsed)


def test_lost_digits_are_not_invented() -> None:
    assert parse_personal_id("9,9907E+11") is None
    assert parse_personal_id("không rõ") is None


def test_two_ids_in_a_cell() -> None:
    assert [found.number for found in parse_personal_ids("999070000001; 999170000002")] == [
        "999070000001",
        "999170000002",
    ]
    assert len(parse_personal_ids("999070000001 và 999170000002")) == 2
    assert len(parse_personal_ids("999.070.000.001")) == 1


@given(st.text(), st.integers(10**8, 10**12 - 1), st.text())
def test_no_id_survives_masking(before: str, number: int, after: str) -> None:
    assert str(number) not in mask_ids(f"{before}{number}{after}")


GROUPINGS = [(3, 3, 3, 3), (3, 3, 6), (6, 6), (4, 4, 4)]
SEPARATORS = [*" .-–,/_", ", ", " / ", " - ", "\u00a0", "\u00ad", "\u2060", "\u200b", "\u2011", "\u00ad/"]
WORDS = st.text("aơ Đ(:#")


@given(WORDS, st.integers(10**8 + 1, 399_999_999), st.sampled_from(GROUPINGS), st.sampled_from(SEPARATORS), WORDS)
def test_no_grouped_id_survives_masking(before: str, rest: int, sizes: tuple[int, ...], sign: str, after: str) -> None:
    """Ids begin with 000, which no province has; the rest is century and sex, year and number."""
    number = f"000{rest}"
    assume(number[6:] != "000000")
    assume(not any(20 > int(year) // 100 >= 19 or year[:2] == "20" for year in (number[4:8], number[8:])))
    digits = iter(number)
    grouped = sign.join("".join(islice(digits, size)) for size in sizes)
    assert number not in re.sub(r"\D", "", mask_ids(f"{before}{grouped}{after}"))
    # In a code dashes and slashes part numbers.
    if not set(sign) & set("-–/\u2011"):
        assert number not in re.sub(r"\D", "", mask_ids(f"{before}{grouped}{after}", code=True))


@pytest.mark.parametrize(
    "text",
    [
        "thửa 34, 35, 36, 37, 38, 39",
        "thửa 123, 124, 125, 126",
        "thửa 123/124/125 tờ 54",
        "thửa 001, 002, 003",
        "tổ 01, 02, 03, 04, 05, 06",
        "từ 05/03/2015, đến 06/04/2016",
        "QĐ 1234/2015/0045",
        "12/2026/QĐ-UBND",
        "150,000,000 đồng",
        "1,234,567.8 m²",
        "scan_20260115_0912",
        "594000, 2309000",
    ],
)
def test_lists_dates_and_amounts_are_not_masked(text: str) -> None:
    assert mask_ids(text) == text
    assert mask_ids(text, code=True) == text


@pytest.mark.parametrize("text", ["18/207654/117890", "05-2013-001234", "725500-6-(11)", "123/2015/CH", "TĐ03-2014"])
def test_codes_are_not_masked(text: str) -> None:
    assert mask_ids(text, code=True) == text


@pytest.mark.parametrize("text", ["999/070/000/001", "999070/000001", " 999070-000001 "])
def test_a_whole_code_that_is_one_id_is_masked(text: str) -> None:
    assert mask_ids(text, code=True).strip() == "999*****0001"


@pytest.mark.parametrize("text", ["999 070 000 001", "999.070.000.001", "999070 000001", "999-070-000-001"])
def test_a_code_that_is_one_id_is_masked(text: str) -> None:
    assert mask_ids(text, code=True) == "999*****0001"
    assert mask_ids(f"Tổ {text}", code=True) == "Tổ 999*****0001"


def test_what_is_no_id_is_not_masked() -> None:
    for text in ("AA 00000001", "CH00123", "Số 12 ngõ 34/56", "05/03/2015"):
        assert mask_ids(text) == text
    assert mask_ids("CC 999 070 000 001.") == "CC 999*****0001."
    assert mask_ids("05-2013-001234", code=True) == "05-2013-001234"
    assert mask_ids("CC 999070000001", code=True) == "CC 999*****0001"


def test_map_numbers() -> None:
    assert [map_number(cell) for cell in ("012", 12, 12.0, "12.0", " 12 ", "0")] == ["12", "12", "12", "12", "12", "0"]
    assert map_number("TĐ03-2014") == "TĐ03-2014"
    assert map_number("12a") == "12a"
    assert map_number(None) == ""


def test_plain_key() -> None:
    assert plain_key("Số tờ BĐĐC") == plain_key("so_to_bddc") == "sotobddc"
    assert plain_key("Ðịa chỉ (*)") == "diachi"


@pytest.mark.parametrize(
    ("number", "facts"),
    [
        ("999070000001", PersonalIdFacts("999", "male", 1970)),
        ("999170000001", PersonalIdFacts("999", "female", 1970)),
        ("999205000001", PersonalIdFacts("999", "male", 2005)),
        ("999300000001", PersonalIdFacts("999", "female", 2000)),
        ("999999000001", PersonalIdFacts("999", "female", 2399)),
        ("99907000000", None),
        ("999070001", None),
        ("99907000000A", None),
        ("٩٩٩٠٧٠٠٠٠٠٠١", None),
    ],
)
def test_what_a_personal_id_says(number: str, facts: PersonalIdFacts | None) -> None:
    assert personal_id_facts(number) == facts


def test_centuries() -> None:
    found = [personal_id_facts(f"999{digit}99000001") for digit in range(10)]
    assert [facts and facts.century for facts in found] == [1900, 1900, 2000, 2000, 2100, 2100, 2200, 2200, 2300, 2300]


@pytest.mark.parametrize(
    ("number", "gender", "birth_year", "warnings"),
    [
        ("999070000001", "male", 1970, []),
        ("999070000001", None, None, []),
        ("999070000001", "female", 1970, ["gender"]),
        ("999070000001", "male", 1971, ["birth_year"]),
        ("999070000001", "male", 2070, ["birth_year"]),
        ("999170000001", "male", 1907, ["gender", "birth_year"]),
        ("999299000001", None, None, ["future"]),
        ("999226000001", "male", 2026, []),
        ("999070001", "female", 1950, []),  # a CMND says neither
        ("99907000", None, None, ["shape"]),
        ("9990700000011", None, None, ["shape"]),
        ("", None, None, ["shape"]),
    ],
)
def test_ids_that_do_not_fit_are_told(
    number: str, gender: Gender | None, birth_year: int | None, warnings: list[str]
) -> None:
    assert id_inconsistencies(number, gender, birth_year, this_year=2026) == warnings


@given(st.sampled_from(["male", "female"]), st.integers(1900, 2026), st.integers(0, 999_999))
def test_a_rightly_made_id_is_consistent(gender: Gender, year: int, serial: int) -> None:
    number = f"999{(year - 1900) // 100 * 2 + (gender == 'female')}{year % 100:02}{serial:06}"
    assert id_inconsistencies(number, gender, year, this_year=2026) == []
    assert personal_id_facts(number) == PersonalIdFacts("999", gender, year)
    other: Gender = "male" if gender == "female" else "female"
    assert id_inconsistencies(number, other, year + 1, this_year=2026) == ["gender", "birth_year"]


# Codes of well-known companies, as they publish them; the first is the example of python-stdnum.
@pytest.mark.parametrize("number", ["0100233488", "0100112437", "0300588569", "0101248141", "0100109106", "0100100079"])
def test_published_tax_codes_have_the_check_digit(number: str) -> None:
    assert tax_check_digit(number[:9]) == int(number[9])
    assert organisation_id_inconsistencies(number) == []
    assert organisation_id_inconsistencies(f"{number}-001") == []
    assert organisation_id_inconsistencies(f"{number}001") == []
    wrong = number[:9] + str((int(number[9]) + 1) % 10)
    assert organisation_id_inconsistencies(wrong) == ["check_digit"]


def test_organisation_ids() -> None:
    assert organisation_id_inconsistencies("0100233488000") == ["branch"]
    assert tax_check_digit("000000000") is None
    assert organisation_id_inconsistencies("0000000007") == []  # the rule gives no digit
    for number in ("999000000001", "A01B02", "", "12345"):  # maybe given by the police
        assert organisation_id_inconsistencies(number) == []


@given(st.text("0123456789", min_size=9, max_size=9))
def test_one_mistyped_digit_is_noticed(first_nine: str) -> None:
    """Weights that are no multiple of 11 see every single mistake."""
    check = tax_check_digit(first_nine)
    if check is None:
        return
    for place in range(9):
        digit = str((int(first_nine[place]) + 1) % 10)
        mistyped = first_nine[:place] + digit + first_nine[place + 1 :]
        if tax_check_digit(mistyped) is not None:
            assert organisation_id_inconsistencies(f"{mistyped}{check}") == ["check_digit"]


def test_warnings_have_names_in_both_languages() -> None:
    assert set(get_args(IdWarning)) == set(load_codes(Settings()).code_list("identifier_warnings").by_code)
