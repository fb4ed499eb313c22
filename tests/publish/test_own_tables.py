"""Any PostGIS table becomes a layer by one folder; the example of the README works as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect
from gisland.publish import layers
from gisland.settings import PROJECT_DIR, Settings
from tests.publish.conftest import Ward, serving

TREES = """
title: {vi: Cây xanh, en: Trees}
description: {vi: Cây xanh đường phố, en: Street trees}
public: true
feature: gis.tree
geometry_type: point
fields:
  - {name: kind, type: string, queryable: true, sortable: true, title: {vi: Loài, en: Kind}}
touched_by:
  gis.tree: SELECT id FROM changed
"""


def add_folder(settings: Settings, tmp_path: Path, name: str, yml: str, view: str) -> Settings:
    folder = tmp_path / "config"
    shutil.copytree(settings.config_dir, folder)
    (folder / "layers" / name).mkdir()
    (folder / "layers" / name / "layer.yml").write_text(yml, encoding="utf-8")
    (folder / "layers" / name / "view.sql").write_text(view, encoding="utf-8")
    return settings.model_copy(update={"config_dir": folder})


def found(client: httpx.Client, layer: str, **parameters: str) -> list[object]:
    answer = client.get(f"/ogc/collections/{layer}/items", params=parameters)
    assert answer.status_code == 200, answer.text
    return [feature["properties"] for feature in answer.json()["features"]]


def test_a_table_of_its_own_is_published_and_followed(settings: Settings, ward: Ward, tmp_path: Path) -> None:
    def owner(connection: Connection) -> Connection:
        connection.execute("SET ROLE gisland_owner")
        return connection

    with connect(settings, Role.MIGRATOR) as connection:
        owner(connection).execute("CREATE SCHEMA gis")
        connection.execute("CREATE TABLE gis.tree (id bigint PRIMARY KEY, kind text, place geometry(Point, 4326))")
        connection.execute("INSERT INTO gis.tree VALUES (1, 'Bàng', 'SRID=4326;POINT(106.68 20.86)')")
        connection.execute("GRANT USAGE ON SCHEMA gis TO gisland_publisher")
        connection.execute("GRANT SELECT ON gis.tree TO gisland_publisher")
    own = add_folder(settings, tmp_path, "trees", TREES, "SELECT id, kind, place AS geom FROM gis.tree")
    layers.apply_layers(own, load_catalogue(own))
    with serving(own) as client:
        assert found(client, "trees") == [{"kind": "Bàng"}]
        with connect(settings, Role.MIGRATOR) as connection:
            owner(connection).execute("INSERT INTO gis.tree SELECT 2, 'Phượng', place FROM gis.tree")
            connection.execute("UPDATE gis.tree SET kind = 'Bàng vuông' WHERE id = 1")
        assert found(client, "trees", sortby="-kind") == [{"kind": "Phượng"}, {"kind": "Bàng vuông"}]
        with connect(settings, Role.MIGRATOR) as connection:
            owner(connection).execute("DELETE FROM gis.tree WHERE id = 2")
        assert found(client, "trees") == [{"kind": "Bàng vuông"}]
        # As programs do that load a table anew.
        with connect(settings, Role.MIGRATOR) as connection:
            owner(connection).execute("TRUNCATE gis.tree")
            connection.execute("INSERT INTO gis.tree VALUES (3, 'Xà cừ', 'SRID=4326;POINT(106.68 20.86)')")
        assert found(client, "trees") == [{"kind": "Xà cừ"}]
        with connect(settings, Role.MIGRATOR) as connection:
            owner(connection).execute("TRUNCATE gis.tree")
        assert found(client, "trees") == []


def test_the_example_of_the_readme(settings: Settings, ward: Ward, tmp_path: Path) -> None:
    ward.add_parcels(2)
    text = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    (yml,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (view,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    own = add_folder(settings, tmp_path, "sheets", yml, view)
    layers.check_layers(own, load_catalogue(own))
    layers.apply_layers(own, load_catalogue(own))
    with serving(own) as client:
        crs = "http://www.opengis.net/def/crs/EPSG/0/9210"
        assert found(client, "sheets", sortby="-area_m2", q="12", crs=crs) == [{"sheet_no": "12", "area_m2": 100}] * 2
        assert client.get("/ogc/collections/sheets/items", params={"f": "gpkg"}).status_code == 200
