"""How long the last of a hundred answers takes against the half of them, when sixteen ask at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gisland.bench import machine
from gisland.bench.load import Load, load
from gisland.bench.race import Plan
from gisland.bench.table import at_most, grid

CONNECTIONS = 16
TIMES = 5
"""The 99th of a hundred waits at most so many times as long as the 50th."""
FEWEST = 100
"""Of fewer answers there is no 99th of a hundred."""


def run(asked: Mapping[str, Sequence[str]], plan: Plan, say: Callable[[str], None]) -> dict[str, Load]:
    """Ask for each task's addresses in turn, as long as in all rounds of the race.

    Args:
        asked: task → its addresses.
        plan: of the race.
        say: is told when it begins.
    """
    say(f"thời gian chờ, {CONNECTIONS} kết nối · waits at {CONNECTIONS} connections")
    found = {}
    for task, urls in asked.items():
        found[task] = load(list(urls), connections=CONNECTIONS, seconds=plan.seconds * plan.rounds)
        machine.settle(plan.patience)
    return found


def markdown(waits: Mapping[str, Load]) -> str:
    """The table."""
    head = [f"gisland at {CONNECTIONS} connections", "answers", "median, ms", "p99, ms", "p99 ÷ median (limit)"]
    rows = [
        [task, str(each.requests), f"{each.median * 1000:.1f}", f"{each.p99 * 1000:.1f}", _times(each)]
        for task, each in waits.items()
    ]
    return grid(head, rows)


def _times(waits: Load) -> str:
    return at_most(waits.p99 / waits.median, TIMES) if waits.requests >= FEWEST else "too few answers"
