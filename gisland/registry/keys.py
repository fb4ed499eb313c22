"""Comparison keys: columns that follow from a text by a rule of Python (`gisland.kit`), which the database cannot know.

Whoever writes through the registry gets them right. Direct SQL may leave one behind that is not its text's: then search
and intake miss the record, so `gisland registry check` finds it, and saying the text again makes the key anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gisland.kit.identifiers import serial_key
from gisland.kit.text import name_key


@dataclass(frozen=True)
class Key:
    """A column that is compared instead of a text."""

    text: str
    column: str
    rule: Callable[[str], str]


KEYS: Mapping[str, Key] = {
    "holder": Key("full_name", "name_key", name_key),
    "certificate": Key("serial", "serial_key", serial_key),
}
