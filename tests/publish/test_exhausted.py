"""All database connections of a worker are in use: who comes then waits for a while, and is told when to come again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from psycopg import Connection

from gisland.database import Role, connect
from gisland.settings import Settings
from tests.factories import make_ward, one
from tests.publish.conftest import Ward, serving

WAIT = 0.5
ITEMS = "/ogc/collections/parcels/items"
STAFF = "/ogc/collections/parcels-staff/items"
UNIT = {"change": {"reason": "kiểm thử"}, "level": "ward", "name": "x", "srid": 9210}
Ask = Callable[[httpx.Client], httpx.Response]


def add_unit(code: str) -> Ask:
    return lambda client: client.post("/api/v1/units", json=UNIT | {"code": code})


def get(path: str) -> Ask:
    return lambda client: client.get(path)


def lock(table: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(f"LOCK TABLE {table}".encode())


# What is held by somebody else, who waits for it with the only connection of the pool, and who comes then.
CASES: dict[str, tuple[Callable[[Connection], object], Ask, Ask]] = {
    "items": (lock("published.parcels"), get(ITEMS), get(f"{ITEMS}?limit=1")),
    "page": (lock("published.parcels"), get(ITEMS), get(f"{ITEMS}?f=html")),
    "tile": (lock("published.parcels"), get(ITEMS), get("/ogc/collections/parcels/tiles/WebMercatorQuad/16/0/0")),
    "staff": (lock("published_staff.parcels_staff"), get(STAFF), get(f"{STAFF}?limit=1")),
    "act": (lambda connection: make_ward(connection, "90001"), add_unit("90001"), add_unit("90002")),
}


@contextmanager
def held(settings: Settings, act: Callable[[Connection], object]) -> Iterator[None]:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        act(connection)
        yield
        connection.rollback()


def blocked(settings: Settings) -> None:
    """Wait until a session waits for a lock."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    deadline = time.monotonic() + 30
    with connect(settings, Role.MIGRATOR) as connection:
        while not one(connection, query):
            assert time.monotonic() < deadline
            connection.rollback()
            time.sleep(0.02)


@pytest.mark.parametrize("case", CASES)
def test_who_comes_waits_and_is_told_when_to_come_again(ward: Ward, admin: tuple[str, str], case: str) -> None:
    act, first, second = CASES[case]
    ward.add_parcels(1)
    settings = ward.settings.model_copy(update={"pool_size": 1, "pool_wait_seconds": WAIT})
    with serving(settings) as client, ThreadPoolExecutor(1) as thread:
        client.auth = httpx.BasicAuth(*admin)
        # Who is remembered needs no connection to be let in.
        assert client.get(STAFF).status_code == 200
        with held(settings, act):
            waiting = thread.submit(first, client)
            blocked(settings)
            begun = time.monotonic()
            answer = second(client)
            assert time.monotonic() - begun < 10 * WAIT
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert int(answer.headers["retry-after"]) > 0
            told = answer.json()
            assert told["title"] == "Service busy"
            assert all(" · " in told[each] for each in ("detail", "hint"))
            assert client.get("/health/live").status_code == 200
        assert waiting.result().status_code in {200, 201}
        # The connection is free again.
        assert second(client).status_code in {200, 201}
