"""The CRSs that features are offered in (OGC API – Features, Part 2): their names, and the order of their axes.

    CRS84       longitude, latitude   as the finished GeoJSON of a layer has it, 7 decimals (1 cm)
    EPSG:4326   latitude, longitude   the same, 7 decimals
    EPSG:3857   east, north           3 decimals
    VN-2000     east, north           each plane in use; a feature that was surveyed on it as it was surveyed, to the
                                      last bit; others transformed by decision 05/2007/QĐ-BTNMT, 4 decimals (0.1 mm)

Axes are in the order of EPSG's definition of a CRS, which for the zones of VN-2000 is east, north (what Vietnamese maps
write as Y, X). FlatGeobuf and GeoPackage know one order only: east, north and longitude, latitude.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gisland.errors import UsageError
from gisland.kit.crs import EPSG, between

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    from gisland.catalogue import Layer


CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
EPSG4326 = f"{EPSG}4326"
EPSG3857 = f"{EPSG}3857"

# A straight side of a box on a plane is a bow in degrees: it gets so many corners that the bow is met to 0.1 mm, and 64
# at most. It rises over its chord by less than the square of its length in metres times this.
SIDE_POINTS, BOW, BOW_METRES = 64, 1 / (8 * 6_378_137), 0.0001
# For so long a worker knows which planes are in use; one that it does not know it looks up at once.
PLANES_SECONDS = 60

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class OfferedCrs:
    """A CRS that features are offered in."""

    uri: str
    srid: int
    flipped: bool = False
    """Whether north comes before east."""
    decimals: int = 7

    @property
    def as_stored(self) -> bool:
        """Whether the finished GeoJSON is in it."""
        return self.uri == CRS84

    @property
    def plane(self) -> bool:
        """Whether it is one of the planes that features are surveyed on."""
        return self.srid not in {4326, 3857}

    @property
    def authority(self) -> str:
        """Its name for GDAL, where axes are always east, north."""
        return f"EPSG:{self.srid}"


WGS84 = OfferedCrs(CRS84, 4326)
LATITUDE_FIRST = OfferedCrs(EPSG4326, 4326, flipped=True)
MERCATOR = OfferedCrs(EPSG3857, 3857, decimals=3)
ALWAYS = {each.uri: each for each in (WGS84, LATITUDE_FIRST, MERCATOR)}


@lru_cache(maxsize=100)
def plane(srid: int) -> OfferedCrs:
    """The plane with an EPSG code, with the axes of its definition."""
    try:
        north_first = CRS.from_epsg(srid).axis_info[0].direction == "north"
    except (CRSError, IndexError):
        north_first = False
    return OfferedCrs(f"{EPSG}{srid}", srid, flipped=north_first, decimals=4)


@dataclass(frozen=True)
class Planes:
    """The planes that a layer is offered in, and those that its own geometries lie on (EPSG codes)."""

    offered: tuple[int, ...] = ()
    own: tuple[int, ...] = ()

    @property
    def uris(self) -> list[str]:
        """All CRSs of the layer."""
        return [*ALWAYS, *(plane(srid).uri for srid in self.offered)]

    @property
    def storage(self) -> str:
        """The CRS of the coordinates as they were surveyed: CRS84 where they lie on several planes, or on none."""
        return plane(self.own[0]).uri if len(self.own) == 1 else CRS84

    def find(self, uri: str, parameter: str) -> OfferedCrs:
        """The CRS with this URI.

        Raises:
            UsageError: the layer is not offered in it.
        """
        found = ALWAYS.get(uri) or next((each for each in map(plane, self.offered) if each.uri == uri), None)
        if found is None:
            raise UsageError(
                "không có hệ tọa độ này · this CRS is not offered",
                hint=f"one of: {', '.join(self.uris)}",
                parameter=parameter,
            )
        return found


NO_PLANES = Planes()


class KnownPlanes:
    """The planes of layers that a worker has read, at most a minute ago."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Planes]] = {}

    def find(self, layer: Layer, wanted: frozenset[str] = frozenset()) -> Planes | None:
        """The planes of a layer; None when they must be read (again).

        Args:
            layer: the layer.
            wanted: URIs of CRSs that were asked for; where one is not among the known, it is to be looked again.
        """
        until, planes = self._known.get(layer.id, (0.0, NO_PLANES))
        return planes if until > time.monotonic() and wanted <= {*planes.uris, CRS84H} else None

    async def read(self, connection: AsyncConnection, layer: Layer) -> Planes:
        """Read the planes of a layer, as whoever asks."""
        row = await (await connection.execute("SELECT offered, own FROM publish.planes(%s)", [layer.id])).fetchone()
        assert row is not None
        planes = Planes(tuple(row[0] or ()), tuple(row[1] or ()))
        self._known[layer.id] = (time.monotonic() + PLANES_SECONDS, planes)
        return planes


