"""On a server that asks for passwords each role signs in as itself: there is nothing to go back to."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.catalogue import Catalogue
from gisland.database import Pools, Role, cluster, connect, conninfo
from gisland.database.cluster_config import SUPERUSER
from gisland.database.dump import dump
from gisland.database.migrate import admin_conninfo, migrate
from gisland.database.roles import LOGINS
from gisland.errors import DatabaseUnavailable, GislandError
from gisland.jobs import create_queue
from gisland.publish.layers import apply_layers
from gisland.settings import Settings
from tests.factories import one

PASSWORD = "it's a s3cret"
# As `docker compose` has it: an administrator and all others by password, whatever they are.
HBA = f"local all {SUPERUSER} peer map=gisland\nlocal all all scram-sha-256\n"


def wait_until_reachable(info: str) -> None:
    """A server reads its configuration anew a moment after it was told to."""
    until = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(info).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="module")
def by_password(catalogue: Catalogue) -> Iterator[Settings]:
    """A server that writes down each statement, its database `gisland` migrated, and the settings of its client."""
    with tempfile.TemporaryDirectory(prefix="gisland-") as folder:
        Path(folder).chmod(0o711)
        server = Settings(database_url=None, state_dir=Path(folder) / "server", workers=1)
        running = cluster.ensure_running(server)
        place = {"host": str(running.socket_dir), "port": running.port}
        with psycopg.connect(**place, user=running.superuser, dbname="postgres", autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("CREATE ROLE admin LOGIN SUPERUSER PASSWORD 'it''s a s3cret'")
            connection.execute("CREATE DATABASE gisland OWNER admin")
            (server.state_dir / "conf" / "pg_hba.conf").write_text(HBA)
            connection.execute("SELECT pg_reload_conf()")
        url = make_conninfo(**place, dbname="gisland", user="admin", password=PASSWORD)  # type: ignore[arg-type]
        wait_until_reachable(url)
        settings = Settings(database_url=url, state_dir=Path(folder) / "client", workers=1)
        migrate(settings)
        apply_layers(settings, catalogue)
        yield settings
        cluster.remove(server)


def server_log(settings: Settings) -> str:
    return (settings.state_dir.parent / "server" / "log" / "postgres.log").read_text()


@pytest.mark.parametrize("role", LOGINS)
def test_each_role_signs_in_as_itself(by_password: Settings, role: Role) -> None:
    with connect(by_password, role) as connection:
        assert connection.execute("SELECT session_user, current_user").fetchone() == (role, role)
        assert connection.pgconn.used_password


def test_there_is_no_way_back_from_public(by_password: Settings) -> None:
    with connect(by_password, Role.PUBLIC) as connection:
        for statement in ("SET ROLE NONE", "RESET ROLE", "RESET ALL", "RESET SESSION AUTHORIZATION"):
            connection.execute(statement.encode())
            assert connection.execute("SELECT session_user, current_user").fetchone() == (Role.PUBLIC, Role.PUBLIC)
            assert one(connection, "SELECT count(*) FROM published.parcels") == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute("SELECT 1 FROM registry.holder")
        others = [*(role.value for role in Role if role is not Role.PUBLIC), "admin", SUPERUSER]
        for statement in [f"SET {kind} {other}" for kind in ("ROLE", "SESSION AUTHORIZATION") for other in others]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())


def test_a_role_that_cannot_sign_in_is_taken_on(by_password: Settings) -> None:
    with connect(by_password, Role.OWNER) as connection:
        assert one(connection, "SELECT current_user") == Role.OWNER


def test_web_pools_and_job_queue_sign_in_as_their_roles(by_password: Settings) -> None:
    async def users() -> list[str]:
        pools, queue, found = await Pools.open(by_password), create_queue(by_password), []
        for pool in (pools.public, pools.staff, pools.app):
            async with pool.connection() as connection:
                row = await (await connection.execute("SELECT session_user::text")).fetchone()
                assert row is not None
                found.append(row[0])
        await pools.close()
        async with queue.open_async():
            answer = await queue.connector.execute_query_one_async(
                "SELECT session_user::text AS name, to_regclass('procrastinate_jobs') AS jobs"
            )
        assert answer["jobs"] is not None
        return [*found, str(answer["name"])]

    assert asyncio.run(users()) == [Role.PUBLIC, Role.STAFF, Role.APP, Role.APP]


def test_programs_of_postgresql_sign_in_too(by_password: Settings, tmp_path: Path) -> None:
    dump(by_password, tmp_path / "a.dump")
    assert (tmp_path / "a.dump").stat().st_size > 10_000
    assert f"user={Role.BACKUP}" in conninfo(by_password, Role.BACKUP)


def test_the_key_of_another_installation_is_told(by_password: Settings, tmp_path: Path) -> None:
    other = by_password.model_copy(update={"state_dir": tmp_path})
    with (
        pytest.raises(DatabaseUnavailable, match=r"gisland_app.*db migrate.*GISLAND_ROLE_KEY_FILE"),
        connect(other, Role.APP),
    ):
        pass
    sharing = other.model_copy(update={"role_key_file": by_password.role_key_path})
    with connect(sharing, Role.APP):
        pass
    # Whoever migrates has the logins.
    migrate(other)
    with connect(other, Role.APP):
        pass
    with pytest.raises(DatabaseUnavailable), connect(by_password, Role.APP):
        pass
    migrate(by_password)


def test_a_server_that_is_away_is_no_refusal(by_password: Settings) -> None:
    away = by_password.model_copy(update={"database_url": "postgresql://admin:x@127.0.0.1:1/gisland"})
    with pytest.raises(DatabaseUnavailable, match="does not answer"), connect(away, Role.APP):
        pass


def test_a_refused_role_is_told_by_migrate(by_password: Settings) -> None:
    with psycopg.connect(admin_conninfo(by_password)) as connection:
        connection.execute("ALTER ROLE gisland_staff NOLOGIN")
    try:
        with pytest.raises(DatabaseUnavailable, match="refuses the login of the role gisland_staff"):
            migrate(by_password)
    finally:
        with psycopg.connect(admin_conninfo(by_password)) as connection:
            connection.execute("ALTER ROLE gisland_staff LOGIN")


def test_no_password_travels_or_is_logged(by_password: Settings) -> None:
    log = server_log(by_password)
    assert log.count("PASSWORD 'SCRAM-SHA-256$") >= len(LOGINS), "the log would show it"
    for role in LOGINS:
        password = conninfo_to_dict(conninfo(by_password, role))["password"]
        assert isinstance(password, str)
        assert len(password) == 43
        assert password not in log


def test_passwords_differ_by_role_and_key(by_password: Settings, tmp_path: Path) -> None:
    both = [by_password, by_password.model_copy(update={"state_dir": tmp_path})]
    passwords = {conninfo_to_dict(conninfo(each, role))["password"] for each in both for role in LOGINS}
    assert len(passwords) == 2 * len(LOGINS)
    assert both[1].role_key_path.stat().st_mode & 0o077 == 0


def test_a_password_may_come_from_the_environment(by_password: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = conninfo_to_dict(admin_conninfo(by_password))
    monkeypatch.setenv("PGPASSWORD", str(parts.pop("password")))
    monkeypatch.setenv("PGDATABASE", str(parts.pop("dbname")))
    with connect(by_password.model_copy(update={"database_url": make_conninfo("", **parts)}), Role.APP) as connection:
        assert connection.execute("SELECT session_user, current_database()").fetchone() == (Role.APP, "gisland")


@pytest.mark.parametrize(
    ("url", "database"),
    [("postgresql://me:x@db/land", "land"), ("postgresql://me:x@db", "me"), ("service=s password=x", None)],
)
def test_the_database_stays_the_one_of_the_url(tmp_path: Path, url: str, database: str | None) -> None:
    found = conninfo_to_dict(conninfo(Settings(state_dir=tmp_path, database_url=url), Role.PUBLIC))
    assert (found["user"], found.get("dbname")) == (Role.PUBLIC, database)


def test_without_password_the_role_is_taken_on(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, database_url="postgresql://me@db/land")
    found = conninfo_to_dict(conninfo(settings, Role.PUBLIC))
    assert (found["user"], found.get("password")) == ("me", None)
    assert "-c role=gisland_public" in str(found["options"])
    assert not settings.role_key_path.exists()


def test_a_named_key_file_is_never_made(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, database_url="postgresql://me:x@db/land", role_key_file=tmp_path / "absent")
    with pytest.raises(GislandError, match="GISLAND_ROLE_KEY_FILE"):
        conninfo(settings, Role.APP)
