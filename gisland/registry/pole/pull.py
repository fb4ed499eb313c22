"""The tie rule: what a place loses by lying far from the centroid, and by lying east or north of it."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from gisland.registry.pole.compiled import compiled

TOLERANCE = 1e-3
# Metres that a place loses which is as far from the centroid as the farthest vertex: for the distance, for lying
# east, for lying north. Together less than the tolerance.
BY_DISTANCE, BY_EAST, BY_NORTH = 0.99 * TOLERANCE, 1e-3 * TOLERANCE, 1e-4 * TOLERANCE


class Pull(NamedTuple):
    """The centroid of a parcel and what is lost per metre, in the frame of the parcel."""

    x: float
    y: float
    distance: float
    east: float
    north: float


@compiled
def loss(pull: Pull, x: float, y: float) -> float:
    """What is lost at a place; never negative."""
    east, north = x - pull.x, y - pull.y
    return pull.distance * sqrt(east * east + north * north) + pull.east * east + pull.north * north


@compiled
def least_loss(pull: Pull, x: float, y: float, half: float) -> float:
    """A bound from below on what is lost in a square of this half side around a place."""
    east, north = x - pull.x, y - pull.y
    out_x, out_y = max(abs(east) - half, 0.0), max(abs(north) - half, 0.0)
    slope = abs(pull.east) + abs(pull.north)
    away = sqrt(out_x * out_x + out_y * out_y)
    return pull.distance * away + pull.east * east + pull.north * north - slope * half
