"""The sketch of a parcel: its corners with their numbers, the lengths of its sides, its label, and what lies around."""

from __future__ import annotations

import numpy as np
import shapely

from gisland.printing.facts import Around
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.ink import BLACK, GREY, Ink
from gisland.printing.labels import FORMS, boxes, measure, place_labels, place_numbers
from gisland.printing.mapsheet import POLYGONS, centred, draw_label
from gisland.printing.model import Floats, Parcel, decimal
from gisland.printing.paper import Box
from gisland.printing.placement import Place
from gisland.printing.scene import points_to_paper, to_paper
from gisland.printing.spots import Spots
from gisland.printing.vertices import Ring

GROUND, LINE, DOT = (0.985, 0.97, 0.9), 0.45, 0.9
CORNER = (0.1, 0.2, 0.5)
NEIGHBOUR, NEIGHBOUR_DIGIT = (0.55, 0.55, 0.55), 1.7
OFF = 0.9
"""Between a side and what is written along it, mm."""
AROUND_CORNER = (1.9, 2.8)
"""How far from a corner its number may stand, mm."""


class Taken:
    """What is written in the sketch so far, as rectangles (mm): nothing may lie on anything."""

    def __init__(self, frame: Box) -> None:
        self.inner = shapely.box(frame.x + 0.5, frame.y + 0.5, frame.right - 0.5, frame.top - 0.5)
        self.boxes: list[shapely.Polygon] = []

    def take(self, box: shapely.Polygon) -> bool:
        """Take a place, if it is free."""
        if not self.inner.contains(box) or any(box.intersects(each) for each in self.boxes):
            return False
        self.boxes.append(box)
        return True


def draw_sketch(
    ink: Ink,
    frame: Box,
    place: Place,
    parcel: Parcel,
    shape: shapely.Geometry,
    rings: list[Ring],
    around: Around,
    heights: tuple[float, float],
) -> None:
    """Draw the sketch into its frame.

    Args:
        ink: where.
        frame: on paper, mm.
        place: of the frame on the ground.
        parcel: what its label says.
        shape: of the parcel, metres.
        rings: its corners.
        around: what lies around it.
        heights: of the digits of lengths, and of the numbers of corners.
    """
    taken = Taken(frame)
    # The north arrow stands in the upper right corner.
    taken.take(shapely.box(frame.right - 9, frame.top - 16, frame.right - 0.6, frame.top - 0.6))
    drawn = to_paper(np.array([shape], dtype=object), place, frame)
    with ink.kept():
        ink.clip(frame)
        with ink.kept():
            # What is not among the facts is not drawn.
            ink.clip_to(to_paper(np.array([around.window], dtype=object), place, frame))
            ink.draw_with(NEIGHBOUR, 0.12)
            ink.polygons(to_paper(around.shapes, place, frame), stroke=True)
        ink.fill_with(GROUND)
        ink.draw_with(BLACK, LINE)
        ink.polygons(drawn, fill=True, stroke=True)
        _label(ink, frame, place, parcel, shape, taken)
        _sides(ink, frame, place, rings, heights[0], taken)
        _corners(ink, frame, place, rings, heights[1], taken, drawn[0])
        _neighbours(ink, frame, place, around, taken)
    ink.draw_with(BLACK, 0.3)
    ink.box(frame)


def _label(ink: Ink, frame: Box, place: Place, parcel: Parcel, shape: shapely.Geometry, taken: Taken) -> None:
    """The mixed number of the circular, as large as it fits."""
    shapes = np.array([shape], dtype=object)
    for digit in (3.0, 2.5, 2.0):
        labels = place_labels(Spots(shapes), measure((parcel,), digit), place.scale, 0.75)
        form = FORMS[int(labels.form[0])]
        if form.complete:
            break
    else:
        return
    ((x, y),) = points_to_paper([(labels.x[0], labels.y[0])], place, frame).tolist()
    taken.take(to_paper(labels.boxes(), place, frame)[0])
    ink.draw_with(BLACK, 0.15)
    ink.fill_with(BLACK)
    draw_label(ink, parcel, form, x, y, float(labels.angle[0]), digit * float(labels.size[0]))


