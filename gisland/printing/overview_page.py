"""The page of an overview: the map of the groups, the classes of their shares, a table with a bar for each group."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from gisland.palette import Palette
from gisland.printing.blocks import heading, notes_block, notes_height, qr_block, scale_block
from gisland.printing.edition import Edition
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.hatches import draw_status
from gisland.printing.ink import BLACK, GREY, RULE, WHITE, Color, Ink, color
from gisland.printing.labels import boxes
from gisland.printing.mapsheet import OUTLINE, draw_crosses, draw_frame
from gisland.printing.marks import QR
from gisland.printing.model import Geometries, Group, joined
from gisland.printing.paper import BESIDE, MARGIN, Box, Paper
from gisland.printing.placement import Place
from gisland.printing.product import OverviewProduct
from gisland.printing.scene import points_to_paper, to_paper
from gisland.printing.tables import Column, draw_header, draw_row

APART = ("organisation", "no_holder")
"""Statuses that are not to be verified are no part of the share."""
LARGER = {"A3": 1.0, "A2": 1.2, "A1": 1.5, "A0": 2.0}
"""How much larger the labels of groups are: large sheets are read from further away."""
PANEL = 92.0
ROW = (2.4, 4.6)
"""Lowest and highest row of the table, mm."""


@dataclass(frozen=True)
class OverviewPaper(Paper):
    """A large sheet with a panel at the right, whichever way round it is."""

    @property
    def panel(self) -> Box:
        """Title, classes and table."""
        page = self.page
        return Box(page.right - PANEL, page.y, PANEL, page.height)

    @property
    def frame(self) -> Box:
        """The map frame."""
        page = self.page
        wide = page.width - PANEL - 2 * BESIDE - 2
        return Box(MARGIN + BESIDE, page.y + BESIDE, wide, page.height - 2 * BESIDE)


@dataclass(frozen=True)
class Share:
    """How far a group is: its parcels, those that must be verified, and those that are."""

    code: str
    parcels: int
    must: int
    done: int
    outline: Geometries
    """An array of one (multi)polygon."""

    @classmethod
    def of(cls, group: Group) -> Share:
        """The share of a group, by parcels: the status of each is the worst of its holders."""
        statuses = [parcel.status for parcel in group.parcels]
        must = sum(status not in APART for status in statuses)
        outline = np.array([joined(group.shapes)], dtype=object)
        return cls(group.code, len(statuses), must, statuses.count("verified"), outline)

    @property
    def percent(self) -> float | None:
        """Of those that must be verified; None where there is none."""
        return self.done / self.must * 100 if self.must else None


@dataclass(frozen=True)
class Overview:
    """What is drawn."""

    place: Place
    shares: list[Share]
    groups: list[Group]
    palette: Palette


def paint_of(share: float | None, product: OverviewProduct, palette: Palette) -> Color:
    """The colour of a class: the green of what is verified, the deeper the further; white: nothing is to be done."""
    if share is None:
        return WHITE
    deep = color(palette.exact["verified"].color)
    step = sum(share >= each for each in product.classes)
    part = 0.12 + 0.88 * (step - 1) / (len(product.classes) - 1)
    red, green, blue = (1 - part * (1 - each) for each in deep)
    return red, green, blue


def draw_overview(edition: Edition, product: OverviewProduct, overview: Overview) -> bytes:
    """Draw the page."""
    title = f"{product.title.to(edition.words.language)} – {edition.place_name}"
    ink = Ink(title, edition.place_name, edition.by)
    paper = edition.paper
    with ink.page(paper.width, paper.height, name="overview", title=title):
        _map(ink, edition, product, overview)
        _panel(ink, edition, product, overview)
    return ink.save()


def _map(ink: Ink, edition: Edition, product: OverviewProduct, overview: Overview) -> None:
    frame, place, palette = edition.paper.frame, overview.place, overview.palette
    near = place.scale <= product.parcels_to
    with ink.kept():
        ink.clip(frame)
        for share, group in zip(overview.shares, overview.groups, strict=True):
            outline = to_paper(share.outline, place, frame)
            ink.fill_with(paint_of(share.percent, product, palette))
            ink.polygons(outline, fill=not near)
            if near:
                shapes = to_paper(group.shapes, place, frame)
                statuses = np.array([parcel.status for parcel in group.parcels])
                for status in palette.exact:
                    if (statuses == status).any():
                        draw_status(ink, palette, status, shapes[statuses == status], frame)
                ink.draw_with(color(palette.stroke), OUTLINE)
                ink.polygons(shapes, stroke=True)
            ink.draw_with(BLACK, 0.45)
            ink.polygons(outline, stroke=True)
        draw_crosses(ink, place, frame)
        _labels(ink, overview, place, frame, LARGER[edition.paper.name])
    draw_frame(ink, place, frame)


def _labels(ink: Ink, overview: Overview, place: Place, frame: Box, larger: float) -> None:
    """Code and share of each group, the largest groups first; what finds no room stands in the table."""
    taken: list[shapely.Polygon] = []
    for share in sorted(overview.shares, key=lambda each: -float(shapely.area(each.outline[0]))):
        point = shapely.get_coordinates(shapely.point_on_surface(share.outline))
        ((x, y),) = points_to_paper(point, place, frame).tolist()
        said = "–" if share.percent is None else f"{share.percent:.0f} %"
        wide = (max(width(share.code, 4.0, BOLD), width(said, 3.0)) + 1.4) * larger
        one = np.array([wide]), np.array([8.4 * larger])
        room = boxes(np.array([x]), np.array([y]), *one, np.array([0.0]))[0]
        if any(room.intersects(each) for each in taken):
            continue
        taken.append(room)
        ink.fill_with(WHITE)
        ink.boxes([(x - wide / 2, y - 4.2 * larger, wide, 8.4 * larger)], fill=True, stroke=False)
        ink.text(x, y + 0.5 * larger, share.code, 4.0 * larger, bold=True, align="middle", paint=BLACK)
        ink.text(x, y - 3.2 * larger, said, 3.0 * larger, align="middle", paint=BLACK)


def _panel(ink: Ink, edition: Edition, product: OverviewProduct, overview: Overview) -> None:
    panel, words, language = edition.paper.panel, edition.words, edition.words.language
    qr_block(ink, edition, panel.right - QR - 5, panel.top - QR - 7, edition.code("O1"))
    room = panel.width - QR - 8
    ink.fill_with(BLACK)
    ink.text(panel.x, panel.top - 5, edition.place_name, 5.4, bold=True, room=room)
    ink.text(panel.x, panel.top - 10.4, edition.province, 3.2, room=room)
    ink.text(panel.x, panel.top - 17, product.title.to(language), 4.2, bold=True, room=room)
    ink.text(panel.x, panel.top - 21.6, product.notice.to(language), 2.6, room=room, paint=GREY)
    total = [sum(getattr(share, name) for share in overview.shares) for name in ("parcels", "must", "done")]
    percent = total[2] / total[1] * 100 if total[1] else 0.0
    ink.text(panel.x, panel.top - 36, f"{percent:.1f} %".replace(".", ","), 9.0, bold=True)
    ink.text(panel.x, panel.top - 40.6, f"{words('o_done')}: {total[2]} / {total[1]}", 2.8, room=panel.width)
    scale_block(ink, words, Box(panel.x, panel.top - 61, panel.width, 16), overview.place.scale)
    top = _classes(ink, edition, product, overview, Box(panel.x, panel.y, panel.width, panel.height - 65))
    noted = notes_height(edition, panel.width, 2.2)
    notes_block(ink, edition, Box(panel.x, panel.y, panel.width, noted + 1), 2.2)
    _table(ink, edition, product, overview, Box(panel.x, panel.y + noted + 4, panel.width, top - panel.y - noted - 8))


def _classes(ink: Ink, edition: Edition, product: OverviewProduct, overview: Overview, box: Box) -> float:
    """The legend: the classes, or the statuses of parcels where those are drawn; returns where it ends."""
    words, palette = edition.words, overview.palette
    near = overview.place.scale <= product.parcels_to
    y = heading(ink, box, words("status" if near else "o_share")) - 1
    if near:
        for status, look in palette.exact.items():
            y -= 4.6
            sample = Box(box.x, y, 9, 3.6)
            shape = np.array([shapely.box(sample.x, sample.y, sample.right, sample.top)], dtype=object)
            draw_status(ink, palette, status, shape, sample)
            _sample(ink, sample, look.label.to(words.language))
        return y
    limits = [*product.classes, 100]
    shown: list[tuple[float | None, str]] = [
        (low, words("o_from", low=f"{low:g}", high=f"{high:g}")) for low, high in pairwise(limits)
    ]
    for low, said in [*shown, (None, words("o_none"))]:
        y -= 4.6
        sample = Box(box.x, y, 9, 3.6)
        ink.fill_with(paint_of(low, product, palette))
        ink.box(sample, fill=True, stroke=False)
        _sample(ink, sample, said)
    return y


def _sample(ink: Ink, sample: Box, said: str) -> None:
    ink.draw_with(RULE, 0.15)
    ink.box(sample)
    ink.fill_with(BLACK)
    ink.text(sample.right + 2, sample.middle[1] - 2.5 * CAP_HEIGHT / 2, said, 2.5)


def _table(ink: Ink, edition: Edition, product: OverviewProduct, overview: Overview, box: Box) -> None:
    """A row for each group, with a bar as long as its share; as many as there is room for."""
    words = edition.words
    y = heading(ink, box, words("o_figures")) - 0.6
    columns = [
        Column(words("o_group"), 14, "middle", bold=True),
        Column(words("parcels"), 17, "right"),
        Column(words("o_must"), 16, "right"),
        Column(words("o_done"), 17, "right"),
        Column("%", 28),
    ]
    high = max(ROW[0], min(ROW[1], (y - box.y) / (len(overview.shares) + 1)))
    y -= high
    draw_header(ink, columns, Box(box.x, y, box.width, high), high * 0.5)
    for share in overview.shares:
        if y - high < box.y - 0.01:
            return
        y -= high
        row = Box(box.x, y, box.width, high)
        if share.percent is not None:
            wide = box.width * 28 / 92
            ink.fill_with(paint_of(share.percent, product, overview.palette))
            ink.boxes([(row.right - wide, y, wide * share.percent / 100, high)], fill=True, stroke=False)
        said = "" if share.percent is None else f"{share.percent:.1f}".replace(".", ",")
        draw_row(
            ink, columns, [share.code, str(share.parcels), str(share.must), str(share.done), said], row, high * 0.55
        )
