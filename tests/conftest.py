"""One PostGIS cluster per test run, one migrated template database, a clone of it for each test."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from multiprocessing.util import Finalize
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, cluster, connect, pooled_acts, run
from gisland.database.migrate import admin_conninfo, migrate
from gisland.demo.generate import generate
from gisland.kit.memory import lasting
from gisland.publish.layers import apply_layers
from gisland.security import passwords
from gisland.settings import Settings
from tests.browser import browser, contexts, open_tab, tab
from tests.commands import take_in
from tests.factories import HASHER, make_former
from tests.live import LiveServer, start_server

# One browser for all tests: Playwright cannot be started twice in a process.
__all__ = ["browser", "contexts", "open_tab", "tab"]

STATE = "GISLAND_TEST_STATE_DIR"
TEMPLATE = "gisland_template"
MIGRATED = "gisland_migrated"  # the same before it has layers
PREFIX = "gisland-test-"  # then the process of the run
IN_MEMORY = Path("/dev/shm")
MEMORY = 6 * 2**30  # bytes; a run takes some 1.1 GB, a long proof more
PROOF_SECONDS = 3600
_numbers = count(1)
_administrators: dict[str, Connection] = {}


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the state folder; xdist's workers inherit its name."""
    if not hasattr(config, "workerinput"):
        # Not pytest's own temporary folder: that is closed to the user the cluster runs as when the tests run as root.
        clear_away()
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=in_memory())
        Path(folder).chmod(0o755)
        os.environ[STATE] = folder
        # Clusters and workbooks of single tests lie there, too; programs that tests start are told by the environment.
        tempfile.tempdir = os.environ["TMPDIR"] = f"{folder}/tmp"
        Path(tempfile.tempdir).mkdir()
        Path(tempfile.tempdir).chmod(0o1777)


def in_memory() -> str | None:
    """A folder that is no disk, where it has room: a database is a thousand files, and thousands are made in a run."""
    roomy = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > MEMORY
    return str(IN_MEMORY) if roomy else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long proofs have their time. Files with tests in a browser come last, the longest first, and in each these tests.

    Playwright's loop stays in its thread, where nobody else can run one then. A file is run by one worker (xdist's
    `loadfile`): what its tests share is made once, and at the end one would wait for the other's long file.
    """
    for item in items:
        if item.get_closest_marker("proof") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PROOF_SECONDS))
    opening = {item.path: item.path.stat().st_size for item in items if in_browser(item)}

    def place(item: pytest.Item) -> tuple[int, str, bool]:
        size = opening.get(item.path)
        return (-(2**40), "", False) if size is None else (-size, str(item.path), in_browser(item))

    items.sort(key=place)


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays: the collector of garbage would walk over all of it again and again."""
    with lasting():
        yield
    gc.set_threshold(20_000, 20, 20)


def in_browser(item: pytest.Item) -> bool:
    """Whether a test opens pages."""
    return "browser" in getattr(item, "fixturenames", ())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and leave nothing behind."""
    for connection in _administrators.values():
        connection.close()
    if not hasattr(config, "workerinput"):
        # After multiprocessing has deleted its own folder in there (at -100), which it would miss.
        Finalize(None, remove_state, [Path(os.environ[STATE])], exitpriority=-200)


def remove_state(folder: Path) -> None:
    """Stop the cluster of a run and delete all it made."""
    cluster.stop(Settings(state_dir=folder), force=True)
    shutil.rmtree(folder, ignore_errors=True)


def clear_away() -> None:
    """Delete what runs that were killed left behind: in memory it would stay until the machine is started anew."""
    for place in (IN_MEMORY, Path(tempfile.gettempdir())):
        for folder in place.glob(f"{PREFIX}*-*"):
            if not Path("/proc", folder.name.split("-")[2]).exists():
                remove_state(folder)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Only one of xdist's workers at a time."""
    with (Path(os.environ[STATE]) / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """What tests make passwords with: argon2 is slow on purpose, half a second for each administrator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", HASHER)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_clients() -> Iterator[None]:
    """Tests ask over plain HTTP: that httpx loads all authorities of the world for each client takes 0.04 s of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The project's own layers and palette."""
    return load_catalogue(Settings())


@pytest.fixture(scope="session")
def server(catalogue: Catalogue) -> Settings:
    """The cluster of the run, with the template database: migrated, layers applied, empty."""
    # One web worker, a process less to start, but where a test is about several. The pool's size says how many
    # connections the cluster allows: fifty writers come at once, beside running servers.
    settings = Settings(state_dir=Path(os.environ[STATE]), database_name=TEMPLATE, workers=1, pool_size=48)
    with alone("template"):
        done = settings.state_dir / "template.done"
        if not done.exists():
            _trust_the_disk(settings)
            migrate(settings)
            _load_extensions_once(settings)
            _clone(settings, settings.model_copy(update={"database_name": MIGRATED}))
            apply_layers(settings, catalogue)
            _pack(settings)
            done.touch()
    return settings


def _pack(settings: Settings) -> None:
    """Leave no holes in the catalogue of a template, nor the files that tell of them: its clones take a tenth less.

    Not in its own tables: one that was vacuumed when it was empty is planned for as such.
    """
    with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 11 AND relkind = 'r' AND NOT relisshared"
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in connection.execute(query))
        connection.execute(sql.SQL("VACUUM (FULL) {}").format(names))


