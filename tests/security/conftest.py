"""A server with two workers and nobody but an administrator; tests make the people they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest
from psycopg import Connection

from gisland.database import Role, connect, pooled_acts, run
from gisland.security.permissions import Role as Has
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests import commands
from tests.commands import Said
from tests.conftest import clone_of
from tests.factories import make_account
from tests.live import LiveServer, start_server
from tests.publish import conftest as published

# What tests of security share with those of published layers.
admin = published.admin
client = published.client
ward = published.ward

# A worker knows a second later at most; the request itself takes a while, too.
SOON = 1.3
_numbers = count(1)
Person = tuple[str, str]


@pytest.fixture(scope="session")
def people_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server says."""
    return tmp_path_factory.mktemp("people") / "server.log"


@pytest.fixture(scope="session")
def people(server: Settings, people_log: Path) -> Iterator[LiveServer]:
    """The server."""
    with (
        clone_of(server) as settings,
        people_log.open("wb") as log,
        start_server(settings.model_copy(update={"workers": 2, "pool_size": 24}), log=log) as s,
        pooled_acts(s.settings, 4),
    ):
        yield s


@pytest.fixture
def someone(people: LiveServer) -> Callable[..., Person]:
    """Makes a person with roles; by default a viewer. Returns name and password."""

    def make(*grants: Grant) -> Person:
        name = f"person{next(_numbers)}"
        given = grants or (Grant(Has.VIEWER),)
        return run(people.settings, lambda connection: make_account(connection, name, *given))

    return make


@pytest.fixture
def manager(people: LiveServer) -> Iterator[httpx.Client]:
    """The administrator at the API."""
    with httpx.Client(base_url=people.url, auth=people.admin, timeout=30) as client:
        yield client


@pytest.fixture
def gisland(people: LiveServer) -> Callable[..., Said]:
    """Runs a command on the database of the server."""
    return partial(commands.gisland, people.settings)


@pytest.fixture
def db(people: LiveServer) -> Iterator[Connection]:
    """The database of the server, as the application."""
    with connect(people.settings, Role.APP) as connection:
        yield connection


def me(url: str, auth: Person | None = None, **options: object) -> httpx.Response:
    """Who am I?"""
    return httpx.get(f"{url}/api/v1/me", auth=auth, timeout=30, **options)  # type: ignore[arg-type]  # httpx's own


def browser(url: str) -> httpx.Client:
    """A client that behaves as our pages in a browser do: cookies, our header, our origin."""
    return httpx.Client(base_url=url, headers={"X-Gisland-Page": "1", "Origin": url}, timeout=30)


def tags(connection: Connection, like: str, since: int = 0) -> list[tuple[str, str, str]]:
    """Subject, tag and object of what was noted since an event."""
    query = "SELECT subject, tag, object FROM audit.event WHERE id > %s AND tag LIKE %s ORDER BY id"
    connection.rollback()
    found: list[tuple[str, str, str]] = connection.execute(query, [since, like]).fetchall()
    return found


def last_event(connection: Connection) -> int:
    """The id of the last event."""
    row = connection.execute("SELECT coalesce(max(id), 0) FROM audit.event").fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


def a_token(people: LiveServer, person: Person, *permissions: str, **more: object) -> str:
    """A token of a person, made as they would."""
    wanted = {"name": "QGIS", "permissions": permissions or ("staff_layer:read",)} | more
    made = httpx.post(f"{people.url}/api/v1/tokens", auth=person, json=wanted, timeout=30)
    assert made.status_code == 201, made.text
    token: str = made.json()["token"]
    return token
