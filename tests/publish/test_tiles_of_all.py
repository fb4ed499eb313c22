"""Tiles of every published collection: what its tile set tells is what its tiles have, near and far."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape

from gisland.catalogue import Layer, load_catalogue
from gisland.database import Role, connect
from gisland.publish.tiles.grid import MAX_ZOOM, UNITS, Tile
from gisland.publish.tiles.near import fields_at, text_at
from gisland.settings import Settings
from tests.publish.conftest import COLLECTIONS, EACH
from tests.publish.tiles import decoded, in_units

LAYERS = load_catalogue(Settings())
Told = dict[str, dict[str, Any]]


def tileset(client: httpx.Client, layer: str) -> dict[str, Any]:
    answer = client.get(f"/ogc/collections/{layer}/tiles/WebMercatorQuad")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tiles(client: httpx.Client, layer: str, zoom: int) -> dict[Tile, Told]:
    """The tiles of a zoom within the limits of the tile set: per tile its layers."""
    limits = tileset(client, layer)["tileMatrixSetLimits"][zoom]
    assert limits["tileMatrix"] == str(zoom)
    root = f"/ogc/collections/{layer}/tiles/WebMercatorQuad"
    return {
        Tile(zoom, column, row): decoded(client.get(f"{root}/{zoom}/{row}/{column}"))
        for row in range(limits["minTileRow"], limits["maxTileRow"] + 1)
        for column in range(limits["minTileCol"], limits["maxTileCol"] + 1)
    }


def ids(client: httpx.Client, layer: str) -> set[int]:
    return {each["id"] for each in client.get(f"/ogc/collections/{layer}/items").json()["features"]}


def mercator(settings: Settings, layer: Layer) -> dict[int, Any]:
    """The geometries of a layer in Web Mercator, as they are published."""
    role = Role.PUBLIC if layer.public else Role.MIGRATOR
    query = f"SELECT id, ST_AsBinary(_mercator) FROM {layer.target_schema}.{layer.table}"
    with connect(settings, role) as connection:
        if not layer.public:
            connection.execute("SET ROLE gisland_owner")
        return {each: shapely.from_wkb(bytes(shown)) for each, shown in connection.execute(query.encode()).fetchall()}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_near_tiles_have_each_feature_with_the_fields_of_their_zoom(
    signed_in: httpx.Client, everywhere: Settings, name: str
) -> None:
    layer = LAYERS.layer(name)
    there = mercator(everywhere, layer)
    assert there.keys() == ids(signed_in, name)
    assert len(there) == EACH
    properties = {
        each["id"]: each["properties"] for each in signed_in.get(f"/ogc/collections/{name}/items").json()["features"]
    }
    for zoom in (layer.tiles.drawn_from, 14, 16):
        shown = set()
        names = {each.name for each in fields_at(layer, zoom)}
        for tile, parts in tiles(signed_in, name, zoom).items():
            for each in parts.get(name, {"features": []})["features"]:
                shown.add(each["id"])
                # What is not known is not written.
                assert names >= each["properties"].keys() >= {n for n in names if properties[each["id"]][n] is not None}
                for field, value in each["properties"].items():
                    assert value == properties[each["id"]][field] or field == "updated_at"
                inside = shapely.box(0, 0, UNITS, UNITS)
                meant = in_units(tile, there[each["id"]]).intersection(inside)
                drawn = shape(each["geometry"])
                # One that is narrower than a unit is shown as a square of one.
                assert drawn.intersection(inside).hausdorff_distance(meant) <= 2.0 or meant.is_empty, (zoom, each["id"])
        assert shown == set(there), zoom


@pytest.mark.parametrize("name", COLLECTIONS)
def test_far_tiles_count_each_feature(signed_in: httpx.Client, name: str) -> None:
    layer = LAYERS.layer(name)
    told = {each["id"]: each for each in tileset(signed_in, name)["layers"]}
    for zoom in (0, layer.tiles.drawn_from - 1):
        shown: dict[str, int] = {}
        for parts in tiles(signed_in, name, zoom).values():
            for part, found in parts.items():
                described = told[part]["propertiesSchema"]["properties"]
                assert int(told[part]["minTileMatrix"]) <= zoom <= int(told[part]["maxTileMatrix"])
                for each in found["features"]:
                    assert each["properties"].keys() <= described.keys()
                    shown[part] = shown.get(part, 0) + each["properties"]["features"]
        # Areas tell of all their features, on each tile on which they are.
        assert shown[f"{name}-status"] == EACH
        assert (f"{name}-areas" in shown) == bool(layer.tiles.areas)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_each_feature_has_one_label(signed_in: httpx.Client, name: str) -> None:
    layer = LAYERS.layer(name)
    assert layer.tiles.label is not None
    first = max(min(layer.tiles.label.text), layer.tiles.drawn_from)
    # So near that they lie on many tiles; not so near that they do on thousands.
    zoom = min(first, 17)
    assert text_at(layer.tiles.label, zoom) is not None
    assert all(f"{name}-labels" not in parts for parts in tiles(signed_in, name, first - 1).values())
    labels = [
        each
        for parts in tiles(signed_in, name, zoom).values()
        for each in parts.get(f"{name}-labels", {"features": []})["features"]
    ]
    assert sorted(each["id"] for each in labels) == sorted(ids(signed_in, name))
    for each in labels:
        assert each["geometry"]["type"] == "Point"
        assert each["properties"]["text"].strip()


@pytest.mark.parametrize("name", [*COLLECTIONS, None])
def test_what_is_not_there_is_refused(signed_in: httpx.Client, name: str | None) -> None:
    root = f"/ogc/collections/{name}/tiles" if name else "/ogc/tiles"
    missing = (f"{MAX_ZOOM + 1}/0/0", "2/4/0", "2/0/4", "2/-1/0", "2/0/a", "a/0/0", "2/0/1.5", "99999999999/0/0")
    for path in (*(f"{root}/WebMercatorQuad/{each}" for each in missing), f"{root}/Other", f"{root}/Other/0/0/0"):
        answer = signed_in.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
    for given in ({"f": "png"}, {"unknown": "1"}, {"lang": "en"}):
        answer = signed_in.get(f"{root}/WebMercatorQuad/0/0/0", params=given)
        assert (answer.status_code, answer.json()["parameter"]) == (400, next(iter(given)))


@pytest.mark.parametrize("name", [*COLLECTIONS, None])
def test_what_readers_may_keep(signed_in: httpx.Client, name: str | None) -> None:
    root = f"/ogc/collections/{name}/tiles" if name else "/ogc/tiles"
    for zoom in (10, 16):
        limits = signed_in.get(f"{root}/WebMercatorQuad").json()["tileMatrixSetLimits"][zoom]
        path = f"{root}/WebMercatorQuad/{zoom}/{limits['minTileRow']}/{limits['minTileCol']}"
        answer = signed_in.get(path)
        assert (answer.status_code, bool(answer.content)) == (200, True)
        if name and not LAYERS.layer(name).public:
            assert answer.headers["cache-control"] == "private, no-store"
            assert "etag" not in answer.headers
            assert httpx.get(answer.url).status_code == 401
            continue
        assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
        assert re.fullmatch('W/"[0-9a-f]{16}-[a-z0-9-]+"', answer.headers["etag"])
        again = signed_in.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        # Whoever asks: it is the same for all.
        assert httpx.get(answer.url).content == answer.content