def migrated(settings: Settings) -> Settings:
    """The same settings, where their database is there and migrated but empty: a clone takes no seconds to migrate."""
    query = "SELECT FROM pg_database WHERE datname = %s"
    if not _administrator(settings).execute(query, [settings.database_name]).fetchone():
        _clone(settings.model_copy(update={"database_name": MIGRATED}), settings)
    return settings


def _trust_the_disk(settings: Settings) -> None:
    """A cluster that ends with the run need not outlive a power cut: thousands of databases are made and dropped.

    Nor may its log fill the memory.
    """
    with psycopg.connect(make_conninfo(admin_conninfo(settings), dbname="postgres"), autocommit=True) as connection:
        for setting, value in {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}.items():
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), value))
        connection.execute("SELECT pg_reload_conf()")


def _load_extensions_once(settings: Settings) -> None:
    """The server loads the libraries of its extensions when it starts, not each of thousands of sessions anew."""
    with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
        # What lies beyond the fixed ids came with an extension.
        query = "SELECT DISTINCT probin FROM pg_proc WHERE oid >= 16384 AND probin LIKE '$libdir/%'"
        libraries = sql.SQL(", ").join(sql.Literal(name) for (name,) in connection.execute(query))
        connection.execute(sql.SQL("ALTER SYSTEM SET shared_preload_libraries = {}").format(libraries))
    cluster.stop(settings, force=True)


def template(server: Settings, name: str, fill: Callable[[Settings], None]) -> Settings:
    """A template like that of `server`, filled by whichever worker wants it first."""
    settings = server.model_copy(update={"database_name": f"gisland_{name}"})
    with alone(name):
        done = settings.state_dir / f"{name}.done"
        if not done.exists():
            _clone(server, settings)
            fill(settings)
            done.touch()
    return settings


@pytest.fixture(scope="session")
def demo_ward(server: Settings) -> Settings:
    """A template with a demo ward: 300 parcels in two groups, holders, rights and results."""

    def fill(settings: Settings) -> None:
        with tempfile.TemporaryDirectory() as folder:
            take_in(settings, generate(300, 1, Path(folder), None))

    return template(server, "demo", fill)


@contextmanager
def clone_of(template: Settings) -> Iterator[Settings]:
    """A database of its own, cloned from a template and dropped at the end."""
    settings = template.model_copy(update={"database_name": f"test_{os.getpid()}_{next(_numbers)}"})
    _clone(template, settings)
    yield settings
    name = sql.Identifier(settings.database_name)
    _administrator(template).execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _clone(template: Settings, settings: Settings) -> None:
    """Make a database like another one."""
    names = [each.database_name for each in (settings, template)]
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*map(sql.Identifier, names))
    # Rights on a database are not cloned with it. To grant them anew would take as long as the clone.
    rights = """
        UPDATE pg_database made SET datacl = template.datacl FROM pg_database template
         WHERE (made.datname, template.datname) = (%s, %s)
    """
    with alone("clone"):
        connection = _administrator(template)
        connection.execute(create)
        connection.execute(rights, names)


def _administrator(settings: Settings) -> Connection:
    """A session that makes and drops databases: one for all of them."""
    server = make_conninfo(admin_conninfo(settings), dbname="postgres")
    found = _administrators.get(server)
    if found is None or found.closed:
        found = _administrators[server] = psycopg.connect(server, autocommit=True)
    return found


@pytest.fixture(scope="session")
def begun(server: Settings) -> Settings:
    """What each test of a file starts from: an empty registry, where the file does not fill one of its own."""
    return server


@pytest.fixture
def settings(begun: Settings) -> Iterator[Settings]:
    """Settings of a fresh database."""
    with clone_of(begun) as settings:
        yield settings


@pytest.fixture
def ward(settings: Settings) -> Iterator[Settings]:
    """The same where a ward was begun, with sessions that stay: each new one plans all statements of an intake anew."""
    with pooled_acts(settings, 4):
        yield settings


@pytest.fixture
def app_connection(settings: Settings) -> Iterator[Connection]:
    """A connection as the application."""
    with connect(settings, Role.APP) as connection:
        yield connection


@pytest.fixture(scope="module")
def lasting_connection(server: Settings) -> Iterator[Connection]:
    """A connection as the application to a database for all tests of a file."""
    with clone_of(server) as settings, connect(settings, Role.APP) as connection:
        yield connection


@pytest.fixture
def undone_connection(lasting_connection: Connection) -> Iterator[Connection]:
    """The same for one of them, which leaves nothing behind: it plans no statement that others have planned."""
    yield lasting_connection
    lasting_connection.rollback()


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
def live_server(demo_ward: Settings) -> Iterator[LiveServer]:
    """A running server on loopback with a small demo ward; tests only read from it."""
    with clone_of(demo_ward) as settings:
        run(settings, add_former)
        with start_server(settings) as live:
            yield live


def add_former(connection: Connection) -> None:
    """A parcel that has ended: no collection is empty."""
    ward, sheet = connection.execute("SELECT ward_id, id FROM registry.map_sheet ORDER BY id LIMIT 1").fetchone() or ()
    make_former(connection, ward, sheet)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files; without it the test is skipped, under CI it fails."""
    folder = Path(os.environ.get("GISLAND_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no real data in {folder}: set GISLAND_SHARED_DATA")
        pytest.skip("no real data: set GISLAND_SHARED_DATA")
    return folder
