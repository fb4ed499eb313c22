"""Tiles as readers get them: from the files that are kept, or drawn anew.

public, near   the database is asked each time whether the ground is still in the state that was drawn: nobody sees what
               was before a change that is committed
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
from gisland.publish.tiles.statements import is_far, state_statement, tile_statement

# Of the tiles as they are drawn; another one draws all of them anew.
FORMAT = 2
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
        if kept is None or not _is_fresh(kept):
            # Others who want it wait for the one that is being drawn.
            lock = self._under_way.setdefault((name, tile), asyncio.Lock())
            async with lock:
                kept = self._cache.read(name, tile, encoding)
                if kept is None or not _is_fresh(kept):
                    return await self._current(connection, layer, tile, encoding, known)
        return Drawn(kept.state, kept.at, None if kept.state in known else kept.body, kept.encoding)

    async def _current(
        self, connection: Connection, layer: Layer, tile: Tile, encoding: Encoding, known: Collection[int]
    ) -> Drawn:
        name = self.name(layer)
        kept = self._cache.read(name, tile, encoding)
        begun = time.time()
        async with connection as opened:
            if kept is not None or known:
                state = await self._state(opened, layer, tile)
                if kept is not None and kept.state == state and is_far(layer, tile):
                    # It has just been seen to be as it was.
                    self._cache.write(name, tile, encoding, replace(kept, at=begun))
                if state in known:
                    return Drawn(state, begun, None)
                if kept is not None and kept.state == state:
                    return Drawn(state, begun, kept.body, kept.encoding)
            for squares in RASTERS:
                seen, drawn, _ = await self._draw(opened, layer, tile, squares, with_state=True)
                if not is_far(layer, tile) or len(drawn) <= MOST_BYTES:
                    break
        if seen is None:
            return Drawn(NOTHING, begun, None if NOTHING in known else b"")
        body, used = await encoded(drawn, encoding)
        self._cache.write(name, tile, encoding, Kept(seen, begun, body, used))
        return Drawn(seen, begun, body, used)

    async def _state(self, connection: AsyncConnection, layer: Layer, tile: Tile) -> int:
        cursor = await connection.execute(*state_statement(layer, tile))
        row = await cursor.fetchone()
        assert row is not None
        return NOTHING if row[0] is None else int(row[0])

    async def staff(self, connection: AsyncConnection, layer: Layer, tile: Tile) -> tuple[bytes, int]:
        """A tile of a layer that is not public, and how many features it shows.

        Args:
            connection: within the transaction that sees what the reader may see.
            layer: the layer.
            tile: which tile.
        """
        for squares in RASTERS:
            _, body, features = await self._draw(connection, layer, tile, squares, with_state=False)
            if not is_far(layer, tile) or len(body) <= MOST_BYTES:
                break
        return body, features

    async def _draw(
        self, connection: AsyncConnection, layer: Layer, tile: Tile, squares: int, *, with_state: bool
    ) -> tuple[int | None, bytes, int]:
        statuses = self._statuses(layer) if is_far(layer, tile) else ()
        statement, parameters = tile_statement(layer, tile, with_state=with_state, squares=squares, statuses=statuses)
        # In binary form: as text a tile would be twice as long.
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(statement, parameters)
            row = await cursor.fetchone()
        assert row is not None
        state, body, features = row
        return state, bytes(body or b""), int(features or 0)

    def _statuses(self, layer: Layer) -> tuple[str, ...]:
        status = layer.tiles.status_of(layer)
        field = next((field for field in layer.fields if field.name == status), None)
        return tuple(values_of(field, self._catalogue.palette)) if field is not None else ()


def _is_fresh(kept: Kept) -> bool:
    """Whether a far tile is given out without asking; a clock that was set back makes it old."""
    return 0 <= time.time() - kept.at <= FAR_SECONDS
