"""The suite `ogctests` (its part features/core: the abstract tests of OGC API – Features, Part 1) finds nothing.

It asks for older versions of pytest, httpx and pyarrow than ours and runs with ours, too: so it lies beside the
environment (`.venv/ogctests`, see the Makefile) and is run as a program of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import LiveServer

TESTS = 29


@pytest.fixture(scope="session")
def suite() -> Path:
    folder = Path(sys.prefix) / "ogctests"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"ogctests is not in {folder}: `make test` puts it there")
        pytest.skip("ogctests is not there: `make test` installs it")
    return folder


def test_the_suite_finds_nothing(live_server: LiveServer, suite: Path, tmp_path: Path) -> None:
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(settings), "-p", "no:cacheprovider", "-q"]
    command.append(str(suite / "ogctests" / "features" / "core"))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(suite), "INSTANCE_URL": f"{live_server.url}/ogc"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(rf"\b{TESTS} passed(, \d+ warnings?)? in ", done.stdout), done.stdout[-2000:]
    # Of what it takes as missing, only the time of a page, which would make the same page other bytes.
    assert set(re.findall(r"UserWarning: (.*)", done.stdout)) <= {"No timestamp given at parcels"}
