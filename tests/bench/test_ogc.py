"""The race on all kinds of requests: each task is answered by gisland as it says; no test asserts a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from psycopg import sql

from gisland.bench import pages, servers
from gisland.bench.boxes import count, pick_boxes
from gisland.bench.ogc import Report, Task, able, markdown, tasks_of
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND, PGBENCH
from gisland.bench.ways import KEEPING
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.errors import GislandError
from gisland.settings import Settings
from tests.bench import test_items

bench = test_items.bench


def test_gisland_answers_each_task(bench: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    layer = catalogue.layer("parcels")
    with connect(bench, Role.PUBLIC) as connection:
        features = count(connection, layer)
        boxes = pick_boxes(connection, layer, count=2, features=1000)
        table = sql.Identifier(layer.target_schema, layer.table)
        ids = [row[0] for row in connection.execute(sql.SQL("SELECT id FROM {} LIMIT 2").format(table))]
    with servers.gisland(bench, layer, tmp_path) as server:
        tasks = tasks_of(layer, boxes, ids, features, pages.walk(server.items, features, 1000))
        for task in tasks:
            ((found, urls),), (note,) = able(task, [server])
            assert found is server
            assert len(urls) == len(set(urls)) > 0
            assert note.startswith(f"{task.name}: gisland ")
    assert [task.name for task in tasks if task.queries] == [
        *(f"page of {limit} in a box" for limit in (1000, 100, 10)),
        *(f"tile z{zoom}" for zoom in (14, 16, 18)),
    ]


def test_a_server_that_answers_something_else_does_not_race_and_gisland_may_not(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>mistake</p>", encoding="utf-8")
    task = Task("page of 1", lambda _: [page.as_uri()], lambda body: body.startswith(b"{"))
    assert able(task, [Server("tipg", "", 0)]) == ([], ["page of 1: tipg answers something else"])
    for name in (GISLAND, KEEPING):
        with pytest.raises(GislandError, match="page of 1 wrongly"):
            able(task, [Server(name, "", 0)])


def test_the_table_has_a_column_for_each_contender_and_says_what_holds() -> None:
    tile, page = (
        Task(name, lambda _: [], bool, targets={PGBENCH: 0.8, "tipg": 12}) for name in ("tile z14", "page of 10")
    )
    rates: dict[tuple[str, str], Sequence[float]] = {
        ("tile z14", "tipg"): [10.0],
        ("tile z14", GISLAND): [90.0, 100.0, 95.0],
        ("tile z14", PGBENCH): [100.0],
        ("tile z14", KEEPING): [2000.0],
        ("page of 10", GISLAND): [50.0],
    }
    text = markdown(Report(rates, [tile, page], {"cores": "2"}, ["a note"]))
    assert "| asked for | gisland | gisland, tiles kept | pgbench | tipg |" in text
    assert "| tile z14 | 95.0 | 2000.0 | 100.0 [0.95 (≥ 0.8 holds)] | 10.0 [9.50 (≥ 12 **MISSED**)] |" in text
    assert "| page of 10 | 50.0 | — | — | — |" in text
    assert text.startswith("cores 2\n")
    assert "- a note" in text
