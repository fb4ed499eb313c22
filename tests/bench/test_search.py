"""The bench of searches makes its city, finds in it what it seeks, and tells times against limits."""

from __future__ import annotations

from gisland.bench import city, search
from gisland.bench.search import NAME_IN_WARD, Times, markdown
from gisland.settings import Settings
from tests.conftest import migrated


def test_what_is_sought_in_a_ward_is_found(server: Settings) -> None:
    settings = city.settings_of(server, None)
    city.prepare(migrated(settings), 2000)
    told: list[str] = []
    results = {each.sort: each for each in search.run(settings, 20, told.append)}
    assert len(told) == len(results) > 20
    exact = ("tờ … thửa …", "54/34", "parcel code", "serial", "national id", "name")
    found = {sort: each.found for sort, each in results.items() if sort.startswith(exact) and "city" not in sort}
    assert set(found.values()) == {1.0}
    # A city that is there is used again.
    city.prepare(settings, 2000)


def test_the_table_tells_whether_a_limit_holds() -> None:
    fast, slow = Times("fast", NAME_IN_WARD, [1.0, 2.0, 3.0], 1.0), Times("slow", NAME_IN_WARD, [200.0] * 3, None)
    lines = markdown([fast, slow], {"cores": "2"}).splitlines()
    assert "| fast | 3 | 2.0 | 3.8 (< 100 holds) | 3.0 | 100% |" in lines
    assert "| slow | 3 | 200.0 | 200.0 (< 100 **MISSED**) | 200.0 | — |" in lines
