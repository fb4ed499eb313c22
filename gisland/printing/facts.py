"""All that an extract may tell of a parcel: what the registry says of it, and what lies around it.

Both are in the code by which the paper is verified. What lies around is drawn within a window that depends on the shape
of the parcel alone, so that the same facts stay current when the sketch gets another scale or size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from gisland.database.statements import statements
from gisland.printing.model import Geometries
from gisland.printing.read import Row, full_number, read_all, read_around

SQL = statements("gisland.printing", "extract.sql")
REACH, LEAST = 1.5, 15.0
"""How far the window goes beyond the parcel: in parts of its longer side, and metres. Wider than any usual sketch."""
TOUCHES = 0.05
"""So near, in metres, parcels adjoin: what two surveys leave between them is no land."""
CENTIMETRES = 100


@dataclass(frozen=True)
class Around:
    """What lies around a parcel, in its plane (metres)."""

    window: shapely.Polygon
    """Beyond it nothing is drawn."""
    shapes: Geometries
    labels: list[str]
    """Of each: its number, with its sheet where it is another one."""


def read_facts(connection: Connection, parcel_id: int) -> tuple[dict[str, Any], Around] | None:
    """What there is to tell of a parcel, whoever asks: `verify.shown_to` says who is told what of it.

    The same facts are found for a print and for its verification, so they are read beyond the scope of the transaction:
    a holder may be of another ward, a parcel beside it as well.

    Args:
        connection: a transaction of somebody who may print this parcel, or verify it.
        parcel_id: its id.
    """
    found = read_all(connection, SQL["facts"], {"parcel": parcel_id})
    if not found:
        return None
    facts: dict[str, Any] = found[0].facts
    shape = shapely.from_wkb(bytes.fromhex(facts["shape"]))
    window = window_of(shape)
    shapes, rows = read_around(connection, SQL["around"], {"parcel": parcel_id}, facts["srid"], window)
    near = shapely.dwithin(shapes, shape, TOUCHES) if len(shapes) else []
    names = [_name(row) for row in rows]
    facts["adjoining"] = [name for name, touches in zip(names, near, strict=True) if touches]
    facts["around"] = [[name, _sides(each, window)] for name, each in zip(names, shapes, strict=True)]
    return facts, Around(window, shapes, [_label(row) for row in rows])


def window_of(shape: shapely.Geometry) -> shapely.Polygon:
    """Within which what lies around a parcel is drawn and told."""
    west, south, east, north = shape.bounds
    beyond = max(east - west, north - south) * REACH + LEAST
    window: shapely.Polygon = shapely.box(west - beyond, south - beyond, east + beyond, north + beyond)
    return window


def _sides(shape: shapely.Geometry, window: shapely.Polygon) -> list[list[int]]:
    """The sides of a parcel that may be seen in the window: their ends, in centimetres, in whichever order they are.

    Whole sides, not cut ones: where they are cut is computed, and another library may find another last digit.
    """
    west, south, east, north = window.bounds
    rings = shapely.get_rings(shapely.get_parts(shape))
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    start, end = corners[:-1], corners[1:]
    low, high = np.minimum(start, end), np.maximum(start, end)
    seen = (of_ring[:-1] == of_ring[1:]) & (low <= (east, north)).all(axis=1) & (high >= (west, south)).all(axis=1)
    ends = np.stack([start[seen], end[seen]], axis=1) * CENTIMETRES
    return sorted([*first, *last] for first, last in map(sorted, np.rint(ends).astype(int).tolist()))


def _name(row: Row) -> str:
    """Sheet and number; with the ward where it is another one, whose sheets are counted from 1 as well."""
    return full_number(row) + (f" ({row.ward_name})" if row.ward_name else "")


def _label(row: Row) -> str:
    number = full_number(row)
    return number.partition("/")[2] if row.same_sheet else number
