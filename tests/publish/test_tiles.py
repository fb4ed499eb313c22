"""Vector tiles: what they show, how they are asked for, and what clients and caches are told."""

from __future__ import annotations

import gzip
import shutil
from typing import Any

import brotli
import httpx
import mapbox_vector_tile
import pytest
import shapely
from psycopg import Connection
from shapely.geometry import shape

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, run
from gisland.publish.layers import apply_layers
from gisland.publish.tiles.grid import Tile
from gisland.settings import Settings
from tests.factories import make_group, one
from tests.publish.conftest import Ward, serving
from tests.publish.tiles import TILES, address, decoded, features, in_units, tile_of

ENCODINGS = {"gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip": "gzip", "identity": None, "*": "br"}


def place(settings: Settings, parcel: int, zoom: int) -> Tile:
    with connect(settings, Role.PUBLIC) as connection:
        return tile_of(connection, parcel, zoom)


def test_a_tile_shows_the_parcels_on_it_with_the_fields_of_its_zoom(
    client: httpx.Client, ward: Ward, settings: Settings
) -> None:
    parcels = ward.add_parcels(3)
    ward.add_holder(parcels[0], "verified")
    tile = place(settings, parcels[0], 14)
    far_off = client.get(address(tile))
    assert features(far_off) == {
        parcels[0]: {"verification_status": "verified"},
        **{each: {"verification_status": "none"} for each in parcels[1:]},
    }
    close = features(client.get(address(place(settings, parcels[0], 19))))[parcels[0]]
    assert close["sheet_no"] == "12"
    assert close["area_m2"] == 100.0
    assert isinstance(close["area_m2"], float)
    assert "updated_at" not in close


def test_geometry_is_that_of_the_parcel_within_one_unit(client: httpx.Client, ward: Ward, settings: Settings) -> None:
    parcel, *_ = ward.add_parcels(4, size=17.3)
    query = "SELECT ST_AsBinary(ST_Transform(geom, 3857)) FROM published.parcels WHERE id = %s"
    with connect(settings, Role.PUBLIC) as connection:
        for zoom in (14, 16, 18, 22):
            tile = tile_of(connection, parcel, zoom)
            answer = client.get(address(tile))
            shown = {each["id"]: shape(each["geometry"]) for each in decoded(answer)["parcels"]["features"]}
            for each, drawn in shown.items():
                meant = in_units(tile, shapely.from_wkb(one(connection, query, each)))
                assert drawn.is_valid
                # In the margin around it corners are where slanted edges were cut.
                inside = shapely.box(0, 0, 4096, 4096)
                assert drawn.intersection(inside).hausdorff_distance(meant.intersection(inside)) <= 1.0, zoom
            assert parcel in shown, zoom


def test_labels_are_points_of_their_own_each_on_one_tile(client: httpx.Client, ward: Ward, settings: Settings) -> None:
    parcels = ward.add_parcels(5)
    first = place(settings, parcels[0], 19)
    found: list[int] = []
    for column in range(first.column - 1, first.column + 8):
        for row in range(first.row - 1, first.row + 2):
            tile = decoded(client.get(address(Tile(19, column, row))))
            for each in tile.get("parcels-labels", {"features": []})["features"]:
                found.append(each["id"])
                assert each["geometry"]["type"] == "Point"
                assert set(each["properties"]) == {"text", "angle"}
    assert sorted(found) == sorted(parcels)
    with connect(settings, Role.PUBLIC) as connection:
        number = one(connection, "SELECT parcel_no FROM published.parcels WHERE id = %s", parcels[0])
    text = features(client.get(address(first)), "parcels-labels")[parcels[0]]["text"]
    assert text == f"{number}/100,0"
    assert features(client.get(address(place(settings, parcels[0], 17))), "parcels-labels")[parcels[0]]["text"] == (
        f"12/{number}"
    )
    assert "parcels-labels" not in decoded(client.get(address(place(settings, parcels[0], 16))))


def test_far_tiles_put_features_together_and_leave_none_out(
    client: httpx.Client, ward: Ward, settings: Settings
) -> None:
    parcels = ward.add_parcels(20)
    for each in parcels[:5]:
        ward.add_holder(each, "verified")

    def put_into_group(connection: Connection) -> None:
        group = make_group(connection, ward.ward, "07")
        move = "UPDATE registry.parcel SET residential_group_id = %s WHERE id = ANY (%s)"
        connection.execute(move, [group, parcels[:7]])

    run(settings, put_into_group)
    for zoom in (0, 9, 13):
        check_far(decoded(client.get(address(place(settings, parcels[0], zoom)))), zoom)


def check_far(layers: dict[str, Any], zoom: int) -> None:
    """Twenty features, of which five are verified; seven are in a group, and these five with them."""
    assert set(layers) == {"parcels-status", "parcels-areas"}
    statuses = {each["properties"]["verification_status"]: each for each in layers["parcels-status"]["features"]}
    assert {name: each["properties"]["features"] for name, each in statuses.items()} == {"verified": 5, "none": 15}
    areas = [each["properties"] for each in layers["parcels-areas"]["features"]]
    if zoom < 11:
        assert areas == [
            {"ward_code": "11311", "features": 20, "verified": 5, "none": 15, "in_progress": 0, "action_needed": 0}
        ]
    else:
        (of_group,) = [each for each in areas if each["group_code"] == "07"]
        assert (of_group["features"], of_group["verified"], of_group["none"]) == (7, 5, 2)
    for layer in layers.values():
        for each in layer["features"]:
            geometry = shape(each["geometry"])
            assert geometry.geom_type in {"Polygon", "MultiPolygon"}
            assert geometry.area > 0
            assert each["id"] > 0


