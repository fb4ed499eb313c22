"""The blocks beside a map: title, key map, legend, scale, notes, signatures, codes. Each draws into a box."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress

import numpy as np
import shapely

from gisland.printing.code import PageCode
from gisland.printing.edition import Edition
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.hatches import draw_sample
from gisland.printing.ink import BLACK, GREY, RULE, WHITE, Ink
from gisland.printing.layout import MapPage
from gisland.printing.mapsheet import BORDER_DASH, SHEET, TINT
from gisland.printing.marks import QR, draw_qr, quiet_zone
from gisland.printing.model import Geometries, Rectangle, thousands
from gisland.printing.paper import Box
from gisland.printing.scene import Scene, map_name
from gisland.printing.words import Words

BODY = 2.5
"""Size of the text of blocks, mm."""
BAR_PARTS = 4
NOTE_LINE = 1.3
"""From line to line of the notes, in parts of their size."""
SMALLEST_NOTE = 1.2
"""Size of the notes where there is least room, mm."""
HEADING = 4.6
"""How high a heading is with its rule, mm."""
SMALLEST_NUMBER = 0.9
"""Size of the smallest numbers on a key map, mm: what is smaller nobody reads."""
NUMBER_PARTS = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3)
"""How small the numbers on a key map may become, in parts of their full size, until none touches another."""


def wrapped(text: str, size: float, room: float, first: float | None = None) -> list[str]:
    """A text in lines that are not longer than the room; that of the first one may be another.

    What is longer by itself, a word without end, is broken where the line ends.
    """
    lines: list[str] = []
    for word in (part for each in text.split() for part in _broken(each, size, room)):
        free = first if first is not None and len(lines) == 1 else room
        if lines and width(f"{lines[-1]} {word}", size) <= free:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _broken(word: str, size: float, room: float) -> Iterable[str]:
    """A word in parts that are not longer than the room."""
    while len(word) > 1 and width(word, size) > room:
        fits = next((end for end in range(len(word) - 1, 1, -1) if width(word[:end], size) <= room), 1)
        yield word[:fits]
        word = word[fits:]
    yield word


def heading(ink: Ink, box: Box, text: str) -> float:
    """The heading of a block with a rule under it; returns where the rest may begin."""
    ink.fill_with(BLACK)
    ink.text(box.x, box.top - 2.6, text, 2.7, bold=True, room=box.width)
    ink.draw_with(RULE, 0.15)
    ink.lines([(box.x, box.top - 3.9, box.right, box.top - 3.9)])
    return box.top - HEADING


def qr_block(ink: Ink, edition: Edition, x: float, y: float, code: PageCode) -> Box:
    """A QR code with its short form under it; `x`, `y` is its lower left corner with all that must stay free."""
    text = code.text(edition.key)
    quiet = quiet_zone(text)
    box = Box(x + quiet, y + quiet + 1.2, QR, QR)
    draw_qr(ink, box, text)
    ink.fill_with(BLACK)
    ink.text(box.middle[0], y + 0.6, code.short(edition.key), 2.1, align="middle")
    return Box(x, y, QR + 2 * quiet, QR + 2 * quiet + 1.2)


def title_block(ink: Ink, scene: Scene, box: Box, page: str) -> None:
    """What this is: notice, product, place, group, page."""
    product, language = scene.product, scene.words.language
    ink.fill_with(BLACK)
    y = box.top - 2.8
    ink.text(box.x, y, product.notice.to(language).upper(), 2.6, bold=True, room=box.width, paint=(0.65, 0.1, 0.1))
    y -= 5.4
    ink.text(box.x, y, scene.subject, 5.0, bold=True, room=box.width)
    y -= 4.6
    place = scene.place_name + (f", {scene.province}" if scene.province else "")
    ink.text(box.x, y, place, 3.2, room=box.width)
    y -= 4.2
    ink.text(box.x, y, product.title.to(language), BODY, room=box.width, paint=GREY)
    ink.text(box.x, box.y + 0.6, page, 3.6, bold=True, room=box.width)


def scale_block(ink: Ink, words: Words, box: Box, scale: int) -> None:
    """The scale in figures, what a centimetre is, a bar, and the north arrow."""
    arrow = 9.0
    ink.fill_with(BLACK)
    ink.text(box.x, box.top - 3.6, f"{words('scale')} 1:{thousands(scale)}", 4.2, bold=True, room=box.width - arrow)
    metres = scale / 100
    said = f"{metres:g}".replace(".", ",")
    ink.text(box.x, box.top - 7.2, words("scale_note", metres=said), 2.2, room=box.width - arrow)
    north_arrow(ink, words("north"), box.right - arrow / 2, box.top - 13.2, 12.0)
    scale_bar(ink, box.x, box.top - 12.6, scale, box.width - arrow - 8)


def scale_bar(ink: Ink, x: float, y: float, scale: int, room: float) -> None:
    """A bar of four parts, as long on paper as the scale says, however much larger all around it is drawn."""
    most = room * ink.larger * scale / 1000
    unit = 10 ** np.floor(np.log10(most / BAR_PARTS))
    part = max(each * unit for each in (1, 2, 2.5, 5) if each * unit * BAR_PARTS <= most)
    step = part * 1000 / scale / ink.larger
    ink.draw_with(BLACK, 0.15)
    ink.fill_with(BLACK)
    ink.boxes([(x + index * step, y, step, 1.3) for index in range(0, BAR_PARTS, 2)], fill=True)
    ink.boxes([(x + index * step, y, step, 1.3) for index in range(1, BAR_PARTS, 2)])
    for index in (0, BAR_PARTS // 2, BAR_PARTS):
        unit_name = " m" if index == BAR_PARTS else ""
        said = f"{part * index:g}".replace(".", ",")
        ink.text(x + index * step - width(said, 2.0) / 2, y - 2.4, said + unit_name, 2.0)


def north_arrow(ink: Ink, said: str, x: float, y: float, high: float) -> None:
    """An arrow of that height over a point, with a letter above it."""
    left = shapely.polygons([[(x, y + high - 3.4), (x - 2.2, y), (x, y + 2.2)]])
    right = shapely.polygons([[(x, y + high - 3.4), (x + 2.2, y), (x, y + 2.2)]])
    ink.draw_with(BLACK, 0.15)
    ink.fill_with(BLACK)
    ink.polygons(np.asarray(left), fill=True, stroke=True)
    ink.fill_with(WHITE)
    ink.polygons(np.asarray(right), fill=True, stroke=True)
    ink.fill_with(BLACK)
    ink.text(x, y + high - 2.4, said, 3.0, bold=True, align="middle")


def key_map(
    ink: Ink,
    scene: Scene,
    box: Box,
    lit: MapPage | None,
    *,
    numbers: float = 2.2,
    ground: bool = True,
    extent: Rectangle | None = None,
) -> None:
    """The group and the outlines of its pages; one of them is lit. Each leads to its page.

    Where the numbers of the pages would lie on one another, only that of the lit one is written.

    Args:
        ink: where.
        scene: the atlas.
        box: the room there is.
        lit: the page of this one.
        numbers: size of the numbers of the pages, mm.
        ground: whether the group is drawn, too.
        extent: west, south, east and north of what is shown on the ground; None: all.
    """
    frames = scene.layout.frames
    west, south, east, north = extent or total_bounds(scene)
    shrink = min(box.width / (east - west), box.height / (north - south))
    x0 = box.middle[0] - (east + west) / 2 * shrink
    y0 = box.middle[1] - (north + south) / 2 * shrink

    def moved(shapes: object) -> Geometries:
        return np.asarray(shapely.transform(shapes, lambda xy: xy * shrink + (x0, y0)))

    ink.draw_with((0.35, 0.35, 0.35), 0.15)
    ink.fill_with((0.88, 0.88, 0.86))
    if ground:
        ink.polygons(moved(shapely.simplify(scene.outline, 0.1 / shrink)), fill=True, stroke=True)
    if extent is not None:
        shapes = scene.group.shapes
        ink.draw_with((0.68, 0.68, 0.66), 0.06)
        ink.polygons(moved(shapes[shapely.intersects(shapes, shapely.box(*extent))]), stroke=True)
    if lit is not None:
        ink.fill_with((1.0, 0.86, 0.35))
        ink.polygons(moved(shapely.intersection(scene.outline, frames[lit.number - 1])), fill=True)
    drawn = [page for page in scene.layout.pages if extent is None or within(page, extent)]
    rectangles = moved(frames[np.array([page.number - 1 for page in drawn], dtype=int)])
    sizes = [numbers * part for part in NUMBER_PARTS if numbers * part >= SMALLEST_NUMBER]
    size = next((each for each in sizes if apart(drawn, rectangles, each)), 0.0)
    for page, shape in zip(drawn, rectangles, strict=True):
        now = lit is not None and page.number == lit.number
        thick = 0.5 if now else 0.2 if size else 0.06
        ink.draw_with((0.7, 0.1, 0.1) if now else BLACK, thick, (1.5, 1.0) if page.inset else ())
        ink.polygons(np.array([shape], dtype=object), stroke=True)
    told = [bool(size) or (lit is not None and page.number == lit.number) for page in drawn]
    _write_numbers(ink, list(compress(drawn, told)), rectangles[told], size or numbers, lit)


def _write_numbers(ink: Ink, pages: list[MapPage], rectangles: Geometries, size: float, lit: MapPage | None) -> None:
    """The numbers of pages on a key map, each leading to its page."""
    # On the ground of the cover, whose hatches are dark, a number is read only with light around it.
    halo = None if lit is not None and len(pages) > 1 else ((1.0, 1.0, 1.0), 0.12 * size)
    for page, (x, y) in zip(pages, _numbers_at(pages, rectangles, size), strict=True):
        now = lit is not None and page.number == lit.number
        paint = (0.7, 0.1, 0.1) if now else BLACK
        ink.text(x, y, str(page.number), size, bold=True, align="middle", paint=paint, halo=halo)
        ink.link(Box(x - size, y - size * 0.3, 2 * size, size * 1.4), map_name(page))


def total_bounds(scene: Scene) -> Rectangle:
    """West, south, east and north of all pages and parcels, metres."""
    west, south, east, north = shapely.total_bounds(np.concatenate([scene.layout.frames, scene.outline])).tolist()
    return west, south, east, north


def within(page: MapPage, extent: Rectangle) -> bool:
    """Whether the middle of a page lies in a part of the ground: it is shown with that part."""
    (x, y), (west, south, east, north) = page.place.middle, extent
    return west <= x <= east and south <= y <= north


def _numbers_at(pages: list[MapPage], rectangles: Geometries, size: float) -> list[tuple[float, float]]:
    """Where the numbers of pages stand on a key map: the middle of their base lines."""
    found = []
    for page, shape in zip(pages, rectangles, strict=True):
        x1, y1, x2, y2 = shapely.bounds(shape).tolist()
        # The number of an inset stands in its corner: its middle is full of other pages.
        found.append((x1 + size, y2 - 1.4 * size) if page.inset else ((x1 + x2) / 2, (y1 + y2) / 2 - size * 0.36))
    return found


def apart(pages: list[MapPage], rectangles: Geometries, size: float) -> bool:
    """Whether the numbers of pages do not touch at a size."""
    if not pages:
        return True
    at = np.array(_numbers_at(pages, rectangles, size))
    half = np.array([width(str(page.number), size, BOLD) / 2 for page in pages])
    found = np.asarray(shapely.box(at[:, 0] - half, at[:, 1] - 0.1 * size, at[:, 0] + half, at[:, 1] + 0.75 * size))
    one, two = shapely.STRtree(found).query(found, predicate="intersects")
    return bool((one == two).all())


def legend_block(ink: Ink, scene: Scene, box: Box, row: float) -> None:
    """The statuses that there are, with colour and hatch, and the other signs."""
    words, language = scene.words, scene.words.language
    y = heading(ink, box, words("legend")) - 0.8
    size = min(BODY, row * 0.56)

    def line(text: str) -> Box:
        nonlocal y
        y -= row
        ink.fill_with(BLACK)
        ink.text(box.x + 11, y + row / 2 - size * CAP_HEIGHT / 2, text, size, room=box.width - 11)
        return Box(box.x, y + row * 0.12, 9, row * 0.76)

    for status in scene.counts:
        draw_sample(ink, scene.palette, status, line(scene.palette.exact[status].label.to(language)))
    sample = line(words("border"))
    ink.draw_with(BLACK, 0.7, BORDER_DASH)
    ink.lines([(sample.x + 0.4, sample.middle[1], sample.right, sample.middle[1])])
    sample = line(words("of_sheet"))
    ink.draw_with(SHEET, 0.3)
    ink.box(sample)
    ink.text(
        sample.middle[0], sample.middle[1] - 0.8, f"{words('sheet')} 54", 2.2, bold=True, align="middle", paint=SHEET
    )
    sample = line(words("neighbour"))
    ink.draw_with((0.62, 0.62, 0.62), 0.12)
    ink.box(sample)
    sample = line(words("overlap"))
    ink.fill_with(TINT)
    ink.draw_with((0.25, 0.45, 0.65), 0.2, (1.2, 1.6))
    ink.box(sample, fill=True)
    y -= row
    ink.fill_with(BLACK)
    ink.text(box.x, y + row / 2 - 0.8, "ODT", 2.0)
    ink.text(box.x + 6.6, y + row / 2 + 0.5, "18", 1.9, bold=True, align="middle")
    ink.text(box.x + 6.6, y + row / 2 - 2.1, "421,1", 1.9, align="middle")
    ink.draw_with(BLACK, 0.12)
    ink.lines([(box.x + 4.4, y + row / 2, box.x + 8.8, y + row / 2)])
    ink.text(box.x + 11, y + row / 2 - size * CAP_HEIGHT / 2, words("label"), size, room=box.width - 11)


def notes(scene: Edition) -> Iterable[str]:
    """What is told on each page about data, plane and use."""
    words = scene.words
    if scene.confidential:
        yield words("confidential")
    yield scene.plane
    yield words("data", version=scene.version, time=scene.time)
    yield words("printed_by", by=scene.by)
    yield from (note.to(words.language) for note in scene.product.notes)


def notes_height(scene: Edition, wide: float, size: float) -> float:
    """How high the block of the notes is."""
    return size * NOTE_LINE * sum(len(wrapped(note, size, wide - 2.2)) for note in notes(scene))


def notes_block(ink: Ink, scene: Edition, box: Box, size: float = 2.1) -> None:
    """The notes, smaller where there is little room; what finds none in the smallest size is told, as if cut off."""
    lines = notes_height(scene, box.width, size) - size * NOTE_LINE
    while size > SMALLEST_NOTE and lines > box.height:
        size = max(SMALLEST_NOTE, size * 0.96)
        lines = notes_height(scene, box.width, size) - size * NOTE_LINE
    y = box.top - size
    ink.fill_with((0.2, 0.2, 0.2))
    for note in notes(scene):
        for index, line in enumerate(wrapped(note, size, box.width - 2.2)):
            if y < box.y - size - 0.01:
                ink.lose()
                return
            if index == 0:
                ink.text(box.x, y, "•", size)
            ink.text(box.x + 2.2, y, line, size)
            y -= size * NOTE_LINE


def signature_block(ink: Ink, scene: Edition, box: Box) -> None:
    """Room to sign, beside each other."""
    signatures = scene.product.signatures
    if not signatures:
        return
    wide = box.width / len(signatures)
    ink.draw_with(RULE, 0.15)
    for index, signature in enumerate(signatures):
        part = Box(box.x + index * wide, box.y, wide, box.height)
        ink.box(part)
        ink.fill_with(BLACK)
        ink.text(
            part.middle[0],
            part.top - 3.2,
            signature.to(scene.words.language),
            2.4,
            bold=True,
            align="middle",
            room=wide - 1.5,
        )
        ink.text(part.middle[0], part.top - 6.0, scene.words("signed"), 1.9, align="middle", room=wide - 1.5)
        ink.text(part.middle[0], part.y + 1.2, scene.words("date"), 1.9, align="middle", room=wide - 1.5)
