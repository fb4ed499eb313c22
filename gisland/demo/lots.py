"""The plan as arrays, and the walls that cut its rows into lots."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.blocks import EAST, ROW, STREET, Plan
from gisland.demo.exact import Floats, Stream, exponential, stream
from gisland.demo.mesh import Ints, Portable
from gisland.demo.outline import Geometries
from gisland.demo.streets import Strips
from gisland.demo.zones import ZONES

SURPLUS = 1.03
"""How many more faces than parcels are drawn; joining brings them down and makes double lots and angles."""


@dataclass(frozen=True)
class Pieces(Portable):
    """The plan as arrays, main strips (cell -1) at the end."""

    polygons: Geometries
    kind: Ints
    cell: Ints
    zone: Ints
    block: Ints
    axis: Floats
    """Direction of the front of a row, a unit vector."""
    front: Ints
    use: NDArray[np.str_]
    width: Floats
    line: Ints
    """Number of the main street or water; -1 inside cells."""

    def take(self, at: slice) -> "Pieces":
        """Some of the pieces."""
        return replace(self, **{name: column[at] for name, column in self.__dict__.items()})


def collect(plan: Plan, strips: Strips) -> Pieces:
    """Put plan and strips side by side."""
    extra = len(strips.polygons)

    def both(inner: list[int], outer: list[int]) -> Ints:
        return np.array(inner + outer, dtype=np.int64)

    return Pieces(
        np.array([*plan.polygons, *strips.polygons], dtype=object),
        both(plan.kinds, [0] * extra),
        both(plan.cells, [-1] * extra),
        both(plan.zones, [-1] * extra),
        both(plan.blocks, [-1] * extra),
        np.array(plan.axes + [EAST] * extra),
        both(plan.fronts, [0] * extra),
        np.array(plan.uses + strips.uses),
        np.array(plan.widths + strips.widths),
        both([-1] * len(plan.kinds), strips.lines),
    )


def draw_walls(pieces: Pieces, parcels: int, seed: int) -> tuple[Floats, Ints]:
    """The walls that cut rows into lots, as many as the number of parcels needs, and the row of each, in their order.

    A wall is two ends (n × 2 × 2); it reaches beyond its row.
    """
    rng = stream(seed, "walls")
    rows = np.flatnonzero(pieces.kind == ROW)
    axis = pieces.axis[rows]
    low, high, bottom, top = _extents(pieces.polygons[rows], axis)
    length = high - low
    # Streets of a cell will be one parcel; they hang together in about two networks.
    inner = (pieces.kind == STREET) & (pieces.cell >= 0)
    others = len(pieces.kind) - len(rows) - inner.sum() + 2 * len(np.unique(pieces.cell[inner]))
    count = _lots_per_row(length, pieces.width[rows], parcels * SURPLUS + 12 - others)
    row = np.repeat(np.arange(len(rows)), count)
    spread = np.array([z.spread for z in ZONES])[pieces.zone[rows]]
    share = exponential(rng.normal(0, 1, len(row)) * spread[row])
    share /= np.bincount(row, share)[row]
    end = np.cumsum(share)
    end -= np.concatenate([[0], end[np.cumsum(count)[:-1] - 1]])[row]
    last = np.append(row[1:] != row[:-1], True)
    at = low[row] + length[row] * end
    walls = _segments(at, bottom[row] - 1, at, top[row] + 1, axis[row])[~last]
    behind, owner = _rear_lots(pieces, rows, row, at, (bottom, top), rng)
    owner = np.concatenate([rows[row[~last]], owner])
    order = np.argsort(owner, kind="stable")
    return np.concatenate([walls, behind])[order], owner[order]


def clip(walls: Floats, polygons: Geometries, owner: Ints) -> tuple[Geometries, Ints]:
    """What of each wall lies in the polygon ``owner``, and the owner of each part; parts shorter than a foot fall away.

    The line of a wall is in the polygon between its first and second crossing with the border, third and fourth …
    """
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    sides = np.flatnonzero(ring[:-1] == ring[1:])
    count = np.bincount(polygon[ring[sides]], minlength=len(polygons))
    # Each wall with each side of its polygon.
    wall = np.repeat(np.arange(len(walls)), count[owner])
    start = (np.cumsum(count) - count)[owner] - (np.cumsum(count[owner]) - count[owner])
    side = sides[np.arange(len(wall)) + start[wall]]
    origin, vector = walls[:, 0], walls[:, 1] - walls[:, 0]
    square = vector[:, 0] * vector[:, 0] + vector[:, 1] * vector[:, 1]
    (x, y), (ax, ay), (bx, by) = vector[wall].T, (xy[side] - origin[wall]).T, (xy[side + 1] - origin[wall]).T
    before, after = x * ay - y * ax, x * by - y * bx
    crossed = (before >= 0) != (after >= 0)
    wall, share = wall[crossed], (before / np.where(crossed, before - after, 1))[crossed]
    place = ((x * ax + y * ay)[crossed] * (1 - share) + (x * bx + y * by)[crossed] * share) / square[wall]
    order = np.lexsort((place, wall))
    wall, place = wall[order][::2], np.clip(place[order], 0, 1)
    enter, leave = place[::2], place[1::2]
    solid = (leave - enter) * np.sqrt(square[wall]) > 0.3
    wall, shares = wall[solid], np.stack([enter, leave], axis=1)[solid]
    ends = origin[wall][:, None] + shares[:, :, None] * vector[wall][:, None]
    lines: Geometries = shapely.linestrings(ends)
    return lines, owner[wall]


def _lots_per_row(length: Floats, width: Floats, wanted: float) -> Ints:
    """Lots of each row, all widths scaled by one factor so that the sum comes near ``wanted``."""
    low, high = 0.25, 4.0
    for _ in range(40):
        factor = np.sqrt(low * high)
        total = np.maximum(1, np.round(length / (width * factor))).sum()
        low, high = (factor, high) if total > wanted else (low, factor)
    return np.maximum(1, np.round(length / (width * high))).astype(np.int64)


def _rear_lots(
    pieces: Pieces, rows: Ints, row: Ints, at: Floats, reach: tuple[Floats, Floats], rng: Stream
) -> tuple[Floats, Ints]:
    """Lots behind lots: the rear one keeps a passage to the street and becomes an L."""
    width = np.diff(at, prepend=np.nan)
    depth = (reach[1] - reach[0])[row]
    inside = np.append(False, row[1:] == row[:-1])
    grown = np.array([z.rough for z in ZONES])[pieces.zone[rows]][row] > 0.6
    fit = inside & grown & (width > 5.4) & (depth > 14) & (depth < 45) & (rng.random(len(row)) < 0.30)
    chosen = np.flatnonzero(fit)
    place = row[chosen]
    front = pieces.front[rows][place]
    middle = (reach[0] + reach[1])[place] / 2 + rng.uniform(-1.5, 1.5, len(chosen))
    street = np.where(front > 0, reach[1][place] + 1, reach[0][place] - 1)
    axis = pieces.axis[rows][place]
    passage = at[chosen] - width[chosen] + rng.uniform(1.2, 1.6, len(chosen))
    sides = _segments(passage, middle, passage, street, axis)
    backs = _segments(passage, middle, at[chosen], middle, axis)
    owner = rows[place]
    return np.concatenate([sides, backs]), np.concatenate([owner, owner])


def _extents(polygons: Geometries, axis: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Least and greatest position of each polygon along its own direction, then across it."""
    xy, index = shapely.get_coordinates(polygons, return_index=True)
    (x, y), (cos, sin) = xy.T, axis[index].T
    along, across = x * cos + y * sin, y * cos - x * sin
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    lowest, highest = np.minimum.reduceat, np.maximum.reduceat
    return lowest(along, starts), highest(along, starts), lowest(across, starts), highest(across, starts)


def _segments(u1: Floats, v1: Floats, u2: Floats, v2: Floats, axis: Floats) -> Floats:
    """Segments (n × 2 ends × 2) given in turned coordinates: u along ``axis``, v to its left."""
    cos, sin = axis.T
    ends = np.stack([u1 * cos - v1 * sin, u1 * sin + v1 * cos, u2 * cos - v2 * sin, u2 * sin + v2 * cos], axis=1)
    return ends.reshape(-1, 2, 2)
