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
from urllib.parse import parse_qsl, urlsplit

from psycopg import sql
from pyproj import CRS

from gisland.bench import exports, load, machine, pages, peers, servers, waits
from gisland.bench.boxes import Box, count, pick_boxes
from gisland.bench.pgbench import Query
from gisland.bench.race import BOXES, LIMITS, Ask, Plan, in_rounds, of_pgbench, of_server, start_peers
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND, PGBENCH, TARGETS, at_most, grid, verdict
from gisland.bench.tiles import DRAWN_TARGET
from gisland.bench.ways import FILTER_TEXT, KEEPING, LARGER, WAYS, Zone
from gisland.catalogue import Layer, Palette, load_palette
from gisland.database import Role, connect, conninfo
from gisland.errors import GislandError
from gisland.kit.crs import transformer
from gisland.publish.crs import WGS84, Planes
from gisland.publish.export_file import read_planes
from gisland.publish.items import feature_statement, page_statement
from gisland.publish.query import ItemsQuery, parse_items_query
from gisland.publish.tiles.far import statuses_of
from gisland.publish.tiles.grid import tile_over
from gisland.publish.tiles.statements import tile_statement
from gisland.settings import Settings

ZOOMS = (12, 14, 16, 18)
FILTERED = 100  # features on a page with a filter, and on one of HTML
HTML_MS = 15  # for a page of HTML that one reader alone asks for (issue 5, HTML pages)
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
    most_ms: float | None = None
    """Milliseconds that an answer of gisland may take, when one reader alone asks."""


@dataclass(frozen=True)
class Data:
    """What there is to ask for."""

    settings: Settings
    palette: Palette
    layer: Layer
    planes: Planes
    boxes: Sequence[Box]
    """Each with as many features as the largest page."""
    ids: Sequence[int]
    """Of some features."""
    features: int
    """Of the whole layer."""

    def query(self, url: str) -> Query:
        """What gisland asks the database for when it is asked for an address of items."""
        given = parse_qsl(urlsplit(url).query)
        query = parse_items_query(self.layer, self.palette, self.settings, given, planes=self.planes)
        return page_statement(self.layer, query, query.cursor.way if query.cursor else "hits")


@dataclass(frozen=True)
class Report:
    """Per task and contender the answers per second, a rate for each round."""

    rates: Mapping[tuple[str, str], Sequence[float]]
    tasks: Sequence[Task]
    facts: Mapping[str, str]
    notes: Sequence[str] = ()
    exports: Sequence[exports.Exported] = ()
    alone: Mapping[str, float] = field(default_factory=dict)
    """Per task that has a limit: milliseconds of an answer of gisland, when one reader alone asks."""
    waits: Mapping[str, load.Load] = field(default_factory=dict)
    """Per task what many readers of gisland wait; of tiles those that are kept."""


def run(settings: Settings, layer: Layer, plan: Plan, say: Callable[[str], None]) -> Report:
    """Race all servers on all tasks.

    Raises:
        GislandError: a server does not start, or gisland gives a wrong answer.
    """
    data = read_data(settings, layer, BOXES)
    with connect(settings, Role.PUBLIC) as connection:
        facts = machine.facts(connection, data.features)
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
            notes += pages.compare(connection, layer, [gisland, *others], data.boxes[0], LIMITS)
        exported = exports.run(gisland, data.features, say)
        tasks = tasks_of(data, gisland, pages.walk(gisland.items, data.features, max(LIMITS)))
        asks: dict[tuple[str, str], Ask] = {}
        ours: dict[str, Sequence[str]] = {}
        for task in tasks:
            good, told = able(task, [gisland, keeper, *others])
            ours[task.name] = dict(good).get(keeper) or dict(good)[gisland]
            notes += told
            if task.queries:
                asks[task.name, PGBENCH] = of_pgbench(conninfo(settings, Role.PUBLIC), task.queries, plan)
            asks |= {(task.name, server.name): of_server(urls, plan) for server, urls in good}
            if plan.patience:
                _keep(dict(good).get(keeper, []))
        rates = in_rounds(asks, plan, say)
        alone = {task.name: milliseconds(task.urls(gisland), plan) for task in tasks if task.most_ms is not None}
        waited = waits.run(ours, plan, say)
    return Report(rates, tasks, facts, notes, exported, alone, waited)


def _keep(urls: Sequence[str]) -> None:
    """Ask for all that a server is to have kept when it is measured."""
    for url in urls:
        pages.get_bytes(url)


def milliseconds(urls: Sequence[str], plan: Plan) -> float:
    """How long a server takes for an answer, when one reader alone asks for these addresses in turn: the median of
    the rounds."""
    rounds = [load.load(list(urls), connections=1, seconds=plan.seconds).rate for _ in range(plan.rounds)]
    return 1000 / median(rounds)


