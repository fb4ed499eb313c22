"""Which map sheet the parcels of a page are of: numbers are told apart by it, for each sheet counts from 1.

Each sheet that is seen gets its outline and one mark, `Tờ 54`, where it lies on no label, best on no parcel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.fonts import BOLD, width
from gisland.printing.labels import boxes
from gisland.printing.model import Floats, Geometries, Group, joined
from gisland.printing.placement import Place

SIZE, PADDING = 3.0, 1.0
"""Size of the text and space around it, mm on paper."""
STEP, NEAR = 5.0, 4.0
"""Places are tried this far apart, and no further than that from the sheet, mm on paper."""
COVERED = 40
"""As many millimetres off the middle is a mark rather put than on one parcel more."""
AT_ONCE = 32


@dataclass(frozen=True)
class SheetMark:
    """The mark of a sheet on a page: what is written, its middle, its box and the outline of the sheet; metres."""

    said: str
    at: tuple[float, float]
    box: shapely.Polygon
    outline: shapely.Geometry


def mark_sheets(group: Group, place: Place, seen: Floats, taken: list[shapely.Polygon], word: str) -> list[SheetMark]:
    """The marks of the sheets that are seen on a page, where there is a free place.

    Args:
        group: the parcels.
        place: the page.
        seen: which parcels are seen on it.
        taken: what must not be covered, metres.
        word: what goes before the number: Tờ.
    """
    metres = place.scale / 1000
    sheets = np.array([group.parcels[index].sheet for index in seen])
    inner = place.inset(1)
    tree = shapely.STRtree(group.shapes)
    found: list[SheetMark] = []
    for sheet in sorted(set(sheets.tolist()), key=lambda each: (len(each), each)):
        outline = joined(group.shapes[seen[sheets == sheet]], fits=group.fits)
        visible = shapely.intersection(outline, inner)
        if shapely.is_empty(visible):
            continue
        said = f"{word} {sheet}"
        wide, high = (width(said, SIZE, BOLD) + 2 * PADDING) * metres, (SIZE + PADDING) * metres
        blocked = [*taken, *(mark.box for mark in found)]
        at = _free(visible, inner, wide, high, metres, np.array(blocked, dtype=object), tree)
        if at is not None:
            box = shapely.box(at[0] - wide / 2, at[1] - high / 2, at[0] + wide / 2, at[1] + high / 2)
            found.append(SheetMark(said, at, box, outline))
    return found


def _free(
    visible: shapely.Geometry,
    inner: shapely.Polygon,
    wide: float,
    high: float,
    metres: float,
    blocked: Geometries,
    parcels: shapely.STRtree,
) -> tuple[float, float] | None:
    """A place on or beside what is seen of a sheet: on few parcels, near its middle."""
    west, south, east, north = shapely.bounds(visible).tolist()
    x, y = np.meshgrid(np.arange(west, east, STEP * metres), np.arange(south, north, STEP * metres))
    places = np.column_stack([x.ravel(), y.ravel()])
    half = wide / 2, high / 2
    low, top = shapely.bounds(inner).reshape(2, 2)
    places = places[((places - half >= low) & (places + half <= top)).all(axis=1)]
    if not len(places):
        return None
    shapely.prepare(visible)
    covering = shapely.STRtree(blocked)
    off = np.hypot(*(places - shapely.get_coordinates(shapely.centroid(visible))[0]).T) / metres
    costs = np.full(len(places), np.inf)
    # The nearest first: what lies further off than the best costs in all is not looked at.
    nearest = np.argsort(off, kind="stable")
    for start in range(0, len(places), AT_ONCE):
        some = nearest[start : start + AT_ONCE]
        if off[some[0]] > costs.min():
            break
        at, zeros = places[some], np.zeros(len(some))
        rooms = boxes(at[:, 0], at[:, 1], zeros + wide, zeros + high, zeros)
        free = shapely.dwithin(visible, shapely.points(at), NEAR * metres)
        free[covering.query(rooms, predicate="intersects")[0]] = False
        covered = np.bincount(parcels.query(rooms, predicate="intersects")[0], minlength=len(some))
        costs[some] = np.where(free, off[some] + COVERED * covered, np.inf)
    best = int(np.argmin(costs))
    if costs[best] == np.inf:
        return None
    return float(places[best, 0]), float(places[best, 1])
