"""The benches on a large import work with few parcels; no test asserts a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gisland.bench import as_of, bulk, results, writer
from gisland.bench.as_of import Reading
from gisland.bench.bulk import Clock, Result
from gisland.bench.results import Taken
from gisland.bench.table import at_most
from gisland.bench.writer import LAYERS, NEITHER, VERSIONS, Times
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.settings import Settings
from tests.conftest import alone, migrated
from tests.factories import one

PARCELS = 600


@pytest.fixture(scope="module")
def imported(server: Settings, catalogue: Catalogue) -> Iterator[tuple[Settings, Result]]:
    """The database of the bench after a run, and what it found. One at a time: it is the same for all workers."""
    settings = bulk.settings_of(server)
    with alone("bulk"):
        yield settings, bulk.run(migrated(settings), catalogue, PARCELS, 2, lambda _: None)


@pytest.mark.proof
def test_both_ways_bring_the_same_rows(imported: tuple[Settings, Result], catalogue: Catalogue) -> None:
    settings, result = imported
    assert [set(clock.steps) for clock in result.plain] == [{*(f"insert {name}" for name in bulk.GIVEN), "commit"}] * 2
    assert all(clock.steps["flush"] > 0 for clock in result.gisland)
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for table in bulk.GIVEN:
            count = f"SELECT count(*) FROM registry.{table}"
            assert one(connection, count) == one(connection, f"SELECT count(*) FROM plain.{table}") >= PARCELS * 0.9
            # Ids of changes and times apart, what gisland derives is what the plain tables were given.
            apart = "'{created_by,changed_by,updated_at}'::text[]"
            query = (
                f"SELECT count(*) FROM (SELECT to_jsonb(t) - {apart} FROM registry.{table} t EXCEPT"
                f" SELECT to_jsonb(t) - {apart} FROM plain.{table} t) differing"
            )
            assert one(connection, query) == 0
        shared = "SELECT count(*) FROM registry.holding WHERE share_num IS NOT NULL"
        assert one(connection, shared) == PARCELS // 6 * 2
        for layer in catalogue.layers.values():
            if layer.refresh == "flush":
                expected = PARCELS if layer.ends is None else 0  # none of them has ended
                assert one(connection, f"SELECT count(*) FROM {layer.target_schema}.{layer.table}") == expected
        assert one(connection, "SELECT count(DISTINCT changed_by) FROM registry.holding") == 1
    # What was imported is used again.
    bulk.prepare(settings, catalogue, PARCELS)


@pytest.mark.proof
def test_the_database_is_whole_after_the_writers(imported: tuple[Settings, Result]) -> None:
    settings, _ = imported
    times = writer.run(settings, 16, 1, lambda _: None)
    assert [(each.writers, each.model) for each in times] == [
        (writers, model) for writers in writer.WRITERS for model in (NEITHER, VERSIONS, LAYERS)
    ]
    assert {len(each.milliseconds) for each in times} == {16}
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        assert one(connection, "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'") == 0
        assert one(connection, "SELECT bool_and(touched_by <> '{}') FROM publish.layer")
        # The acts without the read model left no version, those with data versions only changed no feature.
        acts = sum(2 * each.writers * (16 // each.writers + writer.WARM_UP) for each in times) // 2
        assert one(connection, "SELECT count(*) FROM verification.evidence") == acts
        unversioned = (
            "SELECT count(*) FROM registry.change WHERE id NOT IN (SELECT change_id FROM published.change_version)"
        )
        assert one(connection, unversioned) > 0
        shown = "SELECT count(*) FROM published_staff.parcels_staff WHERE exact_status <> 'unsent'"
        assert one(connection, shown) > 0


@pytest.mark.proof
def test_many_results_at_once_are_published_with_their_act(imported: tuple[Settings, Result]) -> None:
    settings, _ = imported
    with connect(settings, Role.APP) as connection:
        holders = one(connection, "SELECT max(id) FROM registry.holder")
    taken = results.run(settings)
    assert [each.results for each in taken] == [holders // 10, holders]
    assert all(each.mebibytes is not None and 1 < each.mebibytes < 1000 for each in taken)
    with connect(settings, Role.PUBLIC) as connection:
        shown = connection.execute("SELECT DISTINCT verification_status FROM published.parcels").fetchall()
    assert shown == [("verified",)]
    text = results.markdown([Taken(100_000, 61.0, 80.4)])
    assert text == "- 100,000 results in one act, seconds: 61.00 (≤ 60 **MISSED**), memory of the session 80 MiB"


@pytest.mark.proof
def test_the_past_is_read_as_the_present_was(
    server: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_of, "LOOKUPS", 20)
    monkeypatch.setattr(as_of, "BOXES", 8)
    monkeypatch.setattr(as_of, "PAGE", 200)
    settings = bulk.settings_of(server, as_of.NAME)
    with alone("as_of"):
        readings = as_of.run_bench(migrated(settings), catalogue, 400, 1, lambda _: None)
    assert len(readings) == 2 * (len(as_of.UPDATES) + 3 + 2 * len(as_of.RECORDS))
    with connect(settings, Role.APP) as connection:
        # All rows were changed, those of one hundred parcels twice.
        assert one(connection, "SELECT min(version) FROM registry.holding") == 2
        assert one(connection, "SELECT count(*) FROM registry.parcel WHERE version = 3") == as_of.PER_CHANGE


def test_the_tables_tell_whether_limits_hold() -> None:
    assert at_most(5.004, 5) == "5.00 (≤ 5 holds)"
    assert at_most(5.006, 5) == "5.01 (≤ 5 **MISSED**)"
    ours, theirs = Clock({"flush": 9.0, "commit": 2.0}), Clock({"commit": 2.0})
    text = bulk.markdown(Result([theirs], [ours]), {"cores": "2"})
    assert "| flush | 9.0 | — |" in text
    assert "gisland ÷ plain COPY: 5.50 (≤ 5 **MISSED**)" in text
    times = [Times(1, NEITHER, [1.0] * 3, 900), Times(1, LAYERS, [12.0] * 3, 80)]
    assert "| 1, layers and data versions | 12.0 | 12.0 | 11.00 (≤ 10 **MISSED**) | 11.00 (≤ 10 **MISSED**) | 80 |" in (
        writer.markdown(times, {})
    )
    reading = Reading("registry.parcel", "all", [1.0, 1.0], [2.0, 4.0])
    assert "| registry.parcel; changed since: all | 1.000 | 3.000 | 3.00 (≤ 3 holds) |" in as_of.markdown([reading], {})
