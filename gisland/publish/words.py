"""`q`: features in whose texts words are found, whatever their accents and case (after the draft of Part 9).

q=54              a word that begins so, in any of the fields that the layer names (`text: true`)
q=54 34           both of them, in whichever order
q=54 34,u2        one or the other
"""

from __future__ import annotations

import re

from gisland.catalogue import Layer
from gisland.errors import UsageError
from gisland.kit.text import without_accents

MOST_WORDS = 20
LONGEST_WORD = 100  # PostgreSQL takes no word above 2046 bytes
_NO_WORD = re.compile("[^a-z0-9]+")


def parse_words(layer: Layer, text: str | None) -> str | None:
    """Read `q`. Returns a text search query of PostgreSQL, whose words are as `publish.words` makes them.

    Raises:
        UsageError: the layer has no such texts, no word is asked for, or too many.
    """
    if text is None:
        return None
    if not layer.texts:
        raise UsageError(
            "lớp này không có chữ để tìm · this layer has no text to search",
            hint="see the texts of its schema",
            parameter="q",
        )
    choices = [words for part in text.split(",") if (words := plain_words(part))]
    if not choices:
        raise UsageError(
            "không có từ nào · there is no word in it",
            hint="write letters or digits, also several words",
            parameter="q",
        )
    if sum(map(len, choices)) > MOST_WORDS:
        raise UsageError("quá nhiều từ · these are too many words", hint=f"at most {MOST_WORDS}", parameter="q")
    if any(len(word) > LONGEST_WORD for words in choices for word in words):
        raise UsageError("có từ quá dài · a word is too long", hint=f"at most {LONGEST_WORD} letters", parameter="q")
    return " | ".join(f"({' & '.join(f'{word}:*' for word in words)})" for words in choices)


def plain_words(text: str) -> list[str]:
    """The words of a text without accents, in lower case; signs part them."""
    return [word for word in _NO_WORD.split(without_accents(text).lower()) if word]
