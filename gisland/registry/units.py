"""Administrative units (đơn vị hành chính): provinces and wards, each with the CRS of its cadastral sheets."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from psycopg import Connection
from pyproj import CRS

from gisland.audit import log
from gisland.errors import Conflict, InputError, NotFound, UsageError
from gisland.kit.crs import transformer
from gisland.kit.gdal import SUFFIXES, confined, source
from gisland.kit.text import clean_text, fold_tone_placement
from gisland.kit.uploads import check_upload
from gisland.registry.changes import ChangeKind, Why, begin


@dataclass(frozen=True)
class Unit:
    """A unit as it stands in the registry. `bounds` are west, south, east, north in degrees (CRS84)."""

    id: int
    level: str
    code: str
    name: str
    province: str | None
    srid: int | None
    area_km2: float | None
    bounds: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class NewUnit:
    """A unit to be added. `boundary` is in CRS84; `srid` is the EPSG code of its cadastral sheets."""

    code: str
    name: str
    level: str = "ward"
    province: str | None = None
    srid: int | None = None
    area_km2: float | None = None
    boundary: shapely.MultiPolygon | None = None


SELECT = """
    SELECT unit.id, unit.level, unit.code, unit.name, parent.code, unit.srid, unit.area_km2::float8,
           ST_XMin(unit.geom_4326), ST_YMin(unit.geom_4326), ST_XMax(unit.geom_4326), ST_YMax(unit.geom_4326)
      FROM registry.unit LEFT JOIN registry.unit parent ON parent.id = unit.parent_id
     WHERE unit.valid_to IS NULL
"""
IN_FORCE = "SELECT 1 FROM registry.unit WHERE level = %s AND code = %s AND valid_to IS NULL"
INSERT = """
    INSERT INTO registry.unit (level, code, name, parent_id, srid, area_km2, geom_4326)
    VALUES (%s, %s, %s, (SELECT id FROM registry.unit WHERE level = 'province' AND code = %s AND valid_to IS NULL),
            %s, %s, ST_GeomFromEWKB(%s))
    ON CONFLICT (level, code) WHERE valid_to IS NULL DO NOTHING RETURNING id
"""
# What is not said (NULL) is not compared: adding a unit again without its boundary is no contradiction. Nor does what
# is said contradict a ward that a reform brought and that nobody has used yet.
DIFFERENCES = """
    SELECT array_remove(ARRAY[
             CASE WHEN srid IS DISTINCT FROM coalesce(%(srid)s, srid) AND (used OR srid IS NOT NULL) THEN 'srid' END,
             CASE WHEN %(province)s::text IS NOT NULL AND (used OR parent_id IS NOT NULL) AND parent_id IS DISTINCT FROM
                  (SELECT id FROM registry.unit WHERE level = 'province' AND code = %(province)s AND valid_to IS NULL)
                  THEN 'province' END,
             CASE WHEN area_km2 IS DISTINCT FROM coalesce(%(area)s::numeric(10, 4), area_km2)
                   AND (used OR area_km2 IS NOT NULL) THEN 'area-km2' END,
             CASE WHEN %(boundary)s::bytea IS NOT NULL AND (used OR geom_4326 IS NOT NULL) AND (geom_4326 IS NULL
                    OR NOT ST_OrderingEquals(geom_4326, ST_GeomFromEWKB(%(boundary)s))) THEN 'boundary' END
           ], NULL)
      FROM (SELECT *, level <> 'ward' OR srid IS NOT NULL AS used FROM registry.unit WHERE id = %(id)s) unit
"""
TAKE_INTO_USE = """
    UPDATE registry.unit
       SET srid = %(srid)s, area_km2 = coalesce(area_km2, %(area)s),
           geom_4326 = coalesce(geom_4326, ST_GeomFromEWKB(%(boundary)s)),
           parent_id = coalesce(parent_id, (SELECT id FROM registry.unit
                                             WHERE level = 'province' AND code = %(province)s AND valid_to IS NULL))
     WHERE id = %(id)s AND level = 'ward' AND srid IS NULL RETURNING id
