"""Connections, each opened as one of the closed list of database roles (design §8)."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from gisland.database.roles import Role, login
from gisland.database.scope import ENTER, SET_SCOPE, Scope, current_scope
from gisland.errors import DatabaseUnavailable
from gisland.settings import Settings

Result = TypeVar("Result")

ATTEMPTS = 6
IDLE = "idle_in_transaction_session_timeout"

# A page of features is too small for compiled code or parallel workers: starting them would cost more than it saves.
PAGE_OPTIONS = ("-c jit=off", "-c max_parallel_workers_per_gather=0")


def conninfo(
    settings: Settings,
    role: Role,
    *,
    statement_timeout_ms: int | None = None,
    pages: bool = True,
    scope: Scope | None = None,
) -> str:
    """The libpq connection string of a role.

    In the private cluster each role signs in as itself (peer authentication), and so it does on a server given by a URL
    with a password. Without one the role is taken on at connection start; the URL's own role must be a member of it.
    With a statement timeout (milliseconds) it is set up for reading pages, unless it is said not to be. With a scope
    the session sees those rows; its transactions may say otherwise.

    Raises:
        DatabaseUnavailable: the private cluster does not run and cannot be started.
        GislandError: the key of the roles cannot be read.
    """
    # A client that was killed must not leave its statement running and its locks held.
    options = ["-c timezone=UTC", "-c client_connection_check_interval=10s"]
    if statement_timeout_ms is not None:
        # Nor may one that forgets to end its transaction hold its locks.
        options += [f"-c statement_timeout={statement_timeout_ms}", f"-c {IDLE}={statement_timeout_ms}"]
        options += PAGE_OPTIONS if pages else ()
    if scope is not None:
        options += scope.options()
    if settings.database_url is not None:
        own = login(settings, role)
        if not own:
            options.append(f"-c role={role}")
        return make_conninfo(settings.database_url, **own, options=" ".join(options), application_name="gisland")
    from gisland.database.cluster import ensure_running

    cluster = ensure_running(settings)
    return make_conninfo(
        host=str(cluster.socket_dir),
        port=cluster.port,
        dbname=settings.database_name,
        user=role.value,
        options=" ".join(options),
        application_name="gisland",
    )


@contextmanager
def connect(settings: Settings, role: Role) -> Iterator[Connection]:
    """Open a connection as a role, in the scope of the act; commits when the block ends well, else rolls back.

    Raises:
        DatabaseUnavailable: no server answers, or it refuses the role.
    """
    try:
        connection = psycopg.connect(conninfo(settings, role, scope=current_scope()))
    except psycopg.OperationalError as error:
        raise _unavailable(settings, role, error) from error
    try:
        with connection:
            yield connection
    finally:
        # A commit that is refused leaves it open.
        connection.close()


def _unavailable(settings: Settings, role: Role, error: psycopg.OperationalError) -> DatabaseUnavailable:
    # A server that refuses a login names the role, whatever language it speaks; libpq keeps no code of such an error.
    refused = role in str(error)
    if refused and settings.database_url is None:
        return DatabaseUnavailable(
            "CSDL riêng chưa được chuẩn bị · the private cluster runs, but was never prepared",
            hint="chạy · run `gisland db migrate`",
        )
    if refused:
        return DatabaseUnavailable(
            f"máy chủ không cho vai trò {role} đăng nhập · the server refuses the login of the role {role}",
            hint="chạy · run `gisland db migrate`; nhiều bản cài trên một máy chủ dùng chung tệp khoá · several "
            "installations on one server share the key file, GISLAND_ROLE_KEY_FILE",
        )
    if database := _missing(conninfo(settings, role)):
        return DatabaseUnavailable(
            f"máy chủ chạy nhưng chưa có CSDL {database} · the server runs, but has no database {database}",
            hint="chạy · run `gisland db migrate`",
        )
    return DatabaseUnavailable(
        "cơ sở dữ liệu không trả lời · the database does not answer",
        hint="start it with `gisland db start`, or check GISLAND_DATABASE_URL",
    )


def _missing(info: str) -> str | None:
    """The database of a connection string when its server runs and has none of that name."""
    name = conninfo_to_dict(info).get("dbname")
    try:
        with psycopg.connect(make_conninfo(info, dbname="postgres")) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    except psycopg.Error:
        return None
    return str(name) if name and not found else None


def flush(connection: Connection) -> int | None:
    """Recompute the published features that this transaction's changes touch, and number the data version.

    Returns:
        The data version given, or None when nothing that is published was touched.
    """
    row = connection.execute("SELECT publish.flush()").fetchone()
    assert row is not None
    version: int | None = row[0]
    return version


# Filled by web workers, see `Pools`: `run` takes its sessions from there. A new session plans each statement of a flush
# anew, which takes longer than the act. A command is one act: a session of its own is all it needs.
_act_pools: dict[tuple[Settings, Role], ConnectionPool] = {}


def _act_pool(settings: Settings, sessions: int) -> ConnectionPool:
    return ConnectionPool(
        conninfo(settings, Role.APP, statement_timeout_ms=settings.write_timeout_ms, pages=False),
        min_size=1,
        max_size=sessions,
        timeout=settings.pool_wait_seconds,
        check=ConnectionPool.check_connection,
        open=False,
    )


@contextmanager
def pooled_acts(settings: Settings, sessions: int) -> Iterator[None]:
    """Within the block `run` takes its sessions from a pool of so many, as in a web worker."""
    with _act_pool(settings, sessions) as pool:
        _act_pools[settings, Role.APP] = pool
        try:
            yield
        finally:
            _act_pools.pop((settings, Role.APP), None)


@contextmanager
def session(settings: Settings, role: Role, *, isolation: IsolationLevel | None = None) -> Iterator[Connection]:
    """A transaction of a role, in the scope of the act: in a session that stays where there are such, else its own.

    Args:
        settings: of the database.
        role: of the session.
        isolation: of the transaction; None: as the database has it.

    Raises:
        DatabaseUnavailable: no server answers, or it refuses the role.
        psycopg_pool.PoolTimeout: of those that stay none became free in time, or none could be opened.
    """
    pool = _act_pools.get((settings, role))
    with connect(settings, role) if pool is None else pool.connection() as connection:
        # Of one that stays, another transaction may have changed it.
        connection.isolation_level = isolation
        if pool is not None:
            connection.execute(SET_SCOPE, current_scope().values())
        yield connection


def run(settings: Settings, work: Callable[[Connection], Result], *, role: Role = Role.APP) -> Result:
    """Do one act as one transaction, within its scope: the work, then `flush()`, then commit.

    A deadlock or a serialization failure rolls everything back and starts the work anew, so it must have no effect
    outside the database.
    """
    for attempt in range(ATTEMPTS):
        try:
            with session(settings, role) as connection:
                result = work(connection)
                flush(connection)
            return result
        except (DeadlockDetected, SerializationFailure):
            if attempt == ATTEMPTS - 1:
                raise
            # Random waits, or the same two transactions would meet again.
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 - no secret
    raise AssertionError("unreachable")


@dataclass
class Pools:
    """The web worker's connections: one pool for each role that requests run as."""

    public: AsyncConnectionPool
    staff: AsyncConnectionPool
    app: AsyncConnectionPool
    acts: ConnectionPool
    """Sessions of `run`, whose work is synchronous."""
    settings: Settings

    @asynccontextmanager
    async def within(self, scope: Scope, role: Literal[Role.STAFF, Role.APP]) -> AsyncIterator[AsyncConnection]:
        """A transaction of a role that sees the rows of this scope."""
        pool = self.staff if role is Role.STAFF else self.app
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(ENTER if role is Role.STAFF else SET_SCOPE, scope.values())
            yield connection

    @classmethod
    async def open(cls, settings: Settings) -> Pools:
        """Open the pools; none has a statement that runs without end."""
        timeout = settings.statement_timeout_ms

        def pool(role: Role, *, pages: bool = True) -> AsyncConnectionPool:
            # Autocommit: a read is one statement, and a round trip for BEGIN and COMMIT would double its cost.
            return AsyncConnectionPool(
                conninfo(settings, role, statement_timeout_ms=timeout, pages=pages),
                kwargs={"autocommit": True},
                min_size=1,
                max_size=settings.pool_size,
                timeout=settings.pool_wait_seconds,
                open=False,
            )

        pools = cls(
            public=pool(Role.PUBLIC),
            staff=pool(Role.STAFF),
            app=pool(Role.APP, pages=False),
            acts=_act_pool(settings, settings.pool_size),
            settings=settings,
        )
        for each in (pools.public, pools.staff, pools.app):
            await each.open()
        pools.acts.open()
        _act_pools[settings, Role.APP] = pools.acts
        return pools

    async def close(self) -> None:
        """Close all connections."""
        _act_pools.pop((self.settings, Role.APP), None)
        self.acts.close()
        for each in (self.public, self.staff, self.app):
            await each.close()
