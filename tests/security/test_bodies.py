"""What comes before anybody is known is bounded in all: many large bodies at once do not fill the memory."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from gisland.errors import Busy
from gisland.security.limits import FREE_BYTES, PART, Limits, Visit
from gisland.settings import Settings
from tests.publish.conftest import serving
from tests.security.client import PROXY

BODY = 400_000


def limits() -> Limits:
    return Limits(Settings(body_max_bytes=BODY, bodies_max_bytes=1024))


def test_an_address_holds_its_part_and_gives_it_back() -> None:
    held = limits()
    first, second, other = Visit("a", limited=True), Visit("a", limited=True), Visit("b", limited=True)
    held.holds(first, BODY)
    held.holds(first, BODY)
    held.holds(second, FREE_BYTES)
    with pytest.raises(Busy):
        held.holds(second, FREE_BYTES + FREE_BYTES + 1)
    held.holds(other, BODY)
    held.leaves(first)
    held.holds(second, BODY)


def test_all_together_hold_no_more() -> None:
    held = limits()
    visits = [Visit("here", limited=False) for _ in range(PART)]
    for visit in visits:
        held.holds(visit, BODY)
    with pytest.raises(Busy):
        held.holds(Visit("here", limited=False), BODY)
    held.holds(Visit("here", limited=False), FREE_BYTES)
    for visit in visits:
        held.leaves(visit)
    assert (held._held, held._held_of) == (0, {})


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    changes = {"workers": 1, "body_max_bytes": BODY, "bodies_max_bytes": 1024, "body_seconds": 20}
    with serving(settings.model_copy(update=PROXY | changes)) as client:
        yield client


def send(client: httpx.Client, address: str, size: int) -> socket.socket:
    """Begin a request with a large body, and do not end it."""
    wire = socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=20)
    head = f"POST /api/v1/search HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\nContent-Length: {BODY}\r\n\r\n"
    wire.sendall(head.encode() + b" " * size)
    return wire


def test_half_sent_bodies_of_one_address_keep_out_its_own_only(client: httpx.Client) -> None:
    search = {"text": "tờ 1 thửa 1"}
    with ExitStack() as open_:
        for _ in range(2):
            open_.enter_context(send(client, "203.0.113.7", BODY // 3))
        third = open_.enter_context(send(client, "203.0.113.7", BODY // 2))
        assert third.recv(100).startswith(b"HTTP/1.1 503 ")
        # Small ones, and those of others, are answered.
        for address in ("203.0.113.7", "203.0.113.8"):
            answer = client.post("/api/v1/search", json=search, headers={"X-Forwarded-For": address})
            assert answer.status_code == 401
        large = {"text": "x" * 100_000}
        answer = client.post("/api/v1/search", json=large, headers={"X-Forwarded-For": "203.0.113.8"})
        assert answer.status_code == 401
    # They have gone: nothing is held any more.
    for _ in range(5):
        answer = client.post("/api/v1/search", json={"text": "x" * 300_000}, headers={"X-Forwarded-For": "203.0.113.7"})
        if answer.status_code == 401:
            return
    raise AssertionError(answer.status_code)
