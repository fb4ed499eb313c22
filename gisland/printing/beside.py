"""Which map pages lie beside which, and where on the frame each of them says so.

Two pages of one scale are neighbours when their frames, a quarter larger, meet. The reference stands where the line
from middle to middle leaves the frame: so it leads back from the opposite place of the other page.

A parcel that the frame cuts, and that lies whole on an inset only, says there on which one; the inset leads back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from shapely import Geometry

from gisland.printing.layout import Layout, MapPage
from gisland.printing.model import Geometries
from gisland.printing.paper import Box
from gisland.printing.placement import Place

Side = Literal["north", "south", "east", "west"]
SIDES: tuple[Side, ...] = ("north", "south", "east", "west")
Cut = tuple[int, Geometry]
"""The number of a page, and a parcel that lies whole on it."""
NEAR = 0.25
WIDE, WIDER = 11.0, 22.0
"""How long a reference is, and one to a page of another scale, mm."""
APART, CORNER = 4.0, 14.0
"""Least distance between two references on one side, and of the middle of one from a corner, mm."""


@dataclass(frozen=True)
class Reference:
    """A reference to another page: on which side of the frame, and where along it (mm from the left or below)."""

    page: int
    side: Side
    at: float
    scale: int | None = None
    """Of the other page, where it is another one."""

    @property
    def wide(self) -> float:
        """How long it is, mm."""
        return WIDE if self.scale is None else WIDER


def neighbours(pages: list[MapPage]) -> list[tuple[int, int]]:
    """Pairs of map pages, by their numbers, that lie beside each other."""
    return [
        (one.number, two.number)
        for index, one in enumerate(pages)
        for two in pages[index + 1 :]
        if one.place.scale == two.place.scale and _near(one.place, two.place)
    ]


def _near(one: Place, two: Place) -> bool:
    (x, y), (u, v) = one.middle, two.middle
    return abs(x - u) < one.width * (1 + NEAR) and abs(y - v) < one.height * (1 + NEAR)


def references(page: MapPage, pages: list[MapPage], frame: Box, cut: Sequence[Cut] = ()) -> list[Reference]:
    """What stands around the frame of a map page.

    Args:
        page: the page.
        pages: all of them.
        frame: of the map, mm.
        cut: what a frame cuts and the other page holds whole: its number, and the shape; see `cut_by`.
    """
    by_number = {each.number: each.place for each in pages}
    found = []
    for one, two in neighbours(pages):
        if page.number in (one, two):
            other = two if page.number == one else one
            side, share = _exit(page.place, by_number[other])
            found.append(Reference(other, side, share * _length(frame, side)))
    found += _to_other_scales(page, by_number, frame, cut)
    return [
        each for side in SIDES for each in _spread([ref for ref in found if ref.side == side], _length(frame, side))
    ]


def cut_by(page: MapPage, layout: Layout, shapes: Geometries) -> list[Cut]:
    """Parcels that the frame of a page cuts and that lie whole on a page of another scale only.

    Returns:
        The number of the other page, and the parcel; of an inset each page that cuts what it holds, with one of those.
    """
    if page.inset:
        found: list[Cut] = []
        for other in (each for each in layout.pages if not each.inset):
            cut = np.array(sorted(set(page.home) - set(other.whole)), dtype=int)
            cut = cut[shapely.intersects(shapes[cut], other.place.inset())]
            found += [(other.number, shapes[index]) for index in cut[:1]]
        return found
    whole = {index for each in layout.pages if each.place.scale == page.place.scale for index in each.whole}
    near = set(np.flatnonzero(shapely.intersects(shapes, page.place.inset())).tolist())
    return [(layout.pages[layout.where[index]].number, shapes[index]) for index in sorted(near - whole)]


def _to_other_scales(page: MapPage, by_number: dict[int, Place], frame: Box, cut: Sequence[Cut]) -> list[Reference]:
    """One reference for each of the other pages and side of the frame, where it cuts most of what they hold."""
    found: dict[tuple[int, Side], tuple[float, float]] = {}
    edges = _edges(page.place)
    for number, shape in cut:
        for side, edge in edges.items():
            crossed = shapely.intersection(edge, shape)
            long = float(shapely.length(crossed))
            if long > found.get((number, side), (0.0,))[0]:
                share = shapely.line_locate_point(edge, shapely.centroid(crossed), normalized=True)
                found[number, side] = long, float(share)
    # An inset holds its parcels whole: it leads to where the other page lies.
    for number in {number for number, _ in cut} - {number for number, _ in found}:
        side, share = _exit(page.place, by_number[number])
        found[number, side] = 0.0, share
    return [
        Reference(number, side, share * _length(frame, side), by_number[number].scale)
        for (number, side), (_, share) in sorted(found.items())
    ]


def _edges(place: Place) -> dict[Side, Geometry]:
    """The sides of a frame on the ground, from west to east and from south to north."""
    west, south, east, north = place.west, place.south, place.east, place.north
    return {
        "north": shapely.LineString([(west, north), (east, north)]),
        "south": shapely.LineString([(west, south), (east, south)]),
        "east": shapely.LineString([(east, south), (east, north)]),
        "west": shapely.LineString([(west, south), (west, north)]),
    }


def _length(frame: Box, side: Side) -> float:
    return frame.width if side in {"north", "south"} else frame.height


def _exit(page: Place, other: Place) -> tuple[Side, float]:
    """The side on which the line to the middle of another page leaves, and how far along it."""
    east = (other.middle[0] - page.middle[0]) / page.width
    north = (other.middle[1] - page.middle[1]) / page.height
    if abs(north) >= abs(east):
        return ("north" if north > 0 else "south"), 0.5 + east / (2 * abs(north) or 1)
    return ("east" if east > 0 else "west"), 0.5 + north / (2 * abs(east))


def _spread(found: list[Reference], length: float) -> list[Reference]:
    """References of one side, moved apart where they would touch and away from the corners.

    Those to other scales give way where there is no room for all.
    """
    room = length - 2 * CORNER + WIDE
    kept: list[Reference] = []
    for reference in sorted(found, key=lambda each: (each.scale is not None, each.page)):
        room -= reference.wide + APART
        if reference.scale is None or room >= 0:
            kept.append(reference)
    placed: list[Reference] = []
    for reference in sorted(kept, key=lambda each: (each.at, each.page)):
        corner = CORNER + (reference.wide - WIDE) / 2
        at = min(max(reference.at, corner), length - corner)
        if placed:
            at = max(at, placed[-1].at + (placed[-1].wide + reference.wide) / 2 + APART)
        placed.append(replace(reference, at=at))
    # What stands beyond the other corner moves those before it back, each no further than it must.
    for index in reversed(range(len(placed))):
        each, after = placed[index], placed[index + 1] if index + 1 < len(placed) else None
        most = length - CORNER - (each.wide - WIDE) / 2
        if after is not None:
            most = after.at - (each.wide + after.wide) / 2 - APART
        placed[index] = replace(each, at=min(each.at, most))
    return placed
