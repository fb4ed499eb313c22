"""Work on all cores: in order, few tasks at a time, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from gisland.kit.processes import in_order

SCRIPT = """
import os, sys, time
from pathlib import Path
from gisland.kit.processes import in_order

def work(number):
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    time.sleep(0.5)
    return number

if __name__ == "__main__":
    for number in in_order(work, range(1000)):
        print(number, flush=True)
"""


def test_results_come_in_the_order_of_the_tasks_from_other_processes() -> None:
    assert list(in_order(abs, range(-50, 0))) == list(range(50, 0, -1))
    assert os.getpid() not in in_order(_pid, range(4))


def test_a_task_that_is_alone_is_done_here() -> None:
    assert list(in_order(_pid, [0])) == [os.getpid()]
    assert list(in_order(_pid, [])) == []


def test_few_tasks_are_under_way_at_a_time() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_order(abs, tasks())
    assert next(results) == 0
    assert len(taken) <= 2 * (os.cpu_count() or 1) + 1
    results.close()  # type: ignore[attr-defined]  # a generator


def test_a_killed_process_is_told_of() -> None:
    with pytest.raises(BrokenProcessPool):
        list(in_order(_die, range(4)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_all_end_with_the_one_that_started_them(number: signal.Signals, tmp_path: Path) -> None:
    script, seen = tmp_path / "program.py", tmp_path / "seen"
    script.write_text(SCRIPT)
    seen.mkdir()
    with subprocess.Popen(
        [sys.executable, script, seen],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # A shell that starts something in the background has it ignore Ctrl-C, and all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == b"0\n"
        program.send_signal(number)
        assert program.wait(30) != 0
    workers = [int(path.name) for path in seen.iterdir()]
    assert workers
    end = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < end, "a worker is left"
        time.sleep(0.05)


def _pid(_task: int) -> int:
    return os.getpid()


def _die(_task: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
