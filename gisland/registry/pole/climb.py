"""Where a few walls hold a place in balance: the boundary around a point, made linear, is solved exactly.

Near a point the distance to each wall is taken as linear. The highest place of the least of these distances, less the
pull, is held either by three walls, or by two that run (nearly) parallel, with the pull deciding where between them.
All choices of three and two of the walls at hand are tried; the lowest one that is in balance is the answer (the dual
of a linear programme). Its weights prove it: the sum of weights × distances, less the pull, is nowhere higher.
"""

from __future__ import annotations

from math import copysign, inf, isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from gisland.registry.pole.compiled import Floats, Ints, Records, compiled
from gisland.registry.pole.pull import Pull, loss
from gisland.registry.pole.walls import Land, across, distance

NEAREST = 2
QUADRANTS = 4
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


LOWEST = Balance(-inf, nan, nan, 0.0, 0.0, 0, 0, 0, 0.0, 0.0, 0.0)
NOTHING = Balance(inf, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0, 0.0, 0.0)


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


@compiled
def between(land: Land, near: Ints, x: float, y: float, half: float) -> Balance:
    """Between two walls no place is farther from both than half of what they are apart: that is as good as a balance
    for telling what is not in a square. To the nearest wall the one is taken that is near and lies opposite.
    """
    first, shortest, first_east, first_north = near[0], inf, 0.0, 0.0
    for number in near:
        wall_east, wall_north, squared, _ = across(land.walls[number], x, y)
        if squared < shortest:
            first, shortest, first_east, first_north = number, squared, wall_east, wall_north
    scale = 3 * half / max(sqrt(shortest), ROUNDING)
    opposite, least = first, inf
    for number in near:
        wall_east, wall_north, squared, _ = across(land.walls[number], x, y)
        far = max(sqrt(squared), ROUNDING)
        rank = far + scale * (first_east * wall_east + first_north * wall_north) / far
        if rank < least:
            opposite, least = number, rank
    first_over, (opposite_east, opposite_north, squared, _) = (
        1 / max(sqrt(shortest), ROUNDING),
        across(land.walls[opposite], x, y),
    )
    far = max(sqrt(squared), ROUNDING)
    across_x, across_y = first_east * first_over - opposite_east / far, first_north * first_over - opposite_north / far
    step = (far - sqrt(shortest)) / max(across_x * across_x + across_y * across_y, ROUNDING)
    value = (far + sqrt(shortest)) / 2 - loss(land.pull, x, y)
    east, north = x - land.pull.x, y - land.pull.y
    over = 1 / max(sqrt(east * east + north * north), ROUNDING)
    return Balance(
        value,
        x + across_x * step,
        y + across_y * step,
        east * over,
        north * over,
        first,
        opposite,
        opposite,
        0.5,
        0.5,
        0.0,
    )


@compiled
def climb(land: Land, near: Ints, x: float, y: float, straight: int) -> Balance:
    """What is held in balance by some of the walls, as they are seen from a place."""
    view, walls = around(land.walls, near, x, y, straight)
    return held(land, view, walls, x, y)


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
def around(walls: Records, near: Ints, x: float, y: float, straight: int) -> tuple[Floats, Ints]:
    """The two nearest walls and the nearest other one in each quadrant: (distance, east, north), and which they are.

    A wall is a segment or the reflex corner where it starts; east and north are the direction in which the distance
    grows, of length 1.
    """
    seen = np.empty((len(near), 3))
    first = second = -1
    for place in range(len(near)):
        far, east, north = seen_from(walls, near[place], x, y, straight)
        seen[place, 0], seen[place, 1], seen[place, 2] = far, east, north
        if first < 0 or far < seen[first, 0]:
            first, second = place, first
        elif second < 0 or far < seen[second, 0]:
            second = place
    chosen = np.full(NEAREST + QUADRANTS, -1)
    chosen[0], chosen[1] = first, second
    for place in range(len(near)):
        if place != first and place != second:
            far, east, north = seen[place, 0], seen[place, 1], seen[place, 2]
            # Turned a little against the axes, along which many parcels lie.
            quadrant = NEAREST + (2 if 0.9 * east + 0.3 * north > 0 else 0) + (1 if 0.3 * east - 0.9 * north > 0 else 0)
            if chosen[quadrant] < 0 or far < seen[chosen[quadrant], 0]:
                chosen[quadrant] = place
    view, walls_seen, count = np.empty((len(chosen), 3)), np.empty(len(chosen), np.int64), 0
    for place in chosen:
        if place >= 0 and seen[place, 0] < inf:
            view[count, 0], view[count, 1], view[count, 2] = seen[place, 0], seen[place, 1], seen[place, 2]
            walls_seen[count] = near[place]
            count += 1
    return view[:count], walls_seen[:count]


@compiled
def seen_from(walls: Records, number: int, x: float, y: float, straight: int) -> tuple[float, float, float]:
    """The distance of a wall and its direction; infinite where another one has the corner that is nearest."""
    wall = walls[number]
    east, north, squared, along = across(wall, x, y)
    corner = walls[wall.next] if along == 1 else wall
    if straight and (along == 0 or along == 1) and corner.convex:
        scale = sqrt(wall.inverse)
        left_x, left_y = -wall.dy * scale, wall.dx * scale
        line = left_x * (x - wall.x) + left_y * (y - wall.y)
        if line > 0:
            return line, left_x, left_y
    if along == 1 or squared == 0:  # A point on the boundary is no pole.
        return inf, 0.0, 0.0
    far = sqrt(squared)
    return far, east / far, north / far


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