def _sides(ink: Ink, frame: Box, place: Place, rings: list[Ring], digit: float, taken: Taken) -> None:
    """Lengths along the sides: outside of the parcel, or within where there is no room; the longest first."""
    size = digit / CAP_HEIGHT
    sides = []
    for ring in rings:
        ends = zip(
            points_to_paper(ring.corners, place, frame).tolist(),
            points_to_paper(ring.ends, place, frame).tolist(),
            ring.lengths,
            strict=True,
        )
        sides += [(length, start, end) for start, end, length in ends]
    ink.fill_with(BLACK)
    for length, (ax, ay), (bx, by) in sorted(sides, reverse=True):
        said = decimal(length, 2)
        long = float(np.hypot(bx - ax, by - ay))
        if width(said, size) + 2 * OFF > long:
            continue
        angle = float(np.degrees(np.arctan2(by - ay, bx - ax)))
        angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
        # Rings run so that the parcel is at the right hand.
        across = np.array([-(by - ay), bx - ax]) / long * (digit / 2 + OFF)
        for side in (1, -1):
            x, y = (ax + bx) / 2 + side * across[0], (ay + by) / 2 + side * across[1]
            if taken.take(_box(x, y, width(said, size), digit, angle)):
                centred(ink, x, y, said, size, angle, bold=False)
                break


def _corners(
    ink: Ink, frame: Box, place: Place, rings: list[Ring], digit: float, taken: Taken, parcel: shapely.Geometry
) -> None:
    """Dots at the corners, and their numbers where there is room: the sharpest corners first."""
    size = digit / CAP_HEIGHT
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    rays = np.concatenate([each * np.column_stack([np.cos(turn), np.sin(turn)]) for each in AROUND_CORNER])
    corners = []
    for ring in rings:
        at = points_to_paper(ring.corners, place, frame)
        into, out = at - np.roll(at, 1, axis=0), np.roll(at, -1, axis=0) - at
        bend = np.abs(np.arctan2(into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0], (into * out).sum(axis=1)))
        corners += list(zip((-bend).tolist(), ring.numbers, at.tolist(), strict=True))
    shapely.prepare(parcel)
    ink.draw_with(BLACK, DOT)
    ink.dots(np.array([at for _, _, at in corners]), DOT)
    ink.fill_with(CORNER)
    for _, number, at in sorted(corners):
        said = str(number)
        places: Floats = np.array(at) + rays
        # With half a digit of air, or two numbers beside each other are read as one.
        wide = np.full(len(places), width(said, size, BOLD) + digit / 2)
        rooms = boxes(places[:, 0], places[:, 1], wide, np.full(len(places), 1.5 * digit), np.zeros(len(places)))
        # Outside of the parcel, if that can be.
        inside = shapely.intersects(parcel, rooms)
        for index in np.argsort(inside, kind="stable").tolist():
            if taken.take(rooms[index]):
                centred(ink, places[index, 0], places[index, 1], said, size, 0, bold=True)
                break


def _neighbours(ink: Ink, frame: Box, place: Place, around: Around, taken: Taken) -> None:
    """Numbers of the parcels around."""
    seen = shapely.intersection(around.shapes, shapely.intersection(place.inset(0.5), around.window))
    usable = np.isin(shapely.get_type_id(seen), POLYGONS) & ~shapely.is_empty(seen)
    names = [name for name, use in zip(around.labels, usable, strict=True) if use]
    size = NEIGHBOUR_DIGIT / CAP_HEIGHT
    widths = np.array([width(name, size) for name in names])
    middles, angles, fits = place_numbers(seen[usable], widths, NEIGHBOUR_DIGIT, place.scale)
    if not len(names):
        return
    at = points_to_paper(middles, place, frame)
    for name, wide, (x, y), angle, fit in zip(names, widths, at.tolist(), angles.tolist(), fits, strict=True):
        if fit and taken.take(_box(x, y, float(wide), NEIGHBOUR_DIGIT, angle)):
            centred(ink, x, y, name, size, angle, bold=False, paint=GREY)


def _box(x: float, y: float, wide: float, high: float, angle: float) -> shapely.Polygon:
    """The place of a text around a point, with a little air."""
    one = np.array([wide + 0.5]), np.array([high * 1.2])
    found: shapely.Polygon = boxes(np.array([x]), np.array([y]), *one, np.array([angle]))[0]
    return found
