"""What whoever prints must know of a print: what could not be drawn as it should, and where. Nothing of persons."""

from __future__ import annotations

from collections.abc import Iterable

from gisland.catalogue import Text
from gisland.printing.edition import Edition
from gisland.printing.ink import Ink
from gisland.printing.model import shortened
from gisland.printing.words import note_of

LONGEST = 1000
"""Letters of what is told of one print."""


def saved(ink: Ink, edition: Edition) -> bytes:
    """The file that was drawn; what is to be told of it is kept with its edition."""
    edition.remarks += remarks_of(ink)
    return ink.save()


def remarks_of(ink: Ink) -> list[Text]:
    """Characters that the font has not and texts that were cut off, as far as is drawn."""
    found = []
    if ink.unknown:
        signs = [f"U+{ord(sign):04X} ({shortened(sorted(pages))})" for sign, pages in sorted(ink.unknown.items())]
        found.append(note_of("unknown_signs", signs=shortened(signs)))
    if ink.cut:
        found.append(note_of("cut_texts", pages=shortened(sorted(ink.cut))))
    return found


def said(remarks: Iterable[Text]) -> str:
    """All remarks in one line: Vietnamese · English; '' where there are none."""
    told = list(remarks)
    both = "; ".join(each.vi for each in told), "; ".join(each.en for each in told)
    return " · ".join(_shorter(each, LONGEST // 2) for each in both) if told else ""


def _shorter(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
