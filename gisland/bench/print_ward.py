"""A whole ward: the atlases of all its groups by `print ward`, on two cores; seconds, and the memory of a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gisland.bench.table import at_most, grid
from gisland.demo.load import WARD
from gisland.errors import GislandError
from gisland.printing.atlas import Order
from gisland.printing.ward import print_ward
from gisland.security.subject import Subject
from gisland.settings import Settings

PARCELS, PROCESSES = 14_000, 2
SECONDS, MEBIBYTES = 40, 400


@dataclass(frozen=True)
class Ward:
    """What it took."""

    groups: int
    pages: int
    seconds: float
    processor_seconds: float
    mebibytes: int
    """Most memory that one process had."""


def run(settings: Settings, subject: Subject, say: Callable[[str], None]) -> Ward:
    """Print the demo ward of a database that has one.

    Raises:
        GislandError: a group could not be drawn.
    """
    with TemporaryDirectory(prefix="gisland-bench-") as folder:
        say("phường · the ward")
        start = time.perf_counter()
        order = Order(WARD, "", reason="đo tốc độ in · bench")
        found = print_ward(settings, subject, order, Path(folder) / "in", processes=PROCESSES, told=lambda _: None)
        seconds = time.perf_counter() - start
    failed = [each for each in found if each.state != "drawn"]
    if failed:
        raise GislandError(f"group {failed[0].code}: {failed[0].reason}")
    return Ward(
        groups=len(found),
        pages=sum(each.pages for each in found),
        seconds=seconds,
        processor_seconds=sum(each.processor_seconds for each in found),
        mebibytes=max(each.memory_mb for each in found),
    )


def markdown(ward: Ward) -> str:
    """The table."""
    head = (
        f"a ward, {ward.groups} groups, {PROCESSES} processes",
        "pages",
        "seconds (target)",
        "CPU s",
        "MiB (target)",
    )
    row = [
        f"{PARCELS:,} parcels",
        f"{ward.pages:,}",
        at_most(ward.seconds, SECONDS),
        f"{ward.processor_seconds:.1f}",
        at_most(ward.mebibytes, MEBIBYTES),
    ]
    return grid(head, [row])
