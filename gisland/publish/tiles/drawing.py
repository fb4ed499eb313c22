"""Tiles as readers get them: from the files that are kept, or drawn anew.

public, near   asked of the database each time whether the ground is still in the state that was drawn: one round trip,
               whether the tile is then drawn or not; nobody sees what was before a change that is committed
public, far    given out for some seconds without asking: they show much ground, where something changes all the time
staff          drawn for each request, of the rows that the reader may see; kept nowhere
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from psycopg import AsyncConnection

from gisland.catalogue import Catalogue, Layer, Palette
from gisland.publish.query import values_of
from gisland.publish.tiles.cache import Kept, TileCache
from gisland.publish.tiles.encoding import Encoding, encoded
from gisland.publish.tiles.far import RASTERS
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import is_far, tile_statement

# Of the tiles as they are drawn; another one draws all of them anew.
FORMAT = 1
# Age of a far tile up to which it is given out without asking; it may be 10 s old when it arrives.
FAR_SECONDS = 9
# Of a far tile: one that would be larger is drawn on a coarser raster.
MOST_BYTES = 480_000
# The state of ground where there never was anything.
NOTHING = 0

Connection = AbstractAsyncContextManager[AsyncConnection]


@dataclass(frozen=True)
class Drawn:
    """A tile of a layer."""

    state: int
    at: float
    """When the ground was so, seconds since 1970."""
    body: bytes | None
    """None: the reader has it already."""
    encoding: Encoding = ""


def drawing_of(layer: Layer, palette: Palette) -> str:
    """A name for a layer as it is defined and drawn: another name when its tiles would be others."""
    parts = [FORMAT, layer.definition_hash(palette), layer.tiles.model_dump(mode="json"), list(palette.public)]
    return f"{layer.id}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"


class Drawing:
    """Draws the tiles of a catalogue.

    Args:
        cache: where those of public layers are kept.
        catalogue: the layers.
    """

    def __init__(self, cache: TileCache, catalogue: Catalogue) -> None:
        self._cache = cache
        self._catalogue = catalogue
        self._names = {id(layer): drawing_of(layer, catalogue.palette) for layer in catalogue.layers.values()}
        self._under_way: WeakValueDictionary[tuple[str, Tile], asyncio.Lock] = WeakValueDictionary()

    def of(self, catalogue: Catalogue) -> Drawing:
        """The same for other layers."""
        return Drawing(self._cache, catalogue)

    def name(self, layer: Layer) -> str:
        """A name for the layer as it is drawn."""
        return self._names.get(id(layer)) or drawing_of(layer, self._catalogue.palette)

    async def public(
        self, connection: Connection, layer: Layer, tile: Tile, encoding: Encoding, known: Collection[int] = ()
    ) -> Drawn:
        """A tile of a public layer.

        Args:
            connection: as the public role; opened when it is needed.
            layer: the layer.
            tile: which tile.
            encoding: in which the body is wanted.
            known: states of the ground whose tile the reader has.
        """
        if not is_far(layer, tile):
            return await self._current(connection, layer, tile, encoding, known)
        name = self.name(layer)
        kept = self._cache.read(name, tile, encoding)
        if kept is None or time.time() - kept.at > FAR_SECONDS:
            # Others who want it wait for the one that is being drawn.
            lock = self._under_way.setdefault((name, tile), asyncio.Lock())
            async with lock:
                kept = self._cache.read(name, tile, encoding)
                if kept is None or time.time() - kept.at > FAR_SECONDS:
                    return await self._current(connection, layer, tile, encoding, known)
        return Drawn(kept.state, kept.at, None if kept.state in known else kept.body, kept.encoding)

    async def _current(
        self, connection: Connection, layer: Layer, tile: Tile, encoding: Encoding, known: Collection[int]
    ) -> Drawn:
        kept = self._cache.read(self.name(layer), tile, encoding)
        begun = time.time()
        state, body = await self._ask(connection, layer, tile, [*known, kept.state] if kept else known)
        if state is None:
            return Drawn(NOTHING, begun, None if NOTHING in known else b"")
        if body is None:
            if is_far(layer, tile) and kept is not None and kept.state == state:
                # It has just been seen to be as it was.
                kept = replace(kept, at=begun)
                self._cache.write(self.name(layer), tile, kept)
            if state in known or kept is None:
                return Drawn(state, begun, None)
            if kept.encoding == encoding:
                return Drawn(state, begun, kept.body, encoding)
            body = kept.body
            found, used = await encoded(body, encoding)
            if not used:
                return Drawn(state, begun, body)
        else:
            found, used = await encoded(body, encoding)
        self._cache.write(self.name(layer), tile, Kept(state, begun, found, used))
        return Drawn(state, begun, found, used)

    async def _ask(
        self, connection: Connection, layer: Layer, tile: Tile, known: Collection[int]
    ) -> tuple[int | None, bytes | None]:
        async with connection as opened:
            for squares in RASTERS:
                state, body, _ = await self._draw(opened, layer, tile, known, squares)
                if not is_far(layer, tile) or body is None or len(body) <= MOST_BYTES:
                    break
        return state, body

    async def staff(self, connection: AsyncConnection, layer: Layer, tile: Tile) -> tuple[bytes, int]:
        """A tile of a layer that is not public, and how many features it shows.

        Args:
            connection: within the transaction that sees what the reader may see.
            layer: the layer.
            tile: which tile.
        """
        for squares in RASTERS:
            _, body, features = await self._draw(connection, layer, tile, None, squares)
            if not is_far(layer, tile) or body is None or len(body) <= MOST_BYTES:
                break
        return body or b"", features

    async def _draw(
        self, connection: AsyncConnection, layer: Layer, tile: Tile, known: Collection[int] | None, squares: int
    ) -> tuple[int | None, bytes | None, int]:
        status = layer.tiles.status_of(layer)
        field = next((field for field in layer.fields if field.name == status), None)
        statuses = tuple(values_of(field, self._catalogue.palette)) if field is not None else ()
        statement, parameters = tile_statement(layer, tile, known, squares=squares, statuses=statuses)
        # In binary form: as text a tile would be twice as long.
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(statement, parameters)
            row = await cursor.fetchone()
        assert row is not None
        state, body, features = row
        return state, bytes(body) if body is not None else None, int(features or 0)
