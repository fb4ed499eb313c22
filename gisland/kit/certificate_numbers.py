"""Numbers on certificates (giấy chứng nhận): serial and certificate code; written in one way, never refused.

Circular 10/2024/TT-BTNMT for the form of 2024; serials of older forms by habit, some old certificates have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Literal

from gisland.kit.identifiers import mask_ids, serial_key
from gisland.kit.text import clean_text

SerialShape = Literal["none", "old", "form_2024", "other"]
Authority = Literal["T1", "T2", "T3", "H1", "H2"]

_LETTER = "[A-ZĂÂĐÊÔƠƯ]"
_SERIAL = re.compile(rf"({_LETTER}{{1,2}})([0-9]{{6,8}})")
_OLD, _FORM_2024 = rf"{_LETTER}{{1,2}}[0-9]{{6}}", rf"{_LETTER}{{2}}[0-9]{{8}}"
# As PostgreSQL reads them, too: of the keys of serials, and of codes in capitals without signs between.
USUAL_SERIAL = f"^(?:{_OLD}|{_FORM_2024})$"
CERTIFICATE_CODE = "^(T1|T2|T3|H1|H2)([0-9]{2})([0-9]{8})$"
_CERTIFICATE_CODE = re.compile(CERTIFICATE_CODE)
_SIGNS = re.compile(r"[\s.\-]")
# What is typed for one another; only ever a hint.
_AS_LETTER = {"0": "O", "1": "I"}
_AS_DIGIT = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1"}


def normalise_serial(value: object) -> str:
    """A serial (số phát hành) as it is printed, 'AB 123456': NFC, upper case, Đ for Ð, one space before the digits.

    What has not the shape of a serial stays as it was typed, in upper case.
    """
    key = serial_key(clean_text(value))
    found = _SERIAL.fullmatch(key)
    return f"{found.group(1)} {found.group(2)}" if found else clean_text(value).upper()


def serial_shape(value: object) -> SerialShape:
    """Of which form a serial may be: 'old' 1–2 letters and 6 digits, 'form_2024' 2 letters and 8 digits.

    The last certificates before the form of 2024 may have 8 digits as well.
    """
    key = serial_key(clean_text(value))
    if not key:
        return "none"
    return "form_2024" if re.fullmatch(_FORM_2024, key) else "old" if re.fullmatch(_OLD, key) else "other"


def serial_hints(value: object) -> list[str]:
    """Serials that one may be when O and 0, I and 1 (and the like) were mistaken for one another.

    Only of one that has no shape of a serial, and only to be looked at: no serial is changed by it.
    """
    key = serial_key(clean_text(value))
    if serial_shape(key) != "other":
        return []
    hints = []
    for letters, digits in product((1, 2), (6, 8)):
        if len(key) != letters + digits or (letters, digits) == (1, 8):
            continue
        head = "".join(_AS_LETTER.get(sign, sign) for sign in key[:letters])
        tail = "".join(_AS_DIGIT.get(sign, sign) for sign in key[letters:])
        if _SERIAL.fullmatch(head + tail):
            hints.append(f"{head} {tail}")
    return hints


@dataclass(frozen=True)
class CertificateCode:
    """Mã giấy chứng nhận, 12 signs below the QR code: authority (`certificate_authorities.yml`), province, number."""

    authority: Authority
    province: str
    number: str

    def __str__(self) -> str:
        """As it is printed."""
        return self.authority + self.province + self.number


def parse_certificate_code(value: object) -> CertificateCode | None:
    """The certificate code in a cell, spaces, dots and dashes left out; None when it is none (circular 10/2024)."""
    found = _CERTIFICATE_CODE.fullmatch(_SIGNS.sub("", clean_text(value).upper()))
    return CertificateCode(*found.groups()) if found else None  # type: ignore[arg-type]  # the pattern names the authorities


def normalise_certificate_code(value: object) -> str:
    """A certificate code as it is printed, 'T33100000123'; what is none as it was typed, with national ids masked."""
    found = parse_certificate_code(value)
    return str(found) if found else mask_ids(clean_text(value), code=True)
