"""From cells to blocks: streets and alleys cut a cell again and again until every block can be filled with lots."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gisland.demo.exact import Axis, direction, distance, exponential, left, sine, stream, turned
from gisland.demo.mesh import Portable
from gisland.demo.outline import Geometries
from gisland.demo.streets import extent, faces, frame, slabs
from gisland.demo.zones import FIELD, GARDEN, NEW, OLD, PARK, ZONES, Zone
from gisland.kit.processes import in_order

STREET, ROW, PLOT = 0, 1, 2
EAST = (1.0, 0.0)
CHUNK = 100
"""Cells that one process is given at a time; a ward that has no more is made in this process."""


@dataclass
class Plan(Portable):
    """What each piece of land is meant to become; one entry per piece in every list (flat coordinates)."""

    polygons: list[Polygon] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    """STREET, ROW (to be cut into lots) or PLOT (one parcel)."""
    cells: list[int] = field(default_factory=list)
    zones: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    """Direction of the front of a row."""
    fronts: list[int] = field(default_factory=list)
    """Side of the row where the street runs: -1 or +1 along the row's normal."""
    uses: list[str] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    """Width of a street, metres; of a row: the usual width of its lots."""

    def extend(self, other: "Plan") -> None:
        """Put another plan, with blocks of its own, behind this one."""
        first = max(self.blocks, default=-1) + 1
        other.blocks = [first + block for block in other.blocks]
        for part in fields(self):
            getattr(self, part.name).extend(getattr(other, part.name))


