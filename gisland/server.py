"""The processes of a running gisland: `gisland up` (everything), `gisland serve` (web), `gisland worker` (jobs).

    gisland up ─┬─ web worker × N     uvicorn's supervisor starts them anew when they die
                ├─ job worker
                └─ private cluster    started anew when it is killed, stopped by the last process that uses it

Settings reach the child processes through the environment, where options of the command are put, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from gisland.catalogue import load_catalogue
from gisland.database import cluster, run
from gisland.errors import Conflict, DatabaseUnavailable, UsageError
from gisland.jobs import serve_queue
from gisland.kit.logging import set_up_logging
from gisland.kit.memory import ALLOCATOR, lasting
from gisland.printing import tasks as printing_tasks
from gisland.publish import refreshing
from gisland.security.accounts import create_first_admin
from gisland.security.guards import caller, requires
from gisland.security.head import BoundedHead
from gisland.security.permissions import Permission
from gisland.settings import Settings, load_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger()
app = typer.Typer()

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 1.0
JOB_SECONDS = 20  # how long jobs under way may take to end

Host = Annotated[str | None, typer.Option(help="Địa chỉ nghe · Address to listen on (GISLAND_HOST).")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Cổng · Port to listen on (GISLAND_PORT).")]
Workers = Annotated[int | None, typer.Option(min=1, help="Số tiến trình web · Web processes (GISLAND_WORKERS).")]


@app.command("up")
@requires(Permission.SERVICE_RUN)
def up_command(
    ctx: typer.Context,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Nạp phường minh hoạ · Load the demo ward.")] = False,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
) -> None:
    """Chạy tất cả: CSDL, lược đồ, lớp bản đồ, web · Run everything: database, schema, layers, web; Ctrl-C ends it."""
    asked = caller(ctx)
    settings = _with_options(asked.settings, host=host, port=port, workers=workers)
    _end_on_sigterm()
    with _bound(settings) as listener:
        prepare(settings, demo=demo, by=asked.subject.name)
        announce(settings)
        with _companions(settings, jobs=True):
            serve_web(settings, listener)


@app.command("serve")
@requires(Permission.SERVICE_RUN)
def serve_command(ctx: typer.Context, *, host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Chỉ chạy web (sau `db migrate`, `layer apply`) · Run the web workers only."""
    settings = _with_options(caller(ctx).settings, host=host, port=port, workers=workers)
    _end_on_sigterm()
    with _bound(settings) as listener:
        announce(settings)
        with _companions(settings, jobs=False):
            serve_web(settings, listener)


@app.command("worker")
@requires(Permission.SERVICE_RUN)
def worker_command(ctx: typer.Context) -> None:
    """Chạy hàng đợi việc nền · Work on the queue of jobs."""
    _serve_queue(caller(ctx).settings)


def prepare(settings: Settings, *, demo: bool, by: str) -> None:
    """Bring everything to where requests can be served: cluster, schema, layers, the demo ward if wanted.

    Repeating it changes nothing.
    """
    # Not at the top: the workers import this file, too, and need none of it.
    from gisland.database.migrate import migrate
    from gisland.demo.load import load_demo
    from gisland.publish.layers import apply_layers

    migrate(settings)
    apply_layers(settings, load_catalogue(settings), by=by)
    if demo:
        load_demo(settings)


def announce(settings: Settings) -> None:
    """Say where the map is and, at the very first start, the administrator's secret."""
    secret = run(settings, create_first_admin)
    if secret is not None:
        typer.echo(f"Tài khoản đầu tiên, chỉ hiện một lần · First account, shown once:  admin  {secret}")
        typer.echo("Đăng nhập rồi đặt mật khẩu của mình · Sign in and set a password of your own:  /account")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(f"Bản đồ · Map:  {settings.public_url or f'http://{host}:{settings.port}/'}   (Ctrl-C: dừng · stop)")


