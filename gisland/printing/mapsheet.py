"""The map of a page: parcels, labels, grid, and what stands around the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.beside import Reference, cut_by, references
from gisland.printing.fonts import BOLD, CAP_HEIGHT, REGULAR, width
from gisland.printing.hatches import draw_status
from gisland.printing.ink import BLACK, WHITE, Halo, Ink, color
from gisland.printing.labels import (
    FORMS,
    GAP,
    LINE,
    Form,
    Labels,
    Stored,
    boxes,
    drop_overlapping,
    one_line,
    place_labels,
    place_numbers,
)
from gisland.printing.layout import MapPage
from gisland.printing.leaders import Leader, place_leaders
from gisland.printing.model import Floats, Geometries, Parcel, decimal, grouped
from gisland.printing.paper import BESIDE, Box
from gisland.printing.placement import Place
from gisland.printing.scene import Scene, map_name, points_to_paper, to_paper
from gisland.printing.sheets import SIZE, SheetMark, mark_sheets
from gisland.printing.spots import Spots

OUTLINE, BORDER, FRAME = 0.16, 0.7, 0.55
APART = 1.0
"""Between the two lines of the frame, mm."""
BORDER_DASH = (5, 1.6, 0.01, 1.6)
"""The border of the group: dash and dot, with round ends."""
NEIGHBOUR_DIGIT = 1.5
HALO = 0.3
"""So far the hatch keeps from the strokes of a label, mm: the rest stays, or a copy would not tell small parcels."""
CROSS = 2.0
"""Half the length of a grid cross, mm."""
GRID = 100
"""Distance of the grid crosses on paper, mm: 10 cm, as the circular has it."""
GRID_DIGITS = 1
"""A tenth of the denominator of a scale, which is whole, has no more decimals."""
SHEET = (0.38, 0.2, 0.5)
POLYGONS = (3, 6)
"""Type ids of polygons and multipolygons (GEOS)."""
TINT = (0.93, 0.95, 0.975)


@dataclass(frozen=True)
class Labelled:
    """What is written on the map of a page: the parcels that are seen, their labels there, and leaders."""

    seen: Floats
    labels: Labels
    leaders: list[Leader]
    sheets: list[SheetMark]

    def form_of(self, parcel: int) -> Form:
        """How a parcel is labelled on this page."""
        if any(leader.parcel == parcel for leader in self.leaders):
            return Form.LEADER
        return FORMS[int(self.labels.form[int(np.searchsorted(self.seen, parcel))])]

    def stored_of(self, parcel: int) -> Stored:
        """What became of the place that is stored for the label of a parcel."""
        return Stored(int(self.labels.stored[int(np.searchsorted(self.seen, parcel))]))

    def covers(self, place: Place, frame: Box) -> shapely.STRtree:
        """What is drawn over the hatches of the parcels, on paper."""
        drawn = [*self.labels.boxes(self.labels.form != FORMS.index(Form.TABLE))]
        drawn += [*(leader.box for leader in self.leaders), *(mark.box for mark in self.sheets)]
        return shapely.STRtree(to_paper(np.array(drawn, dtype=object), place, frame) if drawn else [])

    def lies_on(self, parcel: int) -> int | None:
        """The parcel on whose label that of another one would have lain, because the two overlap."""
        other = self.labels.over.get(int(np.searchsorted(self.seen, parcel)))
        return None if other is None else int(self.seen[other])


def label_page(scene: Scene, page: MapPage) -> Labelled:
    """Place the labels of a page."""
    place = page.place
    seen = np.flatnonzero(shapely.intersects(scene.group.shapes, place.inset()))
    labels = page_labels(scene, place, seen)
    digit = scene.product.label_height * scene.product.label_smallest
    leaders = place_leaders(scene.group, page, labels, seen, digit)
    taken = [*labels.boxes(labels.form != FORMS.index(Form.TABLE))]
    taken += [part for leader in leaders for part in (leader.box, leader.line)]
    return Labelled(seen, labels, leaders, mark_sheets(scene.group, place, seen, taken, scene.words("sheet")))


def draw_map(ink: Ink, scene: Scene, page: MapPage, labelled: Labelled) -> None:
    """Everything within the map frame, and the frame with what stands around it."""
    frame, place = scene.paper.frame, page.place
    seen, labels, leaders = labelled.seen, labelled.labels, labelled.leaders
    with ink.kept():
        ink.clip(frame)
        _draw_overlaps(ink, scene, page, filled=True)
        draw_neighbours(ink, scene, place, labelled)
        shapes = to_paper(scene.group.shapes[seen], place, frame)
        statuses = np.array([scene.group.parcels[index].status for index in seen])
        covered = labelled.covers(place, frame)
        for status in scene.palette.exact:
            if (statuses == status).any():
                draw_status(ink, scene.palette, status, shapes[statuses == status], frame, covered)
        ink.draw_with(color(scene.palette.stroke), OUTLINE)
        ink.polygons(shapes, stroke=True)
        _draw_overlaps(ink, scene, page, filled=False)
        draw_sheets(ink, place, frame, labelled.sheets, marks=False)
        # On an inset, streets are no wider than the line.
        ink.draw_with(BLACK, BORDER * (0.5 if page.inset else 1), BORDER_DASH)
        ink.polygons(to_paper(scene.outline, place, frame), stroke=True)
        draw_crosses(ink, place, frame)
        draw_labels(ink, scene, place, labels, seen)
        draw_leaders(ink, scene, place, leaders)
        draw_sheets(ink, place, frame, labelled.sheets, marks=True)
    _draw_frame(ink, scene, page)


def page_labels(scene: Scene, place: Place, seen: Geometries) -> Labels:
    """The labels of the parcels that are seen on a page: those of the whole parcels, anew where the frame cuts them."""
    whole = scene.layout.labels[place.scale]
    found = whole.chosen(seen)
    inner = place.inset(0.3)
    # A label that lies across the frame gets another place, in the part that is seen.
    across = np.flatnonzero(~shapely.contains(inner, found.boxes()) & (found.form != FORMS.index(Form.TABLE)))
    cut = shapely.intersection(scene.group.shapes[seen[across]], inner)
    usable = np.isin(shapely.get_type_id(cut), POLYGONS) & ~shapely.is_empty(cut)
    found.form[across] = FORMS.index(Form.TABLE)
    found.stored[across] = np.where(found.stored[across] == Stored.KEPT, Stored.CUT, found.stored[across])
    across, cut = across[usable], cut[usable]
    if len(across):
        measures = scene.measures.chosen(seen[across])
        found.put(across, place_labels(Spots(cut), measures, place.scale, scene.product.label_smallest, cut=True))
    drop_overlapping(found)
    return found


def draw_neighbours(ink: Ink, scene: Scene, place: Place, labelled: Labelled) -> None:
    """Parcels that are of no concern: thin grey lines, and their numbers where there is room."""
    group, frame = scene.group, scene.paper.frame
    near: Floats = np.flatnonzero(shapely.intersects(group.neighbours, place.inset()))
    if not len(near):
        return
    shapes = group.neighbours[near]
    ink.draw_with((0.62, 0.62, 0.62), 0.1)
    ink.polygons(to_paper(shapes, place, frame), stroke=True)
    size = NEIGHBOUR_DIGIT / CAP_HEIGHT
    numbers = [group.neighbour_numbers[index] for index in near]
    widths = np.array([width(number, size) for number in numbers])
    clipped = shapely.intersection(shapes, place.inset(0.5))
    usable = np.isin(shapely.get_type_id(clipped), POLYGONS) & ~shapely.is_empty(clipped)
    # Where parcels of two groups overlap, the own one is labelled; numbers with leader lines may stand outside.
    led = [part for leader in labelled.leaders for part in (leader.box, leader.line)]
    # So may labels that stand where they are stored.
    led += [*labelled.labels.boxes(labelled.labels.stored == Stored.KEPT)]
    own = shapely.STRtree([*group.shapes, *led, *(mark.box for mark in labelled.sheets)])
    middles, angles, fits = place_numbers(clipped[usable], widths[usable], NEIGHBOUR_DIGIT, place.scale)
    chosen = np.flatnonzero(usable)[fits]
    if not len(chosen):
        return
    high = np.full(len(chosen), 1.6 * NEIGHBOUR_DIGIT * place.scale / 1000)
    wide = (widths[chosen] + NEIGHBOUR_DIGIT) * place.scale / 1000
    hit = set(
        own.query(boxes(middles[fits, 0], middles[fits, 1], wide, high, angles[fits]), predicate="intersects")[
            0
        ].tolist()
    )
    at = points_to_paper(middles[fits], place, frame)
    for index, ((x, y), angle) in enumerate(zip(at.tolist(), angles[fits].tolist(), strict=True)):
        if index not in hit:
            centred(ink, x, y, numbers[chosen[index]], size, angle, bold=False, paint=(0.55, 0.55, 0.55))


def _draw_overlaps(ink: Ink, scene: Scene, page: MapPage, *, filled: bool) -> None:
    """Where other pages show the same ground: a tint below everything, and a dashed line above the parcels."""
    frame = scene.paper.frame
    ground = page.place.inset()
    frames = scene.layout.frames
    for other in scene.layout.pages:
        if other.number == page.number or other.place.scale != page.place.scale:
            continue
        both = shapely.intersection(ground, frames[other.number - 1])
        if shapely.get_type_id(both) != 3 or shapely.is_empty(both):
            continue
        shape = to_paper(np.array([both], dtype=object), page.place, frame)
        if filled:
            ink.fill_with(TINT)
            ink.polygons(shape, fill=True)
        else:
            ink.draw_with((0.25, 0.45, 0.65), 0.2, (1.2, 1.6))
            ink.polygons(shape, stroke=True)


def grid_values(place: Place) -> tuple[list[float], list[float]]:
    """East and north values of the grid lines within a frame, metres: 10 cm apart on paper, also at an odd scale."""
    step = place.scale * GRID / 1000
    east = np.arange(math.ceil(place.west / step), math.floor(place.east / step) + 1) * step
    north = np.arange(math.ceil(place.south / step), math.floor(place.north / step) + 1) * step
    return np.round(east, GRID_DIGITS).tolist(), np.round(north, GRID_DIGITS).tolist()


def grid_value(value: float) -> str:
    """A value of the grid as it stands on the frame: 2 308 250; at an odd scale with its decimal: 2 308 249,8."""
    return grouped(value, 0 if value == round(value) else GRID_DIGITS)


def draw_crosses(ink: Ink, place: Place, frame: Box) -> None:
    """The crosses of the grid."""
    east, north = grid_values(place)
    at = points_to_paper([(x, y) for x in east for y in north], place, frame)
    ink.draw_with(BLACK, 0.12)
    ink.lines([(x - CROSS, y, x + CROSS, y) for x, y in at.tolist()])
    ink.lines([(x, y - CROSS, x, y + CROSS) for x, y in at.tolist()])


def draw_labels(ink: Ink, scene: Scene, place: Place, labels: Labels, seen: Geometries, *, plain: bool = False) -> None:
    """The labels of parcels. The hatch keeps from their strokes; on a plain map no grid cross stays under one."""
    frame, digit = scene.paper.frame, scene.product.label_height
    drawn = np.flatnonzero(labels.form != FORMS.index(Form.TABLE))
    if plain:
        ink.fill_with(WHITE)
        ink.polygons(to_paper(labels.boxes(drawn), place, frame), fill=True)
    halos: dict[str, Halo] = {
        status: (color(scene.palette.tinted(look.color)), HALO) for status, look in scene.palette.exact.items()
    }
    ink.draw_with(BLACK, 0.12)
    ink.fill_with(BLACK)
    at = points_to_paper(np.column_stack([labels.x, labels.y])[drawn], place, frame)
    for index, (x, y) in zip(drawn.tolist(), at.tolist(), strict=True):
        parcel, form = scene.group.parcels[seen[index]], FORMS[int(labels.form[index])]
        halo = None if plain else halos.get(parcel.status)
        draw_label(ink, parcel, form, x, y, labels.angle[index], digit * labels.size[index], halo)


def draw_label(
    ink: Ink, parcel: Parcel, form: Form, x: float, y: float, angle: float, digit: float, halo: Halo | None = None
) -> None:
    """One label; `digit` is the height of its digits, mm."""
    size = digit / CAP_HEIGHT
    if form is Form.NUMBER:
        centred(ink, x, y, parcel.number, size, angle, bold=True, halo=halo)
        return
    if form is Form.LINE:
        centred(ink, x, y, one_line(parcel), size, angle, bold=False, halo=halo)
        return
    area = decimal(parcel.area)
    code_wide = width(parcel.land_type, size)
    gap = GAP * digit if parcel.land_type else 0.0
    fraction = max(width(parcel.number, size, BOLD), width(area, size, REGULAR))
    left = -(code_wide + gap + fraction) / 2
    middle = left + code_wide + gap + fraction / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))

    def at(along: float, across: float) -> tuple[float, float]:
        return x + along * cos - across * sin, y + along * sin + across * cos

    if parcel.land_type:
        ink.text(*at(left, -digit / 2), parcel.land_type, size, angle=angle, halo=halo)
    ink.text(*at(middle, LINE * digit), parcel.number, size, angle=angle, align="middle", bold=True, halo=halo)
    ink.text(*at(middle, -(1 + LINE) * digit), area, size, angle=angle, align="middle", halo=halo)
    ink.lines([(*at(middle - fraction / 2, 0), *at(middle + fraction / 2, 0))])


def centred(
    ink: Ink,
    x: float,
    y: float,
    said: str,
    size: float,
    angle: float,
    *,
    bold: bool,
    paint: tuple[float, float, float] | None = None,
    halo: Halo | None = None,
) -> None:
    """A text whose digits have their middle at a point."""
    turn, down = math.radians(angle), size * CAP_HEIGHT / 2
    at = x + down * math.sin(turn), y - down * math.cos(turn)
    ink.text(*at, said, size, angle=angle, align="middle", bold=bold, paint=paint, halo=halo)


def draw_sheets(ink: Ink, place: Place, frame: Box, sheets: list[SheetMark], *, marks: bool) -> None:
    """The outlines of the sheets, where there are several, or their marks."""
    ink.draw_with(SHEET, 0.3)
    if not marks:
        if len(sheets) > 1:
            ink.polygons(to_paper(np.array([mark.outline for mark in sheets], dtype=object), place, frame), stroke=True)
        return
    for mark in sheets:
        shape = to_paper(np.array([mark.box], dtype=object), place, frame)
        ink.fill_with(WHITE)
        ink.polygons(shape, fill=True, stroke=True)
        ((x, y),) = points_to_paper([mark.at], place, frame).tolist()
        ink.text(x, y - SIZE * CAP_HEIGHT / 2, mark.said, SIZE, bold=True, align="middle", paint=SHEET)


def draw_leaders(ink: Ink, scene: Scene, place: Place, leaders: list[Leader]) -> None:
    """Numbers that stand outside of their parcels, with a line into them."""
    frame, digit = scene.paper.frame, scene.product.label_height * scene.product.label_smallest
    size = digit / CAP_HEIGHT
    for leader in leaders:
        (px, py), (x, y), (ax, ay) = points_to_paper(
            [leader.parcel_at, leader.at, leader.line_to], place, frame
        ).tolist()
        ink.draw_with(BLACK, 0.12)
        ink.lines([(px, py, ax, ay)])
        ink.dots(np.array([(px, py)]), 0.5)
        ink.fill_with(BLACK)
        centred(ink, x, y, scene.group.parcels[leader.parcel].number, size, 0, bold=True, halo=(WHITE, HALO))


def draw_frame(ink: Ink, place: Place, frame: Box) -> None:
    """The double frame, and the values of the grid on it."""
    ink.draw_with(BLACK, 0.15)
    ink.box(frame)
    ink.draw_with(BLACK, FRAME)
    ink.box(frame.inset(-APART))
    ink.fill_with(BLACK)
    east, north = grid_values(place)
    columns = points_to_paper([(x, place.south) for x in east], place, frame)[:, 0].tolist()
    rows = points_to_paper([(place.west, y) for y in north], place, frame)[:, 1].tolist()
    ink.draw_with(BLACK, 0.15)
    ink.lines([(x, y, x, y + tick) for x in columns for y, tick in ((frame.y, -APART), (frame.top, APART))])
    ink.lines([(x, y, x + tick, y) for y in rows for x, tick in ((frame.x, -APART), (frame.right, APART))])
    size = 1.6 / CAP_HEIGHT
    # Values near a corner of the frame give way to the corner marks.
    for value, x in zip(east, columns, strict=True):
        said = grid_value(value)
        half = width(said, size) / 2
        for y in (frame.y - 3.6, frame.top + 2.0):
            ink.text(min(max(x, frame.x + half), frame.right - half), y, said, size, align="middle")
    for value, y in zip(north, rows, strict=True):
        said = grid_value(value)
        half = width(said, size) / 2
        for x in (frame.x - 2.0, frame.right + 3.6):
            ink.text(x, min(max(y, frame.y + half), frame.top - half), said, size, align="middle", angle=90)


def _draw_frame(ink: Ink, scene: Scene, page: MapPage) -> None:
    """The frame with the values of the grid, and references to the pages beside."""
    draw_frame(ink, page.place, scene.paper.frame)
    frame = scene.paper.frame
    cut = cut_by(page, scene.layout, scene.group.shapes)
    for reference in references(page, scene.layout.pages, frame, cut):
        _draw_reference(ink, scene, frame, reference)


def _draw_reference(ink: Ink, scene: Scene, frame: Box, reference: Reference) -> None:
    """A small tab outside of the frame with an arrow and the number of the page, which leads there.

    It is white where the other page is of another scale, and says which; an inset says that it is one.
    """
    wide, high, off = reference.wide, 4.0, BESIDE - 2.4
    x, y = {
        "north": (frame.x + reference.at, frame.top + off),
        "south": (frame.x + reference.at, frame.y - off),
        "east": (frame.right + off, frame.y + reference.at),
        "west": (frame.x - off, frame.y + reference.at),
    }[reference.side]
    across = reference.side in {"east", "west"}
    box = Box(x - high / 2, y - wide / 2, high, wide) if across else Box(x - wide / 2, y - high / 2, wide, high)
    other = reference.scale is not None
    ink.draw_with(BLACK, 0.2)
    ink.fill_with(WHITE if other else BLACK)
    ink.box(box, fill=True, stroke=other)
    arrow = {"north": "↑", "south": "↓", "east": "↓", "west": "↑"}[reference.side]
    said = f"{arrow} {reference.page}"
    if other:
        inset = scene.layout.pages[reference.page - 1].inset
        said = f"{scene.words('inset') if inset else f'1:{reference.scale}'} → {reference.page}"
    down, paint = 2.0 / 2, BLACK if other else WHITE
    if across:
        # Written from below to above, so "ahead" of the text is north: the arrow is turned with it.
        ink.text(x + down, y, said, 2.0 / CAP_HEIGHT, bold=True, align="middle", angle=90, paint=paint, room=wide - 1)
    else:
        ink.text(x, y - down, said, 2.0 / CAP_HEIGHT, bold=True, align="middle", paint=paint, room=wide - 1)
    ink.link(box, map_name(scene.layout.pages[reference.page - 1]))
