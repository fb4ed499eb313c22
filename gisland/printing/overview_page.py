"""The page of an overview: map, total, parcels by status as a chart, classes of the shares, a row for each unit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import shapely

from gisland.printing.blocks import heading, notes_block, notes_height, qr_block, scale_block, wrapped
from gisland.printing.charts import LINE, sample_box, sample_text, status_chart
from gisland.printing.edition import Edition
from gisland.printing.ink import BLACK, GREY, PALE, RULE, WHITE, Ink, color
from gisland.printing.lists import Table, draw_table
from gisland.printing.marks import QR
from gisland.printing.model import decimal, thousands
from gisland.printing.overview_map import MUTED, border_width, draw_overview_map, fill_class, paint_of
from gisland.printing.paper import LARGE_SIZES, Box, PanelPaper, Paper
from gisland.printing.product import OverviewProduct
from gisland.printing.progress import Overview, Unit, share
from gisland.printing.remarks import saved
from gisland.printing.tables import Cell, Column, draw_header, draw_row, widths
from gisland.printing.wardlines import AREA, AREA_DASH, WARD_BORDER, WARD_DASH

ROW = (2.9, 5.0)
"""Lowest and highest row of the table, mm."""
BAR = 0.24
"""Height of the bar of a share below its figure, in parts of the row."""
ONE_TABLE = 3.8
"""Where rows would be lower, the table is cut in two."""


class OverviewPaper(PanelPaper):
    """A large sheet; its panel has title, classes and table."""

    LARGER: ClassVar = {"A3": 1.0, "A2": 1.25, "A1": 1.6, "A0": 2.0}
    PANEL: ClassVar = 92.0


@dataclass(frozen=True)
class _Panel:
    """What the panel is drawn from, and its box: it begins at (0, 0), and is drawn larger on larger paper."""

    edition: Edition
    product: OverviewProduct
    overview: Overview
    box: Box


def draw_overview(edition: Edition, product: OverviewProduct, overview: Overview) -> bytes:
    """Draw the page; units for whose figures the panel has no room follow on pages of their own."""
    title = f"{product.title.to(edition.words.language)} – {edition.place_name}"
    ink = Ink(title, edition.place_name, edition.by)
    paper = edition.paper
    assert isinstance(paper, OverviewPaper)
    with ink.page(paper.width, paper.height, name="overview", title=title):
        draw_overview_map(ink, edition, overview, paper.larger)
        with ink.scaled(paper.panel.x, paper.panel.y, paper.larger):
            _draw_panel(ink, _panel(edition, product, overview, paper))
    if edition.pages > 1:
        paper_before, edition.paper = edition.paper, _further()
        draw_table(ink, edition, _list(edition, overview), 1)
        edition.paper = paper_before
    return saved(ink, edition)


def listed(paper: OverviewPaper, overview: Overview) -> int:
    """Pages of the list of units: none where the panel has room for it, by its height without any notes."""
    rows = len(overview.units) + 2
    room = paper.panel.height / paper.larger - _above(overview) - NOTES
    if rows * ROW[0] <= room or (rows / 2 + 1.5) * ROW[0] <= room:
        return 0
    further = _further()
    high = int((further.page.height - 26.0 - 6.0 - 12.0) / LIST_ROW)
    return -(-(len(overview.units) + 1) // (high * LIST_BESIDE))


HEAD, SCALE, NOTES = 46.0, 20.0, 26.0
"""Heights of the title with the total, of the scale, and what is kept for the notes, mm."""
LIST_ROW, LIST_BESIDE = 5.2, 2


def _further() -> Paper:
    return Paper("A3", "landscape", *LARGE_SIZES["A3"])


def _above(overview: Overview) -> float:
    """How high what stands above the table is."""
    classes = 0 if overview.near else 6 + LINE * (len(overview.palette.progress) + 1)
    return HEAD + SCALE + 7 + LINE * len(overview.counts) + classes + 7 + LINE * len(_signs(overview)) + 8


def _panel(edition: Edition, product: OverviewProduct, overview: Overview, paper: OverviewPaper) -> _Panel:
    return _Panel(edition, product, overview, Box(0, 0, paper.PANEL, paper.panel.height / paper.larger))


def _draw_panel(ink: Ink, panel: _Panel) -> None:
    box, edition = panel.box, panel.edition
    _head(ink, panel)
    y = box.top - HEAD
    scale_block(ink, edition.words, Box(box.x, y - 16, box.width, 16), panel.overview.place.scale)
    y = _chart(ink, panel, y - SCALE)
    if not panel.overview.near:
        y = _classes(ink, panel, y - 2.5)
    y = _draw_signs(ink, panel, y - 2.5)
    noted = notes_height(edition, box.width, 2.2)
    notes_block(ink, edition, Box(box.x, box.y, box.width, noted + 1), 2.2)
    low = box.y + noted + 4
    _table(ink, panel, Box(box.x, low, box.width, y - 3 - low))


def _head(ink: Ink, panel: _Panel) -> None:
    """What it is of and about, and the share of all of it, to be seen from afar."""
    box, edition, words = panel.box, panel.edition, panel.edition.words
    language = words.language
    qr_block(ink, edition, box.right - QR - 5.6, box.top - QR - 6.5, edition.code("O1", panel.overview.place))
    room = box.width - QR - 9
    ink.fill_with(BLACK)
    y = box.top - 3.4
    ink.text(box.x, y, panel.product.notice.to(language).upper(), 2.6, bold=True, room=room, paint=(0.65, 0.1, 0.1))
    y -= 6.6
    for line in wrapped(edition.place_name, 5.4, room)[:2]:
        ink.text(box.x, y, line, 5.4, bold=True, room=room)
        y -= 5.8
    if edition.province:
        ink.text(box.x, y + 0.8, edition.province, 3.2, room=room)
        y -= 4.6
    ink.text(box.x, y + 0.6, panel.product.title.to(language), 3.6, room=room, paint=GREY)
    counts = panel.overview.counts
    percent = share(counts)
    done, must = counts.get("verified", 0), sum(unit.must for unit in panel.overview.units)
    said = "–" if percent is None else f"{decimal(percent)} %"
    wide = ink.text(box.x, box.top - 38.5, said, 11.0, bold=True)
    at = box.x + wide + 4
    ink.text(at, box.top - 34.2, words("o_done"), 2.8, bold=True, room=box.right - at)
    of = f"{thousands(done)} / {thousands(must)} {words('o_must').lower()}"
    ink.text(at, box.top - 38.5, of, 2.8, room=box.right - at)
    bar = Box(box.x, box.top - 43.4, box.width, 2.6)
    ink.fill_with(PALE)
    ink.box(bar, fill=True, stroke=False)
    ink.fill_with(color(panel.overview.palette.exact["verified"].color))
    ink.boxes([(bar.x, bar.y, bar.width * (percent or 0) / 100, bar.height)], fill=True, stroke=False)
    ink.draw_with(RULE, 0.15)
    ink.box(bar)


def _chart(ink: Ink, panel: _Panel, top: float) -> float:
    """Parcels by status: a chart, and the legend of parcels that are drawn."""
    box, words, overview = panel.box, panel.edition.words, panel.overview
    y = heading(ink, Box(box.x, top - 10, box.width, 10), words("o_statuses")) - 0.6
    return status_chart(ink, overview.palette, overview.counts, words, Box(box.x, box.y, box.width, y - box.y))


def _classes(ink: Ink, panel: _Panel, top: float) -> float:
    """The classes of the share; returns where it ends."""
    box, words, palette = panel.box, panel.edition.words, panel.overview.palette
    y = heading(ink, Box(box.x, top - 10, box.width, 10), words("o_share")) - 0.6
    shown: list[tuple[float | None, str]] = [
        (low, words("o_from", low=f"{low:g}", high=f"{high:g}")) for low, high in pairwise([*palette.progress, 100])
    ]
    for low, said in [*shown, (None, words("o_none"))]:
        y -= LINE
        sample = sample_box(box, y)
        shape = np.array([shapely.box(sample.x, sample.y, sample.right, sample.top)], dtype=object)
        fill_class(ink, low, palette, shape, sample)
        ink.draw_with(RULE, 0.15)
        ink.box(sample)
        sample_text(ink, box, y, said)
    return y


def _signs(overview: Overview) -> list[str]:
    """The other signs that are on the map."""
    signs = [] if overview.of_wards else ["border"]
    signs += ["ward_border"] if overview.borders else []
    signs += ["drawn_area"] if overview.area is not None else []
    return signs + (["other_parcel"] if len(overview.around) else [])


def _draw_signs(ink: Ink, panel: _Panel, top: float) -> float:
    box, words = panel.box, panel.edition.words
    signs = _signs(panel.overview)
    if not signs:
        return top + 2.5
    y = heading(ink, Box(box.x, top - 10, box.width, 10), words("o_signs")) - 0.6
    for sign in signs:
        y -= LINE
        sample = sample_box(box, y)
        line = [(sample.x + 0.3, sample.middle[1], sample.right, sample.middle[1])]
        if sign == "border":
            ink.draw_with(BLACK, border_width(panel.overview) / ink.larger)
            ink.lines(line)
        elif sign == "ward_border":
            ink.draw_with(WARD_BORDER, 0.6, WARD_DASH)
            ink.lines(line)
        elif sign == "drawn_area":
            ink.draw_with(AREA, 0.6, AREA_DASH)
            ink.lines(line)
        else:
            ink.fill_with(WHITE if panel.overview.near else MUTED)
            ink.draw_with((0.62, 0.62, 0.62), 0.15)
            ink.box(sample, fill=True)
        sample_text(ink, box, y, words(sign))
    return y


def _columns(edition: Edition, overview: Overview) -> list[Column]:
    words = edition.words
    named = overview.of_wards or any(unit.said != unit.code for unit in overview.units)
    return [
        Column(
            words("ward" if overview.of_wards else "o_group"),
            30 if named else 12,
            "left" if named else "middle",
            bold=True,
        ),
        Column(words("parcels_short"), 15, "right"),
        Column(words("o_must"), 15, "right"),
        Column(words("o_done_short"), 15, "right"),
        Column("%", 17 if named else 30),
    ]


def _cells(unit: Unit) -> list[Cell]:
    percent = "–" if unit.percent is None else decimal(unit.percent)
    return [unit.said, thousands(unit.parcels), thousands(unit.must), thousands(unit.done), percent]


def _total(edition: Edition, overview: Overview) -> list[Cell]:
    units, percent = overview.units, share(overview.counts)
    sums = [sum(getattr(unit, name) for unit in units) for name in ("parcels", "must", "done")]
    return [edition.words("total"), *map(thousands, sums), "–" if percent is None else decimal(percent)]


def _list(edition: Edition, overview: Overview) -> Table:
    """All units on pages of their own."""
    title = edition.words("o_figures_wards" if overview.of_wards else "o_figures")
    rows = [*map(_cells, overview.units), _total(edition, overview)]
    return Table("figures", title, _columns(edition, overview), rows, LIST_ROW, "F", LIST_BESIDE)


def _lowest(units: list[Unit], most: int) -> list[Unit]:
    """Those with the lowest shares, the lowest first; what is not to be verified is none of them."""
    behind = sorted((unit.percent, index) for index, unit in enumerate(units) if unit.percent is not None)
    return [units[index] for _, index in behind[: max(0, most)]]


def _table(ink: Ink, panel: _Panel, box: Box) -> None:
    """A row for each unit with a bar as long as its share, and their sum: one table, or two beside each other.

    Where all have pages of their own, those with the lowest shares stand here.
    """
    words, overview, units = panel.edition.words, panel.overview, panel.overview.units
    top = heading(ink, box, words("o_figures_wards" if overview.of_wards else "o_figures")) - 0.6
    columns = _columns(panel.edition, overview)
    if panel.edition.pages > 1:
        ink.text(box.x, top - 3, words("o_on_page"), 2.6)
        top -= 5
        units = _lowest(units, int((top - box.y) / ONE_TABLE) - 2)
    count = len(units) + 1
    room = top - box.y
    beside = 1 if room / (count + 1) >= ONE_TABLE else 2
    rows = -(-count // beside)
    high = max(ROW[0], min(ROW[1], room / (rows + 1)))
    wide = (box.width - 3 * (beside - 1)) / beside
    cells = [*map(_cells, units), _total(panel.edition, overview)]
    shares = [*(unit.percent for unit in units), share(overview.counts)]
    size = min(high * 0.56, 2.6) * (1 if beside == 1 else 0.85)
    for index, row in enumerate(cells):
        part, line = divmod(index, rows)
        x = box.x + part * (wide + 3)
        if line == 0:
            draw_header(ink, columns, Box(x, top - high, wide, high), size * 0.9)
        drawn = Box(x, top - (line + 2) * high, wide, high)
        last = widths(columns, wide)[-1]
        percent = shares[index]
        if percent is not None:
            ink.fill_with(paint_of(percent, overview.palette))
            bar = (drawn.right - last, drawn.y, last * percent / 100, high * BAR)
            ink.boxes([bar], fill=True, stroke=False)
        draw_row(ink, columns, row, drawn, size)
