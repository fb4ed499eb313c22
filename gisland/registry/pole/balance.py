"""Where a few walls hold a place in balance: the boundary around a point, made linear, is solved exactly.

Near a point the distance to each wall is taken as linear. The highest place of the least of these distances, less the
pull, is held either by three walls, or by two that run (nearly) parallel, with the pull deciding where between them.
All choices of three and two of the walls at hand are tried; the lowest one that is in balance is the answer (the dual
of a linear programme). Its weights prove it: the sum of weights × distances, less the pull, is nowhere higher.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from gisland.registry.pole.clearance import Pairs, firsts, least, where
from gisland.registry.pole.pull import Pull
from gisland.registry.pole.rings import Boundary, Floats, Ints

NEAREST = 2
QUADRANTS = 4
THREES = np.array(list(combinations(range(NEAREST + QUADRANTS), 3))).T
TWOS = np.array(list(combinations(range(NEAREST + QUADRANTS), 2))).T
ROUNDING = 1e-9


class Walls(NamedTuple):
    """Per point (second axis) a few walls (first axis): those that are missing are infinitely far."""

    distance: Floats
    east: Floats
    north: Floats
    """The direction in which the distance grows, of length 1."""
    segment: Ints


class Balance(NamedTuple):
    """Places, as seen from the points, and what proves them: `weights` and `walls` (3, N), `direction` (2, N)."""

    value: Floats
    """Clearance less the pull; infinite where nothing is in balance."""
    x: Floats
    y: Floats
    weights: Floats
    """How strongly each of the three walls holds; they sum to 1."""
    walls: Ints
    direction: Floats
    """From the centroid, at most of length 1."""

    def take(self, which: Ints) -> Balance:
        """Some of them."""
        return Balance._make(each.take(which, axis=-1) for each in self)


def walls_around(b: Boundary, pairs: Pairs, x: Floats, y: Floats, *, straight: bool) -> Walls:
    """The two nearest walls of each point and the nearest other one in each quadrant.

    A wall is a segment or the reflex corner where it starts. With `straight`, a segment whose nearest place is a convex
    corner counts with its whole line: further on, it is the line that matters.
    """
    far = np.sqrt(pairs.squared)
    far[where(far == 0)] = np.inf  # it has no direction; a point on the boundary is no pole
    east, north = pairs.east / far, pairs.north / far
    # The segment after it ends, too, has the corner where it starts.
    far[where(pairs.along >= 1)] = np.inf
    if straight:
        _straighten(b, pairs, x, y, far, east, north)
    # Turned a little against the axes, along which many parcels lie.
    quadrant = (0.9 * east + 0.3 * north > 0) * 2 + (0.3 * east - 0.9 * north > 0)
    starts = firsts(pairs.point)
    found = []
    for _ in range(NEAREST):
        nearest = least(far, pairs.point, starts)
        found.append((far.take(nearest), east.take(nearest), north.take(nearest), pairs.segment.take(nearest)))
        far[nearest] = np.inf
    for wanted in range(QUADRANTS):
        there = far.copy()
        there[where(quadrant != wanted)] = np.inf
        nearest = least(there, pairs.point, starts)
        found.append((there.take(nearest), east.take(nearest), north.take(nearest), pairs.segment.take(nearest)))
    return Walls(*map(np.stack, zip(*found, strict=True)))


def _straighten(b: Boundary, pairs: Pairs, x: Floats, y: Floats, far: Floats, east: Floats, north: Floats) -> None:
    start, end = pairs.along <= 0, pairs.along >= 1
    segment = pairs.segment
    at = where((start & b.convex.take(segment)) | (end & b.convex.take(b.following.take(segment))))
    segment, point = segment.take(at), pairs.point.take(at)
    scale = np.sqrt(b.inverse.take(segment))
    left_x, left_y = -b.dy.take(segment) * scale, b.dx.take(segment) * scale
    line = left_x * (x.take(point) - b.x.take(segment)) + left_y * (y.take(point) - b.y.take(segment))
    on_land = where(line > 0)
    at = at.take(on_land)
    far[at], east[at], north[at] = line.take(on_land), left_x.take(on_land), left_y.take(on_land)


def balance(walls: Walls, pull: Pull, x: Floats, y: Floats) -> Balance:
    """The highest places for the points, given the pull of their geometries."""
    pull = pull._replace(x=pull.x - x, y=pull.y - y)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_three, by_two = _held_by_three(walls, pull), _held_by_two(walls, pull)
    two = by_two.value < by_three.value
    return Balance._make(np.where(two, right, left) for left, right in zip(by_three, by_two, strict=True))


def _held_by_three(walls: Walls, pull: Pull) -> Balance:
    a, b, c = THREES
    distance, east, north = walls.distance[a], walls.east[a], walls.north[a]
    # Relative to the first wall; all three distances are equal at (x, y).
    east_b, north_b, less_b = walls.east[b] - east, walls.north[b] - north, distance - walls.distance[b]
    east_c, north_c, less_c = walls.east[c] - east, walls.north[c] - north, distance - walls.distance[c]
    over = 1 / (east_b * north_c - east_c * north_b)
    x, y = (less_b * north_c - less_c * north_b) * over, (less_c * east_b - less_b * east_c) * over
    from_x, from_y = x - pull.x, y - pull.y
    away = np.sqrt(from_x * from_x + from_y * from_y)
    length = 1 / np.maximum(away, ROUNDING)
    direction_x, direction_y = from_x * length, from_y * length
    # The weights make the directions of the walls add up to that of the pull.
    to_x, to_y = pull.distance * direction_x + pull.east - east, pull.distance * direction_y + pull.north - north
    weight_b, weight_c = (to_x * north_c - to_y * east_c) * over, (to_y * east_b - to_x * north_b) * over
    weight_a = 1 - weight_b - weight_c
    value = distance + east * x + north * y - pull.distance * away - pull.east * from_x - pull.north * from_y
    held = np.minimum(np.minimum(weight_a, weight_b), weight_c) >= -ROUNDING
    best, column = _lowest(value, held)
    at = best, column
    weights = np.stack([weight_a[at], weight_b[at], weight_c[at]])
    return Balance(value[at], x[at], y[at], weights, THREES[:, best], np.stack([direction_x[at], direction_y[at]]))


def _held_by_two(walls: Walls, pull: Pull) -> Balance:
    a, b = TWOS
    distance, east, north = walls.distance[a], walls.east[a], walls.north[a]
    # Both distances are equal on the ridge `across · (x, y) = offset`.
    across_x, across_y = east - walls.east[b], north - walls.north[b]
    over = 1 / np.sqrt(across_x * across_x + across_y * across_y)
    across_x, across_y = across_x * over, across_y * over
    offset = (walls.distance[b] - distance) * over
    # Along the ridge the distances rise by as much as the pull falls: where it meets the ridge at this cosine.
    cosine = ((north - pull.north) * across_x - (east - pull.east) * across_y) / pull.distance
    sine = np.sqrt(1 - cosine * cosine)
    beside = across_x * pull.x + across_y * pull.y - offset
    along = across_x * pull.y - across_y * pull.x + np.abs(beside) * cosine / sine
    x, y = across_x * offset - across_y * along, across_y * offset + across_x * along
    sine = -np.copysign(sine, beside)
    rest = walls.east[b] * across_x + walls.north[b] * across_y
    weight = (pull.distance * sine + pull.east * across_x + pull.north * across_y - rest) * over
    from_x, from_y = x - pull.x, y - pull.y
    away = np.sqrt(from_x * from_x + from_y * from_y)
    value = distance + east * x + north * y - pull.distance * away - pull.east * from_x - pull.north * from_y
    best, column = _lowest(value, (np.abs(cosine) < 1) & (weight >= 0) & (weight <= 1))
    at = best, column
    weights = np.stack([weight[at], 1 - weight[at], np.zeros(len(best))])
    turned = np.stack([sine * across_x - cosine * across_y, sine * across_y + cosine * across_x])
    return Balance(value[at], x[at], y[at], weights, TWOS[:, best][[0, 1, 1]], turned[:, best, column])


def _lowest(value: Floats, held: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[Ints, Ints]:
    """Of the choices (first axis) in balance the one with the lowest value; those that are not become infinite."""
    value.ravel()[where(~(held & np.isfinite(value)).ravel())] = np.inf
    return np.argmin(value, axis=0), np.arange(value.shape[1])
