"""The squares of the search, and what tells that no place in one of them is higher than the best one known."""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Any

import numpy as np

from gisland.registry.pole.balance import NOTHING, ROUNDING, Balance, exceeds
from gisland.registry.pole.climb import Place
from gisland.registry.pole.compiled import Ints, Records, compiled
from gisland.registry.pole.pull import least_loss, loss
from gisland.registry.pole.walls import Land, across, farthest_corner, inside

FIRST = 12
"""Squares over a bounding box at first, about."""
SQUARE: np.dtype[Any] = np.dtype(
    [
        ("x", np.float64),
        ("y", np.float64),
        ("top", np.float64),
        ("nearest", np.int64),
        ("first", np.int64),
        ("end", np.int64),
    ]
)
"""A square by its centre: no place in it is higher than `top`; the wall nearest to the centre; of a list of walls those
from `first` to before `end` are near it."""
NO_PROMISE = Balance(-inf, nan, nan, 0.0, 0.0, 0, 0, 0, 0.0, 0.0, 0.0)


@compiled
def first_squares(land: Land) -> tuple[Records, float]:
    """Squares that cover the bounding box, near all walls, and half of their side."""
    side = sqrt(land.width * land.height / FIRST)
    columns = min(max(round(land.width / side), 1), 4 * FIRST)
    rows = min(max(round(land.height / side), 1), 4 * FIRST)
    half = max(land.width / columns, land.height / rows) / 2
    squares = np.empty(columns * rows, SQUARE)
    for number in range(columns * rows):
        square = squares[number]
        square.x = land.width / 2 + (2 * (number % columns) + 1 - columns) * half
        square.y = land.height / 2 + (2 * (number // columns) + 1 - rows) * half
        square.first, square.end = 0, len(land.walls)
    return squares, half


@compiled
def quarters(squares: Records, half: float) -> Records:
    """The quarters of squares of this half side, near the same walls."""
    found = np.empty(4 * len(squares), SQUARE)
    for number in range(len(found)):
        square, quarter = squares[number // 4], found[number]
        quarter.x = square.x + (half / 2 if number & 1 else -half / 2)
        quarter.y = square.y + (half / 2 if number & 2 else -half / 2)
        quarter.first, quarter.end = square.first, square.end
    return found


@compiled
def measured(
    land: Land, squares: Records, near: Ints, half: float, best: Place, gap: float
) -> tuple[Records, Ints, Place]:
    """The squares in which the nearest wall leaves room for a higher place, and the walls that are near them; and the
    highest of all centres, where that is higher than the best place.

    The walls near a square are those that may be nearest to some place in it.
    """
    radius = half * sqrt(2.0)
    needed, most = 0, 0
    for square in squares:
        needed, most = needed + square.end - square.first, max(most, square.end - square.first)
    found, squared = np.empty(needed, np.int64), np.empty(most)
    count, end = 0, 0
    for square in squares:
        least = inf
        for place in range(square.first, square.end):
            squared[place - square.first] = each = across(land.walls[near[place]], square.x, square.y)[2]
            if each < least:
                least, square.nearest = each, near[place]
        clearance = sqrt(least)
        if clearance + radius <= best.height + gap:
            continue
        if not inside(land.walls, square.nearest, square.x, square.y):
            clearance = -clearance
        height = clearance - loss(land.pull, square.x, square.y)
        if clearance > 0 and height > best.height:
            best = Place(height, square.x, square.y, NOTHING)
        reach = farthest_corner(land.walls[square.nearest], square.x, square.y, half)
        square.top = min(clearance + radius, reach) - least_loss(land.pull, square.x, square.y, half)
        if square.top <= best.height + gap:
            continue
        first = end
        for place in range(square.first, square.end):
            if squared[place - square.first] <= (reach + radius) ** 2:
                found[end] = near[place]
                end += 1
        square.first, square.end = first, end
        squares[count] = square
        count += 1
    return squares[:count], found, best


@compiled
def unproven(land: Land, squares: Records, near: Ints, half: float, best: Place, gap: float) -> tuple[Records, Balance]:
    """The squares of which neither the proof of the best place nor what two walls leave between them tells that no
    place in them is higher; and the two walls between which the highest place is to be expected.
    """
    count, limit, promise = 0, best.height + gap, NO_PROMISE
    for square in squares:
        if square.top <= limit or not exceeds(land, best.proof, square.x, square.y, half, limit):
            continue
        pair = between(land, near[square.first : square.end], square.nearest, square.x, square.y, half)
        if exceeds(land, pair, square.x, square.y, half, limit):
            squares[count] = square
            count += 1
            if pair.value > promise.value:
                promise = pair
    return squares[:count], promise


@compiled
def between(land: Land, near: Ints, nearest: int, x: float, y: float, half: float) -> Balance:
    """Between two walls no place is farther from both than half of what they are apart: the nearest wall of a square
    and of those near it the one that is close and opposite. In place of a balance, that leads to where both are equally
    far.
    """
    east, north, far = seen(land.walls[nearest], x, y)
    opposite, least = nearest, inf
    for number in near:
        other_east, other_north, other_far = seen(land.walls[number], x, y)
        rank = other_far + 3 * half * (east * other_east + north * other_north)
        if rank < least:
            opposite, least = number, rank
    other_east, other_north, other_far = seen(land.walls[opposite], x, y)
    across_x, across_y = east - other_east, north - other_north
    step = (other_far - far) / max(across_x * across_x + across_y * across_y, ROUNDING)
    from_x, from_y = x - land.pull.x, y - land.pull.y
    length = 1 / max(sqrt(from_x * from_x + from_y * from_y), ROUNDING)
    value = (far + other_far) / 2 - loss(land.pull, x, y)
    to_x, to_y = x + across_x * step, y + across_y * step
    return Balance(value, to_x, to_y, from_x * length, from_y * length, nearest, opposite, opposite, 0.5, 0.5, 0.0)


@compiled
def seen(wall: Any, x: float, y: float) -> tuple[float, float, float]:
    """The direction in which the distance of a wall grows, of length 1, and the distance."""
    east, north, squared, _ = across(wall, x, y)
    far = max(sqrt(squared), ROUNDING)
    return east / far, north / far, far
