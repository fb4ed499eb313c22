"""How each server is asked for the same: the addresses of a filter, of the last page, of a feature, of a tile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import asinh, floor, pi, radians, tan
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from gisland.bench.boxes import Box
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND

DRAWING = "gisland-drawing"  # a gisland that keeps no tiles
STATUS = "action_needed"
FILTER = quote(f"verification_status = '{STATUS}'")


class Tile(NamedTuple):
    """A tile of WebMercatorQuad."""

    zoom: int
    row: int
    column: int


def tile_of(box: Box, zoom: int) -> Tile:
    """The tile in which the middle of a box lies."""
    longitude, latitude = (box.west + box.east) / 2, (box.south + box.north) / 2
    side = 2**zoom
    row = (1 - asinh(tan(radians(latitude))) / pi) / 2 * side
    return Tile(zoom, floor(row), floor((longitude + 180) / 360 * side))


@dataclass(frozen=True)
class Way:
    """The addresses of one kind of server; None for what it cannot do."""

    filtered: Callable[[Server, int, Box], str] | None = None
    """A page of the features in a box that have a status."""
    offset: Callable[[Server, int, int], str] | None = None
    """A page after so many features."""
    feature: Callable[[Server, int], str] | None = None
    tile: Callable[[Server, Tile], str] | None = None


def _above(server: Server, address: str) -> str:
    """An address below the collection of a server."""
    return server.items.partition("/items")[0] + address


def _origin(server: Server) -> str:
    parts = urlsplit(server.items)
    return f"{parts.scheme}://{parts.netloc}"


def _filtered(server: Server, limit: int, box: Box) -> str:
    return f"{server.page(limit, box)}&filter={FILTER}"


def _offset(server: Server, limit: int, offset: int) -> str:
    return f"{server.items}{'&' if '?' in server.items else '?'}limit={limit}&offset={offset}"


_GISLAND = Way(
    filtered=_filtered,
    feature=lambda server, number: _above(server, f"/items/{number}"),
    tile=lambda server, tile: _above(server, f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.column}"),
)
WAYS: Mapping[str, Way] = {
    GISLAND: _GISLAND,
    DRAWING: _GISLAND,
    "pygeoapi": Way(
        filtered=_filtered,
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=json"),
    ),
    "tipg": Way(
        filtered=_filtered,
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=geojson"),
        tile=lambda server, tile: _above(server, f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.column}/{tile.row}"),
    ),
    "mapserver": Way(
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=json"),
        tile=lambda server, tile: (
            f"{_origin(server)}/?map=bench&mode=tile&tilemode=gmap&layers=parcels&map.imagetype=mvt"
            f"&tile={tile.column}+{tile.row}+{tile.zoom}"
        ),
    ),
    "qgisserver": Way(
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}.json"),
    ),
}
