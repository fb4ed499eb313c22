"""The way from VN-2000 to WGS 84: the official one, wherever in the country."""

from __future__ import annotations

import pytest
from pyproj import Transformer

from gisland.errors import UsageError
from gisland.kit.crs import MERIDIANS, to_wgs84

# Decision 05/2007/QĐ-BTNMT, in the order and with the signs of +towgs84.
PARAMETERS = {
    "x": -191.90441429,
    "y": -39.30318279,
    "z": -111.45032835,
    "rx": 0.00928836,
    "ry": -0.01975479,
    "rz": 0.00427372,
    "s": 0.252906278,
}
MILLIMETRE = 0.9e-8  # of a degree of latitude, less than that of longitude


def official(meridian: float) -> Transformer:
    """The decision's seven parameters, written out."""
    shift = " ".join(f"+{name}={value}" for name, value in PARAMETERS.items())
    return Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0={meridian} +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84"
        f" +step +proj=cart +ellps=WGS84 +step +proj=helmert +convention=position_vector {shift}"
        " +step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


@pytest.mark.parametrize("srid", MERIDIANS)
# In the south PROJ left to itself takes another operation.
@pytest.mark.parametrize("north", [950_000, 1_050_000, 1_190_000, 1_300_000, 1_900_000, 2_308_288.245, 2_500_000])
def test_each_zone_from_south_to_north(srid: int, north: float) -> None:
    for east in (430_000, 500_000, 596_576.557):
        expected = official(MERIDIANS[srid]).transform(east, north)
        assert to_wgs84(srid).transform(east, north) == pytest.approx(expected, abs=MILLIMETRE)


def test_proj_left_to_itself_is_off_in_the_mekong_delta() -> None:
    """Why the operation is named. Should this fail, PROJ has learned better."""
    east, north = 560_000, 1_190_000
    left = Transformer.from_crs(9210, 4326, always_xy=True).transform(east, north)
    degrees = max(abs(a - b) for a, b in zip(left, to_wgs84(9210).transform(east, north), strict=True))
    assert degrees > 50 * MILLIMETRE


def test_zones_of_utm_and_planes_elsewhere() -> None:
    assert to_wgs84(3405).transform(675_000, 2_308_000) == pytest.approx((106.68, 20.86), abs=0.01)
    # Where Lambert-93 has its origin.
    assert to_wgs84(2154).transform(700_000, 6_600_000) == pytest.approx((3, 46.5), abs=MILLIMETRE)


@pytest.mark.parametrize(
    ("srid", "said"), [(4326, "no plane in metres"), (2263, "no plane in metres"), (999_999, "no CRS")]
)
def test_planes_that_will_not_do(srid: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        to_wgs84(srid)
