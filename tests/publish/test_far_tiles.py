"""Far tiles stay small whatever lies on them: by coarser rasters and outlines, never by leaving a feature out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import pytest

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, connect
from gisland.publish.layers import apply_layers
from gisland.publish.tiles import drawing, statements
from gisland.publish.tiles.far import RASTERS, statuses_of
from gisland.publish.tiles.grid import UNITS, Tile, tile_over
from gisland.publish.tiles.statements import GRIDS, Way, tile_statement, ways
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.publish.conftest import serving
from tests.publish.tiles import address, decoded

# What the design allows (§7).
MOST_BYTES = 500_000
YML = """
title: {vi: Ô đất, en: Plots}
description: {vi: Ô đất, en: Plots}
public: true
feature: gis.plot
geometry_type: point
fields:
  - {name: status, type: string, values: exact, title: {vi: Tình trạng, en: Status}}
  - {name: ward, type: string, title: {vi: Phường, en: Ward}}
  - {name: of_group, type: string, title: {vi: Tổ, en: Group}}
tiles: {status: status, areas: [ward, of_group]}
touched_by:
  gis.plot: SELECT id FROM changed
"""
# Of the same plots: many-cornered outlines, and names of which no two are alike.
LANDS = """
title: {vi: Khoảnh đất, en: Lands}
description: {vi: Khoảnh đất, en: Lands}
public: true
feature: gis.plot
geometry_type: polygon
fields:
  - {name: status, type: string, values: exact, title: {vi: Tình trạng, en: Status}}
tiles: {drawn_from: 10}
touched_by:
  gis.plot: SELECT id FROM changed
"""
NAMES = """
title: {vi: Tên, en: Names}
description: {vi: Tên, en: Names}
public: true
feature: gis.plot
geometry_type: point
fields:
  - {name: name, type: string, title: {vi: Tên, en: Name}}
tiles: {drawn_from: 10}
touched_by:
  gis.plot: SELECT id FROM changed
"""
LAYERS = {
    "plots": (YML, "SELECT id, status, ward, of_group, place AS geom FROM gis.plot"),
    "lands": (LANDS, "SELECT id, status, ST_Buffer(place, 0.0006, 16) AS geom FROM gis.plot"),
    "names": (NAMES, "SELECT id, md5(id::text) AS name, place AS geom FROM gis.plot"),
}
# As many wards as there are in the country, each of two groups: far more than lie on any tile that tells groups apart.
WARDS, GROUPS, SIDE = 3321, 2, 100
# Nothing is beside its like: status and area of each plot are drawn by chance.
PLOTS = """
    CREATE SCHEMA gis;
    CREATE TABLE gis.plot (id bigint PRIMARY KEY, status text, ward text, of_group text, place geometry(Point, 4326));
    GRANT USAGE ON SCHEMA gis TO gisland_publisher;
    GRANT SELECT ON gis.plot TO gisland_publisher"""
FILL = """
    INSERT INTO gis.plot
    SELECT id, (%(statuses)s::text[])[1 + (hashint8(id) & 65535) %% cardinality(%(statuses)s::text[])],
           to_char((hashint8(id + 1000000) & 1048575) %% %(wards)s, 'FM00000'),
           ((hashint8(id + 2000000) & 65535) %% %(groups)s)::text,
           ST_Transform(ST_Point(%(west)s + (x + 0.5) * %(square)s, %(south)s + (y + 0.5) * %(square)s, 3857), 4326)
      FROM generate_series(0, %(side)s - 1) x, generate_series(0, %(side)s - 1) y,
           LATERAL (SELECT x * %(side)s + y AS id) n"""
TILE = tile_over(106.68, 20.86, 11)


@pytest.fixture(scope="module")
def plots(server: Settings, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A layer of plots that cover a tile of zoom 11; tests only read it."""
    with clone_of(server) as plain:
        own_config = plain.model_copy(update={"config_dir": tmp_path_factory.mktemp("plots") / "config"})
        shutil.copytree(plain.config_dir, own_config.config_dir)
        make_plots(own_config, catalogue)
        yield own_config


