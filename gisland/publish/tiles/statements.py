"""The statements that draw a tile: one round trip each.

    near   each feature with the fields of its zoom, and its label as a point of its own (near.py)
    far    features put together by status and by area (far.py)

A tile of a public layer comes with the state of its ground, of the same moment as the tile: it is drawn only when that
is none of the states that are known already.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gisland.catalogue import Layer
from gisland.publish.tiles.far import far
from gisland.publish.tiles.grid import CELL_ZOOM, Tile
from gisland.publish.tiles.near import near

Parameters = dict[str, object]


def is_far(layer: Layer, tile: Tile) -> bool:
    """Whether features are put together on this tile."""
    return tile.zoom < layer.tiles.drawn_from


def tile_statement(
    layer: Layer, tile: Tile, known: Iterable[int] | None, *, squares: int = 0, statuses: tuple[str, ...] = ()
) -> tuple[str, Parameters]:
    """The statement of a tile and its parameters.

    Args:
        layer: whose features are drawn.
        tile: where.
        known: states of the ground whose tile need not be drawn again; None does not ask for the state.
        squares: along a side, where features are put together.
        statuses: that are counted there.

    Returns:
        It gives one row: state (None: nothing was ever here), tile (None: known), and how many features it shows (when
        no state is asked for).
    """
    names = ("west", "south", "east", "north", "left", "bottom", "right", "top")
    parameters: Parameters = dict(zip(names, (*tile.degrees, *tile.metres), strict=True))
    if is_far(layer, tile):
        parameters |= zip(("first_cell", "last_cell"), tile.cells, strict=True)
        # The bits of a cell's number that a square does not tell.
        parameters |= {"squares": squares, "finer": 2 * (CELL_ZOOM - tile.zoom) - 2 * (squares.bit_length() - 1)}
    if known is not None:
        parameters |= zip(("from_x", "to_x", "from_y", "to_y"), tile.regions, strict=True)
        parameters["known"] = list(known)
    return _statement(layer, tile.zoom, statuses, asks_state=known is not None), parameters


# All names in these texts were checked by the catalogue to be plain identifiers.
@lru_cache(maxsize=1000)
def _statement(layer: Layer, zoom: int, statuses: tuple[str, ...], *, asks_state: bool) -> str:
    drawn = far(layer, zoom, statuses) if zoom < layer.tiles.drawn_from else near(layer, zoom)
    # Computed once: as an expression each row would have it made anew.
    bounds = """bounds AS MATERIALIZED (
             SELECT ST_MakeEnvelope(%(left)s, %(bottom)s, %(right)s, %(top)s, 3857)::box2d AS square,
                    ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AS around)"""
    if not asks_state:
        return f"WITH {bounds} SELECT NULL::bigint, drawn.tile, drawn.features FROM ({drawn}) drawn(tile, features)"  # noqa: S608
    # What stands within CASE is computed only when it is wanted.
    return f"""
        WITH {bounds},
        ground AS MATERIALIZED (SELECT bit_xor(stamp) AS state FROM (
             SELECT stamp FROM published.tile_region WHERE layer = '{layer.id}'
                AND x BETWEEN %(from_x)s AND %(to_x)s AND y BETWEEN %(from_y)s AND %(to_y)s
              UNION ALL
             SELECT stamp FROM published.tile_region WHERE layer = '{layer.id}' AND x = -1 AND y = -1) stamps)
        SELECT state, CASE WHEN state IS NOT NULL AND state <> ALL (%(known)s::bigint[])
                           THEN (SELECT tile FROM ({drawn}) drawn(tile, features)) END, NULL::bigint
          FROM ground"""  # noqa: S608
