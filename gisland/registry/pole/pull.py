"""The tie rule: what a place loses by lying far from the centroid, and by lying east or north of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisland.registry.pole.rings import Boundary, Floats, Ints

TOLERANCE = 1e-3
# Metres that a place loses which is as far from the centroid as the farthest vertex: for the distance, for lying
# east, for lying north. Together less than the tolerance.
BY_DISTANCE, BY_EAST, BY_NORTH = 0.99 * TOLERANCE, 1e-3 * TOLERANCE, 1e-4 * TOLERANCE


class Pull(NamedTuple):
    """Per geometry its centroid and what is lost per metre, in its own frame."""

    x: Floats
    y: Floats
    distance: Floats
    east: Floats
    north: Floats

    def of(self, geometry: Ints) -> Pull:
        """The pull of some of the geometries."""
        return Pull(*(each.take(geometry) for each in self))

    def loss(self, x: Floats, y: Floats) -> Floats:
        """What is lost at a place; never negative."""
        east, north = x - self.x, y - self.y
        away: Floats = np.sqrt(east * east + north * north)
        return self.distance * away + self.east * east + self.north * north

    def least_loss(self, x: Floats, y: Floats, half: Floats) -> Floats:
        """A bound from below on what is lost in a square of this half side around a place."""
        east, north = x - self.x, y - self.y
        out_x, out_y = np.maximum(np.abs(east) - half, 0), np.maximum(np.abs(north) - half, 0)
        away: Floats = np.sqrt(out_x * out_x + out_y * out_y)
        slope = np.abs(self.east) + np.abs(self.north)
        return self.distance * away + self.east * east + self.north * north - slope * half


def pull_of(b: Boundary) -> Pull:
    """The pull of each geometry.

    The greatest clearance of a boundary is at least its area ÷ its length. In slivers, where that is below 2 mm, the
    pull is weakened so that it takes no more than half of the clearance: the pole stays inside.
    """
    scale = np.minimum(1, b.area / b.length / (2 * TOLERANCE)) / b.radius
    # East and north as the frame of the geometry sees them.
    east, north = BY_EAST * b.axis_x + BY_NORTH * b.axis_y, BY_NORTH * b.axis_x - BY_EAST * b.axis_y
    return Pull(b.centroid_x, b.centroid_y, BY_DISTANCE * scale, east * scale, north * scale)
