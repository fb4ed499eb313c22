"""Where the pages of an atlas lie: each parcel whole on at least one, few pages, the middle of each in its mass.

A parcel is its bounding box here: it is whole on a page when that box is. Covering boxes by as few equal rectangles as
possible is hard in general. Here the next page holds the outermost box of what is left and as much else as it can; that
is tried from eight sides, and the best result is tidied up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisland.printing.model import Bools, Floats

ROUNDING = 1e-6
CHOICES = 48
ROUNDS = 40
"""Most positions of a page that are tried along each axis."""
DIRECTIONS = [(0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (-0.6, 0.8), (0.6, 0.8), (-0.6, -0.8), (0.6, -0.8)]


@dataclass(frozen=True)
class Place:
    """The map frame of a page on the ground, metres."""

    west: float
    south: float
    width: float
    height: float
    scale: int

    @property
    def east(self) -> float:
        """Its east side."""
        return self.west + self.width

    @property
    def north(self) -> float:
        """Its north side."""
        return self.south + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.west + self.width / 2, self.south + self.height / 2

    def inset(self, mm: float = 0) -> shapely.Polygon:
        """Its rectangle on the ground, so many millimetres on paper within its frame."""
        by = mm * self.scale / 1000
        return shapely.box(self.west + by, self.south + by, self.east - by, self.north - by)

    def holds(self, bounds: Floats, inside: float = 0) -> Bools:
        """Which boxes lie within it, and that far from its sides (metres)."""
        # A hair of tolerance: what was placed to the side exactly must not fall out by rounding.
        edge = inside - 2 * ROUNDING
        held: Bools = (
            (bounds[:, 0] >= self.west + edge)
            & (bounds[:, 1] >= self.south + edge)
            & (bounds[:, 2] <= self.east - edge)
            & (bounds[:, 3] <= self.north - edge)
        )
        return held


def place_pages(bounds: Floats, width: float, height: float, scale: int, inside: float, enough: int = 0) -> list[Place]:
    """Pages that hold all boxes, row by row from the north and from west to east within a row.

    Args:
        bounds: boxes, a row (west, south, east, north) each, metres. None is larger than a page.
        width: of the map frame on the ground, metres.
        height: of the map frame on the ground, metres.
        scale: denominator of the scale.
        inside: how far from the frame a box must stay, metres.
        enough: with so few pages nothing better is looked for.
    """
    wide, high = width - 2 * inside, height - 2 * inside
    best: list[tuple[float, float]] = []
    for direction in DIRECTIONS:
        corners = _from_one_side(bounds, wide, high, direction)
        if not best or len(corners) < len(best):
            best = corners
    best = _improved(bounds, best, wide, high, enough)
    pages = [Place(west - inside, south - inside, width, height, scale) for west, south in best]
    pages = _without_idle(pages, bounds, inside)
    return in_order(_centred(pages, bounds, inside))


def _improved(
    bounds: Floats, corners: list[tuple[float, float]], wide: float, high: float, enough: int
) -> list[tuple[float, float]]:
    """Fewer pages, if some are found: neighbouring ones are taken away and what they held is placed anew, many times.

    Placements as good as the one before are gone on from, too. Chance has a fixed seed: the same boxes, the same pages.
    """
    chance = np.random.default_rng(1)
    for _ in range(ROUNDS):
        if len(corners) <= max(1, enough):
            break
        places = np.array(corners)
        off = np.hypot(*(places - places[chance.integers(len(places))]).T)
        away = np.zeros(len(places), dtype=bool)
        away[np.argsort(off, kind="stable")[: chance.integers(2, 6)]] = True
        west, south = places[~away].T[:, :, None]
        held = (bounds[:, 0] >= west - ROUNDING) & (bounds[:, 2] <= west + wide + ROUNDING)
        held &= (bounds[:, 1] >= south - ROUNDING) & (bounds[:, 3] <= south + high + ROUNDING)
        turn = chance.uniform(0, 2 * np.pi)
        left = bounds[~held.any(axis=0)]
        anew = _from_one_side(left, wide, high, (float(np.cos(turn)), float(np.sin(turn)))) if len(left) else []
        if len(anew) <= away.sum():
            corners = [tuple(place) for place in places[~away].tolist()] + anew
    return corners


def _from_one_side(
    bounds: Floats, wide: float, high: float, direction: tuple[float, float]
) -> list[tuple[float, float]]:
    """Lower left corners of pages; each holds the box that lies furthest in a direction, and as much else as it can."""
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    far = middle @ np.array(direction)
    # What a page holds counts by its extent, and a little by itself: streets are large, but people live in parcels.
    weight = np.prod(bounds[:, 2:] - bounds[:, :2], axis=1) + wide * high / 400
    left = np.arange(len(bounds))
    corners = []
    while len(left):
        first = bounds[left[np.argmax(far[left])]]
        rest = bounds[left]
        wests = _choices(rest[:, 0], first[2] - wide, first[0])
        souths = _choices(rest[:, 3] - high, first[3] - high, first[1])
        in_x = (rest[:, 0] >= wests[:, None]) & (rest[:, 2] <= wests[:, None] + wide + ROUNDING)
        in_y = (rest[:, 1] >= souths[:, None] - ROUNDING) & (rest[:, 3] <= souths[:, None] + high + ROUNDING)
        gain = (in_x * weight[left]) @ in_y.T.astype(float)
        x, y = np.unravel_index(np.argmax(gain), gain.shape)
        corners.append((float(wests[x]), float(souths[y])))
        left = left[~(in_x[x] & in_y[y])]
    return corners


def _choices(values: Floats, low: float, high: float) -> Floats:
    """Where a page may begin: where a box begins, not further off than the box that it must hold allows."""
    within = np.unique(values[(values >= low - ROUNDING) & (values <= high + ROUNDING)])
    if len(within) > CHOICES:
        within = within[np.linspace(0, len(within) - 1, CHOICES).round().astype(int)]
    return within if len(within) else np.array([low])


def _without_idle(pages: list[Place], bounds: Floats, inside: float) -> list[Place]:
    """The pages without those whose boxes all lie on other ones."""
    held = np.array([page.holds(bounds, inside) for page in pages])
    kept = np.ones(len(pages), dtype=bool)
    for index in np.argsort(held.sum(axis=1), kind="stable"):
        kept[index] = False
        if not held[kept].any(axis=0).all():
            kept[index] = True
    return [page for page, keep in zip(pages, kept, strict=True) if keep]


def _centred(pages: list[Place], bounds: Floats, inside: float) -> list[Place]:
    """Each page moved so that what only it holds lies in its middle."""
    for _ in range(2):
        for page in tuple(pages):
            index = pages.index(page)
            others = np.zeros(len(bounds), dtype=bool)
            for other in (*pages[:index], *pages[index + 1 :]):
                others |= other.holds(bounds, inside)
            own = bounds[~others & page.holds(bounds, inside)]
            if not len(own):  # others came to hold it all when they were moved
                pages = [*pages[:index], *pages[index + 1 :]]
                continue
            west, south = (own[:, :2].min(axis=0) + own[:, 2:].max(axis=0) - (page.width, page.height)) / 2
            moved = replace(page, west=float(west), south=float(south))
            pages = [*pages[:index], moved, *pages[index + 1 :]]
    return pages


def in_order(pages: list[Place]) -> list[Place]:
    """From north to south; pages that begin less than half a page further south are one row, from west to east."""
    rows: list[list[Place]] = []
    for page in sorted(pages, key=lambda each: (-each.north, each.west)):
        if rows and rows[-1][0].north - page.north < page.height / 2:
            rows[-1].append(page)
        else:
            rows.append([page])
    return [page for row in rows for page in sorted(row, key=lambda each: each.west)]
