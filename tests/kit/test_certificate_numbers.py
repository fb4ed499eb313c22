"""Serials and certificate codes have one way to be written; what is something else stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.kit.certificate_numbers import (
    CertificateCode,
    normalise_certificate_code,
    normalise_serial,
    parse_certificate_code,
    serial_hints,
    serial_shape,
)
from gisland.kit.identifiers import serial_key
from gisland.registry.codes import load_codes
from gisland.settings import Settings

LETTERS = "ABCDEGHIKLMNOPQRSTUVXYĂÂĐÊÔƠƯ"
DIGITS = st.text("0123456789", min_size=8, max_size=8)
SERIALS = st.one_of(
    st.tuples(st.text(LETTERS, min_size=1, max_size=2), st.text("0123456789", min_size=6, max_size=6)),
    st.tuples(st.text(LETTERS, min_size=2, max_size=2), DIGITS),
)
AUTHORITIES = load_codes(Settings()).code_list("certificate_authorities")
TYPED = st.text("ABĐÐđabo01IL .-\u00a0", max_size=14)


@pytest.mark.parametrize(
    ("typed", "serial", "shape"),
    [
        ("AB123456", "AB 123456", "old"),
        ("ab  123456", "AB 123456", "old"),
        ("AB.123.456", "AB 123456", "old"),
        ("AB-123456", "AB 123456", "old"),
        ("\u00a0ab\u00a0123456 ", "AB 123456", "old"),
        ("Ð 123456", "Đ 123456", "old"),
        ("đ123456", "Đ 123456", "old"),
        (unicodedata.normalize("NFD", "Ơ 123456"), "Ơ 123456", "old"),
        ("AA 00000001", "AA 00000001", "form_2024"),
        ("AA00000001", "AA 00000001", "form_2024"),
        ("AB 1234567", "AB 1234567", "other"),
        ("A 12345678", "A 12345678", "other"),
        ("123456", "123456", "other"),
        ("số 12/ub", "SỐ 12/UB", "other"),
        ("", "", "none"),
        (None, "", "none"),
        (" - ", "-", "none"),
    ],
)
def test_serials(typed: object, serial: str, shape: str) -> None:
    assert normalise_serial(typed) == serial
    assert serial_shape(typed) == shape


@given(SERIALS, st.sampled_from(["", " ", "  ", ".", " - ", "\u00a0"]), st.booleans())
def test_a_serial_is_the_same_however_it_is_typed(serial: tuple[str, str], between: str, small: bool) -> None:
    typed = between.join(serial)
    assert normalise_serial(typed.lower() if small else typed) == " ".join(serial)
    assert serial_key(normalise_serial(typed)) == serial_key(typed) == "".join(serial)


@given(TYPED)
def test_writing_a_serial_anew_changes_nothing_more(typed: str) -> None:
    once = normalise_serial(typed)
    assert normalise_serial(once) == once
    assert serial_key(once) == serial_key(typed)
    assert serial_shape(once) == serial_shape(typed)


@given(TYPED)
def test_hints_are_serials_and_only_for_what_is_none(typed: str) -> None:
    hints = serial_hints(typed)
    assert all(serial_shape(hint) in ("old", "form_2024") and normalise_serial(hint) == hint for hint in hints)
    assert not hints or serial_shape(typed) == "other"


def test_hints_for_mistaken_signs() -> None:
    assert serial_hints("A0 12345O") == ["AO 123450"]
    assert serial_hints("ABI23456") == ["AB 123456"]
    assert serial_hints("AB 123456") == []
    assert serial_hints("số 12") == []


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("T33100000012", CertificateCode("T3", "31", "00000012")),
        ("t3 31 0000.0012", CertificateCode("T3", "31", "00000012")),
        ("H20100000001", CertificateCode("H2", "01", "00000001")),
        ("T43100000012", None),
        ("T3310000001", None),
        ("", None),
        (None, None),
    ],
)
def test_certificate_codes(typed: object, code: CertificateCode | None) -> None:
    assert parse_certificate_code(typed) == code


@given(st.sampled_from(list(AUTHORITIES.by_code)), st.text("0123456789", min_size=2, max_size=2), DIGITS)
def test_certificate_codes_go_round(authority: str, province: str, number: str) -> None:
    code = parse_certificate_code(authority + province + number)
    assert code is not None
    assert parse_certificate_code(str(code)) == code
    assert str(code) == authority + province + number


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("t3 31.00000123", "T33100000123"),
        ("T13100000123", "T13100000123"),
        ("X3 31 00000123", "X3 31 00000123"),
        ("999070000001", "999*****0001"),
        ("999 070 000 001", "999*****0001"),
        (None, ""),
    ],
)
def test_certificate_codes_are_written_in_one_way(typed: object, written: str) -> None:
    """A code has ten digits in a row and is no id; what is none of them is masked like one."""
    assert normalise_certificate_code(typed) == written
    assert normalise_certificate_code(written) == written
