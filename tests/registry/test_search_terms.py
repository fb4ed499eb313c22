"""What a typed text can mean; where it can mean two things, both are listed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.kit.identifiers import NationalId
from gisland.registry.search_terms import Identity, Name, ParcelCode, ParcelNumber, Serial, Term, spellings, understand

PERSON = Identity((NationalId("personal", "999085000123"), NationalId("organisation", "999085000123")))


@pytest.mark.parametrize(
    "text",
    [
        "tờ 54 thửa 34",
        "Tờ bản đồ số 54, thửa đất số 34",
        "TO 54 THUA 34",
        "thửa 34, tờ 54",
        "thửa đất số: 34 tờ bản đồ số: 054",
        "sheet 54 parcel 34",
        "to\u031b\u0300 54 thu\u031b\u0309a 34",
    ],
)
def test_words_say_which_number_is_which(text: str) -> None:
    assert understand(text) == [ParcelNumber("34", "54")]


@pytest.mark.parametrize("text", ["54/34", "54 / 34", "54-34", "54 34", "054/34"])
def test_two_numbers_are_read_both_ways_the_usual_one_first(text: str) -> None:
    assert understand(text) == [ParcelNumber("34", "54"), ParcelNumber("54", "34", other_order=True)]


def test_equal_numbers_have_one_reading() -> None:
    assert understand("7/7") == [ParcelNumber("7", "7")]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("thửa 34a", [ParcelNumber("34a")]),
        ("34", [ParcelNumber("34")]),
        ("tờ DC1 thửa 34", [ParcelNumber("34", "dc1")]),
        ("w7er4grxv4kb", [ParcelCode("w7er4grxv4kb")]),
        ("W7ER4GRXV4KB", [ParcelCode("w7er4grxv4kb")]),
        (
            "bk123456",
            [
                Serial("BK123456", ("BK123456",)),
                Identity((NationalId("organisation", "BK123456"),)),
            ],
        ),
        ("999085000123", [PERSON]),
        ("999 085.000-123", [PERSON]),
        ("999123456", [Identity((NationalId("cmnd", "999123456"), NationalId("organisation", "999123456")))]),
        ("9990000001", [Identity((NationalId("organisation", "9990000001"),), NationalId("personal", "009990000001"))]),
        (
            "9990000001-001",
            [Identity((NationalId("other", "9990000001001"), NationalId("organisation", "9990000001001")))],
        ),
        ("Bà Nguyễn Thị Hoà", [Name("nguyễn thị hòa", "nguyen thi hoa")]),
        ("Công ty Thép Minh Thủy 41", [Name("công ty thép minh thủy 41", "cong ty thep minh thuy")]),
        ("", []),
        ("?!", []),
        ("a", []),
    ],
)  # fmt: skip
def test_readings(text: str, terms: list[Term]) -> None:
    assert understand(text) == terms


def test_d_may_be_typed_for_the_other_d() -> None:
    serial = understand("Ðh 123456")[0]
    assert isinstance(serial, Serial)
    assert serial.key == "ĐH123456"
    assert set(serial.variants) == {"DH123456", "ĐH123456"}
    assert spellings("dc1") == ["DC1", "dc1", "ĐC1"]


def test_what_was_typed_is_in_no_representation() -> None:
    """A representation may end up in a log."""
    for text in ("999085000123", "Nguyễn Văn Thử"):
        told = repr(understand(text))
        assert "085000" not in told
        assert "nguyen" not in told
        assert "nguyễn" not in told


@given(st.one_of(st.text(max_size=60), st.text(alphabet="tờthửa 0123456789/-.ĐĐbk", max_size=20)))
def test_whatever_is_typed_is_read_somehow(text: str) -> None:
    assert len(understand(text)) <= 5
