"""How many features a layer has, and where they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

from psycopg import AsyncConnection

from gisland.catalogue import Layer
from gisland.publish.reach import in_reach

# The boxes of the parts need a look at every feature, so they are kept for a while.
PARTS_SECONDS = 60
MOST_PARTS = 20


@dataclass(frozen=True)
class Extent:
    """Number of features, and boxes (west, south, east, north in degrees): first that of all, then those of parts."""

    features: int
    boxes: list[list[float]]
    begins: date | None = None
    """The first day on which one of them was in force."""
    ends: date | None = None
    """The day from which none of them is in force any more; None where one still is."""


_parts: dict[tuple[str, str], tuple[float, list[list[float]]]] = {}


async def read_extent(connection: AsyncConnection, layer: Layer, *, whole: bool) -> Extent:
    """The extent of a layer: number and outer box are of this moment, the boxes of parts at most a minute old.

    Args:
        connection: as whoever asks.
        layer: the layer.
        whole: whether they see all of it; else what they do not see may show in neither number nor box.
    """
    if not whole:
        return await _read_seen(connection, layer)
    cursor = await connection.execute(
        # The outer box comes from the root of the index: it costs nothing, and is a hair wider than the features.
        f"SELECT {_days(layer)}, publish.feature_count(%s), ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)"  # noqa: S608 - names that the catalogue checked
        " FROM (SELECT ST_EstimatedExtent(%s, %s, %s) AS box) extent".encode(),
        [layer.id, layer.target_schema, layer.table, layer.geometry],
    )
    row = await cursor.fetchone()
    assert row is not None
    begins, ends, features, *box = row
    if not features or box[0] is None:
        return Extent(features, [])
    return Extent(features, [_rounded(box), *await _read_parts(connection, layer)], begins, ends)


async def _read_seen(connection: AsyncConnection, layer: Layer) -> Extent:
    begins = f"min({layer.datetime})" if layer.datetime else "NULL"
    ends = f"CASE WHEN count(*) = count({layer.ends}) THEN max({layer.ends}) END" if layer.ends else "NULL::date"
    query = f"""
        SELECT begins, ends, features, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
          FROM (SELECT {begins} AS begins, {ends} AS ends, count(*) AS features, ST_Extent({layer.geometry}) AS box
                  FROM {layer.target_schema}.{layer.table} WHERE {in_reach(layer)}) seen"""  # noqa: S608 - names that the catalogue checked
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    begins, ends, features, *box = row
    return Extent(features, [_rounded(box)] if features else [], begins, ends)


def _days(layer: Layer) -> str:
    """SQL: the first day of all features, and the last when all have ended; their indexes know them."""
    if layer.datetime is None:
        return "NULL, NULL"
    table = f"{layer.target_schema}.{layer.table}"
    begins = f"(SELECT min({layer.datetime}) FROM {table})"  # noqa: S608 - as above
    if layer.ends is None:
        return f"{begins}, NULL::date"
    goes_on = f"EXISTS (SELECT FROM {table} WHERE {layer.ends} IS NULL)"
    return f"{begins}, CASE WHEN NOT {goes_on} THEN (SELECT max({layer.ends}) FROM {table}) END"  # noqa: S608 - as above


async def _read_parts(connection: AsyncConnection, layer: Layer) -> list[list[float]]:
    if layer.extents_by is None:
        return []
    key = (connection.info.dsn, layer.id)
    kept = _parts.get(key)
    if kept is None or kept[0] < time.monotonic():
        query = f"""
            SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
              FROM (SELECT ST_Extent({layer.geometry}) AS box, count(*) AS features
                      FROM {layer.target_schema}.{layer.table} GROUP BY "{layer.extents_by}") part
             ORDER BY features DESC LIMIT {MOST_PARTS}"""  # noqa: S608 - names that the catalogue checked
        rows = await (await connection.execute(query.encode())).fetchall()
        kept = _parts[key] = (time.monotonic() + PARTS_SECONDS, [_rounded(row) for row in rows])
    return kept[1]


def _rounded(box: list[float] | tuple[float, ...]) -> list[float]:
    return [round(number, 7) for number in box]
