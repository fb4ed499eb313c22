"""The pages of an extract: what the database says of a parcel, its sketch, its corners, and how to verify the paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import shapely

from gisland.printing.blocks import north_arrow, scale_bar, signature_block, wrapped
from gisland.printing.edition import Edition
from gisland.printing.facts import Around
from gisland.printing.finish import Viewport
from gisland.printing.fonts import BOLD, width
from gisland.printing.ink import BLACK, GREY, RULE, Ink
from gisland.printing.marks import draw_qr, quiet_zone
from gisland.printing.model import Parcel, decimal, grouped, thousands
from gisland.printing.paper import Box, Paper
from gisland.printing.placement import Place
from gisland.printing.product import ExtractProduct
from gisland.printing.remarks import saved
from gisland.printing.sketch import draw_sketch
from gisland.printing.tables import Column, draw_header, draw_row
from gisland.printing.verify import Reader
from gisland.printing.vertices import Ring, rings_of
from gisland.registry.codes import CodeLists

LEFT, SIDE = 16.0, 12.0
"""Margins: for filing at the left, and elsewhere; mm."""
TEXT, STEP = 3.1, 4.7
"""Size of the text and distance of its lines, mm."""
ROW, TABLE = 4.3, 66.0
SKETCH_WIDE, LOW, BETWEEN = 112.0, 64.0, 6.5
"""The sketch: its width, where it begins, and what is free between it and the text; mm."""
QR = 24.0
MOST_LINES = 15
"""Lines of text above the sketch; what is more stands on the next page."""


@dataclass(frozen=True)
class ExtractPaper(Paper):
    """A sheet whose map is the sketch: it is as high as the text leaves room for."""

    lines: int = MOST_LINES

    @property
    def text_top(self) -> float:
        """Where the text begins, below the head."""
        return self.height - SIDE - 34

    @property
    def frame(self) -> Box:
        """The frame of the sketch."""
        return Box(LEFT, LOW, SKETCH_WIDE, self.text_top - STEP * min(self.lines, MOST_LINES) - BETWEEN - LOW)


A4 = ExtractPaper("A4", "portrait", 210.0, 297.0)


@dataclass(frozen=True)
class Extract:
    """What an extract tells."""

    reader: Reader
    facts: dict[str, Any]
    """As `verify.shown_to` leaves them."""
    shape: shapely.Geometry
    around: Around
    code: str
    """See `verify`."""
    address: str
    """Where it is verified; the code alone where the service has no address."""
    codes: CodeLists

    @property
    def parcel(self) -> Parcel:
        """The parcel as its label has it."""
        facts = self.facts
        uses = "+".join(use["type"] for use in facts["uses"])
        return Parcel(0, facts["sheet"], facts["parcel"], facts["area"], None, uses, "", None, ())


def paper_of(edition: Edition, extract: Extract) -> ExtractPaper:
    """The sheet for what there is to tell."""
    return replace(A4, lines=len(list(_lines(edition, extract))))


def draw_pages(edition: Edition, extract: Extract, place: Place) -> tuple[bytes, list[Viewport]]:
    """Draw the extract, with its sketch of a place; returns the file and where its map lies."""
    words, rings, sketch = edition.words, rings_of(extract.shape), edition.paper.frame
    corners = [row for ring in rings for row in _corner_rows(ring)]
    lines = list(_lines(edition, extract))
    first = int((sketch.height - 6) / ROW) - 1
    rest = [corners[first:][start : start + 2 * _rows()] for start in range(0, len(corners[first:]), 2 * _rows())]
    overflow = lines[MOST_LINES:]
    edition.pages = 1 + max(len(rest), bool(overflow))
    title = f"{edition.product.title.to(words.language)} {edition.subject}"
    ink = Ink(title, edition.place_name, edition.by)
    with ink.page(A4.width, A4.height, name="extract", title=title):
        _head(ink, edition, extract)
        _text(ink, lines[:MOST_LINES], A4.text_top)
        _map(ink, edition, extract, place, rings)
        _table(ink, edition, corners[:first], Box(sketch.right + 4, sketch.y, TABLE, sketch.height))
        if len(corners) > first or overflow:
            ink.text(A4.width - SIDE, sketch.y - 4, words("x_more"), 2.4, align="right", paint=GREY)
        _foot(ink, edition, extract)
        _page_number(ink, edition, 1)
    for number in range(2, edition.pages + 1):
        _further(ink, edition, extract, number, rest[number - 2] if number - 2 < len(rest) else [], overflow)
        overflow = []
    return saved(ink, edition), [Viewport(0, sketch, place, edition.srid)]


# What is told --------------------------------------------------------------------------------------------------------


def _lines(edition: Edition, extract: Extract) -> Iterator[tuple[str, str]]:
    """Lines of the text: what stands before them in bold, and what they say."""
    room = A4.width - LEFT - SIDE
    for number, (lead, said) in enumerate(_items(edition, extract), start=1):
        head = f"{number}. {lead}: "
        for index, line in enumerate(wrapped(said, TEXT, room - 4, room - width(head, TEXT, BOLD))):
            yield (head if index == 0 else " " * 4, line)


def _items(edition: Edition, extract: Extract) -> Iterator[tuple[str, str]]:
    words, facts = edition.words, extract.facts
    scale = f"; {words('x_scale')}: 1:{thousands(facts['scale'])}" if facts["scale"] else ""
    yield words("x_parcel"), f"{facts['parcel']}; {words('x_sheet')}: {facts['sheet']}{scale}"
    yield words("x_code"), facts["code"] or words("x_unknown")
    place = ", ".join(filter(None, (facts.get("address"), edition.place_name, edition.province)))
    yield words("x_address"), place
    area = words("x_area_said", area=decimal(facts["area"]))
    if facts["legal_area"] is None:
        yield words("x_area"), f"{area}; {words('x_no_legal')}"
    else:
        off = facts["area"] - facts["legal_area"]
        said = words(
            "x_legal", area=decimal(facts["legal_area"]), off=f"{off:+.1f}".replace(".", ",").replace("-", "−")
        )
        yield words("x_area"), f"{area}; {said}"
    yield words("x_uses"), "; ".join(_use(edition, extract, use) for use in facts["uses"]) or words("x_unknown")
    yield words("x_neighbours"), ", ".join(facts["adjoining"]) or words("x_none")
    if extract.reader is Reader.THIRD_PARTY:
        yield words("x_holders"), words("x_not_told")
        return
    yield words("x_holders"), "; ".join(_holder(edition, each) for each in facts["holders"]) or words("x_none")
    yield words("x_papers"), "; ".join(_paper(edition, each) for each in facts["papers"]) or words("x_none")
    yield (
        words("x_restrictions"),
        "; ".join(_restriction(edition, extract, each) for each in facts["restrictions"]) or (words("x_none")),
    )


def _use(edition: Edition, extract: Extract, use: dict[str, Any]) -> str:
    words = edition.words
    found = extract.codes.code_list("land_types").find(use["type"])
    name = f"{_name(edition, found)} ({use['type']})" if found else use["type"]
    parts = [name + (f" {decimal(use['area'])} m²" if use["area"] is not None else "")]
    for field, word in (("origin", "x_origin"), ("form", "x_form"), ("term", "x_term")):
        if use[field]:
            listed = {"origin": "origins", "form": "use_forms"}.get(field)
            known = extract.codes.code_list(listed).find(use[field]) if listed else None
            parts.append(words(word, said=_name(edition, known) if known else use[field]))
    return ", ".join(parts)


def _name(edition: Edition, entry: Any) -> str:
    name: str = entry.en if edition.words.language == "en" else entry.vi
    return name


def _holder(edition: Edition, holder: dict[str, str]) -> str:
    words = edition.words
    parts = [holder["name"]]
    if holder.get("id"):
        parts.append(words("x_id", said=holder["id"]))
    if holder["share"]:
        parts.append(words("x_share", said=holder["share"]))
    if holder["address"]:
        parts.append(holder["address"])
    return ", ".join(parts)


def _paper(edition: Edition, paper: dict[str, str | None]) -> str:
    words = edition.words
    fields = (("serial", "x_serial"), ("book", "x_book"), ("code", "x_gcn"))
    parts = [words(word, said=paper[field]) for field, word in fields if paper[field]]
    if paper["date"]:
        parts.append(words("x_issued", said=_day(paper["date"])))
    return ", ".join(parts)


def _restriction(edition: Edition, extract: Extract, restriction: dict[str, str | None]) -> str:
    found = extract.codes.code_list("restriction_kinds").find(restriction["kind"])
    name = _name(edition, found) if found else str(restriction["kind"])
    return name + (f" {edition.words('x_from', said=_day(restriction['from']))}" if restriction["from"] else "")


def _day(said: str) -> str:
    year, month, day = said.split("-")
    return f"{day}/{month}/{year}"


def _corner_rows(ring: Ring) -> list[list[str]]:
    """Rows of the table: corner, X to the north, Y to the east, side, length."""
    numbers = ring.numbers
    return [
        [str(number), grouped(y), grouped(x), f"{number}–{after}", decimal(length, 2)]
        for number, after, (x, y), length in zip(
            numbers, [*numbers[1:], numbers[0]], ring.corners.tolist(), ring.lengths, strict=True
        )
    ]


# How it is drawn -----------------------------------------------------------------------------------------------------


def _head(ink: Ink, edition: Edition, extract: Extract) -> None:
    words, top = edition.words, A4.height - SIDE
    left, right = LEFT + 34, A4.width - SIDE - 46
    ink.fill_with(BLACK)
    ink.text(left, top - 3.5, words("committee"), 3.2, align="middle")
    ink.text(left, top - 8, edition.place_name.upper(), 3.2, bold=True, align="middle", room=66)
    ink.text(right, top - 3.5, words("state"), 3.2, bold=True, align="middle")
    long = ink.text(right, top - 8, words("motto"), 3.2, bold=True, align="middle")
    ink.draw_with(BLACK, 0.2)
    ink.lines([(right - long / 2, top - 9.4, right + long / 2, top - 9.4), (left - 9, top - 9.4, left + 9, top - 9.4)])
    ink.text(left, top - 13.6, words("number_of", number=edition.print_id), 3.0, align="middle")
    middle = (LEFT + A4.width - SIDE) / 2
    title = edition.product.title.to(words.language).upper()
    ink.text(middle, top - 23, title, 6.2, bold=True, align="middle", room=A4.width - LEFT - SIDE)
    third = extract.reader is Reader.THIRD_PARTY
    ink.text(middle, top - 28.4, words("for_third_party" if third else "for_owner"), 3.0, align="middle", paint=GREY)


def _text(ink: Ink, lines: list[tuple[str, str]], top: float) -> None:
    ink.fill_with(BLACK)
    for index, (head, said) in enumerate(lines):
        y = top - STEP * (index + 0.5)
        after = ink.text(LEFT, y, head, TEXT, bold=True)
        ink.text(LEFT + after, y, said, TEXT)


def _map(ink: Ink, edition: Edition, extract: Extract, place: Place, rings: list[Ring]) -> None:
    words, product, sketch = edition.words, edition.product, edition.paper.frame
    assert isinstance(product, ExtractProduct)
    ink.fill_with(BLACK)
    said = f"{words('x_sketch')} – {words('scale').lower()} 1:{thousands(place.scale)}"
    ink.text(sketch.x, sketch.top + 2, said, 3.2, bold=True)
    heights = product.side_height, product.corner_height
    draw_sketch(ink, sketch, place, extract.parcel, extract.shape, rings, extract.around, heights)
    north_arrow(ink, words("north"), sketch.right - 5, sketch.top - 14, 11)
    scale_bar(ink, sketch.x, sketch.y - 3.4, place.scale, 50)


COLUMNS = (("x_corner", 9), ("X (m)", 21), ("Y (m)", 19), ("x_side", 13), ("x_length", 13))


def _table(ink: Ink, edition: Edition, rows: list[list[str]], box: Box) -> None:
    words = edition.words
    ink.fill_with(BLACK)
    ink.text(box.x, box.top + 2, words("x_corners"), 3.2, bold=True, room=box.width)
    columns = [
        Column(words(name) if name.startswith("x_") else name, share, "middle", bold=name == "x_corner")
        for name, share in COLUMNS
    ]
    draw_header(ink, columns, Box(box.x, box.top - 5, box.width, 5), 2.3)
    for index, row in enumerate(rows):
        draw_row(ink, columns, row, Box(box.x, box.top - 5 - ROW * (index + 1), box.width, ROW), 2.5)


def _foot(ink: Ink, edition: Edition, extract: Extract) -> None:
    """The code with how to verify it, signatures, and notes."""
    words, language = edition.words, edition.words.language
    low = SIDE + 14
    quiet = quiet_zone(extract.address, QR)
    draw_qr(ink, Box(LEFT + quiet, low + quiet, QR, QR), extract.address)
    x, room = LEFT + QR + 2 * quiet + 2, 52.0
    ink.fill_with(BLACK)
    ink.text(x, low + QR + quiet - 2.5, words("x_verify"), 3.0, bold=True)
    y = low + QR + quiet - 7
    if extract.address != extract.code:
        y = _address(ink, x, y, extract.address.removesuffix(extract.code), room)
    for part in (extract.code[:13], extract.code[13:]):
        ink.text(x, y, part, 2.9, bold=True, room=room)
        y -= 3.8
    ink.text(x, y - 0.4, edition.product.notice.to(language), 2.3, room=room, paint=GREY)
    signature_block(ink, edition, Box(A4.width - SIDE - 86, low + 1, 86, 30))
    ink.draw_with(RULE, 0.15)
    ink.lines([(LEFT, SIDE + 12, A4.width - SIDE, SIDE + 12)])
    notes = [edition.plane.split(";")[0], words("data", version=edition.version, time=edition.time)]
    notes += [words("printed_by", by=edition.by), *([words("confidential")] if edition.confidential else [])]
    ink.fill_with((0.25, 0.25, 0.25))
    ink.text(LEFT, SIDE + 8.6, " · ".join(notes), 2.3, room=A4.width - LEFT - SIDE)
    y = SIDE + 5.4
    for note in edition.product.notes:
        ink.text(LEFT, y, note.to(language), 2.3, room=A4.width - LEFT - SIDE - 30)
        y -= 3.2


def _address(ink: Ink, x: float, y: float, address: str, room: float) -> float:
    """An address in as many lines as it takes."""
    while address:
        part = address
        while width(part, 2.4) > room:
            part = part[:-1]
        ink.text(x, y, part, 2.4)
        address, y = address[len(part) :], y - 3.2
    return y - 0.6


def _rows() -> int:
    """Rows of a table on a further page."""
    return int((A4.height - 2 * SIDE - 26) / ROW)


def _further(
    ink: Ink, edition: Edition, extract: Extract, number: int, rows: list[list[str]], lines: list[tuple[str, str]]
) -> None:
    """A further page: text that found no room, and corners in two tables."""
    title = f"{edition.product.title.to(edition.words.language)} {edition.subject}"
    with ink.page(A4.width, A4.height, name=f"extract{number}", title=f"{title} ({number}/{edition.pages})"):
        ink.fill_with(BLACK)
        top = A4.height - SIDE
        ink.text(LEFT, top - 4.5, title, 4.2, bold=True)
        ink.text(A4.width - SIDE, top - 4.5, extract.code, 2.6, align="right")
        ink.draw_with(RULE, 0.15)
        ink.lines([(LEFT, top - 7, A4.width - SIDE, top - 7)])
        _text(ink, lines, top - 10)
        top -= 16 + STEP * len(lines)
        half = (A4.width - LEFT - SIDE - 6) / 2
        high = -(-len(rows) // 2) if len(rows) < 2 * _rows() else _rows()
        for part in range(2):
            chosen = rows[part * high : (part + 1) * high]
            if chosen:
                _table(ink, edition, chosen, Box(LEFT + part * (half + 6), SIDE, half, top - SIDE))
        _page_number(ink, edition, number)


def _page_number(ink: Ink, edition: Edition, number: int) -> None:
    said = f"{edition.words('page')} {number}/{edition.pages}"
    ink.fill_with(BLACK)
    ink.text(A4.width - SIDE, SIDE - 1, said, 2.6, bold=True, align="right")
