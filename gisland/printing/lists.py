"""The pages of lists: the checklist of each map page, the notes on small parcels, and the proof sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

from gisland.catalogue import Text
from gisland.printing.blocks import qr_block, wrapped
from gisland.printing.edition import Edition
from gisland.printing.ink import BLACK, GREY, RULE, Ink
from gisland.printing.labels import Form, Stored
from gisland.printing.layout import MapPage
from gisland.printing.mapsheet import Labelled
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import Parcel, decimal
from gisland.printing.paper import Box
from gisland.printing.scene import Atlas, Scene, list_name, map_name
from gisland.printing.tables import Cell, Column, at_most_lines, draw_header, draw_row, rows_needed

ROW, HEADER, HEAD, FOOT, GAP = 7.0, 6.0, 26.0, 12.0, 6.0
SMALL_ROW = 4.6
A_ROW = 12
"""Holders in one row at most."""
NOTE, NOTE_LINES = 2.3, 3
"""Of the note below the title: size of its text, mm, and as many lines as there is room for."""
TWO_WIDE = 380.0
"""A sheet as wide as this has two tables beside each other."""


Row = tuple[list[Cell], int]
"""Its cells, and how many lines of the table it is high."""


@dataclass(frozen=True)
class Table:
    """A list that may go on over several pages."""

    name: str
    """Where links to its first page lead."""
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    row: float
    letter: str
    beside: int
    """Tables beside each other on a page."""
    page: MapPage | None = None
    note: str = ""
    foot: tuple[str, ...] = ()
    """Lines below each page; the notice of the product where there is none."""
    confidential: bool = False
    links: tuple[str, ...] = ()
    """Where its rows lead, one each; none: nowhere."""
    _known: dict[object, list[list[list[Row]]]] = field(default_factory=dict, init=False, compare=False, repr=False)
    """How its rows are spread, by paper."""

    def per_page(self, scene: Edition) -> int:
        """Rows on one page, where each is one line high."""
        return self.beside * self.high(scene)

    def high(self, scene: Edition) -> int:
        """Lines below each other."""
        return int((scene.paper.page.height - HEAD - HEADER - FOOT) / self.row)

    def pages(self, scene: Edition) -> int:
        """How many pages it takes."""
        return len(self.spread(scene))

    def parts(self, scene: Edition) -> list[list[list[Cell]]]:
        """The rows of each page: about as many on one as on the other, that none holds a single row."""
        return [[row for table in page for row, _ in table] for page in self.spread(scene)]

    def wide(self, scene: Edition) -> float:
        """How wide each of the tables beside each other is, mm."""
        return (scene.paper.page.width - GAP * (self.beside - 1)) / self.beside

    @property
    def size(self) -> float:
        """Of its text, mm."""
        return 2.6 if self.row > SMALL_ROW else 2.2

    def spread(self, scene: Edition) -> list[list[list[Row]]]:
        """The rows, each with how many lines of the table it is high: page by page, table by table on each."""
        key = scene.paper.sign, scene.paper.page
        if key not in self._known:
            wide, high = self.wide(scene), self.high(scene)
            tall = [min(rows_needed(self.columns, row, wide, self.row, self.size), high) for row in self.rows]
            self._known[key] = _spread(list(zip(self.rows, tall, strict=True)), self.beside, high)
        return self._known[key]


def _spread(rows: list[Row], beside: int, high: int) -> list[list[list[Row]]]:
    if all(tall == 1 for _, tall in rows):
        pages = _even(rows, max(1, -(-len(rows) // (beside * high))))
        return [_even(page, -(-len(page) // high)) if page else [] for page in pages]
    count = -(-len(_piled(rows, high)) // beside)
    total, tallest = sum(tall for _, tall in rows), max(tall for _, tall in rows)
    # The lowest tables that need no more pages: then they are about as high on one page as on the other.
    least = max(tallest, -(-total // (count * beside)))
    limit = next(each for each in range(least, high + 1) if -(-len(_piled(rows, each)) // beside) <= count)
    piles = _piled(rows, limit)
    return [piles[start : start + beside] for start in range(0, len(piles), beside)]


def _piled(rows: list[Row], high: int) -> list[list[Row]]:
    """Rows in tables that are not higher than so many lines."""
    piles: list[list[Row]] = []
    used = high
    for row in rows:
        if used + row[1] > high:
            piles.append([])
            used = 0
        piles[-1].append(row)
        used += row[1]
    return piles


Item = TypeVar("Item")


def _even(rows: list[Item], count: int) -> list[list[Item]]:
    """Rows in so many parts one after the other; the first ones have one more where it does not come out even."""
    size, more = divmod(len(rows), count)
    ends = [size * index + min(index, more) for index in range(count + 1)]
    return [rows[begin:end] for begin, end in pairwise(ends)]


def checklist(scene: Atlas, page: MapPage) -> Table:
    """The checklist of a map page: what to ask for in each parcel. No national id stands in it."""
    parcels = [scene.group.parcels[index] for index in page.home]
    return _checklist(scene, list_name(page), f"{scene.words('checklist_of')} {page.number}", parcels, page)


def off_map(scene: Atlas) -> Table | None:
    """The checklist of the parcels that are on no map: they are to be asked for, too."""
    if not scene.left_out:
        return None
    return _checklist(scene, "off-map", scene.words("off_map"), scene.left_out, None)


def _checklist(scene: Atlas, name: str, title: str, parcels: Sequence[Parcel], page: MapPage | None) -> Table:
    words, product = scene.words, scene.product
    wide = scene.paper.page.width
    columns = [
        Column(words("no"), 7, "middle"),
        Column(words("sheet"), 9, "middle"),
        Column(words("parcel"), 10, "middle", bold=True),
        Column(words("area"), 14, "right"),
        Column(words("land_type"), 13),
        Column(words("holder"), 44),
        Column(words("missing"), 30),
        *(Column(box.to(words.language), 12, "middle", tick=True) for box in product.boxes),
        Column(words("outcome"), 11, "middle"),
        Column(words("note"), 28),
    ]
    rows: list[list[Cell]] = []
    for number, parcel in enumerate(parcels, start=1):
        first, *more = holders(scene, parcel)
        begin = [str(number), parcel.sheet, parcel.number, decimal(parcel.area), parcel.land_type]
        empty = [""] * (len(product.boxes) + 2)
        rows.append([*begin, first, _missing(scene, parcel), *empty])
        rows += [["", parcel.sheet, parcel.number, "", "", each, words("goes_on"), *empty] for each in more]
    codes = "   ".join(f"{index} {each.to(words.language)}" for index, each in enumerate(product.outcomes, start=1))
    signs = "      ".join(f"{each.to(words.language)}: …………………………" for each in product.signatures)
    foot = (f"{words('outcomes')}:  {codes}", signs)
    beside = 2 if wide > TWO_WIDE else 1
    return Table(name, title, columns, rows, ROW, "L", beside, page, foot=foot, confidential=scene.confidential)


def holders(edition: Edition, parcel: Parcel) -> list[Cell]:
    """All holders of a parcel, line by line; where there are very many, in several rows."""
    if parcel.holders is None:
        return [edition.words("hidden")]
    return in_rows(parcel.holders)


def in_rows(lines: tuple[str, ...]) -> list[Cell]:
    """The lines of a cell, in as many rows as keep each of them lower than a page; one at least."""
    return [lines[start : start + A_ROW] for start in range(0, max(len(lines), 1), A_ROW)]


def _missing(scene: Scene, parcel: Parcel) -> Cell:
    """What is missing, under the status of the verification where that is not in order."""
    lacks = scene.words.missing(parcel.missing)
    told = scene.palette.exact[parcel.status]
    if told.public in {"verified", "none"}:
        return lacks
    status = told.label.to(scene.words.language)
    return (status, lacks) if lacks else status


Told = list[tuple[Form, int]]
"""Of each parcel: how it is labelled where it is labelled best, and on which map page: at home, if nowhere better."""


def told_on(scene: Scene, labelled: dict[int, Labelled]) -> Told:
    """See `Told`."""
    return [_told_on(scene, labelled, index) for index in range(len(scene.group.parcels))]


def _told_on(scene: Scene, labelled: dict[int, Labelled], index: int) -> tuple[Form, int]:
    home = scene.layout.pages[scene.layout.where[index]].number
    form = labelled[home].form_of(index)
    if not form.complete:
        # Of a large parcel only a part lies on a page of the main scale; its label is there in full.
        for number, page in labelled.items():
            if index in page.seen and page.form_of(index).complete:
                return page.form_of(index), number
    return form, home


def how(scene: Scene, labelled: dict[int, Labelled], index: int, told: tuple[Form, int]) -> str:
    """How a parcel is labelled where it is labelled best, or why not."""
    form, at = told
    other = labelled[at].lies_on(index)
    said = scene.words.form(form, "" if other is None else scene.group.parcels[other].key)
    stored = labelled[at].stored_of(index)
    return said if stored is Stored.NONE else f"{said}; {scene.words(f'stored_{stored.name.lower()}')}"


def small_parcels(scene: Scene, labelled: dict[int, Labelled], told: Told) -> Table | None:
    """What is not told in full on the map: number, area and land type of small parcels; None where all is told."""
    words = scene.words
    rows: list[list[Cell]] = []
    for page in scene.layout.pages:
        for index in page.home:
            form, _ = told[index]
            if not form.complete:
                parcel = scene.group.parcels[index]
                rows.append(
                    [
                        parcel.sheet,
                        parcel.number,
                        decimal(parcel.area),
                        parcel.land_type,
                        str(page.number),
                        how(scene, labelled, index, told[index]),
                    ]
                )
    if not rows:
        return None
    columns = [
        Column(words("sheet"), 9, "middle"),
        Column(words("parcel"), 10, "middle", bold=True),
        Column(words("area"), 14, "right"),
        Column(words("land_type"), 14),
        Column(words("map_page"), 13, "middle"),
        Column(words("how"), 40),
    ]
    return Table("small", words("small"), columns, rows, SMALL_ROW, "S", 3 if scene.paper.page.width > TWO_WIDE else 2)


def proof(scene: Atlas, labelled: dict[int, Labelled], told: Told) -> Table:
    """Every parcel: on which pages it lies whole, and how it is labelled on its own, or why not."""
    words = scene.words
    whole: dict[int, list[int]] = {}
    for page in scene.layout.pages:
        for index in page.whole:
            whole.setdefault(index, []).append(page.number)
    rows: list[list[Cell]] = []
    for index, parcel in enumerate(scene.group.parcels):
        home = scene.layout.pages[scene.layout.where[index]].number
        others = [number for number in whole[index] if number != home]
        _, at = told[index]
        said = how(scene, labelled, index, told[index]) + (f" ({words('map_page').lower()} {at})" if at != home else "")
        rows.append([parcel.key, " ".join(map(str, [home, *others])), said])
    rows += [[parcel.key, "–", words("fits_nowhere")] for parcel in scene.left_out]
    columns = [
        Column(f"{words('sheet')}/{words('parcel').lower()}", 14, bold=True),
        Column(words("pages"), 12),
        Column(words("how"), 28),
    ]
    beside = 5 if scene.paper.page.width > TWO_WIDE else 3
    return Table("proof", words("proof"), columns, rows, SMALL_ROW, "P", beside, note=words("proof_note"))


def telling(table: Table, scene: Scene, remarks: Sequence[Text]) -> Table:
    """A list whose note also says what is to be known of the print."""
    told = [table.note, *(f"{each.to(scene.words.language)}." for each in remarks)]
    return replace(table, note=" ".join(told))


def draw_table(ink: Ink, scene: Edition, table: Table, first: int) -> None:
    """The pages of a list.

    Args:
        ink: where.
        scene: the atlas, or another paper.
        table: the list.
        first: the number that its first page has among those of its kind (`L7`).
    """
    spread = table.spread(scene)
    count, links = len(spread), iter(table.links)
    for index, tables in enumerate(spread):
        name = table.name if index == 0 else f"{table.name}-{index + 1}"
        title = table.title + (f" ({index + 1}/{count})" if count > 1 else "")
        paper = scene.paper
        # Checklists are a part of the bookmarks with one entry each; other lists are parts of their own.
        above = scene.words("checklist") if table.page is not None and first + index == 1 else ""
        level = (1 if table.page is not None else 0) + (1 if index else 0)
        with ink.page(paper.width, paper.height, name=name, title=title, level=level, above=above):
            _draw_head(ink, scene, table, title, f"{table.letter}{first + index}")
            _draw_rows(ink, scene, table, tables, links)
            _draw_foot(ink, scene, table, ink.pages + 1)
            draw_marks(ink, paper)


def _draw_head(ink: Ink, scene: Edition, table: Table, title: str, code: str) -> None:
    page, words = scene.paper.page, scene.words
    qr_block(ink, scene, page.right - MARK - QR - 6, page.top - QR - 5.2, scene.code(code))
    x = page.x + MARK + 3
    room = page.width - 2 * MARK - QR - 14
    ink.fill_with(BLACK)
    ink.text(x, page.top - 5.5, title, 5.2, bold=True, room=room)
    ink.text(x, page.top - 11, f"{scene.subject}, {scene.place_name}", 3.4, room=room)
    said = " · ".join(
        [words("data", version=scene.version, time=scene.time), words("printed_by", by=scene.by)]
        + ([words("confidential")] if table.confidential else [])
    )
    ink.text(x, page.top - 15.5, said, 2.3, room=room, paint=GREY)
    _draw_note(ink, table.note, x, page.top - 19.3, room)
    if table.page is not None:
        back = f"→ {words('map_page')} {table.page.number}"
        long = ink.text(x, page.top - 20.5, back, 2.8, bold=True)
        ink.link(Box(x, page.top - 21.5, long, 4), map_name(table.page))


def _draw_note(ink: Ink, note: str, x: float, y: float, room: float) -> None:
    for index, line in enumerate(at_most_lines(wrapped(note, NOTE, room), NOTE_LINES)):
        ink.text(x, y - index * NOTE * 1.25, line, NOTE, room=room)


def _draw_rows(ink: Ink, scene: Edition, table: Table, tables: list[list[Row]], links: Iterator[str]) -> None:
    page, wide = scene.paper.page, table.wide(scene)
    for part, rows in enumerate(tables):
        x, y = page.x + part * (wide + GAP), page.top - HEAD - HEADER
        draw_header(ink, table.columns, Box(x, y, wide, HEADER), table.size * 0.9)
        for row, tall in rows:
            y -= tall * table.row
            box = Box(x, y, wide, tall * table.row)
            draw_row(ink, table.columns, row, box, table.size)
            if (link := next(links, None)) is not None:
                ink.link(box, link)


def _draw_foot(ink: Ink, scene: Edition, table: Table, number: int) -> None:
    page, words = scene.paper.page, scene.words
    x, right, y = page.x + MARK + 3, page.right - MARK - 3, page.y + 2
    ink.draw_with(RULE, 0.15)
    ink.lines([(x, y + 7, right, y + 7)])
    ink.fill_with(BLACK)
    ink.text(right, y, f"{words('page')} {number}/{scene.pages}", 2.8, bold=True, align="right")
    lines = table.foot or (scene.product.notice.to(words.language),)
    for index, line in enumerate(reversed(lines)):
        ink.text(x, y + 3.6 * index, line, 2.4, room=right - x - (0 if index else 30))
