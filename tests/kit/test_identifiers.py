"""Ids and map numbers from cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.kit.identifiers import map_number, mask_ids, parse_personal_id, parse_personal_ids
from gisland.kit.text import plain_key


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