class Surveyor:
    """Cuts one cell and keeps the plan."""

    def __init__(self, seed: int, cell: int, zone: Zone) -> None:
        self.rng = stream(seed, "blocks", cell)
        self.plan = Plan()
        self.block = 0
        self.cell = cell
        self.zone = zone
        self._row_depth = 0.0

    def cut(self, polygon: Polygon) -> None:
        """Cut the cell."""
        zone = self.zone
        if polygon.area < 900 or frame(polygon)[2] < 9:
            self._plot(polygon, str(self.rng.choice(["DKV", "DKV", "BCS", "TMD"])))
        elif zone is NEW:
            self._grid(polygon)
        elif zone is PARK:
            self._plot(polygon, "DKV")
        else:
            if zone is OLD:
                polygon = self._fronts(polygon)
            for part in faces(polygon):
                self._divide(part, 0)

    # -- streets ------------------------------------------------------------------------------------------------------

    def _fronts(self, cell: Polygon) -> Polygon:
        """Rows of shop houses along the main streets, broken by mouths of alleys, with an alley behind them."""
        if frame(cell)[2] < 5 * self.zone.depth:
            return cell
        corners = shapely.get_coordinates(shapely.simplify(cell, 2.0).exterior)
        rest = cell
        for depth, kind in ((self.zone.depth * self.rng.uniform(1.0, 1.3), ROW), (2.8, STREET)):
            for a, b in pairwise(corners):
                length = float(distance(b - a))
                if length < 45:
                    continue
                along = (b - a) / length
                inward = np.array([along[1], -along[0]])  # shapely's exterior rings run clockwise here, see normalize
                reach = depth if kind == ROW else depth + self._row_depth
                band = Polygon(
                    [
                        a - 500 * along,
                        b + 500 * along,
                        b + 500 * along + reach * inward,
                        a - 500 * along + reach * inward,
                    ]
                )
                near = shapely.LineString([a, b]).buffer(reach + 3, cap_style="square", join_style="mitre")
                taken = [p for p in faces(shapely.intersection(rest, band)) if p.intersection(near).area > 0.5 * p.area]
                for part in taken:
                    rest = shapely.difference(rest, part)
                    if kind == STREET:
                        self._street(part, depth)
                    else:
                        self._front_row(part, (float(along[0]), float(along[1])))
            if kind == ROW:
                self._row_depth = depth
        return rest

    def _front_row(self, band: Polygon, axis: Axis) -> None:
        """A row along a main street: an alley mouth every 45–80 m."""
        low, high = extent(band, axis)
        cuts: list[float] = []
        at = low + self.rng.uniform(30, 60)
        while at < high - 25:
            cuts += [at, at + float(self.rng.choice([2.2, 2.8, 3.5]))]
            at += self.rng.uniform(45, 80)
        for number, slab in enumerate(slabs(band, axis, cuts)):
            for part in slab:
                if number % 2:
                    self._street(part, cuts[number] - cuts[number - 1])
                else:
                    self.block += 1
                    self._row(part, axis, 1)

    def _divide(self, polygon: Polygon, level: int) -> None:
        """Halve a polygon by a street until it is a block."""
        zone, rng = self.zone, self.rng
        axis, length, breadth = frame(polygon)
        deep = breadth > 2.45 * zone.depth
        if not deep and length < zone.block * rng.uniform(0.8, 1.2):
            self._fill(polygon, axis, breadth)
            return
        across = axis if (not deep or length > 1.45 * breadth) else left(axis)
        across = turned(across, rng.uniform(-zone.slant, zone.slant))
        low, high = extent(polygon, across)
        middle = low + (high - low) * rng.uniform(0.40, 0.60)
        width = zone.streets[min(level, len(zone.streets) - 1)]
        before, street, after = slabs(polygon, across, [middle - width / 2, middle + width / 2])
        if level >= 2 and rng.random() < 0.45 and zone is not FIELD:
            street, after = self._dead_end(street, after, across)
        for part in street:
            self._street(part, width)
        for part in before + after:
            if part.area < 60:
                self._plot(part, "")
            else:
                self._divide(part, level + 1)

    def _dead_end(
        self, street: list[Polygon], after: list[Polygon], across: Axis
    ) -> tuple[list[Polygon], list[Polygon]]:
        """Let an alley end before it reaches the other side; what is left of it goes to the neighbour."""
        if len(street) != 1 or len(after) != 1:
            return street, after
        along = left(across)
        low, high = extent(street[0], along)
        share = self.rng.uniform(0.55, 0.85)
        one, two = slabs(street[0], along, [low + share * (high - low)])
        keep, give = (one, two) if self.rng.random() < 0.5 else (two, one)
        joined = faces(shapely.union_all(np.array(after + give, dtype=object)))
        return (keep, joined) if len(joined) == 1 and len(keep) == 1 else (street, after)

    def _grid(self, cell: Polygon) -> None:
        """A planned quarter: straight streets, blocks of two rows, a park or school here and there."""
        zone, rng = self.zone, self.rng
        axis = frame(cell)[0]
        if rng.random() < 0.25:
            axis = (left(axis), turned(axis, 0.365), turned(axis, -0.31))[rng.integers(3)]
        depth = 2 * zone.depth * rng.uniform(0.92, 1.1)
        bands = self._alternate(cell, left(axis), depth, float(rng.choice([9.0, 10.5, 12.0])))
        for band in bands:
            for block in self._alternate(band, axis, zone.block * rng.uniform(0.75, 1.2), 9.0):
                if block.area < 250:
                    self._plot(block, "DKV")
                else:
                    self._fill(block, axis, 2 * zone.depth)

    def _alternate(self, polygon: Polygon, axis: Axis, size: float, width: float) -> list[Polygon]:
        """Cut into slabs of about ``size`` with streets of ``width`` between; put down the streets, give the slabs."""
        low, high = extent(polygon, axis)
        count = max(1, round((high - low + width) / (size + width)))
        size = (high - low + width) / count - width
        cuts = [low + k * (size + width) - side for k in range(1, count) for side in (width, 0.0)]
        blocks: list[Polygon] = []
        for number, slab in enumerate(slabs(polygon, axis, cuts)):
            if number % 2:
                for part in slab:
                    self._street(part, width)
            else:
                blocks += slab
        return blocks

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _fill(self, block: Polygon, axis: Axis, breadth: float) -> None:
        """Fill a block: one large plot, one row, or two rows back to back with a row across the end."""
        zone, rng = self.zone, self.rng
        self.block += 1
        if rng.random() < zone.special:
            names, weights = zip(*zone.uses, strict=True)
            self._plot(block, str(rng.choice(names, p=np.array(weights) / sum(weights))))
            return
        if breadth < 1.35 * zone.depth:
            self._row(block, axis, int(rng.choice([-1, 1])))
            return
        low, high = extent(block, axis)
        cap = zone.depth * rng.uniform(0.8, 1.0)
        if zone in (OLD, NEW, GARDEN) and high - low > 3.2 * cap and rng.random() < 0.45:
            at_start = rng.random() < 0.5
            first, second = slabs(block, axis, [low + cap if at_start else high - cap])
            ends, body = (first, second) if at_start else (second, first)
            for part in ends:
                self._row(part, left(axis), 1 if at_start else -1)
        else:
            body = [block]
        for part in body:
            bottom, top = extent(part, left(axis))
            back = (bottom + top) / 2 + rng.normal(0, 0.035) * (top - bottom) * (zone.rough > 0)
            lower, upper = slabs(part, left(axis), [back])
            for rows, front in ((lower, -1), (upper, 1)):
                for row in rows:
                    self._row(row, axis, front)

    def _add(self, polygon: Polygon, kind: int, axis: Axis, front: int, use: str, width: float) -> None:
        plan = self.plan
        plan.polygons.append(polygon)
        plan.kinds.append(kind)
        plan.cells.append(self.cell)
        plan.zones.append(ZONES.index(self.zone))
        plan.blocks.append(self.block)
        plan.axes.append(axis)
        plan.fronts.append(front)
        plan.uses.append(use)
        plan.widths.append(width)

    def _street(self, polygon: Polygon, width: float) -> None:
        self._add(polygon, STREET, EAST, 0, "DGT", width)

    def _plot(self, polygon: Polygon, use: str) -> None:
        """One large parcel; parks, pagodas and gardens may hold a pond, which is a parcel of its own."""
        self.block += 1
        around = {"DKV": "DKV", "TON": "TON", "MNC": "CLN", "DVH": "DVH"}.get(use)
        inner = polygon.buffer(-0.09 * np.sqrt(polygon.area), join_style="mitre")
        if around and inner.geom_type == "Polygon" and inner.area > 300 and (use == "MNC" or self.rng.random() < 0.4):
            pond = shapely.intersection(self._blob(inner), inner)
            if pond.geom_type == "Polygon" and pond.area > 150:
                self._add(pond, PLOT, EAST, 0, "MNC", 0.0)
                polygon, use = shapely.difference(polygon, pond), around
        self._add(polygon, PLOT, EAST, 0, use, 0.0)

    def _blob(self, polygon: Polygon) -> Polygon:
        """A pond's shore: round, uneven, about half of the polygon."""
        (cos, sin), length, breadth = frame(polygon)
        turn = np.linspace(0, 1, 18, endpoint=False)
        reach = 1 + 0.16 * sine(2 * turn + self.rng.random()) + 0.1 * sine(3 * turn + self.rng.random())
        x, y = 0.47 * direction(turn).T * [length * reach, breadth * reach]
        middle = polygon.centroid
        return Polygon(np.column_stack([middle.x + x * cos - y * sin, middle.y + x * sin + y * cos]))

    def _row(self, polygon: Polygon, axis: Axis, front: int) -> None:
        width = self.zone.width * float(exponential(self.rng.normal(0, 0.12)))
        if self.zone is NEW and self.rng.random() < 0.12:
            width *= 2.1  # detached houses
        self._add(polygon, ROW, axis, front, "", width)


def cut_blocks(cells: Geometries, zones: NDArray[np.int64], seed: int) -> Plan:
    """Cut all cells into streets, rows of lots and large plots."""
    plan = Plan()
    tasks = ((seed, part.start, shapely.to_wkb(cells[part]), zones[part]) for part in chunks(len(cells)))
    for more in in_order(_cut, tasks):
        plan.extend(more)
    return plan


def chunks(cells: int) -> Iterator[slice]:
    """The cells that are worked on together: the same ones whatever the number of processors."""
    return (slice(first, min(first + CHUNK, cells)) for first in range(0, cells, CHUNK))


def _cut(task: tuple[int, int, Geometries, NDArray[np.int64]]) -> Plan:
    seed, first, cells, zones = task
    plan = Plan()
    for number, (cell, zone) in enumerate(zip(shapely.from_wkb(cells), zones, strict=True), first):
        surveyor = Surveyor(seed, number, ZONES[zone])
        surveyor.cut(shapely.normalize(cell))
        plan.extend(surveyor.plan)
    return plan
