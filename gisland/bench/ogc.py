"""All that the OGC API is asked for, by gisland and by its peers on the same rows: pages, filters, features, tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from psycopg import sql

from gisland.bench import load, machine, pages, peers, pgbench, servers
from gisland.bench.boxes import Box, count, pick_boxes
from gisland.bench.pgbench import Query
from gisland.bench.race import BOXES, LIMITS, WARM_UP_SECONDS, Plan
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND, PGBENCH, TARGETS, grid, verdict
from gisland.bench.ways import DRAWING, FILTER, WAYS, tile_of
from gisland.catalogue import Layer
from gisland.database import Role, connect, conninfo
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings

ZOOMS = (12, 14, 16, 18)
FILTERED = 100  # features on a page with a filter
Urls = Callable[[Server], Sequence[str]]


@dataclass(frozen=True)
class Task:
    """Something to ask for."""

    name: str
    urls: Urls
    """The addresses on a server; none when it cannot do it."""
    queries: Sequence[Query] = ()
    """What gisland asks the database for then, for pgbench."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Contender → gisland ÷ contender must be at least this (design §7)."""
    ours: str = GISLAND
    """Which of the two gislands is asked."""


@dataclass(frozen=True)
class Report:
    """Per task and contender the answers per second, a rate for each round."""

    rates: Mapping[tuple[str, str], Sequence[float]]
    tasks: Sequence[Task]
    facts: Mapping[str, str]
    notes: Sequence[str] = ()


def run(settings: Settings, layer: Layer, plan: Plan, say: Callable[[str], None]) -> Report:
    """Race all servers on all tasks.

    Raises:
        GislandError: a server does not start, or gives wrong pages.
    """
    with connect(settings, Role.PUBLIC) as connection:
        features = count(connection, layer)
        facts = machine.facts(connection, features)
        boxes = pick_boxes(connection, layer, count=BOXES, features=max(LIMITS))
        table = sql.Identifier(layer.target_schema, layer.table)
        query = sql.SQL("SELECT id FROM {} ORDER BY md5(id::text) LIMIT %s").format(table)
        ids = [row[0] for row in connection.execute(query, [BOXES])]
    facts |= {"connections": str(plan.connections), "load by": load.client()}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gisland-bench-")))
        running = [stack.enter_context(servers.gisland(settings, layer, folder))]
        drawing = settings.model_copy(update={"tile_cache_mb": 0})
        keeps_none = stack.enter_context(servers.gisland(drawing, layer, folder, name=DRAWING))
        notes = _start(stack, running, peers.Site(settings, layer, folder), plan)
        say(f"chạy · running: {', '.join(server.name for server in running)}")
        with connect(settings, Role.PUBLIC) as connection:
            notes += pages.compare(connection, layer, running, boxes[0], LIMITS)
        tasks = _tasks(layer, boxes, ids, features, running[0])
        notes += _sizes(tasks, running)
        rates = _rates(tasks, [*running, keeps_none], conninfo(settings, Role.PUBLIC), plan, say)
    return Report(rates, tasks, facts, notes)


def _start(stack: ExitStack, running: list[Server], site: peers.Site, plan: Plan) -> list[str]:
    notes = []
    for name in plan.peers:
        try:
            running.append(stack.enter_context(peers.PEERS[name](site)))
        except peers.Missing as error:
            notes.append(str(error))
    return notes


def _tasks(layer: Layer, boxes: Sequence[Box], ids: Sequence[int], features: int, gisland: Server) -> list[Task]:
    last = pages.walk(gisland.items, features, max(LIMITS))
    return [
        *(_page(layer, boxes, limit) for limit in LIMITS),
        Task("last page of 1000", partial(_last, features=features, last=last)),
        Task(f"filter by status in a box, {FILTERED}", partial(_filtered, boxes=boxes)),
        Task("one feature", partial(_feature, ids=ids)),
        *(Task(f"tile z{zoom}, drawn", partial(_tile, boxes=boxes, zoom=zoom), ours=DRAWING) for zoom in ZOOMS),
        *(Task(f"tile z{zoom}, kept", partial(_tile, boxes=boxes, zoom=zoom)) for zoom in ZOOMS),
    ]


