"""What the figures were measured on, and the memory of processes (Linux)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from psycopg import Connection

MEBIBYTE = 1024 * 1024
SETTLE_SECONDS = 0.2


def facts(connection: Connection, parcels: int) -> dict[str, str]:
    """Cores, versions, the size of the layer, and how busy the machine was before the races."""
    row = connection.execute("SELECT current_setting('server_version'), postgis_lib_version()").fetchone()
    assert row is not None
    return {
        "cores": str(os.cpu_count()),
        "PostgreSQL": row[0].split()[0],
        "PostGIS": row[1],
        "parcels": f"{parcels:,}",
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def settle(most_seconds: float) -> None:
    """Wait until the processors are nearly idle: a slow server still works on what nobody waits for any more."""
    until = time.monotonic() + most_seconds
    while time.monotonic() < until:
        idle, total = _processor_time()
        time.sleep(SETTLE_SECONDS)
        idle_after, total_after = _processor_time()
        if idle_after - idle > 0.8 * (total_after - total):
            return


def _processor_time() -> tuple[int, int]:
    """Ticks of all processors since the start: idle (or waiting for a disk), and in all."""
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def resident_mib(root: int) -> float:
    """Memory of a process and all that descend from it, in MiB; what they share is counted once for each."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of the program, in parentheses, may hold blanks.
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(map(_resident, family)) / MEBIBYTE


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