def test_a_large_parcel_fills_what_it_covers_far_away(client: httpx.Client, ward: Ward, settings: Settings) -> None:
    (parcel,) = ward.add_parcels(1, size=1500)
    tile = place(settings, parcel, 12)
    (drawn,) = decoded(client.get(address(tile)))["parcels-status"]["features"]
    with connect(settings, Role.PUBLIC) as connection:
        query = "SELECT ST_AsBinary(ST_Transform(geom, 3857)) FROM published.parcels WHERE id = %s"
        meant = in_units(tile, shapely.from_wkb(one(connection, query, parcel)))
    meant = meant.intersection(shapely.box(0, 0, 4096, 4096))
    filled = shapely.union_all(shapely.make_valid(shapely.get_parts(shape(drawn["geometry"]))))
    assert filled.symmetric_difference(meant).area < 0.2 * meant.area


def test_where_nothing_is_the_tile_is_empty(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    for path in ("14/1/1", "3/0/0"):
        answer = client.get(f"{TILES}/{path}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"


@pytest.mark.parametrize(
    "path", ["23/0/0", "2/4/0", "2/0/4", "2/-1/0", "2/0/a", "a/0/0", "2/0/1.5", "99999999999/0/0", "14/٣/0"]
)
def test_tiles_that_do_not_exist(reader: httpx.Client, path: str) -> None:
    answer = reader.get(f"{TILES}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_what_is_not_understood_is_refused(reader: httpx.Client) -> None:
    assert reader.get(f"{TILES}/0/0/0", params={"f": "mvt"}).status_code == 200
    for given in ({"f": "png"}, {"unknown": "1"}, {"lang": "en"}):
        answer = reader.get(f"{TILES}/0/0/0", params=given)
        assert (answer.status_code, answer.json()["parameter"]) == (400, next(iter(given)))
        assert reader.get("/ogc/tiles/WebMercatorQuad/0/0/0", params=given).status_code == 400
    assert reader.get(TILES.replace("Web", "World") + "/0/0/0").status_code == 404
    assert reader.get(TILES.replace("parcels", "nothing") + "/0/0/0").status_code == 404


@pytest.mark.parametrize("root", [TILES, "/ogc/tiles/WebMercatorQuad"])
@pytest.mark.parametrize("zoom", [10, 16])
def test_entity_tags(client: httpx.Client, ward: Ward, settings: Settings, root: str, zoom: int) -> None:
    first, _ = ward.add_parcels(2)
    path = address(place(settings, first, zoom), root)
    answer = client.get(path)
    tag = answer.headers["etag"]
    assert tag.startswith('W/"')
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["data-time"].endswith("Z")
    for given in (tag, f'"other", {tag}'):
        again = client.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    of_other_ground = 'W/"0000000000000000-' + tag.split("-", 1)[1]
    assert client.get(path, headers={"If-None-Match": of_other_ground}).status_code == 200
    if zoom >= 14:
        ward.add_holder(first, "verified")
        changed = client.get(path, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag


def test_compression(client: httpx.Client, ward: Ward, settings: Settings) -> None:
    parcels = ward.add_parcels(120, size=15)
    # Wherever its sides are, it has half of them.
    path = address(place(settings, parcels[60], 14))
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    for accepted, encoding in ENCODINGS.items():
        with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["etag"] == plain.headers["etag"]
        body = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}[encoding](raw)
        assert mapbox_vector_tile.decode(body) == mapbox_vector_tile.decode(plain.content)
        assert encoding is None or len(raw) < len(body)


def test_the_dataset_has_the_layers_that_all_may_see(
    client: httpx.Client, ward: Ward, settings: Settings, admin: tuple[str, str]
) -> None:
    (parcel,) = ward.add_parcels(1)
    tile = place(settings, parcel, 18)
    assert set(decoded(client.get(address(tile, "/ogc/tiles/WebMercatorQuad"), auth=admin))) == {
        "parcels",
        "parcels-labels",
    }
    far = decoded(client.get(address(place(settings, parcel, 8), "/ogc/tiles/WebMercatorQuad")))
    assert set(far) == {"parcels-status", "parcels-areas"}


def test_the_dataset_puts_several_layers_on_a_tile(own_config: Settings, ward: Ward) -> None:
    layers = own_config.config_dir / "layers"
    shutil.copytree(layers / "parcels", layers / "plots")
    apply_layers(own_config, load_catalogue(own_config))
    (parcel,) = ward.add_parcels(1)
    path = address(place(own_config, parcel, 18), "/ogc/tiles/WebMercatorQuad")
    with serving(own_config) as client:
        answer = client.get(path)
        assert set(decoded(answer)) == {"parcels", "parcels-labels", "plots", "plots-labels"}
        tag = {"If-None-Match": answer.headers["etag"]}
        assert client.get(path, headers=tag).status_code == 304
        ward.add_holder(parcel, "verified")
        assert features(client.get(path, headers=tag), "plots")[parcel]["verification_status"] == "verified"
