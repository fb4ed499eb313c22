"""A tile that many want at once is drawn once; who comes after a commit sees it all the same. Who leaves stops it."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo
from gisland.publish.tiles.drawing import Drawing
from gisland.publish.tiles.statements import tile_statement
from tests.factories import one
from tests.publish.conftest import Ward, serving
from tests.publish.tiles import STAFF_TILES, TILES, address, features, tile_of

MANY = 6


class Held:
    """Holds what is drawn first until it is let go, and counts what is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drawn = 0
        self.seen, self.go = threading.Event(), threading.Event()
        draw = Drawing._draw

        async def held(drawing: Drawing, *args: Any, **kwargs: Any) -> tuple[int | None, bytes, int]:
            self.drawn += 1
            first = self.drawn == 1
            found = await draw(drawing, *args, **kwargs)
            if first:
                self.seen.set()
                assert await asyncio.to_thread(self.go.wait, 60)
            return found

        monkeypatch.setattr(Drawing, "_draw", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


def path_of(ward: Ward, zoom: int) -> str:
    with connect(ward.settings, Role.PUBLIC) as connection:
        return address(tile_of(connection, ward.parcels[0], zoom))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def queue() -> int:
    """How many wait for tiles that are drawn, in the application of this process."""
    return sum(turn.queue for turn in DRAWINGS[-1]._turns.values())


DRAWINGS: list[Drawing] = []


@pytest.fixture(autouse=True)
def _remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Drawing.__init__

    def remember(drawing: Drawing, *args: Any) -> None:
        made(drawing, *args)
        DRAWINGS.append(drawing)

    monkeypatch.setattr(Drawing, "__init__", remember)


@pytest.mark.parametrize("zoom", [12, 16])
def test_a_tile_that_many_want_is_drawn_once(client: httpx.Client, ward: Ward, held: Held, zoom: int) -> None:
    ward.add_parcels(3)
    path = path_of(ward, zoom)
    with ThreadPoolExecutor(MANY) as pool:
        first = pool.submit(client.get, path)
        assert held.seen.wait(30)
        others = [pool.submit(client.get, path) for _ in range(MANY - 1)]
        until(lambda: queue() == MANY)
        held.go.set()
        answers = [each.result() for each in (first, *others)]
    assert held.drawn == 1
    assert {each.content for each in answers} == {answers[0].content}
    assert answers[0].content


def test_who_comes_after_a_commit_is_not_given_what_was_drawn_before_it(
    client: httpx.Client, ward: Ward, held: Held
) -> None:
    parcel, *_ = ward.add_parcels(3)
    path = path_of(ward, 16)
    with ThreadPoolExecutor(MANY) as pool:
        first = pool.submit(client.get, path)
        assert held.seen.wait(30)
        ward.add_holder(parcel, "verified")
        others = [pool.submit(client.get, path) for _ in range(MANY - 1)]
        until(lambda: queue() == MANY)
        held.go.set()
        old, new = first.result(), [each.result() for each in others]
    assert features(old)[parcel]["verification_status"] != "verified"
    assert {features(each)[parcel]["verification_status"] for each in new} == {"verified"}
    # Once for the first, once for all others.
    assert held.drawn == 2


def test_more_wait_than_there_are_connections(ward: Ward, held: Held) -> None:
    ward.add_parcels(3)
    path = path_of(ward, 16)
    settings = ward.settings.model_copy(update={"pool_size": 1})
    with serving(settings) as client, ThreadPoolExecutor(MANY) as pool:
        found = [pool.submit(client.get, path) for _ in range(MANY)]
        assert held.seen.wait(30)
        held.go.set()
        assert {each.result().status_code for each in found} == {200}


@pytest.mark.parametrize("zoom", [12, 16])
def test_where_nothing_is_kept_each_is_drawn(ward: Ward, held: Held, zoom: int) -> None:
    ward.add_parcels(3)
    path = path_of(ward, zoom)
    settings = ward.settings.model_copy(update={"tile_cache_mb": 0})
    with serving(settings) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.get, path)
        assert held.seen.wait(30)
        # Nobody waits for the one that is under way.
        assert [client.get(path).status_code for _ in range(2)] == [200, 200]
        held.go.set()
        assert first.result().status_code == 200
        assert held.drawn == 3
        # Who has it already is told so, and nothing is drawn for that.
        answer = client.get(path, headers={"If-None-Match": first.result().headers["ETag"]})
        assert (answer.status_code, held.drawn) == (304, 3)


ROOTS = {"staff": STAFF_TILES, "public": TILES, "dataset": "/ogc/tiles/WebMercatorQuad"}


@pytest.mark.parametrize(("root", "zoom"), [("staff", 16), ("public", 16), ("public", 12), ("dataset", 12)])
def test_who_leaves_stops_the_drawing_of_a_tile(
    client: httpx.Client, ward: Ward, admin: tuple[str, str], monkeypatch: pytest.MonkeyPatch, root: str, zoom: int
) -> None:
    ward.add_parcels(3)
    slow = "SELECT NULL::bigint, ''::bytea, 0 FROM pg_sleep(60)"
    monkeypatch.setattr("gisland.publish.tiles.drawing.tile_statement", lambda *_, **__: (slow, {}))
    with connect(ward.settings, Role.STAFF) as connection:
        tile = tile_of(connection, ward.parcels[0], zoom, "published_staff.parcels_staff")
    url = httpx.URL(str(client.base_url))
    key = base64.b64encode(":".join(admin).encode()).decode()
    waiting = socket.create_connection((url.host, url.port or 80))
    head = f"GET {address(tile, ROOTS[root])} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Basic {key}\r\n\r\n"
    waiting.sendall(head.encode())
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = %s AND datname = %s"
    with psycopg.connect(admin_conninfo(ward.settings), autocommit=True) as connection:
        asked = (running, slow, ward.settings.database_name)
        until(lambda: bool(one(connection, *asked) == 1))
        waiting.close()
        until(lambda: bool(one(connection, *asked) == 0))


def test_when_the_one_who_draws_leaves_the_next_one_does(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel, *_ = ward.add_parcels(3)
    path = path_of(ward, 16)
    slow = "SELECT NULL::bigint, ''::bytea, 0 FROM pg_sleep(60)"
    drawn = iter(range(MANY))

    def first_slowly(*given: Any, **more: Any) -> tuple[str, dict[str, object]]:
        return (slow, {}) if next(drawn) == 0 else tile_statement(*given, **more)

    monkeypatch.setattr("gisland.publish.tiles.drawing.tile_statement", first_slowly)
    url = httpx.URL(str(client.base_url))
    leaving = socket.create_connection((url.host, url.port or 80))
    # The same encoding as the other one's: they want the same file.
    accepted = client.headers["accept-encoding"]
    leaving.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nAccept-Encoding: {accepted}\r\n\r\n".encode())
    until(lambda: queue() == 1)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(client.get, path)
        until(lambda: queue() == 2)
        leaving.close()
        assert parcel in features(other.result())
    assert next(drawn) == 2
