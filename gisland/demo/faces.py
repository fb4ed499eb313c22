"""From lines to parcels: noding, the bend to the ground, joining of scraps, and exactly the number asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gisland.demo.blocks import ROW, STREET, Plan, chunks
from gisland.demo.exact import Floats, Stream, stream
from gisland.demo.lots import Pieces, clip, collect, draw_walls
from gisland.demo.mesh import FINE, Borders, Edges, Ints, Portable, connected, join, neighbours, node, roots
from gisland.demo.outline import Bend, Geometries
from gisland.demo.streets import Strips
from gisland.demo.zones import FIELD, WORKS, ZONES
from gisland.kit.processes import in_order

LEAST = 16.0
"""Smallest lot, square metres; a smaller scrap goes to its neighbour."""


@dataclass(frozen=True)
class Land:
    """The parcels on the ground (EPSG:9210) and where each lies in the plan."""

    polygons: Geometries
    piece: Ints
    """Number of the plan's piece (main strips follow the pieces of the cells)."""
    streets: Geometries
    """Streets and alleys one by one. Those of a cell are one parcel: no line runs across the mouth of an alley."""
    street_piece: Ints
    border: Polygon
    """The ward's border."""
    parcel: Ints
    """Parcel of each face: lots before some were joined, streets one by one."""
    street: Ints
    """Street of each face, -1 for a lot."""
    borders: Borders
    """Which faces border each other; metres before the bend."""


@dataclass(frozen=True)
class Area(Portable):
    """Some cells with their pieces and walls (flat coordinates); each wall with the number of its piece among them."""

    cells: Geometries
    pieces: Pieces
    first_cell: int
    first_piece: int
    walls: Floats
    owner: Ints

    GEOMETRIES: ClassVar[tuple[str, ...]] = ("cells",)


@dataclass(frozen=True)
class Faces(Portable):
    """The faces of a coverage, flat and on the ground, the plan's piece in which each lies, and who borders whom."""

    polygons: Geometries
    ground: Geometries
    piece: Ints
    borders: Borders
    outer: Ints
    """The face of each edge that has no face on its other side."""
    ends: Floats
    """The two ends of these edges (n × 4, flat)."""

    GEOMETRIES: ClassVar[tuple[str, ...]] = ("polygons", "ground")

    @classmethod
    def of(cls, polygons: Geometries, pieces: Pieces, bend: Bend) -> "Faces":
        """Carry faces to the ground and find the piece and the neighbours of each."""
        ground, edges = shapely.transform(polygons, bend.to_ground), Edges.of(polygons)
        outer = edges.right < 0
        return cls(polygons, ground, _owners(polygons, pieces), neighbours(edges), edges.left[outer], edges.ends[outer])

    @classmethod
    def together(cls, parts: "list[Faces]") -> "Faces":
        """The faces of several parts, whose outer edges are paired."""
        first = np.cumsum([0, *(len(part.polygons) for part in parts)])
        edges = Edges.between(
            np.concatenate([part.outer + start for part, start in zip(parts, first, strict=False)]),
            np.concatenate([part.ends for part in parts]),
        )
        inner = [
            (part.borders.one + start, part.borders.two + start, part.borders.length)
            for part, start in zip(parts, first, strict=False)
        ]
        one, two, length = map(np.concatenate, zip(*inner, neighbours(edges), strict=True))
        polygons, ground, piece = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("polygons", "ground", "piece")
        )
        outer = edges.right < 0
        return cls(polygons, ground, piece, Borders.of(one, two, length), edges.left[outer], edges.ends[outer])

    def joined(self, parent: Ints, bend: Bend) -> "tuple[Faces, Ints]":
        """Each face joined with the one named in ``parent`` (itself: stays); and which ones of them have grown."""
        polygons, kept = join(self.polygons, parent)
        number = np.searchsorted(kept, roots(parent))
        grown = np.unique(number[parent != np.arange(len(parent))])
        ground = self.ground[kept]
        ground[grown] = shapely.transform(polygons[grown], bend.to_ground)
        borders = self.borders.renumbered(number)
        return Faces(polygons, ground, self.piece[kept], borders, number[self.outer], self.ends), grown


