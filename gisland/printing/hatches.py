"""The hatches of the palette as lines and dots on paper: they tell the statuses apart on a black-and-white copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import shapely

from gisland.catalogue import Palette
from gisland.printing.hatch_marks import missing_dots, missing_lines
from gisland.printing.ink import Color, Ink, color
from gisland.printing.model import Floats, Geometries
from gisland.printing.paper import Box

LIGHTEST = 0.46
"""The grey of the lightest line of a hatch; 1 is white."""
Steps = Callable[[float, float], Floats]
"""Where the lines of a hatch lie between two places."""


def draw_status(
    ink: Ink,
    palette: Palette,
    status: str,
    shapes: Geometries,
    within: Box,
    covered: shapely.STRtree | None = None,
    *,
    centred: bool = False,
) -> None:
    """Fill polygons (mm) with the colour and the hatch of a status: on paper it is the same on a map and in a legend.

    Args:
        ink: where.
        palette: of the reader.
        status: a key of it.
        shapes: the polygons.
        within: nothing is drawn outside.
        covered: what will be drawn over the hatch; given, each polygon that is not too small shows a mark of it.
        centred: the hatch lies in the middle of the polygons. Otherwise it lies where it lies on the sheet, so that
            neighbours are hatched as one.
    """
    look = palette.exact[status]
    ink.fill_with(color(palette.tinted(look.color)))
    ink.polygons(shapes, fill=True)
    hatch = palette.hatch_of(look)
    if hatch is None or not len(shapes):
        return
    west, south, east, north = shapely.total_bounds(shapes)
    west, east = max(west, within.x), min(east, within.right)
    south, north = max(south, within.y), min(north, within.top)
    if west >= east or south >= north:
        return
    # White would not be seen on white.
    tone = inked(palette.stroke if look.color == palette.paper else look.color)
    spacing, thick = hatch.spacing / ink.larger, hatch.width / ink.larger
    steps = partial(_centred, apart=spacing, thick=thick) if centred else partial(_on_sheet, apart=spacing)
    with ink.kept():
        ink.clip_to(shapes)
        if not hatch.lines:
            ink.draw_with(tone, thick, (0, spacing))
            ink.lines(_rows_of_dots(west, south, east, north, steps))
            if covered is not None:
                ink.draw_with(tone, thick)
                ink.dots(missing_dots(shapes, spacing, covered), thick)
        else:
            ink.draw_with(tone, thick)
            for angle in hatch.lines:
                ink.lines(_lines(west, south, east, north, angle, steps))
                if covered is not None:
                    ink.lines(missing_lines(shapes, angle, spacing, covered))


def draw_sample(ink: Ink, palette: Palette, status: str, box: Box) -> None:
    """A box with the colour and the hatch of a status, in a legend or as a bar of a chart."""
    shape = np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object)
    draw_status(ink, palette, status, shape, box, centred=True)
    ink.draw_with(color(palette.stroke), 0.16)
    ink.box(box)


def inked(tone: str) -> Color:
    """The colour of the palette as lines are drawn in it: light ones, as yellow, darker, or a copier loses them."""
    red, green, blue = color(tone)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    part = min(1.0, LIGHTEST / grey) if grey else 1.0
    return red * part, green * part, blue * part


def _lines(west: float, south: float, east: float, north: float, angle: float, steps: Steps) -> Floats:
    """Parallel lines over a rectangle."""
    turn = np.radians(angle)
    across = np.array([-np.sin(turn), np.cos(turn)])
    along = np.array([np.cos(turn), np.sin(turn)])
    corners = np.array([(west, south), (east, south), (east, north), (west, north)])
    start, end = (corners @ along).min(), (corners @ along).max()
    base = steps((corners @ across).min(), (corners @ across).max())[:, None] * across
    return np.hstack([base + start * along, base + end * along])


def _rows_of_dots(west: float, south: float, east: float, north: float, steps: Steps) -> Floats:
    """Rows of dots, as lines whose dashes have no length and round ends: a hundredth of the operators."""
    x, y = steps(west, east), steps(south, north)
    return np.column_stack([np.full(len(y), x[0]), y, np.full(len(y), east), y])


def _on_sheet(low: float, high: float, *, apart: float) -> Floats:
    """With the next ones beyond, of which a part may be seen."""
    return np.arange(np.floor(low / apart), np.ceil(high / apart) + 1) * apart


def _centred(low: float, high: float, *, apart: float, thick: float) -> Floats:
    """As many as there is whole room for, one if there is none."""
    count = max(int((high - low - thick) / apart) + 1, 1)
    found: Floats = (low + high) / 2 + (np.arange(count) - (count - 1) / 2) * apart
    return found
