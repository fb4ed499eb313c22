"""OPTIONS and HEAD of the OGC API, and which of its answers pages of other origins may read (CORS).

What is public they may read with methods that change nothing, and ask anew for by its entity tag. They are not let send
`Authorization`: whoever signs in does so on our own pages, or in a program that knows no origins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gisland.publish.answer import ROOT
from gisland.state import state_of

ORIGINS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
# Besides those that need no leave. Programs in pages send the last one by themselves.
HEADERS = "Cache-Control, If-None-Match, X-Requested-With"
# For so long a browser remembers the leave, seconds.
REMEMBERED = 86_400
# What is made for it is not made for its headers alone, or is noted as taken away.
NO_HEAD = ("/export", "/results")
# Errors say when to come again.
_OF_ERRORS = [(name.lower().encode(), value.encode()) for name, value in ORIGINS.items()]
_OF_ERRORS.append((b"access-control-expose-headers", b"Retry-After"))


class OgcMethods:
    """ASGI middleware: a HEAD is answered like its GET, an OPTIONS with what may be asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: list[tuple[re.Pattern[str], str, set[str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] == "http" and scope["method"] in {"HEAD", "OPTIONS"} and _is_ogc(scope["path"]):
            methods = self._methods(scope)
            if methods and scope["method"] == "OPTIONS":
                await _options(scope, methods)(scope, receive, send)
                return
            if "HEAD" in methods:
                await self._app({**scope, "method": "GET"}, receive, _without_body(send))
                return
        await self._app(scope, receive, send)

    def _methods(self, scope: Scope) -> set[str]:
        """What may be asked of the resource."""
        if not self._known:
            routes = _routes(scope["app"].routes)
            self._known = [(each.path_regex, each.path, set(each.methods or ())) for each in routes]
        found: set[str] = set()
        for place, path, methods in self._known:
            if place.match(scope["path"]):
                found |= methods | {"OPTIONS"}
                if "GET" in methods and not path.endswith(NO_HEAD):
                    found.add("HEAD")
        return found


def is_open(scope: Scope) -> bool:
    """Whether a resource of the OGC API is the same for everybody, and its request tells of nobody."""
    if not _is_ogc(scope["path"]) or any(name in {b"authorization", b"cookie"} for name, _ in scope["headers"]):
        return False
    path: str = scope["path"].removeprefix(f"{ROOT}/")
    kind, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    if kind not in {"collections", "styles"}:
        return kind != "jobs"
    # After a dot the name of a style has its theme.
    layer = state_of(HTTPConnection(scope)).catalogue.layers.get(name.partition(".")[0])
    return layer is None or layer.public


def opened(headers: list[tuple[bytes, bytes]], scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of an error, which pages of other origins may read where they may read the answer."""
    return [*headers, *_OF_ERRORS] if is_open(scope) else headers


def _is_ogc(path: str) -> bool:
    return path == ROOT or path.startswith(f"{ROOT}/")


def _routes(found: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in found:
        # FastAPI keeps the routers that were included as they are.
        inner = getattr(route, "original_router", None)
        if isinstance(inner, Router):
            yield from _routes(inner.routes)
        elif isinstance(route, Route) and _is_ogc(route.path):
            yield route


def _options(scope: Scope, methods: set[str]) -> Response:
    headers = {"Allow": ", ".join(sorted(methods))}
    if is_open(scope):
        safe = sorted(methods & {"GET", "HEAD"})
        headers |= ORIGINS | {
            "Access-Control-Allow-Methods": ", ".join(safe),
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": str(REMEMBERED),
        }
    return Response(None, 204, headers)


def _without_body(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return sent
