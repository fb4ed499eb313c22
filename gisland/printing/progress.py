"""How far each part of an overview is: wards or groups with their parcels by status, from the registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from psycopg import Connection

from gisland.catalogue import Language
from gisland.palette import Palette
from gisland.printing.edition import Edition
from gisland.printing.extent import Extent, read_parcels
from gisland.printing.model import Floats, Geometries, joined
from gisland.printing.placement import Place
from gisland.printing.words import Words

APART = ("organisation", "no_holder", "none")
"""Statuses that are not to be verified, and their public class, are no part of the share."""
NO_GROUP = "–"
FEW = 3
"""So many wards are called by their names."""


@dataclass(frozen=True)
class Part:
    """The parcels of a group within a unit; shapes and statuses only where they are kept."""

    counts: dict[str, int]
    outline: shapely.Geometry = field(repr=False)
    shapes: Geometries = field(repr=False)
    statuses: Floats = field(repr=False)


@dataclass(frozen=True)
class Unit:
    """A ward or a group: what is coloured, labelled and has a row of figures."""

    code: str
    """What the map calls it: the name of a ward, the code of a group."""
    said: str
    """What the table calls it."""
    border: shapely.Geometry | None = field(repr=False)
    """Of a ward, where it is known."""
    parts: tuple[Part, ...] = field(repr=False)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Parcels by status."""
        return sum_of(part.counts for part in self.parts)

    @property
    def parcels(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def must(self) -> int:
        """Those that must be verified."""
        return sum(count for status, count in self.counts.items() if status not in APART)

    @property
    def done(self) -> int:
        """Those that are."""
        return self.counts.get("verified", 0)

    @property
    def percent(self) -> float | None:
        """Of those that must be verified; None where there is none."""
        return share(self.counts)

    @cached_property
    def outline(self) -> shapely.Geometry:
        """The land of its parcels, metres."""
        return shapely.union_all([part.outline for part in self.parts])


@dataclass(frozen=True)
class Overview:
    """What is drawn; shapes are on the plane of the print, metres."""

    place: Place
    units: list[Unit]
    palette: Palette
    of_wards: bool
    """Whether units are wards; else groups."""
    near: bool
    """Whether parcels are drawn by their statuses; else units by their shares."""
    borders: dict[str, tuple[str, shapely.Geometry]]
    """Of the wards in the frame: code → name, border."""
    area: shapely.Geometry | None
    """What was drawn."""
    around: Geometries
    """Other parcels within reach."""

    @cached_property
    def counts(self) -> dict[str, int]:
        """All parcels by status, in the order of the palette."""
        found = sum_of(unit.counts for unit in self.units)
        return {status: found[status] for status in self.palette.exact if found.get(status)}


@dataclass(kw_only=True)
class OverviewEdition(Edition):
    """An overview that is being drawn; it may be of several wards."""

    @property
    def place_name(self) -> str:
        """The wards."""
        return self.subject


def share(counts: dict[str, int]) -> float | None:
    """How much of what must be verified is, per cent; None where nothing must."""
    must = sum(count for status, count in counts.items() if status not in APART)
    return counts.get("verified", 0) / must * 100 if must else None


def sum_of(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Counts put together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def set_name(extent: Extent, language: Language) -> str:
    """What people call the choice: the ward, the wards, or how many there are."""
    words = Words(language)
    names = [ward.name for ward in extent.wards]
    if len(names) == 1:
        return words.ward(names[0])
    if len(names) <= FEW and any(words.ward(name) == name for name in names):
        return ", ".join(map(words.ward, names))
    if len(names) <= FEW:
        return words("wards_named", names=", ".join(names))
    return words("wards_count", count=len(names))


def read_units(connection: Connection, extent: Extent, status_of: Callable[[str], str], *, keep: bool) -> list[Unit]:
    """Wards, where there are several and no groups were asked for; else groups, and the parcels that are of none.

    Args:
        connection: the transaction that found the extent.
        extent: what is printed.
        status_of: what is told of an exact status.
        keep: whether parcels are kept to be drawn one by one.
    """
    by: dict[tuple[int, int | None], list[int]] = {}
    for row in extent.found:
        by.setdefault((row.ward_id, row.group_id), []).append(row.id)
    parts = {key: _part(connection, ids, extent.srid, status_of, keep=keep) for key, ids in by.items()}
    if extent.by_ward:
        borders = extent.borders()
        return [
            Unit(ward.name, ward.name, border, tuple(parts[key] for key in _sorted(parts) if key[0] == ward.id))
            for ward, border in zip(extent.wards, borders, strict=True)
        ]
    groups = {group.id: group for group in extent.groups}
    wards = {ward.id: ward for ward in extent.wards}
    units = []
    for ward, group in _sorted(parts, [each.id for each in extent.groups]):
        code = NO_GROUP if group is None else groups[group].code
        said = f"{code} {wards[ward].name}" if len(wards) > 1 else code
        units.append(Unit(code, said, None, (parts[ward, group],)))
    return units


def _sorted(parts: dict[tuple[int, int | None], Part], groups: Sequence[int] = ()) -> list[tuple[int, int | None]]:
    """By ward and place of the group among all, which are in order; what is of no group comes last."""
    places = {group: place for place, group in enumerate(groups)}
    return sorted(parts, key=lambda key: (key[0], key[1] is None, places.get(key[1] or 0, 0), key[1] or 0))


def _part(connection: Connection, ids: list[int], srid: int, status_of: Callable[[str], str], *, keep: bool) -> Part:
    rows, shapes = read_parcels(connection, ids, srid, status_of)
    statuses = np.array([row.status for row in rows])
    none = np.empty(0, dtype=object)
    return Part(dict(Counter(statuses.tolist())), joined(shapes), shapes if keep else none, statuses if keep else none)
