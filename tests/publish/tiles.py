"""Tiles as tests read them: decoded, and the geometry that they should show."""

from __future__ import annotations

from typing import Any

import httpx
import mapbox_vector_tile
from psycopg import Connection
from shapely import transform
from shapely.geometry.base import BaseGeometry

from gisland.publish.tiles.grid import HALF, UNITS, Tile, tile_over

TILES = "/ogc/collections/parcels/tiles/WebMercatorQuad"
STAFF_TILES = "/ogc/collections/parcels-staff/tiles/WebMercatorQuad"


def tile_of(connection: Connection, parcel: int, zoom: int, table: str = "published.parcels") -> Tile:
    """The tile that the middle of a published parcel lies on."""
    query = f"SELECT (_west + _east) / 2, (_south + _north) / 2 FROM {table} WHERE id = %s"
    row = connection.execute(query.encode(), [parcel]).fetchone()
    assert row is not None
    return tile_over(row[0], row[1], zoom)


def address(tile: Tile, root: str = TILES) -> str:
    return f"{root}/{tile.zoom}/{tile.row}/{tile.column}"


def decoded(answer: httpx.Response) -> dict[str, Any]:
    """The layers of a tile; coordinates are its units, from the south-west."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    layers: dict[str, Any] = mapbox_vector_tile.decode(answer.content)
    return layers


def features(answer: httpx.Response, layer: str = "parcels") -> dict[int, dict[str, Any]]:
    """The properties of the features of a layer of a tile, by their ids."""
    found = decoded(answer).get(layer, {"features": []})
    return {each["id"]: each["properties"] for each in found["features"]}


def in_units(tile: Tile, mercator: BaseGeometry) -> BaseGeometry:
    """A geometry in Web Mercator in the units of a tile, from the south-west."""
    west, south, _, _ = tile.metres
    scale = UNITS / (2 * HALF / (1 << tile.zoom))
    return transform(mercator, lambda points: (points - [west, south]) * scale)
