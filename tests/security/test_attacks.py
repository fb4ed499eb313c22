"""The OWASP API Security Top Ten (2023): what was tried, and where.

API1   objects of others        test_matrix_routes: every route with ids of other wards; test_matrix: by filter, by
                                links from own records
API2   authentication           test_lockout, test_tokens, test_sessions: guessing, replay, ended rights, CSRF
API3   properties               here: fields that no request may set; test_matrix: fields that are masked
API4   consumption              test_limits, test_sizes, test_bodies, publish/test_cost, kit/test_uploads; here: texts
                                that make patterns and grammars slow
API5   functions of others      test_matrix_routes; test_architecture: each route and command has its guard
API6   sensitive flows          reveal: with a reason, audited, one at a time (registry/test_identity); many reveals:
                                somebody is told (test_probing, from the requests to the alert)
API7   forged server requests   here: nobody comes to an address that requests name; audit/alerts/test_outside: webhook
API8   misconfiguration         test_headers, test_secrets, test_doctor
API9   inventory                here: what is served is described, and nothing else; schemathesis plays all of it
API10  other services           audit/alerts/test_outside, test_mail: webhook and mail server are told; answers that
                                lead elsewhere, drip or never end change nothing and hold nobody up

Injection into SQL and CQL2: here, by texts that end literals, comments and identifiers, at every place where text comes
in, and within every literal of a filter. What a filter means is proven in publish/cql2.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from gisland.app import create_app
from gisland.database import Role, connect, run
from gisland.errors import UsageError
from gisland.publish.cql2.filter import parse_filter
from gisland.publish.cql2.literals import MOST_VERTICES
from gisland.registry.kinds import KINDS, Kind
from gisland.security.permissions import Role as Has
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.factories import make_account, one
from tests.live import LiveServer
from tests.test_architecture import routes

ITEMS = "/ogc/collections/parcels/items"
STAFF = "/ogc/collections/parcels-staff/items"
# What ends a text, a comment, an identifier, a placeholder, a dollar quote, a JSON text or a pattern.
BITS = ["'", '"', "\\", ";", "--", "/*", "*/", "$$", "%", "%s", "{0}", ")", "(", "\u2019", "ʼ", "\u0000", "\n", "😀"]
BITS += ["OR 1=1", "pg_sleep(9)", "UNION SELECT", "DROP TABLE registry.holder", "$(id)", "${jndi:}", "1", "a", "đ", " "]
ATTACKS = st.lists(st.sampled_from(BITS), min_size=1, max_size=8).map("".join)
# 307: a path with a slash at its end leads to the one without.
REFUSED_OR_FOUND = {200, 307, 400, 401, 403, 404, 405, 414, 422}
# A text has four or five bits: with eight texts, each bit comes at some of the places; in the proof, at each of them.
several = pytest.mark.parametrize("examples", [8, pytest.param(300, marks=pytest.mark.proof)])


@pytest.fixture(scope="module")
def client(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, auth=live_server.admin, timeout=15) as client:
        yield client


@pytest.fixture(scope="module")
def officer(live_server: LiveServer) -> Iterator[httpx.Client]:
    """Somebody of the ward, whose questions are asked under row-level security."""

    def hire(connection: Connection) -> tuple[str, str]:
        ward = one(connection, "SELECT id FROM registry.unit WHERE level = 'ward' ORDER BY id LIMIT 1")
        return make_account(connection, "officer.under.attack", Grant(Has.OFFICER, ward))

    auth = run(live_server.settings, hire)
    with httpx.Client(base_url=live_server.url, auth=auth, timeout=15) as client:
        yield client


def attack(examples: int, act: Callable[..., None], **texts: st.SearchStrategy[Any]) -> None:
    """Do something with as many texts."""
    settings(max_examples=examples, deadline=None)(given(**texts)(act))()


def unharmed(live_server: LiveServer) -> None:
    with connect(live_server.settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM registry.holder") > 0


@pytest.mark.parametrize(
    "parameter",
    [
        *("bbox", "bbox-crs", "crs", "datetime", "limit", "cursor", "as-of", "f", "lang", "parcel_no", "sheet_no", "x"),
        *("filter", "filter-lang", "filter-crs", "sortby", "properties", "skipGeometry", "q"),
    ],
)
@several
def test_parameters_of_items(client: httpx.Client, live_server: LiveServer, parameter: str, examples: int) -> None:
    def ask(text: str) -> None:
        for path in (ITEMS, STAFF):
            answer = client.get(path, params={parameter: text})
            assert answer.status_code in REFUSED_OR_FOUND, (parameter, text)

    attack(examples, ask, text=ATTACKS)
    unharmed(live_server)


@several
def test_paths(client: httpx.Client, live_server: LiveServer, examples: int) -> None:
    tiles = "/ogc/collections/parcels/tiles/WebMercatorQuad"
    paths = (
        *("/ogc/collections/{}", f"{ITEMS}/{{}}", "/api/v1/parcels/{}", "/api/v1/codes/{}", "/static/{}"),
        *("/ogc/styles/{}", "/ogc/styles/{}/legend", f"{tiles}/{{}}/1/1", f"{tiles}/14/{{}}/1", "/api/v1/alerts/{}"),
    )

    def ask(text: str) -> None:
        part = "".join(f"%{each:02x}" for each in text.encode())
        for path in paths:
            assert client.get(path.format(part)).status_code in REFUSED_OR_FOUND, (path, text)

    attack(examples, ask, text=ATTACKS)
    unharmed(live_server)


# What a text may stand within; a quote of its own is doubled or not.
FILTERS = [
    *("parcel_no = '{}'", "parcel_no LIKE '{}'", "CASEI(parcel_no) = CASEI('{}')", "ACCENTI(parcel_no) LIKE '{}%'"),
    *("parcel_no IN ('{}','a')", '"{}" = 1', "{} = 1", "{}('a') = 1", "valid_from > DATE('{}')", "area_m2 > {}"),
    *("S_INTERSECTS(geometry, POINT({} 1))", "S_INTERSECTS(geometry, BBOX(1,1,2,{}))", "parcel_no = 'a' {}"),
]


@pytest.mark.parametrize("within", FILTERS)
@several
def test_filters(client: httpx.Client, live_server: LiveServer, within: str, examples: int) -> None:
    def ask(text: str, doubled: bool) -> None:
        said = within.replace("{}", text.replace("'", "''") if doubled else text)
        for path in (ITEMS, STAFF):
            begun = time.monotonic()
            answer = client.get(path, params={"filter": said, "limit": 1})
            assert answer.status_code in REFUSED_OR_FOUND, said
            assert time.monotonic() - begun < 9, "pg_sleep"

    attack(examples, ask, text=ATTACKS, doubled=st.booleans())
    unharmed(live_server)


OPS = st.sampled_from(["=", "like", "casei", "in", "s_intersects", "isNull", "t_after", "a_overlaps"])


@several
def test_filters_in_json(client: httpx.Client, live_server: LiveServer, examples: int) -> None:
    def ask(text: str, op: str) -> None:
        for name, value in (("parcel_no", text), (text, "1"), ("geometry", {"type": text, "coordinates": [text]})):
            said = json.dumps({"op": op, "args": [{"property": name}, value]})
            answer = client.get(ITEMS, params={"filter": said, "filter-lang": "cql2-json", "limit": 1})
            assert answer.status_code in REFUSED_OR_FOUND, said

    attack(examples, ask, text=ATTACKS, op=OPS)
    unharmed(live_server)


@pytest.mark.parametrize("text", ["' OR '1'='1", "1' OR 1=1 --", "%' OR '%'='", "') OR ('1'='1"])
def test_a_text_is_a_text(client: httpx.Client, text: str) -> None:
    """What would be all features if it were SQL are none."""
    doubled = text.replace("'", "''")
    for said in (f"parcel_no = '{doubled}'", f"CASEI(parcel_no) = CASEI('{doubled}')", f"parcel_no IN ('{doubled}')"):
        answer = client.get(ITEMS, params={"filter": said})
        assert answer.status_code == 200, answer.text
        assert answer.json()["features"] == []


LONG = 7000
SLOW = {
    "filter": [
        *(
            "(" * LONG,
            "NOT " * 1700 + "1=1",
            "a" * LONG,
            "1=1" + " AND 1=1" * 800,
            "'" * LONG,
            "parcel_no LIKE '" + "%a" * 3000 + "'",
        ),
        *(
            "parcel_no LIKE '" + "_%" * 3000 + "b'",
            "-" * LONG,
            "1" + "0" * LONG + "=1",
            "POLYGON((" + "1 1," * 1500 + "1 1))",
        ),
        *("CASEI(" * 1000 + "parcel_no" + ")" * 1000 + "='a'", " " * LONG + "!", '"' + "a" * LONG, "/*" * 3000),
    ],
    "datetime": ["1" * LONG, "2020-01-01T" + "0" * LONG, "/" * LONG, "2" * 3000 + "/" + "3" * 3000],
    "q": ["a " * 3000, "a" * LONG, "&|!()" * 1000, "'" * LONG, "á" * 1000, "a:*" * 2000],
    "sortby": ["id," * 2000 + "id", "-" * LONG, "+" * LONG],
    "bbox": ["1," * 3000, "1" * LONG, "1e" + "9" * 3000 + ",1,1,1"],
    "properties": ["id," * 2000, "," * LONG],
    "as-of": ["9" * LONG, "2020-01-01T00:00:00." + "1" * LONG + "Z"],
    "cursor": ["A" * LONG, "=" * LONG],
}


@pytest.mark.parametrize("parameter", SLOW)
def test_no_text_makes_a_pattern_or_a_grammar_slow(client: httpx.Client, parameter: str) -> None:
    for text in SLOW[parameter]:
        begun = time.monotonic()
        answer = client.get(STAFF, params={parameter: text, "limit": 1})
        assert answer.status_code in REFUSED_OR_FOUND, (parameter, text[:40])
        assert time.monotonic() - begun < 8, (parameter, text[:40])


def test_no_text_makes_the_search_slow(client: httpx.Client) -> None:
    texts = [
        "a" * 500,
        "1/" * 200,
        "tờ " * 100,
        "9" * 400,
        "nguyễn " * 60,
        "%_" * 200,
        "thửa 1 tờ " * 40,
        " " * 400 + "x",
    ]
    for text in texts:
        begun = time.monotonic()
        assert client.post("/api/v1/search", json={"text": text}).status_code in REFUSED_OR_FOUND, text[:40]
        assert time.monotonic() - begun < 8, text[:40]


@several
def test_search(client: httpx.Client, officer: httpx.Client, live_server: LiveServer, examples: int) -> None:
    def ask(text: str) -> None:
        for each in (client, officer):
            answer = each.post("/api/v1/search", json={"text": text})
            assert answer.status_code in REFUSED_OR_FOUND, text

    attack(examples, ask, text=ATTACKS)
    unharmed(live_server)


@pytest.mark.parametrize("name", ["code", "parcel_no", "cursor", "as_of", "geometry", "state", "kind", "ward_id"])
@several
def test_filters_of_records(
    client: httpx.Client, officer: httpx.Client, live_server: LiveServer, name: str, examples: int
) -> None:
    """As an administrator, and as an officer, whose statements have the conditions of their ward in them."""

    def ask(text: str) -> None:
        for kind in ("parcels", "holders", "units", "audit/events"):
            for each in (client, officer):
                answer = each.get(f"/api/v1/{kind}", params={name: text})
                assert answer.status_code in REFUSED_OR_FOUND, (kind, name, text)
        assert officer.get(f"{STAFF}", params={name: text}).status_code in REFUSED_OR_FOUND

    attack(examples, ask, text=ATTACKS)
    unharmed(live_server)


# Each costs what a wrong password does.
@pytest.mark.parametrize("examples", [10, pytest.param(60, marks=pytest.mark.proof)])
def test_credentials(live_server: LiveServer, examples: int) -> None:
    def ask(name: str, secret: str) -> None:
        answer = httpx.get(f"{live_server.url}/api/v1/me", auth=(name.replace(":", ""), secret))
        assert answer.status_code in {401, 429}

    attack(examples, ask, name=ATTACKS, secret=ATTACKS)


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
    """What looks like an address is text: nobody comes to where it leads."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/latest/meta-data"
        for headers in (
            {"X-Forwarded-Host": "evil.example"},
            {"Referer": address},
            {"X-Original-URL": "/api/v1/holders"},
        ):
            answer = client.get("/ogc", headers=headers)
            assert answer.status_code == 200
            assert "evil.example" not in answer.text
        for name in ("crs", "bbox-crs", "filter-crs", "f", "profile", "schema", "q"):
            assert client.get(ITEMS, params={name: address}).status_code in REFUSED_OR_FOUND
        assert client.get(ITEMS, params={"crs": address}).status_code == 400
        for path, body in (
            ("/api/v1/search", {"text": address}),
            ("/api/v1/prints", {"product": address, "inputs": {"ward": address, "reason": address, "url": address}}),
            ("/api/v1/alerts/1/acknowledge", {"note": address}),
            ("/ogc/processes/atlas/execution", {"inputs": {"ward": address}, "subscriber": {"successUri": address}}),
        ):
            client.post(path, json=body)
        listening.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listening.accept()


