"""The whole system on one page: open this first.

settings → database pools → catalogue (layers, palette) → routers → errors as problem details
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import OperationalError
from psycopg.errors import QueryCanceled, UndefinedColumn, UndefinedTable
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import gisland
from gisland import health, metrics
from gisland.audit import routes as audit_routes
from gisland.audit.alerts import routes as alert_routes
from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import NOWHERE, Pools, use_scope
from gisland.errors import Busy, DatabaseUnavailable, GislandError, TookTooLong
from gisland.kit.compressing import CompressedAnswers
from gisland.kit.conditional import ConditionalAnswers
from gisland.kit.identifiers import mask_ids
from gisland.kit.logging import set_up_logging
from gisland.printing import job_routes, process_routes, verify_routes
from gisland.publish import features, ogc
from gisland.publish import routes as publish_routes
from gisland.publish.crs import KnownPlanes
from gisland.publish.documents import prepare
from gisland.publish.methods import OgcMethods, opened
from gisland.publish.qgis import routes as qgis_routes
from gisland.publish.reload import follow_layers
from gisland.publish.tiles import documents as tile_documents
from gisland.publish.tiles import routes as tile_routes
from gisland.publish.tiles.cache import TileCache
from gisland.publish.tiles.drawing import Drawing
from gisland.registry import act_routes, crosswalk_routes, search_routes
from gisland.registry import routes as registry_routes
from gisland.security import account_routes
from gisland.security import routes as security_routes
from gisland.security.entrance import Entrance
from gisland.security.guards import note_refused
from gisland.security.headers import SafeHeaders
from gisland.security.keys import mask_tokens
from gisland.security.limits import Limits
from gisland.security.origin import is_page
from gisland.settings import Settings, load_settings
from gisland.state import State
from gisland.verification import routes as verification_routes
from gisland.web import account_pages, list_pages, pages, print_page

log = structlog.get_logger()

PROBLEM = "application/problem+json"
ROUTED = (
    ogc,
    tile_documents,
    health,
    metrics,
    security_routes,
    account_routes,
    publish_routes,
    qgis_routes,
    registry_routes,
    act_routes,
    crosswalk_routes,
    search_routes,
    job_routes,
    process_routes,
    audit_routes,
    alert_routes,
    verify_routes,
    verification_routes,
    pages,
    account_pages,
    print_page,
    list_pages,
)
"""Modules of routes; the first are found the fastest."""
# Paths below which tables of layers are read.
LAYERS = ("/ogc", "/api/v1/layers/", "/api/v1/qgis/")
# A layer changes: how often, and after what pause, a page of it is tried again until this worker has heard of it.
AGAIN_MOST, AGAIN_SECONDS = 20, 0.1
TRIED = "gisland.tried"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the web application; each worker process calls this once."""
    settings = settings or load_settings()
    set_up_logging(settings.log_level)
    limits = Limits(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        catalogue = load_catalogue(settings)
        pools, _ = await asyncio.gather(Pools.open(settings), prepare(catalogue))
        app.state.gisland = State(settings, pools, catalogue, limits)
        app.state.planes = KnownPlanes()
        app.state.drawing = Drawing(TileCache(settings.tile_cache_path, settings.tile_cache_mb * 2**20), catalogue)

        async def use(changed: Catalogue) -> None:
            await prepare(changed)
            app.state.gisland = replace(app.state.gisland, catalogue=changed)
            app.state.drawing = app.state.drawing.of(changed)
            app.state.planes = KnownPlanes()

        following = asyncio.create_task(follow_layers(settings, lambda: app.state.gisland.catalogue, use))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await pools.close()

    # FastAPI's own documents, counters and log lines are off: there are others, and these would take time.
    silent: Any = dict.fromkeys(("tracing", "metrics", "logs"), False)
    app = FastAPI(title="gisland", version=gisland.__version__, lifespan=lifespan, openapi_url=None, telemetry=silent)
    # The first are found the fastest: tiles and pages of items, as they are, for a router within the router takes time.
    app.router.routes += [*tile_routes.router.routes, *features.ROUTES]
    for room in ROUTED:
        app.include_router(room.router)
    app.mount("/static", pages.static_files())
    # The last one comes first.
    for each in (ConditionalAnswers, CompressedAnswers, OgcMethods):
        app.add_middleware(each)
    app.add_middleware(Entrance, settings=settings, limits=limits)
    app.add_middleware(LogRequests, headers=SafeHeaders(settings))
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


class LogRequests:
    """One line per request: method, path (an id in it masked), status and duration; no query string, body or name.

    It is also the last to see an answer: what nobody else caught becomes problem details, and safe headers are added.

    Plain ASGI: Starlette's BaseHTTPMiddleware would copy each body through a queue.
    """

    def __init__(self, app: ASGIApp, headers: SafeHeaders) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request and note its end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0
        # Whoever reads or writes rows without having passed a guard reaches none.
        use_scope(NOWHERE)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message["headers"] if status < 400 else opened(message["headers"], scope)
                message["headers"] = self.headers.complete(given, scope["scheme"])
            await send(message)

        start = time.perf_counter()
        try:
            await self.app(scope, receive, watched)
        except GislandError as error:
            # The entrance has turned it away. What the application raises was answered further in.
            if status == 0:
                await problem(error)(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends here
            # The type only: the text of a database error quotes values, and the server would log it all.
            log.error("unexpected", error=type(error).__name__)  # noqa: TRY400
            if status == 0:
                await problem(GislandError("máy chủ gặp lỗi · something went wrong on the server"))(
                    scope, receive, watched
                )
        finally:
            seconds = time.perf_counter() - start
            metrics.count_request(scope["path"], status, seconds)
            path = mask_tokens(mask_ids(scope["path"], code=True))
            log.info("request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000, 1))


def problem(error: GislandError, *, to_page: bool = False) -> JSONResponse:
    """An error of ours as problem details (RFC 9457).

    Args:
        error: what is wrong.
        to_page: a script of our pages asked, which has a sign-in of its own: the browser must not show another one.
    """
    headers = error.headers
    if error.status == 401:
        headers = {"WWW-Authenticate": f'{"Session" if to_page else "Basic"} realm="gisland", charset="UTF-8"'}
    return JSONResponse(error.problem(), error.status, headers, media_type=PROBLEM)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, GislandError)
    await note_refused(request, error)
    return problem(error, to_page=is_page(request))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"type": "about:blank", "title": str(error.detail), "status": error.status_code}
    return JSONResponse(body, error.status_code, error.headers, media_type=PROBLEM)


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Names of fields and what is wrong, never the values that were sent.
    wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return JSONResponse(
        {"type": "about:blank", "title": "Bad request", "status": 400, "detail": wrong}, 400, media_type=PROBLEM
    )


async def _database(_: Request, error: Exception) -> Response:
    log.error("database", error=type(error).__name__)
    return problem(
        DatabaseUnavailable("cơ sở dữ liệu không trả lời · the database does not answer", hint="try again in a moment")
    )


async def _exhausted(_: Request, error: Exception) -> Response:
    log.warning("no connection in time", error=type(error).__name__)
    return problem(
        Busy(
            "cơ sở dữ liệu chưa nhận thêm việc · the database takes no more work just now",
            hint="thử lại sau · try again in a moment",
        )
    )


async def _canceled(_: Request, error: Exception) -> Response:
    log.warning("statement timeout", error=type(error).__name__)
    return problem(
        TookTooLong(
            "việc này quá lâu nên bị dừng · this took too long and was stopped",
            hint="hỏi ít hơn: khung nhỏ hơn, trường có chỉ mục · ask for less: a smaller box, a queryable field",
        )
    )


class AnsweredAnew(Response):
    """What the routes say to the same request when they are asked once more."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let them answer."""
        await self._app.router(scope, receive, send)


async def _changing(request: Request, error: Exception) -> Response:
    if not request.url.path.startswith(LAYERS):
        # No layer is read there: the program and the schema do not fit, and trying again mends nothing.
        log.error("unexpected", error=type(error).__name__)
        return problem(GislandError("máy chủ gặp lỗi · something went wrong on the server"))
    log.warning("layers are changing", error=type(error).__name__)
    tried = request.scope.get(TRIED, 0)
    if request.method in {"GET", "HEAD"} and tried < AGAIN_MOST:
        request.scope[TRIED] = tried + 1
        await asyncio.sleep(AGAIN_SECONDS)
        return AnsweredAnew(request.app)
    return problem(
        DatabaseUnavailable(
            "lớp này đang được thay đổi · this layer is just being changed", hint="thử lại ngay · try again at once"
        )
    )


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    GislandError: _ours,
    HTTPException: _http,
    RequestValidationError: _validation,
    QueryCanceled: _canceled,
    # Between the commit of `gisland layer apply` and the moment when this worker has heard of it.
    UndefinedTable: _changing,
    UndefinedColumn: _changing,
    OperationalError: _database,
    PoolTimeout: _exhausted,
}
