"""Vietnamese text: one normal form, and keys under which names compare equal.

Two names are the same when their `name_key` is. `plain_name` has no accents: equal plain names are a hint for a person
to look at, never a match (Hoa, Hòa or Hoà, and Hóa are three people).
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase

_SPACE = re.compile(r"\s+")
# Ð (eth, U+00D0) looks like Đ (U+0110) and is typed for it.
_STROKE_D = str.maketrans({"Ð": "Đ", "ð": "đ", "\u00a0": " ", "\u200b": "", "\ufeff": ""})
# Titles that forms put before a name: Ông, Ông (bà):, Hộ gia đình ông. A household business is a name of its own.
_TITLE_WORD = r"(?:ông|bà|cụ|anh|chị|vợ|chồng|hộ gia đình|hộ(?!\s+kinh\s+doanh\b))"
_TITLE = re.compile(rf"^(?:(?:và\s+)?\(?{_TITLE_WORD}\)?(?:\s*[:/,.-]\s*|\s+|$))+", re.IGNORECASE)
# H'Hen, H’ Hen: names of the Central Highlands with whatever sign the keyboard gave.
_APOSTROPHE = re.compile(r"\s*['’‘ʼ`´]\s*")
_AROUND = " .,;:-"

# The five tones, and the marks that make other vowels (â ă ơ), as NFD writes them.
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_VOWEL = "[aeiouy][\u0302\u0306\u031b]?"
_CONSONANTS = "[bcdđfghjklmnpqrstvwxz]*"
# qu and gi before a vowel are consonants: the tone of quý and giá is not that of their u and i.
_SYLLABLE = re.compile(rf"(qu(?=[aeiouy])|gi(?=[aeiouy])|{_CONSONANTS})((?:{_VOWEL})+)({_CONSONANTS})")
_WORD = re.compile("(?:[^\\W\\d_][\u0300-\u036f]*)+")

# A plain name: đ as d, no marks, letters only.
_PLAIN_D = str.maketrans("ĐđÐð", "DdDd")
_MARKS = re.compile("[\u0300-\u036f]")
# All blocks of combining marks; those of other scripts make other letters (dakuten, vowel signs).
_ALL_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_UNSTRUCK = str.maketrans("ĐđÐðØøŁłĦħŦŧ", "DdDdOoLlHhTt")
_NOT_PLAIN = re.compile("[^a-z]+")
# As the database does it in the collation "C"; str.lower() would make an "i" of the Turkish İ.
_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def clean_text(value: object) -> str:
    """A cell as text: NFC, no zero-width or no-break characters, single spaces, Ð as Đ. None becomes ''."""
    if value is None:
        return ""
    text = unicodedata.normalize("NFC", str(value)).translate(_STROKE_D)
    return _SPACE.sub(" ", text).strip()


def fold_tone_placement(text: str) -> str:
    """Small letters with the tone of each Vietnamese syllable where the older spelling has it: hoà → hòa, thuý → thúy.

    Misplaced tones come right as well (hòang → hoàng, qúy → quý); words that are no syllable stay as they are.
    """
    return unicodedata.normalize("NFC", _WORD.sub(_place_tone, unicodedata.normalize("NFD", text)))


def _place_tone(match: re.Match[str]) -> str:
    word = match.group()
    tones = _TONE.findall(word)
    syllable = _SYLLABLE.fullmatch(_TONE.sub("", word))
    if len(tones) != 1 or syllable is None:
        return word
    onset, nucleus, coda = syllable.groups()
    vowels = re.findall(_VOWEL, nucleus)
    # On the second of two vowels before a consonant, or of three (hoàn, khoái), else on the first (hòa, mía) …
    place = 1 if len(vowels) > 2 or (len(vowels) == 2 and coda) else 0
    # … but on the last one that has a mark, if any does (nguyễn, trường).
    place = max((place for place, vowel in enumerate(vowels) if len(vowel) > 1), default=place)
    vowels[place] += tones[0]
    return onset + "".join(vowels) + coda


def strip_title(name: str) -> str:
    """A name without Ông/Bà/Hộ ông before it."""
    return _TITLE.sub("", name).strip() or name


def name_key(name: str) -> str:
    """Comparison key of a person's name: folds case, titles, spaces, tone placement and Ð/Đ; keeps the accents."""
    text = _APOSTROPHE.sub("'", strip_title(clean_text(name).strip(_AROUND)).casefold())
    return fold_tone_placement(text).strip(_AROUND)


def plain_key(text: object) -> str:
    """Key of a header or a word: no accents, no case, letters and digits only. Too coarse for names of people."""
    folded = unicodedata.normalize("NFKD", clean_text(text).casefold().replace("đ", "d"))
    return "".join(sign for sign in folded if sign.isalnum())


def without_accents(text: str) -> str:
    """Text without its accents, else as it is, in NFC: Đường Hàm Nghi → Duong Ham Nghi. Also letters with a stroke.

    It is what the function `cql2.accenti` of the database makes of the same text.
    """
    base = unicodedata.normalize("NFD", text.translate(_UNSTRUCK))
    return unicodedata.normalize("NFC", _ALL_MARKS.sub("", base))


def plain_name(name: str) -> str:
    """A name without accents: words in their order, letters a to z, lower case, single spaces. A hint, never a proof.

    It is what the function `registry.plain_name` of the database makes of the same name.
    """
    base = unicodedata.normalize("NFKD", name.translate(_PLAIN_D))
    return " ".join(_NOT_PLAIN.sub(" ", _MARKS.sub("", base).translate(_ASCII_LOWER)).split())
