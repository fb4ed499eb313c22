"""The highest places found so far, one for each geometry, and the proof that nothing near them is higher."""

from __future__ import annotations

import numpy as np

from gisland.registry.pole.balance import balance, walls_around
from gisland.registry.pole.clearance import Pairs, distance, inside, pair_all, where
from gisland.registry.pole.pull import pull_of
from gisland.registry.pole.rings import Boundary, Floats, Ints

EXACT = 1e-11
"""Metres: closer a proof need not be to its place."""


class Summits:
    """Height is clearance (distance to the boundary) less the pull of the tie rule."""

    def __init__(self, b: Boundary) -> None:
        count = len(b.counts)
        self.boundary, self.pull = b, pull_of(b)
        self.height = b.floor.copy()
        self.x, self.y = np.zeros(count), np.zeros(count)
        self.found = np.zeros(count, dtype=bool)
        self.proven = np.zeros(count, dtype=bool)
        self.weights, self.segments = np.zeros((3, count)), np.zeros((3, count), dtype=np.int64)
        self.direction = np.zeros((2, count))

    def offer(self, geometry: Ints, x: Floats, y: Floats, clearance: Floats) -> Floats:
        """Take the places that are higher than what is known; each geometry comes once. Returns their heights."""
        height = clearance - self.pull.of(geometry).loss(x, y)
        higher = where((clearance > 0) & (height > self.height.take(geometry)))
        at = geometry.take(higher)
        self.found[at] = True
        self.height[at], self.x[at], self.y[at] = height.take(higher), x.take(higher), y.take(higher)
        return height

    def climb(self, geometry: Ints, x: Floats, y: Floats, *, rounds: int, straight: int = 0) -> None:
        """From one point in each of these geometries to the place where the walls around it hold the balance.

        In the first `straight` rounds walls count with their whole lines: the way may be long.
        """
        if not len(geometry):
            return
        b = self.boundary
        pairs = pair_all(b, geometry, x, y)
        for number in range(rounds):
            walls = walls_around(b, pairs, x, y, straight=number < straight)
            found = balance(walls, self.pull.of(geometry), x, y)
            x, y = found.x + x, found.y + y
            within = (x >= 0) & (y >= 0) & (x <= b.width.take(geometry)) & (y <= b.height.take(geometry))
            good = where(within & (found.value < np.inf))
            if not len(good):
                return
            geometry, x, y, found = geometry.take(good), x.take(good), y.take(good), found.take(good)
            segments = walls.segment[found.walls, good]
            pairs = pair_all(b, geometry, x, y)
            clearance = signed(b, pairs, x, y)
            height = self.offer(geometry, x, y, clearance)
            slack = self._prove(geometry, x, y, height, found.weights, segments, found.direction)
            more = where((clearance > 0) & (slack > EXACT))
            if not len(more):
                return
            if len(more) < len(x):
                pairs = _of_points(pairs, more, len(x))
                geometry, x, y = geometry.take(more), x.take(more), y.take(more)

    def _prove(
        self, geometry: Ints, x: Floats, y: Floats, height: Floats, weights: Floats, segments: Ints, direction: Floats
    ) -> Floats:
        """Keep what proves the places that are the highest. Returns by how much each proof exceeds its place."""
        b = self.boundary
        loss = self.pull.of(geometry).loss(x, y)
        slack: Floats = -loss - height
        for weight, segment in zip(weights, segments, strict=True):
            slack += weight * distance(b, segment, x, y)
        top = where((height >= self.height.take(geometry)) & (slack < 1e-3))
        at = geometry.take(top)
        self.proven[at] = True
        self.weights[:, at], self.segments[:, at] = weights[:, top], segments[:, top]
        self.direction[:, at] = direction[:, top]
        return slack

    def ceiling(self, geometry: Ints, x: Floats, y: Floats) -> Floats:
        """A bound from above on the height in the convex hull of points (4, N), by the proofs of N geometries.

        Distances to walls are convex and so is their weighted sum: at some corner it is highest.
        """
        pull = self.pull.of(geometry)
        direction_x, direction_y = self.direction[0].take(geometry), self.direction[1].take(geometry)
        height = (pull.distance * direction_x + pull.east) * (pull.x - x)
        height += (pull.distance * direction_y + pull.north) * (pull.y - y)
        for weight, segment in zip(self.weights, self.segments, strict=True):
            height += weight.take(geometry) * distance(self.boundary, segment.take(geometry), x, y)
        highest: Floats = height.max(axis=0)
        return highest


def signed(b: Boundary, pairs: Pairs, x: Floats, y: Floats) -> Floats:
    """The clearance of points: the distance to the nearest of their segments, negative outside."""
    nearest = pairs.nearest()
    return np.sqrt(pairs.squared.take(nearest)) * inside(
        b, x, y, pairs.segment.take(nearest), pairs.along.take(nearest)
    )


def _of_points(pairs: Pairs, points: Ints, count: int) -> Pairs:
    """The pairs of some of the `count` points."""
    number = np.full(count, -1)
    number[points] = np.arange(len(points))
    renumbered = number.take(pairs.point)
    which = where(renumbered >= 0)
    return pairs.take(which, renumbered.take(which))
