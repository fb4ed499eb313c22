"""Identity numbers: repaired where the repair is safe, never invented; what is odd about them is told, never refused.

Decree 137/2015 art. 13 and circular 59/2021: 12 digits, of which 3 place, 1 century and sex, 2 year of birth, 6 random;
there is no check digit. 9 digits are an old CMND; an organisation has a tax code of 10 or 13 digits or an id that the
police gave (decree 69/2024). Serials and codes of certificates: `certificate_numbers`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from gisland.kit.text import clean_text

IdKind = Literal["personal", "cmnd", "organisation", "other"]
Gender = Literal["male", "female"]
IdWarning = Literal["shape", "gender", "birth_year", "future", "check_digit", "branch", "sealed"]
"""What may be odd about a number; the codes of `data/codes/identifier_warnings.yml`."""
_NOT_DIGIT = re.compile(r"\D")
# Signs that nobody sees, as word processors put them into numbers: soft hyphen, joiners, marks of direction.
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_SPACES = " \t\u00a0\u2000-\u200a\u202f\u205f\u3000"
_DASHES = "\\-\u2010-\u2015\u2212"
# A number typed as 031 085 000123, 031.085.000123 or 031 - 085 - 000123 is still an id.
_ID_IN_TEXT = re.compile(rf"\d(?:[{_SPACES}{_UNSEEN}{_DASHES}.·]{{0,3}}\d){{8,}}")
_ID_IN_CODE = re.compile(rf"\d(?:[{_UNSEEN}]{{0,3}}\d){{8,}}")
# What parts numbers in lists, dates and codes, too, makes an id only of groups as ids are written in: 031/085/000/123.
_GROUPINGS = ((3, 3, 3, 3), (3, 3, 6), (6, 6), (4, 4, 4), (3, 3, 3))
_YEAR = re.compile(r"(?:19|20)\d\d")


def _grouped(between: str, groupings: tuple[tuple[int, ...], ...]) -> re.Pattern[str]:
    one = f"[{between}{_UNSEEN}]{{1,3}}"
    ways = "|".join(one.join(rf"\d{{{size}}}" for size in sizes) for sizes in groupings)
    return re.compile(rf"(?<!\d)(?:{ways})(?!\d)")


_GROUPED_IN_TEXT = _grouped(f"{_SPACES}{_DASHES}.·,/_", _GROUPINGS)
# Paths of tiles (18/207654/117890) and book numbers (05-2013-001234) are codes as well.
_GROUPED_IN_CODE = _grouped(f"{_SPACES}.·,_", _GROUPINGS)
_DASHED_IN_CODE = _grouped(f"{_SPACES}{_DASHES}", ((3, 3, 3, 3), (3, 3, 6)))
_PERSONAL = re.compile(r"[0-9]{12}")
_TAX_CODE = re.compile(r"([0-9]{9})([0-9])-?([0-9]{3})?")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
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


@dataclass(frozen=True)
class PersonalIdFacts:
    """What a personal id (CCCD, số định danh cá nhân) says of the person whose birth was registered with it."""

    place: str
    """Province (`data/codes/id_provinces.yml`) or country, three digits."""
    gender: Gender
    birth_year: int

    @property
    def century(self) -> int:
        """The first year of the century of birth: 1900, 2000."""
        return self.birth_year // 100 * 100


def personal_id_facts(number: str) -> PersonalIdFacts | None:
    """What a number of 12 digits says; None for any other number (a CMND says nothing that can be checked).

    The fourth digit is even for men and odd for women: 0 and 1 for births from 1900 to 1999, 2 and 3 from 2000 …
    """
    if not _PERSONAL.fullmatch(number):
        return None
    digit = int(number[3])
    return PersonalIdFacts(number[:3], "female" if digit % 2 else "male", 1900 + digit // 2 * 100 + int(number[4:6]))


def id_inconsistencies(
    number: str, gender: Gender | None = None, birth_year: int | None = None, *, this_year: int | None = None
) -> list[IdWarning]:
    """What does not fit between a person's id and what else is known of them: warnings; some numbers were corrected.

    Args:
        number: digits only, as in `NationalId.number`.
        gender: None when it is not known.
        birth_year: None when it is not known.
        this_year: births after it are yet to come; the present year by default.
    """
    facts = personal_id_facts(number)
    if facts is None:
        return [] if re.fullmatch(r"[0-9]{9}", number) else ["shape"]
    found: list[IdWarning] = []
    if gender is not None and gender != facts.gender:
        found.append("gender")
    if birth_year is not None and birth_year != facts.birth_year:
        found.append("birth_year")
    if facts.birth_year > (this_year or dt.datetime.now(tz=dt.UTC).year):
        found.append("future")
    return found


def tax_check_digit(first_nine: str) -> int | None:
    """The tenth digit of a tax code (mã số thuế); None where the rule gives none (sum divisible by 11).

    Circular 105/2020/TT-BTC art. 5 says that N10 is a check digit but not how it is made; the weights are those of
    python-stdnum (stdnum.vn.mst) and fit published codes. So a wrong one is worth a warning, not more.
    """
    rest = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, first_nine, strict=True)) % 11
    return 10 - rest if rest else None


def organisation_id_inconsistencies(number: str) -> list[IdWarning]:
    """What is odd about the id of an organisation; warnings.

    A tax code has 10 digits, that of a dependent unit 13: those of its head and a number from 001. Ids of another shape
    may have been given by the police, whose rule is not published: nothing is said of them.

    Args:
        number: as in `NationalId.number`, with or without the dash of 0100000000-001.
    """
    code = _TAX_CODE.fullmatch(number)
    if code is None:
        return []
    expected = tax_check_digit(code.group(1))
    found: list[IdWarning] = []
    if expected is not None and expected != int(code.group(2)):
        found.append("check_digit")
    if code.group(3) == "000":
        found.append("branch")
    return found


def serial_key(serial: str) -> str:
    """Comparison key of a certificate's serial (số phát hành): upper case, no spaces, Đ for Ð."""
    return re.sub(r"[\s.\-]", "", clean_text(serial).upper())


