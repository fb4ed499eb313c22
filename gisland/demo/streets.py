"""River, canal and main streets: the strips that cut the ward into cells (flat coordinates)."""

import math
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from gisland.demo.exact import Axis, Floats, Stream, left, sine, stream
from gisland.demo.mesh import STEP, node
from gisland.demo.outline import Geometries

MAIN_SPACING = (280.0, 460.0)
"""Distance between main streets, metres."""
PIECE = 380.0
"""Longest piece of a street or water that gets a number of its own, metres: linear land is cut into numbered pieces."""
FAR = 1e5
"""Farther than any ward reaches, metres."""
TRACE = 0.5
"""What is no larger is no piece of land, square metres."""
Ring = list[tuple[float, float]]
"""Vertices of a polygon, the first not again at the end."""


@dataclass
class Strips:
    """The linear land of the ward and what lies between it."""

    polygons: list[Polygon] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Number of the street or water to which a piece belongs."""
    widths: list[float] = field(default_factory=list)
    cells: list[Polygon] = field(default_factory=list)


def frame(polygon: BaseGeometry) -> tuple[Axis, float, float]:
    """Direction of the long side, length and breadth (metres) of the smallest rectangle around a polygon."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(polygon)).tolist()
    if len(corners) < 4:
        return (1.0, 0.0), 0.0, 0.0
    (x0, y0), (x1, y1), (x2, y2) = corners[:3]
    one, two = (x1 - x0, y1 - y0), (x2 - x1, y2 - y1)
    length, breadth = (math.sqrt(x * x + y * y) for x, y in (one, two))
    if length < breadth:
        one, length, breadth = two, breadth, length
    return ((one[0] / length, one[1] / length) if length else (1.0, 0.0)), length, breadth


def extent(polygon: BaseGeometry, axis: Axis) -> tuple[float, float]:
    """Least and greatest position of a polygon along the direction ``axis``."""
    along = [x * axis[0] + y * axis[1] for x, y in shapely.get_coordinates(polygon).tolist()]
    return min(along), max(along)


def slabs(polygon: Polygon, axis: Axis, cuts: list[float]) -> list[list[Polygon]]:
    """Cut a polygon across the direction ``axis`` at the positions ``cuts``; the pieces between each two cuts."""
    simple = _slabs_of_one_piece(polygon, axis, cuts)
    if simple is not None:
        return simple
    (x, y), (side_x, side_y) = axis, (FAR * part for part in left(axis))
    ends = [((at * x - side_x, at * y - side_y), (at * x + side_x, at * y + side_y)) for at in (-FAR, *cuts, FAR)]
    boxes = shapely.polygons([[*low, *reversed(high)] for low, high in pairwise(ends)])
    return [faces(piece) for piece in shapely.intersection(polygon, boxes)]


def _slabs_of_one_piece(polygon: Polygon, axis: Axis, cuts: list[float]) -> list[list[Polygon]] | None:
    """The same, five times as fast, where each cut divides the polygon in two, as nearly all do; else None."""
    if shapely.get_num_interior_rings(polygon):
        return None
    rest: Ring = shapely.get_coordinates(polygon)[:-1].tolist()
    rings = []
    for at in cuts:
        halves = _halves(rest, axis, float(at))
        if halves is None:
            return None
        rings.append(halves[0])
        rest = halves[1]
    rings.append(rest)
    full = [number for number, ring in enumerate(rings) if len(ring) > 2]
    vertices = list(chain.from_iterable(rings[number] for number in full))
    index = np.repeat(np.arange(len(full)), [len(rings[number]) for number in full])
    pieces = shapely.polygons(shapely.linearrings(vertices, indices=index))
    if not shapely.is_valid(pieces).all():
        return None
    parts: list[list[Polygon]] = [[] for _ in rings]
    for number, piece, area in zip(full, pieces, shapely.area(pieces).tolist(), strict=True):
        if area > TRACE:
            parts[number].append(piece)
    return parts


def _halves(ring: Ring, axis: Axis, at: float) -> tuple[Ring, Ring] | None:
    """What of a ring lies before the line across ``axis`` at ``at``, and what beyond; None if it is several pieces."""
    offsets = [x * axis[0] + y * axis[1] - at for x, y in ring]
    beyond = [offset >= 0 for offset in offsets]
    crossings = [here for here in range(len(ring)) if beyond[here] != beyond[here - 1]]
    if not crossings:
        return ([], ring) if all(beyond) else (ring, [])
    if len(crossings) > 2:
        return None
    points = []
    for here in crossings:
        (x0, y0), (x1, y1) = ring[here - 1], ring[here]
        share = offsets[here - 1] / (offsets[here - 1] - offsets[here])
        points.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    first, second = crossings
    inner = [points[0], *ring[first:second], points[1]]
    outer = [points[1], *ring[second:], *ring[:first], points[0]]
    return (outer, inner) if beyond[first] else (inner, outer)


