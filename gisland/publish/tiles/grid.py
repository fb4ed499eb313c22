"""The tile matrix set WebMercatorQuad: which part of the world a tile shows.

Tile 0/0/0 shows the square of Web Mercator (EPSG:3857); each zoom halves the sides. Columns go east, rows go south.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gisland.errors import NotFound

ID = "WebMercatorQuad"
URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
# A tile of this zoom is 10 m wide: closer nothing more is to be seen.
MAX_ZOOM = 22
# Half the side of the world, metres of the projection.
HALF = 20037508.3427892
# Zoom of the regions whose state is known (gisland/sql/tiles.sql).
REGION_ZOOM = 16
# Zoom of the cells by whose numbers features are found together (the same file).
CELL_ZOOM = 24
# Units of a tile, and how many of them are drawn beyond its sides, so that outlines do not show where tiles meet.
UNITS = 4096
MARGIN = 64
# A pixel of 0.28 mm, by which OGC reckons scales, and the pixels of a side.
PIXEL_METRES = 0.00028
PIXELS = 256

Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True)
class Tile:
    """A tile that exists."""

    zoom: int
    column: int
    row: int

    @property
    def side(self) -> float:
        """Its side in metres of the projection."""
        return 2 * HALF / (1 << self.zoom)

    @cached_property
    def metres(self) -> Box:
        """Its sides in the projection."""
        west, north = self.column * self.side - HALF, HALF - self.row * self.side
        return west, north - self.side, west + self.side, north

    @property
    def cells(self) -> tuple[int, int]:
        """The first and last number of the cells on it (publish.cell_of)."""
        shift = 2 * (CELL_ZOOM - self.zoom)
        first = (_spread(self.column) | _spread(self.row) << 1) << shift
        return first, first + (1 << shift) - 1


def tile_at(zoom: str, row: str, column: str) -> Tile:
    """The tile of a path.

    Raises:
        NotFound: there is no such tile.
    """
    if not all(each.isascii() and each.isdigit() and len(each) < 9 for each in (zoom, row, column)):
        raise _outside()
    tile = Tile(int(zoom), int(column), int(row))
    if tile.zoom > MAX_ZOOM or max(tile.column, tile.row) >= 1 << tile.zoom:
        raise _outside()
    return tile


def tile_over(longitude: float, latitude: float, zoom: int) -> Tile:
    """The tile of a zoom that a point lies on (CRS84, degrees); beyond the poles of the square its outermost one."""
    number = 1 << zoom
    x = (longitude + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(max(-85.06, min(85.06, latitude))))) / math.pi) / 2
    column, row = (min(number - 1, max(0, int(each * number))) for each in (x, y))
    return Tile(zoom, column, row)


def _outside() -> NotFound:
    return NotFound(
        "không có mảnh này · there is no such tile",
        hint=f"{ID}/zoom/row/column, zoom 0 to {MAX_ZOOM}, both below 2^zoom",
    )


def limits(box: Box) -> list[dict[str, Any]]:
    """The first and last rows and columns of all zooms over a box in degrees (`tileMatrixSetLimits`)."""
    west, south, east, north = box
    found = []
    for zoom in range(MAX_ZOOM + 1):
        first, last = tile_over(west, north, zoom), tile_over(east, south, zoom)
        rows = {"minTileRow": first.row, "maxTileRow": last.row}
        found.append({"tileMatrix": str(zoom), **rows, "minTileCol": first.column, "maxTileCol": last.column})
    return found


def definition() -> dict[str, Any]:
    """The tile matrix set, as OGC Two Dimensional Tile Matrix Set 2.0 writes it."""
    return {
        "id": ID,
        "title": "Google Maps Compatible for the World",
        "uri": URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
    }


def _matrix(zoom: int) -> dict[str, Any]:
    cell = 2 * HALF / PIXELS / (1 << zoom)
    return {
        "id": str(zoom),
        "scaleDenominator": cell / PIXEL_METRES,
        "cellSize": cell,
        "pointOfOrigin": [-HALF, HALF],
        "tileWidth": PIXELS,
        "tileHeight": PIXELS,
        "matrixWidth": 1 << zoom,
        "matrixHeight": 1 << zoom,
    }


def _spread(number: int) -> int:
    """The bits of a number with a zero before each."""
    return int(format(number, "b"), 4)
