"""`/metrics`: what all workers counted, and what waits; for those who may read it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gisland.database import run
from gisland.metrics import route_class
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import make_account
from tests.live import LiveServer, start_server


@pytest.fixture(scope="module")
def measured(server: Settings) -> Iterator[LiveServer]:
    """A server with two workers."""
    with clone_of(server) as settings, start_server(settings.model_copy(update={"workers": 2})) as live:
        yield live


def scrape(live: LiveServer, token: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus reads."""
    answer = httpx.get(f"{live.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "private, no-store"
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def token_of(live: LiveServer) -> str:
    wanted = {"name": "Prometheus", "permissions": ["metrics:read"]}
    made = httpx.post(f"{live.url}/api/v1/tokens", auth=live.admin, json=wanted, timeout=30)
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


def test_all_workers_count_together(measured: LiveServer) -> None:
    token = token_of(measured)
    key = ("gisland_requests_total", frozenset({("route", "items"), ("status", "2xx")}))
    before = scrape(measured, token).get(key, 0)
    for _ in range(30):
        # A connection each: another worker may take it.
        assert httpx.get(f"{measured.url}/ogc/collections/parcels/items?limit=1").status_code == 200
    httpx.get(f"{measured.url}/ogc/collections/nothing/items")
    found = [scrape(measured, token) for _ in range(6)]
    assert {each[key] for each in found} == {before + 30}, "whichever answers"
    assert found[0]["gisland_requests_total", frozenset({("route", "items"), ("status", "4xx")})] >= 1
    assert found[0]["gisland_request_seconds_count", frozenset({("route", "items")})] >= 31
    assert found[0]["gisland_request_seconds_sum", frozenset({("route", "items")})] > 0


def test_what_waits(measured: LiveServer) -> None:
    found = scrape(measured, token_of(measured))
    names = {name for name, _ in found}
    assert {"gisland_alerts_open", "gisland_audit_unsealed_events", "gisland_audit_unwatched_events"} <= names
    assert found["gisland_audit_unsealed_events", frozenset()] > 0, "nothing seals here"
    assert found["gisland_audit_unsealed_seconds", frozenset()] > 0
    assert found["gisland_alerts_open_by_severity", frozenset({("severity", "high")})] == 0
    assert httpx.post(f"{measured.url}/api/v1/alerts/test", auth=measured.admin, timeout=30).status_code == 202
    assert scrape(measured, token_of(measured))["gisland_alerts_open", frozenset()] == 1


def test_messages_that_were_given_up_wait_no_more(measured: LiveServer) -> None:
    token = token_of(measured)

    def counted() -> tuple[float, float]:
        found = scrape(measured, token)
        return tuple(found[f"gisland_alert_deliveries_{each}", frozenset()] for each in ("waiting", "failed"))  # type: ignore[return-value]  # of two

    def do(query: str) -> None:
        run(measured.settings, lambda connection: connection.execute(query.encode()))

    alert = "SELECT max(id) FROM audit.alert"
    do(
        "INSERT INTO audit.alert (rule, key, severity, first_at, last_at, amount)"
        " VALUES ('x', 'y', 'low', now(), now(), 1)"
    )
    before = counted()
    do(f"INSERT INTO audit.delivery (alert_id, way) SELECT id, 'mail' FROM ({alert}) a (id)")
    assert counted() == (before[0] + 1, before[1])
    do(f"UPDATE audit.delivery SET attempts = 10 WHERE alert_id = ({alert})")
    assert counted() == (before[0], before[1] + 1)
    do(f"UPDATE audit.alert SET acknowledged_at = now(), acknowledged_by = 'account:an' WHERE id = ({alert})")
    assert counted() == before


def test_no_label_is_made_by_a_request(measured: LiveServer) -> None:
    httpx.get(f"{measured.url}/999070000001/../x/{'y' * 50}")
    httpx.request("BREW", f"{measured.url}/ogc")
    labels = {label for _, labels in scrape(measured, token_of(measured)) for _, label in labels}
    assert not [label for label in labels if "999" in label or "y" * 50 in label or "BREW" in label]


@pytest.mark.parametrize("role", [None, *(role for role in Role if role not in {Role.ADMIN, Role.GROUP_HEAD})])
def test_who_may(measured: LiveServer, role: Role | None) -> None:
    auth = None
    if role is not None:
        auth = run(measured.settings, lambda connection: make_account(connection, f"m.{role}", Grant(role)))
    assert httpx.get(f"{measured.url}/metrics", auth=auth, timeout=30).status_code == (401 if role is None else 403)
    assert httpx.get(f"{measured.url}/metrics", auth=measured.admin, timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "pages"),
        ("/admin/alerts", "pages"),
        ("/static/dist/app.js", "static"),
        ("/health/ready", "health"),
        ("/metrics", "metrics"),
        ("/ogc", "ogc"),
        ("/ogc/collections/parcels/items/12", "items"),
        ("/ogc/collections/parcels/tiles/WebMercatorQuad/1/2/3", "tiles"),
        ("/api/v1/search", "search"),
        ("/api/v1/holders/12", "registry"),
        ("/api/v1/audit/events.csv", "audit"),
        ("/api/v1/alerts", "audit"),
        ("/api/v1/prints/products", "prints"),
        ("/api/v1/layers/parcels/counts", "layers"),
        ("/api/v1/me", "account"),
        ("/wp-login.php", "other"),
    ],
)
def test_classes_of_routes(path: str, route: str) -> None:
    assert route_class(path) == route
