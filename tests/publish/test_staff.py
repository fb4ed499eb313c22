"""The staff layer: hidden from those who are not signed in, never cached, each reading noted."""

from __future__ import annotations

import httpx
import pytest

from gisland.database import Role, connect
from gisland.settings import Settings
from tests.factories import one
from tests.publish.conftest import Ward

STAFF = "/ogc/collections/parcels-staff"
PATHS = [STAFF, f"{STAFF}/items", f"{STAFF}/items/1", f"{STAFF}/queryables", f"{STAFF}/schema"]
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


@pytest.mark.parametrize("path", ["/ogc/collections", "/ogc/api", "/api/v1/palette", STAFF, f"{STAFF}/items", COUNTS])
def test_what_staff_see_is_kept_nowhere(client: httpx.Client, admin: tuple[str, str], path: str) -> None:
    answer = client.get(path, auth=admin)
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
        (account, "parcels-staff", {"features": 2}),
        (account, f"parcels-staff/{parcel}", {"features": 1}),
        (account, "parcels-staff", {"features": 1}),
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
