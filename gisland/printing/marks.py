"""QR codes and corner marks: what a scan is recognised and set right by."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import segno

from gisland.printing.ink import BLACK, WHITE, Ink
from gisland.printing.model import Ints
from gisland.printing.paper import MARGIN, Box, Paper

QR = 20.0
"""Side of a QR code without its quiet zone, mm; at 150 dpi a module of a code of version 5 is three dots."""
QUIET = 4
MARK = 6.0
"""Side of a corner mark, mm: a Micro QR code that says which corner it is, 1 to 4."""
MASK = 0
"""The mask of the codes (ISO/IEC 18004, 7.8): a chequer. What they say ends in a signature, which is as good as random:
no mask is better than another, and to weigh all eight would take longer than to draw the text of the page."""
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
    code = segno.make_qr(text, error="q", boost_error=False, mask=MASK)
    return tuple(bytes(row) for row in code.matrix)


@lru_cache(maxsize=8)
def _micro(text: str) -> tuple[bytes, ...]:
    return tuple(bytes(row) for row in segno.make_micro(text, version="M1").matrix)


def _draw(ink: Ink, matrix: tuple[bytes, ...], box: Box) -> None:
    module = box.width / len(matrix)
    column, row, length = _runs(matrix).T
    # A hair higher, so that rows do not come apart on the screen.
    high = np.full(len(row), module * 1.01)
    ink.fill_with(BLACK)
    runs = np.column_stack([box.x + column * module, box.top - (row + 1) * module, length * module, high])
    ink.boxes(runs, fill=True, stroke=False)


@lru_cache(maxsize=16)
def _runs(matrix: tuple[bytes, ...]) -> Ints:
    """The dark modules beside each other: column, row and length of each run."""
    dark = np.pad(np.array([list(row) for row in matrix], dtype=np.int8), ((0, 0), (1, 1)))
    row, start = np.nonzero(np.diff(dark, axis=1) == 1)
    _, end = np.nonzero(np.diff(dark, axis=1) == -1)
    return np.column_stack([start, row, end - start])
