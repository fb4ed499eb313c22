"""All that the OGC API is asked for, by gisland and by its peers on the same rows: pages, filters, features, tiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.error import URLError

from psycopg import sql

from gisland.bench import load, machine, pages, peers, servers
from gisland.bench.boxes import Box, count, pick_boxes
from gisland.bench.pgbench import Query
from gisland.bench.race import BOXES, LIMITS, Ask, Plan, in_rounds, of_pgbench, of_server, start_peers
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND, PGBENCH, TARGETS, grid, verdict
from gisland.bench.tiles import DRAWN_TARGET
from gisland.bench.ways import FILTER_TEXT, KEEPING, LARGER, WAYS
from gisland.catalogue import Layer
from gisland.database import Role, connect, conninfo
from gisland.errors import GislandError
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.publish.tiles.grid import tile_over
from gisland.publish.tiles.statements import tile_statement
from gisland.settings import Settings

ZOOMS = (12, 14, 16, 18)
FILTERED = 100  # features on a page with a filter
MVT_LAYER = b"\x1a"  # field 3 of a tile in protocol buffers: what a tile that shows something begins with


@dataclass(frozen=True)
class Task:
    """Something to ask for."""

    name: str
    urls: Callable[[Server], Sequence[str]]
    """The addresses on a server; none when it cannot do it."""
    holds: Callable[[bytes], bool]
    """Whether an answer is what was asked for: a server that does not understand may be fast."""
    queries: Sequence[Query] = ()
    """What gisland asks the database for then, for pgbench."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Contender → gisland ÷ contender must be at least this (design §7)."""


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
        GislandError: a server does not start, or gisland gives a wrong answer.
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
        drawing = settings.model_copy(update={"tile_cache_mb": 0})
        # Few connections: all servers together must leave some of the database's.
        keeping = settings.model_copy(update={"tile_cache_dir": folder / "tiles", "pool_size": 2})
        gisland = stack.enter_context(servers.gisland(drawing, layer, folder))
        keeper = stack.enter_context(servers.gisland(keeping, layer, folder, name=KEEPING))
        others, notes = start_peers(stack, peers.Site(settings, layer, folder), plan)
        say(f"chạy · running: {', '.join(server.name for server in [gisland, keeper, *others])}")
        with connect(settings, Role.PUBLIC) as connection:
            notes += pages.compare(connection, layer, [gisland, *others], boxes[0], LIMITS)
        tasks = tasks_of(layer, boxes, ids, features, pages.walk(gisland.items, features, max(LIMITS)))
        asks: dict[tuple[str, str], Ask] = {}
        for task in tasks:
            good, told = able(task, [gisland, keeper, *others])
            notes += told
            if task.queries:
                asks[task.name, PGBENCH] = of_pgbench(conninfo(settings, Role.PUBLIC), task.queries, plan)
            asks |= {(task.name, server.name): of_server(urls, plan) for server, urls in good}
        rates = in_rounds(asks, plan, say)
    return Report(rates, tasks, facts, notes)


def tasks_of(layer: Layer, boxes: Sequence[Box], ids: Sequence[int], features: int, last: str) -> list[Task]:
    """All that is asked for.

    Args:
        layer: that is asked for.
        boxes: each with as many features as the largest page.
        ids: of some features.
        features: of the whole layer.
        last: the address of gisland's last page; the others are asked for it by offset.
    """
    return [
        *(_page(layer, boxes, limit) for limit in LIMITS),
        Task("last page of 1000", partial(_last, features=features, last=last), partial(_is_page, limit=max(LIMITS))),
        Task(f"filter by area in a box, {FILTERED}", partial(_filtered, boxes=boxes), _is_filtered),
        Task("one feature", partial(_feature, ids=ids), lambda body: json.loads(body)["type"] == "Feature"),
        *(_tile(layer, boxes, zoom) for zoom in ZOOMS),
    ]


