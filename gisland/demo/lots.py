"""From the plan to parcels: walls between lots, noding, joining of scraps, and exactly the number asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.blocks import ROW, STREET, Plan
from gisland.demo.mesh import FINE, Edges, Ints, connected, join, neighbours, node, roots
from gisland.demo.outline import Bend, Floats, Geometries, stream
from gisland.demo.streets import Strips
from gisland.demo.zones import FIELD, WORKS, ZONES

LEAST = 16.0
"""Smallest lot, square metres; a smaller scrap goes to its neighbour."""
SURPLUS = 1.03
"""How many more faces than parcels are drawn; joining brings them down and makes double lots and angles."""


@dataclass(frozen=True)
class Land:
    """The parcels on the ground (EPSG:9210) and where each lies in the plan."""

    polygons: Geometries
    piece: Ints
    """Number of the plan's piece (main strips follow the pieces of the cells)."""
    streets: Geometries
    """Streets and alleys one by one. Those of a cell are one parcel: no line runs across the mouth of an alley."""
    street_piece: Ints


@dataclass(frozen=True)
class Pieces:
    """The plan as arrays, main strips (cell -1) at the end."""

    polygons: Geometries
    kind: Ints
    cell: Ints
    zone: Ints
    block: Ints
    angle: Floats
    front: Ints
    use: NDArray[np.str_]
    width: Floats
    line: Ints
    """Number of the main street or water; -1 inside cells."""


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
        np.array(plan.angles + [0.0] * extra),
        both(plan.fronts, [0] * extra),
        np.array(plan.uses + strips.uses),
        np.array(plan.widths + strips.widths),
        both([-1] * len(plan.kinds), strips.lines),
    )


# -- walls ------------------------------------------------------------------------------------------------------------


def draw_walls(pieces: Pieces, parcels: int, seed: int) -> tuple[Geometries, Ints]:
    """The walls that cut rows into lots, and the row of each; as many as the number of parcels needs."""
    rng = stream(seed, "walls")
    rows = np.flatnonzero(pieces.kind == ROW)
    angle = pieces.angle[rows]
    low, high = _extents(pieces.polygons[rows], angle)
    bottom, top = _extents(pieces.polygons[rows], angle + np.pi / 2)
    length = high - low
    # Streets of a cell will be one parcel; they hang together in about two networks.
    inner = (pieces.kind == STREET) & (pieces.cell >= 0)
    others = len(pieces.kind) - len(rows) - inner.sum() + 2 * len(np.unique(pieces.cell[inner]))
    count = _lots_per_row(length, pieces.width[rows], parcels * SURPLUS + 12 - others)
    row = np.repeat(np.arange(len(rows)), count)
    spread = np.array([z.spread for z in ZONES])[pieces.zone[rows]]
    share = np.exp(rng.normal(0, 1, len(row)) * spread[row])
    share /= np.bincount(row, share)[row]
    end = np.cumsum(share)
    end -= np.concatenate([[0], end[np.cumsum(count)[:-1] - 1]])[row]
    last = np.append(row[1:] != row[:-1], True)
    at = low[row] + length[row] * end
    walls = _segments(at, bottom[row] - 1, at, top[row] + 1, angle[row])[~last]
    behind, owner = _rear_lots(pieces, rows, row, at, (bottom, top), rng)
    lines = np.concatenate([walls, behind])
    owner = np.concatenate([rows[row[~last]], owner])
    clipped = shapely.intersection(lines, pieces.polygons[owner])
    solid = shapely.length(clipped) > 0.3
    return clipped[solid], owner[solid]


def _lots_per_row(length: Floats, width: Floats, wanted: float) -> Ints:
    """Lots of each row, all widths scaled by one factor so that the sum comes near ``wanted``."""
    low, high = 0.25, 4.0
    for _ in range(40):
        factor = np.sqrt(low * high)
        total = np.maximum(1, np.round(length / (width * factor))).sum()
        low, high = (factor, high) if total > wanted else (low, factor)
    return np.maximum(1, np.round(length / (width * high))).astype(np.int64)


