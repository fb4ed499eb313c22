"""Climbing: from one place to the one that the walls around it hold in balance, and on."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from gisland.registry.pole.balance import NOTHING, Balance, ceiling, held
from gisland.registry.pole.compiled import Floats, Ints, Records, compiled
from gisland.registry.pole.pull import loss
from gisland.registry.pole.walls import Land, across, inside

NEAREST = 2
QUADRANTS = 4
STEPS = 6
"""Most places that one climb visits."""
EXACT = 1e-11
"""Metres: closer a proof need not be to its place."""


class Place(NamedTuple):
    """The highest place so far and the balance that proves it."""

    height: float
    x: float
    y: float
    proof: Balance


@compiled
def climbed(land: Land, best: Place, x: float, y: float, straight: int) -> Place:
    """The better of the highest place known and one that is found by climbing from a place.

    In the first `straight` steps walls whose nearest place is a convex corner count with their whole lines. Where some
    walls hold balance others may be nearer, or reflex corners lie in another direction: hence the steps.
    """
    found = NOTHING
    for step in range(STEPS):
        clearance = clearance_at(land, x, y)
        if not clearance > 0:
            break
        height = clearance - loss(land.pull, x, y)
        if height > best.height:
            best = Place(height, x, y, found)
        if found.value < inf and ceiling(land, found, x, y) - height <= EXACT:
            break
        view, seen = around(land.walls, x, y, step < straight)
        found = held(land, view, seen, x, y)
        x, y = found.x, found.y
        if not (found.value < inf and 0 <= x <= land.width and 0 <= y <= land.height):
            break
    return best


@compiled
def clearance_at(land: Land, x: float, y: float) -> float:
    """The distance of a place to the nearest wall; negative outside."""
    best, nearest = inf, 0
    for number in range(len(land.walls)):
        squared = across(land.walls[number], x, y)[2]
        if squared < best:
            best, nearest = squared, number
    return sqrt(best) if inside(land.walls, nearest, x, y) else -sqrt(best)


@compiled
def around(walls: Records, x: float, y: float, straight: int) -> tuple[Floats, Ints]:
    """The two nearest walls and the nearest other one in each quadrant: (distance, east, north), and which they are.

    A wall is a segment or the reflex corner where it starts; east and north are the direction in which the distance
    grows, of length 1.
    """
    seen = np.empty((len(walls), 3))
    first = second = -1
    for place in range(len(walls)):
        far, east, north = seen_from(walls, place, x, y, straight)
        seen[place, 0], seen[place, 1], seen[place, 2] = far, east, north
        if first < 0 or far < seen[first, 0]:
            first, second = place, first
        elif second < 0 or far < seen[second, 0]:
            second = place
    chosen = np.full(NEAREST + QUADRANTS, -1)
    chosen[0], chosen[1] = first, second
    for place in range(len(walls)):
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
            walls_seen[count] = place
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
