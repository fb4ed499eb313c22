"""`/api/v1/prints` over HTTP, with a worker beside the server."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pikepdf
import pytest
import shapely
from PIL import Image

from gisland.database import run
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import change_data, leave_few, make_account, one
from tests.live import PASSWORD, start_server
from tests.printing.conftest import WHY

ROOT = "/api/v1/prints"
ORDER: dict[str, Any] = {"product": "atlas", "inputs": {"ward": "11311", "group": "01", "reason": WHY}}


class Office:
    """A server, its worker, and people with a role in the ward of the demo."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings = url, settings
        self.clients: list[httpx.Client] = []

    def client(self, auth: tuple[str, str] | None = None) -> httpx.Client:
        self.clients.append(httpx.Client(base_url=self.url, auth=auth, timeout=60))
        return self.clients[-1]

    def hire(self, name: str, role: Role) -> httpx.Client:
        auth = run(
            self.settings,
            lambda c: make_account(c, name, Grant(role, one(c, "SELECT id FROM registry.unit WHERE code = '11311'"))),
        )
        return self.client(auth)


@pytest.fixture(scope="session")
def office(demo_ward: Settings) -> Iterator[Office]:
    with clone_of(demo_ward) as settings:
        run(settings, lambda connection: leave_few(connection, "01"))
        with opened_office(settings) as office:
            yield office


@contextmanager
def opened_office(settings: Settings) -> Iterator[Office]:
    """A server and a worker, as long as the block runs."""
    with start_server(settings) as live:
        worker = subprocess.Popen([sys.executable, "-m", "gisland", "worker"], env=live.settings.as_environment())
        office = Office(live.url, live.settings)
        yield office
        for each in office.clients:
            each.close()
        worker.terminate()
        # One that is told so while it starts ends at once.
        assert worker.wait(60) in {0, -signal.SIGTERM}


def wait(client: httpx.Client, address: str, field: str = "state", seconds: float = 120) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = client.get(address).json()
        if found[field] in {"successful", "failed", "dismissed"}:
            return found
        time.sleep(0.3)
    raise AssertionError(found)


