"""Whether upright rectangles and lines meet, all of some against all of others: a fifth of the time that a tree takes.

Rectangles are rows (west, south, east, north), lines rows (x, y, x, y). What only touches meets.
"""

from __future__ import annotations

import numpy as np

from gisland.printing.model import Bools, Floats


def boxes_meet(some: Floats, others: Floats) -> Bools:
    """Whether each of some rectangles (a row) meets each of others (a column)."""
    one = some[:, None]
    met: Bools = (one[..., 0] <= others[:, 2]) & (one[..., 2] >= others[:, 0])
    met &= (one[..., 1] <= others[:, 3]) & (one[..., 3] >= others[:, 1])
    return met


def lines_meet_boxes(lines: Floats, boxes: Floats) -> Bools:
    """Whether each line (a row) meets each rectangle (a column)."""
    start, step = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None]
    # The parts of the line that lie between the two sides of each axis.
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (boxes[:, :2] - start) / step, (boxes[:, 2:] - start) / step
    enter, leave = np.minimum(first, second), np.maximum(first, second)
    still = step == 0
    within = (start >= boxes[:, :2]) & (start <= boxes[:, 2:])
    enter = np.where(still, np.where(within, -np.inf, np.inf), enter).max(axis=-1)
    leave = np.where(still, np.where(within, np.inf, -np.inf), leave).min(axis=-1)
    met: Bools = (enter <= leave) & (enter <= 1) & (leave >= 0)
    return met


def lines_meet(some: Floats, others: Floats) -> Bools:
    """Whether each of some lines (a row) meets each of others (a column)."""
    a, b = some[:, None, :2], some[:, None, 2:]
    c, d = others[None, :, :2], others[None, :, 2:]
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    met: Bools = (sides[0] * sides[1] <= 0) & (sides[2] * sides[3] <= 0)
    # On one straight line they meet only where their extents do.
    met &= boxes_meet(_extent(some), _extent(others))
    return met


def _side(a: Floats, b: Floats, point: Floats) -> Floats:
    """On which side of the line from a to b a point lies: 1, -1, or 0 on it."""
    along, to = b - a, point - a
    side: Floats = np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0])
    return side


def _extent(lines: Floats) -> Floats:
    """The rectangles around lines."""
    return np.hstack([np.minimum(lines[:, :2], lines[:, 2:]), np.maximum(lines[:, :2], lines[:, 2:])])
