"""What is printed: parcels of a group with what their map and checklist say, in the plane of the print (metres)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import shapely
from numpy.typing import NDArray

Geometries = NDArray[Any]
"""An array of shapely geometries."""
Floats = NDArray[Any]
Bools = NDArray[Any]
Ints = NDArray[Any]
Rectangle = tuple[float, float, float, float]
"""West, south, east and north, metres on the plane of the print."""
MOST_TOLD = 12
"""So many of one kind are told one by one."""


@dataclass(frozen=True)
class Parcel:
    """A parcel as its label and its row of the checklist have it."""

    id: int
    sheet: str
    number: str
    area: float
    """Of the map, m², one decimal."""
    legal_area: float | None
    land_type: str
    """`ODT`, `ONT+CLN`; '' when nothing is known."""
    status: str
    """Verification status as the reader is told it, a key of their palette (`Palette.told`)."""
    holders: tuple[str, ...] | None
    """Names; None for a reader who may not see them."""
    missing: tuple[str, ...]
    """What is not there yet: keys of `words.MISSING`."""
    papers: tuple[str, ...] = ()
    """Numbers of its certificates."""
    label_at: tuple[float, float, float | None] | None = None
    """Where somebody placed its label: east, north on the plane of the print, and the angle, see `Labels`."""

    @property
    def key(self) -> str:
        """How people call it: sheet/parcel."""
        return f"{self.sheet}/{self.number}"


@dataclass(frozen=True)
class Group:
    """A residential group and what lies around it, as of one data version.

    All shapes are in the plane `srid`, metres, x east and y north.
    """

    ward_id: int
    ward_code: str
    ward_name: str
    province: str
    code: str
    name: str
    srid: int
    version: int
    at: datetime
    parcels: tuple[Parcel, ...]
    shapes: Geometries
    neighbours: Geometries = field(repr=False)
    neighbour_numbers: tuple[str, ...] = field(repr=False)

    @cached_property
    def fits(self) -> bool:
        """Whether each parcel has the corners of its neighbours and overlaps none; then any of them do so, too."""
        return bool(shapely.coverage_is_valid(self.shapes))


def joined(shapes: Geometries, *, fits: bool = False) -> shapely.Geometry:
    """The land that parcels cover together.

    Where each has the corners of its neighbours, as on a good map, that takes a tenth of the time.

    Args:
        shapes: the parcels.
        fits: whether it is known of them (`Group.fits`): to find out takes most of that time.
    """
    if fits or shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    # A millimetre closes what does not quite touch.
    return shapely.union_all(shapes, grid_size=0.001)


def shortened(told: Sequence[object], most: int = MOST_TOLD) -> str:
    """The first of many pages or parcels, and how many more there are."""
    more = f" … (+{len(told) - most})" if len(told) > most else ""
    return ", ".join(map(str, told[:most])) + more


def decimal(value: float, digits: int = 1) -> str:
    """A number as Vietnamese maps have it, with a decimal comma: 421,1."""
    return f"{value:.{digits}f}".replace(".", ",")


def grouped(value: float, digits: int = 2) -> str:
    """A number whose thousands no-break spaces part; a coordinate to the centimetre: 2 308 250,07."""
    return f"{value:,.{digits}f}".replace(",", "\u00a0").replace(".", ",")


def thousands(value: float) -> str:
    """A whole number: 2 308 250."""
    return grouped(value, 0)
