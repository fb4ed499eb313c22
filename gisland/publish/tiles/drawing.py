"""Tiles as readers get them: from the files that are kept, or drawn anew.

public, near   the database is asked each time whether the ground is still in the state that was drawn: nobody sees what
               was before a change that is committed
public, far    given out for some seconds without asking: they show much ground, where something changes all the time;
               before that time is over they are drawn anew behind the readers, so that none of them waits
staff          drawn for each request, of the rows that the reader may see; kept nowhere
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import structlog
from psycopg import AsyncConnection

from gisland.catalogue import SMALL_BELOW, Catalogue, Layer, Palette
from gisland.kit.encoding import Encoding, encoded
from gisland.publish.tiles.cache import Kept, TileCache
from gisland.publish.tiles.far import statuses_of
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import Way, is_far, state_statement, tile_statement, ways

log = structlog.get_logger()

# Of the tiles as they are drawn; another one draws all of them anew.
FORMAT = 3
# Age of a far tile up to which it is given out without asking; it may be 10 s old when it arrives.
FAR_SECONDS = 9
# Of that age: from here on it is drawn anew while readers are still given the old one.
AHEAD = 0.6
# Of a tile that must be small (ways): one that would be larger is drawn coarser. 500 kB are allowed.
MOST_BYTES = 480_000
# The state of ground where there never was anything.
NOTHING = 0

Source = Literal["kept", "drawn", "shared"]
"""Where a tile comes from: what was kept, a drawing for this reader, or one of another reader that was waited for."""
Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@dataclass(frozen=True)
class Drawn:
    """A tile of a layer."""

    state: int
    at: float
    """When the ground was so, seconds since 1970."""
    body: bytes | None
    """None: the reader has it already."""
    encoding: Encoding = ""
    source: Source = "kept"


_Key = tuple[str, Tile, Encoding]


class _Wanted(NamedTuple):
    """What a reader wants."""

    drawing: str
    """The name of the layer as it is drawn."""
    layer: Layer
    tile: Tile
    encoding: Encoding
    known: Collection[int]
    share: int

    @property
    def key(self) -> _Key:
        """What is the same for all who may share one drawing."""
        return self.drawing, self.tile, self.encoding


@dataclass
class _Turn:
    """Of those who want the same tile one draws it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    queue: int = 0
    """How many draw it or wait."""
    last: tuple[float, Drawn] | None = None
    """What was drawn last, and when that began by the clock that only goes on."""


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
        self._turns: dict[_Key, _Turn] = {}
        self._ahead: set[asyncio.Task[Drawn]] = set()

    def of(self, catalogue: Catalogue) -> Drawing:
        """The same for other layers."""
        return Drawing(self._cache, catalogue)

    def name(self, layer: Layer) -> str:
        """A name for the layer as it is drawn."""
        return self._names.get(id(layer)) or drawing_of(layer, self._catalogue.palette)

    async def public(
        self,
        connect: Connect,
        layer: Layer,
        tile: Tile,
        encoding: Encoding,
        known: Collection[int] = (),
        share: int = 1,
    ) -> Drawn:
        """A tile of a public layer, drawn once for all who want it at the same time.

        Args:
            connect: opens a connection as the public role.
            layer: the layer.
            tile: which tile.
            encoding: in which the body is wanted.
            known: states of the ground whose tile the reader has.
            share: how many layers share a tile that must be small.
        """
        name = self.name(layer) if share == 1 else f"{self.name(layer)}-{share}"
        wanted = _Wanted(name, layer, tile, encoding, known, share)
        if not self._cache.keeps:
            # Nothing would be there for those who waited.
            return await self._still(connect, wanted) or await self._drawn(connect, wanted)
        if is_far(layer, tile):
            found = self._fresh(wanted)
            if found is not None and _is_due(found):
                self._draw_ahead(connect, wanted)
            return found or await self._in_turn(connect, wanted)
        return await self._still(connect, wanted) or await self._in_turn(connect, wanted)

    async def dataset(self, connect: Connect, layers: Sequence[Layer], tile: Tile) -> list[Drawn]:
        """A tile of each of these public layers, not compressed; far away they are small together, too."""
        parts = [await self.public(connect, layer, tile, "") for layer in layers]
        sizes = [len(part.body or b"") for part in parts]
        if tile.zoom >= SMALL_BELOW or sum(sizes) <= MOST_BYTES:
            return parts
        share = sum(size > 0 for size in sizes)
        return [
            await self.public(connect, layer, tile, "", share=share) if size > MOST_BYTES // share else part
            for layer, part, size in zip(layers, parts, sizes, strict=True)
        ]

    async def _in_turn(self, connect: Connect, wanted: _Wanted) -> Drawn:
        """Draw a tile; who wants it meanwhile waits, in this worker or another one.

        What was begun after one came shows all that this one may know of, and is what it gets. What was begun before
        may be of a moment before a commit of which it knows: then it looks whether the ground still is so. Where
        something changes all the time, nobody waits for more than two drawings of this worker so, and one of another.
        Nobody waits with a connection in hand, which the one who draws may need.
        """
        came, waits = time.monotonic(), wanted.key in self._turns
        async with self._turn(wanted.key) as turn:
            if turn.last is not None and turn.last[0] > came:
                drawn = replace(turn.last[1], source="shared")
                return drawn if drawn.state not in wanted.known else replace(drawn, body=None)
            if waits:
                found = await self._meanwhile(connect, wanted)
            else:
                found = await self._still(connect, wanted) if is_far(wanted.layer, wanted.tile) else None
            if found is not None:
                return found
            async with self._cache.claim(wanted.drawing, wanted.tile, wanted.encoding) as other:
                found = await self._meanwhile(connect, wanted) if other else None
                if found is not None:
                    return found
                begun, drawn = time.monotonic(), await self._drawn(connect, wanted)
            if drawn.body is not None:
                turn.last = begun, drawn
            return drawn

    async def _meanwhile(self, connect: Connect, wanted: _Wanted) -> Drawn | None:
        """What was drawn while one waited, when it may be given out."""
        found = self._fresh(wanted) if is_far(wanted.layer, wanted.tile) else None
        found = found or await self._still(connect, wanted)
        return found and replace(found, source="shared")

    @asynccontextmanager
    async def _turn(self, key: _Key) -> AsyncIterator[_Turn]:
        turn = self._turns.setdefault(key, _Turn())
        turn.queue += 1
        try:
            async with turn.lock:
                yield turn
        finally:
            turn.queue -= 1
            if not turn.queue:
                del self._turns[key]

    def _draw_ahead(self, connect: Connect, wanted: _Wanted) -> None:
        """Draw a tile behind the readers, who are given the old one meanwhile; once for all of them."""
        if wanted.key in self._turns:
            return
        # Whoever asked may leave: it is drawn for all.
        task = asyncio.get_running_loop().create_task(self._in_turn(connect, wanted._replace(known=())))
        self._ahead.add(task)
        task.add_done_callback(self._drawn_ahead)

    def _drawn_ahead(self, task: asyncio.Task[Drawn]) -> None:
        self._ahead.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The next reader who would wait for it is told.
            log.warning("a far tile was not drawn ahead", error=type(error).__name__)

    def _fresh(self, wanted: _Wanted) -> Drawn | None:
        """A far tile that is young enough to be given out without asking."""
        kept = self._cache.read(wanted.drawing, wanted.tile, wanted.encoding)
        if kept is None or not _is_fresh(kept):
            return None
        return Drawn(kept.state, kept.at, None if kept.state in wanted.known else kept.body, kept.encoding)

    async def _still(self, connect: Connect, wanted: _Wanted) -> Drawn | None:
        """What the reader has, or what is kept, when the ground still is so."""
        kept = self._cache.read(wanted.drawing, wanted.tile, wanted.encoding)
        if kept is None and not wanted.known:
            return None
        begun = time.time()
        async with connect() as opened:
            state = await self._state(opened, wanted.layer, wanted.tile)
        as_kept = kept is not None and kept.state == state
        if kept is not None and as_kept and is_far(wanted.layer, wanted.tile):
            # It has just been seen to be as it was.
            self._cache.write(wanted.drawing, wanted.tile, wanted.encoding, replace(kept, at=begun))
        if state in wanted.known:
            return Drawn(state, begun, None)
        return Drawn(state, begun, kept.body, kept.encoding) if kept is not None and as_kept else None

    async def _drawn(self, connect: Connect, wanted: _Wanted) -> Drawn:
        """The tile, drawn anew and kept."""
        layer, tile = wanted.layer, wanted.tile
        begun = time.time()
        async with connect() as opened:
            seen, drawn, _ = await self._small(opened, layer, tile, with_state=True, share=wanted.share)
        if seen is None:
            return Drawn(NOTHING, begun, None if NOTHING in wanted.known else b"", source="drawn")
        body, used = await encoded(drawn, wanted.encoding)
        self._cache.write(wanted.drawing, tile, wanted.encoding, Kept(seen, begun, body, used))
        return Drawn(seen, begun, body, used, "drawn")

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
        _, body, features = await self._small(connection, layer, tile, with_state=False)
        return body, features

    async def _small(
        self, connection: AsyncConnection, layer: Layer, tile: Tile, *, with_state: bool, share: int = 1
    ) -> tuple[int | None, bytes, int]:
        """The state, the finest tile that is small enough, and how many features it shows."""
        for way in ways(layer, tile.zoom):
            found = await self._draw(connection, layer, tile, way, with_state=with_state)
            if len(found[1]) <= MOST_BYTES // share:
                break
        return found

    async def _draw(
        self, connection: AsyncConnection, layer: Layer, tile: Tile, way: Way, *, with_state: bool
    ) -> tuple[int | None, bytes, int]:
        statuses = statuses_of(layer, self._catalogue.palette) if way.squares else ()
        statement, parameters = tile_statement(layer, tile, with_state=with_state, way=way, statuses=statuses)
        # In binary form: as text a tile would be twice as long.
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(statement, parameters)
            row = await cursor.fetchone()
        assert row is not None
        state, body, features = row
        return state, bytes(body or b""), int(features or 0)


def _is_fresh(kept: Kept) -> bool:
    """Whether a far tile is given out without asking; a clock that was set back makes it old."""
    return 0 <= time.time() - kept.at <= FAR_SECONDS


def _is_due(drawn: Drawn) -> bool:
    """Whether a far tile that is still given out is to be drawn anew."""
    return time.time() - drawn.at > AHEAD * FAR_SECONDS
