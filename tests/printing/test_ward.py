"""`gisland print ward`: all groups, resumed where it was left, nothing half written."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gisland.database import pooled_acts, run
from gisland.printing.atlas import Order
from gisland.printing.ward import LIST, _named, draw_one
from gisland.settings import Settings
from tests import commands
from tests.commands import Said
from tests.factories import make_group, one
from tests.printing.conftest import ADMIN, WHY, Land


def gisland(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gisland", "print", "ward", "--ward", "11311", *arguments]
    return subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True, check=False)


def here(settings: Settings, *arguments: str) -> Said:
    """What comes of a command within this process: to start another one takes longer than to draw a small ward."""
    return commands.gisland(settings, "print", "ward", "--ward", "11311", *arguments)


@pytest.fixture
def small(district: tuple[Land, Land]) -> Settings:
    """A ward whose two groups, 07 and 08, are soon drawn."""
    return district[0].settings


def hashes(folder: Path) -> dict[str, str]:
    return {name: each["sha256"] for name, each in json.loads((folder / LIST).read_text())["files"].items()}


def test_a_ward_is_printed_and_resumed(small: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    first = gisland(small, "--out", str(folder), "--reason", WHY)
    assert first.returncode == 0, first.stderr
    assert "2 groups drawn, 0 kept" in first.stdout
    files = {"atlas-11311-07.pdf", "atlas-11311-08.pdf"}
    assert {each.name for each in folder.iterdir()} == files | {LIST}
    for each in folder.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    memory = re.search(r"(\d+) MiB", first.stdout)
    assert memory is not None
    assert int(memory[1]) < 400
    made = hashes(folder)
    assert "0 groups drawn, 2 kept" in here(small, "--out", str(folder), "--reason", WHY).stdout
    # One is gone, one was changed by hand: both are drawn again, and the same.
    (folder / "atlas-11311-07.pdf").unlink()
    (folder / "atlas-11311-08.pdf").write_bytes(b"%PDF-")
    assert "2 groups drawn, 0 kept" in here(small, "--out", str(folder), "--reason", WHY).stdout
    assert hashes(folder) == made
    # Other settings are another print.
    assert "2 groups drawn" in here(small, "--out", str(folder), "--reason", WHY, "--paper", "A4").stdout


def processes(settings: Settings) -> list[str]:
    """Those that run for this database, by what their environment says."""
    found, name = [], f"GISLAND_DATABASE_NAME={settings.database_name}\0".encode()
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and each.name != str(os.getpid()):
            with suppress(OSError):
                if name in (each / "environ").read_bytes():
                    found.append(each.name)
    return found


def test_a_command_that_is_killed_leaves_nobody_drawing(demo: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gisland", "print", "ward", "--ward", "11311", "--out", str(tmp_path / "in")]
    process = subprocess.Popen([*command, "--reason", WHY], env=demo.as_environment(), stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(processes(demo)) < 4 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while processes(demo) and time.monotonic() < until:
        time.sleep(0.1)
    assert processes(demo) == []
    again = here(demo, "--out", str(tmp_path / "in"), "--reason", WHY)
    assert again.returncode == 0
    assert not list((tmp_path / "in").glob("*.pdf.*"))


def test_a_group_without_parcels_is_told_and_the_others_are_printed(small: Settings, tmp_path: Path) -> None:
    ward = run(small, lambda c: one(c, "SELECT id FROM registry.unit WHERE code = '11311'"))
    run(small, lambda c: make_group(c, ward, "99"))
    done = here(small, "--out", str(tmp_path), "--reason", WHY, "--processes", "1")
    assert done.returncode == 0
    assert "2 groups drawn" in done.stdout
    assert "99: tổ 99 không có thửa đất nào" in done.stderr
    assert not (tmp_path / "atlas-11311-99.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--out", "{}/in"], 2, "needs a reason"),
        (["--out", "{}/a/b", "--reason", WHY], 2, "the folder above is not there"),
        (["--out", "{}/in", "--reason", WHY, "--paper", "A0"], 2, "A0"),
        (["--out", "{}/in", "--reason", WHY, "--scale", "7"], 2, "--scale"),
        (["--out", "{}/in", "--reason", WHY, "--language", "fr"], 2, "--language"),
        (["--out", "{}/in", "--reason", WHY, "--ward", "99999"], 3, "there is no ward 99999"),
    ],
)
def test_what_cannot_be(demo: Settings, tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    done = here(demo, *(each.format(tmp_path) for each in arguments))
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "in").exists()


def test_a_list_that_is_damaged(demo: Settings, tmp_path: Path) -> None:
    (tmp_path / LIST).write_text("{}")
    done = here(demo, "--out", str(tmp_path), "--reason", WHY)
    assert (done.returncode, LIST in done.stderr) == (7, True)


def test_names_of_files() -> None:
    assert [name for _, name in _named("11311", ["7/1", "7-1", "TỔ 1"])] == [
        "atlas-11311-7-1.pdf",
        "atlas-11311-7-1_2.pdf",
        "atlas-11311-T--1.pdf",
    ]


def test_a_database_that_goes_away_is_the_reason_of_a_group(small: Settings, tmp_path: Path) -> None:
    gone = small.model_copy(update={"database_name": "gone", "pool_wait_seconds": 1})
    with pooled_acts(gone, 1):
        group = draw_one(gone, ADMIN, Order("11311", "07", reason=WHY), tmp_path, "x.pdf")
    assert (group.state, group.reason) == ("failed", "lỗi cơ sở dữ liệu · an error of the database: PoolTimeout")
    assert not list(tmp_path.iterdir())
