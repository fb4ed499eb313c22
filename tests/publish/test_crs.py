"""Part 2: features in the CRS that was asked for; on the plane of their survey to the last bit."""

from __future__ import annotations

import struct
from typing import Any

import httpx
import pytest
import shapely
from psycopg import Connection
from pyproj import CRS

from gisland.database import Role, connect, run
from gisland.kit.crs import EPSG, MERIDIANS, transformer
from gisland.publish.crs import CRS84, EPSG3857, EPSG4326
from tests.factories import make_change, make_parcel, make_sheet, one
from tests.publish.conftest import Ward

ITEMS = "/ogc/collections/parcels/items"
ZONE, OTHER = f"{EPSG}9210", f"{EPSG}9211"


def get(client: httpx.Client, path: str = ITEMS, /, **parameters: str | int) -> Any:
    answer = client.get(path, params={name.replace("_", "-"): value for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-crs"] == f"<{parameters.get('crs', CRS84)}>"
    return answer.json()


def bits(geometry: shapely.Geometry) -> list[bytes]:
    return [struct.pack("dd", *point) for point in shapely.get_coordinates(geometry)]


def shape_of(feature: Any) -> shapely.Geometry:
    return shapely.geometry.shape(feature["geometry"])


def surveyed(ward: Ward, parcel: int) -> shapely.Geometry:
    with connect(ward.settings, Role.APP) as connection:
        return shapely.from_wkb(
            bytes(one(connection, "SELECT ST_AsBinary(geom) FROM registry.parcel WHERE id = %s", parcel))
        )


def move(ward: Ward, parcel: int, shape: shapely.Geometry, srid: int = 9210) -> None:
    """Give a parcel this very geometry."""
    query = "UPDATE registry.parcel SET geom = ST_SetSRID(%s::geometry, %s) WHERE id = %s"
    run(ward.settings, lambda c: c.execute(query, [shapely.to_wkb(shape, hex=True), srid, parcel]))


def test_a_parcel_on_its_own_plane_is_given_to_the_last_bit(client: httpx.Client, ward: Ward) -> None:
    parcels = ward.add_parcels(20)
    # Neighbouring floats, and sums that have no short decimal form.
    for number, parcel in enumerate(parcels):
        x, y = 594_000 + number * 0.1 + 1 / 3, 2_309_000 + number / 7
        dx = 10.1 + 2.0 ** -(number + 10)
        move(ward, parcel, shapely.Polygon([(x, y), (x + dx, y + 0.1), (x + dx, y + 9.7), (x, y + 10)]))
    page = get(client, crs=ZONE)
    for parcel, feature in zip(parcels, page["features"], strict=True):
        assert feature["id"] == parcel
        assert bits(shape_of(feature)) == bits(surveyed(ward, parcel))
        single = get(client, f"{ITEMS}/{parcel}", crs=ZONE)
        assert single["geometry"] == feature["geometry"]
    # Everything else of a feature is as it is in degrees.
    assert [f["properties"] for f in page["features"]] == [f["properties"] for f in get(client)["features"]]


def test_a_survey_that_moves_by_one_bit_is_seen(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    before = surveyed(ward, parcel)
    xy = shapely.get_coordinates(before)
    (one_more,) = struct.unpack("q", struct.pack("d", xy[1][0]))
    xy[1][0] = struct.unpack("d", struct.pack("q", one_more + 1))[0]
    # What is derived from it (in degrees) is left as it was, as if the difference were too small for it.
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("ALTER TABLE registry.parcel DISABLE TRIGGER derive")
        moved = shapely.to_wkb(shapely.Polygon(xy), hex=True)
        connection.execute(
            "UPDATE registry.parcel SET geom = ST_SetSRID(%s::geometry, 9210) WHERE id = %s", [moved, parcel]
        )
        connection.execute("ALTER TABLE registry.parcel ENABLE TRIGGER derive")
    assert bits(shape_of(get(client, crs=ZONE)["features"][0])) == bits(shapely.Polygon(xy)) != bits(before)


def test_other_crs_are_transformed_by_the_official_way(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    run(ward.settings, lambda c: make_sheet(c, ward.ward, "13", srid=9211))
    source = shapely.get_coordinates(surveyed(ward, parcel))
    x, y = transformer(CRS.from_epsg(9210), CRS.from_epsg(4326)).transform(source[:, 0], source[:, 1])
    expected = {CRS84: (x, y, 1e-7), EPSG4326: (y, x, 1e-7)}
    expected[EPSG3857] = (*transformer(CRS.from_epsg(4326), CRS.from_epsg(3857)).transform(x, y), 1e-3)
    between = transformer(CRS.from_epsg(9210), CRS.from_epsg(9211))
    expected[OTHER] = (*between.transform(source[:, 0], source[:, 1]), 1e-4)
    for uri, (first, second, tolerance) in expected.items():
        got = shapely.get_coordinates(shape_of(get(client, crs=uri)["features"][0]))
        assert got == pytest.approx(shapely.get_coordinates(shapely.linestrings(first, second)), abs=tolerance), uri


def test_the_bbox_in_each_crs_finds_the_same(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(5)
    run(ward.settings, lambda c: make_sheet(c, ward.ward, "13", srid=9211))
    for uri in (CRS84, EPSG4326, EPSG3857, ZONE, OTHER):
        check_bbox(client, ward.parcels, uri)


def check_bbox(client: httpx.Client, parcels: list[int], uri: str) -> None:
    page = get(client, crs=uri)
    second = shapely.get_coordinates(shape_of(page["features"][1]))
    (west, south), (east, north) = second.min(axis=0), second.max(axis=0)
    dx = 1e-3 if west < 1000 else 1
    found = get(client, crs=uri, bbox=f"{west},{south},{east},{north}", bbox_crs=uri)
    assert (found["numberMatched"], [f["id"] for f in found["features"]]) == (1, [parcels[1]])
    assert found["features"][0] == page["features"][1]
    far = f"{west + 1000 * dx},{south},{east + 1000 * dx},{north}" if west > 1000 else "1,1,2,2"
    assert get(client, bbox=far, bbox_crs=uri)["numberMatched"] == 0
    point = shape_of(page["features"][2]).representative_point()
    found = get(client, bbox=f"{point.x},{point.y},{point.x},{point.y}", bbox_crs=uri)
    assert [f["id"] for f in found["features"]] == [parcels[2]]
    # The pages that follow keep to it.
    first = get(client, crs=uri, bbox=f"{west - 100 * dx},{south},{east + 100 * dx},{north}", bbox_crs=uri, limit=2)
    if uri != EPSG4326:
        (following,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
        answer = client.get(following)
        assert answer.headers["content-crs"] == f"<{uri}>"
        assert [f["id"] for f in answer.json()["features"]] == parcels[2:4]


def test_which_crs_there_are_is_told(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    collection = client.get("/ogc/collections/parcels").json()
    assert collection["crs"] == [CRS84, EPSG4326, EPSG3857, ZONE]
    assert collection["storageCrs"] == ZONE
    for uri in collection["crs"]:
        get(client, crs=uri)
    assert client.get(ITEMS, params={"crs": OTHER}).status_code == 400
    run(ward.settings, lambda c: make_sheet(c, ward.ward, "13", srid=9211))
    # A plane that has come into use is offered at once to who asks for it.
    get(client, crs=OTHER)
    collection = client.get("/ogc/collections/parcels").json()
    assert (collection["crs"][-1], collection["storageCrs"]) == (OTHER, CRS84)


def test_parcels_of_two_zones_each_exact_on_its_own(client: httpx.Client, ward: Ward) -> None:
    (first,) = ward.add_parcels(1)

    def add(connection: Connection) -> int:
        sheet = make_sheet(connection, ward.ward, "13", srid=9211)
        return make_parcel(connection, ward.ward, sheet)

    second = run(ward.settings, add)
    move(ward, second, shapely.box(1 / 3 + 500_000, 2_309_000, 500_010, 2_309_010), 9211)
    for uri, exact, other in ((ZONE, first, second), (OTHER, second, first)):
        shapes = {f["id"]: shape_of(f) for f in get(client, crs=uri)["features"]}
        assert bits(shapes[exact]) == bits(surveyed(ward, exact))
        assert shapes[other].is_valid
        assert all(
            len(f"{x!r}".partition(".")[2]) <= 4 for x in shapely.get_coordinates(shapes[other]).ravel().tolist()
        )


def test_the_past_is_exact_too(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    before = surveyed(ward, parcel)
    with connect(ward.settings, Role.APP) as connection:
        version = one(connection, "SELECT max(version) FROM publish.data_version")
    move(ward, parcel, shapely.box(594_000 + 1 / 3, 2_309_000, 594_010, 2_309_010))
    for parameters in ({}, {"bbox": "-180,-90,180,90"}):
        then = get(client, crs=ZONE, as_of=version, **parameters)
        assert bits(shape_of(then["features"][0])) == bits(before)
    assert bits(shape_of(get(client, f"{ITEMS}/{parcel}", crs=ZONE, as_of=version))) == bits(before)
    flipped = shapely.get_coordinates(shape_of(get(client, crs=EPSG4326, as_of=version)["features"][0]))
    plain = shapely.get_coordinates(shape_of(get(client, as_of=version)["features"][0]))
    assert (flipped[:, ::-1] == plain).all()


def test_staff_see_their_layer_on_the_plane(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    (parcel,) = ward.add_parcels(1)
    path = "/ogc/collections/parcels-staff/items"
    answer = client.get(path, params={"crs": ZONE}, auth=admin)
    assert bits(shape_of(answer.json()["features"][0])) == bits(surveyed(ward, parcel))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("crs", "EPSG:9210"),
        ("crs", f"{EPSG}99999"),
        ("crs", f"{EPSG}9210x"),
        ("crs", f"{EPSG}09210"),
        ("crs", f"{EPSG}0000092100"),
        ("crs", f"{EPSG}²"),
        ("crs", ""),
        ("crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84/"),
        ("bbox-crs", f"{EPSG}9205"),
        ("bbox", "nan,1,2,3"),
        ("bbox", "1,2,1,1"),
    ],
)
def test_what_is_no_crs_of_the_layer_is_refused(reader: httpx.Client, name: str, value: str) -> None:
    parameters = {name: value} if name != "bbox-crs" else {"bbox": "1,2,3,4", name: value}
    for uri in (ZONE, EPSG3857) if name == "bbox" else (None,):
        answer = reader.get(ITEMS, params=parameters | ({"bbox-crs": uri} if uri else {}))
        assert (answer.status_code, answer.json()["parameter"]) == (400, name), answer.text


def test_every_zone_of_vietnam_can_be_asked_for(client: httpx.Client, ward: Ward) -> None:
    """North before east in none of them: so EPSG defines it."""
    (parcel,) = ward.add_parcels(1)

    def add(connection: Connection) -> None:
        for number, srid in enumerate(MERIDIANS):
            make_sheet(connection, ward.ward, f"z{number}", srid=srid)

    run(ward.settings, add)
    x, y = shapely.get_coordinates(surveyed(ward, parcel))[0]
    for srid in MERIDIANS:
        geometry = shape_of(get(client, f"{ITEMS}/{parcel}", crs=f"{EPSG}{srid}"))
        expected = transformer(CRS.from_epsg(9210), CRS.from_epsg(srid)).transform(x, y)
        assert tuple(shapely.get_coordinates(geometry)[0]) == pytest.approx(expected, abs=1e-4)


def test_changes_of_the_past_and_of_the_native_column_need_a_change(ward: Ward) -> None:
    """A parcel that leaves the layer leaves its native geometry in the history."""
    (parcel,) = ward.add_parcels(1)

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, parcel])

    run(ward.settings, retire)
    with connect(ward.settings, Role.PUBLIC) as connection:
        assert one(connection, "SELECT ST_SRID(_native) FROM published.parcels__history WHERE id = %s", parcel) == 9210
        assert one(connection, "SELECT count(*) FROM published.parcels__geojson") == 0