"""
_KIND = re.compile(r"^(?:phường|xã|đặc khu|thị trấn|tỉnh|thành phố) (?=\S)")


def list_units(connection: Connection) -> list[Unit]:
    """The units in force, provinces first, by code."""
    rows = connection.execute(SELECT + " ORDER BY unit.level, unit.code").fetchall()
    return [_unit(row) for row in rows]


def find_unit(connection: Connection, code: str, level: str = "ward") -> Unit:
    """The unit that bears a code today.

    Raises:
        NotFound: no unit in force has this code.
    """
    row = connection.execute(SELECT + " AND unit.level = %s AND unit.code = %s", [level, code]).fetchone()
    if row is None:
        raise no_unit(code)
    return _unit(row)


def no_unit(code: str) -> NotFound:
    """There is no such unit, or none for whoever asks: the words are the same."""
    return NotFound(
        f"chưa có đơn vị {code} · there is no unit {code}", hint=f"gisland unit add {code} --name … --srid …"
    )


def add_unit(connection: Connection, new: NewUnit, by: str) -> tuple[Unit, bool]:
    """Add a unit, once: adding the same again changes nothing. A ward that a reform brought is taken into use by it.

    Returns:
        The unit, and whether anything was written.

    Raises:
        Conflict: the code is there with other content.
        NotFound: the province is not there.
        UsageError: a ward without CRS, or a CRS that the database does not know.
    """
    if new.level == "ward" and new.srid is None:
        raise UsageError(
            "phường/xã cần hệ toạ độ của tờ bản đồ · a ward needs the CRS of its sheets", hint="--srid 9210"
        )
    if new.srid and not connection.execute("SELECT 1 FROM spatial_ref_sys WHERE srid = %s", [new.srid]).fetchone():
        raise UsageError(f"không có hệ toạ độ EPSG:{new.srid} · there is no CRS EPSG:{new.srid}", hint="--srid 9210")
    if new.province is not None:
        find_unit(connection, new.province, "province")
    boundary = None if new.boundary is None else shapely.to_wkb(shapely.set_srid(new.boundary, 4326), include_srid=True)
    values = [new.level, new.code, new.name, new.province, new.srid, new.area_km2, boundary]
    if connection.execute(IN_FORCE, [new.level, new.code]).fetchone():
        return _known_unit(connection, new, boundary, by)
    begin(connection, ChangeKind.CREATE, Why(reason=f"unit {new.code}"), by=by, ward_id=None)
    if connection.execute(INSERT, values).fetchone() is None:
        # Another transaction has added it at this very moment.
        raise Conflict(f"đơn vị {new.code} đang được thêm · unit {new.code} is being added", hint="gisland unit list")
    unit = find_unit(connection, new.code, new.level)
    log.record(connection, by, log.Tag.UNIT_ADDED, ward_id=unit.id, object_id=new.code)
    return unit, True


def read_boundary(path: Path, code: str) -> shapely.MultiPolygon:
    """The boundary of a unit from a file, in CRS84; of several features, the one whose `code` is the unit's.

    Raises:
        NotFound: there is no such file.
        InputError: the file cannot be read, or has no valid polygon for this code.
    """
    import pyogrio  # not for every command: half a second where pandas is installed, which it takes along
    from pyogrio.errors import DataLayerError, DataSourceError

    check_upload(path, SUFFIXES)
    try:
        with warnings.catch_warnings(action="ignore"), confined():
            meta, _, geometries, columns = pyogrio.raw.read(source(path))
    except (DataSourceError, DataLayerError):
        raise InputError(
            "không đọc được tệp ranh giới · the boundary file cannot be read", hint="GeoJSON", file=path.name
        ) from None
    fields = dict(zip(meta["fields"], columns, strict=True))
    wanted = np.ones(len(geometries), dtype=bool)
    if len(geometries) > 1 and "code" in fields:
        wanted = np.array([str(value) == code for value in fields["code"]])
    shapes = shapely.from_wkb(geometries[wanted])
    if len(shapes) != 1:
        raise InputError(
            f"có {len(shapes)} ranh giới cho {code}, cần đúng 1 · {len(shapes)} boundaries for {code}, one is needed",
            hint="một đối tượng, hoặc thuộc tính code · one feature, or a property code",
            file=path.name,
        )
    parts = [part for part in shapely.get_parts(shapes) if isinstance(part, shapely.Polygon)]
    shape = shapely.force_2d(shapely.MultiPolygon(parts))
    crs = CRS.from_user_input(meta["crs"] or "OGC:CRS84")
    if not crs.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        to_degrees = transformer(crs, CRS.from_epsg(4326)).transform
        shape = shapely.transform(shape, to_degrees, interleaved=False)
    return _checked(shape, path.name)


def bbox_boundary(text: str) -> shapely.MultiPolygon:
    """A boundary from `minlon,minlat,maxlon,maxlat` in degrees, for a unit whose real one is not at hand.

    Raises:
        UsageError: these are not four numbers that make a box on the earth.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--bbox {text!r}: không phải khung kinh vĩ độ · is no box", hint="--bbox minlon,minlat,maxlon,maxlat"
        ) from None
    return shapely.MultiPolygon([shapely.box(west, south, east, north)])


