"""The map of an overview: wards or groups in the colours of their shares, or parcels by status, borders and names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.palette import Palette
from gisland.printing.edition import Edition
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.hatches import draw_status
from gisland.printing.ink import BLACK, WHITE, Color, Ink, color
from gisland.printing.labels import boxes
from gisland.printing.mapsheet import OUTLINE, draw_crosses, draw_frame
from gisland.printing.model import Floats, Geometries
from gisland.printing.paper import Box
from gisland.printing.placement import Place
from gisland.printing.progress import Overview, Unit
from gisland.printing.scene import to_paper
from gisland.printing.wardlines import Name, draw_lines, draw_names, outlines, place_names, places_on

MUTED: Color = (0.955, 0.955, 0.95)
SIZES = (1.0, 0.8, 0.62, 0.48)
"""How small a label may become, in parts of its full size."""
NOTHING = ("no_holder", "none")
"""The status whose look a unit has in which nothing is to be done: an exact one, or a class that all may see."""
CODE, SHARE = 4.4, 3.2
"""Of the two lines of a label, mm."""
BORDER = 0.3
"""Of groups, mm."""
STREET = 0.5
"""What is narrower than twice that on paper, mm, is no part of the outline of a unit: streets would be combs."""


@dataclass(frozen=True)
class UnitLabel:
    """The label of a unit: its middle and size on paper (mm), and its box."""

    unit: Unit
    x: float
    y: float
    size: float
    box: shapely.Polygon


def paint_of(share: float | None, palette: Palette) -> Color:
    """The colour of the class of a share (`Palette.progress_classes`); white: nothing is to be done."""
    return WHITE if share is None else color(palette.progress_classes[palette.progress_of(share)].color)


def fill_class(ink: Ink, share: float | None, palette: Palette, shapes: Geometries, within: Box) -> None:
    """Fill polygons (mm) with the colour of a class; dots where nothing is to be done, or a copy would not tell it."""
    if share is None:
        draw_status(ink, palette, next(each for each in NOTHING if each in palette.exact), shapes, within)
        return
    ink.fill_with(paint_of(share, palette))
    ink.polygons(shapes, fill=True)


def paler(paint: Color) -> Color:
    """What is between the parcels of a unit: streets and water."""
    red, green, blue = (1 - 0.3 * (1 - each) for each in paint)
    return red, green, blue


def draw_overview_map(ink: Ink, edition: Edition, overview: Overview, larger: float) -> None:
    """The map within its frame, and the frame."""
    frame, place = edition.paper.frame, overview.place
    with ink.kept():
        ink.clip(frame)
        if len(overview.around):
            ink.fill_with(MUTED)
            ink.draw_with((0.72, 0.72, 0.72), 0.08)
            shapes = to_paper(overview.around, place, frame)
            ink.polygons(shapes, fill=not overview.near, stroke=overview.near)
        # The largest first: of what overlaps on paper the smaller one is seen whole.
        units = sorted(overview.units, key=lambda each: (-float(shapely.area(each.outline)), each.said))
        lands = [(unit, tidied(unit.outline, place)) for unit in units]
        for unit, land in lands:
            _draw_unit(ink, frame, overview, unit)
            if not overview.of_wards:
                _draw_group(ink, frame, overview, unit, land)
        draw_lines(ink, overview.borders, overview.area, place, frame, larger)
        draw_crosses(ink, place, frame)
        labels = place_unit_labels(lands, place, frame, larger * (0.7 if overview.near else 1.0))
        for label in labels:
            _draw_label(ink, label)
        draw_names(ink, _names(edition, overview, labels, larger))
    draw_frame(ink, place, frame)


def _draw_unit(ink: Ink, frame: Box, overview: Overview, unit: Unit) -> None:
    place, palette = overview.place, overview.palette
    if overview.near:
        for part in unit.parts:
            shapes = to_paper(part.shapes, place, frame)
            for status in palette.exact:
                if (part.statuses == status).any():
                    draw_status(ink, palette, status, shapes[part.statuses == status], frame)
            ink.draw_with(color(palette.stroke), OUTLINE)
            ink.polygons(shapes, stroke=True)
        return
    paint = paint_of(unit.percent, palette)
    if unit.border is not None and overview.area is None:
        ink.fill_with(paler(paint))
        ink.polygons(outlines([unit.border], place, frame), fill=True)
    for part in unit.parts:
        shapes = outlines([tidied(part.outline, place)], place, frame)
        fill_class(ink, unit.percent, palette, shapes, frame)
        if overview.of_wards:
            ink.draw_with((0.35, 0.35, 0.35), 0.1)
            ink.polygons(shapes, stroke=True)


def _draw_group(ink: Ink, frame: Box, overview: Overview, unit: Unit, land: shapely.Geometry) -> None:
    """The outline of a group; filled with its colour where its parcels are not drawn."""
    shapes = outlines([land], overview.place, frame)
    if not overview.near:
        fill_class(ink, unit.percent, overview.palette, shapes, frame)
    ink.draw_with(BLACK, border_width(overview))
    ink.polygons(shapes, stroke=True)


def border_width(overview: Overview) -> float:
    """Of the line around groups, mm: wider where it lies among parcels."""
    return BORDER * (1.5 if overview.near else 1)


def tidied(land: shapely.Geometry, place: Place) -> shapely.Geometry:
    """The land of a unit without the streets that lead into it, and without those of its own that lead out of it."""
    by = STREET * place.scale / 1000
    closed = shapely.buffer(shapely.buffer(land, by, join_style="mitre"), -by, join_style="mitre")
    opened = shapely.buffer(shapely.buffer(closed, -by, join_style="mitre"), by, join_style="mitre")
    return land if shapely.is_empty(opened) else opened


def _lines(unit: Unit) -> tuple[str, str]:
    return unit.code, "–" if unit.percent is None else f"{unit.percent:.0f} %"


def place_unit_labels(
    lands: list[tuple[Unit, shapely.Geometry]], place: Place, frame: Box, larger: float
) -> list[UnitLabel]:
    """Name and share of each unit on its own land, in their order; none meets another or leaves the frame.

    What finds no room in any size stands in the table only.
    """
    inner = shapely.box(frame.x + 1, frame.y + 1, frame.right - 1, frame.top - 1)
    found: list[UnitLabel] = []
    for unit, whole in lands:
        land = shapely.intersection(outlines([whole], place, frame)[0], inner)
        places = places_on(land, 17)
        if not len(places):
            continue
        shapely.prepare(land)
        label = None
        for size in SIZES:
            label = _free(unit, places, size * larger, land, inner, found)
            if label is not None:
                found.append(label)
                break
    return found


def _free(
    unit: Unit, places: Floats, size: float, land: shapely.Geometry, inner: shapely.Polygon, taken: list[UnitLabel]
) -> UnitLabel | None:
    """The first place at which a label lies free, best all of it on its own land."""
    name, said = _lines(unit)
    wide = (max(width(name, CODE, BOLD), width(said, SHARE)) + 1.8) * size
    zeros = np.zeros(len(places))
    rooms = boxes(places[:, 0], places[:, 1], zeros + wide, zeros + (CODE + SHARE + 1.6) * size, zeros)
    free = shapely.contains(inner, rooms)
    if taken:
        hit = shapely.STRtree([label.box for label in taken]).query(rooms, predicate="intersects")[0]
        free[np.unique(hit)] = False
    if not free.any():
        return None
    covered = shapely.area(shapely.intersection(land, rooms)) / shapely.area(rooms)
    # A hole of a street matters little; off the land it would be read as of the neighbour.
    best = int(np.argmax(np.where(free, np.minimum(covered, 0.9), -1.0)))
    if covered[best] < 0.6:
        return None
    return UnitLabel(unit, float(places[best, 0]), float(places[best, 1]), size, rooms[best])


def _draw_label(ink: Ink, label: UnitLabel) -> None:
    name, said = _lines(label.unit)
    x1, y1, x2, y2 = label.box.bounds
    ink.fill_with(WHITE)
    ink.draw_with((0.5, 0.5, 0.5), 0.1)
    ink.boxes([(x1, y1, x2 - x1, y2 - y1)], fill=True)
    size = label.size
    ink.text(label.x, label.y + 0.35 * size, name, CODE * size, bold=True, align="middle", paint=BLACK)
    low = label.y - (0.35 + SHARE * CAP_HEIGHT + 0.35) * size
    ink.text(label.x, low, said, SHARE * size, align="middle", paint=BLACK)


def _names(edition: Edition, overview: Overview, labels: list[UnitLabel], larger: float) -> list[Name]:
    """Names of the wards in the frame that are no units themselves, on no label."""
    called = {unit.said for unit in overview.units} if overview.of_wards else set()
    names = [
        (edition.words.ward(name).upper(), border) for name, border in overview.borders.values() if name not in called
    ]
    taken = [label.box for label in labels]
    return place_names(names, overview.place, edition.paper.frame, 3.4 * larger, taken)
