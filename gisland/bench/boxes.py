"""The boxes that are asked for: street-level, spread over the layer by a fixed seed, each with enough features."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from psycopg import Connection, sql

from gisland.catalogue import Layer
from gisland.errors import UsageError

DIGITS = 7  # of a degree: about a centimetre

# Around a point of a feature, as wide as the distance to the last of its neighbours: all of them reach into it.
NEIGHBOURHOOD = """
    SELECT ST_X(middle) - far, ST_Y(middle) - far, ST_X(middle) + far, ST_Y(middle) + far
      FROM (SELECT ST_PointOnSurface({geometry}) AS middle FROM {table} WHERE id = %s) drawn,
           LATERAL (SELECT max(distance) AS far FROM (
                    SELECT {geometry} <-> middle AS distance FROM {table} ORDER BY 1 LIMIT %s) near) reach
"""


class Box(NamedTuple):
    """A rectangle in CRS84, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        """As the `bbox` parameter of OGC API – Features has it."""
        return ",".join(f"{each:.{DIGITS}f}" for each in self)


def pick_boxes(connection: Connection, layer: Layer, *, count: int, features: int, seed: int = 1) -> list[Box]:
    """Boxes that each hold at least `features` features: the neighbourhoods of features drawn by chance.

    Raises:
        UsageError: the layer has fewer features.
    """
    names = {"table": sql.Identifier(layer.target_schema, layer.table), "geometry": sql.Identifier(layer.geometry)}
    ids = [row[0] for row in connection.execute(sql.SQL("SELECT id FROM {table} ORDER BY id").format(**names))]
    if len(ids) < features:
        raise UsageError(
            f"the layer {layer.id} has {len(ids)} features, the largest page needs {features}",
            hint="ask for more with --parcels",
        )
    drawn = random.Random(seed).choices(ids, k=count)  # noqa: S311 - no secret
    query = sql.SQL(NEIGHBOURHOOD).format(**names)
    rows = [connection.execute(query, [each, features]).fetchone() for each in drawn]
    return [_outward(*row) for row in rows if row is not None]


def _outward(west: float, south: float, east: float, north: float) -> Box:
    """Rounded so that the box shrinks nowhere: all servers are asked with the same digits."""
    unit = 10**DIGITS
    low, high = (math.floor(west * unit), math.floor(south * unit)), (math.ceil(east * unit), math.ceil(north * unit))
    return Box(*(round(each / unit, DIGITS) for each in (*low, *high)))


def count(connection: Connection, layer: Layer) -> int:
    """The features of a published layer."""
    table = sql.Identifier(layer.target_schema, layer.table)
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    assert row is not None
    return int(row[0])
