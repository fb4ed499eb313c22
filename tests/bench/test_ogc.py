"""The race on all kinds of requests: each task is answered by gisland as it says; no test asserts a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gisland.bench import exports, pages, pgbench, servers, waits
from gisland.bench.load import Load
from gisland.bench.ogc import HTML_MS, Report, Task, able, markdown, milliseconds, read_data, tasks_of
from gisland.bench.race import Plan
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND, PGBENCH
from gisland.bench.ways import KEEPING
from gisland.catalogue import Catalogue
from gisland.database import Role, conninfo
from gisland.errors import GislandError
from gisland.settings import Settings
from tests.bench import test_items

bench = test_items.bench


def test_gisland_answers_each_task(bench: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    layer = catalogue.layer("parcels")
    data = read_data(bench, layer, 2)
    with servers.gisland(bench, layer, tmp_path) as server:
        tasks = tasks_of(data, server, pages.walk(server.items, data.features, 1000))
        taken = [exports.take(server, name, data.features) for name in ("csv", "gpkg")]
        for task in tasks:
            ((found, urls),), (note,) = able(task, [server])
            assert found is server
            assert len(urls) == len(set(urls)) > 0
            assert note.startswith(f"{task.name}: gisland ")
        (html,) = (task for task in tasks if not task.queries)
        assert (html.name, html.most_ms) == ("page of 100 as HTML", HTML_MS)
        plan = Plan(limits=[100], connections=1, seconds=1, rounds=1)
        assert 0 < milliseconds(html.urls(server), plan) < 60_000
        waited = waits.run({html.name: html.urls(server)}, plan, lambda _: None)
        assert 0 < waited[html.name].median <= waited[html.name].p99
    names = [task.name for task in tasks]
    assert {"page of 1000 in the zone", "last page of 1000", "one feature", "tile z12"} < set(names)
    for task in tasks:
        if task.queries:
            assert pgbench.run(conninfo(bench, Role.PUBLIC), pgbench.script(task.queries), connections=1, seconds=0) > 0
    assert all(each.bytes > 100_000 and 0 < each.first <= each.seconds for each in taken)
    assert "MiB above idle" in exports.markdown(taken)


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


def test_a_page_of_html_has_a_limit_of_its_own() -> None:
    task = Task("page as HTML", lambda _: [], bool, most_ms=15)
    for took, shown in ((6.2, "6.20 (≤ 15 holds)"), (15.3, "15.30 (≤ 15 **MISSED**)")):
        text = markdown(Report({}, [task], {}, alone={task.name: took}))
        assert f"| page as HTML | {shown} |" in text
    assert "alone" not in markdown(Report({}, [task], {}))


def test_the_last_of_a_hundred_waits_at_most_five_times_as_long_as_half_of_them() -> None:
    waited = {
        "one feature": Load(5_000, 10, 0.010, 0.0404),
        "page of 10": Load(900, 10, 0.010, 0.061),
        "tile z12": Load(99, 10, 0.010, 0.010),
    }
    text = markdown(Report({}, [], {}, waits=waited))
    assert "| one feature | 5000 | 10.0 | 40.4 | 4.04 (≤ 5 holds) |" in text
    assert "| page of 10 | 900 | 10.0 | 61.0 | 6.10 (≤ 5 **MISSED**) |" in text
    assert "| tile z12 | 99 | 10.0 | 10.0 | too few answers |" in text
