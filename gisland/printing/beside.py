"""Which map pages lie beside which, and where on the frame each of them says so.

Two pages of one scale are neighbours when their frames, a quarter larger, meet. The reference stands where the line
from middle to middle leaves the frame: so it leads back from the opposite place of the other page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gisland.printing.layout import MapPage
from gisland.printing.paper import Box
from gisland.printing.placement import Place

Side = Literal["north", "south", "east", "west"]
NEAR = 0.25
APART, CORNER = 15.0, 14.0
"""Least distance of two references on one side, and of one from a corner, mm."""


@dataclass(frozen=True)
class Reference:
    """A reference to another page: on which side of the frame, and where along it (mm from the left or below)."""

    page: int
    side: Side
    at: float


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


def references(page: MapPage, pages: list[MapPage], frame: Box) -> list[Reference]:
    """What stands around the frame of a map page."""
    by_number = {each.number: each.place for each in pages}
    found = []
    for one, two in neighbours(pages):
        if page.number in (one, two):
            other = two if page.number == one else one
            side, share = _exit(page.place, by_number[other])
            length = frame.width if side in {"north", "south"} else frame.height
            found.append(Reference(other, side, share * length))
    return [
        each
        for side, length in (
            ("north", frame.width),
            ("south", frame.width),
            ("east", frame.height),
            ("west", frame.height),
        )
        for each in _spread([ref for ref in found if ref.side == side], length)
    ]


def _exit(page: Place, other: Place) -> tuple[Side, float]:
    """The side on which the line to the middle of another page leaves, and how far along it."""
    east = (other.middle[0] - page.middle[0]) / page.width
    north = (other.middle[1] - page.middle[1]) / page.height
    if abs(north) >= abs(east):
        return ("north" if north > 0 else "south"), 0.5 + east / (2 * abs(north) or 1)
    return ("east" if east > 0 else "west"), 0.5 + north / (2 * abs(east))


def _spread(found: list[Reference], length: float) -> list[Reference]:
    """References of one side, moved apart where they would touch and away from the corners."""
    placed: list[Reference] = []
    for reference in sorted(found, key=lambda each: (each.at, each.page)):
        at = min(max(reference.at, CORNER), length - CORNER)
        if placed:
            at = max(at, placed[-1].at + APART)
        placed.append(Reference(reference.page, reference.side, at))
    over = placed[-1].at - (length - CORNER) if placed else 0
    return [Reference(each.page, each.side, each.at - max(over, 0)) for each in placed]
