"""`/metrics` in Prometheus' text format: what was asked of the web workers, and what waits.

Each worker counts in a file of its own (prometheus_client's multiprocess mode), so that whichever answers tells of all;
`serve_web` makes their folder. What waits is asked of the database at each scrape.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from psycopg import AsyncConnection

from gisland.audit.alerts.store import ATTEMPTS
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the library knows that there are several processes."""

_registry = CollectorRegistry()
_requests = Counter(
    "gisland_requests", "Requests by class of route and status class", ["route", "status"], registry=_registry
)
_seconds = Histogram(
    "gisland_request_seconds",
    "Seconds until the last byte of an answer was handed over",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_registry,
)

# A closed list: neither an id nor what somebody made up becomes a label.
_API = {
    "search": "search",
    "audit": "audit",
    "alerts": "audit",
    "prints": "prints",
    "layers": "layers",
    "palette": "layers",
    **dict.fromkeys(("me", "session", "sessions", "tokens", "accounts", "grants"), "account"),
}
_FIRST = {
    "": "pages",
    "account": "pages",
    "admin": "pages",
    "print": "pages",
    "static": "static",
    "health": "health",
    "metrics": "metrics",
}
_OGC = ("items", "tiles", "styles")

_STATE = """
    SELECT (SELECT count(*) FROM audit.alert WHERE acknowledged_at IS NULL),
           (SELECT count(*) FROM audit.delivery WHERE delivered_at IS NULL AND attempts < %(attempts)s),
           (SELECT count(*) FROM audit.delivery JOIN audit.alert ON alert.id = alert_id
             WHERE delivered_at IS NULL AND attempts >= %(attempts)s AND acknowledged_at IS NULL),
           events, coalesce(extract(epoch FROM now() - since), 0)::float8,
           greatest(coalesce((SELECT max(position) FROM audit.seal), 0) - watch.position, 0),
           coalesce(extract(epoch FROM now() - proven_at), 'NaN')::float8
      FROM audit.watch, audit.unsealed()
"""
_ALERTS = "SELECT severity, count(*) FROM audit.alert WHERE acknowledged_at IS NULL GROUP BY severity"
_JOBS = "SELECT queue_name, status::text, count(*) FROM jobs.procrastinate_jobs GROUP BY queue_name, status"

router = APIRouter(include_in_schema=False)


def route_class(path: str) -> str:
    """To which class of routes a path belongs."""
    first, _, rest = path[1:].partition("/")
    if first == "ogc":
        return next((name for name in _OGC if f"/{name}" in rest), "ogc")
    if first == "api":
        return _API.get(rest.removeprefix("v1/").partition("/")[0], "registry")
    return _FIRST.get(first, "other")


def count_request(path: str, status: int, seconds: float) -> None:
    """Count a request that was answered; status 0: its client had gone."""
    requests, duration = _children(route_class(path), status // 100)
    requests.inc()
    duration.observe(seconds)


@cache
def _children(route: str, hundreds: int) -> tuple[Counter, Histogram]:
    """The library looks them up anew each time, which takes as long as counting."""
    status = f"{hundreds}xx" if hundreds else "none"
    return _requests.labels(route, status), _seconds.labels(route)


@router.get("/metrics")
async def metrics(
    request: Request, _: Annotated[Subject, Depends(Require(Permission.METRICS_READ, work=None))]
) -> Response:
    """What Prometheus scrapes, signed in by a token with `metrics:read` (`authorization: credentials`)."""
    async with state_of(request).pools.app.connection() as connection:
        waiting = await _waiting(connection)
    return Response(_counted() + generate_latest(waiting), media_type=CONTENT_TYPE_LATEST, headers=PRIVATE)


def _counted() -> bytes:
    if FOLDER not in os.environ:
        return generate_latest(_registry)
    of_all = CollectorRegistry()
    multiprocess.MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]  # the library's
    return generate_latest(of_all)


async def _waiting(connection: AsyncConnection) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, told: str, value: float) -> None:
        Gauge(f"gisland_{name}", told, registry=registry).set(value)

    row = await (await connection.execute(_STATE, {"attempts": ATTEMPTS})).fetchone()
    assert row is not None
    gauge("alerts_open", "Alerts that nobody has acknowledged", row[0])
    gauge("alert_deliveries_waiting", "Messages about alerts that have not gone out, and are tried again", row[1])
    gauge("alert_deliveries_failed", "Messages about open alerts that were tried in vain, and are no more", row[2])
    gauge("audit_unsealed_events", "Events of the audit log that are not sealed yet", row[3])
    gauge("audit_unsealed_seconds", "Age of the oldest of them: how far the sealer is behind", row[4])
    gauge("audit_unwatched_events", "Sealed events that no rule of alerts has looked at", row[5])
    gauge("audit_proven_age_seconds", "Since the whole chain was proven; NaN: not since it was begun", row[6])
    severities = Gauge("gisland_alerts_open_by_severity", "The same by severity", ["severity"], registry=registry)
    for severity in ("high", "medium", "low"):
        severities.labels(severity).set(0)
    for severity, count in await (await connection.execute(_ALERTS)).fetchall():
        severities.labels(severity).set(count)
    jobs = Gauge("gisland_jobs", "Jobs by queue and status", ["queue", "status"], registry=registry)
    for queue, status, count in await (await connection.execute(_JOBS)).fetchall():
        jobs.labels(queue, status).set(count)
    return registry
