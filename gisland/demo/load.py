"""Loading the demo ward: it goes through exactly the commands that a ward's own files go through."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO, TypeAlias

from gisland.database import Role, connect
from gisland.demo.generate import DemoFiles, generate
from gisland.errors import GislandError
from gisland.settings import Settings

WARD, NAME, SRID = "11311", "Hồng Bàng", 9210
PROVINCE, PROVINCE_NAME = "31", "Thành phố Hải Phòng"
PARCELS, SEED = 14_000, 1
Command: TypeAlias = Callable[..., None]
"""Runs a command of gisland under these settings, and sends what it reports to an output."""


def load_demo(
    settings: Settings,
    files: DemoFiles | None = None,
    *,
    output: TextIO | None = None,
    command: Command | None = None,
) -> bool:
    """Take in the files of a demo ward; without files, make the usual one unless it is loaded already.

    What was broken off is taken up again: the commands change nothing where a file was taken in before.

    Args:
        settings: where the database and the key are.
        files: the files to take in.
        output: where the reports of the commands go; to standard output when None.
        command: how a command is run; as a program of its own when None.

    Returns:
        Whether something was loaded.

    Raises:
        GislandError: a command refused a file.
    """
    command = command or _program
    if files is not None:
        _take_in(settings, files, output, command)
        return True
    if _is_loaded(settings):
        return False
    # Its files are as secret as real ones would be: they hold ids in clear, so they do not stay.
    with TemporaryDirectory() as folder:
        _take_in(settings, generate(PARCELS, SEED, Path(folder), None), output, command)
    return True


def _is_loaded(settings: Settings) -> bool:
    # The results come last. Data of another ward are never mixed with invented ones.
    query = (
        "SELECT 1 FROM intake.batch WHERE kind = 'results' "
        "UNION SELECT 1 FROM registry.unit WHERE NOT code = ANY (%s) LIMIT 1"
    )
    with connect(settings, Role.APP) as connection:
        return connection.execute(query, [[PROVINCE, WARD]]).fetchone() is not None


def _take_in(settings: Settings, files: DemoFiles, output: TextIO | None, command: Command) -> None:
    command(settings, output, "unit", "add", PROVINCE, "--name", PROVINCE_NAME, "--level", "province")
    of_ward = ("--name", NAME, "--province", PROVINCE, "--srid", SRID, "--boundary", files.ward)
    command(settings, output, "unit", "add", WARD, *of_ward)
    command(settings, output, "intake", "parcels", files.parcels, "--ward", WARD)
    if files.forms:
        command(settings, output, "intake", "form", *files.forms, "--ward", WARD)
    if files.results is not None:
        command(settings, output, "verify", "results", files.results, "--ward", WARD)
    command(settings, output, "layer", "refresh")


def _program(settings: Settings, output: TextIO | None, *arguments: str | int | Path) -> None:
    command = [sys.executable, "-m", "gisland", *map(str, arguments)]
    done = subprocess.run(command, env=settings.as_environment(), stdout=output, check=False)  # noqa: S603 - our own program
    if done.returncode != 0:
        raise GislandError(
            f"chưa nạp được phường mẫu · the demo ward was not loaded: `gisland {arguments[0]} {arguments[1]}` failed"
        )