# Addresses below /api/v1 that describe the rest, or are read by programs of gisland's own pages only.
UNDESCRIBED = {"/api/v1/openapi.json"}


def test_what_is_served_is_described_and_nothing_else(client: httpx.Client) -> None:
    """OWASP API9: no address that nobody knows of. By methods, too."""
    paths = client.get("/api/v1/openapi.json", timeout=60).json()["paths"]
    described = {
        (method.upper(), path if path.startswith("/api/") else f"/api/v1{path}")
        for path, each in paths.items()
        for method in each
        if method in {"get", "post", "patch", "put", "delete"}
    }
    served = {
        (method, re.sub(r":\w+\}", "}", route.path))
        for route in routes(create_app(Settings()).routes)
        if route.path.startswith("/api/v1/") and route.path not in UNDESCRIBED
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_of_a_filter_the_length_of_the_address_counts_and_then_its_vertices(client: httpx.Client) -> None:
    """In a request the address ends first; a filter of a command has no address, and there the vertices count."""
    ring = "POLYGON((" + ",".join(["1 1"] * 2100) + "))"
    answer = client.get(ITEMS, params={"filter": f"S_INTERSECTS(geometry, {ring})"})
    assert answer.status_code == 414
    for vertices, refused in ((MOST_VERTICES, False), (MOST_VERTICES + 1, True)):
        # A corner, as many points on the way, and back.
        points = [f"{106 + number / 10_000} 20" for number in range(vertices - 2)]
        text = f"S_INTERSECTS(geometry, POLYGON(({','.join([*points, '107 21', points[0]])})))"
        if refused:
            with pytest.raises(UsageError, match="vertices"):
                parse_filter(text, "cql2-text")
        else:
            parse_filter(text, "cql2-text")
