"""Land types (loại đất) as papers and maps write them: what is sure is read, what may be several types is only told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gisland.kit.text import clean_text
from gisland.registry.codes import CodeList

UnitKind = Literal["ward", "commune", "special_zone"]
_TEMPORARY = re.compile(r"^(.+?)\s*\(\s*([^()]+)\s*\)$")


@dataclass(frozen=True)
class LandSign:
    """One land type of a label.

    `code` is today's code when there is only one that it may be; `candidates` are all that it may be, empty when
    nothing today corresponds; `temporary` is the present use that the cadastral map puts in brackets, LUC(NTS).
    """

    written: str
    code: str | None
    candidates: tuple[str, ...]
    temporary: LandSign | None = None


def read_land_label(text: object, land_types: CodeList) -> tuple[LandSign, ...]:
    """The land types of a label: 'ONT+CLN', 'LUC(NTS)', 'BHK', 'Đất ở tại đô thị; Đất vườn'.

    Rules: circular 25/2014/TT-BTNMT annex III for labels; decree 102/2024 art. 7.2 for types that are none of today's.
    """
    return tuple(_sign(part, land_types) for part in _parts(clean_text(text), land_types))


def residential_code(unit: UnitKind, *, new_urban_area: bool = False) -> str:
    """ODT in wards and in new urban areas (projects) of communes, else ONT (decrees 102/2024 art. 5.1 and 49/2026).

    For papers that are written now; a certificate keeps the code it was printed with.
    """
    return "ODT" if unit == "ward" or new_urban_area else "ONT"


def _parts(text: str, land_types: CodeList) -> list[str]:
    """The types in a text; 'Đất thương mại, dịch vụ' is one although + ; and , part types."""
    tokens = re.split(r"([+;,])", text)
    found, start = [], 0
    while start < len(tokens):
        ends = range(len(tokens), start + 1, -2)  # the longest first
        end = next((end for end in ends if land_types.look_up("".join(tokens[start:end]))), start + 1)
        found.append("".join(tokens[start:end]).strip())
        start = end + 1
    return [part for part in found if part]


def _sign(text: str, land_types: CodeList) -> LandSign:
    bracket = _TEMPORARY.match(text)
    if bracket and land_types.look_up(text) is None:
        first, second = (_sign(part, land_types) for part in bracket.groups())
        return LandSign(text, first.code, first.candidates, second)
    found = land_types.find(text)
    candidates = tuple(code.code for code in land_types.candidates(text))
    return LandSign(text, found.code if found and found.selectable else None, candidates)
