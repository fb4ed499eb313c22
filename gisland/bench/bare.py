"""The least that a server in Python can be: gisland's own statements between psycopg and uvicorn, and nothing else.

No guards, limits, log lines, entity tags, links, forms or checks: what it costs, anybody pays who reads with psycopg
and answers with uvicorn. gisland ÷ this one is what gisland's own code takes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gisland.bench.database import LAYER
from gisland.catalogue import load_catalogue
from gisland.database import Role, conninfo
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.publish.tiles.grid import tile_at
from gisland.publish.tiles.statements import tile_statement
from gisland.settings import load_settings

_TILE = re.compile(r"/tiles/WebMercatorQuad/(\d+)/(\d+)/(\d+)")
_GEOJSON, _MVT = b"application/geo+json", b"application/vnd.mapbox-vector-tile"

Message = dict[str, Any]
_settings = load_settings()
_layer = load_catalogue(_settings).layer(LAYER)
_pool = AsyncConnectionPool(
    conninfo(_settings, Role.PUBLIC, statement_timeout_ms=_settings.statement_timeout_ms),
    kwargs={"autocommit": True},
    min_size=1,
    max_size=_settings.pool_size,
    open=False,
)


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """An ASGI application: `/items?bbox=…&limit=…` and `/tiles/WebMercatorQuad/{zoom}/{row}/{column}`."""
    if scope["type"] == "lifespan":
        await receive()
        await _pool.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    place = _TILE.fullmatch(scope["path"])
    async with _pool.connection() as connection:
        media_type, body = await _page(connection, scope) if place is None else await _tile(connection, *place.groups())
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _page(connection: AsyncConnection, scope: Message) -> tuple[bytes, bytes]:
    given = parse_qs(scope["query_string"].decode())
    west, south, east, north = map(float, given.get("bbox", ["-180,-90,180,90"])[0].split(","))
    query = ItemsQuery(int(given["limit"][0]), bbox=(west, south, east, north))
    cursor = await connection.execute(*page_statement(_layer, query, "hits"))
    result = cursor.pgresult
    assert result is not None
    rows = [result.get_value(row, 0) or b"" for row in range(result.ntuples)]
    return _GEOJSON, b'{"type":"FeatureCollection","features":[' + b",".join(rows) + b"]}"


async def _tile(connection: AsyncConnection, zoom: str, row: str, column: str) -> tuple[bytes, bytes]:
    statement, parameters = tile_statement(_layer, tile_at(zoom, row, column), with_state=True)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement, parameters)
        found = await cursor.fetchone()
    assert found is not None
    return _MVT, found[1] or b""
