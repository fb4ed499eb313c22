"""Coverages as edges: noding lines into faces, who borders whom, joining faces (shapely and numpy only)."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.exact import Floats, distance
from gisland.demo.outline import Geometries, vertex_numbers

GRID = 0.01
"""Noding grid in flat coordinates, metres. Ten times coarser than the millimetre of the result: rounding after bending
can then never bring two lines across each other."""
STEP = 12.0
"""Longest straight edge of a street or block border, metres; shorter edges bend better."""
FINE = 9.0
"""The same where the land bends much."""

Ints = NDArray[np.int64]


class Portable:
    """Goes to another process with all its geometries in one piece; one by one takes ten times as long."""

    GEOMETRIES: ClassVar[tuple[str, ...]] = ("polygons",)

    def __getstate__(self) -> dict[str, Any]:
        """The fields, geometries as WKB."""
        packed = {name: shapely.to_wkb(np.asarray(getattr(self, name), dtype=object)) for name in self.GEOMETRIES}
        return self.__dict__ | packed

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The fields again."""
        self.__dict__.update(state | {name: shapely.from_wkb(state[name]) for name in self.GEOMETRIES})


def node(lines: Geometries, step: float, *, on_grid: bool = False) -> Geometries:
    """The faces that lines enclose: every crossing and every touching end becomes a vertex of all lines concerned.

    Edges longer than ``step`` metres are then divided, each once for both its faces; ``on_grid`` brings new vertices
    to the noding grid as well, so that the faces can be noded again without moving.
    """
    edges = shapely.segmentize(shapely.union_all(lines, grid_size=GRID), step)
    if on_grid:
        edges = shapely.transform(edges, lambda xy: np.round(xy, 2))  # the very doubles that GEOS makes
    found: Geometries = shapely.get_parts(shapely.polygonize([edges]))
    return found


@dataclass(frozen=True)
class Edges:
    """The edges of a coverage: for each the face on either side (-1 outside), its two ends and its length."""

    left: Ints
    right: Ints
    ends: Floats
    """n × 4: x1, y1, x2, y2."""
    length: Floats

    @classmethod
    def of(cls, polygons: Geometries) -> "Edges":
        """Read the edges from polygons whose shared borders have the same vertices."""
        rings, owner = shapely.get_rings(polygons, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        start = np.flatnonzero(ring[:-1] == ring[1:])
        vertex = vertex_numbers(xy)[1]
        return cls._paired(owner[ring[start]], vertex[start], vertex[start + 1], np.hstack([xy[start], xy[start + 1]]))

    @classmethod
    def between(cls, face: Ints, ends: Floats) -> "Edges":
        """Pair the sides of edges: each is one of the border of ``face``."""
        one, two = vertex_numbers(ends.reshape(-1, 2))[1].reshape(-1, 2).T
        return cls._paired(face, one, two, ends)

    @classmethod
    def _paired(cls, face: Ints, one: Ints, two: Ints, ends: Floats) -> "Edges":
        edge = np.minimum(one, two) * (2 * len(face)) + np.maximum(one, two)
        order = np.argsort(edge, kind="stable")
        edge, face = edge[order], face[order]
        first = np.append(True, edge[1:] != edge[:-1])
        at = np.flatnonzero(first)
        pair = np.append(~first[1:], False)[at]
        right = np.where(pair, face[np.minimum(at + 1, len(face) - 1)], -1)
        ends = ends[order[at]]
        return cls(face[at], right, ends, distance(ends[:, 2:] - ends[:, :2]))


class Borders(NamedTuple):
    """Pairs of bordering faces (``one`` < ``two``) and the length of the border they share."""

    one: Ints
    two: Ints
    length: Floats

    @classmethod
    def of(cls, one: Ints, two: Ints, length: Floats) -> "Borders":
        """Sum up the lengths of the pairs; those of a face with itself and with none (-1) are left out."""
        low, high = np.minimum(one, two), np.maximum(one, two)
        real = (low >= 0) & (low != high)
        count = int(high.max(initial=0)) + 1
        pair, place = np.unique(low[real] * count + high[real], return_inverse=True)
        return cls(pair // count, pair % count, np.bincount(place, length[real], len(pair)).astype(float))

    def renumbered(self, number: Ints) -> "Borders":
        """The borders after faces were joined or left out: ``number`` has the new number of each, -1 for none."""
        return self.of(number[self.one], number[self.two], self.length)


def neighbours(edges: Edges) -> Borders:
    """Who borders whom."""
    return Borders.of(edges.left, edges.right, edges.length)


def roots(parent: Ints) -> Ints:
    """Follow each face's chain of joins to its end."""
    while True:
        up = parent[parent]
        if (up == parent).all():
            return parent
        parent = up


def join(polygons: Geometries, parent: Ints) -> tuple[Geometries, Ints]:
    """Join each face with the face named in ``parent`` (itself: stays): the faces and which of them were kept."""
    root = roots(parent)
    kept = np.flatnonzero(root == np.arange(len(root)))
    result = polygons.copy()
    moved = np.flatnonzero(root != np.arange(len(root)))
    by_root = moved[np.argsort(root[moved], kind="stable")]
    starts = np.flatnonzero(np.diff(root[by_root], prepend=-1))
    for group in np.split(by_root, starts[1:]) if len(by_root) else []:
        target = root[group[0]]
        result[target] = shapely.coverage_union_all([polygons[target], *polygons[group]])
    return result[kept], kept


def connected(one: Ints, two: Ints, count: int) -> Ints:
    """For each face the lowest-numbered face that it is connected with by the pairs ``one``–``two``."""
    label = np.arange(count)
    while True:
        lowest = np.minimum(label[one], label[two])
        before = label.copy()
        np.minimum.at(label, one, lowest)
        np.minimum.at(label, two, lowest)
        label = label[label]
        if (label == before).all():
            return label
