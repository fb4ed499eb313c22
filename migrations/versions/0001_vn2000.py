"""VN-2000 / TM-3 zones that PostGIS 3.3 does not know (EPSG 9205-9218).

Parameters: decision 05/2007/QĐ-BTNMT (as EPSG's "VN-2000 to WGS 84 (2)"), central meridians: circular
25/2014/TT-BTNMT, annex 2. As `+towgs84` (position vector) the rotations change their sign.
"""

import math

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None

MERIDIANS = {
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
TOWGS84 = "-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"

PROJ4 = (
    "+proj=tmerc +lat_0=0 +lon_0={lon} +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +towgs84={towgs84} +units=m +no_defs"
)
WKT = (
    'PROJCS["VN-2000 / TM-3 {name}",GEOGCS["VN-2000",DATUM["Vietnam_2000",SPHEROID["WGS 84",6378137,298.257223563,'
    'AUTHORITY["EPSG","7030"]],TOWGS84[{towgs84}],AUTHORITY["EPSG","6756"]],PRIMEM["Greenwich",0,'
    'AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4756"]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",{lon}],'
    'PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],'
    'UNIT["metre",1,AUTHORITY["EPSG","9001"]],AUTHORITY["EPSG","{srid}"]]'
)


def upgrade() -> None:
    """Add the zones where they are missing; a row that is there is left as the server has it."""
    for srid, lon in MERIDIANS.items():
        minutes, degrees = math.modf(lon)
        name = f"{degrees:.0f}-{minutes * 60:02.0f}"
        op.get_bind().execute(
            text(
                "INSERT INTO public.spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)"
                " VALUES (:srid, 'EPSG', :srid, :wkt, :proj4) ON CONFLICT (srid) DO NOTHING"
            ),
            {
                "srid": srid,
                "wkt": WKT.format(name=name, lon=f"{lon:g}", towgs84=TOWGS84, srid=srid),
                "proj4": PROJ4.format(lon=f"{lon:g}", towgs84=TOWGS84),
            },
        )


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
