"""Tiles of layers and of the whole dataset: the hot path of maps."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Request, Response

from gisland.catalogue import Layer
from gisland.errors import NotFound, UsageError
from gisland.kit.encoding import Encoding, chosen_encoding, encoded
from gisland.publish.answer import FOR_ALL, FOR_ONE, ROOT, Asked
from gisland.publish.leaving import ClientWatch
from gisland.publish.openapi import TILE as MVT
from gisland.publish.tiles.drawing import Drawing, Drawn, Source
from gisland.publish.tiles.grid import ID, Tile, tile_at
from gisland.security.guards import Require
from gisland.security.limits import Work
from gisland.security.permissions import Permission

READ = Require(Permission.PUBLIC_READ, Work.TILES)
STAFF = Require(Permission.STAFF_LAYER_READ, Work.TILES)

PUBLIC = FOR_ALL | {"Access-Control-Expose-Headers": "ETag, Data-Time, Cache-Status"}
# RFC 9211.
_CACHE_STATUS: dict[Source, str] = {
    "kept": "gisland; hit",
    "drawn": "gisland; fwd=miss",
    "shared": "gisland; fwd=miss; collapsed",
}
_ETAG = re.compile(r'"([0-9a-f]{16})-([a-z0-9-]+)"')


def drawing(request: Request) -> Drawing:
    """What draws tiles in this worker; made in the lifespan of `app.py`."""
    return cast("Drawing", request.app.state.drawing)


async def layer_tile(request: Request) -> Response:
    """A tile of one layer."""
    asked = Asked.of(request, await READ(request))
    path = request.path_params
    layer = asked.state.catalogue.layer(path["layer_id"])
    if not layer.public:
        await STAFF(request)
        layer = asked.catalogue.layer(layer.id)
    tile = _tile(asked)
    if layer.public:
        return await _public(asked, layer, tile)
    return await _staff(asked, layer, tile)


async def dataset_tile(request: Request) -> Response:
    """A tile of all public layers."""
    asked = Asked.of(request, await READ(request))
    tile, pool, draws = _tile(asked), asked.state.pools.public, drawing(request)
    layers = [layer for layer in asked.state.catalogue.layers.values() if layer.public]
    if len(layers) == 1:
        # What is kept is compressed already.
        return await _public(asked, layers[0], tile)
    with ClientWatch(request):
        parts = list(zip(layers, await draws.dataset(pool.connection, layers, tile), strict=True))
    states = [f"{draws.name(layer)} {part.state}" for layer, part in parts]
    tag = f'"{hashlib.sha256(" ".join(states).encode()).hexdigest()[:16]}-all"'
    headers = _headers(f"W/{tag}", min((part.at for _, part in parts), default=time.time()))
    if tag in _given(request):
        return Response(None, 304, headers)
    body, encoding = await encoded(b"".join(part.body or b"" for _, part in parts), _encoding(request))
    return _answer(body, encoding, headers)


layer_tile.require = READ  # type: ignore[attr-defined]  # read by the test of all routes
dataset_tile.require = READ  # type: ignore[attr-defined]


async def _public(asked: Asked, layer: Layer, tile: Tile) -> Response:
    draws = drawing(asked.request)
    name = draws.name(layer)
    known = [int(state, 16) - (1 << 63) for state, of in _ETAG.findall(_given(asked.request)) if of == name]
    connect = asked.state.pools.public.connection
    # Of those who want the same tile the next one draws it, when the one who did leaves.
    with ClientWatch(asked.request):
        drawn = await draws.public(connect, layer, tile, _encoding(asked.request), known)
    headers = _headers(_tag(drawn, name), drawn.at) | {"Cache-Status": _CACHE_STATUS[drawn.source]}
    if drawn.body is None:
        return Response(None, 304, headers)
    return _answer(drawn.body, drawn.encoding, headers)


async def _staff(asked: Asked, layer: Layer, tile: Tile) -> Response:
    with ClientWatch(asked.request):
        async with asked.reading(layer) as connection:
            body, features = await drawing(asked.request).staff(connection, layer, tile)
            object_id = f"{layer.id}/tiles/{tile.zoom}/{tile.row}/{tile.column}"
            await connection.execute(
                "SELECT audit.note_staff_reading(%s, %s, %s)", [asked.subject.name, object_id, features]
            )
    body, encoding = await encoded(body, _encoding(asked.request))
    return _answer(body, encoding, FOR_ONE)


def _tile(asked: Asked) -> Tile:
    path = asked.request.path_params
    if path["matrix_set"] != ID:
        raise NotFound("không có lưới mảnh này · there is no such tile matrix set", hint=f"tiles come in {ID}")
    tile = tile_at(path["zoom"], path["row"], path["column"])
    for name, value in asked.given:
        if name != "f":
            raise UsageError(
                "không có tham số này · there is no such parameter", hint="known is: f", parameter=name[:50]
            )
        if value != "mvt":
            raise UsageError("không có lựa chọn này · this is not offered", hint="one of: mvt", parameter=name)
    return tile


def _encoding(request: Request) -> Encoding:
    return chosen_encoding(request.headers.get("accept-encoding", ""))


def _given(request: Request) -> str:
    """The entity tags that the client has."""
    return request.headers.get("if-none-match", "")


def _tag(drawn: Drawn, name: str) -> str:
    # Weak: drawn twice a tile may have its features in another order, and it is sent compressed or not.
    return f'W/"{drawn.state + (1 << 63):016x}-{name}"'


def _headers(tag: str, at: float) -> dict[str, str]:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return PUBLIC | {"ETag": tag, "Data-Time": moment}


def _answer(body: bytes, encoding: Encoding, headers: dict[str, str]) -> Response:
    return Response(body, 200, headers | ({"Content-Encoding": encoding} if encoding else {}), MVT)


_PLACE = "/tiles/{matrix_set}/{zoom}/{row}/{column}"
# Plain routes: to solve their dependencies would take FastAPI as long as the rest takes.
router = APIRouter()
router.add_route(ROOT + "/collections/{layer_id}" + _PLACE, layer_tile, methods=["GET"])
router.add_route(ROOT + _PLACE, dataset_tile, methods=["GET"])
