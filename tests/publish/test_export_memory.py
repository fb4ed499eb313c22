"""A whole layer leaves in constant memory, whatever its format: what is above the idle server does not grow with it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gisland.bench.exports import MOST_MIB, take
from gisland.bench.servers import Server
from gisland.catalogue import load_catalogue
from gisland.database import Role, connect
from gisland.publish import layers
from gisland.publish.tables import FILE_FORMATS
from gisland.settings import Settings
from tests.live import serve
from tests.publish.test_own_tables import add_folder

FEATURES, FEW = 400_000, 40_000
# Of what a format holds beside its rows; a layer held as a whole would take 300.
GROWTH_MIB = 40
PLOTS = """
title: {vi: Lô đất, en: Plots}
description: {vi: Lô đất, en: Plots}
public: true
feature: gis.plot
geometry_type: polygon
fields:
  - {name: part, type: string, queryable: true, title: {vi: Phần, en: Part}}
  - {name: name, type: string, title: {vi: Tên, en: Name}}
touched_by:
  gis.plot: SELECT id FROM changed
"""
MAKE = """
CREATE SCHEMA gis;
CREATE TABLE gis.plot AS
       SELECT id::bigint, CASE WHEN id <= %d THEN 'few' ELSE 'others' END AS part, repeat(md5(id::text), 6) AS name,
              ST_Buffer(ST_SetSRID(ST_MakePoint(x, y), 4326), 0.0003, 3) AS place
         FROM generate_series(1, %d) id, LATERAL (SELECT 106 + id %% 1000 * 0.001, 20 + id / 1000 * 0.001) at(x, y);
ALTER TABLE gis.plot ADD PRIMARY KEY (id);
GRANT USAGE ON SCHEMA gis TO gisland_publisher;
GRANT SELECT ON gis.plot TO gisland_publisher;
"""


@pytest.fixture
def plots(settings: Settings, tmp_path: Path) -> Settings:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute((MAKE % (FEW, FEATURES)).encode())
    own = add_folder(settings, tmp_path, "plots", PLOTS, "SELECT id, part, name, place AS geom FROM gis.plot")
    layers.apply_layers(own, load_catalogue(own), only="plots")
    return own


@pytest.mark.proof
def test_a_whole_layer_leaves_in_constant_memory(plots: Settings) -> None:
    # One worker: another one would hide what this one takes.
    with serve(plots.model_copy(update={"workers": 1})) as live:
        server = Server("gisland", f"{live.url}/ogc/collections/plots/items", live.pid)
        # What is imported for the first of them stays.
        for name in FILE_FORMATS:
            assert httpx.get(f"{server.items}?limit=10&f={name}").status_code == 200
        told = []
        for name in FILE_FORMATS:
            few = take(server, name, FEW, part="few")
            whole = take(server, name, FEATURES)
            told.append((name, round(few.above), round(whole.above), round(whole.bytes / 1e6)))
            assert whole.bytes > 5 * few.bytes > 1_000_000, told
            assert whole.above < MOST_MIB, told
            assert whole.above < few.above + GROWTH_MIB, told