def _rear_lots(
    pieces: Pieces, rows: Ints, row: Ints, at: Floats, reach: tuple[Floats, Floats], rng: np.random.Generator
) -> tuple[Geometries, Ints]:
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
    angle = pieces.angle[rows][place]
    passage = at[chosen] - width[chosen] + rng.uniform(1.2, 1.6, len(chosen))
    sides = _segments(passage, middle, passage, street, angle)
    backs = _segments(passage, middle, at[chosen], middle, angle)
    owner = rows[place]
    return np.concatenate([sides, backs]), np.concatenate([owner, owner])


def _extents(polygons: Geometries, angle: Floats) -> tuple[Floats, Floats]:
    """Least and greatest position of each polygon along its own direction."""
    xy, index = shapely.get_coordinates(polygons, return_index=True)
    along = xy[:, 0] * np.cos(angle)[index] + xy[:, 1] * np.sin(angle)[index]
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    return np.minimum.reduceat(along, starts), np.maximum.reduceat(along, starts)


def _segments(u1: Floats, v1: Floats, u2: Floats, v2: Floats, angle: Floats) -> Geometries:
    """Segments given in turned coordinates (u along ``angle``, v to its left)."""
    cos, sin = np.cos(angle), np.sin(angle)
    ends = np.stack([u1 * cos - v1 * sin, u1 * sin + v1 * cos, u2 * cos - v2 * sin, u2 * sin + v2 * cos], axis=1)
    lines: Geometries = shapely.linestrings(ends.reshape(-1, 2, 2))
    return lines


# -- faces ------------------------------------------------------------------------------------------------------------


def build(
    strips: Strips, plan: Plan, bend: Bend, parcels: int, seed: int, progress: Callable[[str], None]
) -> tuple[Land, Pieces]:
    """Node everything into one coverage, bend it to the ground and bring it to exactly ``parcels`` parcels."""
    pieces = collect(plan, strips)
    progress("walls")
    walls, owner = draw_walls(pieces, parcels, seed)
    progress("noding")
    polygons = _node_cells(strips, pieces, walls, pieces.cell[owner])
    progress("joining")
    owner = _owners(polygons, pieces)
    ground = shapely.transform(polygons, bend.to_ground)
    scrap = _is_scrap(ground, owner, pieces)
    while scrap.any():
        parent = _adopters(polygons, ground, scrap, owner, pieces)
        changed = np.unique(parent[parent != np.arange(len(parent))])
        polygons, kept = join(polygons, parent)
        owner, ground, scrap = owner[kept], ground[kept], scrap[kept] & False
        changed = np.searchsorted(kept, changed)
        ground[changed] = shapely.transform(polygons[changed], bend.to_ground)
        scrap[changed] = _is_scrap(ground[changed], owner[changed], pieces)
    road = (pieces.kind[owner] == STREET) & (pieces.use[owner] == "DGT")
    streets, street_piece = ground[road], owner[road]
    parent = np.arange(len(ground))
    parent[road] = np.flatnonzero(road)[_networks(streets, pieces.cell[street_piece])]
    surplus = len(ground) - parcels - int((parent != np.arange(len(ground))).sum())
    parent = _surplus(ground, owner, pieces, surplus, parent, stream(seed, "joins"))
    ground, kept = join(ground, parent)
    return Land(ground, owner[kept], streets, street_piece), pieces


def _networks(streets: Geometries, cell: Ints) -> Ints:
    """For each street face the first one of its network: the streets and alleys of one cell that hang together."""
    one, two, _ = neighbours(Edges.of(streets), len(streets))
    same = (cell[one] == cell[two]) & (cell[one] >= 0)
    return connected(one[same], two[same], len(streets))


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


