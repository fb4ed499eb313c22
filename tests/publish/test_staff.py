"""The staff layer: hidden from those who are not signed in, never cached, each reading noted."""

from __future__ import annotations

import httpx
import pytest

from gisland.database import Role, connect
from gisland.settings import Settings
from tests.factories import one
from tests.publish.conftest import Ward
from tests.publish.tiles import address, decoded, features, tile_of

STAFF = "/ogc/collections/parcels-staff"
TILES = f"{STAFF}/tiles/WebMercatorQuad"
PATHS = [STAFF, f"{STAFF}/items", f"{STAFF}/items/1", f"{STAFF}/queryables", f"{STAFF}/schema", f"{STAFF}/tiles"]
PATHS += [TILES, f"{TILES}/0/0/0", f"{TILES}/16/1/1"]
COUNTS = "/api/v1/layers/parcels-staff/counts"


@pytest.mark.parametrize("path", [*PATHS, COUNTS])
def test_nobody_is_asked_to_sign_in(client: httpx.Client, path: str) -> None:
    for answer in (client.get(path), client.get(path, auth=("admin", "wrong"))):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_sees_that_it_is_there(client: httpx.Client, admin: tuple[str, str]) -> None:
    def seen(auth: tuple[str, str] | None) -> list[bool]:
        paths = ("/ogc/collections", "/ogc/api", "/ogc/collections?f=html", "/api/v1/palette")
        return ["parcels-staff" in client.get(path, auth=auth).text for path in paths]

    assert seen(None) == [False] * 4
    assert seen(admin) == [True] * 4
    problem = client.get("/ogc/collections/nothing")
    assert problem.status_code == 404
    assert "parcels-staff" not in problem.text


@pytest.mark.parametrize(
    "path",
    ["/ogc/collections", "/ogc/api", "/api/v1/palette", STAFF, f"{STAFF}/items", COUNTS, f"{TILES}/0/0/0", TILES],
)
def test_what_staff_see_is_kept_nowhere(reader: httpx.Client, keeper: tuple[str, str], path: str) -> None:
    answer = reader.get(path, auth=keeper)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Authorization" in answer.headers["vary"]


def test_staff_see_holders_and_each_reading_is_noted(
    client: httpx.Client, ward: Ward, settings: Settings, admin: tuple[str, str]
) -> None:
    parcel, _ = ward.add_parcels(2)
    ward.add_holder(parcel, "mismatch")
    page = client.get(f"{STAFF}/items", auth=admin).json()
    properties = page["features"][0]["properties"]
    assert properties["exact_status"] == "mismatch"
    assert properties["verification_status"] == "action_needed"
    assert properties["holder_names"] == "Nguyễn Văn Thử"
    assert f"999{parcel:09d}" not in str(page)
    assert properties["masked_ids"].endswith(str(parcel)[-1:])
    assert client.get(f"{STAFF}/items/{parcel}", auth=admin).json()["properties"] == properties
    assert client.get(f"{STAFF}/items", auth=admin, params={"exact_status": "mismatch"}).json()["numberMatched"] == 1
    with connect(settings, Role.APP) as connection:
        noted = connection.execute(
            "SELECT subject, object, detail FROM audit.event WHERE tag = 'staff_layer:read' ORDER BY id"
        ).fetchall()
        names = one(connection, "SELECT string_agg(event::text, '') FROM audit.event")
    account = "account:admin"
    assert noted == [
        (account, "parcels-staff", {"features": 2, "ward_ids": "all"}),
        (account, f"parcels-staff/{parcel}", {"features": 1, "ward_ids": "all"}),
        (account, "parcels-staff", {"features": 1, "ward_ids": "all"}),
    ]
    assert "Nguyễn" not in names


def test_counts_and_palette_go_together(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    first, second, _ = ward.add_parcels(3)
    ward.add_holder(first, "mismatch")
    ward.add_holder(second, "verified")
    expected = {
        None: {"action_needed": 1, "verified": 1, "none": 1},
        admin: {"mismatch": 1, "verified": 1, "no_holder": 1},
    }
    for auth, by_status in expected.items():
        palette = client.get("/api/v1/palette", auth=auth).json()
        assert len(palette["statuses"]) == (10 if auth else 4)
        assert [each["order"] for each in palette["statuses"]] == list(range(1, len(palette["statuses"]) + 1))
        counts = client.get(f"/api/v1/layers/{palette['layer']}/counts", auth=auth).json()
        assert counts == {"total": 3, "by_status": by_status}
        assert set(counts["by_status"]) <= {each["id"] for each in palette["statuses"]}
        page = client.get(f"/ogc/collections/{palette['layer']}/items", auth=auth).json()
        assert {each["properties"][palette["property"]] for each in page["features"]} == set(by_status)


def test_tiles_of_a_staff_layer_tell_nothing_of_persons_are_kept_nowhere_and_noted(
    client: httpx.Client, ward: Ward, settings: Settings, admin: tuple[str, str]
) -> None:
    parcel, other = ward.add_parcels(2)
    ward.add_holder(parcel, "deceased")
    with connect(settings, Role.STAFF) as connection:
        connection.execute("SET gisland.wards = 'all'")
        tile = tile_of(connection, parcel, 18, "published_staff.parcels_staff")
        far = tile_of(connection, parcel, 9, "published_staff.parcels_staff")
    answer = client.get(address(tile, TILES), auth=admin)
    assert features(answer, "parcels-staff")[parcel]["exact_status"] == "deceased"
    assert not any("Nguyễn" in str(each) for each in decoded(answer).values())
    assert {"holder_names", "masked_ids"}.isdisjoint(features(answer, "parcels-staff")[parcel])
    assert "etag" not in answer.headers
    statuses = features(client.get(address(far, TILES), auth=admin), "parcels-staff-status").values()
    assert {each["exact_status"]: each["features"] for each in statuses} == {"deceased": 1, "no_holder": 1}
    # What is in the cache, if there is one at all, is of the public layer.
    client.get(address(tile))
    kept = {each.name for each in settings.tile_cache_path.iterdir() if each.is_dir()}
    assert len(kept) == 1
    assert not any("staff" in each for each in kept)
    with connect(settings, Role.APP) as connection:
        query = "SELECT object, detail FROM audit.event WHERE tag = 'staff_layer:read' ORDER BY id"
        noted = connection.execute(query).fetchall()
    shown = len(features(answer, "parcels-staff"))
    assert noted == [
        (f"parcels-staff/tiles/18/{tile.row}/{tile.column}", {"features": shown, "ward_ids": "all"}),
        (f"parcels-staff/tiles/9/{far.row}/{far.column}", {"features": 2, "ward_ids": "all"}),
    ]
    assert other
