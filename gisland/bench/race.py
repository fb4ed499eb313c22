"""The races: every contender at every page size, in rounds that alternate, so that what disturbs one disturbs all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from gisland.bench import load, machine, pages, peers, pgbench, servers
from gisland.bench.boxes import Box, count, pick_boxes
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

Contender = Callable[[int, float], float]
"""Runs at a page size for some seconds and gives pages per second."""


@dataclass(frozen=True)
class Plan:
    """How long, how hard, and against whom."""

    seconds: float = 5
    rounds: int = 3
    connections: int = 8
    peers: Sequence[str] = ()
    limits: Sequence[int] = LIMITS


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
        running = [gisland]
        notes = []
        site = peers.Site(settings, layer, folder)
        for name in plan.peers:
            try:
                running.append(stack.enter_context(peers.PEERS[name](site)))
            except peers.Missing as error:
                notes.append(str(error))
        say(f"chạy · running: {', '.join(server.name for server in running)}")
        with connect(settings, Role.PUBLIC) as connection:
            notes += pages.compare(connection, layer, running, boxes[0], plan.limits)
        before = {server.name: machine.resident_mib(server.pid) for server in running}
        contenders: dict[str, Contender] = {
            PGBENCH: partial(_pgbench, conninfo(settings, Role.PUBLIC), layer, boxes, plan)
        }
        contenders |= {server.name: partial(_server, server, boxes, plan) for server in running}
        races = _races(contenders, plan, say)
        first, last = _first_and_last(gisland, features, plan, say)
        memory = {server.name: (before[server.name], machine.resident_mib(server.pid)) for server in running}
    notes.append(f"`next` links gave all {features:,} features, each once")
    return Result(races, first, last, memory, facts, notes)


def _races(contenders: dict[str, Contender], plan: Plan, say: Callable[[str], None]) -> list[Race]:
    rates: dict[tuple[str, int], list[float]] = {(name, limit): [] for limit in plan.limits for name in contenders}
    for name, limit in rates:
        contenders[name](limit, min(WARM_UP_SECONDS, plan.seconds))
    for number in range(1, plan.rounds + 1):
        for name, limit in rates:
            rates[name, limit].append(contenders[name](limit, plan.seconds))
        say(f"vòng · round {number}/{plan.rounds}")
    return [Race(name, limit, found) for (name, limit), found in rates.items()]


def _server(server: Server, boxes: Sequence[Box], plan: Plan, limit: int, seconds: float) -> float:
    urls = [server.page(limit, box) for box in boxes]
    return load.load(urls, connections=plan.connections, seconds=seconds).rate


def _pgbench(info: str, layer: Layer, boxes: Sequence[Box], plan: Plan, limit: int, seconds: float) -> float:
    # The first page of a box is found by its hits: the statement that gisland runs for these addresses.
    queries = [page_statement(layer, ItemsQuery(limit, bbox=box), "hits") for box in boxes]
    return pgbench.run(info, pgbench.script(queries), connections=plan.connections, seconds=seconds)


def _first_and_last(server: Server, features: int, plan: Plan, say: Callable[[str], None]) -> tuple[float, float]:
    limit = max(plan.limits)
    urls = (pages.with_limit(server.items, limit), pages.walk(server.items, features, limit))
    say("trang cuối · the last page")
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(plan.rounds):
        for url, found in zip(urls, rates, strict=True):
            found.append(load.load([url], connections=plan.connections, seconds=plan.seconds).rate)
    return median(rates[0]), median(rates[1])