def _node_cells(strips: Strips, pieces: Pieces, walls: Geometries, wall_cell: Ints) -> Geometries:
    """Node each cell on its own (in threads: GEOS lets go of the interpreter), then fit the strips."""
    main, cells = np.array(strips.polygons, dtype=object), np.array(strips.cells, dtype=object)
    inner = np.flatnonzero(pieces.cell >= 0)
    lines = np.concatenate([shapely.boundary(pieces.polygons[inner]), walls])
    cell = np.concatenate([pieces.cell[inner], wall_cell])
    lines = lines[np.argsort(cell, kind="stable")]
    limits = np.searchsorted(np.sort(cell), np.arange(len(strips.cells) + 1))

    def work(number: int) -> Geometries:
        return node(np.append(lines[limits[number] : limits[number + 1]], shapely.boundary(cells[number])), FINE)

    with ThreadPoolExecutor(2) as pool:
        filled = np.concatenate(list(pool.map(work, range(len(cells)))))
    return np.concatenate([filled, _refit(main, cells, filled)])


def _refit(strips: Geometries, cells: Geometries, filled: Geometries) -> Geometries:
    """The strips again, now with the vertices that lots set on the cells' borders."""
    rings = Edges.of(filled)
    edges = Edges.of(np.concatenate([strips, cells]))
    free = (edges.left < len(strips)) & (edges.right < len(strips))  # between two strips or on the ward's border
    ends = np.concatenate([rings.ends[rings.right < 0], edges.ends[free]])
    found = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends.reshape(-1, 2, 2))))
    inside = shapely.STRtree(cells).query(shapely.point_on_surface(found), predicate="within")[0]
    return np.delete(found, inside)


def _is_scrap(ground: Geometries, piece: Ints, pieces: Pieces) -> NDArray[np.bool_]:
    """Faces too small or too thin for a parcel, or with a needle-like tail that the bending has turned inside out."""
    area = shapely.area(ground)
    thin = 4 * np.pi * area / shapely.length(ground) ** 2 < 0.16
    small = np.where(pieces.kind[piece] == STREET, area < 6, (area < LEAST) | (thin & (area < 45)))
    return np.asarray(small | ~shapely.is_valid(ground))


def _adopters(polygons: Geometries, ground: Geometries, scrap: NDArray[np.bool_], piece: Ints, pieces: Pieces) -> Ints:
    """Which neighbour each scrap goes to (all others stay): of its own kind, with the longest common border.

    A face turned inside out goes to the neighbour at the place where its border crosses itself.
    """
    street = pieces.kind[piece] == STREET
    one, two, length = _bordering(polygons, np.flatnonzero(scrap))
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
    parent = np.arange(len(polygons))
    parent[mine[best]] = other[best]
    return roots(parent)


def _crossings(polygons: Geometries) -> Geometries:
    """Where the border of each invalid polygon crosses itself."""
    reasons = shapely.is_valid_reason(polygons)
    places = [reason[reason.index("[") + 1 : -1].split() for reason in reasons]
    points: Geometries = shapely.points(np.array(places, dtype=float).reshape(-1, 2))
    return points


def _bordering(polygons: Geometries, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    """Neighbours as in :func:`neighbours`, but only around the faces ``chosen``."""
    if not len(chosen):
        return chosen, chosen, chosen.astype(float)
    around = np.unique(shapely.STRtree(polygons).query(polygons[chosen], predicate="intersects")[1])
    one, two, length = neighbours(Edges.of(polygons[around]), len(around))
    return around[one], around[two], length


def _surplus(
    polygons: Geometries, piece: Ints, pieces: Pieces, surplus: int, parent: Ints, rng: np.random.Generator
) -> Ints:
    """Which lots are joined to bring the number down by ``surplus``: side by side, or across the back (angles)."""
    lots = np.flatnonzero(pieces.kind[piece] == ROW)
    one, two, length = _bordering(polygons, rng.choice(lots, min(len(lots), 3 * max(surplus, 0)), replace=False))
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
    used = np.zeros(len(polygons), dtype=bool)
    for pair in np.argsort(rng.random(len(one)) + np.where(same_row, 0.0, 0.55)):
        if surplus <= 0:
            break
        a, b = one[pair], two[pair]
        if not (used[a] or used[b]):
            used[a] = used[b] = True
            parent[b] = a
            surplus -= 1
    return parent
