"""The statements that draw a tile: one round trip each.

    near   each feature with the fields of its zoom, and its label as a point of its own (near.py)
    far    features put together by status and by area (far.py)

A tile of a public layer comes with the state of its ground, of the same moment as the tile: it is drawn only when that
is none of the states that are known already. There is a statement for each zoom: the fewer parameters it has, the less
a request costs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gisland.catalogue import SMALL_BELOW, Layer
from gisland.publish.tiles.far import RASTERS, far
from gisland.publish.tiles.grid import CELL_ZOOM, HALF, MARGIN, REGION_ZOOM, UNITS, Tile
from gisland.publish.tiles.near import near

Parameters = dict[str, object]

# Units along a side of such a tile, where each feature is drawn: the finest grid whose tile is small enough is taken.
GRIDS = (UNITS, 1024, 256)


class Way(NamedTuple):
    """How a tile is drawn."""

    units: int = 0
    """Each feature, on a grid of so many units along a side."""
    squares: int = 0
    """Features put together, on a raster of so many squares along a side."""


def ways(layer: Layer, zoom: int) -> list[Way]:
    """The ways in which a tile of a zoom may be drawn, the finest first: the first whose tile is small enough is taken.

    Where not even the coarsest outlines are small enough features are put together: none is left out.
    """
    small = zoom < layer.tiles.together_below
    each = [Way(units=units) for units in (GRIDS if small else GRIDS[:1])] if zoom >= layer.tiles.drawn_from else []
    return each + [Way(squares=squares) for squares in RASTERS if small]


def is_far(layer: Layer, tile: Tile) -> bool:
    """Whether features are put together on this tile."""
    return tile.zoom < layer.tiles.drawn_from


def state_statement(layer: Layer, tile: Tile) -> tuple[str, Parameters]:
    """The statement that gives the state of the ground of a tile (NULL: nothing was ever there), and its parameters."""
    return f"SELECT {_state(layer, tile.zoom)}", {"column": tile.column, "row": tile.row}


def tile_statement(
    layer: Layer, tile: Tile, *, with_state: bool, way: Way | None = None, statuses: tuple[str, ...] = ()
) -> tuple[str, Parameters]:
    """The statement of a tile and its parameters.

    Args:
        layer: whose features are drawn.
        tile: where.
        with_state: whether the state of the ground is wanted, too, as of the same moment.
        way: how; by default the finest.
        statuses: that are counted where features are put together.

    Returns:
        It gives one row: state (NULL: nothing was ever here, or not asked for), tile, and how many features it shows.
    """
    parameters: Parameters = {"column": tile.column, "row": tile.row}
    way = way or ways(layer, tile.zoom)[0]
    if squares := way.squares:
        parameters |= zip(("left", "bottom", "right", "top"), tile.metres, strict=True)
        parameters |= zip(("first_cell", "last_cell"), tile.cells, strict=True)
        # The bits of a cell's number that a square does not tell.
        parameters |= {"squares": squares, "finer": 2 * (CELL_ZOOM - tile.zoom) - 2 * (squares.bit_length() - 1)}
    return _statement(layer, tile.zoom, way.units, statuses, with_state=with_state), parameters


# All names in these texts were checked by the catalogue to be plain identifiers.
@lru_cache(maxsize=1000)
def _statement(layer: Layer, zoom: int, units: int, statuses: tuple[str, ...], *, with_state: bool) -> str:
    drawn = near(layer, zoom, units, whole=zoom < SMALL_BELOW) if units else far(layer, zoom, statuses)
    state = _state(layer, zoom) if with_state else "NULL::bigint"
    return f"""
        WITH {_bounds(zoom)}
        SELECT {state}, drawn.tile, drawn.features FROM ({drawn}) drawn(tile, features)"""  # noqa: S608


@lru_cache(maxsize=1000)
def _state(layer: Layer, zoom: int) -> str:
    """SQL: the state of the ground that a tile tells of."""
    stamps = f"SELECT stamp FROM published.tile_region WHERE layer = '{layer.id}'"  # noqa: S608
    # Features put together tell how many an area has in all, also beyond the tile: such tiles show all ground.
    if zoom >= layer.tiles.together_below or not layer.tiles.areas:
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
