"""What is too large, too deep, too slow or no request at all, against `gisland serve`: told or cut off, never fatal."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gisland.registry.fields import MOST_POSITIONS
from gisland.security.entrance import MOST_DEPTH, depth_of
from gisland.security.head import MOST_BYTES
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.live import LiveServer, start_server
from tests.security.client import behind_proxy

SEARCH = "/api/v1/search"
BODY = 20_000


@pytest.fixture(scope="module")
def served(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Path]]:
    """A server with one worker, small limits, and its log."""
    path = tmp_path_factory.mktemp("sizes") / "log"
    with clone_of(server) as clone, path.open("wb") as log:
        settings = clone.model_copy(update={"workers": 1, "body_max_bytes": BODY, "body_seconds": 1})
        with start_server(settings, log=log) as live:
            yield live, path
    text = path.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert not re.search(r'"error": "(?!OperationalError)', text), "nothing unexpected"


@pytest.fixture
def client(served: tuple[LiveServer, Path]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[0].url, auth=served[0].admin, timeout=30) as client:
        yield client


@pytest.fixture
def wire(served: tuple[LiveServer, Path]) -> Iterator[socket.socket]:
    url = httpx.URL(served[0].url)
    with socket.create_connection((url.host, url.port), timeout=20) as wire:
        yield wire


def answered(wire: socket.socket) -> bytes:
    """All that comes until the other side closes, or has nothing more to say."""
    wire.settimeout(3)
    parts = []
    try:
        while part := wire.recv(65_536):
            parts.append(part)
    except (TimeoutError, ConnectionResetError):
        pass
    return b"".join(parts)


def told(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    return body


def test_a_long_address_is_refused(client: httpx.Client) -> None:
    assert client.get("/ogc/collections", params={"f": "json"}).status_code == 200
    told(client.get("/ogc/collections", params={"f": "x" * 8200}), 414)
    told(client.get("/" + "x" * 8200), 414)


def test_large_headers_are_refused(client: httpx.Client) -> None:
    told(client.get("/ogc", headers={"X-Large": "x" * 40_000}), 431)
    told(client.get("/ogc", headers=[(f"X-{number}", "x" * 100) for number in range(400)]), 431)


def test_a_large_body_is_refused_by_what_it_says_and_by_what_comes(client: httpx.Client) -> None:
    large = b'{"text": "' + b"x" * BODY + b'"}'

    def streamed() -> Iterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    json_type = {"Content-Type": "application/json"}
    for content in (large, streamed()):
        answer = client.post(SEARCH, content=content, headers=json_type)
        assert "20000" in told(answer, 413)["hint"]
        assert answer.headers["connection"] == "close"
    assert client.post(SEARCH, json={"text": "tờ 1 thửa 1"}).status_code == 200


def nested(depth: int) -> bytes:
    return b'{"text": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_depth() -> None:
    assert depth_of(b"[" * 40 + b"]" * 40) == 40
    assert depth_of(b'{"a":[' * 20 + b"]}" * 20) == 40
    assert depth_of(b"[" + b"[]," * 100 + b"0]") == 2
    assert depth_of(b'["' + b"[" * 100 + b'", "\\"' + b"[" * 100 + b'\\\\", []]') == 2
    assert depth_of(b'["\\\\", ' + b"[" * 50) == 51, "an escaped backslash ends no string"
    assert depth_of(b"") == 0
    assert depth_of(b'"' + b"[" * 100) == 0, "a string without end"
    assert depth_of(b"]" * 100) == 0


def test_depth_of_large_bodies_is_found_at_once() -> None:
    for piece in (b"[]", b"[", b'"', b'\\"', b'"["'):
        begun = time.perf_counter()
        depth_of(b"[" * 40 + piece * (4_000_000 // len(piece)))
        assert time.perf_counter() - begun < 2


def test_a_deep_body_is_refused(client: httpx.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    told(client.post(SEARCH, content=nested(MOST_DEPTH + 1), headers=json_type), 400)
    told(client.post(SEARCH, content=nested(9000), headers=json_type), 400)
    # In a coding where brackets cannot be told from letters, and strings never end: no answer but a refusal either.
    told(client.post(SEARCH, content=("∢" + "[" * 4000).encode("utf-16"), headers=json_type), 400)
    refused = client.post(SEARCH, content=nested(MOST_DEPTH), headers=json_type)
    assert "nested" not in told(refused, 400)["detail"], "it is wrong, but not too deep"


def test_a_body_that_does_not_come_is_not_waited_for(wire: socket.socket) -> None:
    wire.sendall(b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    answer = answered(wire)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX: ", b"GET /"])
def test_an_endless_head_is_cut_off(wire: socket.socket, head: bytes) -> None:
    wire.sendall(head)
    sent = 0
    try:
        while sent < 20 * MOST_BYTES:
            sent += wire.send(b"x" * 65_536)
    except ConnectionError:
        pass
    assert sent < 20 * MOST_BYTES, "nobody stopped it"


MALFORMED = [
    b"\0" * 1000,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nCookie: \xff\xfe\r\nAuthorization: Basic \xff\r\n\r\n",
    b'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \xff, ;="\r\nForwarded: for="\r\n\r\n',
    b"GET //evil.example/..%2f..%2f HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%00%ff%c0%ae HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /ogc?f=%ff%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /ogc HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}{",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
]


def test_no_malformed_request_ends_a_worker(served: tuple[LiveServer, Path]) -> None:
    url = httpx.URL(served[0].url)
    pieces = random.Random(1)
    garbage = [pieces.randbytes(pieces.randrange(1, 3000)) for _ in range(30)]
    statuses = set()
    for request in [*MALFORMED, *garbage]:
        with socket.create_connection((url.host, url.port), timeout=20) as wire:
            wire.sendall(request)
            wire.shutdown(socket.SHUT_WR)
            answer = answered(wire)
        status = re.match(rb"HTTP/1\.1 (\d+) ", answer)
        statuses.add(status[1] if status else b"")
        assert not status or int(status[1]) < 500, request
    assert b"400" in statuses
    assert httpx.get(f"{url}/health/ready").status_code == 200
    log = served[1].read_text(encoding="utf-8")
    assert len(re.findall("Started server process", log)) <= 1, "no worker was started anew"


def test_a_shape_has_a_bounded_number_of_vertices(settings: Settings, admin: tuple[str, str]) -> None:
    def unit(positions: int) -> dict[str, Any]:
        ring = [[106 + number * 1e-7, 20.0] for number in range(positions - 1)]
        shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        why = {"reason": "kiểm thử"}
        return {"change": why, "level": "ward", "code": "90002", "name": "x", "srid": 9210, "geometry": shape}

    with behind_proxy(settings) as client:
        client.headers["Content-Type"] = "application/json"
        answer = client.post("/api/v1/units", content=json.dumps(unit(MOST_POSITIONS + 1)), auth=admin)
        assert answer.status_code == 400
        assert "too many positions" in answer.text
        # As many as may be are looked at: this one is flat.
        assert client.post("/api/v1/units", content=json.dumps(unit(MOST_POSITIONS)), auth=admin).status_code == 422
