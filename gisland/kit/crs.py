"""VN-2000: the zones of the cadastral map (circular 25/2014/TT-BTNMT, annex 2), and the official way to WGS 84."""

from __future__ import annotations

from functools import lru_cache

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from pyproj.transformer import TransformerGroup

from gisland.errors import UsageError

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
"""What the URI of a CRS of EPSG begins with; its code follows."""
VN_2000 = 4756
# EPSG:6960, the parameters of decision 05/2007/QĐ-BTNMT.
OFFICIAL = "VN-2000 to WGS 84 (2)"

# EPSG code of each VN-2000 / TM-3 zone → its central meridian, degrees east.
MERIDIANS = {
    5896: 102.0,
    9205: 103.0,
    9206: 104.0,
    9207: 104.5,
    9208: 104.75,
    5897: 105.0,
    9209: 105.5,
    9210: 105.75,
    9211: 106.0,
    9212: 106.25,
    9213: 106.5,
    9214: 107.0,
    9215: 107.25,
    9216: 107.5,
    5899: 107.75,
    5898: 108.0,
    9217: 108.25,
    9218: 108.5,
}


def transformer(source: CRS, target: CRS) -> Transformer:
    """From one CRS to another, x before y; where the datum of VN-2000 is left or reached, by the official operation.

    Left to itself, PROJ takes that of an oil field in the south, see `to_wgs84`.
    """
    datums = {_datum(source), _datum(target)}
    if VN_2000 not in datums or len(datums) == 1:
        return Transformer.from_crs(source, target, always_xy=True)
    operations = TransformerGroup(source, target, always_xy=True).transformers
    official = (each for each in operations if OFFICIAL in each.description)
    return next(official, None) or Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=256)
def between(source: int, target: int) -> Transformer:
    """The same from one EPSG code to another: to make one takes 10 ms, which is longer than a page of features takes.

    What is kept may be used by any thread (pyproj 3.1 and later).
    """
    return transformer(CRS.from_epsg(source), CRS.from_epsg(target))


def _datum(crs: CRS) -> int | None:
    code: int | None = crs.geodetic_crs.to_epsg() if crs.geodetic_crs is not None else None
    return code


@lru_cache(maxsize=64)
def to_wgs84(srid: int) -> Transformer:
    """From a plane in metres (EPSG code) to longitude and latitude in WGS 84.

    For VN-2000 always the official operation. Left to itself, PROJ takes that of an oil field, "VN-2000 to WGS 84 (1)",
    for places from 104.24° to 107.11° east and 9.35° to 11.04° north, since its area is the smaller one: there, from
    the Mekong delta to Hồ Chí Minh City, it is 0.8 m off.

    Raises:
        UsageError: there is no such CRS, or it is no plane in metres.
    """
    try:
        crs = CRS.from_epsg(srid)
    except CRSError:
        raise UsageError(f"không có hệ toạ độ EPSG:{srid} · there is no CRS EPSG:{srid}") from None
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise UsageError(
            f"EPSG:{srid} không phải hệ toạ độ phẳng tính bằng mét · EPSG:{srid} is no plane in metres",
            hint="VN-2000 / TM-3: EPSG:9210, …",
        )
    return transformer(crs, CRS.from_epsg(4326))
