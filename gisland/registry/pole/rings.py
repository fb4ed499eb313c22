"""Rings in one normal form: what is the same boundary becomes the same numbers, however it was digitised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Boundary:
    """The segments of many boundaries, those of geometry k at `bounds[k]:bounds[k + 1]`; land lies to their left.

    Coordinates are metres in a frame of each geometry's own: turned to its longest segment, so that few squares cover a
    slanting parcel, and moved to where its bounding box begins.
    """

    bounds: Ints
    x: Floats
    y: Floats
    dx: Floats
    dy: Floats
    inverse: Floats
    """1 ÷ squared length."""
    sharp: Ints
    """The corner where a segment starts: 0 if it turns by less than 45°, else 1 where it is reflex, -1 convex."""
    convex: Flags
    """Whether that corner is convex."""
    following: Ints
    """The segment that starts where this one ends."""
    origin: Floats
    """Where a frame begins (N, 2)."""
    axis_x: Floats
    axis_y: Floats
    """The direction of its first axis."""
    width: Floats
    height: Floats
    """Of the bounding boxes in it."""
    area: Floats
    length: Floats
    """Of the whole boundary."""
    centroid_x: Floats
    centroid_y: Floats
    """Centre of the area."""
    holes: Ints
    """How many there are."""
    radius: Floats
    """From there to the farthest vertex."""

    @cached_property
    def counts(self) -> Ints:
        """The number of segments of each geometry."""
        return np.diff(self.bounds)

    @cached_property
    def floor(self) -> Floats:
        """Some place of each geometry is higher than this, also by the tie rule (see `pull`).

        Going inwards from the boundary, what is left has a boundary that is no longer than the whole one, but for
        2π · the distance around each hole. That bounds the area by what is deepest.
        """
        deepest = 2 * self.area / (self.length + np.sqrt(self.length**2 + 4 * np.pi * self.holes * self.area))
        floor: Floats = np.maximum(0.99 * deepest - np.minimum(1e-3, self.area / self.length / 2), 0)
        return floor

    def outside(self, x: Floats, y: Floats) -> Floats:
        """One place in each frame, as (N, 2) in the plane of the geometries."""
        turned = [self.axis_x * x - self.axis_y * y, self.axis_y * x + self.axis_x * y]
        places: Floats = self.origin + np.stack(turned, axis=1)
        return places


class _Rings(NamedTuple):
    """Vertices, sorted by ring; per ring its geometry, and whether it bounds a hole."""

    x: Floats
    y: Floats
    ring: Ints
    owner: Ints
    hole: Flags

    def keep(self, vertices: Flags) -> _Rings:
        """Without the other vertices."""
        return self._replace(x=self.x[vertices], y=self.y[vertices], ring=self.ring[vertices])

    def neighbours(self) -> tuple[Ints, Ints]:
        """Per vertex the index of the one before it and of the one after it."""
        counts = np.bincount(self.ring)
        ends = np.cumsum(counts)
        before, after = np.arange(-1, len(self.ring) - 1), np.arange(1, len(self.ring) + 1)
        before[ends - counts], after[ends - 1] = ends - 1, ends - counts
        return before, after


def spread(counts: Ints) -> Ints:
    """0 … count-1 for each of the counts, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def normalise(geometries: NDArray[Any]) -> Boundary:
    """Boundaries of valid polygons and multipolygons.

    Repeated vertices and those on a straight line fall away. Each ring starts at its most westerly (then southerly)
    vertex; outer rings run counter-clockwise, holes clockwise; the rings of a geometry are sorted by their starts.
    All that is decided before coordinates are turned: till then differences are exact.
    """
    kind, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    ring_bounds, polygon_bounds = offsets[0].astype(np.int64), offsets[1].astype(np.int64)
    bounds = polygon_bounds if kind == shapely.GeometryType.POLYGON else polygon_bounds[offsets[2]]
    hole = np.ones(len(ring_bounds) - 1, dtype=bool)
    hole[polygon_bounds[:-1]] = False
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    origin = np.minimum.reduceat(coordinates, ring_bounds[bounds[:-1]], axis=0)
    ring = np.repeat(np.arange(len(hole)), np.diff(ring_bounds))
    x, y = np.ascontiguousarray((coordinates - origin[owner[ring]]).T)
    rings = _Rings(x, y, ring, owner, hole)
    # The last vertex of a ring repeats its first.
    last = np.zeros(len(ring), dtype=bool)
    last[ring_bounds[1:] - 1] = True
    rings = rings.keep(~last)
    for needed in (_moves, _turns):
        vertices = needed(rings)
        if not vertices.all():
            rings = rings.keep(vertices)
    return _boundary(_ordered(rings), origin)