def mask_ids(text: str, *, code: bool = False) -> str:
    """A free text in which every run of 9 or more digits (an id, maybe with spaces, dots or dashes) is masked.

    Commas, slashes and underscores are within an id only where its groups are those of one (031/085/000/123): dates,
    lists of parcels and amounts of money stay. Within a code, such as the book number 05-2013-001234, spaces, dots and
    dashes part numbers, too, unless they make such groups: 031 085 000 123. A code that is nothing else is text.
    """
    if code and _GROUPED_IN_TEXT.fullmatch(text.strip()):
        code = False
    for pattern in (_ID_IN_CODE, _GROUPED_IN_CODE, _DASHED_IN_CODE) if code else (_ID_IN_TEXT, _GROUPED_IN_TEXT):
        text = pattern.sub(_mask, text)
    return text


def _mask(found: re.Match[str]) -> str:
    digits = _NOT_DIGIT.sub("", found.group())
    return found.group() if _is_list(found.group()) else NationalId("other", digits).masked


def _is_list(text: str) -> bool:
    """Whether numbers with commas (or the like) between them are a list, a date or an amount rather than one id."""
    if not re.search(r"[,/_]", text):
        return False
    groups = re.findall(r"\d+", re.sub(f"[{_UNSEEN}]", "", text))
    if groups[-2:] == ["000", "000"] or any(len(group) == 4 and _YEAR.fullmatch(group) for group in groups):
        return True
    steps = [int(after) - int(before) for before, after in pairwise(groups)]
    if all(0 < step < 10 for step in steps):
        return True
    return "," in text and not any(group.startswith("0") for group in groups)


def map_number(value: object) -> str:
    """A sheet or parcel number as it is compared: '012', 12 and '12.0' are all '12'; other texts stay as they are."""
    text = clean_text(value)
    if re.fullmatch(r"0*\d+(?:[.,]0+)?", text):
        return str(int(re.split(r"[.,]", text)[0]))
    return text
