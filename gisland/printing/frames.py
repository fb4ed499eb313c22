"""Where map sheets lie: the rectangle that the name of a sheet says (TT 25/2014), and sheets that are named by nothing.

Names hang together: 3 km squares (1:5000) by the kilometres of their north-western corner, `725500`; of them ninths
(1:2000, `725500-6`), of those quarters (1:1000, `-d`), sixteenths (1:500, `-(11)`) and hundredths (1:200, `-25`). A
sheet at 1:10000 is a 6 km square of its own, `10-728494`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import shapely

from gisland.printing.model import Geometries, Rectangle
from gisland.printing.placement import Place

STEP = 50
"""Frames that follow the parcels begin and end at multiples of so many millimetres on paper."""
AIR = 2
"""So many millimetres at least between such a frame and the parcels."""
WIDER = (200, 100, 0)
"""So far at most a frame that cuts parcels is extended on a side, mm on paper: by 20 or 10 cm (TT 25/2014)."""
_NAME = re.compile(r"(?:(10)-)?(\d{3})(\d{3})(?:-([1-9])(?:-(?:([a-d])|\((\d{1,2})\)|(\d{1,3})))?)?")
TOUCH = 0.5
"""Sheets that are no further apart touch, metres."""


def rectangle_of(name: str, near: tuple[float, float]) -> Rectangle | None:
    """West, south, east and north of the sheet of a name, metres; None where the name is none.

    Args:
        name: of the sheet.
        near: a point of it: names have only the last three digits of the kilometres.
    """
    match = _NAME.fullmatch(name.replace(" ", ""))
    if match is None:
        return None
    ten, x, y, ninth, quarter, sixteenth, hundredth = match.groups()
    side = 6000.0 if ten else 3000.0
    north, west = _near(int(x) * 1000.0, near[1]), _near(int(y) * 1000.0, near[0])
    steps = [(3, ninth), (2, str("abcd".index(quarter) + 1) if quarter else None), (4, sixteenth), (10, hundredth)]
    for parts, said in steps:
        if said is None:
            continue
        number = int(said) - 1
        if not 0 <= number < parts * parts:
            return None
        side /= parts
        row, column = divmod(number, parts)
        north, west = north - row * side, west + column * side
    return west, north - side, west + side, north


def _near(value: float, wanted: float) -> float:
    """A value whose thousands of kilometres are lost, where it is nearest to a place."""
    return value + round((wanted - value) / 1e6) * 1e6


def named_rectangle(name: str, bounds: Sequence[float]) -> Rectangle | None:
    """The rectangle of a name, when parcels with these bounds may lie on it; a name that is wrong is none."""
    west, south, east, north = bounds
    found = rectangle_of(name, ((west + east) / 2, (south + north) / 2))
    return found if found is not None and shapely.box(*found).intersects(shapely.box(*bounds)) else None


def direction(own: Rectangle, other: Rectangle) -> tuple[int, int]:
    """Where another sheet lies, east and north: 0 beside each other, 1 or -1 where they touch, 2 or -2 further away."""

    def steps(gap: float) -> int:
        return 0 if gap <= -TOUCH else 1 if gap <= TOUCH else 2

    east, north = (steps(other[low] - own[high]) - steps(own[low] - other[high]) for low, high in ((0, 2), (1, 3)))
    return east, north


def frames_of(name: str, scale: int, bounds: Sequence[float]) -> list[Place]:
    """The frames that a sheet may have, the best first: a tight one around its parcels is the last resort."""
    return [frame_of(name, scale, bounds), frame_of("", scale, bounds, STEP / 5), frame_of("", scale, bounds, AIR)]


def cutting_frames(name: str, scale: int, shapes: Geometries) -> list[Place]:
    """The frames at which parcels may be cut that reach far into other sheets, as streets and canals do.

    The frame of the name, the widest first; none where a parcel would not be seen at all, or the name says nothing.
    """
    bounds = shapely.total_bounds(shapes).tolist()
    if named_rectangle(name, bounds) is None:
        return []
    found = [frame_of(name, scale, bounds, most=most) for most in WIDER]
    return [each for each in found if shapely.intersects(each.inset(AIR), shapes).all()]


def frame_of(
    name: str, scale: int, bounds: Sequence[float], millimetres: float = STEP, *, most: float = math.inf
) -> Place:
    """The frame of a sheet: that of its name, made larger where parcels lie further out, or one around its parcels.

    Args:
        name: of the sheet; '' where it has none.
        scale: its denominator.
        bounds: west, south, east, north of its parcels, metres.
        millimetres: a frame that follows the parcels begins and ends at multiples of so much on paper.
        most: how far that of a name is made larger on a side at most, mm on paper.
    """
    west, south, east, north = bounds
    step, air = millimetres * scale / 1000, AIR * scale / 1000
    around = (
        math.floor((west - air) / step) * step,
        math.floor((south - air) / step) * step,
        math.ceil((east + air) / step) * step,
        math.ceil((north + air) / step) * step,
    )
    named = named_rectangle(name, bounds)
    if named is not None:
        # By ten centimetres on paper at a time, as the circular has it.
        wider = 2 * step
        over = [
            max(0.0, named[0] - west),
            max(0.0, named[1] - south),
            max(0.0, east - named[2]),
            max(0.0, north - named[3]),
        ]
        out = [min(math.ceil(each / wider) * wider, most * scale / 1000) for each in over]
        around = (named[0] - out[0], named[1] - out[1], named[2] + out[2], named[3] + out[3])
    return Place(around[0], around[1], around[2] - around[0], around[3] - around[1], scale)