def build(
    strips: Strips, plan: Plan, bend: Bend, parcels: int, seed: int, progress: Callable[[str], None]
) -> tuple[Land, Pieces]:
    """Node everything into one coverage, bend it to the ground and bring it to exactly ``parcels`` parcels."""
    pieces = collect(plan, strips)
    progress("walls")
    walls, owner = draw_walls(pieces, parcels, seed)
    progress("noding")
    faces = _coverage(strips, pieces, walls, owner, bend)
    progress("joining")
    ground, owner = faces.ground, faces.piece
    road = np.flatnonzero((pieces.kind[owner] == STREET) & (pieces.use[owner] == "DGT"))
    street = np.full(len(ground), -1)
    street[road] = np.arange(len(road))
    parent = np.arange(len(ground))
    parent[road] = road[_networks(faces.borders.renumbered(street), pieces.cell[owner[road]])]
    surplus = len(ground) - parcels - int((parent != np.arange(len(ground))).sum())
    parent = _surplus(faces, pieces, surplus, parent, stream(seed, "joins"))
    joined, kept = join(ground, parent)
    parcel = np.searchsorted(kept, roots(parent))
    border = _outline(bend.to_ground(faces.ends.reshape(-1, 2)))
    land = Land(joined, owner[kept], ground[road], owner[road], border, parcel, street, faces.borders)
    return land, pieces


def _outline(ends: Floats) -> Polygon:
    """The polygon that edges (two ends after each other) run around."""
    ring = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends.reshape(-1, 2, 2))))
    largest: Polygon = ring[np.argmax(shapely.area(ring))]
    return largest


def _coverage(strips: Strips, pieces: Pieces, walls: Floats, owner: Ints, bend: Bend) -> Faces:
    """The faces of all cells, then those of the strips; no scraps."""
    main, cells = np.array(strips.polygons, dtype=object), np.array(strips.cells, dtype=object)
    parts = list(in_order(partial(_fill, bend), _areas(cells, pieces, walls, owner)))
    between = _refit(main, cells, np.concatenate([part.ends for part in parts]))
    return _without_scraps(Faces.together([*parts, Faces.of(between, pieces, bend)]), pieces, bend)


def _areas(cells: Geometries, pieces: Pieces, walls: Floats, owner: Ints) -> Iterator[Area]:
    """The parts of the plan that are worked on together; pieces and walls are in the order of the cells."""
    inner = pieces.cell[pieces.cell >= 0]
    for part in chunks(len(cells)):
        first, last = np.searchsorted(inner, [part.start, part.stop])
        here = slice(*np.searchsorted(owner, [first, last]))
        yield Area(cells[part], pieces.take(slice(first, last)), part.start, first, walls[here], owner[here] - first)


def _fill(bend: Bend, area: Area) -> Faces:
    """Node each cell on its own; no scraps."""
    pieces = area.pieces
    walls, owner = clip(area.walls, pieces.polygons, area.owner)
    lines = np.concatenate([shapely.boundary(pieces.polygons), walls, shapely.boundary(area.cells)])
    cell = np.concatenate([pieces.cell, pieces.cell[owner], area.first_cell + np.arange(len(area.cells))])
    order = np.argsort(cell, kind="stable")
    found = [node(lines[here], FINE) for here in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1)]
    faces = _without_scraps(Faces.of(np.concatenate(found), pieces, bend), pieces, bend)
    return replace(faces, piece=faces.piece + area.first_piece)


def _refit(strips: Geometries, cells: Geometries, borders: Floats) -> Geometries:
    """The strips again, now with the vertices that lots set on the cells' borders."""
    edges = Edges.of(np.concatenate([strips, cells]))
    free = (edges.left < len(strips)) & (edges.right < len(strips))  # between two strips or on the ward's border
    ends = np.concatenate([borders, edges.ends[free]])
    lines = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ends.reshape(-1, 2, 2))))
    found = shapely.get_parts(shapely.polygonize([lines]))
    inside = shapely.STRtree(cells).query(shapely.point_on_surface(found), predicate="within")[0]
    return np.delete(found, inside)


def _without_scraps(faces: Faces, pieces: Pieces, bend: Bend) -> Faces:
    """Join each scrap with a neighbour, as long as there are scraps that have one."""
    scrap = _is_scrap(faces.ground, faces.piece, pieces)
    while scrap.any():
        faces, grown = faces.joined(_adopters(faces, scrap, pieces), bend)
        scrap = np.zeros(len(faces.polygons), dtype=bool)
        scrap[grown] = _is_scrap(faces.ground[grown], faces.piece[grown], pieces)
    return faces


