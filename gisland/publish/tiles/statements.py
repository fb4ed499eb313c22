"""The statements that draw a tile: one round trip each.

    near   each feature with the fields of its zoom, and its label as a point of its own (near.py)
    far    features put together by status and by area (far.py)

A tile of a public layer comes with the state of its ground, of the same moment as the tile: it is drawn only when that
is none of the states that are known already. There is a statement for each zoom: the fewer parameters it has, the less
a request costs.
"""

from __future__ import annotations

from functools import lru_cache

from gisland.catalogue import Layer
from gisland.publish.tiles.far import far
from gisland.publish.tiles.grid import CELL_ZOOM, HALF, MARGIN, REGION_ZOOM, UNITS, Tile
from gisland.publish.tiles.near import near

Parameters = dict[str, object]


def is_far(layer: Layer, tile: Tile) -> bool:
    """Whether features are put together on this tile."""
    return tile.zoom < layer.tiles.drawn_from


def state_statement(layer: Layer, tile: Tile) -> tuple[str, Parameters]:
    """The statement that gives the state of the ground of a tile (NULL: nothing was ever there), and its parameters."""
    return f"SELECT {_state(layer, tile.zoom)}", {"column": tile.column, "row": tile.row}


def tile_statement(
    layer: Layer, tile: Tile, *, with_state: bool, squares: int = 0, statuses: tuple[str, ...] = ()
) -> tuple[str, Parameters]:
    """The statement of a tile and its parameters.

    Args:
        layer: whose features are drawn.
        tile: where.
        with_state: whether the state of the ground is wanted, too, as of the same moment.
        squares: along a side, where features are put together.
        statuses: that are counted there.

    Returns:
        It gives one row: state (NULL: nothing was ever here, or not asked for), tile, and how many features it shows.
    """
    parameters: Parameters = {"column": tile.column, "row": tile.row}
    if is_far(layer, tile):
        parameters |= zip(("left", "bottom", "right", "top"), tile.metres, strict=True)
        parameters |= zip(("first_cell", "last_cell"), tile.cells, strict=True)
        # The bits of a cell's number that a square does not tell.
        parameters |= {"squares": squares, "finer": 2 * (CELL_ZOOM - tile.zoom) - 2 * (squares.bit_length() - 1)}
    return _statement(layer, tile.zoom, statuses, with_state=with_state), parameters


# All names in these texts were checked by the catalogue to be plain identifiers.
@lru_cache(maxsize=1000)
def _statement(layer: Layer, zoom: int, statuses: tuple[str, ...], *, with_state: bool) -> str:
    drawn = far(layer, zoom, statuses) if zoom < layer.tiles.drawn_from else near(layer, zoom)
    state = _state(layer, zoom) if with_state else "NULL::bigint"
    return f"""
        WITH {_bounds(zoom)}
        SELECT {state}, drawn.tile, drawn.features FROM ({drawn}) drawn(tile, features)"""  # noqa: S608


@lru_cache(maxsize=1000)
def _state(layer: Layer, zoom: int) -> str:
    """SQL: the state of the ground that a tile tells of."""
    stamps = f"SELECT stamp FROM published.tile_region WHERE layer = '{layer.id}'"  # noqa: S608
    # Far tiles tell how many features an area has in all, also those beyond the tile: they show all ground.
    if zoom >= layer.tiles.drawn_from or not layer.tiles.areas:
        around = f"x BETWEEN {_regions(zoom, 'column')} AND y BETWEEN {_regions(zoom, 'row')}"
        stamps = f"{stamps} AND {around} UNION ALL {stamps} AND x = -1 AND y = -1"
    return f"(SELECT bit_xor(stamp) FROM ({stamps}) ground)"  # noqa: S608


def _bounds(zoom: int) -> str:
    """SQL: the tile as a box in Web Mercator, and with its margin in degrees.

    Computed once: as an expression each row would have it made anew.
    """
    side, number, margin = 2 * HALF / (1 << zoom), 1 << zoom, MARGIN / UNITS
    west, east = (f"(%(column)s {by:+}) * {360 / number!r} - 180" for by in (-margin, 1 + margin))
    south, north = (
        f"degrees(atan(sinh(pi() * (1 - (%(row)s {by:+}) * {2 / number!r}))))" for by in (1 + margin, -margin)
    )
    left, right = (f"(%(column)s + {by}) * {side!r} - {HALF!r}" for by in (0, 1))
    top, bottom = (f"{HALF!r} - (%(row)s + {by}) * {side!r}" for by in (0, 1))
    return f"""bounds AS MATERIALIZED (
             SELECT ST_MakeEnvelope({left}, {bottom}, {right}, {top}, 3857)::box2d AS square,
                    ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326) AS around)"""


def _regions(zoom: int, place: str) -> str:
    """SQL: the first and last column or row of the regions that a tile shows something of, margin included."""
    scale, margin = 2.0 ** (REGION_ZOOM - zoom), MARGIN / UNITS
    first, last = (f"floor((%({place})s {by:+}) * {scale!r})::int" for by in (-margin, 1 + margin))
    # West and north of the first region there is none: -1 is the row of the whole layer.
    return f"greatest(0, {first}) AND {last}"