def _checked(shape: shapely.MultiPolygon, file: str) -> shapely.MultiPolygon:
    if shape.is_empty or not shapely.is_valid(shape):
        reason = "rỗng · empty" if shape.is_empty else shapely.is_valid_reason(shape)
        raise InputError(f"ranh giới hỏng · the boundary is broken: {reason}", file=file)
    west, south, east, north = shape.bounds
    if not (west >= -180 and south >= -90 and east <= 180 and north <= 90):
        raise InputError(
            "ranh giới không phải kinh vĩ độ · the boundary is not in degrees",
            hint="ghi hệ toạ độ vào tệp · state the CRS in the file",
            file=file,
        )
    return shape


def same_name(one: str, other: str) -> bool:
    """Whether two names are of one unit: Hồng Bàng is Phường Hồng Bàng, Xã Lộc Ninh is not Phường Lộc Ninh."""
    one, other = (fold_tone_placement(clean_text(name).casefold()) for name in (one, other))
    return one == other or one == _KIND.sub("", other) or _KIND.sub("", one) == other


def _known_unit(connection: Connection, new: NewUnit, boundary: bytes | None, by: str) -> tuple[Unit, bool]:
    unit = find_unit(connection, new.code, new.level)
    values = {
        "id": unit.id,
        "srid": new.srid,
        "province": new.province,
        "area": new.area_km2,
        "boundary": boundary,
    }
    row = connection.execute(DIFFERENCES, values).fetchone()
    assert row is not None
    differences = ([] if same_name(unit.name, new.name) else ["name"]) + row[0]
    if differences:
        raise Conflict(
            f"đơn vị {new.code} đã có với nội dung khác"
            f" · unit {new.code} is there with another {', '.join(differences)}",
            hint="gisland unit list",
        )
    if unit.level != "ward" or unit.srid is not None:
        return unit, False
    begin(connection, ChangeKind.CORRECT, Why(reason=f"unit {new.code}"), by=by, ward_id=unit.id)
    written = connection.execute(TAKE_INTO_USE, values).fetchone() is not None
    log.record(connection, by, log.Tag.UNIT_ADDED, ward_id=unit.id, object_id=new.code)
    return find_unit(connection, new.code, new.level), written


def _unit(row: tuple[object, ...]) -> Unit:
    bounds = None if row[7] is None else tuple(row[7:11])
    return Unit(*row[:7], bounds)  # type: ignore[arg-type, call-arg]  # a row of SELECT, column by column