def to_degrees(box: Box, crs: OfferedCrs) -> Box:
    """A box of Web Mercator in degrees: its sides are meridians and parallels.

    Raises:
        UsageError: it lies beyond the plane.
    """
    west, south, east, north = box
    x, y = between(crs.srid, 4326).transform([west, east], [south, north])
    found = (x[0], y[0], x[1], y[1])
    if not np.isfinite(found).all():
        raise UsageError(
            "nằm ngoài phạm vi hệ tọa độ · it lies beyond the CRS",
            hint="metres, west,south,east,north",
            parameter="bbox",
        )
    return found


class Region(NamedTuple):
    """A box of a plane, in degrees (CRS84): its sides are no meridians and parallels."""

    shape: str
    """Hexadecimal EWKB."""
    outer: Box
    """What lies outside of this box lies outside of it."""
    inner: Box
    """What lies within this box lies within it; `NOWHERE` when there is none that is sure."""


NOWHERE = (1000.0, 1000.0, 1000.0, 1000.0)


def region_of(box: Box, crs: OfferedCrs) -> Region:
    """A box of a plane in degrees.

    Raises:
        UsageError: it lies beyond the plane.
    """
    shape: shapely.Geometry = shapely.box(*box)
    longest = max(box[2] - box[0], box[3] - box[1])
    if shape.area:
        corners = min(SIDE_POINTS, math.ceil(longest * math.sqrt(BOW / BOW_METRES)))
        shape = shapely.segmentize(shape, longest / corners)
    else:
        # Without width or height it is a line or a point.
        shape = shapely.LineString([box[:2], box[2:]]) if longest else shapely.Point(box[:2])
    change = between(crs.srid, 4326)
    places = shapely.transform(shape, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(shapely.get_coordinates(places)).all():
        raise UsageError(
            "nằm ngoài phạm vi hệ tọa độ · it lies beyond the CRS",
            hint="metres, in the order of its axes",
            parameter="bbox",
        )
    text = str(shapely.to_wkb(shapely.set_srid(places, 4326), hex=True, include_srid=True))
    west, south, east, north = (float(each) for each in shapely.bounds(places))
    return Region(text, (west, south, east, north), _within(box, shapely.get_coordinates(shape), places))


def _within(box: Box, on_plane: NDArray[np.float64], places: shapely.Geometry) -> Box:
    """A box in degrees within the polygon `places`, which is a box on its plane with the corners `on_plane`."""
    if not isinstance(places, shapely.Polygon):
        return NOWHERE
    x, y = on_plane.T
    longitudes, latitudes = shapely.get_coordinates(places).T
    west, east = longitudes[x == box[0]].max(), longitudes[x == box[2]].min()
    south, north = latitudes[y == box[1]].max(), latitudes[y == box[3]].min()
    # No side of the polygon enters it; so it lies within as soon as any point of it does.
    sure = west < east and south < north and places.contains(shapely.Point((west + east) / 2, (south + north) / 2))
    return (float(west), float(south), float(east), float(north)) if sure else NOWHERE
