"""A real server process for tests."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import httpx

from gisland.database import run
from gisland.demo.generate import generate
from gisland.demo.load import load_demo
from gisland.security.accounts import account_called, change_password, create_first_admin
from gisland.settings import Settings

PASSWORD = "ba cay cau moc ben song"


@dataclass(frozen=True)
class LiveServer:
    """Where it listens, with whom one may sign in, its database, and its first process."""

    url: str
    admin: tuple[str, str]
    settings: Settings
    pid: int = 0


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_admin(settings: Settings) -> tuple[str, str]:
    """Make the account `admin`, who has set a password of their own. Returns name and password."""
    secret = run(settings, create_first_admin)
    assert secret is not None
    name = "admin"
    run(settings, lambda connection: change_password(connection, account_called(connection, name), secret, PASSWORD))
    return name, PASSWORD


@contextmanager
def start_server(settings: Settings, *, demo_parcels: int = 0, log: IO[bytes] | None = None) -> Iterator[LiveServer]:
    """Serve a database with `gisland serve`, with a demo ward when one is wanted; it may write to `log`."""
    if demo_parcels:
        with TemporaryDirectory() as folder:
            load_demo(settings, generate(demo_parcels, 1, Path(folder), None))
    admin = first_admin(settings)
    with serve(settings, log=log) as live:
        yield replace(live, admin=admin)


@contextmanager
def serve(settings: Settings, *, log: IO[bytes] | None = None) -> Iterator[LiveServer]:
    """Serve a database as it is, on a port of its own."""
    settings = settings.model_copy(update={"port": free_port()})
    url = f"http://127.0.0.1:{settings.port}"
    command = [sys.executable, "-m", "gisland", "serve"]
    process = subprocess.Popen(command, env=settings.as_environment(), stdout=log, stderr=log)
    try:
        wait_until_ready(url, process)
        yield LiveServer(url, ("", ""), settings, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in {0, -signal.SIGTERM, 143}


def wait_until_ready(url: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    """Wait until the server answers; a server that ended is an error at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not get ready within {seconds} s")


def worker_of(live: LiveServer, answer: httpx.Response) -> int:
    """The process that answered: the worker of the server that holds the other end of the connection.

    To be asked before the connection is closed.
    """
    _, mine = answer.extensions["network_stream"].get_extra_info("client_addr")[:2]
    ends = f":{live.settings.port:04X}", f":{mine:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        columns = line.split()
        if (columns[1][8:], columns[2][8:]) == ends:
            socket_of_it = f"socket:[{columns[9]}]"
            break
    else:
        raise AssertionError("the connection is closed")
    workers = Path(f"/proc/{live.pid}/task/{live.pid}/children").read_text(encoding="ascii").split()
    (worker,) = (each for each in workers if _holds(each, socket_of_it))
    return int(worker)


def _holds(process: str, wanted: str) -> bool:
    for each in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if str(each.readlink()) == wanted:
                return True
    return False


def without_colour(text: str) -> str:
    """Terminal output without escape sequences."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
