"""What the audit log costs those who write: the same acts with their event and without it, by 32 writers at once.

The act is that of the bench of writers: a change and one row of evidence on a holder, by the way that all acts take;
with its event it is what `registry.changes.begin` writes. While events are written the sealer chains them, as in a
running gisland. No writer ever pauses, so the machine is as busy as it can be.

The limit is for acts as they are, with the read model. They are timed without it, too: then an act is two inserts and
its event a third, so that this ratio tells what an event costs, whatever else an act does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from psycopg import Connection
from psycopg.types.json import Jsonb

from gisland.audit.anchors import read_anchors
from gisland.audit.log import INSERT, Tag
from gisland.audit.sealer import sealing
from gisland.audit.verify import Report, verify
from gisland.bench.table import at_most, grid
from gisland.bench.writer import CHANGE, EVIDENCE, LAYERS, NEITHER, race, read_model
from gisland.database import Role, connect
from gisland.settings import Settings

NAME = "gisland_bench_audit"
WRITERS = 32
LIMIT = 1.1
"""How many times as long an act may take with its event, with the read model."""
PLAIN, AUDITED = "without events", "with events, sealed"
MODELS = (LAYERS, NEITHER)


@dataclass(frozen=True)
class Round:
    """Acts in a second of all writers together, and milliseconds of each act."""

    rate: float
    milliseconds: Sequence[float]


@dataclass(frozen=True)
class Result:
    """The rounds of each read model and sort, what proving the log found at the end, and how long that took."""

    rounds: dict[tuple[str, str], list[Round]]
    report: Report
    seconds: float

    def ratio(self, model: str) -> float:
        """How many times as long an act takes with its event: the median of the rounds."""
        pairs = zip(self.rounds[model, PLAIN], self.rounds[model, AUDITED], strict=True)
        return median(plain.rate / audited.rate for plain, audited in pairs)


def run(settings: Settings, acts: int, rounds: int, say: Callable[[str], None]) -> Result:
    """Time `acts` acts of each sort in each round, the sorts in turns; then prove the log.

    Args:
        settings: a database with holders, as `gisland.bench.bulk.prepare` leaves it.
        acts: of all writers together.
        rounds: how often.
        say: tells the progress.
    """
    with connect(settings, Role.APP) as connection:
        row = connection.execute("SELECT max(id) FROM registry.holder").fetchone()
        assert row is not None
    found: dict[tuple[str, str], list[Round]] = {(model, sort): [] for model in MODELS for sort in (PLAIN, AUDITED)}
    with _anchored(settings) as anchored:
        for number in range(1, rounds + 1):
            # In turns also as to which is first: who comes second finds a fuller database.
            for model in MODELS:
                with read_model(settings, model):
                    for sort in (PLAIN, AUDITED) if number % 2 else (AUDITED, PLAIN):
                        with sealing(anchored) if sort == AUDITED else nullcontext():
                            work = partial(_act, audited=sort == AUDITED)
                            times, rate = race(settings, WRITERS, acts // WRITERS, row[0], work)
                        found[model, sort].append(Round(rate, times))
                rates = [found[model, sort][-1].rate for sort in (AUDITED, PLAIN)]
                say(f"vòng · round {number}/{rounds}, {model}: {rates[0]:.0f} ÷ {rates[1]:.0f}")
        start = time.perf_counter()
        with connect(settings, Role.APP) as connection:
            report = verify(connection, read_anchors(anchored.audit_anchor_path))
    return Result(found, report, time.perf_counter() - start)


@contextmanager
def _anchored(settings: Settings) -> Iterator[Settings]:
    """Settings whose anchors are no part of the installation's."""
    with TemporaryDirectory(prefix="gisland-bench-") as folder:
        yield settings.model_copy(update={"audit_anchor_file": Path(folder) / "anchors"})


def _act(connection: Connection, holder: int, *, audited: bool) -> None:
    change = connection.execute(CHANGE + " RETURNING id").fetchone()
    assert change is not None
    if audited:
        said = Jsonb({"kind": "verify"})
        connection.execute(INSERT, ["cli:bench", Tag.REGISTRY_CHANGED.value, None, f"change:{change[0]}", said])
    connection.execute(EVIDENCE, [holder])


def markdown(result: Result, facts: dict[str, str]) -> str:
    """The table: acts a second, times of an act, and how many times as long it takes with its event."""
    rows = [
        [
            f"{model}, {sort}",
            f"{median(each.rate for each in rounds):.0f}",
            f"{min(each.rate for each in rounds):.0f}–{max(each.rate for each in rounds):.0f}",
            f"{median(time for each in rounds for time in each.milliseconds):.1f}",
        ]
        for (model, sort), rounds in result.rounds.items()
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    head = [f"{WRITERS} writers, read model", "acts/s", "of the rounds", "p50, ms"]
    report = result.report
    proven = (
        f"Proven after it: {report.events:,} sealed events in {result.seconds:.1f} s, faults {report.fault_count},"
        f" not sealed yet {report.unsealed}"
    )
    ratios = (
        f"- {LAYERS}: with ÷ without {at_most(result.ratio(LAYERS), LIMIT)}\n"
        f"- {NEITHER}: with ÷ without {result.ratio(NEITHER):.2f} (three inserts instead of two)"
    )
    return f"{told}\n\n{grid(head, rows)}\n\n{ratios}\n\n{proven}\n"
