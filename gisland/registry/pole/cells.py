"""The squares of the search, and the segments that may be nearest to a place in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gisland.registry.pole.clearance import Pairs, firsts, where
from gisland.registry.pole.rings import Boundary, Flags, Floats, Ints, spread

FIRST = 12
"""Squares over a bounding box at first, about."""
BLOCK = 120_000
"""Pairs of points and segments that are measured at once: they fit the processor's cache."""
# The corners of a square as seen from its centre, in half sides.
EAST, NORTH = np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([[-1.0], [1.0], [-1.0], [1.0]])


class Cells(NamedTuple):
    """Squares by their centres, sorted by geometry; `counts` says how many of the `segments` belong to each."""

    geometry: Ints
    x: Floats
    y: Floats
    counts: Ints
    segments: Ints


class Open(NamedTuple):
    """Cells that may hold a higher place. The corners stand in the first axis (4, N)."""

    geometry: Ints
    x: Floats
    y: Floats
    half: Floats
    """Half the side."""
    radius: Floats
    """Half the diagonal."""
    distance: Floats
    """From the centre to the nearest segment."""
    nearest: Ints
    """The pair of the centre with that segment."""
    loss: Floats
    """The least loss by the pull in the cell."""
    ceiling: Floats
    """No clearance in the cell is greater."""
    corner_x: Floats
    corner_y: Floats
    corner_distance: Floats
    """From the corners to the segment that is nearest to the centre."""

    def take(self, which: Ints) -> Open:
        """Some of them."""
        return Open._make(each.take(which, axis=-1) for each in self)


class Grid(NamedTuple):
    """The first squares over each bounding box: how many, and half of their side."""

    columns: Ints
    rows: Ints
    half: Floats

    def over(self, b: Boundary, geometry: Ints) -> Cells:
        """The squares over some geometries, about the middle of their bounding boxes, with all their segments."""
        columns, rows, half = self.columns.take(geometry), self.rows.take(geometry), self.half.take(geometry)
        west, south = b.width.take(geometry) / 2 - columns * half, b.height.take(geometry) / 2 - rows * half
        number, of = spread(columns * rows), np.repeat(np.arange(len(geometry)), columns * rows)
        x = west.take(of) + (2 * (number % columns.take(of)) + 1) * half.take(of)
        y = south.take(of) + (2 * (number // columns.take(of)) + 1) * half.take(of)
        counts = b.counts.take(geometry).take(of)
        segments = np.repeat(b.bounds.take(geometry).take(of), counts) + spread(counts)
        return Cells(geometry.take(of), x, y, counts, segments)


def grid(b: Boundary) -> Grid:
    """Squares that cover the bounding boxes."""
    side = np.sqrt(b.width * b.height / FIRST)
    columns, rows = (np.clip(np.rint(each / side), 1, 4 * FIRST).astype(np.int64) for each in (b.width, b.height))
    return Grid(columns, rows, np.maximum(b.width / columns, b.height / rows) / 2)


def within_reach(opened: Open, which: Ints, cells: Cells, pairs: Pairs) -> tuple[Open, Pairs]:
    """Of the pairs of all cells those that matter to the open ones, `which`: that may be nearest within the cell."""
    reach = np.full(len(cells.x), -1.0)
    reach[which] = (opened.corner_distance.max(axis=0) + opened.radius) ** 2
    kept = where(pairs.squared <= np.repeat(reach, cells.counts))
    number = numbers(which, len(cells.x))
    return (
        opened._replace(nearest=np.searchsorted(kept, opened.nearest)),
        pairs.take(kept, number.take(pairs.point.take(kept))),
    )


def quarter(opened: Open, pairs: Pairs, alive: Flags) -> Cells:
    """Cut the cells that are alive into four. A quarter inherits the segments that may be nearest to a place in it.

    Distances to segments are convex. So the distance of a quarter's centre to the segment nearest to the cell's centre
    is at most the mean of those at the centre and at the corner; and that to another segment is at least what its slope
    at the cell's centre says.
    """
    which = where(alive)
    living = where(alive.take(pairs.point))
    point, segment, squared = pairs.point.take(living), pairs.segment.take(living), pairs.squared.take(living)
    step = (opened.half / 2).take(point)
    step_east, step_north = step * pairs.east.take(living), step * pairs.north.take(living)
    # Each side is multiplied by the distance of the centre, which spares a division.
    length = np.sqrt(squared)
    most = opened.distance / 2 + opened.radius
    counts, segments = [], []
    for east, north, corner_distance in zip(EAST, NORTH, opened.corner_distance, strict=True):
        at_least = squared + east * step_east
        at_least += north * step_north
        at_most = (most + corner_distance / 2).take(point)
        at_most *= length
        kept = where(at_least <= at_most)
        counts.append(np.bincount(point.take(kept), minlength=len(alive)).take(which))
        segments.append(segment.take(kept))
    quarters = opened.half.take(which) / 2
    x, y = (opened.x.take(which) + quarters * EAST).ravel(), (opened.y.take(which) + quarters * NORTH).ravel()
    geometry = np.tile(opened.geometry.take(which), len(EAST))
    return _sorted(Cells(geometry, x, y, np.concatenate(counts), np.concatenate(segments)))


def _sorted(cells: Cells) -> Cells:
    """Cells by geometry."""
    order = np.argsort(cells.geometry, kind="stable")
    starts, counts = (np.cumsum(cells.counts) - cells.counts).take(order), cells.counts.take(order)
    segments = cells.segments.take(np.repeat(starts, counts) + spread(counts))
    return Cells(cells.geometry.take(order), cells.x.take(order), cells.y.take(order), counts, segments)


def numbers(which: Ints, count: int) -> Ints:
    """For `count` items the place of each within `which`; 0 for those that are not in it."""
    number = np.zeros(count, dtype=np.int64)
    number[which] = np.arange(len(which))
    return number


def cut(work: Ints) -> Iterator[tuple[int, int]]:
    """Runs of items that are together about a block of work."""
    block = np.cumsum(work) // BLOCK
    bounds = [0, *(where(np.diff(block) > 0) + 1).tolist(), len(work)]
    yield from pairwise(bounds)


def blocks(cells: Cells) -> Iterator[Cells]:
    """Cut between geometries, so that what is found for one does not depend on the others."""
    bounds = np.append(firsts(cells.geometry), len(cells.x))
    ends = np.concatenate(([0], np.cumsum(cells.counts)))
    for low, high in cut(np.diff(ends[bounds])):
        first, last = bounds[low], bounds[high]
        segments = cells.segments[ends[first] : ends[last]]
        yield Cells._make([*(each[first:last] for each in cells[:4]), segments])
