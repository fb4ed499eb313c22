"""A small registry, and the web application on it in this process."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from psycopg import Connection
from starlette.types import ASGIApp, Receive, Scope, Send

from gisland.app import create_app
from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, pooled_acts, run
from gisland.publish.refreshing import refresh_late
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import (
    add_evidence,
    make_former,
    make_group,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    move_to_group,
    one,
)
from tests.live import first_admin, free_port

See = Callable[[str, httpx.QueryParams], None]


@dataclass
class Ward:
    """A ward whose parcels lie in one row, 20 m apart, from west to east."""

    settings: Settings
    ward: int = 0
    sheet: int = 0
    parcels: list[int] = field(default_factory=list)

    def add_parcels(self, number: int, size: float = 10) -> list[int]:
        """Add parcels at the east end."""

        def work(connection: Connection) -> list[int]:
            return [make_parcel(connection, self.ward, self.sheet, size=size) for _ in range(number)]

        added = run(self.settings, work)
        self.parcels += added
        return added

    def copy_parcels(self, number: int) -> None:
        """Add copies of the first parcel, all at once, where only their number counts: they are not in `parcels`."""
        copy = """
            INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)
            SELECT ward_id, map_sheet_id, 'c' || n, srid, ST_Translate(geom, 0, 20 * n), created_by
              FROM registry.parcel, generate_series(1, %s) n WHERE id = %s"""
        run(self.settings, lambda connection: connection.execute(copy, [number, self.parcels[0]]))

    def add_holder(self, parcel: int, result: str | None = None, *, role: str = "certificate_holder") -> int:
        """Add a holder with an id; `result` is what was said of it."""

        def work(connection: Connection) -> int:
            holder = make_holder(connection, self.ward, national_id=f"999{parcel:09d}")
            make_holding(connection, self.ward, parcel, holder, role=role)
            if result is not None:
                add_evidence(connection, holder, result)
            return holder

        return run(self.settings, work)

    def exact_status(self, parcel: int) -> str:
        """The published exact status of a parcel."""
        query = "SELECT exact_status FROM published_staff.parcels_staff WHERE id = %s"
        with connect(self.settings, Role.STAFF) as connection:
            return str(one(connection, query, parcel))

    def public_status(self, parcel: int) -> str:
        """The published public class of a parcel."""
        query = "SELECT verification_status FROM published.parcels WHERE id = %s"
        with connect(self.settings, Role.PUBLIC) as connection:
            return str(one(connection, query, parcel))


@pytest.fixture
def ward(settings: Settings) -> Iterator[Ward]:
    """A ward without parcels; who writes to it has a session that stays, for a new one plans each statement anew."""
    with pooled_acts(settings, 8):
        yield filled(Ward(settings))


@pytest.fixture
def lasting_ward(settings: Settings) -> Ward:
    """The same for a file whose tests share a database that is put back (`tests.emptied`): its sessions stay anyway."""
    return filled(Ward(settings))


def filled(found: Ward) -> Ward:
    """Make it, with a sheet."""

    def work(connection: Connection) -> None:
        found.ward = make_ward(connection)
        found.sheet = make_sheet(connection, found.ward, "12")

    run(found.settings, work)
    return found


class Watched:
    """An application, and somebody who is told of each request: its path and its query."""

    def __init__(self, app: ASGIApp, see: See) -> None:
        self._app, self._see = app, see

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._see(scope["path"], httpx.QueryParams(scope["query_string"].decode()))
        await self._app(scope, receive, send)


@contextmanager
def serving(settings: Settings, see: See | None = None) -> Iterator[httpx.Client]:
    """The application in a thread of this process, and a client that is signed in as nobody.

    Args:
        settings: of the application.
        see: is told of each request as it arrives.
    """
    app: ASGIApp = create_app(settings)
    if see is not None:
        app = Watched(app, see)
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.config.port}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def shown(server: Settings) -> Iterator[Ward]:
    """A ward of twenty parcels, the first with a holder who is verified, for tests of a file that only read."""
    with clone_of(server) as settings:
        found = filled(Ward(settings))
        parcel, *_ = found.add_parcels(20)
        found.add_holder(parcel, "verified")
        yield found


@pytest.fixture(scope="module")
def reader(shown: Ward) -> Iterator[httpx.Client]:
    """A client of the application on it."""
    with serving(shown.settings) as client:
        yield client


@pytest.fixture(scope="module")
def keeper(shown: Ward) -> tuple[str, str]:
    """Name and secret of an account there that may see the staff layers."""
    return first_admin(shown.settings)


# Every published collection, and how many features each has in `everywhere`.
COLLECTIONS = list(load_catalogue(Settings()).layers)
EACH = 7


@pytest.fixture(scope="module")
def everywhere(server: Settings) -> Iterator[Settings]:
    """A register of which each collection shows as many features, for tests of a file that only read."""
    with clone_of(server) as settings:

        def work(connection: Connection) -> None:
            for number in range(EACH):
                ward = make_ward(connection, str(11311 + number))
                sheet = make_sheet(connection, ward, "12")
                parcel = make_parcel(connection, ward, sheet)
                make_former(connection, ward, sheet)
                move_to_group(connection, parcel, make_group(connection, ward, "01"))

        run(settings, work)
        refresh_late(settings)
        yield settings


@pytest.fixture(scope="module")
def signed_in(everywhere: Settings) -> Iterator[httpx.Client]:
    """A client of the application on it to which all collections are shown."""
    with serving(everywhere) as client:
        client.auth = httpx.BasicAuth(*first_admin(everywhere))
        yield client


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    """A client of the application."""
    with serving(settings) as client:
        yield client


@pytest.fixture
def admin(settings: Settings) -> tuple[str, str]:
    """Name and secret of an account that may see the staff layers."""
    return first_admin(settings)


@pytest.fixture
def own_config(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a copy of the configuration that the test may change."""
    folder = tmp_path / "config"
    shutil.copytree(settings.config_dir, folder)
    return settings.model_copy(update={"config_dir": folder})
