"""Both load generators count what was answered well, and refuse to count what was not."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gisland.bench.load import Load, with_own_client, with_wrk
from gisland.bench.machine import settle
from gisland.errors import GislandError


@contextmanager
def serving() -> Iterator[tuple[str, Counter[str]]]:
    """A server that answers /plain and /chunked, and counts."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            if self.path == "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                return
            self.send_response(200 if self.path == "/plain" else 500)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"abcde")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def own(urls: list[str], connections: int, seconds: float) -> Load:
    return asyncio.run(with_own_client(urls, connections, seconds))


CLIENTS = [
    pytest.param(own, id="own"),
    pytest.param(with_wrk, id="wrk", marks=pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")),
]
Client = Callable[[list[str], int, float], Load]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_it_counts_was_asked(client: Client) -> None:
    with serving() as (url, asked):
        found = client([f"{url}/plain", f"{url}/chunked"], 2, 1)
    assert 0 < found.requests <= asked.total()
    # At the end each connection has one answer under way at the most.
    assert found.requests >= asked.total() - 4
    assert found.rate == found.requests / found.seconds
    assert 0 < found.median <= found.p99 < 1
    assert abs(asked["/plain"] - asked["/chunked"]) <= 2


@pytest.mark.parametrize("client", CLIENTS)
def test_an_error_is_no_page(client: Client) -> None:
    with serving() as (url, _), pytest.raises(GislandError, match=r"fail|answered 500"):
        client([f"{url}/plain", f"{url}/broken"], 2, 1)


@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_listens(client: Client) -> None:
    with pytest.raises(GislandError):
        client(["http://127.0.0.1:9/plain"], 2, 1)


def test_the_next_contender_waits_until_the_machine_is_idle() -> None:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        start = time.monotonic()
        settle(most_seconds=1)
        assert time.monotonic() - start >= 1
    finally:
        for each in busy:
            each.kill()
            each.wait()
