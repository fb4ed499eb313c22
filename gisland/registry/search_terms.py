"""What was typed into a search: each way it can be read. Which one was meant, the reader of the answer says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import product

from gisland.kit.identifiers import NationalId, map_number, parse_organisation_id, parse_personal_id, serial_key
from gisland.kit.text import clean_text, name_key, plain_name, strip_title
from gisland.registry.parcel_code import is_parcel_code

_NUMBER = r"([a-z]{0,3}\d[\w.()]*)"
_SHEET = rf"(?:to|sheet)(?:\s+ban\s+do)?(?:\s+so)?\s*:?\s*{_NUMBER}"
_PARCEL = rf"(?:thua|parcel)(?:\s+dat)?(?:\s+so)?\s*:?\s*{_NUMBER}"
_SHEET_PARCEL = re.compile(rf"{_SHEET}\s*[,;/\-]?\s*{_PARCEL}")
_PARCEL_SHEET = re.compile(rf"{_PARCEL}\s*[,;/\-]?\s*{_SHEET}")
_PARCEL_ONLY = re.compile(_PARCEL)
# Two numbers without words: the sheet stands first by custom (as in the search of the map), but not for everybody.
_PAIR = re.compile(r"([a-z]{0,3}\d{1,5}[a-z]?)\s*[/,;\-\s]\s*([a-z]{0,3}\d{1,5}[a-z]?)")
_ONE_NUMBER = re.compile(r"\d{1,5}[a-z]?")
_SERIAL = re.compile(r"[A-ZĐ]{1,4}\d{2,10}")
_ID = re.compile(r"\d(?:[ .\-]?\d){8,13}")
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]")
# Marks on the letters of a typed number: "tờ" is "to", "thửa" is "thua".
_MARKS = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True)
class ParcelNumber:
    """Numbers of sheet and parcel, as maps and papers write them; without a sheet, of any."""

    parcel: str
    sheet: str | None = None
    other_order: bool = False
    """Whether two numbers without words are read parcel first."""


@dataclass(frozen=True)
class ParcelCode:
    """The code of a parcel (GeoHash of 12 characters)."""

    code: str


@dataclass(frozen=True)
class Serial:
    """The serial of a certificate, and how it reads if D was typed for Đ or Đ for D."""

    key: str
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """The ids that a number can be; `padded` is the one that got the zeros which spreadsheets lose."""

    ids: tuple[NationalId, ...]
    padded: NationalId | None = None


@dataclass(frozen=True, repr=False)
class Name:
    """The name of a person or organisation; a part of it is enough."""

    key: str
    plain: str


Term = ParcelNumber | ParcelCode | Serial | Identity | Name


def understand(text: str) -> list[Term]:
    """All readings of a typed text; none when it can be nothing that the registry knows."""
    text = clean_text(text)
    plain = _MARKS.sub("", unicodedata.normalize("NFD", text.lower().replace("đ", "d")))
    worded = _worded(plain)
    if worded is not None:
        return [worded]
    terms: list[Term] = [*_numbers(plain)]
    if is_parcel_code(plain):
        terms.append(ParcelCode(plain))
    key = serial_key(text)
    if _SERIAL.fullmatch(key):
        terms.append(Serial(key, _variants(key)))
        terms.append(Identity(_organisation(text)))
    elif _ID.fullmatch(text):
        terms.append(_identity(text))
    elif _LETTERS.search(text) and not any(isinstance(term, ParcelNumber | ParcelCode) for term in terms):
        terms += _name(text)
    return terms


def _worded(plain: str) -> ParcelNumber | None:
    """Numbers that words say what they are."""
    if found := _SHEET_PARCEL.fullmatch(plain):
        return ParcelNumber(map_number(found[2]), map_number(found[1]))
    if found := _PARCEL_SHEET.fullmatch(plain):
        return ParcelNumber(map_number(found[1]), map_number(found[2]))
    if found := _PARCEL_ONLY.fullmatch(plain):
        return ParcelNumber(map_number(found[1]))
    return None


def _numbers(plain: str) -> list[ParcelNumber]:
    if found := _PAIR.fullmatch(plain):
        one, two = map_number(found[1]), map_number(found[2])
        readings = [ParcelNumber(two, one)]
        return readings if one == two else [*readings, ParcelNumber(one, two, other_order=True)]
    return [ParcelNumber(map_number(plain))] if _ONE_NUMBER.fullmatch(plain) else []


def spellings(number: str) -> list[str]:
    """How a number of a sheet or parcel may stand in the registry: in capitals or not, with Đ or D."""
    return sorted({number, *_variants(number.upper())})


def _variants(key: str) -> tuple[str, ...]:
    letters = [("D", "Đ") if sign in "DĐ" else (sign,) for sign in key]
    return tuple("".join(signs) for signs in product(*letters))


def _organisation(text: str) -> tuple[NationalId, ...]:
    found = parse_organisation_id(text)
    return (found,) if found else ()


def _identity(text: str) -> Identity:
    person = parse_personal_id(text)
    assert person is not None
    padded = len(re.sub(r"\D", "", text)) < len(person.number)
    return Identity((() if padded else (person,)) + _organisation(text), person if padded else None)


def _name(text: str) -> list[Term]:
    name = strip_title(text)
    plain = plain_name(name)
    return [Name(name_key(name), plain)] if len(plain) > 1 else []
