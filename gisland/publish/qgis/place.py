"""Where a project is: the ward, its zone of VN-2000, and the extent of its parcels."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

from gisland.catalogue import Layer
from gisland.database import Role, connect
from gisland.kit.crs import to_wgs84
from gisland.registry.units import Unit, find_unit
from gisland.settings import Settings

# Vietnam in degrees, while there is no parcel at all, and a plane in metres, while there is no ward.
COUNTRY = (102.1, 8.2, 109.6, 23.4)
WEB_MERCATOR = 3857
# Room around the parcels, as share of their extent.
MARGIN = 0.03

Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True)
class Place:
    """Where a project is. Without a ward it shows all of them, in the zone of the largest."""

    ward: str | None
    """Code of the ward."""
    name: str
    srid: int
    """EPSG code of the CRS of the project."""
    extent: Box
    """In that CRS."""


def find_place(settings: Settings, layer: Layer, ward: str | None) -> Place:
    """The place of a ward, or of all wards.

    Args:
        settings: where the database is.
        layer: a public layer whose `extents_by` is the code of the ward.
        ward: code of the ward.

    Raises:
        NotFound: there is no such ward.
    """
    with connect(settings, Role.PUBLIC) as connection:
        _limit(connection, settings)
        largest = ward or _largest_ward(connection, layer)
    unit: Unit | None = None
    if largest is not None:
        with connect(settings, Role.APP) as connection:
            unit = find_unit(connection, largest)
    with connect(settings, Role.PUBLIC) as connection:
        _limit(connection, settings)
        box = _extent(connection, layer, ward) or (unit.bounds if unit is not None else None) or COUNTRY
    srid = (unit.srid if unit is not None else None) or WEB_MERCATOR
    return Place(ward, unit.name if unit is not None and ward is not None else "", srid, _in_plane(box, srid))


def _limit(connection: Connection, settings: Settings) -> None:
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(settings.statement_timeout_ms)])


def _largest_ward(connection: Connection, layer: Layer) -> str | None:
    query = f"""
        SELECT {layer.extents_by} FROM {layer.target_schema}.{layer.table}
         GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"""  # noqa: S608 - names that the catalogue checked
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row is not None else None


def _extent(connection: Connection, layer: Layer, ward: str | None) -> Box | None:
    """In degrees."""
    where = f"WHERE {layer.extents_by} = %s" if ward is not None else ""
    query = f"""
        SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
          FROM (SELECT ST_Extent({layer.geometry}) AS box FROM {layer.target_schema}.{layer.table} {where}) found"""  # noqa: S608 - names that the catalogue checked
    row = connection.execute(query.encode(), [ward] if ward is not None else None).fetchone()
    return row if row is not None and row[0] is not None else None


def _in_plane(degrees: Box, srid: int) -> Box:
    """The box around a box in degrees, with some room, in metres."""
    west, south, east, north = to_wgs84(srid).transform_bounds(*degrees, direction="INVERSE")
    across, up = (east - west) * MARGIN, (north - south) * MARGIN
    return round(west - across, 1), round(south - up, 1), round(east + across, 1), round(north + up, 1)
