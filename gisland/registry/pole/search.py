"""Branch and bound: squares that may hold a higher place than the one known are quartered, all others fall away.

What cannot be higher is told by three bounds: the clearance of the centre plus half the diagonal; the distances of the
corners to the wall nearest to the centre; and what walls around the centre hold in balance (see `climb`).
"""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Any, NamedTuple

import numpy as np

from gisland.registry.pole.climb import LOWEST, NOTHING, Balance, between, ceiling, climb, exceeds
from gisland.registry.pole.compiled import Floats, Ints, Records, compiled, entry
from gisland.registry.pole.pull import least_loss, loss
from gisland.registry.pole.rings import normalise
from gisland.registry.pole.walls import Land, across, farthest_corner, inside, land_of, outside

GAP = 1e-9
"""Metres by which a place that was not found could at most be higher."""
MANY = 50_000
"""After as many squares the gap is widened, and again: no search goes on without end."""
FIRST = 12
"""Squares over a bounding box at first, about."""
EXACT = 1e-11
"""Metres: closer a proof need not be to its place."""
SQUARE: np.dtype[Any] = np.dtype(
    [("x", np.float64), ("y", np.float64), ("top", np.float64), ("first", np.int64), ("end", np.int64)], align=True
)
"""A square by its centre; no place in it is higher than `top`; the walls `first` to `end` of a list are near it."""
STEPS = 6
"""Most steps of one climb."""


class Place(NamedTuple):
    """The highest place so far and the balance that proves it."""

    height: float
    x: float
    y: float
    proof: Balance


@compiled
def clearance_at(land: Land, near: Ints, x: float, y: float) -> float:
    """The distance of a place to the nearest wall; negative outside."""
    best, nearest = inf, near[0]
    for number in near:
        squared = across(land.walls[number], x, y)[2]
        if squared < best:
            best, nearest = squared, number
    return sqrt(best) if inside(land.walls, nearest, x, y) else -sqrt(best)


@compiled
def climbed(land: Land, every: Ints, best: Place, x: float, y: float, straight: int) -> Place:
    """The better of the highest place known and one that is found by climbing from a place, `straight` at first.

    Where some walls hold balance others may be nearer, or reflex corners lie in another direction: hence the steps.
    """
    found = NOTHING
    for step in range(STEPS):
        clearance = clearance_at(land, every, x, y)
        if not clearance > 0:
            break
        height = clearance - loss(land.pull, x, y)
        if height > best.height:
            best = Place(height, x, y, found)
        if found.value < inf and ceiling(land, found, x, y) - height <= EXACT:
            break
        found = climb(land, every, x, y, step < straight)
        x, y = found.x, found.y
        if not (found.value < inf and 0 <= x <= land.width and 0 <= y <= land.height):
            break
    return best


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
    """Those squares in which the distance to the nearest wall leaves room for a higher place, with the walls that are
    near them; and the highest of their centres, if it is higher than the best place."""
    radius = half * sqrt(2.0)
    needed, longest = 0, 0
    for square in squares:
        needed += square.end - square.first
        longest = max(longest, square.end - square.first)
    kept, squared = np.empty(needed, np.int64), np.empty(longest)
    count, end = 0, 0
    for square in squares:
        shortest, nearest = inf, 0
        for place in range(square.first, square.end):
            each = across(land.walls[near[place]], square.x, square.y)[2]
            squared[place - square.first] = each
            if each < shortest:
                shortest, nearest = each, near[place]
        distance = sqrt(shortest)
        if distance + radius <= best.height + gap:
            continue
        clearance = distance if inside(land.walls, nearest, square.x, square.y) else -distance
        if clearance > 0:
            height = clearance - loss(land.pull, square.x, square.y)
            if height > best.height:
                best = Place(height, square.x, square.y, NOTHING)
        if clearance + radius <= best.height + gap:
            continue
        reach = farthest_corner(land.walls[nearest], square.x, square.y, half)
        top = min(clearance + radius, reach) - least_loss(land.pull, square.x, square.y, half)
        if top <= best.height + gap:
            continue
        open_ = squares[count]
        count += 1
        begin = end
        within = (reach + radius) ** 2
        for place in range(square.first, square.end):
            if squared[place - square.first] <= within:
                kept[end] = near[place]
                end += 1
        open_.x, open_.y, open_.top, open_.first, open_.end = square.x, square.y, top, begin, end
    return squares[:count], kept, best


@compiled
def unproven(land: Land, squares: Records, near: Ints, half: float, best: Place, gap: float) -> tuple[Records, Balance]:
    """Those squares that may hold a higher place also by the proof of the best one and by what two walls leave between
    them; the one whose walls are farthest apart comes first."""
    count, limit, highest = 0, best.height + gap, LOWEST
    for square in squares:
        if square.top <= limit or not exceeds(land, best.proof, square.x, square.y, half, limit):
            continue
        pair = between(land, near[square.first : square.end], square.x, square.y, half)
        if not exceeds(land, pair, square.x, square.y, half, limit):
            continue
        open_ = squares[count]
        open_.x, open_.y, open_.top = square.x, square.y, square.top
        open_.first, open_.end = square.first, square.end
        count += 1
        if pair.value > highest.value:
            highest = pair
    return squares[:count], highest


@compiled
def pole(land: Land) -> tuple[float, float]:
    """The pole of inaccessibility in the frame of a parcel; NaN where there is none."""
    every = np.arange(len(land.walls))
    best, gap = Place(land.floor, nan, nan, NOTHING), GAP
    squares, half = first_squares(land)
    near = every
    while len(squares):
        height = best.height
        squares, near, best = measured(land, squares, near, half, best, gap)
        if best.height > height:
            best = climbed(land, every, best, best.x, best.y, 2)
        squares, pair = unproven(land, squares, near, half, best, gap)
        if pair.value > best.height:
            best = climbed(land, every, best, pair.x, pair.y, 0)
        if len(squares) > MANY:
            gap *= 10
        squares, half = quarters(squares, half), half / 2
    return best.x, best.y


@entry
def search(coordinates: Floats, rings: Ints, polygons: Ints, geometries: Ints) -> Floats:
    """The poles of many polygons and multipolygons, (N, 2) in the plane of their coordinates; NaN where there is none.

    Args:
        coordinates: of all rings (N, 2).
        rings: where each ring begins, and where the last one ends.
        polygons: the first ring of each polygon, likewise; it is the outer one.
        geometries: the first polygon of each geometry, likewise.
    """
    found = np.empty((len(geometries) - 1, 2))
    for number in range(len(found)):
        first, last = polygons[geometries[number]], polygons[geometries[number + 1]]
        turn = np.full(last - first, -1)
        for polygon in range(geometries[number], geometries[number + 1]):
            turn[polygons[polygon] - first] = 1
        land = land_of(normalise(coordinates, rings[first : last + 1], turn))
        x, y = pole(land)
        found[number] = outside(land, x, y)
    return found
