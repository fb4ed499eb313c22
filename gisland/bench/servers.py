"""The servers that race: each is started on loopback, asked for pages by its own addresses, and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gisland.bench.boxes import Box
from gisland.bench.table import BARE
from gisland.catalogue import Layer
from gisland.errors import GislandError
from gisland.kit.memory import ALLOCATOR
from gisland.settings import Settings

START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    items: str
    """Where the items of the layer are, as GeoJSON."""
    pid: int

    def page(self, limit: int, box: Box) -> str:
        """The address of a page."""
        mark = "&" if "?" in self.items else "?"
        return f"{self.items}{mark}limit={limit}&bbox={box}"


@contextmanager
def gisland(settings: Settings, layer: Layer, folder: Path, *, name: str = "gisland") -> Iterator[Server]:
    """gisland itself, as `gisland serve` runs it."""
    port = free_port()
    env = settings.model_copy(update={"port": port, "host": "127.0.0.1"}).as_environment()
    command = [sys.executable, "-m", "gisland", "serve"]
    items = f"http://127.0.0.1:{port}/ogc/collections/{layer.id}/items"
    with started(name, command, items, folder, env=env) as server:
        yield server


@contextmanager
def bare(settings: Settings, folder: Path) -> Iterator[Server]:
    """gisland's statements and nothing else, see `gisland.bench.bare`."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "gisland.bench.bare:app", "--port", str(port), "--no-access-log"]
    command += ["--workers", str(settings.workers), "--log-level", "warning"]
    env = ALLOCATOR | settings.as_environment()
    with started(BARE, command, f"http://127.0.0.1:{port}/items", folder, env=env) as server:
        yield server


@contextmanager
def started(
    name: str, command: Sequence[str], items: str, folder: Path, *, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server until the block ends; what it says goes to `<name>.log` in the folder.

    Raises:
        GislandError: it ends or does not answer; the message has its last words.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(name, process, items, log)
        yield Server(name, items, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        # What of its group is still there, such as a FastCGI process that waits for its next request.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(name: str, process: subprocess.Popen[bytes], items: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    answer = "no answer"
    while time.monotonic() < until and process.poll() is None:
        try:
            mark = "&" if "?" in items else "?"
            with urllib.request.urlopen(f"{items}{mark}limit=1", timeout=START_SECONDS):  # noqa: S310 - http
                return
        except urllib.error.HTTPError as error:
            answer = f"status {error.code}"
        except OSError:
            pass
        time.sleep(0.2)
    words = " ".join(log.read_text(errors="replace").split())[-400:]
    raise GislandError(f"{name} does not serve the layer ({answer}): {words}")


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