def make_plots(own_config: Settings, catalogue: Catalogue) -> None:
    for name, (yml, view) in LAYERS.items():
        folder = own_config.config_dir / "layers" / name
        folder.mkdir()
        (folder / "layer.yml").write_text(yml, encoding="utf-8")
        (folder / "view.sql").write_text(view, encoding="utf-8")
    west, south, east, _ = TILE.metres
    given: dict[str, Any] = {"west": west, "south": south, "square": (east - west) / SIDE, "side": SIDE}
    given |= {"wards": WARDS, "groups": GROUPS, "statuses": list(catalogue.palette.exact)}
    with connect(own_config, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(PLOTS)
        connection.execute(FILL.encode(), given)
    for name in LAYERS:
        apply_layers(own_config, load_catalogue(own_config), name)


def drawn(settings: Settings, tile: Tile, way: Way, layer: str = "plots") -> bytes:
    catalogue = load_catalogue(settings)
    statuses = statuses_of(catalogue.layer(layer), catalogue.palette)
    statement, given = tile_statement(catalogue.layer(layer), tile, with_state=True, way=way, statuses=statuses)
    with connect(settings, Role.PUBLIC) as connection:
        row = connection.execute(statement.encode(), given).fetchone()
    assert row is not None
    return bytes(row[1])


def counted(body: bytes) -> dict[str, int]:
    """How many features the parts of a tile tell of."""
    return {
        name: sum(each["properties"]["features"] for each in part["features"])
        for name, part in mapbox_vector_tile.decode(body).items()
    }


def test_it_is_drawn_coarser_until_it_is_small(plots: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {squares: len(drawn(plots, TILE, Way(squares=squares))) for squares in RASTERS}
    everything = dict.fromkeys(("plots-status", "plots-areas"), SIDE * SIDE)
    assert sizes[RASTERS[0]] > drawing.MOST_BYTES
    assert sizes[RASTERS[-1]] < MOST_BYTES
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)
    path = address(TILE, "/ogc/collections/plots/tiles/WebMercatorQuad")
    with serving(plots) as client:
        body = client.get(path).content
        # The finest that is small enough.
        assert len(body) == next(size for size in sizes.values() if size <= drawing.MOST_BYTES)
        assert counted(body) == everything
    # The coarsest whatever its size; to draw the finest first would prove nothing more.
    monkeypatch.setattr(drawing, "MOST_BYTES", 0)
    monkeypatch.setattr(statements, "RASTERS", RASTERS[-2:])
    with serving(plots.model_copy(update={"tile_cache_mb": 0})) as client:
        body = client.get(path).content
        assert len(body) == sizes[RASTERS[-1]]
        assert counted(body) == everything


def test_all_wards_of_the_country_are_on_one_tile(plots: Settings) -> None:
    for tile in (Tile(10, TILE.column // 2, TILE.row // 2), Tile(0, 0, 0)):
        body = drawn(plots, tile, Way(squares=RASTERS[-1]))
        assert len(body) < MOST_BYTES
        assert counted(body) == dict.fromkeys(("plots-status", "plots-areas"), SIDE * SIDE)
        areas = mapbox_vector_tile.decode(body)["plots-areas"]["features"]
        assert len({each["properties"]["ward"] for each in areas}) == len(areas) > 0.9 * WARDS


def test_outlines_are_drawn_coarser_until_the_tile_is_small(plots: Settings) -> None:
    """Of each land something is shown on every grid, also where it is narrower than a unit."""
    tile = Tile(10, TILE.column // 2, TILE.row // 2)
    bodies = {units: drawn(plots, tile, Way(units=units), "lands") for units in GRIDS}
    assert len(bodies[UNITS]) > drawing.MOST_BYTES > len(bodies[GRIDS[-1]])
    for units, body in bodies.items():
        (lands,) = mapbox_vector_tile.decode(body).values()
        assert lands["extent"] == units
        assert len(lands["features"]) == len({each["id"] for each in lands["features"]}) == SIDE * SIDE
    with serving(plots) as client:
        body = client.get(address(tile, "/ogc/collections/lands/tiles/WebMercatorQuad")).content
    assert body == next(each for each in bodies.values() if len(each) <= drawing.MOST_BYTES)


def test_what_no_grid_makes_small_is_put_together(plots: Settings) -> None:
    layer = load_catalogue(plots).layer("names")
    assert all(len(drawn(plots, TILE, Way(units=units), "names")) > MOST_BYTES for units in GRIDS)
    root = "/ogc/collections/names/tiles/WebMercatorQuad"
    with serving(plots) as client:
        answer = client.get(address(TILE, root))
        told = {each["id"]: each for each in client.get(root).json()["layers"]}
    assert len(answer.content) <= MOST_BYTES
    assert counted(answer.content) == {"names-status": SIDE * SIDE}
    assert int(told["names-status"]["maxTileMatrix"]) >= TILE.zoom
    # Closer nothing is put together.
    assert ways(layer, 14) == [Way(units=UNITS)]


def test_a_tile_of_all_layers_together_is_small(plots: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # To draw the finer ones first would prove nothing more.
    monkeypatch.setattr(statements, "RASTERS", RASTERS[-1:])
    with serving(plots) as client:
        client.headers["Accept-Encoding"] = "identity"
        parts = [client.get(address(TILE, f"/ogc/collections/{name}/tiles/WebMercatorQuad")) for name in LAYERS]
        path = address(TILE, "/ogc/tiles/WebMercatorQuad")
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert sum(len(each.content) for each in parts) > MOST_BYTES >= len(answer.content)
    # Of each layer there is something.
    assert {each.partition("-")[0] for each in decoded(answer)} == LAYERS.keys()
    assert again.status_code == 304
