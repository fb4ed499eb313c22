"""The sheet of an area: parcels with labels, borders and names of wards, and the panel beside the map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import shapely

from gisland.errors import UsageError
from gisland.printing.blocks import heading, notes_block, notes_height, qr_block, scale_block, signature_block, wrapped
from gisland.printing.charts import LINE, SAMPLE, sample_box, sample_text, status_chart
from gisland.printing.fonts import CAP_HEIGHT
from gisland.printing.hatches import draw_status
from gisland.printing.ink import BLACK, GREY, Ink, color
from gisland.printing.labels import FORMS, Form
from gisland.printing.leaders import place_leaders
from gisland.printing.lists import Table, draw_table
from gisland.printing.mapsheet import (
    OUTLINE,
    SHEET,
    Labelled,
    draw_crosses,
    draw_frame,
    draw_labels,
    draw_leaders,
    draw_neighbours,
    draw_sheets,
    page_labels,
)
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import decimal, thousands
from gisland.printing.paper import LARGE_SIZES, ORIENTATIONS, SIZES, Box, Orientation, PanelPaper, Paper
from gisland.printing.placement import Place
from gisland.printing.product import AreaProduct
from gisland.printing.remarks import saved
from gisland.printing.scene import Scene, to_paper
from gisland.printing.sheets import SheetMark, mark_sheets
from gisland.printing.tables import Cell, Column, draw_header, draw_row
from gisland.printing.wardlines import (
    AREA,
    AREA_DASH,
    WARD_BORDER,
    WARD_DASH,
    Lines,
    Name,
    draw_lines,
    draw_names,
    place_names,
)

ALL_SIZES = {"A4": SIZES["A4"], **LARGE_SIZES}
NAME = 3.6
"""Of the names of wards on the map, mm."""
NAME_STEPS = 42
QR_WIDE, QR_HIGH = QR + 4.6, QR + 6.0
SMALL_ROW, SMALL_BESIDE = 4.6, {"A4": 3, "A3": 5}
MOST_WARDS = 8
"""Wards that have a row of figures."""


class AreaPaper(PanelPaper):
    """A sheet; its panel tells about the map."""

    LARGER: ClassVar = {"A4": 0.85, "A3": 1.0, "A2": 1.2, "A1": 1.5, "A0": 1.9}
    PANEL: ClassVar = 70.0


@dataclass(kw_only=True)
class AreaScene(Scene):
    """The map of an area that is being drawn."""

    product: AreaProduct
    of_ward: tuple[int, ...] = ()
    """Of each parcel, the id of its ward."""
    ward_names: dict[int, str] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)
    area: shapely.Geometry | None = None

    @property
    def place_name(self) -> str:
        """The wards."""
        return self.subject

    @property
    def place(self) -> Place:
        """The frame on the ground."""
        return self.layout.pages[0].place


def papers(name: str, orientation: str) -> list[AreaPaper]:
    """The sheets that may be taken: one, or both ways round.

    Raises:
        UsageError: there is no such paper.
    """
    size = ALL_SIZES.get(name.upper())
    if size is None:
        raise UsageError(f"--paper {name[:10]}", hint=", ".join(ALL_SIZES), parameter="paper")
    if orientation != "auto" and orientation not in ORIENTATIONS:
        raise UsageError(
            f"--orientation {orientation[:20]}", hint=f"auto, {', '.join(ORIENTATIONS)}", parameter="orientation"
        )
    long, short = size
    ways: dict[Orientation, tuple[float, float]] = {"landscape": (long, short), "portrait": (short, long)}
    return [AreaPaper(name.upper(), way, *ways[way]) for way in ORIENTATIONS if orientation in {"auto", way}]


def place_all(scene: AreaScene) -> tuple[Labelled, list[Name]]:
    """Labels of parcels, then names of wards, then marks of sheets: none of them lies on another one."""
    page, place, frame = scene.layout.pages[0], scene.place, scene.paper.frame
    seen = np.flatnonzero(shapely.intersects(scene.group.shapes, place.inset()))
    labels = page_labels(scene, place, seen)
    leaders = place_leaders(scene.group, page, labels, seen, scene.product.label_height * scene.product.label_smallest)
    taken = [*labels.boxes(labels.form != FORMS.index(Form.TABLE))]
    taken += [part for leader in leaders for part in (leader.box, leader.line)]
    on_paper = list(to_paper(np.array(taken, dtype=object), place, frame)) if taken else []
    called = [(scene.words.ward(name).upper(), border) for name, border in scene.lines.values()]
    names: list[Name] = []
    for part in (1.0, 0.75, 0.55):
        missing = [each for each in called if each[0] not in {name.said for name in names}]
        size = NAME * _larger(scene) * part
        blocked = [*on_paper, *(name.box for name in names)]
        names += place_names(missing, place, frame, size, blocked, NAME_STEPS)
    taken += [_ground(name.box, place, frame) for name in names]
    sheets = mark_sheets(scene.group, place, seen, taken, scene.words("sheet"))
    return Labelled(seen, labels, leaders, sheets), names


def _larger(scene: AreaScene) -> float:
    assert isinstance(scene.paper, AreaPaper)
    return scene.paper.larger


def _ground(box: shapely.Polygon, place: Place, frame: Box) -> shapely.Polygon:
    """A box on paper as it lies on the ground."""
    metres = place.scale / 1000
    found: shapely.Polygon = shapely.transform(
        box, lambda xy: (xy - (frame.x, frame.y)) * metres + (place.west, place.south)
    )
    return found


def draw_area(scene: AreaScene, labelled: Labelled, names: list[Name]) -> bytes:
    """Draw the sheet, and the list of parcels that are not labelled in full."""
    title = f"{scene.product.title.to(scene.words.language)} – {scene.place_name}"
    ink = Ink(title, scene.place_name, scene.by)
    paper = scene.paper
    with ink.page(paper.width, paper.height, name="map1", title=title):
        _draw_map(ink, scene, labelled, names)
        draw_marks(ink, paper)
        with ink.scaled(paper.panel.x, paper.panel.y, _larger(scene)):
            _draw_panel(ink, scene, Box(0, 0, AreaPaper.PANEL, paper.panel.height / _larger(scene)))
    small = _small(labelled)
    if small:
        further = _further(scene)
        draw_table(ink, further, _table(further, small), 1)
    return saved(ink, scene)


def small_pages(scene: AreaScene, labelled: Labelled) -> int:
    """Pages of the list of parcels that are not labelled in full."""
    small, further = _small(labelled), _further(scene)
    return _table(further, small).pages(further) if small else 0


def _further(scene: AreaScene) -> AreaScene:
    name = "A4" if scene.paper.name == "A4" else "A3"
    return replace(scene, paper=Paper(name, "landscape", *ALL_SIZES[name]))


def _small(labelled: Labelled) -> list[tuple[int, Form]]:
    """Parcels whose number, area or land type is not on the map, and how they are labelled."""
    forms = [(int(index), labelled.form_of(int(index))) for index in labelled.seen]
    return [each for each in forms if not each[1].complete]


def _table(scene: AreaScene, small: list[tuple[int, Form]]) -> Table:
    words, several = scene.words, len(scene.ward_names) > 1
    columns = [
        Column(words("sheet"), 26 if several else 12),
        Column(words("parcel"), 12, "middle", bold=True),
        Column(words("area"), 18, "right"),
        Column(words("land_type"), 14),
    ]
    parcels = [scene.group.parcels[index] for index, _ in small]
    rows: list[list[Cell]] = [[each.sheet, each.number, decimal(each.area), each.land_type] for each in parcels]
    beside = SMALL_BESIDE[scene.paper.name] - (1 if several else 0)
    return Table("small", words("small"), columns, rows, SMALL_ROW, "S", beside)


def _draw_map(ink: Ink, scene: AreaScene, labelled: Labelled, names: list[Name]) -> None:
    frame, place, palette, seen = scene.paper.frame, scene.place, scene.palette, labelled.seen
    with ink.kept():
        ink.clip(frame)
        # Numbers of parcels around give way to the names of wards as they do to the marks of sheets.
        marks = [SheetMark(name.said, (0, 0), _ground(name.box, place, frame), name.box) for name in names]
        draw_neighbours(ink, scene, place, replace(labelled, sheets=[*labelled.sheets, *marks]))
        shapes = to_paper(scene.group.shapes[seen], place, frame)
        statuses = np.array([scene.group.parcels[index].status for index in seen])
        covered = labelled.covers(place, frame)
        for status in palette.exact:
            if (statuses == status).any():
                draw_status(ink, palette, status, shapes[statuses == status], frame, covered)
        ink.draw_with(color(palette.stroke), OUTLINE)
        ink.polygons(shapes, stroke=True)
        draw_sheets(ink, place, frame, labelled.sheets, marks=False)
        draw_lines(ink, scene.lines, scene.area, place, frame, _larger(scene))
        draw_crosses(ink, place, frame)
        draw_labels(ink, scene, place, labelled.labels, seen)
        draw_leaders(ink, scene, place, labelled.leaders)
        draw_sheets(ink, place, frame, labelled.sheets, marks=True)
        draw_names(ink, names)
    draw_frame(ink, place, frame)


def _draw_panel(ink: Ink, scene: AreaScene, box: Box) -> None:
    """From above: code, title, scale, figures, statuses, signs; from below: code, signatures, notes."""
    words, code = scene.words, scene.code("M1", scene.place)
    corner = MARK / _larger(scene) + 1
    qr_block(ink, scene, box.x, box.top - QR_HIGH, code)
    _beside_code(ink, scene, Box(box.x + QR_WIDE + 1.5, box.top - QR_HIGH, box.width - QR_WIDE - 1.5 - corner, QR_HIGH))
    y = _title(ink, scene, Box(box.x, box.y, box.width, box.height - QR_HIGH - 2))
    scale_block(ink, words, Box(box.x, y - 18, box.width, 16), scene.place.scale)
    y = _figures(ink, scene, Box(box.x, box.y, box.width, y - 22 - box.y))
    y = heading(ink, Box(box.x, y - 13, box.width, 10), words("o_statuses")) - 0.6
    y = status_chart(ink, scene.palette, scene.counts, words, Box(box.x, box.y, box.width, y - box.y))
    y = _signs(ink, scene, Box(box.x, box.y, box.width, y - 3 - box.y))
    qr_block(ink, scene, box.x, box.y, code)
    signs = Box(box.x + QR_WIDE + 1, box.y + corner, box.width - QR_WIDE - 1, QR_HIGH - corner)
    signature_block(ink, scene, signs)
    room = y - box.y - QR_HIGH - 4
    size = 2.2 if notes_height(scene, box.width, 2.2) < room else 1.8
    high = min(notes_height(scene, box.width, size), room)
    notes_block(ink, scene, Box(box.x, box.y + QR_HIGH + 2, box.width, high), size)


def _beside_code(ink: Ink, scene: AreaScene, box: Box) -> None:
    """The scale, to be seen from afar, and how many parcels there are."""
    ink.fill_with(BLACK)
    ink.text(box.x, box.top - 11, f"1:{thousands(scene.place.scale)}", 7.0, bold=True, room=box.width)
    ink.text(box.x, box.top - 16, scene.words("parcel_count", count=len(scene.group.parcels)), 3.2, room=box.width)
    if scene.pages > 1:
        said = f"{scene.words('small')}: {scene.words('page').lower()} 2"
        for index, line in enumerate(wrapped(said, 2.2, box.width)):
            ink.text(box.x, box.top - 20 - 2.8 * index, line, 2.2, room=box.width, paint=GREY)


def _title(ink: Ink, scene: AreaScene, box: Box) -> float:
    product, language = scene.product, scene.words.language
    y = box.top - 2.8
    ink.text(box.x, y, product.notice.to(language).upper(), 2.6, bold=True, room=box.width, paint=(0.65, 0.1, 0.1))
    y -= 6.2
    ink.fill_with(BLACK)
    for line in wrapped(product.title.to(language), 4.8, box.width)[:2]:
        ink.text(box.x, y, line, 4.8, bold=True, room=box.width)
        y -= 5.4
    for line in wrapped(scene.place_name, 3.4, box.width)[:3]:
        ink.text(box.x, y, line, 3.4, room=box.width)
        y -= 4.2
    if scene.province:
        ink.text(box.x, y, scene.province, 3.0, room=box.width, paint=GREY)
        y -= 4.0
    return y + 2


def _figures(ink: Ink, scene: AreaScene, box: Box) -> float:
    """Parcels and their area, by wards."""
    words = scene.words
    y = heading(ink, box, words("a_figures")) - 0.6
    columns = [
        Column(words("ward"), 30, bold=True),
        Column(words("parcels_short"), 14, "right"),
        Column("m²", 24, "right"),
    ]
    count, land = Counter(scene.of_ward), Counter[int]()
    for ward, parcel in zip(scene.of_ward, scene.group.parcels, strict=True):
        land[ward] += round(parcel.area * 10)
    rows = [[name, thousands(count[ward]), _tenths(land[ward])] for ward, name in scene.ward_names.items()]
    rows = rows[:MOST_WARDS] if len(rows) <= MOST_WARDS else [*rows[: MOST_WARDS - 1], ["…", "", ""]]
    if len(scene.ward_names) > 1:
        rows.append([words("total"), thousands(len(scene.of_ward)), _tenths(sum(land.values()))])
    y -= LINE
    draw_header(ink, columns, Box(box.x, y, box.width, LINE), 2.3)
    for row in rows:
        y -= LINE
        draw_row(ink, columns, row, Box(box.x, y, box.width, LINE), 2.5)
    return y


def _tenths(value: int) -> str:
    """An area that was added up in tenths, so that totals are what the parts add up to."""
    return f"{thousands(value // 10)},{value % 10}"


def _signs(ink: Ink, scene: AreaScene, box: Box) -> float:
    """The other signs that are on the map."""
    words = scene.words
    y = heading(ink, box, words("o_signs")) - 0.6
    signs = ["ward_border"] if scene.lines else []
    signs += ["drawn_area"] if scene.area is not None else []
    signs += ["of_sheet", "other_parcel"]
    for sign in signs:
        y -= LINE
        sample = sample_box(box, y)
        line = [(sample.x + 0.3, sample.middle[1], sample.right, sample.middle[1])]
        if sign == "ward_border":
            ink.draw_with(WARD_BORDER, 0.6, WARD_DASH)
            ink.lines(line)
        elif sign == "drawn_area":
            ink.draw_with(AREA, 0.6, AREA_DASH)
            ink.lines(line)
        else:
            ink.draw_with(SHEET if sign == "of_sheet" else (0.62, 0.62, 0.62), 0.3 if sign == "of_sheet" else 0.12)
            ink.box(sample)
        sample_text(ink, box, y, words(sign))
    y -= 6.2
    ink.fill_with(BLACK)
    middle = y + SAMPLE[1] / 2
    ink.text(box.x, middle - 2.0 * CAP_HEIGHT / 2, "ODT", 2.0)
    ink.text(box.x + 6.6, middle + 0.5, "18", 1.9, bold=True, align="middle")
    ink.text(box.x + 6.6, middle - 2.1, "421,1", 1.9, align="middle")
    ink.draw_with(BLACK, 0.12)
    ink.lines([(box.x + 4.4, middle, box.x + 8.8, middle)])
    sample_text(ink, box, y, words("label"))
    return y
