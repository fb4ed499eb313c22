"""A map page: the map, and the panel beside or below it."""

from __future__ import annotations

from gisland.errors import GislandError
from gisland.printing.blocks import (
    heading,
    key_map,
    legend_block,
    notes_block,
    notes_height,
    qr_block,
    scale_block,
    signature_block,
    title_block,
    wrapped,
)
from gisland.printing.fonts import CAP_HEIGHT
from gisland.printing.ink import BLACK, Ink
from gisland.printing.layout import MapPage
from gisland.printing.mapsheet import Labelled, draw_map
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import thousands
from gisland.printing.paper import Box
from gisland.printing.scene import Scene, list_name, map_name

QR_WIDE, QR_HIGH = QR + 4.6, QR + 6.0
COLUMNS = 4.0


def draw_map_page(ink: Ink, scene: Scene, page: MapPage, labelled: Labelled) -> None:
    """A map page with all that belongs to it.

    Raises:
        GislandError: nothing of what it is of lies on it.
    """
    if not len(labelled.seen):
        raise GislandError(f"trang bản đồ {page.number} không có thửa · there is no parcel on map page {page.number}")
    paper = scene.paper
    total = len(scene.layout.pages)
    title = f"{scene.words('map')} {page.number}/{total} – 1:{thousands(page.place.scale)}"
    if page.inset:
        title += f" ({scene.words('inset')})"
    above = scene.words("map") if page.number == 1 else ""
    with ink.page(paper.width, paper.height, name=map_name(page), title=title, level=1, above=above):
        draw_map(ink, scene, page, labelled)
        draw_marks(ink, paper)
        said = f"{scene.words('map_page')} {page.number}/{total}"
        if paper.orientation == "landscape":
            _beside(ink, scene, page, said)
        else:
            _below(ink, scene, page, said)


def _rows(scene: Scene) -> int:
    """Lines of the legend."""
    return len(scene.counts) + 5


def _beside(ink: Ink, scene: Scene, page: MapPage, said: str) -> None:
    """The panel of a wide sheet: from the title at the top to the second code at the bottom, both codes in corners."""
    panel = scene.paper.panel
    roomy = panel.height > 250
    code, code_x = scene.code(f"M{page.number}", page.place), panel.right - MARK - 1 - QR_WIDE
    qr_block(ink, scene, code_x, panel.top - QR_HIGH, code)
    beside = code_x - panel.x - 1.5
    low = _page_number(ink, scene, page, Box(panel.x, panel.top - QR_HIGH, beside, QR_HIGH))
    qr_block(ink, scene, code_x, panel.y, code)
    top = panel.top - QR_HIGH - 2
    box = Box(panel.x, top - 26, panel.width, 26)
    title_block(ink, scene, box, said)
    top = box.y - (5 if roomy else 2.5)
    box = Box(panel.x, top - 16, panel.width, 16)
    scale_block(ink, scene.words, box, page.place.scale)
    # From below: the code, the signatures, notes, legend; what is left is the key map's.
    signs = Box(panel.x, panel.y + QR_HIGH + 2, panel.width, 24 if roomy else 16)
    signature_block(ink, scene, signs)
    side = Box(panel.x, panel.y, beside, QR_HIGH)
    size = 2.2 if roomy else 1.75
    row = 5.6 if roomy else min(4.2, 44 / _rows(scene))
    high = 5.4 + row * _rows(scene)
    room = box.y - 5 - high - signs.top - 2
    noted = Box(panel.x, signs.top + 2, panel.width, min(room, notes_height(scene, panel.width, size)))
    notes_block(ink, scene, noted, size)
    legend = Box(panel.x, noted.top + 1.5, panel.width, high)
    legend_block(ink, scene, legend, row)
    rest = Box(panel.x, legend.top + 3, panel.width, box.y - legend.top - 5)
    if rest.height > 18:
        y = heading(ink, rest, scene.words("index"))
        key_map(ink, scene, Box(rest.x, rest.y, rest.width, y - rest.y - 1), page)
        _list_link(ink, scene, page, side)
    else:
        # On a small sheet the key map stands beside the lower code, and what stands there goes up to the page number.
        key_map(ink, scene, side, page, numbers=1.9)
        _list_link(ink, scene, page, Box(panel.x, panel.top - QR_HIGH, beside, low - panel.top + QR_HIGH))


def _below(ink: Ink, scene: Scene, page: MapPage, said: str) -> None:
    """The panel of a high sheet: four columns."""
    panel = scene.paper.panel
    wide = (panel.width - 3 * COLUMNS) / 4
    columns = [Box(panel.x + index * (wide + COLUMNS), panel.y, wide, panel.height) for index in range(4)]
    code = scene.code(f"M{page.number}", page.place)
    first, second, third, last = columns
    title_block(ink, scene, Box(first.x, first.top - 26, wide, 26), said)
    scale_block(ink, scene.words, Box(first.x, first.top - 46, wide, 16), page.place.scale)
    qr_block(ink, scene, first.x + MARK + 1, panel.y, code)
    y = heading(ink, second, scene.words("index"))
    key_map(ink, scene, Box(second.x, second.y + 2, wide, y - second.y - 3), page)
    row = min(5.6, (panel.height - 8) / _rows(scene))
    legend_block(ink, scene, Box(third.x, third.y, wide, third.height), row)
    qr_block(ink, scene, last.right - MARK - 1 - QR_WIDE, panel.y, code)
    _list_link(ink, scene, page, Box(last.x, panel.y, wide - QR_WIDE - MARK - 2, QR_HIGH))
    signs = Box(last.x, panel.y + QR_HIGH + 2, wide, 20)
    signature_block(ink, scene, signs)
    notes_block(ink, scene, Box(last.x, signs.top + 2, wide, last.top - signs.top - 2), 1.9)


def _page_number(ink: Ink, scene: Scene, page: MapPage, box: Box) -> float:
    """The number of the page, to be seen from afar; returns where it ends below."""
    ink.fill_with(BLACK)
    size = 14.0 if box.width > 30 else 11.0
    low = box.top - 1 - size * CAP_HEIGHT
    ink.text(box.x, low, str(page.number), size, bold=True, room=box.width)
    if page.inset:
        low -= 3.4
        ink.text(box.x, low, scene.words("inset"), 2.4, room=box.width)
    return low - 1.5


def _list_link(ink: Ink, scene: Scene, page: MapPage, box: Box) -> None:
    """Where the checklist of the page is, and how many parcels are in it."""
    if page.number not in scene.first_list:
        return
    words = scene.words
    ink.fill_with(BLACK)
    count = words("parcel_count", count=len(page.home))
    lines = [(count, 3.4), *((line, 2.4) for line in wrapped(words("checklist"), 2.4, box.width))]
    lines.append((f"{words('page')} {scene.first_list[page.number]}/{scene.pages}", 2.4))
    y = box.top - 4
    for line, size in lines:
        ink.text(box.x, y, line, size, bold=size > 3, room=box.width)
        y -= 4.2
    ink.link(Box(box.x, y, box.width, box.top - y), list_name(page))
