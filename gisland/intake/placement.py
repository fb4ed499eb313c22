"""Is the file where its ward is? A wrong CRS is found by where it puts the parcels, and the right one by trying.

How far mistakes lie off: neighbour meridian 26 km, UTM instead of TM-3 78 km, X and Y swapped thousands of km.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

from gisland.errors import InputError, UsageError
from gisland.kit.crs import transformer
from gisland.registry.units import Unit

# Parcels of a ward may lie a little outside its outline (old borders, generalised outlines): 1 km is let pass.
MARGIN_M = 1_000
TM3_ZONES = [9205, 9206, 9207, 9208, 5897, 9209, 9210, 9211, 9212, 9213, 9214, 9215, 9216, 5899, 5898, 9217, 9218]
UTM_ZONES = [3405, 3406, 32648, 32649]
GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Extent:
    """Where parcels of a unit can lie: west, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, unit: Unit, sheet_crs: CRS) -> Extent:
        """The box of the unit's outline and a margin; without outline, the area of use of its sheets' CRS."""
        if unit.bounds is not None:
            west, south, east, north = unit.bounds
            high = MARGIN_M / 111_000
            wide = high / math.cos(math.radians((south + north) / 2))
            return cls(west - wide, south - high, east + wide, north + high)
        area = sheet_crs.area_of_use
        return cls(area.west, area.south, area.east, area.north) if area else cls(-180, -90, 180, 90)

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a point lies in it."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def in_crs(self, crs: CRS) -> tuple[float, float, float, float]:
        """The box around it in another CRS: left, bottom, right, top."""
        box = (self.west, self.south, self.east, self.north)
        bounds: tuple[float, float, float, float] = to_degrees(crs).transform_bounds(*box, direction="INVERSE")
        return bounds


def parse_crs(text: str) -> CRS:
    """A CRS from the command line.

    Raises:
        UsageError: there is no such CRS.
    """
    try:
        return CRS.from_user_input(f"EPSG:{text}" if text.isdigit() else text)
    except CRSError:
        raise UsageError(f"không có hệ toạ độ {text} · there is no CRS {text}", hint="--source-crs EPSG:9210") from None


def same_crs(one: CRS, other: CRS) -> bool:
    """Whether coordinates mean the same in both; a .prj names things in its own way."""
    if one.equals(other, ignore_axis_order=True):
        return True
    code = one.to_epsg()
    return code is not None and code == other.to_epsg()


def to_degrees(crs: CRS) -> Transformer:
    """From a CRS to longitude and latitude on WGS 84."""
    return transformer(crs, CRS.from_epsg(4326))


def crs_label(crs: CRS) -> str:
    """EPSG code, or the name where there is none."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


class Placement:
    """Checks that boxes of geometries lie where the unit is."""

    def __init__(self, unit: Unit, source_crs: CRS, sheet_crs: CRS, file: str) -> None:
        self.unit = unit
        self.source_crs = source_crs
        self.sheet_crs = sheet_crs
        self.file = file
        self.extent = Extent.of(unit, sheet_crs)
        self.box = self.extent.in_crs(source_crs)

    def outside(self, bounds: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Which of these boxes (rows of left, bottom, right, top in the source CRS) lie outside.

        Raises:
            InputError: most do, so it is the CRS that is wrong; names the one that fits.
        """
        left, bottom, right, top = self.box
        with np.errstate(invalid="ignore"):
            inside = (bounds[:, 0] >= left) & (bounds[:, 1] >= bottom) & (bounds[:, 2] <= right) & (bounds[:, 3] <= top)
        known = ~np.isnan(bounds[:, 0])
        if (known & ~inside).sum() > known.sum() / 2:
            x, y = np.median((bounds[known, :2] + bounds[known, 2:]) / 2, axis=0)
            raise self._wrong_crs(float(x), float(y))
        outside: np.ndarray[Any, Any] = known & ~inside
        return outside

    def distance_km(self, x: float, y: float) -> float | None:
        """How far a point lies from the middle of the unit, when it lies on the earth at all."""
        found = _degrees(self.source_crs, x, y)
        middle = ((self.extent.west + self.extent.east) / 2, (self.extent.south + self.extent.north) / 2)
        return _distance_km(found, middle) if found else None

    def _wrong_crs(self, x: float, y: float) -> InputError:
        here = _degrees(self.source_crs, x, y)
        fitting = self._fitting(x, y)
        kilometres = self.distance_km(x, y)
        hint = "cho đúng hệ toạ độ · state the right CRS: --source-crs EPSG:…"
        if fitting is not None:
            crs, swapped = fitting
            if swapped:
                hint = f"X và Y bị đảo, hãy đổi lại hai trục · X and Y are swapped ({crs_label(crs)})"
            else:
                hint = f"thử · try: --source-crs {crs_label(crs)}"
            truth = _degrees(crs, *((y, x) if swapped else (x, y)))
            kilometres = _distance_km(here, truth) if here and truth else None
        off = "" if kilometres is None else f" (lệch · off by {kilometres:,.0f} km)"
        return InputError(
            f"toạ độ nằm ngoài {self.unit.name} {self.unit.code}{off} theo {crs_label(self.source_crs)}"
            f" · the coordinates lie outside unit {self.unit.code}",
            hint=hint,
            file=self.file,
        )

    def _fitting(self, x: float, y: float) -> tuple[CRS, bool] | None:
        """The first likely CRS that puts a point into the unit, and whether its axes must be swapped."""
        likely = [self.sheet_crs, CRS.from_epsg(4326), *(CRS.from_epsg(code) for code in TM3_ZONES + UTM_ZONES)]
        for swapped in (False, True):
            for crs in likely:
                found = _degrees(crs, *((y, x) if swapped else (x, y)))
                if found and self.extent.holds(*found):
                    return crs, swapped
        return None


def _degrees(crs: CRS, x: float, y: float) -> tuple[float, float] | None:
    try:
        lon, lat = to_degrees(crs).transform(x, y, errcheck=True)
    except ProjError:
        return None
    on_earth = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 360 and abs(lat) <= 90
    return (lon, lat) if on_earth else None


def _distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(GEOD.inv(*one, *other)[2]) / 1000
