"""The cover: what the atlas is of, the index of its pages, and how far the verification is."""

from __future__ import annotations

import numpy as np
import shapely

from gisland.printing.blocks import (
    HEADING,
    heading,
    key_map,
    notes_block,
    notes_height,
    qr_block,
    total_bounds,
    wrapped,
)
from gisland.printing.contents import Contents, columns_of, contents_of, row_of
from gisland.printing.hatches import draw_sample, draw_status
from gisland.printing.ink import BLACK, GREY, Ink, color
from gisland.printing.layout import MapPage
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import thousands
from gisland.printing.paper import Box
from gisland.printing.scene import Atlas, Scene, list_name, map_name
from gisland.printing.tables import Column, draw_header, draw_row

HEAD, ROW = 34.0, 5.2
RED = (0.7, 0.1, 0.1)
LOW_ROW, NARROW = 3.6, 37.0
"""Where there are many map pages: lowest rows of the table of contents, and how wide each table is at least, mm."""


def draw_cover(ink: Ink, scene: Atlas, lists: dict[int, str], contents: Contents) -> None:
    """The cover.

    Args:
        ink: where.
        scene: the atlas.
        lists: map page → the pages of its checklist, as text.
        contents: what stands on the pages behind it.
    """
    paper = scene.paper
    with ink.page(paper.width, paper.height, name="cover", title=scene.words("cover")):
        _draw_title(ink, scene)
        index, side = _boxes(scene)
        heading(ink, index, scene.words("index"))
        _draw_index(ink, scene, _index_box(index), contents)
        _draw_tables(ink, scene, side, lists, contents)
        draw_marks(ink, paper)


