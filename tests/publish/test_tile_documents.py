"""Checks of the OGC test suite for API – Tiles (ets-ogcapi-tiles10), and what clients look for in its documents."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.database import Role, connect, run
from gisland.publish.tiles import drawing
from gisland.publish.tiles.grid import CRS, URI
from tests.factories import EAST, make_parcel
from tests.publish.conftest import COLLECTIONS, Ward
from tests.publish.tiles import STAFF_TILES, address, decoded, features, tile_of

VECTOR = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
STAFF = "/ogc/collections/parcels-staff"
PLACES = ["/ogc", *(f"/ogc/collections/{name}" for name in COLLECTIONS)]


def linked(found: dict[str, Any], rel: str) -> dict[str, Any]:
    link: dict[str, Any] = next(each for each in found["links"] if each["rel"] == rel)
    return link


def test_conformance(reader: httpx.Client) -> None:
    classes = reader.get("/ogc/conformance").json()["conformsTo"]
    for each in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt"):
        assert f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{each}" in classes


@pytest.mark.parametrize("place", PLACES)
def test_from_the_link_to_the_tile(signed_in: httpx.Client, place: str) -> None:
    client, name = signed_in, place.removeprefix("/ogc").removeprefix("/collections/")
    listed = client.get(linked(client.get(place).json(), VECTOR)["href"]).json()
    (short,) = listed["tilesets"]
    assert (short["tileMatrixSetURI"], short["crs"], short["dataType"]) == (URI, CRS, "vector")
    template = linked(short, "item")
    assert template["type"] == "application/vnd.mapbox-vector-tile"
    assert all(f"{{{each}}}" in template["href"] for each in ("tileMatrix", "tileRow", "tileCol"))
    tileset = client.get(linked(short, "self")["href"]).json()
    assert linked(tileset, "item")["href"] == template["href"]
    found: set[int] = set()
    limits = {each["tileMatrix"]: each for each in tileset["tileMatrixSetLimits"]}
    for zoom in ("0", "9", "16"):
        of_zoom = limits[zoom]
        for row in range(of_zoom["minTileRow"], of_zoom["maxTileRow"] + 1):
            for column in range(of_zoom["minTileCol"], of_zoom["maxTileCol"] + 1):
                url = template["href"].format(tileMatrix=zoom, tileRow=row, tileCol=column)
                answer = client.get(url)
                assert answer.status_code == 200
                found |= features(answer, name or "parcels").keys()
    items = client.get(f"/ogc/collections/{name or 'parcels'}/items").json()["features"]
    assert found == {each["id"] for each in items}
    outside = template["href"].format(tileMatrix=16, tileRow=2**31 - 1, tileCol=2**31 - 1)
    assert client.get(outside).status_code == 404


def test_the_tile_matrix_set_is_the_registered_one(reader: httpx.Client) -> None:
    tileset = reader.get("/ogc/collections/parcels/tiles/WebMercatorQuad").json()
    definition = reader.get(linked(tileset, SCHEME)["href"]).json()
    assert (definition["id"], definition["uri"], definition["crs"]) == ("WebMercatorQuad", URI, CRS)
    first, last = definition["tileMatrices"][0], definition["tileMatrices"][-1]
    assert math.isclose(first["scaleDenominator"], 559082264.028717, rel_tol=1e-9)
    assert math.isclose(first["cellSize"], 156543.03392804097, rel_tol=1e-9)
    assert first["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])
    assert (last["id"], last["matrixWidth"], last["matrixHeight"]) == ("22", 2**22, 2**22)
    assert reader.get("/ogc/tileMatrixSets/Nothing").status_code == 404
    assert reader.get("/ogc/collections/parcels/tiles/Nothing").status_code == 404


def test_who_is_not_signed_in_is_led_nowhere(client: httpx.Client) -> None:
    for path in ("", "/tiles", "/tiles/WebMercatorQuad", "/tiles/WebMercatorQuad/0/0/0"):
        assert client.get(STAFF + path).status_code == 401


def test_a_tile_set_says_which_layers_and_fields_its_tiles_have(
    client: httpx.Client, ward: Ward, admin: tuple[str, str]
) -> None:
    layers = {each["id"]: each for each in client.get("/ogc/tiles/WebMercatorQuad").json()["layers"]}
    parts = {name for name in layers if name.startswith("parcels") and "former" not in name}
    assert parts == {"parcels", "parcels-labels", "parcels-status", "parcels-areas"}
    spans = {name: (each["minTileMatrix"], each["maxTileMatrix"]) for name, each in layers.items()}
    assert (spans["parcels"], spans["parcels-labels"]) == (("14", "22"), ("17", "22"))
    assert spans["parcels-status"] == spans["parcels-areas"] == ("0", "13")
    assert (spans["wards-status"], spans["wards"], spans["wards-labels"]) == (("0", "13"), ("7", "22"), ("10", "22"))
    assert "verification_status" in layers["parcels"]["propertiesSchema"]["properties"]
    assert set(layers["parcels-labels"]["propertiesSchema"]["properties"]) == {"text", "angle"}
    ward.add_parcels(1)
    document = client.get(f"{STAFF}/tiles/WebMercatorQuad", auth=admin).json()
    layers = {each["id"]: each for each in document["layers"]}
    assert set(layers) == {f"parcels-staff{part}" for part in ("", "-labels", "-status", "-areas")}
    for zoom, names in ((18, ("", "-labels")), (9, ("-status", "-areas"))):
        with connect(ward.settings, Role.PUBLIC) as connection:
            tile = tile_of(connection, ward.parcels[0], zoom)
        found = decoded(client.get(address(tile, STAFF_TILES), auth=admin))
        assert set(found) == {f"parcels-staff{part}" for part in names}
        for name, part in found.items():
            # Only what is told; what tells of persons is on no tile, whoever asks.
            for each in part["features"]:
                assert each["properties"].keys() <= told(layers[name])


def told(layer: dict[str, Any]) -> set[str]:
    names = set(layer["propertiesSchema"]["properties"])
    assert not names & {"holder_names", "masked_ids"}
    return names


@pytest.mark.parametrize("place", [each.removeprefix("/ogc") for each in PLACES])
def test_tiles_are_in_the_openapi_document(signed_in: httpx.Client, place: str) -> None:
    client = signed_in
    api = client.get("/ogc/api").json()
    known = api["components"]["parameters"]
    (limits,) = (
        each
        for each in client.get(f"/ogc{place}/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"]
        if each["tileMatrix"] == "16"
    )
    told = {"tileMatrixSetId": "WebMercatorQuad", "tileMatrix": 16, "tileRow": limits["minTileRow"]}
    told["tileCol"] = limits["minTileCol"]
    paths = [f"{place}/tiles", f"{place}/tiles/{{tileMatrixSetId}}"]
    paths.append(f"{paths[1]}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
    for path in paths:
        get = api["paths"][path]["get"]
        described = {known[each["$ref"].rpartition("/")[2]]["name"]: each for each in get["parameters"]}
        assert set(re.findall(r"\{(\w+)\}", path)) <= described.keys() <= {*told, "f", "lang"}
        answer = client.get("/ogc" + path.format(**told))
        assert answer.status_code == 200
        assert answer.headers["content-type"] in get["responses"]["200"]["content"]
    assert client.get("/ogc" + paths[2].format(**told | {"tileMatrixSetId": "Other"})).status_code == 404
    assert known["tileMatrixSetId"]["schema"]["enum"] == ["WebMercatorQuad"]
    assert known["tileMatrix"]["schema"] == {"type": "integer", "minimum": 0, "maximum": 22}


def test_without_features_a_tile_set_has_no_limits(client: httpx.Client) -> None:
    tileset = client.get("/ogc/tiles/WebMercatorQuad").json()
    assert "tileMatrixSetLimits" not in tileset
    assert "boundingBox" not in tileset


def far_tile(client: httpx.Client) -> str:
    """The address of a tile of the parcels from far away."""
    limits = client.get("/ogc/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"][10]
    return f"/ogc/collections/parcels/tiles/WebMercatorQuad/10/{limits['minTileRow']}/{limits['minTileCol']}"


def test_a_far_tile_is_renewed_after_some_seconds(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "FAR_SECONDS", 1)
    (parcel,) = ward.add_parcels(1)
    path = far_tile(client)
    first = client.get(path)
    ward.add_holder(parcel, "verified")
    time.sleep(1.1)
    second = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    (status,) = features(second, "parcels-status").values()
    assert status["verification_status"] == "verified"
    assert second.headers["data-time"] > first.headers["data-time"]
    time.sleep(1.1)
    # Seen to be as it was.
    third = client.get(path)
    assert third.headers["etag"] == second.headers["etag"]
    assert third.headers["data-time"] > second.headers["data-time"]
    assert client.get(path).headers["data-time"] >= third.headers["data-time"]


def test_a_far_tile_is_drawn_anew_before_anybody_waits_for_it(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "FAR_SECONDS", 60)
    monkeypatch.setattr(drawing, "AHEAD", 0.005)
    (parcel,) = ward.add_parcels(1)
    path = far_tile(client)
    first = client.get(path)
    ward.add_holder(parcel, "verified")
    time.sleep(0.4)
    # This reader gets what is there, and a minute has not passed when another one gets what has become of it.
    assert client.get(path).headers["etag"] == first.headers["etag"]
    until = time.monotonic() + 30
    while (later := client.get(path)).headers["etag"] == first.headers["etag"] and time.monotonic() < until:
        time.sleep(0.1)
    (status,) = features(later, "parcels-status").values()
    assert status["verification_status"] == "verified"


def test_a_far_tile_tells_of_its_areas_what_changed_beyond_it(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "FAR_SECONDS", -1)

    def far_off(connection: Connection) -> int:
        return make_parcel(connection, ward.ward, ward.sheet, east=EAST + 12_000)

    (near,), beyond = ward.add_parcels(1), run(ward.settings, far_off)
    with connect(ward.settings, Role.PUBLIC) as connection:
        here, there = tile_of(connection, near, 13), tile_of(connection, beyond, 13)
    assert here != there
    before = client.get(address(here))
    ward.add_holder(beyond, "verified")
    after = client.get(address(here), headers={"If-None-Match": before.headers["etag"]})
    (area,) = features(after, "parcels-areas").values()
    assert (area["features"], area["verified"]) == (2, 1)
