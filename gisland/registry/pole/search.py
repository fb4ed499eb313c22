"""Branch and bound: cells that may hold a higher place than the one known are quartered, all others fall away.

What cannot be higher is told by four bounds: the clearance of the centre plus the radius; the distances of the corners
to the segment nearest to the centre; half of what two walls are apart; and the proof of the place known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisland.registry.pole.cells import EAST, NORTH, Cells, Open, blocks, cut, grid, quarter, within_reach
from gisland.registry.pole.clearance import Pairs, distance, firsts, highest, inside, least, pair_up, where
from gisland.registry.pole.rings import Boundary, Floats, Ints, normalise
from gisland.registry.pole.summits import Summits

GAP = 1e-9
"""Metres by which a place that was not found could at most be higher."""
MANY = 50_000
"""Open cells of one geometry above which its gap is widened at each level: no search grows without end."""
BATCH = 4096
"""Geometries that are searched together."""
TINY = 1e-150


class Search:
    """The search in one batch of geometries; `summits` is what it finds."""

    def __init__(self, boundary: Boundary) -> None:
        self.boundary, self.summits = boundary, Summits(boundary)
        self.gap = np.full(len(boundary.counts), GAP)

    def run(self) -> None:
        """Find the summits."""
        b = self.boundary
        first = grid(b)
        todo: Iterator[Cells] = (first.over(b, np.arange(*run)) for run in cut(b.counts * first.columns * first.rows))
        level, half = 0, first.half
        while found := [each for cells in todo if (each := self._refine(cells, level, half)) is not None]:
            cells = Cells(*map(np.concatenate, zip(*found, strict=True)))
            crowded = np.bincount(cells.geometry, minlength=len(self.gap)) > MANY
            self.gap[crowded & self.summits.found] *= 10
            level, half, todo = level + 1, half / 2, blocks(cells)

    def _refine(self, cells: Cells, level: int, half: Floats) -> Cells | None:
        """The quarters of those cells that may hold a higher place; None when there are none."""
        pairs = pair_up(self.boundary, cells.x, cells.y, cells.counts, cells.segments)
        found = self._open(cells, pairs, level, half)
        if found is None:
            return None
        opened, pairs = within_reach(*found, cells, pairs)
        opened = self._lower_between_two(opened, pairs)
        alive = self._may_exceed(opened)
        if level % 2 == 1:
            best = where(alive)
            best = best.take(highest((opened.ceiling - opened.loss).take(best), opened.geometry.take(best)))
            self.summits.climb(opened.geometry.take(best), opened.x.take(best), opened.y.take(best), rounds=1)
            alive = self._may_exceed(opened)
        proven = where(alive & self.summits.proven.take(opened.geometry))
        of = opened.geometry.take(proven)
        corners = opened.corner_x.take(proven, axis=1), opened.corner_y.take(proven, axis=1)
        alive[proven] = self.summits.ceiling(of, *corners) > self._limit(of)
        return quarter(opened, pairs, alive) if alive.any() else None

    def _limit(self, geometry: Ints) -> Floats:
        """The height that a cell must be able to exceed."""
        limit: Floats = (self.summits.height + self.gap).take(geometry)
        return limit

    def _may_exceed(self, opened: Open) -> NDArray[np.bool_]:
        return opened.ceiling - opened.loss > self._limit(opened.geometry)

    def _open(self, cells: Cells, pairs: Pairs, level: int, half: Floats) -> tuple[Open, Ints] | None:
        """The cells that are open by the distance of the nearest segment, and which they are."""
        b = self.boundary
        nearest = pairs.nearest()
        length = np.sqrt(pairs.squared.take(nearest))
        clearance = length * inside(b, cells.x, cells.y, pairs.segment.take(nearest), pairs.along.take(nearest))
        top = highest(clearance, cells.geometry)
        best = cells.geometry.take(top), cells.x.take(top), cells.y.take(top)
        self.summits.offer(*best, clearance.take(top))
        if level == 0:
            self.summits.climb(*best, rounds=3, straight=2)
        radius = (half * np.sqrt(2)).take(cells.geometry)
        which = where(clearance + radius > self._limit(cells.geometry))
        of, x, y, half = cells.geometry.take(which), cells.x.take(which), cells.y.take(which), half.take(cells.geometry)
        half, radius, clearance, length = (each.take(which) for each in (half, radius, clearance, length))
        nearest = nearest.take(which)
        corner_x, corner_y = x + half * EAST, y + half * NORTH
        corner_distance = distance(b, pairs.segment.take(nearest), corner_x, corner_y)
        ceiling = np.minimum(clearance + radius, corner_distance.max(axis=0))
        loss = self.summits.pull.of(of).least_loss(x, y, half)
        opened = Open(of, x, y, half, radius, length, nearest, loss, ceiling, corner_x, corner_y, corner_distance)
        still = where(self._may_exceed(opened))
        return (opened.take(still), which.take(still)) if len(still) else None

    def _lower_between_two(self, opened: Open, pairs: Pairs) -> Open:
        """Lower the ceilings: between two walls no place is farther from both than half of what they are apart.

        Of all segments the one is taken that is near and lies opposite to the nearest one.
        """
        length = np.sqrt(np.maximum(pairs.squared, TINY))
        scale = 2 * opened.radius / np.maximum(opened.distance, TINY)
        rank = (pairs.east.take(opened.nearest) * scale).take(pairs.point)
        rank *= pairs.east
        rank_north = (pairs.north.take(opened.nearest) * scale).take(pairs.point)
        rank_north *= pairs.north
        rank += rank_north
        rank /= length
        rank += length
        opposite = pairs.segment.take(least(rank, pairs.point, firsts(pairs.point)))
        both = opened.corner_distance + distance(self.boundary, opposite, opened.corner_x, opened.corner_y)
        return opened._replace(ceiling=np.minimum(opened.ceiling, both.max(axis=0) / 2))


def poles(geometries: NDArray[Any]) -> Floats:
    """The pole of inaccessibility of each polygon or multipolygon, (N, 2) in the plane of its coordinates (metres).

    NaN where there is none, which no valid geometry has.
    """
    found = [np.zeros((0, 2))]
    for low in range(0, len(geometries), BATCH):
        search = Search(normalise(geometries[low : low + BATCH]))
        search.run()
        places = search.boundary.outside(search.summits.x, search.summits.y)
        places[~search.summits.found] = np.nan
        found.append(places)
    return np.concatenate(found)
