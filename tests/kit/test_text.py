"""Names compare equal when a person would say they are the same, and not otherwise."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.kit.text import clean_text, name_key, plain_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Văn An", "NGUYỄN VĂN AN"),
        ("Nguyễn Văn An", "  nguyễn\u00a0văn   an "),
        ("Ông: Nguyễn Văn An", "Nguyễn Văn An"),
        ("Hộ ông Nguyễn Văn An", "Nguyễn Văn An"),
        ("Bà Lê Thị Hoà", "Lê Thị Hòa"),
        ("Trần Thuý", "Trần Thúy"),
        ("Ðặng Văn Đạt", "Đặng Văn Đạt"),
        (unicodedata.normalize("NFD", "Phạm Thị Thuỷ"), "Phạm Thị Thủy"),
    ],
)
def test_same_person(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Nguyễn Văn An", "Nguyễn Văn Ân"), ("Lê Thị Hòa", "Lê Thị Hoa"), ("Dương", "Đương"), ("Khoá", "Khoa")],
)
def test_other_person(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=40))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(alphabet="hoàhòathuỷthủyOÀÚY ", max_size=20))
def test_key_of_a_key_is_itself(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Nguyễn Văn Ấn", "nguyen van an"),
        ("  ĐẶNG\u00a0Thị  Thuỷ ", "dang thi thuy"),
        (unicodedata.normalize("NFD", "Ðỗ Ưng Hoà"), "do ung hoa"),
        ("Y-Blô Êban", "y blo eban"),
        ("Công ty TNHH Thép 41 (đã đóng)", "cong ty tnhh thep da dong"),
        ("123", ""),
    ],
)
def test_a_plain_name_keeps_words_and_their_order(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@given(st.text(max_size=40))
def test_a_plain_name_is_plain(name: str) -> None:
    plain = plain_name(name)
    assert plain_name(plain) == plain
    assert all(word.isascii() and word.isalpha() and word.islower() for word in plain.split(" ") if plain)
