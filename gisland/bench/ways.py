"""How each server is asked for the same: the addresses of pages, of a filter, of a feature, of a tile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from gisland.bench.boxes import Box
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND
from gisland.publish.tiles.grid import Tile

KEEPING = "gisland, tiles kept"  # the other one draws each tile anew
# About half of the demo's parcels; states of verification it has none of at the sizes of races.
LARGER = 120
FILTER_TEXT = f"area_m2 > {LARGER}"


@dataclass(frozen=True)
class Way:
    """The addresses of one kind of server; None for what it cannot do."""

    page: Callable[[Server, int, Box], str] | None = Server.page
    filtered: Callable[[Server, int, Box], str] | None = None
    """A page of the features in a box that are larger than `LARGER` m²."""
    offset: Callable[[Server, int, int], str] | None = None
    """A page after so many features."""
    feature: Callable[[Server, int], str] | None = None
    tile: Callable[[Server, Tile], str] | None = None
    html: Callable[[Server, int, Box], str] | None = None
    """A page for people to read."""
    zone: Callable[[Server, int, Zone], str] | None = None
    """A page in the plane of the survey, by a box on it: as QGIS and GDAL read."""


class Zone(NamedTuple):
    """A box on the plane of a layer."""

    crs: str
    """Its URI."""
    bbox: str


def _above(server: Server, address: str) -> str:
    """An address below the collection of a server."""
    return server.items.partition("/items")[0] + address


def _origin(server: Server) -> str:
    parts = urlsplit(server.items)
    return f"{parts.scheme}://{parts.netloc}"


def _filtered(server: Server, limit: int, box: Box) -> str:
    return f"{server.page(limit, box)}&filter={quote(FILTER_TEXT)}"


def _offset(server: Server, limit: int, offset: int) -> str:
    return f"{server.items}{'&' if '?' in server.items else '?'}limit={limit}&offset={offset}"


def _html(server: Server, limit: int, box: Box) -> str:
    return f"{server.items.partition('?')[0]}?f=html&limit={limit}&bbox={box}"


def _zone(server: Server, limit: int, zone: Zone) -> str:
    return f"{server.items}?limit={limit}&crs={quote(zone.crs)}&bbox-crs={quote(zone.crs)}&bbox={zone.bbox}"


def _ogc_tile(server: Server, tile: Tile) -> str:
    return _above(server, f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.column}")


WAYS: Mapping[str, Way] = {
    GISLAND: Way(
        filtered=_filtered,
        feature=lambda server, number: _above(server, f"/items/{number}"),
        tile=_ogc_tile,
        html=_html,
        zone=_zone,
    ),
    KEEPING: Way(page=None, tile=_ogc_tile),
    "pygeoapi": Way(
        filtered=_filtered,
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=json"),
        html=_html,
    ),
    "tipg": Way(
        filtered=_filtered,
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=geojson"),
        tile=lambda server, tile: _above(server, f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.column}/{tile.row}"),
        html=_html,
    ),
    "mapserver": Way(
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}?f=json"),
        tile=lambda server, tile: (
            f"{_origin(server)}/?map=bench&mode=tile&tilemode=gmap&layers=all&map.imagetype=mvt"
            f"&tile={tile.column}+{tile.row}+{tile.zoom}"
        ),
    ),
    "qgisserver": Way(
        offset=_offset,
        feature=lambda server, number: _above(server, f"/items/{number}.json"),
    ),
}
