"""What row-level security costs staff: the transaction of a page under the policies of the layer, and without them.

The same boxes and the same rows. Under the policies a transaction says first for whom it is, as a web worker's does;
without them it is that of somebody who sees everything, and neither the layer nor the table with the texts of its
features has a policy. The reader's ward is the whole bench, where a policy turns nobody away; then a tenth of it, its
west, where nine of ten rows are not the reader's: for the time of the race all others are given another ward's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

import psycopg

from gisland.bench import pgbench
from gisland.bench.boxes import Box, pick_boxes
from gisland.bench.table import at_most, grid
from gisland.catalogue import Layer
from gisland.database import EVERYWHERE, Role, Scope, connect, conninfo
from gisland.database.scope import ENTER
from gisland.errors import UsageError
from gisland.publish.items import page_statement
from gisland.publish.past import geojson_table
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings

LAYER = "parcels-staff"
LIMITS = (1000, 100, 10)
TARGET = 1.2
"""How many times as long a page may take under the policies (issue: at most 20 % more)."""
BOXES = 200
CONNECTIONS = 8

TENTH = 0.1
SHARES = (1.0, TENTH)
ELSEWHERE = "bench-elsewhere"

# By the part of the parcels that is the reader's, and by page size.
Rates = dict[tuple[float, int], tuple[list[float], list[float]]]


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
        many = pick_boxes(connection, layer, count=round(BOXES / TENTH), features=max(LIMITS))
        wards = [ward for (ward,) in connection.execute("SELECT id FROM registry.unit WHERE level = 'ward'").fetchall()]
    scope = Scope(wards=frozenset(wards))
    rates: Rates = {(share, limit): ([], []) for share in SHARES for limit in LIMITS}
    for share in SHARES:
        with ward_of(settings, layer, share) as east:
            boxes = [box for box in many if box.east <= east][:BOXES]
            if not boxes:
                told = f"không có khung nào trong phường · no box of {max(LIMITS)} features lies in {share:.0%} of them"
                raise UsageError(told, hint="ask for more with --parcels")
            say(f"phường · ward: {share:.0%}, {len(boxes)} khung · boxes")
            for number in range(rounds + 1):
                for limit in LIMITS:
                    seen = _pages(settings, layer, boxes, limit, scope, seconds)
                    with without_policies(settings, layer):
                        free = _pages(settings, layer, boxes, limit, EVERYWHERE, seconds)
                    if number:  # the first round warms up
                        under, without = rates[share, limit]
                        under.append(seen)
                        without.append(free)
                say(f"vòng · round {number}/{rounds}")
    return rates


@contextmanager
def ward_of(settings: Settings, layer: Layer, share: float) -> Iterator[float]:
    """Within the block the reader's ward has this part of the features, their west. Gives where it ends, in degrees."""
    assert layer.scope is not None
    table, ward = f"{layer.target_schema}.{layer.table}", layer.scope.ward
    if share == 1:
        yield 180.0
        return

    def act(*commands: str) -> None:
        with psycopg.connect(conninfo(settings, Role.MIGRATOR), autocommit=True) as connection:
            connection.execute("SET ROLE gisland_owner")
            for command in commands:
                connection.execute(command.encode())

    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        query = f"SELECT percentile_disc({share}) WITHIN GROUP (ORDER BY _west), min({ward}) FROM {table}"  # noqa: S608 - names of the catalogue
        west, code = connection.execute(query.encode()).fetchone() or (180.0, "")
    beside = f"UPDATE {table}__geojson j SET _ward = t.{ward} FROM {table} t WHERE t.id = j.id AND _ward <> t.{ward}"  # noqa: S608
    tidy = (beside, f"VACUUM ANALYZE {table}", f"VACUUM ANALYZE {table}__geojson")
    act(f"UPDATE {table} SET {ward} = '{ELSEWHERE}' WHERE _west > {west}", *tidy)  # noqa: S608
    try:
        yield west
    finally:
        act(f"UPDATE {table} SET {ward} = '{code}' WHERE {ward} = '{ELSEWHERE}'", *tidy)  # noqa: S608


def _pages(settings: Settings, layer: Layer, boxes: Sequence[Box], limit: int, scope: Scope, seconds: float) -> float:
    info = conninfo(settings, Role.STAFF, statement_timeout_ms=settings.statement_timeout_ms)
    return pgbench.run(info, transaction(layer, boxes, limit, scope), connections=CONNECTIONS, seconds=seconds)


def transaction(layer: Layer, boxes: Sequence[Box], limit: int, scope: Scope) -> str:
    """The script of pgbench that reads a page for somebody: everything, or the wards of a scope."""
    queries = [page_statement(layer, ItemsQuery(limit, bbox=box, scope=scope), "hits") for box in boxes]
    enter = pgbench.script([(ENTER, scope.values())]) if not scope.everywhere else ""
    return f"BEGIN;\n{enter}{pgbench.script(queries)}END;\n"


@contextmanager
def without_policies(settings: Settings, layer: Layer) -> Iterator[None]:
    """Within the block neither the layer nor the table beside it, which features come from, has a policy."""
    tables = (f"{layer.target_schema}.{layer.table}", geojson_table(layer))

    def alter(word: str) -> None:
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            for table in tables:
                connection.execute(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY".encode())

    alter("DISABLE")
    try:
        yield
    finally:
        alter("ENABLE")


def markdown(rates: Rates, facts: Mapping[str, str]) -> str:
    """The table: pages a second, and how many times as long a page takes under the policies."""
    rows = [
        [
            f"{share:.0%}",
            str(limit),
            f"{median(under):.0f} ({min(under):.0f}–{max(under):.0f})",
            f"{median(without):.0f} ({min(without):.0f}–{max(without):.0f})",
            at_most(median(without) / median(under), TARGET),
        ]
        for (share, limit), (under, without) in rates.items()
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    head = [
        "the reader's ward, of the parcels",
        "staff page of",
        "pages/s under the policies",
        "pages/s without",
        "time with ÷ without (target)",
    ]
    return f"{told}\n\n{grid(head, rows)}\n"
