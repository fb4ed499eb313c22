"""Distances from points to the segments of a boundary, for ragged lists of pairs of a point and a segment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisland.registry.pole.rings import Boundary, Flags, Floats, Ints, spread


class Pairs(NamedTuple):
    """Pairs of a point and a segment, sorted by point; `east` and `north` lead from the segment's nearest place."""

    point: Ints
    segment: Ints
    east: Floats
    north: Floats
    along: Floats
    """Where that place lies: 0 at the start of the segment, 1 at its end."""
    squared: Floats
    """The squared distance."""

    def take(self, which: Ints, point: Ints) -> Pairs:
        """Some of the pairs, with new numbers of their points."""
        return Pairs._make([point, *(each.take(which) for each in self[1:])])

    def nearest(self) -> Ints:
        """Per point the first of its pairs that are nearest."""
        return least(self.squared, self.point, firsts(self.point))


def pair_up(b: Boundary, x: Floats, y: Floats, counts: Ints, segments: Ints) -> Pairs:
    """Measure from each point to its segments: the first `counts[0]` of them belong to the first point, and so on."""
    dx, dy = b.dx.take(segments), b.dy.take(segments)
    east = np.repeat(x, counts)
    east -= b.x.take(segments)
    north = np.repeat(y, counts)
    north -= b.y.take(segments)
    along = _step_back(east, north, dx, dy, b.inverse.take(segments))
    squared = east * east
    squared += north * north
    return Pairs(np.repeat(np.arange(len(x)), counts), segments, east, north, along, squared)


def pair_all(b: Boundary, geometry: Ints, x: Floats, y: Floats) -> Pairs:
    """Measure from each point to all segments of its geometry."""
    counts = b.counts.take(geometry)
    return pair_up(b, x, y, counts, np.repeat(b.bounds.take(geometry), counts) + spread(counts))


def distance(b: Boundary, segment: Ints, x: Floats, y: Floats) -> Floats:
    """From points (…, N) to one segment for each of the N, metres."""
    east, north = x - b.x.take(segment), y - b.y.take(segment)
    _step_back(east, north, b.dx.take(segment), b.dy.take(segment), b.inverse.take(segment))
    east *= east
    north *= north
    east += north
    return np.sqrt(east, out=east)


def _step_back(east: Floats, north: Floats, dx: Floats, dy: Floats, inverse: Floats) -> Floats:
    """Vectors from the starts of segments become vectors from their nearest places, whose parameters are returned."""
    along = east * dx
    along += north * dy
    along *= inverse
    np.clip(along, 0, 1, out=along)
    east -= along * dx
    north -= along * dy
    return along


def inside(b: Boundary, x: Floats, y: Floats, segment: Ints, along: Floats) -> Floats:
    """1 for points on the land's side of the segment that is nearest to them, else -1.

    Where the nearest place is a sharp corner, the point may lie on the line of one of its two segments, or even on the
    wrong side of it; but points nearest to a reflex corner lie inside, those nearest to a convex one outside.
    """
    east, north = x - b.x.take(segment), y - b.y.take(segment)
    left = b.dx.take(segment) * north >= b.dy.take(segment) * east
    sign = left.astype(np.float64) * 2 - 1
    end = where((along <= 0) | (along >= 1))
    corner = np.where(along.take(end) <= 0, segment.take(end), b.following.take(segment.take(end)))
    sharp = b.sharp.take(corner)
    sign[end[sharp != 0]] = sharp[sharp != 0]
    return sign


def where(condition: Flags) -> Ints:
    """The indices at which a condition holds (what `numpy.flatnonzero` gives, with less ado)."""
    return condition.nonzero()[0]


def firsts(group: Ints) -> Ints:
    """Where each run of equal numbers begins."""
    begins = np.empty(len(group), dtype=bool)
    begins[:1] = True
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    return where(begins)


def least(values: Floats, group: Ints, starts: Ints) -> Ints:
    """Per group the index of the smallest value, of equal ones the first; `starts` is where each group begins."""
    low = np.minimum.reduceat(values, starts)
    hits = where(values == low.take(group))
    return hits if len(hits) == len(starts) else hits.take(firsts(group.take(hits)))


def highest(values: Floats, geometry: Ints) -> Ints:
    """Per geometry the index of the greatest value; equal geometries stand together."""
    starts = firsts(geometry)
    group = np.zeros(len(geometry), dtype=np.int64)
    group[starts[1:]] = 1
    return least(-values, np.cumsum(group), starts)
