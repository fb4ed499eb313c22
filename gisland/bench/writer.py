"""What a writer pays for the read model: a status changes, with all layers, with data versions only, and with neither.

The act is the smallest there is: a change and one row of evidence on a holder, by the way that all acts of a web worker
take (`gisland.database.run`: a session of its pool, the scope, flush, commit, again after a deadlock). Without the read
model the triggers that note what is to be published are off, so the flush has nothing to do and gives no version.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from psycopg import Connection

from gisland.bench.table import at_most, grid
from gisland.database import Role, connect, pooled_acts
from gisland.database import run as run_act
from gisland.settings import Settings

LIMIT = 10
"""Milliseconds that the read model may cost."""
WRITERS = (1, 8)
NEITHER, VERSIONS, LAYERS = "neither", "data versions", "layers and data versions"
WARM_UP = 10

CHANGE = "INSERT INTO registry.change (kind, reason, by) VALUES ('verify', 'bench', 'bench')"
EVIDENCE = """
    INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)
    SELECT id, id_hash, 'bench', (ARRAY['sent', 'verified', 'mismatch'])[1 + id %% 3], 'bench'
      FROM registry.holder WHERE id = %s
"""
MAKE = "SELECT publish.make_functions(layer) FROM publish.layer"
MARKING = ("registry.change", "verification.evidence")


@dataclass(frozen=True)
class Times:
    """What acts took, milliseconds, and how many of them were done in a second."""

    writers: int
    model: str
    milliseconds: Sequence[float]
    rate: float

    @property
    def p95(self) -> float:
        """The time that 95 of 100 acts keep within."""
        return quantiles(self.milliseconds, n=20)[-1]


def run(settings: Settings, acts: int, rounds: int, say: Callable[[str], None]) -> list[Times]:
    """Time the acts, `acts` in each round of each sort, the sorts in turns."""
    with connect(settings, Role.APP) as connection:
        row = connection.execute("SELECT max(id) FROM registry.holder").fetchone()
        assert row is not None
    found: dict[tuple[int, str], list[tuple[list[float], float]]] = {}
    for number in range(1, rounds + 1):
        for writers in WRITERS:
            for model in (NEITHER, VERSIONS, LAYERS):
                with read_model(settings, model):
                    done = race(settings, writers, acts // writers, row[0], act)
                found.setdefault((writers, model), []).append(done)
        say(f"vòng · round {number}/{rounds}")
    return [
        Times(writers, model, [each for times, _ in done for each in times], median(rate for _, rate in done))
        for (writers, model), done in found.items()
    ]


@contextmanager
def read_model(settings: Settings, model: str) -> Iterator[None]:
    """The database with so much of the read model, and with all of it again."""
    switch = "ALTER TABLE {} {} TRIGGER dirty_insert"
    if model == NEITHER:
        off, on = ([switch.format(table, verb) for table in MARKING] for verb in ("DISABLE", "ENABLE"))
    elif model == VERSIONS:
        # Layers that nothing touches.
        off = ["CREATE TABLE plain.layer AS TABLE publish.layer", "UPDATE publish.layer SET touched_by = '{}'", MAKE]
        on = [
            "UPDATE publish.layer SET touched_by = kept.touched_by FROM plain.layer kept WHERE kept.id = layer.id",
            MAKE,
            "DROP TABLE plain.layer",
        ]
    else:
        off, on = [], []
    _owner(settings, off)
    try:
        yield
    finally:
        _owner(settings, on)


def _owner(settings: Settings, statements: Sequence[str]) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for statement in statements:
            connection.execute(statement.encode())


def race(
    settings: Settings, writers: int, acts: int, holders: int, work: Callable[[Connection, int], None]
) -> tuple[list[float], float]:
    """Let writers act at once, without pause, each `acts` times on holders drawn by chance.

    Args:
        settings: the database.
        writers: how many there are.
        acts: of each of them.
        holders: the largest id of one.
        work: what an act does, given a session and the holder; flush and commit follow.

    Returns:
        Milliseconds of each act, and acts in a second of all writers together.
    """
    times: list[float] = []
    ready = threading.Barrier(writers + 1)

    def timed(holder: int) -> float:
        start = time.perf_counter()
        run_act(settings, lambda connection: work(connection, holder))
        return (time.perf_counter() - start) * 1000

    def write(seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311 - no secret
        for _ in range(WARM_UP):
            timed(drawn.randint(1, holders))
        ready.wait()
        times.extend(timed(drawn.randint(1, holders)) for _ in range(acts))

    threads = [threading.Thread(target=write, args=[seed]) for seed in range(writers)]
    with pooled_acts(settings, writers):
        for thread in threads:
            thread.start()
        ready.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        return times, writers * acts / (time.perf_counter() - start)


def act(connection: Connection, holder: int) -> None:
    """The status of a holder changes."""
    connection.execute(CHANGE)
    connection.execute(EVIDENCE, [holder])


def markdown(results: Sequence[Times], facts: dict[str, str]) -> str:
    """The table: times of an act, and what the read model adds to them."""
    rows = []
    for each in results:
        (base,) = (other for other in results if other.writers == each.writers and other.model == NEITHER)
        extra = [median(each.milliseconds) - median(base.milliseconds), each.p95 - base.p95]
        rows.append(
            [
                f"{each.writers}, {each.model}",
                f"{median(each.milliseconds):.1f}",
                f"{each.p95:.1f}",
                *(["—", "—"] if each is base else [at_most(added, LIMIT) for added in extra]),
                f"{each.rate:.0f}",
            ]
        )
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    head = ["writers, read model", "p50, ms", "p95, ms", "added to p50", "added to p95", "acts/s"]
    return f"{told}\n\n{grid(head, rows)}\n"
