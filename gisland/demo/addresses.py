"""Street names and house numbers: odd on one side, even on the other; alleys are named by their numbers."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.blocks import STREET
from gisland.demo.exact import Floats, long_axis, stream
from gisland.demo.faces import Land
from gisland.demo.lots import Pieces
from gisland.demo.mesh import Ints
from gisland.demo.names import FIELDS, street_names
from gisland.demo.outline import Geometries
from gisland.demo.zones import FIELD, NEW, ZONES

ALLEYS = ("ngõ", "ngách", "hẻm")
"""An alley off a street, off an alley, off that one."""


@dataclass(frozen=True)
class Streets:
    """The streets as things of their own: a main street is one over all its pieces, an alley is one piece."""

    of_face: Ints
    """Street of each face; -1 for a face that is no street."""
    width: Floats
    named: NDArray[np.bool_]
    """Whether the street has a name of its own."""
    axis: Floats
    """Direction of each street, a unit vector."""

    @property
    def rank(self) -> Ints:
        """The place of each street, the least first; no two have the same, so that a street leaves one above it."""
        return np.argsort(np.argsort(self.width + 1000 * self.named, kind="stable"), kind="stable")


def give_addresses(land: Land, pieces: Pieces, points: Floats, seed: int) -> NDArray[np.str_]:
    """The address of each parcel: house number and street, the name of the fields; none for streets and water."""
    rng = stream(seed, "addresses")
    kind = pieces.kind[land.piece]
    lots = np.flatnonzero(kind != STREET)
    # Streets one by one, not joined as on the map: a house stands in one alley.
    middles = shapely.get_coordinates(shapely.centroid(land.streets))
    spots = np.concatenate([points[lots], middles])
    streets = _streets(land.streets, land.street_piece, len(lots), pieces)
    place = np.full(len(kind), -1)
    place[lots] = np.arange(len(lots))
    one, two, length = land.borders.renumbered(np.where(land.street >= 0, len(lots) + land.street, place[land.parcel]))
    long = length > 1.2
    face, beside = np.concatenate([one[long], two[long]]), np.concatenate([two[long], one[long]])
    on_street = streets.of_face[beside] >= 0
    front, front_face = _fronts(face[on_street], beside[on_street], streets)
    number = _house_numbers(front, front_face - len(lots), spots, streets, middles)
    names = np.array(_names(front, number, streets, rng), dtype=object)
    fields = rng.choice(np.array(FIELDS, dtype=object), pieces.cell.max() + 1)
    text = np.full(len(land.piece), "", dtype=object)
    front, number = front[: len(lots)], number[: len(lots)]
    cell = pieces.cell[land.piece[lots]]
    farm = pieces.zone[land.piece[lots]] == ZONES.index(FIELD)
    text[lots] = np.where(
        farm | (front < 0), "Xứ đồng " + fields[cell], "Số " + number.astype(str).astype(object) + " " + names[front]
    )
    return text.astype(str)


def _streets(polygons: Geometries, piece: Ints, lots: int, pieces: Pieces) -> Streets:
    """Group street faces (which are numbered behind the ``lots``) into streets."""
    line = pieces.line[piece]
    found, number = np.unique(np.where(line >= 0, -1 - line, piece), return_inverse=True)
    of_face = np.concatenate([np.full(lots, -1), number])
    example = np.zeros(len(found), dtype=np.int64)
    example[number] = piece
    xy, index = shapely.get_coordinates(polygons, return_index=True)
    street = number[index]
    count = np.bincount(street)
    off = xy - np.stack([np.bincount(street, xy[:, axis]) / count for axis in (0, 1)], axis=1)[street]
    x, y = off.T
    axis = long_axis(*(np.bincount(street, product).astype(float) for product in (x * x, y * y, x * y)))
    planned = (pieces.zone[example] == ZONES.index(NEW)) & (pieces.width[example] >= 7)
    return Streets(of_face, pieces.width[example], (found < 0) | planned, axis)


def _fronts(face: Ints, beside: Ints, streets: Streets) -> tuple[Ints, Ints]:
    """The street each face fronts, the widest at hand, and the face of it; an alley fronts the street it leaves."""
    mine, other = streets.of_face[face], streets.of_face[beside]
    rank = streets.rank
    useful = (mine < 0) | (rank[mine] < rank[other])
    face, beside, other = face[useful], beside[useful], other[useful]
    order = np.lexsort((beside, rank[other], face))
    last = np.append(face[order][1:] != face[order][:-1], True)
    best = order[last]
    front, front_face = np.full(len(streets.of_face), -1), np.full(len(streets.of_face), -1)
    front[face[best]], front_face[face[best]] = other[best], beside[best]
    return front, front_face


def _house_numbers(front: Ints, front_street: Ints, points: Floats, streets: Streets, middles: Floats) -> Ints:
    """Count houses (and mouths of alleys) along each street: 1, 3, 5 … to the left, 2, 4, 6 … to the right."""
    has = np.flatnonzero(front >= 0)
    street = front[has]
    along = (points[has] * streets.axis[street]).sum(axis=1)
    off = points[has] - middles[front_street[has]]
    left = streets.axis[street, 0] * off[:, 1] - streets.axis[street, 1] * off[:, 0] > 0
    order = np.lexsort((along, left, street))
    group = street[order] * 2 + left[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    number = np.zeros(len(front), dtype=np.int64)
    number[has[order]] = 2 * place + np.where(left[order], 1, 2)
    return number


def _names(front: Ints, number: Ints, streets: Streets, rng: np.random.Generator) -> list[str]:
    """Names of all streets: "đường Bến Trúc", "ngõ 12 đường Bến Trúc", "ngách 12/5 đường Bến Trúc"."""
    parent = np.full(len(streets.width), -1)
    mouth = np.zeros(len(streets.width), dtype=np.int64)
    alleys = np.flatnonzero((streets.of_face >= 0) & (front >= 0))
    parent[streets.of_face[alleys]], mouth[streets.of_face[alleys]] = front[alleys], number[alleys]
    names = [""] * len(parent)
    path: list[list[int]] = [[] for _ in parent]
    root = list(range(len(parent)))
    own = iter(street_names(len(parent), rng))
    for street in np.argsort(-streets.rank, kind="stable"):
        if streets.named[street] or parent[street] < 0:
            names[street] = ("đường " if streets.width[street] >= 10 else "phố ") + next(own)
            continue
        root[street] = root[parent[street]]
        path[street] = [*path[parent[street]], int(mouth[street])][:4]
        kind = ALLEYS[min(len(path[street]), len(ALLEYS)) - 1]
        names[street] = f"{kind} {'/'.join(map(str, path[street]))} {names[root[street]]}"
    return names
