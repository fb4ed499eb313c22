"""What row-level security costs staff: the statement of a page under the policies of the layer, and without them.

The same boxes and the same rows: the one ward of the bench is all that the reader may see. Without policies the
statement is that of somebody who sees everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.bench import pgbench
from gisland.bench.boxes import Box, pick_boxes
from gisland.bench.table import at_most, grid
from gisland.catalogue import Layer
from gisland.database import EVERYWHERE, Role, Scope, connect, conninfo
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings

LAYER = "parcels-staff"
LIMITS = (1000, 100, 10)
TARGET = 1.2
"""How many times as long a page may take under the policies (issue: at most 20 % more)."""
BOXES = 200
CONNECTIONS = 8

Rates = dict[int, tuple[list[float], list[float]]]


def run(settings: Settings, layer: Layer, *, seconds: float, rounds: int, say: Callable[[str], None]) -> Rates:
    """Pages a second by page size: under the policies, and without them, alternating.

    Args:
        settings: of the bench's database, filled.
        layer: the staff layer.
        seconds: of each run of pgbench.
        rounds: how often both run.
        say: told what goes on.
    """
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        boxes = pick_boxes(connection, layer, count=BOXES, features=max(LIMITS))
        wards = dict(connection.execute("SELECT id, code FROM registry.unit WHERE level = 'ward'").fetchall())
    scope = Scope(wards=frozenset(wards))
    codes = "{" + ",".join(wards.values()) + "}"
    rates: Rates = {limit: ([], []) for limit in LIMITS}
    for number in range(rounds + 1):
        for limit, (under, without) in rates.items():
            seen = _pages(settings, layer, boxes, limit, scope, seconds, codes)
            with _without_policies(settings, layer):
                free = _pages(settings, layer, boxes, limit, EVERYWHERE, seconds)
            if number:  # the first round warms up
                under.append(seen)
                without.append(free)
        say(f"vòng · round {number}/{rounds}")
    return rates


def _pages(
    settings: Settings,
    layer: Layer,
    boxes: Sequence[Box],
    limit: int,
    scope: Scope,
    seconds: float,
    codes: str = "",
) -> float:
    scoped = not scope.everywhere
    queries = [page_statement(layer, ItemsQuery(limit, bbox=box, scoped=scoped), "hits") for box in boxes]
    info = conninfo(settings, Role.STAFF, statement_timeout_ms=settings.statement_timeout_ms, scope=scope)
    # What security.enter sets at the begin of a transaction.
    options = [conninfo_to_dict(info)["options"], f"-c gisland.ward_codes={codes} -c gisland.reached_wards={codes}"]
    info = make_conninfo(info, options=" ".join(map(str, options)))
    return pgbench.run(info, pgbench.script(queries), connections=CONNECTIONS, seconds=seconds)


@contextmanager
def _without_policies(settings: Settings, layer: Layer) -> Iterator[None]:
    statement = f"ALTER TABLE {layer.target_schema}.{layer.table} {{}} ROW LEVEL SECURITY"

    def alter(word: str) -> None:
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            connection.execute(statement.format(word).encode())

    alter("DISABLE")
    try:
        yield
    finally:
        alter("ENABLE")


def markdown(rates: Rates, facts: Mapping[str, str]) -> str:
    """The table: pages a second, and how many times as long a page takes under the policies."""
    rows = [
        [
            str(limit),
            f"{median(under):.0f} ({min(under):.0f}–{max(under):.0f})",
            f"{median(without):.0f} ({min(without):.0f}–{max(without):.0f})",
            at_most(median(without) / median(under), TARGET),
        ]
        for limit, (under, without) in rates.items()
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    head = ["staff page of", "pages/s under the policies", "pages/s without", "time with ÷ without (target)"]
    return f"{told}\n\n{grid(head, rows)}\n"
