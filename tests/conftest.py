"""One PostGIS cluster per test run, one migrated template database, a clone of it for each test."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, cluster, connect
from gisland.database.migrate import admin_conninfo, migrate, prepare_server
from gisland.publish.layers import apply_layers
from gisland.settings import Settings
from tests.browser import browser, open_tab, tab
from tests.live import LiveServer, start_server

# One browser for all tests: Playwright cannot be started twice in a process.
__all__ = ["browser", "open_tab", "tab"]

STATE = "GISLAND_TEST_STATE_DIR"
TEMPLATE = "gisland_template"
_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the state folder; xdist's workers inherit its name."""
    if not hasattr(config, "workerinput"):
        # Not pytest's own temporary folder: that is closed to the user the cluster runs as when the tests run as root.
        folder = tempfile.mkdtemp(prefix="gisland-test-")
        Path(folder).chmod(0o755)
        os.environ[STATE] = folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser come last: Playwright's loop stays in its thread, where nobody else can run one then."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and leave nothing behind."""
    if not hasattr(config, "workerinput"):
        settings = Settings(state_dir=Path(os.environ[STATE]))
        cluster.stop(settings, force=True)
        shutil.rmtree(settings.state_dir, ignore_errors=True)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Only one of xdist's workers at a time."""
    with (Path(os.environ[STATE]) / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The project's own layers and palette."""
    return load_catalogue(Settings())


@pytest.fixture(scope="session")
def server(catalogue: Catalogue) -> Settings:
    """The cluster of the run, with the template database: migrated, layers applied, empty."""
    # The pool's size says how many connections the cluster allows: fifty writers come at once, beside running servers.
    settings = Settings(state_dir=Path(os.environ[STATE]), database_name=TEMPLATE, workers=2, pool_size=24)
    with alone("template"):
        done = settings.state_dir / "template.done"
        if not done.exists():
            migrate(settings)
            apply_layers(settings, catalogue)
            done.touch()
    return settings


@contextmanager
def clone_of(server: Settings) -> Iterator[Settings]:
    """A database of its own, cloned from the template and dropped at the end."""
    settings = server.model_copy(update={"database_name": f"test_{os.getpid()}_{next(_numbers)}"})
    admin = make_conninfo(admin_conninfo(server), dbname="postgres")
    name = sql.Identifier(settings.database_name)
    with alone("clone"), psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(TEMPLATE)))
        prepare_server(settings)  # rights on a database are not cloned with it
    yield settings
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def settings(server: Settings) -> Iterator[Settings]:
    """Settings of a fresh database."""
    with clone_of(server) as settings:
        yield settings


@pytest.fixture
def app_connection(settings: Settings) -> Iterator[Connection]:
    """A connection as the application."""
    with connect(settings, Role.APP) as connection:
        yield connection


@pytest.fixture
def open_connection(settings: Settings) -> Iterator[Callable[[Role], Connection]]:
    """Opens further connections, for tests with two sessions; they are closed at the end."""
    opened: list[Connection] = []

    def open_as(role: Role) -> Connection:
        from gisland.database import EVERYWHERE, conninfo

        connection = psycopg.connect(conninfo(settings, role, scope=EVERYWHERE))
        opened.append(connection)
        return connection

    yield open_as
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def live_server(server: Settings) -> Iterator[LiveServer]:
    """A running server on loopback with a small demo ward; tests only read from it."""
    with clone_of(server) as settings, start_server(settings, demo_parcels=300) as live:
        yield live


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files; without it the test is skipped, under CI it fails."""
    folder = Path(os.environ.get("GISLAND_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no real data in {folder}: set GISLAND_SHARED_DATA")
        pytest.skip("no real data: set GISLAND_SHARED_DATA")
    return folder
