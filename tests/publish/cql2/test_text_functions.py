"""CASEI and ACCENTI in the database are what Python's case folding and gisland.kit.text say, letter by letter."""

from __future__ import annotations

import unicodedata

import pytest

from gisland.database import Role, connect
from gisland.kit.text import fold_tone_placement, plain_name, without_accents
from gisland.publish.cql2.text import parse_text
from gisland.publish.words import plain_words
from gisland.settings import Settings
from tests.publish.cql2.conftest import Table

# What PostgreSQL 15 and ICU 72 know; letters that came later have no case there.
KNOWN = "".join(
    chr(code)
    for code in range(1, 0x20000)
    if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) not in {"Cn", "Co"}
)


def test_each_letter_folds_as_unicode_says(table: Table) -> None:
    query = "SELECT letter, cql2.casei(letter) FROM regexp_split_to_table(%s, '') letter"
    wrong = {
        letter: (found, letter.casefold())
        for letter, found in table.connection.execute(query, [KNOWN])
        if found != letter.casefold()
    }
    assert not wrong
    # σ at the end of a word is another small letter.
    for text in ("ΟΔΟΣ ΟΔΟΣ", "Straße STRASSE", "ĐƯỜNG Đường", "ǅ ﬃ İı"):
        row = table.connection.execute("SELECT cql2.casei(%s)", [text]).fetchone()
        assert row == (text.casefold(),)


def test_each_letter_loses_its_accents(table: Table) -> None:
    query = "SELECT letter, cql2.accenti(letter) FROM regexp_split_to_table(%s, '') letter"
    wrong = {
        letter: found for letter, found in table.connection.execute(query, [KNOWN]) if found != without_accents(letter)
    }
    assert not wrong


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Đường Hàm Nghi, tổ 5", "Duong Ham Nghi, to 5"),
        ("ÐỖ THỊ BƯỞI", "DO THI BUOI"),
        ("ngo\u0302\u0303", "ngo"),
        ("Chișinău København Łódź", "Chisinau Kobenhavn Lodz"),
        ("はじめ", "はじめ"),
        ("한글", "한글"),
        ("10 %_\\", "10 %_\\"),
    ],
)
def test_accents_of_words(table: Table, text: str, plain: str) -> None:
    assert without_accents(text) == plain
    assert table.connection.execute("SELECT cql2.accenti(%s)", [text]).fetchone() == (plain,)


def test_each_letter_is_the_same_in_words(settings: Settings) -> None:
    query = "SELECT letter, tsvector_to_array(publish.words(letter)) FROM regexp_split_to_table(%s, '') letter"
    with connect(settings, Role.PUBLIC) as connection:
        found: dict[str, list[str]] = dict(connection.execute(query, [KNOWN]).fetchall())
    assert {letter: words for letter, words in found.items() if words != plain_words(letter)} == {}
    assert [found[letter] for letter in "ŁĐữİß"] == [["l"], ["d"], ["u"], ["i"], []]


def test_names_without_accents_are_the_same_in_search_and_in_filters() -> None:
    for name in ("Nguyễn Thị Quý", "Hoà", "Hòa", "H'Hen Niê", "Đỗ Ðức"):
        assert plain_name(name) == plain_name(without_accents(name))
        assert without_accents(fold_tone_placement(name)).lower() == without_accents(name).lower()


def test_missing_text_stays_missing(table: Table) -> None:
    row = next(place for place, row in enumerate(table.rows) if row["s2"] is None)
    for text in ("CASEI(s2) = 'a'", "ACCENTI(s2) <> 'a'", "CASEI(ACCENTI(s2)) LIKE '%'", "length(s2) = 0"):
        assert table.truths(parse_text(text))[row] is None
    assert table.truths(parse_text("CASEI(s2) IS NULL"))[row] is True