def _page(layer: Layer, boxes: Sequence[Box], limit: int) -> Task:
    queries = [page_statement(layer, ItemsQuery(limit, bbox=box), "hits") for box in boxes]
    return Task(
        f"page of {limit} in a box", lambda server: [server.page(limit, box) for box in boxes], queries, TARGETS[limit]
    )


def _last(server: Server, features: int, last: str) -> list[str]:
    if server.name == GISLAND:
        return [last]
    way = WAYS[server.name].offset
    return [way(server, max(LIMITS), features - max(LIMITS))] if way else []


def _filtered(server: Server, boxes: Sequence[Box]) -> list[str]:
    way = WAYS[server.name].filtered
    return [way(server, FILTERED, box) for box in boxes] if way else []


def _feature(server: Server, ids: Sequence[int]) -> list[str]:
    way = WAYS[server.name].feature
    return [way(server, number) for number in ids] if way else []


def _tile(server: Server, boxes: Sequence[Box], zoom: int) -> list[str]:
    way = WAYS[server.name].tile
    return list(dict.fromkeys(way(server, tile_of(box, zoom)) for box in boxes)) if way else []


def _sizes(tasks: Sequence[Task], running: Sequence[Server]) -> list[str]:
    """How much each server gives: a fast answer may be a small one."""
    notes = []
    for task in tasks:
        sizes = [
            f"{server.name} {len(pages.get_bytes(urls[0])) / 1000:.1f} kB"
            for server in running
            if (urls := task.urls(server))
        ]
        notes.append(f"{task.name}: {', '.join(sizes)}")
    return notes


def _rates(
    tasks: Sequence[Task], running: Sequence[Server], info: str, plan: Plan, say: Callable[[str], None]
) -> dict[tuple[str, str], list[float]]:
    runs: dict[tuple[str, str], Callable[[float], float]] = {}
    for task in tasks:
        if task.queries:
            runs[task.name, PGBENCH] = partial(_pgbench, info, task.queries, plan)
        for server in running:
            name = GISLAND if server.name == task.ours else server.name
            if (server.name in {task.ours, *peers.PEERS}) and (urls := task.urls(server)):
                runs[task.name, name] = partial(_server, list(urls), plan)
    rates: dict[tuple[str, str], list[float]] = {key: [] for key in runs}
    for ask in runs.values():
        ask(min(WARM_UP_SECONDS, plan.seconds))
    for number in range(1, plan.rounds + 1):
        for key, ask in runs.items():
            rates[key].append(ask(plan.seconds))
        say(f"vòng · round {number}/{plan.rounds}")
    return rates


def _server(urls: list[str], plan: Plan, seconds: float) -> float:
    return load.load(urls, connections=plan.connections, seconds=seconds).rate


def _pgbench(info: str, queries: Sequence[Query], plan: Plan, seconds: float) -> float:
    return pgbench.run(info, pgbench.script(queries), connections=plan.connections, seconds=seconds)


def markdown(report: Report) -> str:
    """Answers per second, and gisland ÷ the other one."""
    names = list(dict.fromkeys(name for _, name in report.rates))
    names.sort(key=lambda name: (name != GISLAND, name != PGBENCH))
    rows = [[task.name, *(_cell(report, task, name) for name in names)] for task in report.tasks]
    told = " · ".join(f"{name} {value}" for name, value in report.facts.items())
    notes = "\n".join(f"- {note}" for note in report.notes)
    legend = f"Answers per second, medians of the rounds; in brackets gisland ÷ the other one. Filter: `{FILTER}`."
    return f"{told}\n\n{legend}\n\n{grid(['asked for', *names], rows)}\n\n{notes}\n"


def _cell(report: Report, task: Task, name: str) -> str:
    rates = report.rates.get((task.name, name))
    if not rates:
        return "—"
    shown = f"{median(rates):.1f}"
    ours = report.rates.get((task.name, GISLAND))
    if name == GISLAND or not ours or not median(rates):
        return shown
    return f"{shown} [{verdict(median(ours) / median(rates), task.targets.get(name))}]"
