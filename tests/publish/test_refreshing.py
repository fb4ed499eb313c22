"""Layers that follow no table: over views of others and foreign tables, refreshed by hand or at times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg import Connection
from typer.testing import CliRunner

from gisland.catalogue import load_catalogue
from gisland.cli import command_line
from gisland.database import Role, connect
from gisland.errors import Conflict, UsageError
from gisland.publish import layers
from gisland.publish.refreshing import due, refresh_due, refresh_layer
from gisland.settings import Settings
from tests.factories import one
from tests.publish.conftest import Ward, serving

YML = """
title: {vi: Trạm đo, en: Stations}
description: {vi: Trạm đo của cơ quan khác, en: Stations of another office}
public: true
feature: far.stations
geometry_type: point
refresh: manual
fields:
  - {name: name, type: string, queryable: true, sortable: true, title: {vi: Tên, en: Name}}
"""
VIEW = "SELECT id, name, place AS geom FROM far.stations"
# A view of somebody else's: it can have no trigger, and belongs to nobody of gisland.
FAR = """
    CREATE SCHEMA far;
    CREATE TABLE far.base (id bigint PRIMARY KEY, name varchar(40), lon float8, lat float8);
    INSERT INTO far.base SELECT n, 'Trạm ' || n, 106.6 + n * 0.001, 20.8 FROM generate_series(1, 5) n;
    CREATE VIEW far.stations AS SELECT id, name, ST_SetSRID(ST_Point(lon, lat), 4326) AS place FROM far.base;
    GRANT USAGE ON SCHEMA far TO gisland_publisher, gisland_owner;
    GRANT SELECT ON far.stations TO gisland_publisher, gisland_owner;
"""


@pytest.fixture
def stations(own_config: Settings, ward: Ward) -> Settings:
    """The layer, published."""
    assert ward
    with connect(own_config, Role.MIGRATOR) as connection:
        connection.execute(FAR)
    define(own_config, YML)
    layers.apply_layers(own_config, load_catalogue(own_config), "stations")
    return own_config


def define(settings: Settings, yml: str) -> None:
    folder = settings.config_dir / "layers" / "stations"
    folder.mkdir(exist_ok=True)
    (folder / "layer.yml").write_text(yml, encoding="utf-8")
    (folder / "view.sql").write_text(VIEW, encoding="utf-8")


def far(settings: Settings, statement: str) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute(statement.encode())


def refreshed(settings: Settings) -> int:
    return refresh_layer(settings, load_catalogue(settings), "stations")


def names(client: httpx.Client, **asked: str) -> list[Any]:
    found = client.get("/ogc/collections/stations/items", params=asked)
    assert found.status_code == 200, found.text
    return [(each["id"], each["properties"]["name"]) for each in found.json()["features"]]


def version(connection: Connection) -> int:
    return int(str(one(connection, "SELECT publish.newest_version()")))


def test_what_differs_is_refreshed_and_nothing_else(stations: Settings) -> None:
    with serving(stations) as client, connect(stations, Role.PUBLIC) as reader:
        before, first = version(reader), names(client)
        assert len(first) == 5
        assert refreshed(stations) == 0
        far(stations, "UPDATE far.base SET name = 'Mới' WHERE id = 2")
        far(stations, "DELETE FROM far.base WHERE id = 3")
        far(stations, "INSERT INTO far.base VALUES (9, NULL, 106.7, 20.9)")
        assert names(client) == first, "nobody has refreshed it"
        reader.rollback()
        assert version(reader) == before, "nothing changed, so there is no version"
        assert refreshed(stations) == 3
        assert names(client) == [(1, "Trạm 1"), (2, "Mới"), (4, "Trạm 4"), (5, "Trạm 5"), (9, None)]
        assert names(client, name="Mới") == [(2, "Mới")]
        assert client.get("/ogc/collections/stations").json()["itemCount"] == 5
        assert names(client, **{"as-of": str(before)}) == first
        reader.rollback()
        assert version(reader) == before + 1
        far(stations, "UPDATE far.base SET lat = 20.81 WHERE id = 1")
        assert refreshed(stations) == 1
        assert refreshed(stations) == 0
        (moved,) = client.get("/ogc/collections/stations/items?bbox=106.6,20.809,106.602,20.811").json()["features"]
        assert moved["geometry"]["coordinates"] == [106.601, 20.81]


def test_refreshed_it_is_as_if_it_were_made_anew(stations: Settings) -> None:
    query = "SELECT id, name, geom, _box::text, _cell FROM published.stations ORDER BY id"
    far(stations, "UPDATE far.base SET name = upper(name), lon = lon + 0.5 WHERE id % 2 = 0")
    refreshed(stations)
    with connect(stations, Role.PUBLIC) as reader:
        found = reader.execute(query).fetchall()
        reader.rollback()
        layers.rebuild_layer(stations, load_catalogue(stations), "stations")
        assert reader.execute(query).fetchall() == found


def test_the_command_notes_who_did_it(stations: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stations.as_environment().items():
        monkeypatch.setenv(name, value)
    far(stations, "DELETE FROM far.base WHERE id = 1")
    done = CliRunner().invoke(command_line("layer"), ["layer", "refresh", "stations"], catch_exceptions=False)
    assert done.output.splitlines()[-1] == "stations: 1"
    with connect(stations, Role.APP) as connection:
        query = "SELECT subject LIKE 'cli:%%', detail FROM audit.event WHERE tag = 'layer:refreshed' AND object = %s"
        assert connection.execute(query, ["stations"]).fetchall() == [(True, {"features": 1})]
    with pytest.raises(UsageError, match="follows its tables by itself"):
        CliRunner().invoke(command_line("layer"), ["layer", "refresh", "parcels"], catch_exceptions=False)


def test_at_times(stations: Settings) -> None:
    define(stations, YML.replace("refresh: manual", "refresh: interval\nminutes: 15"))
    catalogue = load_catalogue(stations)
    assert [minute for minute in range(60) if list(due(catalogue, minute))] == [0, 15, 30, 45]
    far(stations, "DELETE FROM far.base WHERE id = 1")
    with serving(stations) as client:
        refresh_due(stations, 60 * 14)
        assert len(names(client)) == 5
        refresh_due(stations, 60 * 15)
        assert len(names(client)) == 4
        far(stations, "ALTER TABLE far.base RENAME TO gone")
        far(stations, "DROP VIEW far.stations CASCADE")
        refresh_due(stations, 60 * 30)  # it is logged, and the worker goes on
        assert len(names(client)) == 4


def test_another_definition_is_applied_first(stations: Settings) -> None:
    define(stations, YML.replace("sortable: true, ", ""))
    with pytest.raises(Conflict, match="gisland layer apply stations"):
        refreshed(stations)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("refresh: manual\n", "", "field touched_by: it is missing: changes would never be seen"),
        ("refresh: manual\n", "refresh: interval\n", "field minutes: an interval has minutes"),
        ("refresh: manual\n", "refresh: manual\nminutes: 5\n", "field minutes: an interval has minutes"),
        ("refresh: manual\n", "refresh: interval\nminutes: 0\n", "field minutes"),
        (
            "refresh: manual\n",
            "refresh: manual\ntouched_by: {far.base: SELECT 1}\n",
            "nothing follows it",
        ),
        ("refresh: manual\n", "refresh: daily\n", "field refresh"),
    ],
)
def test_mistakes_are_told(own_config: Settings, old: str, new: str, told: str, tmp_path: Path) -> None:
    assert tmp_path
    define(own_config, YML.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_catalogue(own_config)
    assert told in str(caught.value)