def test_a_print_is_ordered_and_fetched(office: Office) -> None:
    client = office.hire("an", Role.OFFICER)
    products = client.get(f"{ROOT}/products").json()
    atlas = next(each for each in products if each["id"] == "atlas")
    assert {"ward", "group", "paper", "scale"} <= atlas["inputs"]["properties"].keys()
    made = client.post(ROOT, json=ORDER)
    assert made.status_code == 202, made.text
    address = made.headers["Location"]
    assert address == f"{ROOT}/{made.json()['id']}"
    assert made.headers["cache-control"] == "private, no-store"
    assert "reason" not in made.json()["inputs"]
    early = client.get(f"{address}/result")
    assert early.status_code in {200, 409}
    done = wait(client, address)
    assert done["state"] == "successful", done
    file = client.get(f"{address}/result")
    assert file.status_code == 200
    assert file.headers["content-type"] == "application/pdf"
    assert 'filename="atlas-11311-01.pdf"' in file.headers["content-disposition"]
    assert file.content.startswith(b"%PDF")
    assert len(file.content) == done["size_bytes"]
    assert done["id"] in {each["id"] for each in client.get(ROOT, params={"state": "successful"}).json()}
    assert done["id"] not in {each["id"] for each in client.get(ROOT, params={"before": done["id"]}).json()}
    assert client.delete(address).json()["state"] == "dismissed"
    assert client.get(f"{address}/result").status_code == 404
    # That it was printed stays known.
    assert client.get(address).json()["sha256"] == done["sha256"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"product": "x", "inputs": {}}, 404),
        ({"product": "atlas", "inputs": {}}, 400),
        ({"product": "atlas", "inputs": {"ward": "11311", "group": "99", "reason": WHY}}, 404),
        ({"product": "atlas", "inputs": {"ward": "99999", "group": "01", "reason": WHY}}, 404),
        ({"product": "atlas", "inputs": {"ward": "11311", "group": "01"}}, 400),
        ({"product": "atlas", "inputs": {"ward": "11311", "group": "01", "paper": "A0", "reason": WHY}}, 400),
        ({"product": "atlas", "inputs": {"ward": "11311", "group": "01", "x": "999070000001"}}, 400),
        ({"inputs": {}}, 400),
    ],
)
def test_what_cannot_be_is_told_at_once(office: Office, body: dict[str, Any], status: int) -> None:
    client = office.client(("admin", PASSWORD))
    answer = client.post(ROOT, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "999070000001" not in answer.text


def test_who_is_let_in(office: Office) -> None:
    head, police = office.hire("b1", Role.VIEWER), office.hire("b2", Role.POLICE)
    for method, path in (("GET", ROOT), ("POST", ROOT), ("GET", f"{ROOT}/products")):
        body = ORDER if method == "POST" else None
        assert police.request(method, path, json=body).status_code == 403
        assert httpx.request(method, office.url + path, json=body).status_code == 401
    made = head.post(ROOT, json=ORDER)
    assert made.status_code == 202
    assert wait(head, made.headers["Location"])["names"] is False
    other = office.hire("b3", Role.VIEWER)
    assert other.get(f"{made.headers['Location']}/result").status_code == 200
    assert other.delete(made.headers["Location"]).status_code == 403
    assert other.get(f"{ROOT}/{'0' * 8}-0000-4000-8000-{'0' * 12}").status_code == 404
    assert other.get(f"{ROOT}/x").status_code == 404
    assert other.delete(f"{ROOT}/products").status_code == 405


def test_pages_are_had_as_pictures(office: Office) -> None:
    client, colleague = office.hire("c1", Role.OFFICER), office.hire("c2", Role.OFFICER)
    made = client.post(ROOT, json=ORDER)
    address = made.headers["Location"]
    done = wait(client, address)
    first = client.get(f"{address}/pages/1.png")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/png"), first.text
    assert first.headers["cache-control"] == "private, no-store"
    small, large = (Image.open(io.BytesIO(client.get(f"{address}/pages/2.png?dpi={dpi}").content)) for dpi in (36, 72))
    assert abs(large.width / small.width - 2) < 0.01
    assert max(large.size) == pytest.approx(420 / 25.4 * 72, abs=2)
    assert len(large.convert("RGB").getcolors(10**6) or ()) > 10
    for wrong, status in (("0", 400), ("99", 404), ("1.png?dpi=5", 400), ("1.png?dpi=900", 400), ("x", 404)):
        answer = client.get(f"{address}/pages/{wrong if '?' in wrong else f'{wrong}.png'}")
        assert answer.status_code == status, answer.text
    # With names: for its requester only, and each page that was taken is in the audit log.
    assert colleague.get(f"{address}/pages/1.png").status_code == 403
    pages = "array_agg(ARRAY[(detail ->> 'page')::int, audit.records_of(detail)] ORDER BY id)"
    query = f"SELECT {pages} FROM audit.event WHERE tag = 'print:taken' AND object = %s"
    taken = run(office.settings, lambda c: one(c, query, f"print:{done['id']}"))
    # As alerts count them: one page each.
    assert taken == [[1, 1], [2, 1], [2, 1]]
    archive = client.post(ROOT, json={"product": "atlases", "inputs": {"ward": "11311", "groups": "01", "reason": WHY}})
    wait(client, archive.headers["Location"])
    assert client.get(f"{archive.headers['Location']}/pages/1.png").status_code == 409


def test_an_area_is_ordered_by_both_ways(office: Office) -> None:
    """A drawn area as an object of REST and as a box of OGC; what is kept of it is the bare geometry."""
    client = office.client(("admin", PASSWORD))
    west, south, east, north = client.get("/ogc/collections/parcels").json()["extent"]["spatial"]["bbox"][0]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"type": "Feature", "properties": {"chu": "Bí Mật"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    made = client.post(ROOT, json={"product": "overview", "inputs": {"ward": "11311", "area": shape}})
    assert made.status_code == 202, made.text
    assert "Bí Mật" not in made.text
    done = wait(client, made.headers["Location"])
    assert (done["state"], done["product"], done["names"]) == ("successful", "overview", False)
    box = {"bbox": [west, south, east, north]}
    job = client.post("/ogc/processes/overview/execution", json={"inputs": {"ward": "11311", "area": box}})
    assert job.status_code == 201, job.text
    assert wait(client, job.headers["Location"], "status")["status"] == "successful"
    described = client.get("/ogc/processes/overview").json()["inputs"]
    assert {"ward", "wards", "groups", "area", "area_crs", "paper"} <= described.keys()
    for wrong, status in (({"area": {"type": "Polygon"}}, 400), ({"wards": "11399"}, 404), ({"area": "1,1,2,2"}, 404)):
        answer = client.post(ROOT, json={"product": "overview", "inputs": {"ward": "11311"} | wrong})
        assert answer.status_code == status, answer.text
        assert answer.json()["detail"]


PREVIEW = f"{ROOT}/preview"


def test_where_the_pages_would_lie(office: Office) -> None:
    client = office.hire("d1", Role.VIEWER)

    def asked(**inputs: Any) -> httpx.Response:
        return client.post(PREVIEW, json={"product": "atlas", "inputs": {"ward": "11311", "group": "01"} | inputs})

    answer = asked()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store"), answer.text
    found = answer.json()
    pages = [each for each in found["features"]["features"] if each["properties"]["kind"] == "page"]
    (land,) = [each for each in found["features"]["features"] if each["properties"]["kind"] == "parcels"]
    assert [each["properties"]["number"] for each in pages] == list(range(1, found["map_pages"] + 1))
    assert found["chosen"]
    # Each parcel lies whole on a page: no corner of one is outside of all.
    frames = shapely.union_all([shapely.from_geojson(json.dumps(each["geometry"])) for each in pages])
    ground = shapely.from_geojson(json.dumps(land["geometry"]))
    assert frames.contains(ground)
    assert found["parcels"] <= shapely.get_num_geometries(ground)
    # What is printed has just these pages.
    larger = asked(scale=200, paper="A4", orientation="portrait").json()
    assert (larger["scale"], larger["paper"], larger["orientation"]) == (200, "A4", "portrait")
    assert larger["map_pages"] > found["map_pages"]
    made = client.post(ROOT, json={"product": "atlas", "inputs": ORDER["inputs"] | {"reason": ""}})
    done = wait(client, made.headers["Location"])
    pdf = pikepdf.open(io.BytesIO(client.get(f"{made.headers['Location']}/result").content))
    maps = [each for each in pdf.pages if "/VP" in each]
    assert len(maps) == found["map_pages"]
    assert done["data_version"] == found["data_version"]
    # Nothing is ordered or noted by looking.
    assert asked().json() == found
    wrong: dict[str, list[tuple[object, int]]] = {
        "group": [("99", 404), ("", 400)],
        "ward": [("99999", 404)],
        "scale": [(5, 400)],
        "paper": [("A0", 400)],
        "orientation": [("x", 400)],
    }
    for name, values in wrong.items():
        for value, status in values:
            assert asked(**{name: value}).status_code == status, name
    assert client.post(PREVIEW, json={"product": "overview", "inputs": {"ward": "11311"}}).status_code == 400
    police = office.hire("d2", Role.POLICE)
    body = {"product": "atlas", "inputs": {"ward": "11311", "group": "01"}}
    assert police.post(PREVIEW, json=body).status_code == 403
    assert httpx.post(office.url + PREVIEW, json=body).status_code == 401


def test_a_print_is_repeated(office: Office) -> None:
    client, colleague = office.hire("e1", Role.OFFICER), office.hire("e2", Role.OFFICER)
    made = client.post(ROOT, json=ORDER)
    address = made.headers["Location"]
    early = client.post(f"{address}/reprint", json={})
    assert early.status_code in {202, 409}
    first = wait(client, address)
    again = client.post(f"{address}/reprint", json={})
    assert again.status_code == 202, again.text
    second = wait(client, again.headers["Location"])
    assert second["reprint_of"] == first["id"]
    assert (second["sha256"], second["print_id"]) == (first["sha256"], first["print_id"])
    assert second["inputs"] == first["inputs"]
    # Somebody else's names need a reason of one's own; it is another paper then, for it says who printed it.
    assert colleague.post(f"{address}/reprint", json={}).status_code == 400
    other = colleague.post(f"{address}/reprint", json={"reason": WHY})
    assert other.status_code == 202, other.text
    assert wait(colleague, other.headers["Location"])["sha256"] != first["sha256"]
    run(office.settings, change_data)
    refused = client.post(f"{address}/reprint", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:gisland:data-changed")
    assert str(first["data_version"]) in refused.json()["detail"]
    fresh = client.post(f"{address}/reprint", json={"new_data": True})
    assert fresh.status_code == 202
    third = wait(client, fresh.headers["Location"])
    assert third["data_version"] > first["data_version"]
    assert third["sha256"] != first["sha256"]
    assert client.get(f"{address}/result").status_code == 200
    assert client.post(f"{address}/reprint", json={"data": "x"}).status_code == 400
    assert office.hire("e3", Role.POLICE).post(f"{address}/reprint", json={}).status_code == 403
