"""Where a few walls hold a place in balance: the boundary around a point, made linear, is solved exactly.

Near a point the distance to each wall is taken as linear. The highest place of the least of these distances, less the
pull, is held either by three walls, or by two that run (nearly) parallel, with the pull deciding where between them.
All choices of three and two of the walls at hand are tried; the lowest one that is in balance is the answer (the dual
of a linear programme). Its weights prove it: the sum of weights × distances, less the pull, is nowhere higher.
"""

from __future__ import annotations

from math import copysign, inf, isfinite, nan, sqrt
from typing import NamedTuple

from gisland.registry.pole.compiled import Floats, Ints, compiled
from gisland.registry.pole.pull import Pull
from gisland.registry.pole.walls import Land, distance

ROUNDING = 1e-9


class Balance(NamedTuple):
    """A place that walls hold in balance, and what proves it: how strongly they hold sums to 1."""

    value: float
    """Clearance less the pull there, as far as distances are linear; infinite where nothing is in balance."""
    x: float
    y: float
    direction_x: float
    direction_y: float
    """From the centroid, at most of length 1."""
    a: int
    b: int
    c: int
    """The walls."""
    weight_a: float
    weight_b: float
    weight_c: float


NOTHING = Balance(inf, nan, nan, 0.0, 0.0, 0, 0, 0, 0.0, 0.0, 0.0)


@compiled
def held(land: Land, view: Floats, walls: Ints, x: float, y: float) -> Balance:
    """The highest place as it is seen from a point inside."""
    count = len(walls)
    pull = Pull(land.pull.x - x, land.pull.y - y, land.pull.distance, land.pull.east, land.pull.north)
    best, a, b, c = NOTHING, 0, 0, 0
    for first in range(count):
        for second in range(first + 1, count):
            for third in range(second + 1, count):
                found = _held_by_three(pull, view[first], view[second], view[third])
                if found.value < best.value:
                    best, a, b, c = found, first, second, third
    for first in range(count):
        for second in range(first + 1, count):
            found = _held_by_two(pull, view[first], view[second])
            if found.value < best.value:
                best, a, b, c = found, first, second, second
    return Balance(
        best.value,
        best.x + x,
        best.y + y,
        best.direction_x,
        best.direction_y,
        walls[a],
        walls[b],
        walls[c],
        best.weight_a,
        best.weight_b,
        best.weight_c,
    )


@compiled
def _held_by_three(pull: Pull, a: Floats, b: Floats, c: Floats) -> Balance:
    """All three distances are equal there; nothing where the place is not in balance."""
    distance, east, north = a[0], a[1], a[2]
    # Relative to the first wall.
    east_b, north_b, less_b = b[1] - east, b[2] - north, distance - b[0]
    east_c, north_c, less_c = c[1] - east, c[2] - north, distance - c[0]
    twice = east_b * north_c - east_c * north_b
    # The weights × twice, but for the pull, which changes them by less than 5 times itself: it spares most choices.
    sign = copysign(1.0, twice)
    rough_b, rough_c = sign * (east_c * north - north_c * east), sign * (north_b * east - east_b * north)
    if min(rough_b, rough_c, abs(twice) - rough_b - rough_c) < -5 * pull.distance - ROUNDING:
        return NOTHING
    over = 1 / twice
    x, y = (less_b * north_c - less_c * north_b) * over, (less_c * east_b - less_b * east_c) * over
    from_x, from_y = x - pull.x, y - pull.y
    away = sqrt(from_x * from_x + from_y * from_y)
    length = 1 / max(away, ROUNDING)
    direction_x, direction_y = from_x * length, from_y * length
    # The weights make the directions of the walls add up to that of the pull.
    to_x, to_y = pull.distance * direction_x + pull.east - east, pull.distance * direction_y + pull.north - north
    weight_b, weight_c = (to_x * north_c - to_y * east_c) * over, (to_y * east_b - to_x * north_b) * over
    weight_a = 1 - weight_b - weight_c
    value = distance + east * x + north * y - pull.distance * away - pull.east * from_x - pull.north * from_y
    if not (min(weight_a, weight_b, weight_c) >= -ROUNDING and isfinite(value)):
        return NOTHING
    return Balance(value, x, y, direction_x, direction_y, 0, 0, 0, weight_a, weight_b, weight_c)


@compiled
def _held_by_two(pull: Pull, a: Floats, b: Floats) -> Balance:
    """Both distances are equal there, and the pull is in balance with them; else nothing."""
    distance, east, north = a[0], a[1], a[2]
    # Both distances are equal on the ridge `across · (x, y) = offset`.
    across_x, across_y = east - b[1], north - b[2]
    squared = across_x * across_x + across_y * across_y
    # Along the ridge the distances rise by as much as the pull falls: where it meets the ridge at this cosine.
    slope = (north - pull.north) * across_x - (east - pull.east) * across_y
    if not slope * slope < squared * pull.distance * pull.distance:
        return NOTHING
    over = 1 / sqrt(squared)
    across_x, across_y = across_x * over, across_y * over
    offset = (b[0] - distance) * over
    cosine = slope * over / pull.distance
    if not abs(cosine) < 1:
        return NOTHING
    sine = sqrt(1 - cosine * cosine)
    beside = across_x * pull.x + across_y * pull.y - offset
    along = across_x * pull.y - across_y * pull.x + abs(beside) * cosine / sine
    x, y = across_x * offset - across_y * along, across_y * offset + across_x * along
    sine = -copysign(sine, beside)
    rest = b[1] * across_x + b[2] * across_y
    weight = (pull.distance * sine + pull.east * across_x + pull.north * across_y - rest) * over
    from_x, from_y = x - pull.x, y - pull.y
    away = sqrt(from_x * from_x + from_y * from_y)
    value = distance + east * x + north * y - pull.distance * away - pull.east * from_x - pull.north * from_y
    if not (0 <= weight <= 1 and isfinite(value)):
        return NOTHING
    direction_x, direction_y = sine * across_x - cosine * across_y, sine * across_y + cosine * across_x
    return Balance(value, x, y, direction_x, direction_y, 0, 0, 0, weight, 1 - weight, 0.0)


@compiled
def ceiling(land: Land, balance: Balance, x: float, y: float) -> float:
    """No balance lets a place be higher than this; distances to walls are convex, and so is their weighted sum."""
    pull, walls = land.pull, land.walls
    height = (pull.distance * balance.direction_x + pull.east) * (pull.x - x)
    height += (pull.distance * balance.direction_y + pull.north) * (pull.y - y)
    height += balance.weight_a * distance(walls[balance.a], x, y)
    height += balance.weight_b * distance(walls[balance.b], x, y)
    if balance.weight_c > 0:
        height += balance.weight_c * distance(walls[balance.c], x, y)
    return height


@compiled
def exceeds(land: Land, balance: Balance, x: float, y: float, half: float, limit: float) -> bool:
    """Whether a balance lets some place in a square be higher than a limit: the highest is at some corner."""
    if balance.value == inf:
        return True
    for number in range(4):
        corner_x, corner_y = x + (half if number & 1 else -half), y + (half if number & 2 else -half)
        if ceiling(land, balance, corner_x, corner_y) > limit:
            return True
    return False
