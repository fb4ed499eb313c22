"""The outline of the invented ward and the bending of straight plans into grown land.

Everything is planned in *flat* coordinates: metres around the ward's middle, x along the river, y towards it, with
straight streets. :class:`Bend` then carries each vertex to the ground (EPSG:9210). Because it moves shared vertices and
moves them smoothly, a coverage stays a coverage.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gisland.demo.exact import Floats, Stream, direction, sine, stream

Geometries = NDArray[Any]
"""An object array of shapely geometries."""

CRS = "EPSG:9210"
"""VN-2000 / TM-3, central meridian 105°45': the zone of the former city of Hải Phòng."""
MIDDLE = (594_600.0, 2_308_700.0)
"""Where the middle of the plan lies on the ground: easting, northing in metres."""
TURN = -14 / 360
"""How the river's direction is turned against east, in whole turns."""
AREA_PER_PARCEL = 12_100_000.0 / 14_000
"""Square metres of ward for each parcel asked for: 14,000 parcels make 12.1 km²."""
CELL = 25.0
"""Side of a square of the roughness raster, metres."""


def vertex_numbers(xy: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number vertices, the same number for the same millimetre: where each number is first, and the number of each."""
    key = np.round(xy * 1000).astype(np.int64)
    key -= key.min(axis=0)
    flat = key[:, 0] * (key[:, 1].max() + 1) + key[:, 1]
    order = np.argsort(flat, kind="stable")
    new = np.diff(flat[order], prepend=-1) > 0
    number = np.empty(len(xy), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def draw_outline(parcels: int, seed: int) -> Polygon:
    """Invent the ward's border in flat coordinates: a lengthy, uneven figure with a side in the middle of the river."""
    rng = stream(seed, "outline")
    area = parcels * AREA_PER_PARCEL
    half_x, half_y = 0.5 * np.sqrt(area * 1.45), 0.5 * np.sqrt(area / 1.45)
    turns = np.linspace(0, 1, 22, endpoint=False) + rng.uniform(-0.011, 0.011, 22)
    # A superellipse: fuller than an ellipse, softer than a box; each corner pulled in or out.
    reach = rng.uniform(0.86, 1.06, 22)
    xy = direction(turns)
    root = np.sqrt(np.abs(xy))
    xy = np.sign(xy) * root * np.sqrt(np.sqrt(root)) * reach[:, None] * [half_x, half_y]
    xy[xy[:, 1] > 0.62 * half_y, 1] = half_y  # the side in the river runs along it
    for _ in range(3):  # bend each side at its middle
        side = np.roll(xy, -1, axis=0) - xy
        push = rng.normal(0, 0.07, len(xy)) * (xy[:, 1] < 0.6 * half_y)
        middle = xy + side / 2 + push[:, None] * side[:, ::-1] * [1, -1]
        xy = np.stack([xy, middle], axis=1).reshape(-1, 2)
    ring = shapely.simplify(Polygon(xy).buffer(0), 1.0)
    grow = np.sqrt(area / ring.area)
    return shapely.transform(ring, lambda flat: flat * grow)


@dataclass(frozen=True)
class Waves:
    """A sum of sine waves in both directions: a smooth field of small shifts."""

    vectors: Floats
    """Turns per metre along x and y."""
    phases: Floats
    pushes: Floats

    @classmethod
    def draw(cls, rng: Stream, count: int, lengths: tuple[float, float], slope: float) -> "Waves":
        """Draw ``count`` waves of lengths (metres) between ``lengths``; each stretches land at most by ``slope``."""
        length = rng.uniform(*lengths, count)
        along, push = direction(rng.random(count)), direction(rng.random(count))
        size = slope * length / (2 * np.pi)
        return cls(along / length[:, None], rng.random(count), size[:, None] * push)

    def at(self, xy: Floats) -> Floats:
        """The shift at each point, in metres."""
        shift = np.zeros_like(xy)
        for (x, y), phase, push in zip(self.vectors, self.phases, self.pushes, strict=True):
            shift += sine(xy[:, 0] * x + xy[:, 1] * y + phase)[:, None] * push
        return shift


@dataclass(frozen=True)
class Bend:
    """From flat coordinates to the ground: wide curves everywhere, unevenness where the land grew without a plan."""

    wide: Waves
    middle: Waves
    small: Waves
    corner: Floats
    roughness: Floats

    @classmethod
    def draw(cls, outline: Polygon, rough: Geometries, values: Floats, seed: int) -> "Bend":
        """Make the bend for an outline; ``values`` (0 planned … 1 grown) belong to the cells ``rough``."""
        rng = stream(seed, "bend")
        low_x, low_y, high_x, high_y = outline.buffer(4 * CELL).bounds
        x, y = np.arange(low_x, high_x + CELL, CELL), np.arange(low_y, high_y + CELL, CELL)
        grid = np.zeros((len(y), len(x)))
        nodes = shapely.points(*(a.ravel() for a in np.meshgrid(x, y)))
        node, cell = shapely.STRtree(rough).query(nodes, predicate="intersects")
        grid.ravel()[node] = values[cell]
        for _ in range(4):  # blur, so that neighbouring quarters pass softly into each other
            padded = np.pad(grid, 1, mode="edge")
            grid = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] + grid) / 5
        return cls(
            Waves.draw(rng, 6, (900, 2600), 0.075),
            Waves.draw(rng, 7, (240, 600), 0.06),
            Waves.draw(rng, 8, (55, 130), 0.05),
            np.array([low_x, low_y]),
            grid,
        )

    def to_ground(self, xy: Floats) -> Floats:
        """Carry flat coordinates (n × 2) to EPSG:9210, rounded to the millimetre."""
        first, number = vertex_numbers(xy)  # a vertex of three faces is carried once
        return self._carry(xy[first])[number]

    def _carry(self, xy: Floats) -> Floats:
        rough = self._rough(xy)[:, None]
        bent = xy + self.wide.at(xy) + (0.15 + 0.85 * rough) * self.middle.at(xy) + rough * self.small.at(xy)
        (cos, sin), (x, y) = direction(TURN), bent.T
        return np.asarray(np.round(np.stack([x * cos - y * sin, x * sin + y * cos], axis=1) + MIDDLE, 3))

    def _rough(self, xy: Floats) -> Floats:
        """Roughness at points, bilinear between the raster's nodes."""
        place = (xy - self.corner) / CELL
        height, width = self.roughness.shape
        col = np.clip(place[:, 0].astype(int), 0, width - 2)
        row = np.clip(place[:, 1].astype(int), 0, height - 2)
        right, up = place[:, 0] - col, place[:, 1] - row
        grid = self.roughness
        low = grid[row, col] * (1 - right) + grid[row, col + 1] * right
        high = grid[row + 1, col] * (1 - right) + grid[row + 1, col + 1] * right
        return np.asarray(low * (1 - up) + high * up)
