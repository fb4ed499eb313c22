"""Identity numbers and certificate serials: repaired where the repair is safe, never invented.

Decree 137/2015 art. 13 and circular 59/2021: 12 digits, of which 3 place, 1 century and sex, 2 year of birth, 6 random;
there is no check digit. 9 digits are an old CMND; an organisation has a tax code of 10 or 13 digits or an id that the
police gave.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gisland.kit.text import clean_text

IdKind = Literal["personal", "cmnd", "organisation", "other"]
_NOT_DIGIT = re.compile(r"\D")
# A number typed as 031 085 000123 or 031.085.000123 is still an id.
_ID_IN_TEXT = re.compile(r"\d(?:[ .\-]?\d){8,}")
_ID_IN_CODE = re.compile(r"\d{9,}")
_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d+)?[eE]\+?\d+$")


@dataclass(frozen=True)
class NationalId:
    """A number as it will be compared; `masked` is how it may be shown."""

    kind: IdKind
    number: str

    @property
    def masked(self) -> str:
        """The number with its middle hidden: 031*****0123."""
        if len(self.number) <= 6:
            return "*" * len(self.number)
        shown = 3 if len(self.number) < 10 else 4
        return self.number[:3] + "*" * (len(self.number) - 3 - shown) + self.number[-shown:]

    def __repr__(self) -> str:
        """Never the number itself: a repr ends up in logs."""
        return f"NationalId({self.kind}, {self.masked})"


def parse_personal_id(value: object) -> NationalId | None:
    """The id of a person from a cell; spreadsheets lose leading zeros, so 10 and 11 digits are padded to 12.

    Returns:
        None when the cell holds no number, or only what a spreadsheet left of one (3,1085E+10).
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = clean_text(value)
    digits = _NOT_DIGIT.sub("", text)
    # 3,1085E+10: the digits behind are lost, and an id is never invented.
    if not digits or _SCIENTIFIC.match(text):
        return None
    if 10 <= len(digits) <= 12:
        return NationalId("personal", digits.zfill(12))
    if len(digits) == 9:
        return NationalId("cmnd", digits)
    return NationalId("other", digits)


def parse_personal_ids(value: object) -> list[NationalId]:
    """The ids in a cell: people write those of both spouses into one. A number with spaces or dots in it is one id."""
    if not isinstance(value, str):
        found = parse_personal_id(value)
        return [found] if found else []
    parts = re.split(r"[,;/&+\n|]|\bvà\b", value)
    return [found for part in parts if (found := parse_personal_id(part)) is not None]


def parse_organisation_id(value: object) -> NationalId | None:
    """The id of an organisation (tax code 10 or 13 digits, or an id given by the police) from a cell."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = re.sub(r"[^0-9A-Z]", "", clean_text(value).upper())
    return NationalId("organisation", number) if number else None


def serial_key(serial: str) -> str:
    """Comparison key of a certificate's serial (số phát hành): upper case, no spaces, Đ for Ð."""
    return re.sub(r"[\s.\-]", "", clean_text(serial).upper())


def mask_ids(text: str, *, code: bool = False) -> str:
    """A free text in which every run of 9 or more digits (an id, maybe with spaces, dots or dashes) is masked.

    Within a code, such as the book number 05-2013-001234, spaces, dots and dashes part numbers.
    """
    return (_ID_IN_CODE if code else _ID_IN_TEXT).sub(
        lambda found: NationalId("other", _NOT_DIGIT.sub("", found.group())).masked, text
    )


def map_number(value: object) -> str:
    """A sheet or parcel number as it is compared: '012', 12 and '12.0' are all '12'; other texts stay as they are."""
    text = clean_text(value)
    if re.fullmatch(r"0*\d+(?:[.,]0+)?", text):
        return str(int(re.split(r"[.,]", text)[0]))
    return text
