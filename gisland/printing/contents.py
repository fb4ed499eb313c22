"""Sheets of the index and a table of contents, for an atlas of more map pages than its cover can tell apart.

A sheet of the index is a part of the cover's index, so much larger that the numbers of its pages do not touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.blocks import apart, key_map, qr_block, total_bounds, within
from gisland.printing.ink import BLACK, GREY, Ink
from gisland.printing.layout import MapPage
from gisland.printing.lists import SMALL_ROW, Table, draw_table
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import Geometries, Rectangle, thousands
from gisland.printing.paper import Box
from gisland.printing.scene import Atlas, map_name
from gisland.printing.tables import Cell, Column
from gisland.printing.words import Words

LEGIBLE = 1.8
"""Size of the smallest numbers of pages on an index, mm."""
MOST_ACROSS = 8
"""So many sheets of the index lie beside each other, at most."""
EDGE = 6.0
"""From the side of a sheet of the index to the middles of its pages, mm."""
WIDE = 85.0
"""How wide a table of contents is at least, mm, where there are more than two."""


@dataclass(frozen=True)
class Contents:
    """What comes behind the cover: parts of the index (on the ground), and whether a table."""

    parts: tuple[Rectangle, ...]
    table: bool

    def pages(self, scene: Atlas) -> int:
        """How many pages that takes."""
        return len(self.parts) + (contents_table(scene, {}).pages(scene) if self.table else 0)


def contents_of(scene: Atlas, index: Box, rows: int) -> Contents:
    """What the cover has no room for.

    Args:
        scene: the atlas.
        index: the room for the index on the cover.
        rows: how many map pages its table of contents may have.
    """
    pages = scene.layout.pages
    crowded = not apart(pages, moved(scene, index, total_bounds(scene)), LEGIBLE)
    return Contents(_parts(scene) if crowded else (), len(pages) > rows)


def moved(scene: Atlas, box: Box, extent: Rectangle) -> Geometries:
    """The frames of the pages as they lie in a box that shows a part of the ground."""
    west, south, east, north = extent
    shrink = min(box.width / (east - west), box.height / (north - south))
    shift = box.middle[0] - (east + west) / 2 * shrink, box.middle[1] - (north + south) / 2 * shrink
    return np.asarray(shapely.transform(scene.layout.frames, lambda xy: xy * shrink + shift))


def _parts(scene: Atlas) -> tuple[Rectangle, ...]:
    """The fewest parts of the ground in which the numbers do not touch, without those that no page lies in."""
    box = _within_edge(sheet_box(scene))
    parts: dict[Rectangle, list[MapPage]] = {}
    for across in range(2, MOST_ACROSS + 1):
        parts = _divided(scene, across)
        drawn = ((shown, moved(scene, box, part)) for part, shown in parts.items())
        if all(apart(shown, frames[[page.number - 1 for page in shown]], LEGIBLE) for shown, frames in drawn):
            break
    return tuple(parts)


def _divided(scene: Atlas, across: int) -> dict[Rectangle, list[MapPage]]:
    """The ground in so many parts each way, from the north-west, with their pages; none without pages."""
    west, south, east, north = total_bounds(scene)
    wide, high = (east - west) / across, (north - south) / across
    corners = ((west + x * wide, south + y * high) for y in reversed(range(across)) for x in range(across))
    parts = [(x, y, x + wide, y + high) for x, y in corners]
    shown = {part: [page for page in scene.layout.pages if within(page, part)] for part in parts}
    return {part: pages for part, pages in shown.items() if pages}


def sheet_box(scene: Atlas) -> Box:
    """Where the map of a sheet of the index lies."""
    page = scene.paper.page
    return Box(page.x, page.y + MARK + 4, page.width, page.height - MARK - QR - 14)


def _within_edge(box: Box) -> Box:
    """… so far from its sides that no number is cut."""
    return Box(box.x + EDGE, box.y + EDGE, box.width - 2 * EDGE, box.height - 2 * EDGE)


def contents_table(scene: Atlas, lists: dict[int, str]) -> Table:
    """The table of contents; `lists` says the pages of the checklist of each map page."""
    rows = [row_of(page, scene.words, lists) for page in scene.layout.pages]
    links = tuple(map(map_name, scene.layout.pages))
    beside = max(2, int(scene.paper.page.width // WIDE))
    return Table(
        "contents", scene.words("contents"), columns_of(scene.words), rows, SMALL_ROW, "N", beside, links=links
    )


def columns_of(words: Words) -> list[Column]:
    """The columns of a table of contents."""
    return [
        Column(words("map_page"), 18, "middle", bold=True),
        Column(words("scale"), 24),
        Column(words("parcels"), 16, "right"),
        Column(words("list_pages"), 22, "middle"),
    ]


def row_of(page: MapPage, words: Words, lists: dict[int, str]) -> list[Cell]:
    """The line of a map page in it."""
    scale = f"1:{thousands(page.place.scale)}" + (f" ({words('inset')})" if page.inset else "")
    return [str(page.number), scale, str(len(page.home)), lists.get(page.number, "–")]


def draw_contents(ink: Ink, scene: Atlas, contents: Contents, lists: dict[int, str]) -> None:
    """The sheets of the index, then the table of contents."""
    paper, words = scene.paper, scene.words
    count = len(contents.parts)
    for number, part in enumerate(contents.parts, start=1):
        title = f"{words('index')} ({number}/{count})"
        with ink.page(paper.width, paper.height, name=f"index{number}", title=title, level=1 if number > 1 else 0):
            page = paper.page
            qr_block(ink, scene, page.right - MARK - QR - 6, page.top - QR - 5.2, scene.code(f"C{number + 1}"))
            room = page.width - 2 * MARK - QR - 14
            ink.fill_with(BLACK)
            ink.text(page.x + MARK + 3, page.top - 5.5, title, 5.2, bold=True, room=room)
            ink.text(page.x + MARK + 3, page.top - 11, f"{scene.subject}, {scene.place_name}", 3.4, room=room)
            said = words("data", version=scene.version, time=scene.time)
            ink.text(page.x + MARK + 3, page.top - 15.5, said, 2.3, room=room, paint=GREY)
            box = sheet_box(scene)
            with ink.kept():
                ink.clip(box)
                key_map(ink, scene, _within_edge(box), None, numbers=4.0, extent=part)
            foot = f"{words('page')} {ink.pages + 1}/{scene.pages}"
            ink.text(page.right - MARK - 3, page.y + 2, foot, 2.8, bold=True, align="right")
            draw_marks(ink, paper)
    if contents.table:
        draw_table(ink, scene, contents_table(scene, lists), 1)
