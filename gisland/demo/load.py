"""Loading the demo ward: it goes through exactly the commands that a ward's own files go through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from gisland.database import Role, connect
from gisland.demo.generate import DemoFiles, generate
from gisland.errors import GislandError
from gisland.settings import Settings

WARD, NAME, SRID = "11311", "Hồng Bàng", 9210
PROVINCE, PROVINCE_NAME = "31", "Thành phố Hải Phòng"
PARCELS, SEED = 14_000, 1


def load_demo(settings: Settings, files: DemoFiles | None = None, *, output: TextIO | None = None) -> bool:
    """Take in the files of a demo ward; without files, make the usual one unless it is loaded already.

    What was broken off is taken up again: the commands change nothing where a file was taken in before.

    Args:
        settings: where the database and the key are.
        files: the files to take in.
        output: where the reports of the commands go; to standard output when None.

    Returns:
        Whether something was loaded.

    Raises:
        GislandError: a command refused a file.
    """
    if files is not None:
        _take_in(settings, files, output)
        return True
    if _is_loaded(settings):
        return False
    # Its files are as secret as real ones would be: they hold ids in clear, so they do not stay.
    with TemporaryDirectory() as folder:
        _take_in(settings, generate(PARCELS, SEED, Path(folder), None), output)
    return True


def _is_loaded(settings: Settings) -> bool:
    # The results come last. Data of another ward are never mixed with invented ones.
    query = (
        "SELECT 1 FROM intake.batch WHERE kind = 'results' "
        "UNION SELECT 1 FROM registry.unit WHERE NOT code = ANY (%s) LIMIT 1"
    )
    with connect(settings, Role.APP) as connection:
        return connection.execute(query, [[PROVINCE, WARD]]).fetchone() is not None


def _take_in(settings: Settings, files: DemoFiles, output: TextIO | None) -> None:
    _command(settings, output, "unit", "add", PROVINCE, "--name", PROVINCE_NAME, "--level", "province")
    of_ward = ("--name", NAME, "--province", PROVINCE, "--srid", SRID, "--boundary", files.ward)
    _command(settings, output, "unit", "add", WARD, *of_ward)
    _command(settings, output, "intake", "parcels", files.parcels, "--ward", WARD)
    if files.forms:
        _command(settings, output, "intake", "form", *files.forms, "--ward", WARD)
    if files.results is not None:
        _command(settings, output, "verify", "results", files.results, "--ward", WARD)
    _command(settings, output, "layer", "refresh")


def _command(settings: Settings, output: TextIO | None, *arguments: str | int | Path) -> None:
    command = [sys.executable, "-m", "gisland", *map(str, arguments)]
    done = subprocess.run(command, env=settings.as_environment(), stdout=output, check=False)  # noqa: S603 - our own program
    if done.returncode != 0:
        raise GislandError(
            f"chưa nạp được phường mẫu · the demo ward was not loaded: `gisland {arguments[0]} {arguments[1]}` failed"
        )
