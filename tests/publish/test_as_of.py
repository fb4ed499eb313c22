"""Layers as of a data version or a time: what was read then is read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, run
from gisland.publish import items, layers
from gisland.publish.query import Cursor, ItemsQuery
from gisland.settings import Settings
from tests.factories import make_change, one
from tests.publish.conftest import Ward

ITEMS = "/ogc/collections/parcels/items"


def newest(settings: Settings) -> int:
    with connect(settings, Role.APP) as connection:
        return int(one(connection, "SELECT max(version) FROM publish.data_version"))


def features(client: httpx.Client, **parameters: str | int) -> list[dict[str, Any]]:
    """All features by `next` links."""
    answer = client.get(ITEMS, params={key.replace("_", "-"): value for key, value in parameters.items()})
    found = []
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()["features"]
        href = next((link["href"] for link in answer.json()["links"] if link["rel"] == "next"), None)
        if href is None:
            return found
        answer = client.get(href)


@pytest.fixture(params=["hits", "walk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """How pages are found; on a large layer the second way is taken from the first page on."""
    if request.param == "walk":
        monkeypatch.setattr(items, "MOST_COUNTED", 0)
    items._page_statement.cache_clear()
    yield request.param
    items._page_statement.cache_clear()


def test_what_was_read_then_is_read_again(client: httpx.Client, ward: Ward, way: str) -> None:
    past: dict[int, list[dict[str, Any]]] = {}
    times: dict[int, str] = {}

    def look() -> None:
        version = newest(ward.settings)
        past[version] = features(client)
        times[version] = datetime.now(UTC).isoformat()

    first, *_ = ward.add_parcels(5)
    look()
    holder = ward.add_holder(first, "sent")
    look()
    run(ward.settings, lambda c: c.execute("UPDATE registry.parcel SET parcel_no = 'x' WHERE id = %s", [first]))
    look()

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, ward.parcels[1]])
        connection.execute("UPDATE registry.holding SET retired_by = %s WHERE holder_id = %s", [change, holder])

    run(ward.settings, retire)
    look()
    ward.add_parcels(2)
    look()
    assert [len(each) for each in past.values()] == [5, 5, 5, 4, 6]
    for version, then in past.items():
        assert features(client, as_of=version) == then
        assert features(client, as_of=version, limit=2) == then
        assert features(client, as_of=version, limit=2, bbox="100,5,120,25", datetime="2000-01-01/..") == then
        matched = client.get(ITEMS, params={"as-of": version, "limit": 2}).json().get("numberMatched")
        assert matched == (len(then) if way == "hits" else None)
        assert features(client, as_of=times[version]) == then
        one_then = client.get(f"{ITEMS}/{first}", params={"as-of": version})
        assert one_then.headers["data-version"] == str(version)
        assert {name: one_then.json()[name] for name in then[0]} == then[0]
    sent = list(past)[1]
    answer = client.get(ITEMS, params={"as-of": sent, "verification_status": "in_progress"})
    assert [feature["id"] for feature in answer.json()["features"]] == [first]
    assert answer.json().get("numberMatched") == (1 if way == "hits" else None)
    box = ",".join(map(str, _box(past[sent][0])))
    assert [each["id"] for each in features(client, as_of=sent, bbox=box)] == [first]
    gone = client.get(f"{ITEMS}/{ward.parcels[-1]}", params={"as-of": sent})
    assert gone.status_code == 404


def _box(feature: dict[str, Any]) -> tuple[float, float, float, float]:
    xs, ys = zip(*feature["geometry"]["coordinates"][0], strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize(
    "value", ["x", "-1", "2026-01-01", "2026-01-01T00:00:00", "1.5", "99999999", "2999-01-01T00:00:00Z"]
)
def test_what_is_no_past_is_refused(reader: httpx.Client, value: str) -> None:
    answer = reader.get(ITEMS, params={"as-of": value})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "as-of")


def test_a_cursor_fits_one_version_only(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(3)
    version = newest(ward.settings)
    ward.add_parcels(1)
    page = client.get(ITEMS, params={"as-of": version, "limit": 1}).json()
    href = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert client.get(href.replace(f"as-of={version}", f"as-of={version + 1}")).status_code == 400


def test_a_layer_that_is_defined_anew_begins_a_new_history(settings: Settings, ward: Ward, tmp_path: Path) -> None:
    """What it showed before may have been too much: nobody can ask for it any more."""
    (parcel,) = ward.add_parcels(1)
    run(settings, lambda c: c.execute("UPDATE registry.parcel SET parcel_no = 'x' WHERE id = %s", [parcel]))
    config = tmp_path / "config"
    shutil.copytree(settings.config_dir, config)
    file = config / "layers" / "parcels" / "layer.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("vi: Thửa đất, en: Parcels", "vi: Thửa, en: Parcels"))
    field = "  - {name: parcel_no, type: string, queryable: true"
    changed = file.read_text(encoding="utf-8").replace(field, field.replace("true", "false"))
    file.write_text(changed, encoding="utf-8")
    own = settings.model_copy(update={"config_dir": config})
    with connect(settings, Role.PUBLIC) as connection:
        assert one(connection, "SELECT count(*) FROM published.parcels__history") == 1
        before = one(connection, "SELECT publish.first_version('parcels')")
    layers.apply_layers(own, load_catalogue(own))
    with connect(settings, Role.PUBLIC) as connection:
        assert one(connection, "SELECT count(*) FROM published.parcels__history") == 0
        assert one(connection, "SELECT publish.first_version('parcels')") > before


def test_a_rebuilt_layer_keeps_its_history(settings: Settings, ward: Ward) -> None:
    catalogue = load_catalogue(settings)
    changed, same = ward.add_parcels(2)
    run(settings, lambda c: c.execute("UPDATE registry.parcel SET parcel_no = 'x' WHERE id = %s", [changed]))
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        # Somebody damaged the published table.
        connection.execute("UPDATE published.parcels__geojson SET _properties = '{}' WHERE id = %s", [changed])
    layers.rebuild_layer(settings, catalogue, "parcels")
    with connect(settings, Role.PUBLIC) as connection:
        rows = connection.execute("SELECT id, _properties = '{}' FROM published.parcels__history ORDER BY _ended_by")
        assert rows.fetchall() == [(changed, False), (changed, True)]
        query = "SELECT count(DISTINCT _change) FROM published.parcels"
        assert one(connection, query) == 2
        assert one(connection, "SELECT count(*) FROM published.parcels WHERE id = %s", same) == 1


def test_a_page_of_the_past_is_found_by_the_indexes_wherever_it_lies(ward: Ward) -> None:
    """All has changed since: what is read for a page are its states, before and after, and no others."""
    ward.add_parcels(3)
    version = newest(ward.settings)
    run(ward.settings, lambda c: c.execute("UPDATE registry.parcel SET parcel_no = parcel_no || 'x'"))
    layer = load_catalogue(ward.settings).layer("parcels")
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for part in ("", "__geojson", "__history"):
            columns = one(
                connection,
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 1 AND attgenerated = '' AND NOT attisdropped",
                f"published.parcels{part}",
            )
            # Physically in another order than that of the ids, as they lie after years.
            connection.execute(
                f"INSERT INTO published.parcels{part} (id, {columns})"
                f" SELECT 1000 + mod(n * 7919, 10000), {columns}"
                f" FROM published.parcels{part}, generate_series(1, 10000) n"
                f" WHERE id = (SELECT min(id) FROM published.parcels)".encode()
            )
        connection.execute("ANALYZE published.parcels, published.parcels__geojson, published.parcels__history")
        for after in (1000, 4_000, 7_000, 9_000, 10_900):
            query = ItemsQuery(10, as_of=version, cursor=Cursor(after, "walk"))
            statement, parameters = items.page_statement(layer, query, "walk")
            row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).fetchone()
            assert row is not None
            plan = row[0][0]["Plan"]
            assert plan["Actual Rows"] == 10
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 300, (after, plan)
        connection.rollback()
