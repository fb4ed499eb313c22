"""Tables on paper: as many columns of text beside each other as the sheet takes, headers on each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gisland.printing.fonts import CAP_HEIGHT
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
"""A text, or up to two lines."""


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
        ink.text(
            x + wide / 2,
            box.middle[1] - size * CAP_HEIGHT / 2,
            column.title,
            size,
            bold=True,
            align="middle",
            room=wide - 0.8,
        )
        x += wide
    _rules(ink, columns, box)


def draw_row(ink: Ink, columns: Sequence[Column], cells: Sequence[Cell], box: Box, size: float) -> None:
    """A row of a table; a cell of two lines is written smaller."""
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
        lines = (cell,) if isinstance(cell, str) else cell
        small = size if len(lines) == 1 else size * 0.86
        step = small * 1.16
        y = box.middle[1] + step * (len(lines) - 1) / 2 - small * CAP_HEIGHT / 2
        at = {"left": x + 1, "middle": x + wide / 2, "right": x + wide - 1}[column.align]
        for line in lines:
            if line:
                ink.text(at, y, line, small, bold=column.bold, align=column.align, room=wide - 1.6)
            y -= step
        x += wide


def _rules(ink: Ink, columns: Sequence[Column], box: Box) -> None:
    x = box.x
    lines = []
    for wide in widths(columns, box.width)[:-1]:
        x += wide
        lines.append((x, box.y, x, box.top))
    ink.lines(lines)
