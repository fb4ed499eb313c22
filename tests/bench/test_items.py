"""The race of items pages, with few parcels and short rounds; no test asserts a time."""

from __future__ import annotations

import re
import signal
from functools import partial

import pytest

from gisland.bench import database, pgbench
from gisland.bench.boxes import Box, count, pick_boxes
from gisland.catalogue import Catalogue
from gisland.database import Role, connect, conninfo
from gisland.demo.load import load_demo
from gisland.errors import UsageError
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings
from tests import commands
from tests.commands import Said
from tests.conftest import alone, migrated

PARCELS = 2000


OPTIONS = ["--parcels", str(PARCELS), "--seconds", "1", "--rounds", "1", "--connections", "1", "--peers", ""]


@pytest.fixture(scope="module")
def bench(server: Settings) -> Settings:
    """The bench's own database, as the command filled it; what it said is in `bench.out`, its table in `bench.md`."""
    settings = database.settings_of(server, None)
    with alone("bench"):
        said = settings.state_dir / "bench.out"
        if not said.exists():
            done = gisland(migrated(settings), *OPTIONS, "--out", str(said.with_suffix(".md")))
            assert done.returncode == 0, done.stderr
            said.write_text(done.stdout, encoding="utf-8")
    return settings


def test_the_database_is_filled_once(bench: Settings, catalogue: Catalogue) -> None:
    with connect(bench, Role.PUBLIC) as connection:
        assert count(connection, catalogue.layer("parcels")) == pytest.approx(PARCELS, rel=0.1)
    with alone("bench"):
        assert not database.prepare(bench, catalogue, PARCELS)


def test_boxes_hold_enough_and_are_the_same_for_a_seed(bench: Settings, catalogue: Catalogue) -> None:
    layer = catalogue.layer("parcels")
    with connect(bench, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, layer, count=5, features=500)
        again = pick_boxes(connection, layer, count=5, features=500)
        others = pick_boxes(connection, layer, count=5, features=500, seed=2)
        held = [
            connection.execute(
                "SELECT count(*) FROM published.parcels"
                " WHERE ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))",
                box,
            ).fetchone()
            for box in boxes
        ]
    assert boxes == again
    assert boxes != others
    assert all(row is not None and 500 <= row[0] < PARCELS for row in held), held


def test_a_layer_that_is_too_small_is_told(bench: Settings, catalogue: Catalogue) -> None:
    with connect(bench, Role.PUBLIC) as connection, pytest.raises(UsageError, match="--parcels"):
        pick_boxes(connection, catalogue.layer("parcels"), count=1, features=10 * PARCELS)


def test_a_box_is_written_with_the_digits_it_has() -> None:
    assert str(Box(106.7, 20.8400001, 106.71, 20.85)) == "106.7000000,20.8400001,106.7100000,20.8500000"


def test_pgbench_runs_the_statement_of_a_page(bench: Settings, catalogue: Catalogue) -> None:
    layer = catalogue.layer("parcels")
    with connect(bench, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, layer, count=3, features=100)
    queries = [page_statement(layer, ItemsQuery(10, bbox=box), "hits") for box in boxes]
    text = pgbench.script(queries)
    # It is the same text, but for the names of the parameters.
    *variables, statement = text.splitlines()
    ours = re.sub(r"%\(\w+\)s|%s", "?", " ".join(queries[0][0].split()))
    assert re.sub(r":p\d+", "?", statement.rstrip(";")) == ours
    assert "?" in ours
    assert variables[0] == r"\set drawn random(1, 3)"
    for box in boxes:
        assert all(any(repr(side) in line for line in variables) for side in box)
    assert pgbench.run(conninfo(bench, Role.PUBLIC), text, connections=2, seconds=0) > 0


def test_pgbench_takes_no_quoted_text_for_a_variable(bench: Settings) -> None:
    text = pgbench.script(
        [("SELECT 1 / (to_char(now(), 'HH24:MI') ~ '^\\d\\d:\\d\\d$')::int WHERE %(n)s::int = 5", {"n": 5})]
    )
    assert pgbench.run(conninfo(bench, Role.PUBLIC), text, connections=1, seconds=0) > 0


def test_queries_that_pgbench_cannot_run_are_refused() -> None:
    with pytest.raises(ValueError, match="one statement"):
        pgbench.script([("SELECT %s", [1]), ("SELECT 1 + %s", [1])])


def test_pgbench_draws_texts(bench: Settings) -> None:
    text = pgbench.script([("SELECT 1 / (%s::text = ANY ('{a,b}'))::int", [each]) for each in ("a", "b")])
    assert "(ARRAY['a', 'b'])[:drawn]" in text
    assert pgbench.run(conninfo(bench, Role.PUBLIC), text, connections=1, seconds=0) > 0


def test_from_an_empty_state_the_command_prints_rates_and_ratios_and_nothing_else(bench: Settings) -> None:
    said = (bench.state_dir / "bench.out").read_text(encoding="utf-8")
    assert said.rstrip("\n") == (bench.state_dir / "bench.md").read_text(encoding="utf-8").rstrip("\n")
    for limit in (1000, 100, 10):
        # pgbench, gisland, and the bare server.
        rates = re.search(rf"^\| {limit}( \| [\d.]+ \([^|]*\)){{3}} \|$", said, re.MULTILINE)
        assert rates is not None, said
        assert all(float(each.split()[0]) > 0 for each in rates[0].split(" | ")[1:])
    assert "features, each once" in said


def test_an_unknown_peer_is_told(bench: Settings) -> None:
    done = gisland(bench, "--peers", "nobody")
    assert done.returncode == UsageError.exit_code
    assert "known are: pygeoapi, tipg, mapserver, qgisserver" in done.stderr


def gisland(settings: Settings, *options: str) -> Said:
    """The command in this process, as its demo ward is taken in; the handler of signals that it sets is put back."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "load_demo", partial(load_demo, command=commands.here))
        said = commands.gisland(settings, "bench", "items", *options)
    signal.signal(signal.SIGTERM, before)
    return said
