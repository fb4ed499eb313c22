"""The servers of a race: what a bench begins it ends, however it ends itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RACE = """
import sys, time
from pathlib import Path
from gisland.bench.commands import end_in_order
from gisland.bench.servers import free_port, started

end_in_order()
port = free_port()
command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
with started("files", command, f"http://127.0.0.1:{port}/", Path.cwd()) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_a_bench_leaves_no_server(tmp_path: Path, how: signal.Signals) -> None:
    def heed() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # `heed`: tests that run in the background were started with Ctrl-C ignored, and a child inherits that.
    with subprocess.Popen(
        [sys.executable, "-c", RACE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=heed,
    ) as bench:
        assert bench.stdout is not None
        server = int(bench.stdout.readline())
        bench.send_signal(how)
        assert bench.wait(30) != 0
    until = time.monotonic() + 10
    while Path("/proc", str(server)).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path("/proc", str(server)).exists()