def faces(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons of a geometry that are more than a trace."""
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and part.area > TRACE]


def draw_streets(outline: Polygon, seed: int) -> Strips:
    """Lay river, canal and main streets over the outline and cut out the cells between them."""
    rng = stream(seed, "streets")
    strips = Strips()
    for number, (line, width, use, keep) in enumerate(_lines(outline, rng)):
        shape = shapely.intersection(line.buffer(width / 2, cap_style="flat", join_style="mitre"), outline)
        shapely.prepare(shape)
        earlier = np.array(strips.polygons, dtype=object)
        crossed = shapely.union_all(earlier[shapely.intersects(shape, earlier)])
        axis = frame(shape)[0]
        for part in faces(shapely.difference(shape, crossed)):
            if part.area < 25 or rng.random() > keep:
                continue
            low, high = extent(part, axis)
            count = max(1, round((high - low) / PIECE))
            cuts = np.linspace(low, high, count + 1)[1:-1].tolist()
            for piece in (p for slab in slabs(part, axis, cuts) for p in slab):
                strips.polygons.append(piece)
                strips.uses.append(use)
                strips.lines.append(number)
                strips.widths.append(width)
    taken = shapely.union_all(np.array(strips.polygons))
    for cell in faces(shapely.difference(outline, taken)):
        # Needles between two streets that meet at a sharp angle are left to the streets.
        blunt = shapely.intersection(cell.buffer(-1.5, join_style="mitre").buffer(1.5, join_style="mitre"), cell)
        strips.cells += [part for part in faces(blunt) if part.area > 150]
    return _noded(strips, outline)


def _noded(strips: Strips, outline: Polygon) -> Strips:
    """The same strips and cells with shared vertices on the noding grid; what is in none goes to the nearest strip."""
    parts = np.array([*strips.polygons, *strips.cells], dtype=object)
    found = node(shapely.boundary(np.append(parts, outline)), STEP, on_grid=True)
    middle = shapely.point_on_surface(found)
    owner = shapely.STRtree(np.array(strips.polygons)).nearest(middle)
    at, part = shapely.STRtree(parts).query(middle, predicate="within")
    owner[at] = part
    count = len(strips.polygons)
    streets = np.flatnonzero(owner < count)
    return Strips(
        list(found[streets]),
        [strips.uses[i] for i in owner[streets]],
        [strips.lines[i] for i in owner[streets]],
        [strips.widths[i] for i in owner[streets]],
        list(found[owner >= count]),
    )


def _lines(outline: Polygon, rng: Stream) -> list[tuple[LineString, float, str, float]]:
    """Axis, width, land use and share of kept pieces of each strip, the most important first."""
    low_x, low_y, high_x, high_y = outline.bounds
    size = float(np.sqrt(outline.area))
    small = min(1.0, size / 1800)  # a sample of a few hundred parcels has a brook, not a harbour
    x = np.linspace(low_x - 200, high_x + 200, 40)
    sway = 0.012 * size * sine(x / (0.75 * size) + rng.random())
    water = 260 * small
    bank = LineString(np.column_stack([x, high_y - water / 4 + sway]))
    lines = [(bank, water, "SON", 1.0), (bank, water + 22 * small + 6, "DGT", 1.0)]
    y = np.linspace(low_y - 200, high_y + 200, 24)
    bend = 0.035 * size * sine(y / (1.1 * size) + rng.random())
    for share in np.linspace(0, 1, max(1, round(size / 4500)) + 2)[1:-1]:
        at = low_x + (high_x - low_x) * (share + rng.uniform(0.1, 0.16))
        canal = LineString(np.column_stack([at + bend + 0.08 * y, y]))
        lines += [(canal, 6 + 20 * small, "DTL", 1.0), (canal, 6 + 20 * small + 13, "DGT", 1.0)]
    spacing = np.array(MAIN_SPACING) * min(1.0, max(0.32, size / 2300))
    narrow = max(0.55, small)
    lines += [
        (line, narrow * width, "DGT", 1.0)
        for line, width in _family((low_x, high_x), (low_y, high_y), spacing, rng, across=False)
    ]
    lines += [
        (line, narrow * width, "DGT", 0.82)
        for line, width in _family((low_y, high_y), (low_x, high_x), spacing, rng, across=True)
    ]
    return lines


def _family(
    run: tuple[float, float], over: tuple[float, float], spacing: Floats, rng: Stream, *, across: bool
) -> list[tuple[LineString, float]]:
    """Main streets of one direction: uneven distances, each a little askew, one in four a wide one."""
    found = []
    at = over[0] + rng.uniform(0.4, 0.8) * spacing[0]
    while at < over[1] - 0.3 * spacing[0]:
        lean = rng.normal(0, 0.075) * min(1.0, 2400 / (run[1] - run[0]))
        ends = np.array(
            [[run[0] - 300, at - lean * (run[1] - run[0]) / 2], [run[1] + 300, at + lean * (run[1] - run[0]) / 2]]
        )
        found.append((LineString(ends[:, ::-1] if across else ends), float(rng.choice([24.0, 15.0, 12.0, 10.5]))))
        at += rng.uniform(*spacing)
    return sorted(found, key=lambda item: -item[1])


def street_cells(strips: Strips) -> Geometries:
    """The cells as an array."""
    return np.array(strips.cells, dtype=object)