def _moves(rings: _Rings) -> Flags:
    before, _ = rings.neighbours()
    moves: Flags = (rings.x != rings.x[before]) | (rings.y != rings.y[before])
    return moves


def _turns(rings: _Rings) -> Flags:
    before, after = rings.neighbours()
    x, y = rings.x, rings.y
    east, north, next_east, next_north = x - x[before], y - y[before], x[after] - x, y[after] - y
    turns: Flags = (east * next_north != north * next_east) | (east * next_east + north * next_north <= 0)
    return turns


def _ordered(rings: _Rings) -> _Rings:
    """Rings with their starts, directions and order as `normalise` says."""
    x, y, ring, owner, hole = rings
    counts = np.bincount(ring)
    base = np.cumsum(counts) - counts
    _, after = rings.neighbours()
    counter_clockwise = np.add.reduceat(x * y[after] - x[after] * y, base) > 0
    west = np.minimum.reduceat(x, base)
    south = np.minimum.reduceat(np.where(x == west[ring], y, np.inf), base)
    corners = np.flatnonzero((x == west[ring]) & (y == south[ring]))
    start = corners[np.searchsorted(ring[corners], np.arange(len(counts)))] - base
    step = np.where(counter_clockwise == hole, -1, 1)
    order = np.lexsort((south, west, owner))
    base, start, step, counts = base[order], start[order], step[order], counts[order]
    of = np.repeat(np.arange(len(counts)), counts)
    vertices = base[of] + (start[of] + step[of] * spread(counts)) % counts[of]
    return _Rings(x[vertices], y[vertices], of, owner[order], hole[order])


def _boundary(rings: _Rings, origin: Floats) -> Boundary:
    before, after = rings.neighbours()
    geometry = rings.owner[rings.ring]
    bounds = np.concatenate(([0], np.cumsum(np.bincount(geometry, minlength=len(origin)))))
    begin = bounds[:-1]
    x, y, axis_x, axis_y = _turned(rings, after, geometry, begin)
    west, south = np.minimum.reduceat(x, begin), np.minimum.reduceat(y, begin)
    x, y = x - west[geometry], y - south[geometry]
    dx, dy = x[after] - x, y[after] - y
    squared = dx * dx + dy * dy
    left, ahead = dx[before] * dy - dy[before] * dx, dx[before] * dx + dy[before] * dy
    twice = x * y[after] - x[after] * y
    area = np.add.reduceat(twice, begin) / 2
    centroid_x = np.add.reduceat((x + x[after]) * twice, begin) / (6 * area)
    centroid_y = np.add.reduceat((y + y[after]) * twice, begin) / (6 * area)
    away = (x - centroid_x[geometry]) ** 2 + (y - centroid_y[geometry]) ** 2
    return Boundary(
        bounds=bounds,
        x=x,
        y=y,
        dx=dx,
        dy=dy,
        inverse=1 / squared,
        sharp=np.where(np.abs(left) < ahead, 0, np.where(left < 0, 1, -1)),
        convex=left > 0,
        following=after,
        origin=origin + np.stack([axis_x * west - axis_y * south, axis_y * west + axis_x * south], axis=1),
        axis_x=axis_x,
        axis_y=axis_y,
        width=np.maximum.reduceat(x, begin),
        height=np.maximum.reduceat(y, begin),
        area=area,
        length=np.add.reduceat(np.sqrt(squared), begin),
        centroid_x=centroid_x,
        centroid_y=centroid_y,
        holes=np.bincount(rings.owner[rings.hole], minlength=len(origin)),
        radius=np.sqrt(np.maximum.reduceat(away, begin)),
    )


def _turned(rings: _Rings, after: Ints, geometry: Ints, begin: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Coordinates along and across the (first) longest segment of each geometry, and its direction."""
    x, y = rings.x, rings.y
    dx, dy = x[after] - x, y[after] - y
    squared = dx * dx + dy * dy
    hits = np.flatnonzero(squared == np.maximum.reduceat(squared, begin)[geometry])
    longest = hits[np.searchsorted(geometry[hits], np.arange(len(begin)))]
    length = np.sqrt(squared[longest])
    axis_x, axis_y = dx[longest] / length, dy[longest] / length
    along, across = axis_x[geometry], axis_y[geometry]
    return along * x + across * y, along * y - across * x, axis_x, axis_y
