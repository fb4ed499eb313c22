"""Tables on paper: as many columns of text beside each other as the sheet takes, headers on each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gisland.printing.blocks import wrapped
from gisland.printing.fonts import CAP_HEIGHT, width
from gisland.printing.ink import BLACK, PALE, RULE, Align, Ink
from gisland.printing.paper import Box


@dataclass(frozen=True)
class Column:
    """A column: its header, its part of the width, where its text stands, and whether it is a box to tick."""

    title: str
    share: float
    align: Align = "left"
    tick: bool = False
    bold: bool = False


Cell = str | tuple[str, ...]
"""A text, or one for each line; what is too long for its column goes on in a further line."""
SIZES, SPACING, AIR = (1.0, 0.86, 0.74), 1.14, 0.4
"""How small a text becomes for its row, in parts of its size; from line to line; free above and below them, mm."""
BESIDE = 1.6
"""Free on both sides of a text, mm."""
AS_ONE, IN_LINES = 0.8, 0.92
"""How narrow a text is written in one line before it is broken, and then in its lines, which are smaller."""


def widths(columns: Sequence[Column], room: float) -> list[float]:
    """How wide each column is, mm."""
    total = sum(column.share for column in columns)
    return [room * column.share / total for column in columns]


def draw_header(ink: Ink, columns: Sequence[Column], box: Box, size: float) -> None:
    """The header of a table."""
    ink.fill_with(PALE)
    ink.box(box, fill=True, stroke=False)
    ink.draw_with(RULE, 0.15)
    ink.box(box)
    ink.fill_with(BLACK)
    x = box.x
    for column, wide in zip(columns, widths(columns, box.width), strict=True):
        _write(ink, column.title, Box(x, box.y, wide, box.height), size, replace(column, align="middle", bold=True))
        x += wide
    _rules(ink, columns, box)


def draw_row(ink: Ink, columns: Sequence[Column], cells: Sequence[Cell], box: Box, size: float) -> None:
    """A row of a table; a cell of several lines is written smaller."""
    ink.draw_with(RULE, 0.15)
    ink.box(box)
    _rules(ink, columns, box)
    ink.fill_with(BLACK)
    x = box.x
    for column, cell, wide in zip(columns, cells, widths(columns, box.width), strict=True):
        if column.tick:
            side = min(3.6, box.height - 1.6)
            ink.draw_with(BLACK, 0.2)
            ink.box(Box(x + (wide - side) / 2, box.middle[1] - side / 2, side, side))
        _write(ink, cell, Box(x, box.y, wide, box.height), size, column)
        x += wide


def _write(ink: Ink, cell: Cell, box: Box, size: float, column: Column) -> None:
    """The lines of a cell, in the middle of its height."""
    lines, small = fitted(cell, box.width - BESIDE, box.height, size)
    step = small * SPACING
    y = box.middle[1] + step * (len(lines) - 1) / 2 - small * CAP_HEIGHT / 2
    at = {"left": box.x + 1, "middle": box.middle[0], "right": box.right - 1}[column.align]
    for line in lines:
        if line:
            ink.text(at, y, line, small, bold=column.bold, align=column.align, room=box.width - BESIDE)
        y -= step


def rows_needed(columns: Sequence[Column], cells: Sequence[Cell], wide: float, row: float, size: float) -> int:
    """How many rows high one must be for its texts.

    Args:
        columns: of the table.
        cells: of the row.
        wide: how wide the table is, mm.
        row: how high a row is, mm.
        size: of the text, mm.
    """
    # Most rows are one line: that is seen by the number of letters, none of which is wider than it is high.
    rooms = [each - BESIDE for each in widths(columns, wide)]
    long = [
        (cell, room)
        for cell, room in zip(cells, rooms, strict=True)
        if not isinstance(cell, str) or len(cell) * size > room
    ]
    rows = 1
    for cell, room in long:
        while _sized(cell, room, rows * row, size) is None:
            rows += 1
    return rows


def fitted(
    cell: Cell, room: float, high: float, size: float, parts: Sequence[float] = SIZES
) -> tuple[list[str], float]:
    """The lines of a cell and their size; where it does not hold them, the last one is what is left of the text.

    Args:
        cell: the text, or several that stand below each other.
        room: free beside it, mm.
        high: of the row, mm.
        size: of the letters where there is room, mm.
        parts: how small they may become, in parts of it, the largest first.
    """
    found = _sized(cell, room, high, size, parts)
    if found is not None:
        return found
    small = size * parts[-1]
    lines = _lines(cell, room, small)
    return at_most_lines(lines, max(1, int((high - AIR) / (small * SPACING)))), small


def at_most_lines(lines: list[str], most: int) -> list[str]:
    """So many lines at most; the last one is what is left of the text."""
    return lines if len(lines) <= most else [*lines[: most - 1], " ".join(lines[most - 1 :])]


def _sized(
    cell: Cell, room: float, high: float, size: float, parts: Sequence[float] = SIZES
) -> tuple[list[str], float] | None:
    """The lines of a cell in the largest size in which they fit; one line only in the full size."""
    for part in parts:
        lines = _lines(cell, room, size * part, AS_ONE if part == parts[0] else IN_LINES)
        if len(lines) <= 1 or (part < 1 and len(lines) * size * part * SPACING <= high - AIR):
            return lines, size * part
    return None


def _lines(cell: Cell, room: float, size: float, narrow: float = IN_LINES) -> list[str]:
    found: list[str] = []
    for text in (cell,) if isinstance(cell, str) else cell:
        found += [text] if width(text, size) * narrow <= room else wrapped(text, size, room / IN_LINES)
    return found


def _rules(ink: Ink, columns: Sequence[Column], box: Box) -> None:
    x = box.x
    lines = []
    for wide in widths(columns, box.width)[:-1]:
        x += wide
        lines.append((x, box.y, x, box.top))
    ink.lines(lines)
