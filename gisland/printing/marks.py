"""QR codes and corner marks: what a scan is recognised and set right by."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

import segno

from gisland.printing.ink import BLACK, WHITE, Ink
from gisland.printing.paper import MARGIN, Box, Paper

QR = 20.0
"""Side of a QR code without its quiet zone, mm; at 150 dpi a module of a code of version 5 is three dots."""
QUIET = 4
MARK = 6.0
"""Side of a corner mark, mm: a Micro QR code that says which corner it is, 1 to 4."""
CORNERS = ("1", "2", "3", "4")
"""Lower left, lower right, upper right, upper left."""


def mark_boxes(paper: Paper) -> list[Box]:
    """Where the corner marks of a sheet lie, in the order of CORNERS."""
    left, low = MARGIN, MARGIN
    right, high = paper.width - MARGIN - MARK, paper.height - MARGIN - MARK
    return [Box(x, y, MARK, MARK) for x, y in ((left, low), (right, low), (right, high), (left, high))]


def draw_marks(ink: Ink, paper: Paper) -> None:
    """The four corner marks."""
    for box, corner in zip(mark_boxes(paper), CORNERS, strict=True):
        _draw(ink, _micro(corner), box)


def draw_qr(ink: Ink, box: Box, text: str) -> None:
    """A QR code of level Q in a square, with the quiet zone around it, which must be free."""
    matrix = _matrix(text)
    quiet = QUIET * box.width / len(matrix)
    ink.fill_with(WHITE)
    ink.box(box.inset(-quiet), fill=True, stroke=False)
    _draw(ink, matrix, box)


def quiet_zone(text: str, side: float = QR) -> float:
    """How much must stay free around the QR code of a text, mm."""
    return QUIET * side / len(_matrix(text))


@lru_cache(maxsize=8)
def _matrix(text: str) -> tuple[bytes, ...]:
    return tuple(bytes(row) for row in segno.make_qr(text, error="q", boost_error=False).matrix)


@lru_cache(maxsize=8)
def _micro(text: str) -> tuple[bytes, ...]:
    return tuple(bytes(row) for row in segno.make_micro(text, version="M1").matrix)


def _draw(ink: Ink, matrix: tuple[bytes, ...], box: Box) -> None:
    module = box.width / len(matrix)
    runs = []
    for row, modules in enumerate(matrix):
        column = 0
        for dark, same in groupby(modules):
            length = len(list(same))
            if dark:
                # A hair higher, so that rows do not come apart on the screen.
                runs.append((box.x + column * module, box.top - (row + 1) * module, length * module, module * 1.01))
            column += length
    ink.fill_with(BLACK)
    ink.boxes(runs, fill=True, stroke=False)