def behind_cover(scene: Atlas) -> Contents:
    """What the cover has no room for, and so stands on the pages behind it."""
    index, side = _boxes(scene)
    box = _contents_box(scene, side)
    room = int((box.height - HEADING - 1 - ROW) / LOW_ROW)
    return contents_of(scene, _index_box(index), max(1, int(box.width // NARROW)) * room)


def _boxes(scene: Atlas) -> tuple[Box, Box]:
    """The room for the index, and that for the tables."""
    paper, page = scene.paper, scene.paper.page
    body = Box(page.x, page.y + MARK + 3, page.width, page.height - HEAD - MARK - 5)
    if paper.orientation == "landscape":
        wide = 118.0 if paper.name == "A3" else 92.0
        index = Box(body.x, body.y, body.width - wide - 8, body.height)
        return index, Box(body.right - wide, body.y, wide, body.height)
    high = body.height * 0.56
    index = Box(body.x, body.top - high, body.width, high)
    return index, Box(body.x, body.y, body.width, body.height - high - 6)


def _index_box(index: Box) -> Box:
    return Box(index.x, index.y, index.width, index.height - HEADING - 1)


def _notes_size(scene: Atlas) -> float:
    return 2.4 if scene.paper.name == "A3" or scene.paper.orientation == "portrait" else 2.0


def _contents_box(scene: Atlas, box: Box) -> Box:
    """The room for the table of contents: below that of the statuses and above the notes, or on the right of both."""
    if scene.paper.orientation == "landscape":
        y = box.top - HEADING - 1 - ROW * (len(scene.counts) + 2)
        low = box.y + notes_height(scene, box.width, _notes_size(scene)) + 4
        return Box(box.x, low, box.width, y - low - 6)
    half = (box.width - 8) / 2
    return Box(box.right - half, box.y, half, box.height)


def _draw_title(ink: Ink, scene: Atlas) -> None:
    page, words, product = scene.paper.page, scene.words, scene.product
    qr_block(ink, scene, page.right - MARK - QR - 6, page.top - QR - 5.2, scene.code("C1"))
    x, room = page.x + MARK + 4, page.width - 2 * MARK - QR - 16
    ink.fill_with(BLACK)
    place = scene.place_name + (f", {scene.province}" if scene.province else "")
    ink.text(x, page.top - 4.2, f"{place.upper()} ({scene.ward_code})", 3.6, room=room)
    title = f"{product.title.to(words.language)} – {scene.subject}"
    ink.text(x, page.top - 14, title, 8.5, bold=True, room=room)
    ink.text(
        x, page.top - 20, product.notice.to(words.language).upper(), 3.4, bold=True, paint=(0.65, 0.1, 0.1), room=room
    )
    said = " · ".join(
        [
            words("parcel_count", count=len(scene.group.parcels)),
            *([words("off_map_count", count=len(scene.left_out))] if scene.left_out else []),
            f"{words('scale')} 1:{thousands(scene.layout.scale)}",
            words("data", version=scene.version, time=scene.time),
            words("printed_by", by=scene.by),
        ]
    )
    ink.text(x, page.top - 26, said, 2.8, room=room, paint=GREY)


def _draw_index(ink: Ink, scene: Atlas, box: Box, contents: Contents) -> None:
    """The parcels in the colours of their statuses, and the outlines of the pages, or those of the larger index."""
    west, south, east, north = total_bounds(scene)
    shrink = min(box.width / (east - west), box.height / (north - south))
    x0, y0 = box.middle[0] - (east + west) / 2 * shrink, box.middle[1] - (north + south) / 2 * shrink
    with ink.kept():
        ink.clip(box)
        shapes = shapely.transform(scene.group.shapes, lambda xy: xy * shrink + (x0, y0))
        statuses = np.array([parcel.status for parcel in scene.group.parcels])
        for status in scene.counts:
            draw_status(ink, scene.palette, status, shapes[statuses == status], box)
        ink.draw_with(color(scene.palette.stroke), 0.08)
        ink.polygons(shapes, stroke=True)
    if not contents.parts:
        key_map(ink, scene, box, None, numbers=6.0, ground=False)
        return
    for number, part in enumerate(contents.parts, start=1):
        corners = np.array(part).reshape(2, 2) * shrink + (x0, y0)
        (x, y), (wide, high) = corners[0].tolist(), (corners[1] - corners[0]).tolist()
        sheet = Box(x, y, wide, high)
        ink.draw_with(RED, 0.3)
        ink.box(sheet)
        size = min(7.0, high / 3)
        said = f"{number}"
        at = sheet.middle[1] - size * 0.36
        ink.text(sheet.middle[0], at, said, size, bold=True, align="middle", paint=RED, halo=((1.0, 1.0, 1.0), 0.8))
        ink.link(sheet, f"index{number}")


def _draw_tables(ink: Ink, scene: Atlas, box: Box, lists: dict[int, str], contents: Contents) -> None:
    """Parcels by status, pages, notes: below each other on a wide sheet, beside each other on a high one."""
    pages, size = _contents_box(scene, box), _notes_size(scene)
    if scene.paper.orientation == "landscape":
        _draw_statuses(ink, scene, box)
        y = _draw_pages(ink, scene, pages, lists, contents)
        notes_block(ink, scene, Box(box.x, box.y, box.width, y - box.y - 4), size)
        return
    half = (box.width - 8) / 2
    y = _draw_statuses(ink, scene, Box(box.x, box.y, half, box.height))
    notes_block(ink, scene, Box(box.x, box.y, half, y - box.y - 5), size)
    _draw_pages(ink, scene, pages, lists, contents)


def _draw_statuses(ink: Ink, scene: Scene, box: Box) -> float:
    words, language = scene.words, scene.words.language
    columns = [
        Column("", 12),
        Column(words("status"), 40),
        Column(words("parcels"), 16, "right"),
        Column("%", 12, "right"),
    ]
    y = heading(ink, box, words("status")) - ROW - 1
    draw_header(ink, columns, Box(box.x, y, box.width, ROW), 2.4)
    total = len(scene.group.parcels)
    for status, count in scene.counts.items():
        y -= ROW
        row = Box(box.x, y, box.width, ROW)
        share = f"{count / total * 100:.1f}".replace(".", ",")
        draw_row(ink, columns, ["", scene.palette.exact[status].label.to(language), str(count), share], row, 2.6)
        sample = Box(box.x + 1.2, y + 0.8, box.width * 12 / 80 - 2.4, ROW - 1.6)
        draw_sample(ink, scene.palette, status, sample)
    y -= ROW
    draw_row(ink, columns, ["", words("total"), str(total), "100,0"], Box(box.x, y, box.width, ROW), 2.6)
    return y


def _draw_pages(ink: Ink, scene: Atlas, box: Box, lists: dict[int, str], contents: Contents) -> float:
    """The table of contents; each line leads to its map page, its list to the checklist. Many pages: tables beside."""
    top = heading(ink, box, scene.words("pages")) - 1
    if contents.parts or contents.table:
        top = _draw_behind(ink, scene, Box(box.x, box.y, box.width, top - box.y), contents)
    if contents.table:
        return top
    pages = scene.layout.pages
    room = top - ROW - box.y
    beside = min(max(1, int(box.width // NARROW)), -(-len(pages) // max(1, int(room / LOW_ROW))))
    rows = -(-len(pages) // beside)
    high = min(ROW, room / rows)
    wide = (box.width - 3 * (beside - 1)) / beside
    for part in range(beside):
        table = Box(box.x + part * (wide + 3), top - ROW - rows * high, wide, ROW + rows * high)
        _draw_contents(ink, scene, table, pages[part * rows : (part + 1) * rows], high, lists)
    return top - ROW - rows * high


def _draw_behind(ink: Ink, scene: Atlas, box: Box, contents: Contents) -> float:
    """Where the larger index and the contents are; returns where the rest may begin."""
    words, sheets = scene.words, len(contents.parts)
    told = [(words("see_index", pages=_span(2, 1 + sheets)), "index1")] if sheets else []
    if contents.table:
        pages = _span(2 + sheets, 1 + contents.pages(scene))
        told.append((words("see_contents", count=len(scene.layout.pages), pages=pages), "contents"))
    y = box.top
    for said, link in told:
        for line in wrapped(said, 2.8, box.width):
            y -= 4.4
            ink.fill_with(BLACK)
            ink.text(box.x, y, line, 2.8, room=box.width)
            ink.link(Box(box.x, y - 1, box.width, 4.4), link)
    return y - 3


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _draw_contents(ink: Ink, scene: Scene, box: Box, pages: list[MapPage], high: float, lists: dict[int, str]) -> None:
    columns = columns_of(scene.words)
    y = box.top - ROW
    draw_header(ink, columns, Box(box.x, y, box.width, ROW), 2.4)
    for page in pages:
        y -= high
        draw_row(ink, columns, row_of(page, scene.words, lists), Box(box.x, y, box.width, high), min(2.6, high * 0.6))
        ink.link(Box(box.x, y, box.width * 58 / 80, high), map_name(page))
        if page.number in scene.first_list:
            ink.link(Box(box.x + box.width * 58 / 80, y, box.width * 22 / 80, high), list_name(page))
