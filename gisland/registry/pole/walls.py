"""The walls of a parcel: the segments of its boundary, in a frame of its own."""

from __future__ import annotations

from math import inf, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from gisland.registry.pole.compiled import Records, compiled
from gisland.registry.pole.pull import BY_DISTANCE, BY_EAST, BY_NORTH, TOLERANCE, Pull
from gisland.registry.pole.rings import Rings

WALL: np.dtype[Any] = np.dtype(
    [
        ("x", np.float64),
        ("y", np.float64),
        ("dx", np.float64),
        ("dy", np.float64),
        ("inverse", np.float64),
        ("next", np.int32),
        ("convex", np.bool_),
        ("sharp", np.bool_),
    ],
    align=True,
)
"""A segment with land to its left: where it starts, the way to its end, 1 ÷ its squared length, and the segment that
starts there; of the corner where it starts whether it is convex, and whether it turns by 45° or more."""


class Land(NamedTuple):
    """A parcel in a frame of its own: turned to its longest segment, so that few squares cover a slanting parcel, and
    moved to where its bounding box begins. Metres.
    """

    walls: Records
    """An array of `WALL`."""
    width: float
    height: float
    """Of the bounding box."""
    axis_x: float
    axis_y: float
    west: float
    south: float
    """In the plane of the parcel the direction of the frame's first axis, and where the frame begins."""
    pull: Pull
    floor: float
    """Some place is higher than this, also by the tie rule."""


@compiled
def land_of(rings: Rings) -> Land:
    """The walls of rings."""
    walls, axis_x, axis_y = _raised(rings)
    west = south = inf
    for wall in walls:
        west, south = min(west, wall.x), min(south, wall.y)
    width = height = length = twice = moment_x = moment_y = 0.0
    for wall in walls:
        wall.x -= west
        wall.y -= south
        width, height = max(width, wall.x), max(height, wall.y)
        cross = wall.x * wall.dy - wall.y * wall.dx
        twice += cross
        moment_x += (2 * wall.x + wall.dx) * cross
        moment_y += (2 * wall.y + wall.dy) * cross
        length += sqrt(1 / wall.inverse)
    area, x, y = twice / 2, moment_x / (3 * twice), moment_y / (3 * twice)
    radius = 0.0
    for wall in walls:
        radius = max(radius, (wall.x - x) ** 2 + (wall.y - y) ** 2)
    # The greatest clearance is at least area ÷ length. In slivers, where that is below 2 mm, the pull is weakened so
    # that it takes no more than half of it: the pole stays inside.
    scale = min(1.0, area / length / (2 * TOLERANCE)) / sqrt(radius)
    # East and north as the frame sees them.
    east, north = BY_EAST * axis_x + BY_NORTH * axis_y, BY_NORTH * axis_x - BY_EAST * axis_y
    # Going inwards from the boundary, what is left has a boundary that is no longer than the whole one, but for
    # 2π · the distance around each hole. That bounds the area by what is deepest.
    deepest = 2 * area / (length + sqrt(length * length + 4 * pi * rings.holes * area))
    return Land(
        walls,
        width,
        height,
        axis_x,
        axis_y,
        rings.west + (axis_x * west - axis_y * south),
        rings.south + (axis_y * west + axis_x * south),
        Pull(x, y, BY_DISTANCE * scale, east * scale, north * scale),
        max(0.99 * deepest - min(TOLERANCE, area / length / 2), 0.0),
    )


@compiled
def _raised(rings: Rings) -> tuple[Records, float, float]:
    """The walls, turned to the (first) longest segment, and its direction."""
    walls = np.empty(len(rings.x), WALL)
    longest, axis_x, axis_y = 0.0, 1.0, 0.0
    for ring in range(len(rings.bounds) - 1):
        for number in range(rings.bounds[ring], rings.bounds[ring + 1]):
            following = number + 1 if number + 1 < rings.bounds[ring + 1] else rings.bounds[ring]
            walls[number].next = following
            dx, dy = rings.x[following] - rings.x[number], rings.y[following] - rings.y[number]
            squared = dx * dx + dy * dy
            if squared > longest:
                longest, axis_x, axis_y = squared, dx, dy
    axis_x, axis_y = axis_x / sqrt(longest), axis_y / sqrt(longest)
    for number in range(len(walls)):
        x, y = rings.x[number], rings.y[number]
        walls[number].x, walls[number].y = axis_x * x + axis_y * y, axis_x * y - axis_y * x
    for wall in walls:
        end = walls[wall.next]
        wall.dx, wall.dy = end.x - wall.x, end.y - wall.y
        wall.inverse = 1 / (wall.dx * wall.dx + wall.dy * wall.dy)
    for wall in walls:
        end = walls[wall.next]
        left = wall.dx * end.dy - wall.dy * end.dx
        end.convex, end.sharp = left > 0, abs(left) >= wall.dx * end.dx + wall.dy * end.dy
    return walls, axis_x, axis_y


@compiled
def outside(land: Land, x: float, y: float) -> tuple[float, float]:
    """A place of the frame in the plane of the parcel."""
    return land.west + (land.axis_x * x - land.axis_y * y), land.south + (land.axis_y * x + land.axis_x * y)


@compiled
def across(wall: Any, x: float, y: float) -> tuple[float, float, float, float]:
    """To a place from the nearest place of a wall: east, north, the squared distance, and where on the wall that is
    (from 0 at its start to 1 at its end).
    """
    east, north = x - wall.x, y - wall.y
    along = min(max((east * wall.dx + north * wall.dy) * wall.inverse, 0.0), 1.0)
    east, north = east - along * wall.dx, north - along * wall.dy
    return east, north, east * east + north * north, along


@compiled
def distance(wall: Any, x: float, y: float) -> float:
    """From a place to a wall, metres."""
    return sqrt(across(wall, x, y)[2])


@compiled
def farthest_corner(wall: Any, x: float, y: float, half: float) -> float:
    """From a wall to that corner of a square which is farthest from it: no place in the square is farther."""
    south = max(across(wall, x - half, y - half)[2], across(wall, x + half, y - half)[2])
    north = max(across(wall, x - half, y + half)[2], across(wall, x + half, y + half)[2])
    return sqrt(max(south, north))


@compiled
def inside(walls: Records, nearest: int, x: float, y: float) -> bool:
    """Whether a place lies on the land's side of the wall that is nearest to it.

    Where the nearest place is a sharp corner, the point may lie on the line of one of its two segments, or even on the
    wrong side of it; but points nearest to a reflex corner lie inside, those nearest to a convex one outside.
    """
    wall = walls[nearest]
    along = across(wall, x, y)[3]
    if along == 0 or along == 1:
        corner = wall if along == 0 else walls[wall.next]
        if corner.sharp:
            return not corner.convex
    return bool(wall.dx * (y - wall.y) >= wall.dy * (x - wall.x))
