"""The official way from VN-2000 to WGS 84, everywhere in the country.

Left to itself PROJ, and with it ST_Transform, takes "VN-2000 to WGS 84 (1)", an oil field's operation, for places from
104.24° to 107.11° east and 9.35° to 11.04° north, since its area is the smaller one: from the Mekong delta to Hồ Chí Minh
City it is 0.8 m off decision 05/2007/QĐ-BTNMT. So each zone has a second entry, 900000 + its EPSG code, that no authority
names: PROJ has to take the parameters that it says. Geometries keep the EPSG code; the entry is for transformations only.
"""

import math

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"

MERIDIANS = {
    5896: 102.0,
    5897: 105.0,
    5898: 108.0,
    5899: 107.75,
    9205: 103.0,
    9206: 104.0,
    9207: 104.5,
    9208: 104.75,
    9209: 105.5,
    9210: 105.75,
    9211: 106.0,
    9212: 106.25,
    9213: 106.5,
    9214: 107.0,
    9215: 107.25,
    9216: 107.5,
    9217: 108.25,
    9218: 108.5,
}
OFFSET = 900_000
# As in migration 0001: as `+towgs84` (position vector) the rotations of the decision change their sign.
TOWGS84 = "-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"
PROJ4 = (
    "+proj=tmerc +lat_0=0 +lon_0={lon} +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +towgs84={towgs84} +units=m +no_defs"
)
WKT = (
    'PROJCS["VN-2000 / TM-3 {name} (05/2007)",GEOGCS["VN-2000",DATUM["Vietnam_2000",'
    'SPHEROID["WGS 84",6378137,298.257223563],TOWGS84[{towgs84}]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],'
    'PARAMETER["central_meridian",{lon}],PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)
# Frozen; the one in force is in sql/registry.sql.
FUNCTION = """
CREATE OR REPLACE FUNCTION registry.to_wgs84(geom geometry) RETURNS geometry LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ST_Transform(CASE WHEN ST_SRID(geom) IN ({srids}) THEN ST_SetSRID(geom, ST_SRID(geom) + 900000) ELSE geom END, 4326)
$$
"""
# Places that move by less than a millimetre stay as they are.
MOVE = """
ALTER TABLE registry.parcel DISABLE TRIGGER USER;
UPDATE registry.parcel SET geom_4326 = registry.to_wgs84(geom)
 WHERE NOT ST_DWithin(ST_PointN(ST_Boundary(ST_GeometryN(geom_4326, 1)), 1),
                      ST_PointN(ST_Boundary(ST_GeometryN(registry.to_wgs84(geom), 1)), 1), 1e-8);
ALTER TABLE registry.parcel ENABLE TRIGGER USER;
"""


def upgrade() -> None:
    """Add the entries, and move the WGS 84 copies of parcels where they were off. Layers are published anew after it."""
    for srid, lon in MERIDIANS.items():
        minutes, degrees = math.modf(lon)
        name = f"{degrees:.0f}-{minutes * 60:02.0f}"
        op.get_bind().execute(
            text(
                "INSERT INTO public.spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)"
                " VALUES (:srid, NULL, NULL, :wkt, :proj4) ON CONFLICT (srid) DO NOTHING"
            ),
            {
                "srid": OFFSET + srid,
                "wkt": WKT.format(name=name, lon=f"{lon:g}", towgs84=TOWGS84),
                "proj4": PROJ4.format(lon=f"{lon:g}", towgs84=TOWGS84),
            },
        )
    op.execute(FUNCTION.format(srids=", ".join(map(str, MERIDIANS))))
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(MOVE)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
