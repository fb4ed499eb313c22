"""Vietnamese text: one normal form, and a key under which equal names compare equal."""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase

# Titles that forms put before a name.
_TITLE = re.compile(
    r"^(?:(?:và\s+)?(?:hộ\s+)?(?:ông|bà|anh|chị|vợ|chồng|hộ gia đình)(?:\s*:\s*|\s+|$))+", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
# Ð (eth, U+00D0) looks like Đ (U+0110) and is typed for it.
_STROKE_D = str.maketrans({"Ð": "Đ", "ð": "đ", "\u00a0": " ", "\u200b": "", "\ufeff": ""})
# Old and new tone placement: hòa and hoà are one word. The tone belongs to the first vowel of these pairs.
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_PAIRS = {"oa", "oe", "uy"}
_PLAIN_D = str.maketrans("ĐđÐð", "DdDd")
_MARKS = re.compile("[\u0300-\u036f]")
_NOT_PLAIN = re.compile("[^a-z]+")
# As the database does it in the collation "C"; str.lower() would make an "i" of the Turkish İ.
_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def clean_text(value: object) -> str:
    """A cell as text: NFC, no zero-width or no-break characters, single spaces, Ð as Đ. None becomes ''."""
    if value is None:
        return ""
    text = unicodedata.normalize("NFC", str(value)).translate(_STROKE_D)
    return _SPACE.sub(" ", text).strip()


def _fold_tone_placement(text: str) -> str:
    """Move the tone of final oa, oe, uy to the first vowel: hoà → hòa."""
    marks = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", re.sub(r"([ou])([aey])([\u0300\u0301\u0303\u0309\u0323])(?!\w)", _move, marks))


def _move(match: re.Match[str]) -> str:
    first, second, tone = match.groups()
    return first + tone + second if first + second in _PAIRS and tone in _TONES else match.group()


def strip_title(name: str) -> str:
    """A name without Ông/Bà/Hộ ông before it."""
    return _TITLE.sub("", name).strip() or name


def name_key(name: str) -> str:
    """Comparison key of a person's name: folds case, titles, spaces, tone placement and Ð/Đ; keeps the accents."""
    return _fold_tone_placement(strip_title(clean_text(name)).casefold())


def plain_key(text: object) -> str:
    """Key of a header or a word: no accents, no case, letters and digits only. Too coarse for names of people."""
    folded = unicodedata.normalize("NFKD", clean_text(text).casefold().replace("đ", "d"))
    return "".join(sign for sign in folded if sign.isalnum())


def plain_name(name: str) -> str:
    """A name without accents: words in their order, letters a to z, lower case, single spaces. A hint, never a proof.

    It is what the function `registry.plain_name` of the database makes of the same name.
    """
    base = unicodedata.normalize("NFKD", name.translate(_PLAIN_D))
    return " ".join(_NOT_PLAIN.sub(" ", _MARKS.sub("", base).translate(_ASCII_LOWER)).split())