def read_data(settings: Settings, layer: Layer, number: int) -> Data:
    """Draw by chance what is asked for: so many boxes and features."""
    with connect(settings, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, layer, count=number, features=max(LIMITS))
        table = sql.Identifier(layer.target_schema, layer.table)
        query = sql.SQL("SELECT id FROM {} ORDER BY md5(id::text) LIMIT %s").format(table)
        ids = [row[0] for row in connection.execute(query, [number])]
        features = count(connection, layer)
    palette, planes = load_palette(settings), read_planes(settings, layer)
    return Data(settings, palette, layer, planes, boxes, ids, features)


def tasks_of(data: Data, gisland: Server, last: str) -> list[Task]:
    """All that is asked for.

    Args:
        data: what there is.
        gisland: the server, whose addresses say what pgbench is to run.
        last: the address of gisland's last page; the others are asked for it by offset.
    """
    layer, boxes, most = data.layer, data.boxes, max(LIMITS)
    zones = [_zone_of(data, box) for box in boxes] if data.planes.own else []

    def as_gisland(name: str, urls: Callable[[Server], Sequence[str]], holds: Callable[[bytes], bool]) -> Task:
        return Task(name, urls, holds, [data.query(url) for url in urls(gisland)])

    return [
        *(_page(layer, boxes, limit) for limit in LIMITS),
        *(
            as_gisland(f"page of {limit} in the zone", partial(_zone, limit, zones), partial(_is_page, limit=limit))
            for limit in (LIMITS if zones else ())
        ),
        as_gisland(
            f"last page of {most}", partial(_last, features=data.features, last=last), partial(_is_page, limit=most)
        ),
        as_gisland(f"filter by area in a box, {FILTERED}", partial(_filtered, boxes=boxes), _is_filtered),
        Task(
            "one feature",
            partial(_feature, ids=data.ids),
            lambda body: json.loads(body)["type"] == "Feature",
            [feature_statement(layer, number) for number in data.ids],
        ),
        Task(f"page of {FILTERED} as HTML", partial(_html, boxes=boxes), _is_html, most_ms=HTML_MS),
        *(_tile(data, zoom) for zoom in ZOOMS),
    ]


def _zone_of(data: Data, box: Box) -> Zone:
    """The box around a box on the plane of the layer."""
    (srid,) = data.planes.own
    change = transformer(CRS.from_epsg(WGS84.srid), CRS.from_epsg(srid))
    x, y = change.transform([box.west, box.east] * 2, [box.south, box.south, box.north, box.north])
    return Zone(data.planes.storage, f"{min(x):.3f},{min(y):.3f},{max(x):.3f},{max(y):.3f}")


def _zone(limit: int, zones: Sequence[Zone], server: Server) -> list[str]:
    way = WAYS[server.name].zone
    return [way(server, limit, each) for each in zones] if way else []


def _html(server: Server, boxes: Sequence[Box]) -> list[str]:
    way = WAYS[server.name].html
    return [way(server, FILTERED, box) for box in boxes] if way else []


def _is_html(body: bytes) -> bool:
    return b"</html>" in body


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


def _tile(data: Data, zoom: int) -> Task:
    layer = data.layer
    middles = [((box.west + box.east) / 2, (box.south + box.north) / 2) for box in data.boxes]
    tiles = list(dict.fromkeys(tile_over(longitude, latitude, zoom) for longitude, latitude in middles))

    def urls(server: Server) -> list[str]:
        way = WAYS[server.name].tile
        return [way(server, tile) for tile in tiles] if way else []

    # Far tiles are put together by status and area: no peer draws that.
    near = zoom >= layer.tiles.drawn_from
    statuses = () if near else statuses_of(layer, data.palette)
    queries = [tile_statement(layer, tile, with_state=True, statuses=statuses) for tile in tiles]
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
    taken = [exports.markdown(report.exports)] if report.exports else []
    limits = {task.name: task.most_ms for task in report.tasks if task.most_ms is not None}
    took = [[name, at_most(report.alone[name], limit)] for name, limit in limits.items() if name in report.alone]
    alone = [grid(["one reader alone", "milliseconds (limit)"], took)] if took else []
    waited = [waits.markdown(report.waits)] if report.waits else []
    return "\n\n".join([told, legend, grid(["asked for", *names], rows), *alone, *waited, *taken, notes]) + "\n"


def _cell(report: Report, task: Task, name: str) -> str:
    rates = report.rates.get((task.name, name))
    if not rates:
        return "—"
    shown = f"{median(rates):.1f}"
    ours = report.rates.get((task.name, GISLAND))
    if name in {GISLAND, KEEPING} or not ours or not median(rates):
        return shown
    return f"{shown} [{verdict(median(ours) / median(rates), task.targets.get(name))}]"
