"""`gisland up` with real processes: it ends without a trace, and whatever is killed does not break the next start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gisland.database import cluster
from gisland.settings import Settings
from tests.live import free_port, wait_until_ready


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """A state folder of its own: these tests start and kill clusters."""
    with tempfile.TemporaryDirectory(prefix="gisland-") as folder:
        Path(folder).chmod(0o711)
        settings = Settings(database_url=None, state_dir=Path(folder) / "state", workers=2, port=free_port())
        yield settings
        cluster.remove(settings)


def start(settings: Settings, **options: Any) -> subprocess.Popen[bytes]:
    # Tests that run in the background were started with Ctrl-C ignored, and a child inherits that.
    def heed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    command = [sys.executable, "-m", "gisland", "up"]
    return subprocess.Popen(command, env=settings.as_environment(), preexec_fn=heed, **options)


@contextmanager
def gisland_up(settings: Settings, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A running `gisland up` that answers."""
    process = start(settings, **options)
    try:
        wait_until_ready(url(settings), process)
        yield process
    finally:
        process.kill()
        process.wait()


def url(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}"


def is_listening(settings: Settings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", settings.port)) == 0


def left(settings: Settings) -> list[int]:
    """Processes that this gisland started and that still run."""
    folder = os.fsencode(settings.state_dir)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if folder in (process / "environ").read_bytes() or folder in os.fsencode((process / "cwd").readlink()):
                found.append(int(process.name))
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def wait_until_gone(settings: Settings, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while left(settings) and time.monotonic() < until:
        time.sleep(0.05)
    assert not left(settings)


def ctrl_c_in_the_first_start_breaks_nothing(settings: Settings) -> None:
    """While the cluster is made, and while its tables are; whoever comes first in this module, it is a first start."""
    cluster.remove(settings)
    for made in ("pg.init", "pg"):
        process = start(settings, start_new_session=True, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while not (settings.state_dir / made).exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert b"Traceback" not in said
        wait_until_gone(settings, 5)


def test_what_is_interrupted_or_killed_comes_back_and_the_last_one_leaves_no_trace(settings: Settings) -> None:
    """One life after the other: to start everything is what takes time here."""
    ctrl_c_in_the_first_start_breaks_nothing(settings)
    with gisland_up(settings) as process:
        the_cluster_comes_back(settings, process)
        the_workers_come_back(settings, process)
        process.kill()
    until = time.monotonic() + 20
    while is_listening(settings) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_listening(settings), "a killed parent takes its workers along"
    # The next one finds all in order, and Ctrl-C in a terminal reaches the whole group.
    with gisland_up(settings, start_new_session=True, stderr=subprocess.PIPE) as process:
        assert len(left(settings)) > 4, "two web workers, a job worker, the parent and the cluster"
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert b"Traceback" not in said
        assert b"started anew" not in said
        wait_until_gone(settings, 1)
    assert not cluster.died(settings), "the cluster was stopped, not killed"


def the_cluster_comes_back(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    pid = cluster.status(settings).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while cluster.status(settings).pid in {None, pid} and time.monotonic() < until:
        time.sleep(0.05)
    wait_until_ready(url(settings), process)


def the_workers_come_back(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    # Those that the main thread started: web workers and Python's resource tracker, which must stay.
    started = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    web = [pid for pid in started if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(web) == settings.workers
    for worker in web:
        os.kill(int(worker), signal.SIGKILL)
    time.sleep(1)
    wait_until_ready(url(settings), process)


def test_a_port_in_use_is_told_in_one_line(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port)):
        refused = subprocess.run(
            [sys.executable, "-m", "gisland", "up"], env=settings.as_environment(), capture_output=True, text=True
        )
    assert refused.returncode == 6
    assert refused.stderr.count("\n") == 1
    assert f"port {settings.port} is in use" in refused.stderr
    assert not left(settings)


def test_options_reach_the_workers(settings: Settings) -> None:
    # `serve` makes no schema, and this may be the first test of the module that runs.
    migrated = [sys.executable, "-m", "gisland", "db", "migrate"]
    subprocess.run(migrated, env=settings.as_environment(), check=True)
    port = free_port()
    command = [sys.executable, "-m", "gisland", "serve", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(command, env=settings.as_environment())
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    wait_until_gone(settings, 1)
    assert not cluster.died(settings), "the cluster was stopped, not killed"
