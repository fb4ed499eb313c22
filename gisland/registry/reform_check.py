"""Whether the public files on the reform of 1/7/2025 agree: they are of different makers and dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gisland.kit.text import name_key
from gisland.registry.reform import ReformedUnit, UnitLink, complete_links


@dataclass(frozen=True)
class Discrepancy:
    """Where the files do not agree, by codes: a person looks at it before the crosswalk is taken over."""

    kind: Literal["link", "part", "unit", "name", "province"]
    code: str
    detail: str


def check_reform(
    units: Iterable[ReformedUnit], merges: Iterable[UnitLink], splits: Iterable[UnitLink]
) -> list[Discrepancy]:
    """Where units, merges and splits do not agree; empty when they do."""
    units, merges, splits = list(units), list(merges), list(splits)  # each is read several times
    return [
        *_links_differ(merges, splits),
        *_parts_differ(merges),
        *_units_differ(units, merges),
        *_provinces_differ(merges, splits),
    ]


def _links_differ(merges: list[UnitLink], splits: list[UnitLink]) -> Iterable[Discrepancy]:
    one, other = {link.codes for link in merges}, {link.codes for link in splits}
    for codes in sorted(one ^ other):
        where = "merges" if codes in one else "splits"
        yield Discrepancy("link", codes[1], f"→ {codes[3]}: only in the {where}")


def _parts_differ(merges: list[UnitLink]) -> Iterable[Discrepancy]:
    heirs = Counter((link.old_level, link.old_code) for link in merges)
    for link in merges:
        count = heirs[link.old_level, link.old_code]
        if (link.part == "partial") != (count > 1):
            yield Discrepancy("part", link.old_code, f"→ {link.new_code}: {link.part}, successors: {count}")


def _units_differ(units: list[ReformedUnit], merges: list[UnitLink]) -> Iterable[Discrepancy]:
    known = {(unit.level, unit.code): unit for unit in units}
    linked = {(link.new_level, link.new_code): link for link in merges}
    for level, code in sorted(known.keys() ^ linked.keys()):
        where = "units" if (level, code) in known else "merges"
        yield Discrepancy("unit", code, f"only in the {where}")
    for key in sorted(known.keys() & linked.keys()):
        unit, link = known[key], linked[key]
        if name_key(unit.name) != name_key(link.new_name):
            yield Discrepancy("name", unit.code, f"{unit.name} | {link.new_name}")
        if unit.level == "ward" and unit.province != link.new_province:
            yield Discrepancy("province", unit.code, f"{unit.province} | {link.new_province}")


def _provinces_differ(merges: list[UnitLink], splits: list[UnitLink]) -> Iterable[Discrepancy]:
    """Wards that came into another province than their former province did."""
    into = {link.old_code: link.new_code for link in merges if link.new_level == "province"}
    for link in complete_links(merges, splits):
        if link.new_level == "ward" and link.old_province and into.get(link.old_province) != link.new_province:
            yield Discrepancy(
                "province", link.old_code, f"{link.old_province} → {link.new_code} in {link.new_province}"
            )
