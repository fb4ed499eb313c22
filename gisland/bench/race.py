"""The races: every contender at every page size, in rounds that alternate, so that what disturbs one disturbs all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

from gisland.bench import load, machine, pages, peers, pgbench, servers
from gisland.bench.boxes import count, pick_boxes
from gisland.bench.pgbench import Query
from gisland.bench.servers import Server
from gisland.bench.table import PGBENCH, Race, Result
from gisland.catalogue import Layer
from gisland.database import Role, connect, conninfo
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings

LIMITS = (1000, 100, 10)
BOXES = 64
WARM_UP_SECONDS = 1

Key = TypeVar("Key", bound=Hashable)
Ask = Callable[[float], float]
"""Asks a contender for some seconds and gives answers per second."""


@dataclass(frozen=True)
class Plan:
    """How long, how hard, and against whom."""

    seconds: float = 5
    rounds: int = 3
    connections: int = 8
    peers: Sequence[str] = ()
    limits: Sequence[int] = LIMITS

    @property
    def patience(self) -> float:
        """How long it is waited until a contender has done what nobody waits for any more, seconds at most.

        Rounds of a second are a trial, whose figures mean nothing: it waits for nobody, and warms nobody up.
        """
        return 5 * (self.seconds - 1)


def run(settings: Settings, layer: Layer, plan: Plan, say: Callable[[str], None]) -> Result:
    """Race gisland against pgbench and the peers on a layer that is filled.

    Raises:
        GislandError: a server does not start or gives wrong pages.
    """
    with connect(settings, Role.PUBLIC) as connection:
        features = count(connection, layer)
        facts = machine.facts(connection, features)
        boxes = pick_boxes(connection, layer, count=BOXES, features=max(plan.limits))
    facts |= {"connections": str(plan.connections), "load by": load.client()}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gisland-bench-")))
        gisland = stack.enter_context(servers.gisland(settings, layer, folder))
        bare = stack.enter_context(servers.bare(settings, folder))
        others, notes = start_peers(stack, peers.Site(settings, layer, folder), plan)
        running = [gisland, bare, *others]
        say(f"chạy · running: {', '.join(server.name for server in running)}")
        with connect(settings, Role.PUBLIC) as connection:
            notes += pages.compare(connection, layer, running, boxes[0], plan.limits)
        before = {server.name: machine.resident_mib(server.pid) for server in running}
        asks: dict[tuple[str, int], Ask] = {}
        for limit in plan.limits:
            # The first page of a box is found by its hits: the statement that gisland runs for these addresses.
            queries = [page_statement(layer, ItemsQuery(limit, bbox=box), "hits") for box in boxes]
            asks[PGBENCH, limit] = of_pgbench(conninfo(settings, Role.PUBLIC), queries, plan)
            for server in running:
                asks[server.name, limit] = of_server([server.page(limit, box) for box in boxes], plan)
        rates = in_rounds(asks, plan, say)
        races = [Race(name, limit, found) for (name, limit), found in rates.items()]
        first, last = _first_and_last(gisland, features, plan, say)
        memory = {server.name: (before[server.name], machine.resident_mib(server.pid)) for server in running}
    notes.append(f"`next` links gave all {features:,} features, each once")
    return Result(races, first, last, memory, facts, notes)


def start_peers(stack: ExitStack, site: peers.Site, plan: Plan) -> tuple[list[Server], list[str]]:
    """Start the peers of a plan until the stack ends. Returns them, and which are missing."""
    running, notes = [], []
    for name in plan.peers:
        try:
            running.append(stack.enter_context(peers.PEERS[name](site)))
        except peers.Missing as error:
            notes.append(str(error))
    return running, notes


def in_rounds(asks: Mapping[Key, Ask], plan: Plan, say: Callable[[str], None]) -> dict[Key, list[float]]:
    """Warm all up, then ask each in turn, round by round: a rate for each round."""
    rates: dict[Key, list[float]] = {key: [] for key in asks}
    for ask in asks.values() if plan.patience else ():
        ask(WARM_UP_SECONDS)
        machine.settle(plan.patience)
    for number in range(1, plan.rounds + 1):
        for key, ask in asks.items():
            rates[key].append(ask(plan.seconds))
            machine.settle(plan.patience)
        say(f"vòng · round {number}/{plan.rounds}")
    return rates


def of_server(urls: list[str], plan: Plan) -> Ask:
    """Asks a server for these addresses."""
    return lambda seconds: load.load(urls, connections=plan.connections, seconds=seconds).rate


def of_pgbench(info: str, queries: Sequence[Query], plan: Plan) -> Ask:
    """Asks the database for what gisland asks it."""
    script = pgbench.script(queries)
    return lambda seconds: pgbench.run(info, script, connections=plan.connections, seconds=seconds)


def _first_and_last(server: Server, features: int, plan: Plan, say: Callable[[str], None]) -> tuple[float, float]:
    limit = max(plan.limits)
    urls = (pages.with_limit(server.items, limit), pages.walk(server.items, features, limit))
    say("trang cuối · the last page")
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(plan.rounds):
        for url, found in zip(urls, rates, strict=True):
            found.append(load.load([url], connections=plan.connections, seconds=plan.seconds).rate)
    return median(rates[0]), median(rates[1])
