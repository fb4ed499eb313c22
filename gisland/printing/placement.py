"""Where the pages of an atlas lie: each parcel whole on at least one, few pages, the middle of each in its mass.

A parcel is its bounding box here: it is whole on a page when that box is. The pages of a group are the fewest that
there are (`covering`) when all of up to 600 parcels must lie on one; where some may go to an inset it may be stopped a
little earlier. Very many parcels are taken part by part, or from one side to the other; then neighbouring pages are
placed anew, and those are given up whose own parcels cost less on an inset, or are one page too many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisland.printing.covering import ROUNDING, Aside, candidates, cover, thinned
from gisland.printing.model import Bools, Floats

AT_ONCE, A_PART = 600, 400
"""More boxes than so many are placed part by part; how many a part has at most."""
ROUNDS = 40
"""So often pages are placed anew where parts meet."""

CHOICES = 48
"""Most positions of a page that are tried along each axis, where pages are placed from one side."""
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


def place_pages(
    bounds: Floats, width: float, height: float, scale: int, inside: float, aside: Aside | None = None
) -> list[Place]:
    """Pages that hold all boxes but those left aside, row by row from the north and from west to east within a row.

    Args:
        bounds: boxes, a row (west, south, east, north) each, metres.
        width: of the map frame on the ground, metres.
        height: of the map frame on the ground, metres.
        scale: denominator of the scale.
        inside: how far from the frame a box must stay, metres.
        aside: which boxes may be left to insets; None: none may, and none is larger than a page.
    """
    wide, high = width - 2 * inside, height - 2 * inside
    fitting: Bools = ~aside.forced if aside else np.ones(len(bounds), dtype=bool)
    if not fitting.any():
        return []
    low, top = bounds[fitting, :2].min(axis=0), bounds[fitting, 2:].max(axis=0)
    if (top - low <= (wide, high)).all():
        corners = low[None]
    elif len(bounds) <= AT_ONCE:
        corners = _best(bounds, wide, high, fitting, aside)
    else:
        some = bounds[fitting]
        starts = [_in_parts(some, wide, high)]
        starts += [np.array(_from_one_side(some, wide, high, direction)) for direction in DIRECTIONS]
        corners = _improved(some, min(starts, key=len), wide, high)
        if aside:
            held = np.zeros((len(corners), len(bounds)), dtype=bool)
            held[:, fitting] = _held(some, corners, wide, high)
            corners = corners[thinned(held, aside)]
    pages = [Place(float(west) - inside, float(south) - inside, width, height, scale) for west, south in corners]
    held = bounds[np.any([page.holds(bounds, inside) for page in pages], axis=0)] if pages else bounds[:0]
    pages = _without_idle(pages, held, inside)
    return in_order(_centred(pages, held, inside))


def _best(bounds: Floats, wide: float, high: float, fitting: Bools, aside: Aside | None = None) -> Floats:
    """Lower left corners of the fewest pages."""
    places, holding = candidates(bounds[fitting], wide, high)
    held: Bools = np.zeros((len(places), len(bounds)), dtype=bool)
    held[:, fitting] = holding
    corners: Floats = places[cover(held, aside)]
    return corners


def _in_parts(bounds: Floats, wide: float, high: float) -> Floats:
    """Pages of very many boxes: the best of each part."""
    extent = bounds[:, 2:].max(axis=0) - bounds[:, :2].min(axis=0)
    if len(bounds) <= A_PART:
        return _best(bounds, wide, high, np.ones(len(bounds), dtype=bool))
    order = np.argsort(bounds[:, int(extent[1] > extent[0])], kind="stable")
    half = len(order) // 2
    return np.vstack([_in_parts(bounds[part], wide, high) for part in (order[:half], order[half:])])


def _improved(bounds: Floats, corners: Floats, wide: float, high: float) -> Floats:
    """Fewer pages where parts meet: neighbouring ones are taken away and what only they held is placed anew.

    Placements as good as the one before are gone on from, too. Chance has a fixed seed: the same boxes, the same pages.
    """
    chance = np.random.default_rng(1)
    for _ in range(min(ROUNDS, 2 * len(corners)) if len(corners) > 1 else 0):
        off = np.hypot(*(corners - corners[chance.integers(len(corners))]).T)
        away = np.zeros(len(corners), dtype=bool)
        away[np.argsort(off, kind="stable")[: chance.integers(2, 6)]] = True
        left = bounds[~_held(bounds, corners[~away], wide, high).any(axis=0)]
        if len(left) > AT_ONCE:
            continue
        anew = _best(left, wide, high, np.ones(len(left), dtype=bool)) if len(left) else corners[:0]
        if len(anew) <= away.sum():
            corners = np.vstack([corners[~away], anew])
    return corners


def _held(bounds: Floats, corners: Floats, wide: float, high: float) -> Bools:
    """Which boxes (a column) lie on pages with these lower left corners (a row)."""
    west, south = corners.T[:, :, None]
    held: Bools = (bounds[:, 0] >= west - ROUNDING) & (bounds[:, 2] <= west + wide + ROUNDING)
    held &= (bounds[:, 1] >= south - ROUNDING) & (bounds[:, 3] <= south + high + ROUNDING)
    return held


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
