"""A whole layer over HTTP, in each format: how fast it comes, how soon it begins, and what memory the server takes."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from gisland.bench.machine import resident_mib
from gisland.bench.servers import Server
from gisland.bench.table import at_most, grid
from gisland.publish.tables import FILE_FORMATS

MOST_MIB = 150
"""Memory above that of the idle server (design §7)."""
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 600
PIECE = 1 << 20


@dataclass(frozen=True)
class Exported:
    """A layer in one format."""

    format: str
    features: int
    seconds: float
    first: float
    """Seconds until the first byte of the body."""
    bytes: int
    above: float
    """MiB that the server took at most, above what it had before."""


def run(server: Server, features: int, say: Callable[[str], None]) -> list[Exported]:
    """Take a layer with so many features from gisland in each format, one after the other."""
    found = []
    for name in FILE_FORMATS:
        found.append(take(server, name, features))
        say(f"xuất · export {name}")
    return found


def take(server: Server, name: str, features: int, **parameters: str) -> Exported:
    """Take it in one format, or what parameters of a request for items leave of it; nothing of it is kept."""
    url = f"{server.items.removesuffix('/items')}/export?{urlencode({'f': name} | parameters)}"
    before = resident_mib(server.pid)
    with _most_memory(server.pid) as most:
        begin = time.perf_counter()
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our own server
            size = len(answer.read(1))
            first = time.perf_counter() - begin
            while piece := answer.read(PIECE):
                size += len(piece)
        seconds = time.perf_counter() - begin
    return Exported(name, features, seconds, first, size, max(most) - before)


@contextmanager
def _most_memory(pid: int) -> Iterator[list[float]]:
    """What a server and its workers take meanwhile, MiB, looked at again and again."""
    found = [resident_mib(pid)]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            found.append(resident_mib(pid))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield found
    finally:
        ended.set()
        watch.join()


def markdown(exports: Sequence[Exported]) -> str:
    """The table."""
    head = ["whole layer as", "features/s", "first byte, s", "MB", "MiB above idle (limit)"]
    rows = [
        [
            each.format,
            f"{each.features / each.seconds:,.0f}",
            f"{each.first:.2f}",
            f"{each.bytes / 1e6:.0f}",
            at_most(each.above, MOST_MIB),
        ]
        for each in exports
    ]
    return grid(head, rows)
