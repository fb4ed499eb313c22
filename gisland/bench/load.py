"""Load on a server: connections that each ask for the next page as soon as the last one is there (closed loop).

`wrk` (Debian's package of this name) where it is installed: it costs the least of the cores that the server needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from gisland.errors import GislandError

PATIENCE_SECONDS = 60  # a slow server answers late, but it is not cut off
SCRIPT = """
local paths = {{ {paths} }}
local requests = {{}}
local at = 0
init = function() for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end end
request = function() at = at % #requests + 1; return requests[at] end
done = function(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
                           e.connect + e.read + e.write + e.status + e.timeout,
                           latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server was asked for, and how often it answered well."""

    requests: int
    seconds: float
    median: float
    """Seconds that half of the answers took at most …"""
    p99: float
    """… and that 99 of 100 did."""

    @property
    def rate(self) -> float:
        """Pages per second."""
        return self.requests / self.seconds


def client() -> str:
    """The name of the load generator that is used here."""
    return "wrk" if shutil.which("wrk") else "gisland's own client (install `wrk` for one that costs less)"


def load(urls: list[str], *, connections: int, seconds: float) -> Load:
    """Ask one server for these URLs, in turn, for some seconds.

    Raises:
        GislandError: an answer was not 2xx, or a connection broke; its speed would mean nothing.
    """
    if shutil.which("wrk"):
        return with_wrk(urls, connections, seconds)
    return asyncio.run(with_own_client(urls, connections, seconds))


def with_wrk(urls: list[str], connections: int, seconds: float) -> Load:
    """See `load`."""
    place = urlsplit(urls[0])
    paths = ", ".join(f"[==[{url.removeprefix(f'{place.scheme}://{place.netloc}')}]==]" for url in urls)
    with TemporaryDirectory() as folder:
        script = Path(folder, "pages.lua")
        script.write_text(SCRIPT.format(paths=paths), encoding="utf-8")
        command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={max(1, round(seconds))}s"]
        command += [f"--timeout={PATIENCE_SECONDS}s", f"--script={script}", f"{place.scheme}://{place.netloc}"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", told.stdout, re.MULTILINE)
    if found is None:
        raise GislandError(f"wrk gave no result: {(told.stderr or told.stdout).strip()[-300:]}")
    requests, microseconds, errors, median, p99 = map(int, found.groups())
    if errors:
        raise GislandError(f"{errors} of {requests} requests failed", url=urls[0])
    return Load(requests, microseconds / 1e6, median / 1e6, p99 / 1e6)


async def with_own_client(urls: list[str], connections: int, seconds: float) -> Load:
    """See `load`."""
    turn = cycle(urls)
    begin = time.perf_counter()
    end = begin + seconds

    waits: list[float] = []

    async def ask() -> None:
        place = urlsplit(urls[0])
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=2**20)
        try:
            while (asked := time.perf_counter()) < end:
                url = next(turn)
                path = url.removeprefix(f"{place.scheme}://{place.netloc}")
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
                await _answer(reader, url)
                if (answered := time.perf_counter()) < end:
                    waits.append(answered - asked)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    try:
        await asyncio.gather(*(ask() for _ in range(connections)))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise GislandError(f"the connection broke: {error}", url=urls[0]) from error
    waits.sort()
    if not waits:
        return Load(0, seconds, math.inf, math.inf)
    return Load(len(waits), seconds, waits[len(waits) // 2], waits[len(waits) * 99 // 100])


async def _answer(reader: asyncio.StreamReader, url: str) -> None:
    """Read one answer to its end; the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 2"):
        raise GislandError(f"the server answered {head[9:12].decode()}", url=url)
    if length := re.search(rb"\ncontent-length: *(\d+)", head):
        await reader.readexactly(int(length[1]))
        return
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        await reader.readexactly(size + 2)
    await reader.readexactly(2)