def _networks(borders: Borders, cell: Ints) -> Ints:
    """For each street face the first one of its network: the streets and alleys of one cell that hang together."""
    one, two, _ = borders
    same = (cell[one] == cell[two]) & (cell[one] >= 0)
    return connected(one[same], two[same], len(cell))


def _owners(polygons: Geometries, pieces: Pieces) -> Ints:
    """The plan's piece in which each face lies (a scrap on no piece: the nearest)."""
    points = shapely.point_on_surface(polygons)
    tree = shapely.STRtree(pieces.polygons)
    face, piece = tree.query(points, predicate="within")
    owner = np.full(len(polygons), -1)
    owner[face[::-1]] = piece[::-1]
    lost = np.flatnonzero(owner < 0)
    owner[lost] = tree.nearest(points[lost])
    return owner


def _is_scrap(ground: Geometries, piece: Ints, pieces: Pieces) -> NDArray[np.bool_]:
    """Faces too small or too thin for a parcel, or with a needle-like tail that the bending has turned inside out."""
    area = shapely.area(ground)
    thin = 4 * np.pi * area / shapely.length(ground) ** 2 < 0.16
    small = np.where(pieces.kind[piece] == STREET, area < 6, (area < LEAST) | (thin & (area < 45)))
    return np.asarray(small | ~shapely.is_valid(ground))


def _adopters(faces: Faces, scrap: NDArray[np.bool_], pieces: Pieces) -> Ints:
    """Which neighbour each scrap goes to (all others stay): of its own kind, with the longest common border.

    A face turned inside out goes to the neighbour at the place where its border crosses itself.
    """
    ground, piece = faces.ground, faces.piece
    street = pieces.kind[piece] == STREET
    one, two, length = faces.borders
    near = scrap[one] | scrap[two]
    one, two, length = one[near], two[near], length[near]
    mine, other = np.concatenate([one, two]), np.concatenate([two, one])
    value = np.concatenate([length, length])
    value = value * np.where(pieces.block[piece[mine]] == pieces.block[piece[other]], 4.0, 1.0)
    value = value * np.where(street[mine] == street[other], 20.0, 1.0)
    twisted = np.flatnonzero(scrap[mine] & ~shapely.is_valid(ground[mine]))
    value[twisted] = np.where(street[mine] == street[other], 3.0, 1.0)[twisted] / (
        0.05 + shapely.distance(_crossings(ground[mine[twisted]]), ground[other[twisted]])
    )
    useful = scrap[mine] & (~scrap[other] | (other < mine))
    mine, other, value = mine[useful], other[useful], value[useful]
    order = np.lexsort((other, value, mine))
    best = order[np.append(mine[order][1:] != mine[order][:-1], np.ones(min(1, len(order)), dtype=bool))]
    parent = np.arange(len(piece))
    parent[mine[best]] = other[best]
    return roots(parent)


def _crossings(polygons: Geometries) -> Geometries:
    """Where the border of each invalid polygon crosses itself."""
    reasons = shapely.is_valid_reason(polygons)
    places = [reason[reason.index("[") + 1 : -1].split() for reason in reasons]
    points: Geometries = shapely.points(np.array(places, dtype=float).reshape(-1, 2))
    return points


def _surplus(faces: Faces, pieces: Pieces, surplus: int, parent: Ints, rng: Stream) -> Ints:
    """Which lots are joined to bring the number down by ``surplus``: side by side, or across the back (angles)."""
    piece, (one, two, length) = faces.piece, faces.borders
    lot = pieces.kind[piece] == ROW
    same_row = piece[one] == piece[two]
    town = ~np.isin(pieces.zone[piece[one]], [ZONES.index(WORKS), ZONES.index(FIELD)])
    fit = (
        lot[one]
        & lot[two]
        & (pieces.block[piece[one]] == pieces.block[piece[two]])
        & (length > 2.0)
        & (same_row | town)
    )
    one, two, same_row = one[fit], two[fit], same_row[fit]
    used = np.zeros(len(piece), dtype=bool)
    for pair in np.argsort(rng.random(len(one)) + np.where(same_row, 0.0, 0.55), kind="stable"):
        if surplus <= 0:
            break
        a, b = one[pair], two[pair]
        if not (used[a] or used[b]):
            used[a] = used[b] = True
            parent[b] = a
            surplus -= 1
    return parent
