"""The private cluster: born, shared, killed, swept away and adopted, with real processes."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gisland.database import cluster, run
from gisland.database.cluster_host import Account, find_programs, socket_dir
from gisland.errors import Conflict, DatabaseUnavailable
from gisland.settings import PROJECT_DIR, Settings

ENSURE = """
from gisland.settings import Settings
from gisland.database import cluster
c = cluster.ensure_running(Settings())"""
HOLD = f"{ENSURE}; print(c.pid, flush=True); input()"


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own ones."""
    folder = Path(tempfile.mkdtemp(prefix="gisland-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fresh(scratch: Path) -> Iterator[Settings]:
    """Where there is no cluster yet."""
    settings = Settings(database_url=None, state_dir=scratch / "state")
    yield settings
    cluster.remove(settings)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """The data folder of a cluster that was made and stopped: to make one takes a second of a processor."""
    with tempfile.TemporaryDirectory(prefix="gisland-") as folder:
        Path(folder).chmod(0o711)
        settings = Settings(database_url=None, state_dir=Path(folder) / "state")
        cluster.ensure_running(settings)
        cluster.stop(settings)
        yield settings.state_dir / "pg"
        cluster.remove(settings)


@pytest.fixture
def settings(fresh: Settings, made: Path) -> Settings:
    """Where a cluster was used before."""
    fresh.state_dir.mkdir()
    fresh.state_dir.chmod(0o711)
    subprocess.run(["cp", "--archive", made, fresh.state_dir], check=True)
    return fresh


def execute(settings: Settings, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as superuser; the rows of the last one."""
    running = cluster.ensure_running(settings)
    with psycopg.connect(
        host=str(running.socket_dir), port=running.port, user=running.superuser, dbname="postgres"
    ) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def program(settings: Settings, code: str, **options: object) -> subprocess.Popen[str]:
    """Another process of gisland that uses the same state folder."""
    env = os.environ | {"GISLAND_STATE_DIR": str(settings.state_dir), "PYTHONPATH": str(PROJECT_DIR)}
    env.pop("GISLAND_DATABASE_URL", None)
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}/exe").is_symlink() and time.monotonic() < deadline:
        try:
            Path(f"/proc/{pid}/exe").readlink()
        except OSError:  # a zombie or gone
            return
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists(), f"process {pid} still runs"


def test_a_new_cluster_is_private_and_safe(fresh: Settings) -> None:
    running = cluster.ensure_running(fresh)
    rows = execute(
        fresh,
        "SELECT name, setting FROM pg_settings WHERE name IN"
        " ('data_checksums', 'listen_addresses', 'server_encoding', 'lc_collate', 'fsync', 'synchronous_commit')",
    )
    assert dict(rows) == {  # type: ignore[arg-type]
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "lc_collate": "C.UTF-8",
        "fsync": "on",
        "synchronous_commit": "on",
    }
    data_dir = fresh.state_dir / "pg"
    assert data_dir.stat().st_uid != 0, "PostgreSQL never runs as root"
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(running.socket_dir.stat().st_mode) == 0o700
    assert Path(f"/proc/{running.pid}").stat().st_uid == data_dir.stat().st_uid
    assert cluster.status(fresh).pid == running.pid


def test_postgis_can_be_created(settings: Settings) -> None:
    assert execute(settings, "CREATE EXTENSION postgis", "SELECT ST_AsText(ST_Point(1, 2))") == [("POINT(1 2)",)]


def test_only_known_users_sign_in_and_only_as_gisland_roles(settings: Settings) -> None:
    execute(settings, "CREATE ROLE intruder LOGIN SUPERUSER")
    running = cluster.ensure_running(settings)
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(host=str(running.socket_dir), port=running.port, user="intruder", dbname="postgres")


def test_one_that_was_never_prepared_is_told(settings: Settings) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"never prepared.*gisland db migrate"):
        run(settings, lambda connection: None)


def test_the_log_tells_no_data(settings: Settings) -> None:
    execute(settings, "CREATE TABLE person (id text PRIMARY KEY)")
    for statement in (
        "INSERT INTO person VALUES ('999001'), ('999001')",
        "SELECT '999001x'::int",
        "SELECT FROM a999001",
    ):
        with pytest.raises(psycopg.Error):
            execute(settings, statement)
    log = (settings.state_dir / "log" / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "999001" not in log


def test_data_stay_and_no_process_does_when_the_last_user_ends(settings: Settings) -> None:
    code = f"{ENSURE}; print(c.pid)"
    first = program(settings, code)
    pid = int(first.communicate()[0])
    wait_until_gone(pid)
    assert not cluster.died(settings), "it was stopped, not killed"
    execute(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert cluster.stop(settings)
    assert execute(settings, "SELECT answer FROM kept") == [(42,)]


def test_a_kept_cluster_runs_until_stopped(settings: Settings) -> None:
    first = program(settings, f"{ENSURE.replace('Settings())', 'Settings(), keep=True)')}; print(c.pid)")
    pid = int(first.communicate()[0])
    assert cluster.status(settings).pid == pid
    assert cluster.status(settings).kept
    with program(settings, ENSURE) as second:
        assert second.wait() == 0
    assert cluster.status(settings).pid == pid
    assert cluster.stop(settings)
    wait_until_gone(pid)
    assert not cluster.stop(settings), "it did not run any more"


def test_two_programs_started_at_once_share_one_server(fresh: Settings) -> None:
    both = [program(fresh, HOLD), program(fresh, HOLD)]
    pids = {each.stdout.readline() for each in both if each.stdout}
    assert len(pids) == 1
    assert int(pids.pop()) > 0
    for each in both:
        each.communicate("\n")
        assert each.returncode == 0


def test_who_ends_first_does_not_cut_the_other_off(settings: Settings) -> None:
    starter = program(settings, HOLD)
    assert starter.stdout
    pid = int(starter.stdout.readline())
    other = program(settings, HOLD)
    assert other.stdout
    other.stdout.readline()
    starter.communicate("\n")
    assert cluster.status(settings).pid == pid
    with pytest.raises(Conflict, match="another gisland process"):
        cluster.stop(settings)
    other.communicate("\n")
    wait_until_gone(pid)


def test_a_killed_server_starts_again_with_its_data(settings: Settings) -> None:
    execute(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = cluster.ensure_running(settings).pid
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert cluster.died(settings)
    assert execute(settings, "SELECT answer FROM kept") == [(42,)]
    assert not cluster.died(settings)


def test_a_server_killed_with_a_busy_session_starts_again(settings: Settings) -> None:
    busy = program(
        settings,
        f"{ENSURE}\nimport psycopg\n"
        "k = psycopg.connect(host=str(c.socket_dir), port=c.port, user=c.superuser, dbname='postgres')\n"
        "print(c.pid, flush=True)\n"
        # It never looks whether the server lives, as a long geometry operation does not.
        "k.execute('SELECT count(*) FROM generate_series(1, 1000000000)')",
        stderr=subprocess.DEVNULL,
    )
    assert busy.stdout
    pid = int(busy.stdout.readline())
    os.kill(pid, signal.SIGKILL)
    assert execute(settings, "SELECT 1") == [(1,)]
    assert cluster.ensure_running(settings).pid != pid
    busy.kill()
    busy.communicate()


def test_the_server_of_a_killed_program_is_adopted(settings: Settings) -> None:
    first = program(settings, HOLD)
    assert first.stdout
    pid = int(first.stdout.readline())
    first.kill()
    first.communicate()
    assert cluster.status(settings).pid == pid
    second = program(settings, f"{ENSURE}; print(c.pid)")
    assert int(second.communicate()[0]) == pid
    wait_until_gone(pid)


def test_lock_files_that_name_a_stranger_are_replaced(settings: Settings) -> None:
    """After a reboot the number in postmaster.pid may be that of any other program of the same user."""
    running = cluster.ensure_running(settings)
    owner = running.socket_dir.stat()
    lock = settings.state_dir / "pg" / "postmaster.pid"
    text = lock.read_text()
    cluster.stop(settings)
    root = os.geteuid() == 0
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid if root else None, cwd="/")
    try:
        for each in (lock, running.socket_dir / ".s.PGSQL.5432.lock"):
            each.write_text(text.replace(str(running.pid), str(stranger.pid)))
            os.chown(each, owner.st_uid, owner.st_gid)
        assert cluster.status(settings).pid is None
        assert execute(settings, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_swept_socket_folder_is_made_again(settings: Settings) -> None:
    shutil.rmtree(cluster.ensure_running(settings).socket_dir)
    second = program(settings, f"{ENSURE}; print(c.socket_dir)")
    folder = second.communicate()[0].strip()
    assert second.returncode == 0
    assert Path(folder).is_dir()


def test_a_half_made_cluster_is_not_taken_for_a_whole_one(fresh: Settings) -> None:
    (fresh.state_dir / "pg.init" / "base").mkdir(parents=True)
    fresh.state_dir.chmod(0o711)
    assert execute(fresh, "SELECT 1") == [(1,)]
    assert not (fresh.state_dir / "pg.init").exists()


@pytest.mark.parametrize("name", ["x" * 100, "ủy ban 'nhân dân' \"$HOME\", `id`"], ids=["long", "signs"])
def test_any_folder_name_will_do(scratch: Path, name: str) -> None:
    settings = Settings(database_url=None, state_dir=scratch / name)
    try:
        assert execute(settings, "SELECT 1") == [(1,)]
        folder = cluster.ensure_running(settings).socket_dir
        assert not folder.is_relative_to(scratch)
    finally:
        cluster.remove(settings)
    assert not folder.exists()


def test_a_socket_folder_of_somebody_else_is_refused(scratch: Path) -> None:
    me = Account("nobody", 65534, 65534) if os.geteuid() == 0 else Account("me", os.geteuid(), os.getegid())
    (scratch / "run").mkdir(mode=0o777)
    (scratch / "run").chmod(0o777)
    with pytest.raises(DatabaseUnavailable, match=r"not the user .* alone"):
        socket_dir(scratch, me)
    (scratch / "run").rmdir()
    (scratch / "run").symlink_to("/tmp")
    with pytest.raises((DatabaseUnavailable, OSError)):
        socket_dir(scratch, me)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 99 .*apt install postgresql-99-postgis-3"):
        find_programs(99)


def test_why_it_does_not_start_is_told(settings: Settings) -> None:
    cluster.ensure_running(settings)
    cluster.stop(settings)
    (settings.state_dir / "pg" / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable, match=r"does not start: .*pg_control.*see .*postgres\.log"):
        cluster.ensure_running(settings)


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user the cluster runs as oneself")
class TestAsRoot:
    def test_a_closed_working_folder_does_not_matter(self, fresh: Settings) -> None:
        with tempfile.TemporaryDirectory() as closed:
            assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700
            with program(fresh, ENSURE, cwd=closed, umask=0o077) as started:
                assert started.wait() == 0

    def test_an_ordinary_user_needs_nobody_else(self, scratch: Path) -> None:
        """From the first start to a migrated database."""
        nobody = pwd.getpwnam("nobody")
        if subprocess.run([sys.executable, "-c", "import gisland"], cwd="/", user=nobody.pw_uid).returncode:
            pytest.skip("this copy of the project lies where others may not enter")
        scratch.chmod(0o777)
        settings = Settings(database_url=None, state_dir=scratch / "state")
        runs_as = "import os; print(os.stat(f'/proc/{c.pid}').st_uid)"
        code = f"{ENSURE}; from gisland.database.migrate import migrate; migrate(Settings()); {runs_as}"
        with program(settings, code, cwd="/", user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[]) as started:
            told, _ = started.communicate(timeout=120)
        assert started.returncode == 0
        assert int(told.split()[-1]) == (settings.state_dir / "pg").stat().st_uid == nobody.pw_uid

    def test_a_closed_state_folder_is_told(self, scratch: Path) -> None:
        scratch.chmod(0o700)
        with pytest.raises(DatabaseUnavailable, match=r"cannot enter .*GISLAND_STATE_DIR"):
            cluster.ensure_running(Settings(database_url=None, state_dir=scratch / "state"))

    def test_the_server_cannot_change_who_may_sign_in(self, settings: Settings) -> None:
        cluster.ensure_running(settings)
        for each in (settings.state_dir, *(settings.state_dir / "conf").iterdir()):
            assert each.stat().st_uid == 0
            assert not each.stat().st_mode & 0o022
