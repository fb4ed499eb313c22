"""Features as of a data version, as parts of the statements of `items`: those that have not changed since, which lie in
the layer's table, and former states, which lie in the table beside it with the GeoJSON that was given.

What a state says (`_geometry`, `_properties`) is fetched last, and for those alone that were in force.
"""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection

from gisland.catalogue import Layer
from gisland.errors import UsageError
from gisland.publish.shown import Shown, is_made

# The outermost coordinates of a feature, exact: what the index of its geometry knows is rounded outwards.
SIDES = "t._west, t._south, t._east, t._north"
# Looked up one by one (OFFSET 0): of a box the planner believes that it holds next to nothing, and would compare each
# state with each version. Where it knows how many states have the same change, it remembers its version.
_VERSION = "LATERAL (SELECT version FROM published.change_version WHERE change_id = t.{} OFFSET 0)"
_MADE, _ENDED = f"{_VERSION.format('_change')} made", f"{_VERSION.format('_ended_by')} ended"


def table_of(layer: Layer) -> str:
    """The table of a layer."""
    return f"{layer.target_schema}.{layer.table}"


def geojson_table(layer: Layer) -> str:
    """The table that has the finished parts of the features: id, ward and group, geometry, properties."""
    return f"{table_of(layer)}__geojson"


def history_table(layer: Layer) -> str:
    """The table of their former states."""
    return f"{table_of(layer)}__history"


def states_at(layer: Layer) -> str:
    """The states in force, each with its `place`: where a former one lies; nowhere, when it is the present one.

    Without what they say they are found without it: an outer join to a unique key that nobody asks is no join.
    """
    columns = f"t.id, {{}} AS place, t.{{}} AS geom, {SIDES}, {{}}._geometry, {{}}._properties, {{}}"
    return f"""(
             SELECT {columns.format("NULL::tid", layer.geometry, "j", "j", _native(layer))}
               FROM {table_of(layer)} t JOIN {_MADE} ON made.version <= %(version)s
               LEFT JOIN {geojson_table(layer)} j ON j.id = t.id
              UNION ALL
             SELECT {columns.format("t.ctid", "geom", "t", "t", "t._native")}
               FROM {history_table(layer)} t JOIN {_MADE} ON made.version <= %(version)s
               JOIN {_ENDED} ON ended.version > %(version)s)"""  # noqa: S608 - names that the catalogue checked


def states_of(layer: Layer, shown: Shown) -> str:
    """What the states say whose `ids` and `places` were found before."""
    geom, joined = "NULL::geometry", ""
    if is_made(shown):
        geom, joined = f"g.{layer.geometry}", f"JOIN {table_of(layer)} g ON g.id = j.id"
    present = "ARRAY(SELECT id FROM unnest(ids, places) found(id, place) WHERE place IS NULL)"
    return f"""(
             SELECT j.id, {geom} AS geom, j._geometry, j._properties, {_native(layer)}
               FROM {geojson_table(layer)} j {joined} WHERE j.id = ANY ({present})
              UNION ALL
             SELECT id, geom, _geometry, _properties, _native FROM {history_table(layer)} WHERE ctid = ANY (places))"""  # noqa: S608 - as above


def walked(layer: Layer, *, goes_on: bool) -> str:
    """The states in force in the order of their ids, to be looked at one by one until a page is full.

    All states are read in that order before it is asked which were in force: else one of the two tables would be walked
    to its end on each page, when all its rows came later. Each part is in order by itself, and texts are looked up one
    by one: else the planner would join and sort all states for each page, as soon as they do not lie side by side.
    """
    columns = f"t.id, t.{{}} AS geom, {SIDES}, {{}} AS _geometry, {{}} AS _properties, {{}} AS _native"
    made, ended = f"LEFT JOIN {_MADE} ON true", f"LEFT JOIN {_ENDED} ON true"
    in_order = f"{'WHERE t.id > %(after)s' if goes_on else ''} ORDER BY t.id {_NO_LIMIT}"
    texts = ", ".join(f"CASE WHEN t._former THEN t.{text} ELSE j.{text} END AS {text}" for text in _TEXTS)
    return f"""(
        SELECT t.id, t.geom, {SIDES}, {texts}
          FROM (SELECT * FROM (
                       (SELECT {columns.format(layer.geometry, *_NOTHING)}, made.version AS _made, NULL AS _ended,
                               false AS _former
                          FROM {table_of(layer)} t {made} {in_order})
                         UNION ALL
                       (SELECT {columns.format("geom", *_TEXTS)}, made.version, ended.version, true
                          FROM {history_table(layer)} t {made} {ended} {in_order})) t ORDER BY t.id {_NO_LIMIT}) t
          LEFT JOIN LATERAL (
               SELECT _geometry, _properties, {_native(layer)} FROM {geojson_table(layer)} j
                WHERE j.id = t.id AND NOT t._former OFFSET 0) j ON true
         WHERE t._made <= %(version)s AND (NOT t._former OR t._ended > %(version)s))"""  # noqa: S608 - as above


# No row is left out: but of what has a limit that is not known beforehand, the planner takes the way whose first rows
# come at once.
_NO_LIMIT = f"LIMIT (SELECT {2**63 - 1})"
_TEXTS = ("_geometry", "_properties", "_native")
_NOTHING = ("NULL::text", "NULL::text", "NULL::geometry")


def _native(layer: Layer) -> str:
    return "NULL::geometry AS _native" if layer.native is None else "j._native"


async def version_of(connection: AsyncConnection, layer: Layer, as_of: int | datetime) -> int:
    """The data version that was in force.

    Raises:
        UsageError: it has not come yet, the layer was defined later, or it keeps no former states.
    """
    if layer.late:
        told, mend = "former states of this layer are not kept", "leave it out, or ask for what the layer is made of"
        raise UsageError(told, hint=mend, parameter="as-of")
    cursor = await connection.execute(
        _VERSIONS, {"layer": layer.id, "moment": as_of if isinstance(as_of, datetime) else None}
    )
    row = await cursor.fetchone()
    assert row is not None
    newest, first, then = row
    version = as_of if isinstance(as_of, int) else then
    if version is None or version > newest:
        raise UsageError(
            "nằm trong tương lai · it lies in the future",
            hint=f"the newest data version is {newest}",
            parameter="as-of",
        )
    if version < first:
        told = "khi ấy lớp chưa được định nghĩa như hiện nay · the layer was not defined yet as it is now"
        raise UsageError(told, hint=f"it can be read as of data version {first} and later", parameter="as-of")
    return int(version)


_VERSIONS = """
    SELECT publish.version_at(now()), coalesce(publish.first_version(%(layer)s), 0),
           CASE WHEN %(moment)s::timestamptz <= now() THEN publish.version_at(%(moment)s::timestamptz) END
"""
