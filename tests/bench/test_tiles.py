"""The table of the tile races; no test asserts a time."""

from __future__ import annotations

from gisland.bench.pgbench import script
from gisland.bench.tiles import Rates, markdown
from gisland.catalogue import Catalogue
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import tile_statement


def test_the_table_says_what_holds_and_what_does_not() -> None:
    text = markdown({18: Rates([90, 100], [100, 100], [100, 130], [300, 500], [900, 1100], 3000)}, {"cores": "2"})
    assert text.startswith("cores 2\n")
    drawn = "| z18, 3.0 kB | 95 | 100 | 0.95 (≥ 0.8 holds) | 115 | 0.83 (≥ 0.9 **MISSED**) |"
    assert f"{drawn} 400 | 1000 | 0.40 (≥ 0.5 **MISSED**) |" in text


def test_pgbench_draws_the_same_tiles(catalogue: Catalogue) -> None:
    layer = catalogue.layer("parcels")
    text = script([tile_statement(layer, Tile(18, 208_000 + each, 115_000), with_state=False) for each in range(3)])
    assert "ST_AsMVT" in text
    assert "208002" in text
    assert "%(" not in text
