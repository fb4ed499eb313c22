"""Reading a group from the registry: one snapshot, within the rows that the reader reaches."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, LiteralString

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import namedtuple_row

from gisland.database import EVERYWHERE, current_scope
from gisland.database.scope import SET_SCOPE
from gisland.database.statements import statements
from gisland.errors import NotFound, UsageError
from gisland.kit.crs import between, to_wgs84
from gisland.kit.text import clean_text
from gisland.palette import Palette
from gisland.printing.model import Floats, Geometries, Group, Parcel

SQL = statements("gisland.printing", "read.sql")
Row = Any
OF_PERSONS = frozenset({"id"})
"""What is missing of a holder, not of the land or its papers."""


def read_group(connection: Connection, place: Row, *, names: bool) -> Group:
    """A group without what lies around it.

    Args:
        connection: a transaction as `gisland_app` that sees one snapshot.
        place: the group, see `find_group`.
        names: whether the reader may see the names of holders.

    Raises:
        NotFound: none of its parcels is within reach.
    """
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["parcels"], {"group": place.group_id, "names": names}).fetchall()
    if not rows:
        raise NotFound(
            f"tổ {place.group_code} không có thửa đất nào · group {place.group_code} has no parcel",
            hint="kiểm tra cột tổ dân phố khi nhận thửa · see the groups of the parcels that were taken in",
        )
    srid = Counter(row.srid for row in rows).most_common(1)[0][0]
    shapes = in_plane([row.shape for row in rows], np.array([row.srid for row in rows]), srid)
    version, at = read_version(connection)
    return Group(
        ward_id=place.ward_id,
        ward_code=place.ward_code,
        ward_name=clean_text(place.ward_name),
        province=clean_text(place.province),
        code=place.group_code,
        name=clean_text(place.group_name),
        srid=srid,
        version=version,
        at=at,
        parcels=tuple(_parcel(row, srid) for row in rows),
        shapes=shapes,
        neighbours=np.empty(0, dtype=object),
        neighbour_numbers=(),
    )


def told_of(group: Group, palette: Palette, *, exact: bool) -> Group:
    """A group as it is told to a reader: without exact statuses nothing says what is wrong with a person."""
    if exact:
        return group
    parcels = [
        replace(
            parcel,
            status=palette.class_of(parcel.status, exact=False),
            missing=tuple(each for each in parcel.missing if each not in OF_PERSONS),
        )
        for parcel in group.parcels
    ]
    return replace(group, parcels=tuple(parcels))


def read_version(connection: Connection) -> tuple[int, datetime]:
    """The data version, and its time."""
    row = connection.execute(SQL["version"]).fetchone()
    assert row is not None
    return row[0], row[1]


def read_neighbours(connection: Connection, place: Row, srid: int, frames: Geometries) -> tuple[Geometries, list[str]]:
    """Parcels of other groups that touch one of the map frames, with their numbers.

    Args:
        connection: the same transaction.
        place: the group that they are not of, see `find_group`.
        srid: the plane of the print.
        frames: rectangles in that plane.
    """
    shapes, rows = read_around(connection, SQL["neighbours"], {"group": place.group_id}, srid, frames)
    return shapes, [row.parcel_no for row in rows]


def read_around(
    connection: Connection, statement: LiteralString, values: dict[str, Any], srid: int, frames: Any
) -> tuple[Geometries, list[Row]]:
    """Parcels that touch one of the frames, of whichever ward: their shapes in the plane of the print, and their rows.

    Outline and number are public (layer `parcels`), so a paper shows the same around, whoever prints it.

    Args:
        connection: the same transaction.
        statement: finds them in a box (`west` … `north`, EPSG:4326); its rows have `shape` (WKB) and `srid`.
        values: what else it is given.
        srid: the plane of the print.
        frames: rectangles in that plane, or one.
    """
    around = shapely.from_wkb(shapely.to_wkb(shapely.union_all(frames)))
    rows = read_all(connection, statement, degrees_around(around, srid) | values)
    shapes = in_plane([row.shape for row in rows], np.array([row.srid for row in rows], dtype=int), srid)
    shapely.prepare(around)
    near = shapely.intersects(around, shapes) if len(rows) else np.empty(0, dtype=bool)
    return shapes[near], [row for row, kept in zip(rows, near, strict=True) if kept]


def degrees_around(shape: shapely.Geometry, srid: int) -> dict[str, float]:
    """The rectangle in degrees (EPSG:4326) around a shape on a plane."""
    corners = shapely.get_coordinates(shapely.envelope(shape))
    east, north = to_wgs84(srid).transform(corners[:, 0], corners[:, 1])
    return {"west": min(east), "east": max(east), "south": min(north), "north": max(north)}


def read_all(connection: Connection, statement: LiteralString, values: dict[str, Any]) -> list[Row]:
    """Rows beyond the scope of the transaction, which is as it was afterwards.

    For statements that read what is public, or what belongs to a record that was found within the scope.
    """
    connection.execute(SET_SCOPE, EVERYWHERE.values())
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(statement, values).fetchall()
    connection.execute(SET_SCOPE, current_scope().values())
    return rows


def sheet_and_number(key: str) -> tuple[str, str]:
    """The two parts of what a parcel is named by: 5/12.

    Raises:
        UsageError: it is not written so.
    """
    sheet, _, number = (part.strip() for part in key.partition("/"))
    if not (sheet and number) or "/" in number:
        raise UsageError(
            "thửa đất: số tờ/số thửa · a parcel is named by sheet and number", hint="5/12", parameter="parcel"
        )
    return sheet, number


def full_number(row: Row) -> str:
    """Sheet and number of a parcel: 5/12."""
    return f"{clean_text(row.sheet_no)}/{clean_text(row.parcel_no)}"


def in_plane(wkb: list[bytes], srids: Any, srid: int) -> Geometries:
    """Shapes in one plane; those of another zone are brought over."""
    shapes: Geometries = shapely.from_wkb(np.array(wkb, dtype=object)) if wkb else np.empty(0, dtype=object)
    for other in sorted(set(srids.tolist()) - {srid}):
        over = between(other, srid)

        def moved(xy: Floats, over: Any = over) -> Floats:
            return np.column_stack(over.transform(xy[:, 0], xy[:, 1]))

        shapes[srids == other] = shapely.transform(shapes[srids == other], moved)
    return shapes


def label_at(row: Row, srid: int) -> tuple[float, float, float | None] | None:
    """Where the label of a parcel is stored, see `Parcel.label_at`; a place of another zone is brought over."""
    if row.label_east is None:
        return None
    at = row.label_east, row.label_north
    if row.srid != srid:
        at = between(row.srid, srid).transform(*at)
    return float(at[0]), float(at[1]), row.label_angle


def find_group(connection: Connection, ward: str, group: str) -> Row:
    """A residential group of a ward in force: ids, codes and names.

    Raises:
        NotFound: there is none; the message names those there are.
        UsageError: the code could mean several.
    """
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        found: list[Row] = cursor.execute(SQL["group"], {"ward": ward, "group": group}).fetchall()
    exact = [row for row in found if row.group_code == group] or found
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise UsageError(
            f"có nhiều tổ {group} · there are several groups {group}", hint=", ".join(row.group_code for row in exact)
        )
    known = [row[0] for row in connection.execute(SQL["groups"], {"ward": ward})]
    if not known:
        raise NotFound(
            f"phường {ward} không có tổ dân phố nào · there is no ward {ward} with residential groups",
            hint="gisland unit list",
        )
    shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
    raise NotFound(f"không có tổ {group} · there is no group {group}", hint=f"các tổ · the groups: {shown}")


def _parcel(row: Row, srid: int) -> Parcel:
    lacks = {
        "holder": row.status == "no_holder",
        "id": row.without_id > 0,
        "certificate": row.certificates == 0,
        "scan": row.unscanned > 0,
        "land_type": not row.land_type,
        "legal_area": row.legal_area_m2 is None,
    }
    return Parcel(
        id=row.id,
        sheet=clean_text(row.sheet_no),
        number=clean_text(row.parcel_no),
        area=row.area_m2,
        legal_area=row.legal_area_m2,
        land_type=clean_text(row.land_type),
        status=row.status,
        holders=None if row.holders is None else tuple(clean_text(name) for name in row.holders),
        missing=tuple(name for name, lacking in lacks.items() if lacking),
        papers=tuple(filter(None, map(clean_text, row.papers))),
        label_at=label_at(row, srid),
    )