def serve_web(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished.

    Raises:
        SystemExit: the application does not start.
    """
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory(prefix="gisland-metrics-") as folder:
        if settings.workers > 1:
            # Where the workers count together, see `gisland.metrics`; before they import the library.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve_web(settings, listener)


def _serve_web(settings: Settings, listener: socket.socket) -> None:
    config = uvicorn.Config(
        "gisland.server:web_app",
        factory=True,
        workers=settings.workers,
        log_config=None,
        access_log=False,  # the application logs requests itself, without their query strings
        server_header=False,
        proxy_headers=False,  # see GISLAND_TRUSTED_PROXIES
        http=BoundedHead,
        ws="none",
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=30,  # a machine that is busy with an import must not cost workers their life
    )
    if settings.workers > 1:
        supervisor = Multiprocess(config, [listener])
        supervisor.run()
        failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    else:
        server = uvicorn.Server(config)
        with contextlib.suppress(KeyboardInterrupt):
            server.run([listener])
        failed = not server.started
    if failed:
        sys.exit(STARTUP_FAILURE)


def web_app() -> FastAPI:
    """The application of one web worker (uvicorn's factory)."""
    with lasting():
        from gisland.app import create_app

        _end_with_parent()
        return create_app(load_settings())


def _with_options(settings: Settings, **options: str | int | None) -> Settings:
    """The settings with the options of the command; they go into the environment for the child processes."""
    settings = settings.model_copy(update={name: value for name, value in options.items() if value is not None})
    os.environ.update(settings.as_environment())
    return settings


@contextlib.contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    """The socket to serve on, bound before the long work starts: a port in use is told at once.

    Raises:
        Conflict: another program has the port.
        UsageError: this machine has no such address, or the port needs privileges.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Conflict(
                    f"cổng {settings.port} đang được dùng · port {settings.port} is in use",
                    hint="end the program that uses it, or choose one with --port",
                ) from error
            raise UsageError(
                f"không mở được cổng · cannot listen on {settings.host} port {settings.port}: {error.strerror}",
                hint="choose others with --host and --port",
            ) from error
        yield listener


def _end_on_sigterm() -> None:
    """SIGTERM ends this process in order, so that the cluster is stopped; without a handler it would be cut off."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _end_with_parent() -> None:
    """Let the kernel end this child process when its parent is killed, so that nothing holds the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if not parent.is_alive():  # killed before the line above
            sys.exit(1)


@contextlib.contextmanager
def _companions(settings: Settings, *, jobs: bool) -> Iterator[None]:
    """Keep the private cluster and, if wanted, a job worker running beside the web workers.

    A killed server is started anew; one that was stopped on purpose stays stopped.
    """
    ended = threading.Event()

    def watch() -> None:
        worker = _start_job_worker() if jobs else None
        while not ended.wait(WATCH_SECONDS):
            try:
                if settings.database_url is None and cluster.died(settings):
                    log.error("the database was killed and is started anew")
                    cluster.ensure_running(settings)
            except DatabaseUnavailable as error:
                log.error("the database does not start", reason=str(error))  # noqa: TRY400 - one line, no stack trace
            if worker is not None and not worker.is_alive():
                log.error("the job worker ended and is started anew", exit_code=worker.exitcode)
                worker = _start_job_worker()
        if worker is not None:
            worker.terminate()
            worker.join(JOB_SECONDS)
            worker.kill()
            worker.join()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _start_job_worker() -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(target=_work)
    process.start()
    return process


def _work() -> None:
    """The job worker's process, in a session of its own: Ctrl-C reaches the parent only, which then ends it."""
    os.setsid()
    _end_with_parent()
    settings = load_settings()
    set_up_logging(settings.log_level)
    _serve_queue(settings)


def _serve_queue(settings: Settings) -> None:
    slots = {printing_tasks.QUEUE: settings.print_processes}
    asyncio.run(serve_queue(settings, [printing_tasks.add_to, refreshing.add_to], slots))
