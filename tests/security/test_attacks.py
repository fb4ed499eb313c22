"""The OWASP API Security Top Ten (2023): what was tried, and where.

API1   objects of others        test_matrix: records of another ward by id, by filter, by links from own records
API2   authentication           test_lockout, test_tokens, test_sessions: guessing, replay, ended rights, CSRF
API3   properties               here: fields that no request may set; test_matrix: fields that are masked
API4   consumption              test_limits, test_sizes, publish/test_cost, kit/test_uploads
API5   functions of others      test_matrix; test_architecture: each route and command has its guard
API6   sensitive flows          reveal: with a reason, audited, one at a time (registry/test_identity)
API7   forged server requests   here: no address of a request is ever opened
API8   misconfiguration         test_headers, test_secrets, test_doctor
API9   inventory                registry/test_openapi: what is served is described, and schemathesis plays it
API10  other services           gisland asks none

Injection into SQL: here, by texts that end literals, comments and identifiers, at every place where text comes in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisland.database import Role, connect
from gisland.registry.kinds import KINDS, Kind
from tests.factories import one
from tests.live import LiveServer

ITEMS = "/ogc/collections/parcels/items"
STAFF = "/ogc/collections/parcels-staff/items"
# What ends a text, a comment, an identifier, a placeholder, a dollar quote, a JSON text or a pattern.
BITS = ["'", '"', "\\", ";", "--", "/*", "*/", "$$", "%", "%s", "{0}", ")", "(", "\u2019", "ʼ", "\u0000", "\n", "😀"]
BITS += ["OR 1=1", "pg_sleep(9)", "UNION SELECT", "DROP TABLE registry.holder", "$(id)", "${jndi:}", "1", "a", "đ", " "]
ATTACKS = st.lists(st.sampled_from(BITS), min_size=1, max_size=8).map("".join)
# 307: a path with a slash at its end leads to the one without.
REFUSED_OR_FOUND = {200, 307, 400, 401, 403, 404, 405, 414, 422}
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def client(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, auth=live_server.admin, timeout=15) as client:
        yield client


def unharmed(live_server: LiveServer) -> None:
    with connect(live_server.settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM registry.holder") > 0


@pytest.mark.parametrize(
    "parameter",
    ["bbox", "bbox-crs", "crs", "datetime", "limit", "cursor", "as-of", "f", "lang", "parcel_no", "sheet_no", "x"],
)
@given(text=ATTACKS)
@FUZZ
def test_parameters_of_items(client: httpx.Client, live_server: LiveServer, parameter: str, text: str) -> None:
    for path in (ITEMS, STAFF):
        answer = client.get(path, params={parameter: text})
        assert answer.status_code in REFUSED_OR_FOUND, (parameter, text)
    unharmed(live_server)


@given(text=ATTACKS)
@FUZZ
def test_paths(client: httpx.Client, live_server: LiveServer, text: str) -> None:
    part = "".join(f"%{each:02x}" for each in text.encode())
    for path in ("/ogc/collections/{}", f"{ITEMS}/{{}}", "/api/v1/parcels/{}", "/api/v1/codes/{}", "/static/{}"):
        assert client.get(path.format(part)).status_code in REFUSED_OR_FOUND, (path, text)
    unharmed(live_server)


@given(text=ATTACKS)
@FUZZ
def test_search(client: httpx.Client, live_server: LiveServer, text: str) -> None:
    answer = client.post("/api/v1/search", json={"text": text})
    assert answer.status_code in REFUSED_OR_FOUND, text
    unharmed(live_server)


@pytest.mark.parametrize("name", ["code", "parcel_no", "cursor", "as_of", "geometry", "state", "kind", "ward_id"])
@given(text=ATTACKS)
@FUZZ
def test_filters_of_records(client: httpx.Client, live_server: LiveServer, name: str, text: str) -> None:
    for kind in ("parcels", "holders", "units", "audit/events"):
        answer = client.get(f"/api/v1/{kind}", params={name: text})
        assert answer.status_code in REFUSED_OR_FOUND, (kind, name, text)
    unharmed(live_server)


@given(name=ATTACKS, secret=ATTACKS)
@FUZZ
def test_credentials(live_server: LiveServer, name: str, secret: str) -> None:
    answer = httpx.get(f"{live_server.url}/api/v1/me", auth=(name.replace(":", ""), secret))
    assert answer.status_code in {401, 429}


WRITABLE = [kind for kind in KINDS.values() if kind.writable]


@pytest.mark.parametrize("kind", WRITABLE, ids=lambda kind: kind.name)
def test_no_request_sets_what_the_database_sets(client: httpx.Client, kind: Kind) -> None:
    closed = kind.record.model_fields.keys() - kind.new.model_fields.keys()
    assert {"id", "version", "updated_at", "changed_by"} <= closed
    for name in [*closed, "id_hash", "id_cipher", "plain_name", "is_admin", "__proto__"]:
        body: dict[str, Any] = {"change": {"reason": "thử"}, **kind.example, name: 1}
        answer = client.post(f"/api/v1/{kind.path}", json=body)
        assert answer.status_code == 400, name
        assert name in answer.text


@pytest.mark.parametrize("kind", WRITABLE, ids=lambda kind: kind.name)
def test_no_patch_sets_what_is_fixed(client: httpx.Client, kind: Kind) -> None:
    for name in kind.record.model_fields.keys() - kind.patch.model_fields.keys():
        body = {"change": {"reason": "thử"}, name: 1}
        answer = client.patch(f"/api/v1/{kind.path}/1", json=body, headers={"If-Match": '"1-0"'})
        assert answer.status_code == 400, name


def test_no_address_of_a_request_is_opened(client: httpx.Client) -> None:
    """What looks like an address is text."""
    address = "http://169.254.169.254/latest/meta-data"
    for headers in ({"X-Forwarded-Host": "evil.example"}, {"Referer": address}, {"X-Original-URL": "/api/v1/holders"}):
        answer = client.get("/ogc", headers=headers)
        assert answer.status_code == 200
        assert "evil.example" not in answer.text
    assert client.get(ITEMS, params={"crs": address}).status_code == 400
