"""The font of all prints: Arimo, which has the metrics of Arial, as the circular wants it; embedded as subsets.

It comes as a package (`fontpkg-arimo`, SIL Open Font License) and as one file for all weights, so the two weights are
made of it once in a process. Vietnamese letters are all there as single glyphs: text must be NFC.
"""

from __future__ import annotations

import io
import unicodedata
from functools import cache, lru_cache
from typing import Any

import fontpkg
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "GislandSans", "GislandSans-Bold"
WEIGHTS = {REGULAR: 400, BOLD: 700}
# Latin with all accents of Vietnamese, punctuation, arrows. The rest of the font would only cost time.
CHARACTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x250),
    *range(0x1E00, 0x1F00),
    *(ord(each) for each in "–—‘’“”„•…′″№→←↑↓−≤≥□"),
]
LAYOUT = {"GDEF", "GPOS", "GSUB"}
UNKNOWN = "□"
CAP_HEIGHT = 1409 / 2048
"""Height of a digit or capital, in parts of the font size."""
KEPT = 10_000
"""Of so many texts it is remembered how long they are: a label is measured, placed and drawn."""


@cache
def register() -> dict[str, TTFont]:
    """The two weights, known to ReportLab from now on."""
    fonts, cut = {}, _cut()
    for name, weight in WEIGHTS.items():
        font = TTFont(name, io.BytesIO(_instance(cut, name, weight)))
        pdfmetrics.registerFont(font)
        fonts[name] = font
    return fonts


def _cut() -> bytes:
    """The font with all weights and no more than our characters."""
    # Only by who draws: to import them takes half a second.
    from fontTools import subset
    from fontTools.ttLib import TTFont as FontFile

    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.recalc_timestamp = False
    cut = subset.Subsetter(options)
    cut.populate(unicodes=CHARACTERS)
    out = io.BytesIO()
    with FontFile(fontpkg.path("Arimo"), recalcTimestamp=False) as file:
        # How letters are joined and kerned is no use to us, and takes the longest to read.
        for table in LAYOUT & set(file.keys()):
            del file[table]
        cut.subset(file)
        file.save(out)
    return out.getvalue()


def _instance(cut: bytes, name: str, weight: int) -> bytes:
    from fontTools.ttLib import TTFont as FontFile
    from fontTools.varLib import instancer

    out = io.BytesIO()
    with FontFile(io.BytesIO(cut), recalcTimestamp=False) as file:
        instance = instancer.instantiateVariableFont(file, {"wght": weight}, inplace=True)
        for place in list(instance["name"].names):
            if place.nameID == 6:  # its PostScript name, under which it stands in the PDF
                instance["name"].setName(name, 6, place.platformID, place.platEncID, place.langID)
        instance.save(out)
    return out.getvalue()


@cache
def _widths(name: str) -> tuple[dict[int, float], float]:
    face = register()[name].face
    return {code: width / 1000 for code, width in face.charWidths.items()}, face.defaultWidth / 1000


def width(text: str, size: float, name: str = REGULAR) -> float:
    """How long a text is, in the unit of the size."""
    return size * _long(text, name)


@lru_cache(maxsize=KEPT)
def _long(text: str, name: str) -> float:
    widths, default = _widths(name)
    return sum([widths.get(code, default) for code in map(ord, text)])


def forget_texts() -> None:
    """Forget how long texts are: for who measures what a print takes that is the first one."""
    _long.cache_clear()
    printable.cache_clear()


@cache
def _known() -> frozenset[int]:
    return frozenset(register()[REGULAR].face.charToGlyph)


def missing_glyphs(text: str) -> set[str]:
    """The characters of a text that the font has not."""
    known = _known()
    return {sign for sign in unicodedata.normalize("NFC", text) if ord(sign) not in known}


@lru_cache(maxsize=KEPT)
def printable(text: str) -> str:
    """A text as it can be drawn: NFC, and a box for each character that the font has not."""
    known = _known()
    text = unicodedata.normalize("NFC", text)
    if all(ord(sign) in known for sign in text):
        return text
    return "".join(sign if ord(sign) in known else UNKNOWN for sign in text)


def internals(name: str) -> Any:
    """The font object of ReportLab, for writing text without its text objects."""
    return register()[name]
