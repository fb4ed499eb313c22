"""All routes, as anybody and as the administrator: what is not for everybody is kept and read by nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from psycopg import Connection

from gisland.app import create_app
from gisland.catalogue import Catalogue
from gisland.database import run
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import make_account, make_parcel, make_sheet, make_ward
from tests.live import first_admin
from tests.security.client import behind_proxy
from tests.test_architecture import routes

ALWAYS = {"content-security-policy", "cross-origin-resource-policy", "referrer-policy", "x-content-type-options"}
ON_PAGES = {"cross-origin-opener-policy", "permissions-policy", "x-frame-options"}
GEOPACKAGE = "application/geopackage+sqlite3"
FILES = ("/static/ogc.css", "/static/icon.svg", "/static/dist/app.js", "/static/nothing")


@pytest.fixture(scope="module")
def requests(catalogue: Catalogue) -> list[tuple[str, str]]:
    """A request for each route, method and layer; bodies are empty, so they change nothing."""
    made = []
    for route in routes(create_app(Settings()).routes):
        layers = list(catalogue.layers) if "{layer_id}" in route.path else [""]
        for layer in layers:
            path = re.sub(r"\{[^}]*\}", "1", route.path.replace("{layer_id}", layer))
            made += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    assert len(made) > 80
    made += [("GET", path) for path in (*FILES, "/nowhere", "/api/v1/nowhere")]
    made += [("GET", f"{path}?f=html") for method, path in made if path.startswith("/ogc") and method == "GET"]
    return made


@pytest.fixture(scope="module")
def office(server: Settings) -> Iterator[Settings]:
    """A ward with two parcels, which tests only read."""

    def fill(connection: Connection) -> None:
        ward = make_ward(connection)
        sheet = make_sheet(connection, ward, "12")
        for _ in range(2):
            make_parcel(connection, ward, sheet)

    with clone_of(server) as settings:
        run(settings, fill)
        yield settings


@pytest.fixture(scope="module")
def admin(office: Settings) -> tuple[str, str]:
    return first_admin(office)


@pytest.fixture(scope="module")
def client(office: Settings) -> Iterator[httpx.Client]:
    with behind_proxy(office, hsts_seconds=31_536_000, log_level="WARNING") as client:
        yield client


Answers = list[tuple[tuple[str, str], httpx.Response, httpx.Response]]


@pytest.fixture(scope="module")
def answers(client: httpx.Client, requests: list[tuple[str, str]], admin: tuple[str, str]) -> Answers:
    """Each request, what anybody is answered, and what the administrator is."""
    return [(request, ask(client, request, None), ask(client, request, admin)) for request in requests]


def ask(client: httpx.Client, request: tuple[str, str], auth: tuple[str, str] | None) -> httpx.Response:
    method, path = request
    # Whoever signs in anew each time would wait for argon2 each time.
    return client.request(method, path, auth=auth, json={} if method != "GET" else None)


def same_for_all(answer: httpx.Response) -> bool:
    """What answers say of themselves."""
    return answer.headers["cache-control"].startswith("public")


def test_what_is_not_public_is_kept_nowhere_and_read_by_no_other_origin(answers: Answers) -> None:
    public = 0
    for request, anybody, signed_in in answers:
        for answer in (anybody, signed_in):
            assert answer.status_code < 500 or answer.status_code == 503, (request, answer.text)
            headers = answer.headers
            if same_for_all(answer):
                public += 1
                assert answer.status_code == 200, request
                continue
            assert headers["cache-control"] == "private, no-store", request
            assert {"authorization", "cookie"} <= set(headers["vary"].lower().split(", ")), request
            if answer is anybody and "access-control-allow-origin" in headers:
                # What is wrong with a request for what is public.
                assert answer.status_code >= 400, request
                assert request[1].startswith("/ogc"), request
                continue
            assert not [name for name in headers if name.startswith("access-control")], request
            assert headers["cross-origin-resource-policy"] == "same-origin", request
        if same_for_all(signed_in):
            # A cache that does not look at who asks would give this to anybody.
            assert same_for_all(anybody), request
            if answer.headers["content-type"] != GEOPACKAGE:  # says when it was made
                assert anybody.content == signed_in.content, request
    assert public > 20


def test_answers_of_all_routes_are_framed_sniffed_and_scripted_by_nobody(
    client: httpx.Client, answers: Answers
) -> None:
    pages = 0
    for request, _, answer in answers:
        assert answer.headers.keys() >= ALWAYS, request
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, request
        assert "base-uri 'none'" in policy, request
        assert "unsafe" not in policy, request
        assert "*" not in policy, request
        if answer.headers.get("content-type", "").startswith("text/html"):
            pages += 1
            assert answer.headers.keys() >= ON_PAGES, request
            assert answer.headers["x-frame-options"] == "DENY"
            assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", answer.text), request
            for sheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text):
                found = client.get(sheet).headers["content-type"]
                assert found.startswith("text/css") or "/dist/" in sheet, f"{request}: {sheet} is {found}"
    assert pages > 10


def test_public_layers_may_be_read_by_pages_of_other_origins(client: httpx.Client, admin: tuple[str, str]) -> None:
    elsewhere = {"Origin": "https://map.example"}
    for path in ("/ogc", "/ogc/collections/parcels/items", "/ogc/collections/parcels/schema", "/ogc/collections"):
        headers = client.get(path, headers=elsewhere).headers
        assert headers["access-control-allow-origin"] == "*", path
        assert headers["cross-origin-resource-policy"] == "cross-origin", path
        assert "access-control-allow-credentials" not in headers, path
    for path in ("/api/v1/me", "/ogc/collections/parcels-staff/items", "/ogc/collections", "/api/v1/parcels"):
        headers = client.get(path, headers=elsewhere, auth=admin).headers
        assert "access-control-allow-origin" not in headers, path
    preflight = client.options("/api/v1/search", headers=elsewhere | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers


def test_hsts_is_said_over_https_only(client: httpx.Client) -> None:
    told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    for path in ("/", "/ogc", "/nowhere", "/ogc?f=" + "x" * 9000):
        assert client.get(path, headers=told).headers.get("strict-transport-security") == "max-age=31536000", path[:9]
        assert "strict-transport-security" not in client.get(path).headers


def test_hsts_is_off_unless_it_is_wanted(settings: Settings) -> None:
    with behind_proxy(settings) as client:
        told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        assert "strict-transport-security" not in client.get("/ogc", headers=told).headers


def test_a_role_changes_what_is_seen_and_so_what_is_kept(office: Settings, client: httpx.Client) -> None:
    """A viewer sees the staff layer without persons: still nobody else's."""
    viewer = run(office, lambda connection: make_account(connection, "viewer", Grant(Role.VIEWER)))
    answer = client.get("/ogc/collections/parcels-staff/items", auth=viewer)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
