"""The private PostGIS cluster that gisland keeps when no server is given by GISLAND_DATABASE_URL.

It lives in the state folder, listens on a Unix socket only, and runs as long as somebody uses it: a process that calls
`ensure_running` starts it if need be, and the last of them to end stops it. `keep=True` (`gisland db start`) leaves it
running until `stop`. What is left after a kill -9 or a reboot is adopted or put right at the next start.

    <state>/pg     data folder            <state>/log/postgres.log   what the server says
    <state>/conf   its configuration      <state>/pg.lock            one process at a time starts or stops
    <state>/run    its socket             <state>/pg.users           locked (shared) by each process that uses it
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gisland.database.cluster_config import FOLDER, SUPERUSER, write_config
from gisland.database.cluster_host import PORT, Account, Programs, account_for, find_programs, socket_dir
from gisland.errors import Conflict, DatabaseUnavailable
from gisland.settings import Settings

START_SECONDS = 300  # recovery after a crash may have to replay max_wal_size
ORPHAN_SECONDS = 5
LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Cluster:
    """A running private cluster: where it listens and who may do everything in it."""

    socket_dir: Path
    port: int
    superuser: str
    pid: int
    os_user: str


@dataclass(frozen=True)
class Status:
    """What `gisland db status` tells."""

    state_dir: Path
    exists: bool
    version: str
    pid: int | None
    kept: bool


# The clusters that this process uses: state folder → the cluster and the file whose shared lock says so.
_in_use: dict[Path, tuple[Cluster, int]] = {}


def ensure_running(settings: Settings, *, keep: bool = False) -> Cluster:
    """The private cluster, created and started if need be; it then runs at least as long as this process.

    Args:
        keep: leave it running after this process, until `stop`.

    Raises:
        DatabaseUnavailable: a program is missing or the server does not start; the message says which and why.
    """
    state_dir = settings.state_dir.absolute()
    data_dir = state_dir / "pg"
    known = _in_use.get(state_dir)
    if known and not keep and _is_postgres(known[0].pid, data_dir):
        return known[0]
    account = account_for(data_dir)
    _make_state_dir(state_dir, account)
    with _locked(state_dir):
        sockets = socket_dir(state_dir, account)
        pid = _postmaster(data_dir)
        if pid and not (sockets / f".s.PGSQL.{PORT}").is_socket():
            # /tmp was swept while the server ran: nobody can reach it any more.
            _stop_server(data_dir, account)
            pid = None
        if pid is None:
            programs = _initialised(data_dir, account)
            write_config(settings, state_dir / "conf", sockets, account)
            pid = _start_server(data_dir, sockets, account, programs)
        if keep:
            (state_dir / "pg.keep").write_text(_life(data_dir))
        cluster = Cluster(sockets, PORT, SUPERUSER, pid, account.name)
        _use(state_dir, cluster)
    return cluster


def stop(settings: Settings, *, force: bool = False) -> bool:
    """Stop the private cluster.

    Args:
        force: also when other processes use it.

    Returns:
        Whether it ran.

    Raises:
        Conflict: other processes use it.
    """
    state_dir = settings.state_dir.absolute()
    data_dir = state_dir / "pg"
    if not data_dir.exists():
        return False
    account = account_for(data_dir)
    with _locked(state_dir):
        alone = _leave(state_dir)
        if _postmaster(data_dir) is None:
            return False
        if not alone and not force:
            raise Conflict(
                "một tiến trình gisland khác đang dùng CSDL riêng · another gisland process uses the private database",
                hint="end it first, or use --force",
            )
        (state_dir / "pg.keep").unlink(missing_ok=True)
        _stop_server(data_dir, account)
    return True


def remove(settings: Settings) -> None:
    """Stop the private cluster and delete its data. The keys stay: dumps of it cannot be read without them."""
    state_dir = settings.state_dir.absolute()
    stop(settings, force=True)
    if state_dir.exists():
        with _locked(state_dir):
            sockets = socket_dir(state_dir, account_for(state_dir / "pg"))
            for folder in (sockets, *(state_dir / name for name in ("pg", "pg.init", "conf", "log"))):
                shutil.rmtree(folder, ignore_errors=True)


def status(settings: Settings) -> Status:
    """Whether there is a private cluster, and whether it runs."""
    state_dir = settings.state_dir.absolute()
    data_dir = state_dir / "pg"
    exists = data_dir.exists()
    if exists:
        account_for(data_dir)
    return Status(
        state_dir=state_dir,
        exists=exists,
        version=(data_dir / "PG_VERSION").read_text().strip() if exists else "",
        pid=_postmaster(data_dir),
        kept=_is_kept(state_dir),
    )


def died(settings: Settings) -> bool:
    """Whether the server was killed: its process is gone, but unlike after a stop its pid file is still there."""
    data_dir = settings.state_dir.absolute() / "pg"
    return _postmaster(data_dir) is None and (data_dir / "postmaster.pid").exists()


# --- who uses it ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    """One process at a time creates, starts or stops the cluster; the others wait here."""
    file = os.open(state_dir / "pg.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _use(state_dir: Path, cluster: Cluster) -> None:
    """Tell other processes, until this one ends, that the cluster is in use."""
    if state_dir in _in_use:
        file = _in_use[state_dir][1]
    else:
        file = os.open(state_dir / "pg.users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_SH)
        atexit.register(_release, state_dir)
    _in_use[state_dir] = (cluster, file)


def _leave(state_dir: Path) -> bool:
    """Use the cluster no longer. Returns whether nobody else does; call it under `_locked`."""
    _, file = _in_use.pop(state_dir, (None, None))
    if file is None:
        file = os.open(state_dir / "pg.users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(file)


def _release(state_dir: Path) -> None:
    """At the end of this process: the last one out stops the server, unless it is to be kept."""
    data_dir = state_dir / "pg"
    if state_dir not in _in_use or not data_dir.exists():
        return
    with _locked(state_dir):
        if _leave(state_dir) and not _is_kept(state_dir) and _postmaster(data_dir):
            _stop_server(data_dir, account_for(data_dir))


def _life(data_dir: Path) -> str:
    """What tells this run of the server from any other: its process number and start time."""
    lines = (data_dir / "postmaster.pid").read_text().splitlines()
    return f"{lines[0]} {lines[2]}"


def _is_kept(state_dir: Path) -> bool:
    with contextlib.suppress(OSError, IndexError):
        return (state_dir / "pg.keep").read_text() == _life(state_dir / "pg")
    return False


# --- the server's files and processes ---------------------------------------------------------------------------------


def _make_state_dir(state_dir: Path, account: Account) -> None:
    """Make the state folder; the account that runs the server must be able to pass through it."""
    for folder in reversed([each for each in (state_dir, *state_dir.parents) if not each.exists()]):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    if account.run("test", "-x", str(state_dir)).returncode:
        raise DatabaseUnavailable(
            f"người dùng {account.name} chạy CSDL riêng không vào được {state_dir}"
            f" · the user {account.name}, who runs the private database, cannot enter {state_dir}",
            hint="choose a folder that every user may enter with GISLAND_STATE_DIR",
        )


def _initialised(data_dir: Path, account: Account) -> Programs:
    """Create the cluster if there is none. Returns the programs of its version."""
    if data_dir.exists():
        return find_programs(int((data_dir / "PG_VERSION").read_text()))
    programs = find_programs()
    # Made under another name, so that a half-made cluster (kill -9, full disk) is never taken for a whole one.
    draft = data_dir.with_name("pg.init")
    shutil.rmtree(draft, ignore_errors=True)
    account.own(draft)
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=peer", "--no-instructions"]
    made = account.run(programs["initdb"], "-D", ".", f"--username={SUPERUSER}", *options, cwd=draft)
    if made.returncode:
        raise DatabaseUnavailable(
            "không tạo được CSDL riêng"
            f" · the private database cannot be created in {data_dir}: {_last_line(made.stderr)}"
        )
    for unused in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):  # ours are in <state>/conf
        (draft / unused).unlink()
    draft.rename(data_dir)
    return programs


def _start_server(data_dir: Path, sockets: Path, account: Account, programs: Programs) -> int:
    """Start the server and wait until it answers. Returns its process number."""
    _end_orphans(data_dir)
    # Nothing works in the data folder now. After a reboot or in a new container, the process number in a leftover lock
    # file may be some other program's, and PostgreSQL would believe it alive.
    for leftover in (data_dir / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock", sockets / f".s.PGSQL.{PORT}"):
        leftover.unlink(missing_ok=True)
    log = account.own(data_dir.with_name("log")) / "postgres.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    seen = log.stat().st_size if log.exists() else 0
    started = account.run(
        programs["pg_ctl"],
        *("start", "--pgdata=.", "--log=../log/postgres.log", f"--options=-c config_file={FOLDER}/postgresql.conf"),
        *("--wait", f"--timeout={START_SECONDS}", "--silent"),
        cwd=data_dir,
    )
    pid = _postmaster(data_dir)
    if started.returncode or pid is None:
        said = log.read_bytes()[seen:].decode(errors="replace") if log.exists() else ""
        reasons = re.findall(r"(?:FATAL|PANIC): +(.*)", said) or [_last_line(said or started.stderr)]
        raise DatabaseUnavailable(
            f"CSDL riêng không khởi động · the private database does not start: {reasons[-1]}", hint=f"see {log}"
        )
    return pid


def _stop_server(data_dir: Path, account: Account) -> None:
    """Stop the server cleanly: sessions are ended, everything is on disk."""
    programs = find_programs(int((data_dir / "PG_VERSION").read_text()))
    options = ("--pgdata=.", "--mode=fast", "--wait", f"--timeout={START_SECONDS}", "--silent")
    stopped = account.run(programs["pg_ctl"], "stop", *options, cwd=data_dir)
    if stopped.returncode and _postmaster(data_dir):
        raise DatabaseUnavailable(
            f"CSDL riêng không dừng · the private database does not stop: {_last_line(stopped.stderr)}"
        )


def _postmaster(data_dir: Path) -> int | None:
    """The process number of the running server, or None."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if _is_postgres(pid, data_dir) else None


def _is_postgres(pid: int, data_dir: Path) -> bool:
    """Whether a process is a PostgreSQL process of this cluster: they all work in its data folder."""
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name
        return program.startswith("postgres") and Path(f"/proc/{pid}/cwd").samefile(data_dir)
    except OSError:
        return False


def _end_orphans(data_dir: Path) -> None:
    """Wait for sessions whose server was killed; they end by themselves, and are killed if they are too busy to."""
    begin = time.monotonic()
    while orphans := [int(p.name) for p in Path("/proc").glob("[0-9]*") if _is_postgres(int(p.name), data_dir)]:
        waited = time.monotonic() - begin
        if waited > 2 * ORPHAN_SECONDS:
            raise DatabaseUnavailable(
                "còn tiến trình của máy chủ CSDL đã bị dừng đột ngột"
                f" · processes of the killed database server are still there: {orphans}"
            )
        if waited > ORPHAN_SECONDS:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
