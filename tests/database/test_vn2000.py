"""VN-2000 after migration: the results count, since PostGIS may take PROJ's operation instead of the row's text."""

from __future__ import annotations

import pytest
from psycopg import Connection
from pyproj import CRS, Transformer

from gisland.kit.crs import MERIDIANS, to_wgs84, transformer
from tests.factories import make_parcel, make_sheet, make_ward, one

# A point at Hải Phòng (EPSG:9210) and its WGS 84 place, to 1e-8 degrees (about 1 mm).
EAST, NORTH, LON, LAT = 596576.557, 2308288.245, 106.68, 20.865
PARAMETERS = (
    "+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m +no_defs +towgs84={}"
)
RIGHT = "-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"


def test_known_point(undone_connection: Connection) -> None:
    query = "SELECT ST_X(g), ST_Y(g) FROM ST_Transform(ST_SetSRID(ST_Point(%s, %s), 9210), 4326) g"
    assert undone_connection.execute(query, [EAST, NORTH]).fetchone() == pytest.approx((LON, LAT), abs=1e-8)


# Hải Phòng, the south (where PROJ alone takes an oil field's operation), Cà Mau.
PLACES = ((EAST, NORTH), (600_000.0, 1_190_000.0), (430_000.0, 1_200_000.0), (520_000.0, 1_010_000.0))
OFFICIAL = (
    "+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0={} +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84"
    " +step +proj=cart +ellps=WGS84 +step +proj=helmert +x=-191.90441429 +y=-39.30318279 +z=-111.45032835"
    " +rx=-0.00928836 +ry=0.01975479 +rz=-0.00427372 +s=0.252906278 +convention=coordinate_frame"
    " +step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)


@pytest.mark.parametrize("srid", MERIDIANS)
def test_each_zone_goes_to_wgs84_as_the_decision_says(undone_connection: Connection, srid: int) -> None:
    query = "SELECT ST_X(g), ST_Y(g) FROM registry.to_wgs84(ST_SetSRID(ST_Point(%s, %s), %s)) g"
    official = Transformer.from_pipeline(OFFICIAL.format(MERIDIANS[srid]))
    for place in PLACES:
        expected = official.transform(*place)
        assert undone_connection.execute(query, [*place, srid]).fetchone() == pytest.approx(expected, abs=1e-9)
        assert to_wgs84(srid).transform(*place) == pytest.approx(expected, abs=1e-9)
        back = transformer(CRS.from_epsg(4326), CRS.from_epsg(srid)).transform(*expected)
        assert back == pytest.approx(place, abs=0.002)  # the inverse of a Helmert transformation is no exact one


def test_left_to_itself_proj_would_be_off_in_the_south(undone_connection: Connection) -> None:
    """Why there is `registry.to_wgs84`; where PROJ has learned better, it may go."""
    query = """
        SELECT ST_Distance(ST_Transform(p, 4326)::geography, registry.to_wgs84(p)::geography)
          FROM ST_SetSRID(ST_Point(600000, 1190000), 9210) p
    """
    assert one(undone_connection, query) == pytest.approx(0.8, abs=0.05)


def test_a_parcel_in_the_south_lies_where_it_is(undone_connection: Connection) -> None:
    ward = make_ward(undone_connection)
    parcel = make_parcel(undone_connection, ward, make_sheet(undone_connection, ward))
    query = """
        UPDATE registry.parcel SET geom = ST_MakeEnvelope(600000, 1190000, 600010, 1190010, 9210) WHERE id = %s
        RETURNING ST_X(ST_StartPoint(ST_ExteriorRing(geom_4326))), ST_Y(ST_StartPoint(ST_ExteriorRing(geom_4326)))
    """
    corner = Transformer.from_pipeline(OFFICIAL.format(105.75)).transform(600_000, 1_190_000)
    found = undone_connection.execute(query, [parcel]).fetchone()
    assert found == pytest.approx(corner, abs=1e-9)


@pytest.mark.parametrize("srid", MERIDIANS)
def test_text_of_each_zone_means_the_same(undone_connection: Connection, srid: int) -> None:
    query = """
        SELECT ST_Distance(ST_Transform(p, 4326)::geography,
                           ST_Transform(ST_SetSRID(p, 0), proj4text, 4326)::geography)
          FROM spatial_ref_sys, ST_SetSRID(ST_Point(%s, %s), %s) p WHERE srid = %s
    """
    assert one(undone_connection, query, EAST, NORTH, srid, srid) < 0.001


def moved(connection: Connection, wrong: str, *values: object) -> float:
    """Metres between the right place of the point and that which a mistake gives."""
    query = f"""
        SELECT ST_Distance(({wrong})::geography,
                           ST_Transform(ST_SetSRID(ST_Point({EAST}, {NORTH}), 9210), 4326)::geography)
    """
    return float(one(connection, query, *values))


@pytest.mark.parametrize(
    ("towgs84", "metres"),
    [
        ("-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278", 0.75),
        ("-192.873,-39.382,-111.202,-0.00205,-0.0005,0.00335,0.0188", 0.69),
        ("0,0,0", 224),
        ("191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278", 370),
        (RIGHT, 0),
    ],
    ids=["wrong rotation sign", "operation (1)", "no datum shift", "wrong sign of dX", "right"],
)
def test_mistakes_with_the_datum_are_told_apart(undone_connection: Connection, towgs84: str, metres: float) -> None:
    wrong = f"ST_Transform(ST_Point({EAST}, {NORTH}), '{PARAMETERS.format(towgs84)}', 4326)"
    assert moved(undone_connection, wrong) == pytest.approx(metres, rel=0.01, abs=0.001)


@pytest.mark.parametrize(("srid", "metres"), [(9209, 26_000), (3405, 78_000)], ids=["next meridian", "UTM"])
def test_mistakes_with_the_zone_are_told_apart(undone_connection: Connection, srid: int, metres: float) -> None:
    wrong = f"ST_Transform(ST_SetSRID(ST_Point({EAST}, {NORTH}), {srid}), 4326)"
    assert moved(undone_connection, wrong) == pytest.approx(metres, rel=0.01)
