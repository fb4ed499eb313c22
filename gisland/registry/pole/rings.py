"""Rings in one normal form: what is the same boundary becomes the same numbers, however it was digitised."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from gisland.registry.pole.compiled import Floats, Ints, compiled


class Rings(NamedTuple):
    """Closed rings; land lies to their left. Metres from the south-west corner of all."""

    x: Floats
    y: Floats
    bounds: Ints
    """Ring k has the vertices `bounds[k]:bounds[k + 1]`, none of them twice."""
    west: float
    south: float
    """That corner."""
    holes: int
    """How many of them bound holes."""


@compiled
def normalise(coordinates: Floats, bounds: Ints, turn: Ints) -> Rings:
    """The rings of one valid polygon or multipolygon.

    Repeated vertices and those on a straight line fall away. Each ring starts at its most westerly (then southerly)
    vertex; outer rings run counter-clockwise, holes clockwise; they are sorted by their starts. All this is decided
    before coordinates are turned: till then differences are exact.

    Args:
        coordinates: places (N, 2) in the plane of the parcel.
        bounds: ring k has the places `bounds[k]:bounds[k + 1]`, the last of which repeats the first.
        turn: 1 for rings that are to run counter-clockwise, -1 for those of holes.
    """
    west, south = inf, inf
    for number in range(bounds[0], bounds[-1]):
        west, south = min(west, coordinates[number, 0]), min(south, coordinates[number, 1])
    count, holes = len(turn), 0
    x, y = np.empty(bounds[-1] - bounds[0]), np.empty(bounds[-1] - bounds[0])
    ends, starts = np.zeros(count + 1, np.int64), np.empty((2, count))
    for ring in range(count):
        holes += turn[ring] < 0
        begin = end = ends[ring]
        for number in range(bounds[ring], bounds[ring + 1]):
            x[end], y[end] = coordinates[number, 0] - west, coordinates[number, 1] - south
            if end == begin or x[end] != x[end - 1] or y[end] != y[end - 1]:
                end += 1
        end = begin + _straightened(x[begin : end - 1], y[begin : end - 1])
        _ordered(x[begin:end], y[begin:end], turn[ring])
        ends[ring + 1], starts[0, ring], starts[1, ring] = end, x[begin], y[begin]
    if count > 1:
        x, y, ends = _sorted(x, y, ends, starts)
    return Rings(x[: ends[-1]], y[: ends[-1]], ends, west, south, holes)


@compiled
def _straightened(x: Floats, y: Floats) -> int:
    """Move the vertices at which a ring turns to its front. Returns how many they are."""
    first_x, first_y, last_x, last_y = x[0], y[0], x[-1], y[-1]
    kept = 0
    for number in range(len(x)):
        here_x, here_y = x[number], y[number]
        next_x, next_y = (x[number + 1], y[number + 1]) if number + 1 < len(x) else (first_x, first_y)
        east, north, next_east, next_north = here_x - last_x, here_y - last_y, next_x - here_x, next_y - here_y
        if east * next_north != north * next_east or east * next_east + north * next_north <= 0:
            x[kept], y[kept] = here_x, here_y
            kept += 1
        last_x, last_y = here_x, here_y
    return kept


@compiled
def _ordered(x: Floats, y: Floats, turn: int) -> None:
    """Let a ring start at its most westerly vertex, of these the most southerly, and run as is said."""
    start, twice, last = 0, 0.0, len(x) - 1
    for number in range(len(x)):
        twice += x[last] * y[number] - x[number] * y[last]
        last = number
        if x[number] < x[start] or (x[number] == x[start] and y[number] < y[start]):
            start = number
    step = turn if twice > 0 else -turn
    old_x, old_y = x.copy(), y.copy()
    for number in range(len(x)):
        x[number], y[number] = old_x[start], old_y[start]
        start = (start + step) % len(x)


@compiled
def _sorted(x: Floats, y: Floats, ends: Ints, starts: Floats) -> tuple[Floats, Floats, Ints]:
    """The rings by their starts (2, N): from west to east, of those as far west from south to north."""
    order = np.arange(len(ends) - 1)
    for ring in range(1, len(order)):
        place = ring
        while place > 0 and (starts[0, order[place - 1]], starts[1, order[place - 1]]) > (
            starts[0, ring],
            starts[1, ring],
        ):
            order[place] = order[place - 1]
            place -= 1
        order[place] = ring
    new_x, new_y, new_ends = np.empty(ends[-1]), np.empty(ends[-1]), np.zeros(len(ends), np.int64)
    for place in range(len(order)):
        low, high = ends[order[place]], ends[order[place] + 1]
        begin = new_ends[place]
        new_ends[place + 1] = begin + high - low
        for number in range(high - low):
            new_x[begin + number], new_y[begin + number] = x[low + number], y[low + number]
    return new_x, new_y, new_ends