def _page(layer: Layer, boxes: Sequence[Box], limit: int) -> Task:
    def urls(server: Server) -> list[str]:
        way = WAYS[server.name].page
        return [way(server, limit, box) for box in boxes] if way else []

    queries = [page_statement(layer, ItemsQuery(limit, bbox=box), "hits") for box in boxes]
    return Task(f"page of {limit} in a box", urls, partial(_is_page, limit=limit), queries, TARGETS[limit])


def _is_page(body: bytes, limit: int) -> bool:
    return len(json.loads(body)["features"]) == limit


def _last(server: Server, features: int, last: str) -> list[str]:
    if server.name == GISLAND:
        return [last]
    way = WAYS[server.name].offset
    return [way(server, max(LIMITS), features - max(LIMITS))] if way else []


def _filtered(server: Server, boxes: Sequence[Box]) -> list[str]:
    way = WAYS[server.name].filtered
    return [way(server, FILTERED, box) for box in boxes] if way else []


def _is_filtered(body: bytes) -> bool:
    features = json.loads(body)["features"]
    # Some write exact numbers as texts.
    return bool(features) and all(float(each["properties"]["area_m2"]) > LARGER for each in features)


def _feature(server: Server, ids: Sequence[int]) -> list[str]:
    way = WAYS[server.name].feature
    return [way(server, number) for number in ids] if way else []


def _tile(layer: Layer, boxes: Sequence[Box], zoom: int) -> Task:
    middles = [((box.west + box.east) / 2, (box.south + box.north) / 2) for box in boxes]
    tiles = list(dict.fromkeys(tile_over(longitude, latitude, zoom) for longitude, latitude in middles))

    def urls(server: Server) -> list[str]:
        way = WAYS[server.name].tile
        return [way(server, tile) for tile in tiles] if way else []

    # Far tiles are put together by status and area: nobody else draws that.
    near = zoom >= layer.tiles.drawn_from
    queries = [tile_statement(layer, tile, with_state=True) for tile in tiles] if near else []
    return Task(
        f"tile z{zoom}", urls, lambda body: body.startswith(MVT_LAYER), queries, {PGBENCH: DRAWN_TARGET} if near else {}
    )


def able(task: Task, running: Sequence[Server]) -> tuple[list[tuple[Server, list[str]]], list[str]]:
    """The servers that answer a task well, with its addresses; and how much each gives, or that it does not.

    Raises:
        GislandError: gisland does not.
    """
    found: list[tuple[Server, list[str]]] = []
    sizes = []
    for server in running:
        urls = list(task.urls(server))
        if not urls:
            continue
        try:
            body = pages.get_bytes(urls[0])
            good = task.holds(body)
        except (URLError, ValueError, KeyError):
            good = False
        if good:
            found.append((server, urls))
            sizes.append(f"{server.name} {len(body) / 1000:.1f} kB")
        elif server.name in {GISLAND, KEEPING}:
            raise GislandError(f"{server.name} answers {task.name} wrongly: {urls[0]}")
        else:
            sizes.append(f"{server.name} answers something else")
    return found, [f"{task.name}: {', '.join(sizes)}"]


def markdown(report: Report) -> str:
    """Answers per second, and gisland ÷ the other one."""
    names = list(dict.fromkeys(name for _, name in report.rates))
    names.sort(key=lambda name: (name != GISLAND, name != KEEPING, name != PGBENCH))
    rows = [[task.name, *(_cell(report, task, name) for name in names)] for task in report.tasks]
    told = " · ".join(f"{name} {value}" for name, value in report.facts.items())
    notes = "\n".join(f"- {note}" for note in report.notes)
    legend = f"Answers per second, medians of the rounds; in brackets gisland ÷ the other one. Filter: `{FILTER_TEXT}`."
    return f"{told}\n\n{legend}\n\n{grid(['asked for', *names], rows)}\n\n{notes}\n"


def _cell(report: Report, task: Task, name: str) -> str:
    rates = report.rates.get((task.name, name))
    if not rates:
        return "—"
    shown = f"{median(rates):.1f}"
    ours = report.rates.get((task.name, GISLAND))
    if name in {GISLAND, KEEPING} or not ours or not median(rates):
        return shown
    return f"{shown} [{verdict(median(ours) / median(rates), task.targets.get(name))}]"
