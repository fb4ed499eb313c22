"""Tiles against pgbench drawing the same, and kept tiles against a file served by the same application."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from gisland.bench import load, machine, servers
from gisland.bench.boxes import count
from gisland.bench.pages import get_bytes
from gisland.bench.race import Plan, in_rounds, of_pgbench, of_server
from gisland.bench.table import BARE, grid, verdict
from gisland.catalogue import Layer
from gisland.database import Role, connect, conninfo
from gisland.publish.tiles.grid import Tile, tile_over
from gisland.publish.tiles.statements import tile_statement
from gisland.settings import Settings

ZOOMS = (14, 16, 18)
TILES = 64
# Of the size of a close tile.
STATIC = "/static/i18n/vi.json"
DRAWN_TARGET, BARE_TARGET, KEPT_TARGET = 0.8, 0.9, 0.5


@dataclass(frozen=True)
class Rates:
    """Tiles a second at one zoom, one figure for each round; and bytes of a tile."""

    drawn: Sequence[float]
    same: Sequence[float]
    bare: Sequence[float]
    kept: Sequence[float]
    static: Sequence[float]
    size: float


def run(
    settings: Settings, layer: Layer, plan: Plan, say: Callable[[str], None]
) -> tuple[dict[int, Rates], dict[str, str]]:
    """Race on tiles drawn by chance among those that show something, each as often as its features are many.

    Returns:
        Rates by zoom, and facts of the run.

    Raises:
        GislandError: a server does not start or does not answer well.
    """
    with connect(settings, Role.PUBLIC) as connection:
        facts = machine.facts(connection, count(connection, layer))
        query = f"SELECT id, (_west + _east) / 2, (_south + _north) / 2 FROM {layer.target_schema}.{layer.table}"  # noqa: S608
        drawn = random.Random(1).choices(connection.execute(query.encode()).fetchall(), k=TILES)  # noqa: S311
    facts |= {"connections": str(plan.connections), "load by": load.client()}
    rates: dict[int, Rates] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gisland-bench-")))
        without, own = folder / "without", folder / "with"
        for each in (without, own):
            each.mkdir()
        plain = stack.enter_context(servers.gisland(settings.model_copy(update={"tile_cache_mb": 0}), layer, without))
        floor = stack.enter_context(servers.bare(settings, folder))
        keeping = settings.model_copy(update={"tile_cache_dir": own / "tiles"})
        cached = stack.enter_context(servers.gisland(keeping, layer, own))
        for zoom in ZOOMS:
            tiles = [tile_over(longitude, latitude, zoom) for _, longitude, latitude in drawn]
            queries = [tile_statement(layer, tile, with_state=True) for tile in tiles]
            static = [cached.items.partition("/ogc/")[0] + STATIC]

            for tile in tiles:
                get_bytes(_address(cached, tile))
            asks = {
                "drawn": of_server([_address(plain, tile) for tile in tiles], plan),
                "same": of_pgbench(conninfo(settings, Role.PUBLIC), queries, plan),
                "bare": of_server([_address(floor, tile) for tile in tiles], plan),
                "kept": of_server([_address(cached, tile) for tile in tiles], plan),
                "static": of_server(static, plan),
            }
            found = in_rounds(asks, plan, lambda _: None)
            kept = list((own / "tiles").rglob(f"{zoom}/*/*.mvt"))
            size = sum(file.stat().st_size for file in kept) / max(1, len(kept))
            rates[zoom] = Rates(**found, size=size)
            say(f"z{zoom}")
    return rates, facts


def _address(server: servers.Server, tile: Tile) -> str:
    root = server.items.removesuffix("/items")
    return f"{root}/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.column}"


def markdown(rates: Mapping[int, Rates], facts: Mapping[str, str]) -> str:
    """The table: tiles a second, and the ratios that count."""
    rows = [
        [
            f"z{zoom}, {each.size / 1000:.1f} kB",
            f"{median(each.drawn):.0f}",
            f"{median(each.same):.0f}",
            verdict(median(each.drawn) / median(each.same), DRAWN_TARGET),
            f"{median(each.bare):.0f}",
            verdict(median(each.drawn) / median(each.bare), BARE_TARGET),
            f"{median(each.kept):.0f}",
            f"{median(each.static):.0f}",
            verdict(median(each.kept) / median(each.static), KEPT_TARGET),
        ]
        for zoom, each in rates.items()
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    head = [
        "tiles",
        "drawn",
        "pgbench, the same",
        "ratio (target)",
        BARE,
        "ratio (target)",
        "kept",
        "a file",
        "ratio (target)",
    ]
    return f"{told}\n\nTiles per second:\n\n{grid(head, rows)}\n"
