"""What the machine gives the private cluster: PostgreSQL's programs, an account to run them, a socket's folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gisland.errors import DatabaseUnavailable

SYSTEM_USER = "gisland"
OLDEST_VERSION = 15
PORT = 5432
# struct sockaddr_un has 108 bytes with the closing zero; PostgreSQL and libpq refuse longer paths.
SOCKET_PATH_BYTES = 107


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL version that has PostGIS."""

    version: int
    folder: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def find_programs(version: int | None = None) -> Programs:
    """The newest PostgreSQL of this machine that has PostGIS: Debian's folders first, then the PATH.

    Args:
        version: the major version wanted, for a cluster that exists; any from 15 on when None.

    Raises:
        DatabaseUnavailable: there is none; the message names the Debian package.
    """
    found = [
        Programs(int(folder.parent.name), folder)
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit()
        and (folder / "initdb").exists()
        and Path("/usr/share/postgresql", folder.parent.name, "extension/postgis.control").exists()
    ]
    found = found or _programs_on_path()
    usable = [each for each in found if each.version == version or (version is None and each.version >= OLDEST_VERSION)]
    if not usable:
        wanted = version or OLDEST_VERSION
        raise DatabaseUnavailable(
            f"chưa cài PostgreSQL {wanted} với PostGIS · PostgreSQL {wanted} with PostGIS is not installed",
            hint=f"`apt install postgresql-{wanted}-postgis-3`, or set GISLAND_DATABASE_URL to a server that has it",
        )
    return max(usable, key=lambda each: each.version)


def client_program(name: str) -> str:
    """The path of `psql`, `pg_dump` or `pg_restore`: the newest, because they talk to older servers but not to newer.

    Raises:
        DatabaseUnavailable: it is not installed.
    """
    folders = [each for each in Path("/usr/lib/postgresql").glob("*/bin") if (each / name).exists()]
    found = max(folders, key=lambda each: int(each.parent.name)) / name if folders else shutil.which(name)
    if found is None:
        raise DatabaseUnavailable(f"chưa cài {name} · {name} is not installed", hint="`apt install postgresql-client`")
    return str(found)


def _programs_on_path() -> list[Programs]:
    """PostgreSQL by its own account of itself, for systems that do not keep Debian's folders."""
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        return []
    answer = subprocess.run(  # noqa: S603 - no input from outside
        [pg_config, "--version", "--bindir", "--sharedir"], capture_output=True, text=True, check=False
    )
    lines = answer.stdout.splitlines()
    if len(lines) != 3:
        return []
    version = re.search(r"\d+", lines[0])
    complete = Path(lines[1], "initdb").exists() and Path(lines[2], "extension/postgis.control").exists()
    return [Programs(int(version[0]), Path(lines[1]))] if version and complete else []


@dataclass(frozen=True)
class Account:
    """The operating system's user that owns the cluster; never root, because PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with a bare environment, so that a PGPORT or PROJ_DATA cannot lead it astray."""
        root = os.geteuid() == 0
        return subprocess.run(  # noqa: S603 - no input from outside
            command,
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            umask=0o077,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=[] if root else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def own(self, folder: Path) -> Path:
        """Make a folder that only this user (and root) may enter; one that exists is left as it is."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, self.uid, self.gid)
        return folder


def account_for(data_dir: Path) -> Account:
    """The user a cluster runs as: its owner if it exists, else the one who asks, or for root the user `gisland`.

    Raises:
        DatabaseUnavailable: the cluster is another user's, or the user `gisland` cannot be created.
    """
    uid = data_dir.stat().st_uid if data_dir.exists() else os.geteuid()
    if os.geteuid() not in (0, uid):
        raise DatabaseUnavailable(
            "CSDL riêng thuộc người dùng khác"
            f" · the private database in {data_dir} belongs to the user {_user(uid).pw_name}",
            hint="run gisland as that user, or choose another folder with GISLAND_STATE_DIR",
        )
    user = _system_user() if uid == 0 else _user(uid)
    return Account(user.pw_name, user.pw_uid, user.pw_gid)


def _user(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        # Peer authentication goes by name; a container started with a bare number has none.
        raise DatabaseUnavailable(
            f"hệ điều hành không có người dùng số {uid} · the operating system knows no user with number {uid}",
            hint="add one to /etc/passwd, or set GISLAND_DATABASE_URL to a server",
        ) from error


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--user-group", "--home-dir=/nonexistent", "--shell=/usr/sbin/nologin"]
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    try:
        subprocess.run(  # noqa: S603 - no input from outside
            [*command, SYSTEM_USER], env={"PATH": path}, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseUnavailable(
            f"PostgreSQL không chạy dưới quyền root, và không tạo được người dùng {SYSTEM_USER}"
            f" · PostgreSQL does not run as root, and the user {SYSTEM_USER} cannot be created",
            hint=f"`useradd --system {SYSTEM_USER}`, or run gisland as an ordinary user",
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def socket_dir(state_dir: Path, account: Account) -> Path:
    """The folder of the cluster's Unix socket: in the state folder, or in /tmp (root: /run) when that path is too long.

    Raises:
        DatabaseUnavailable: somebody else owns the folder in /tmp; a server behind it could not be trusted.
    """
    folder = state_dir / "run"
    # unix_socket_directories is a list with commas and quotes of its own: only plain paths are put in it.
    plain = re.fullmatch(r"[\w./@+-]+", str(folder), re.ASCII)
    if not plain or len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES:
        name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:10]
        folder = Path("/run" if os.geteuid() == 0 else "/tmp") / f"gisland-{account.uid}-{name}"  # noqa: S108 - checked below
    account.own(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o022:
        raise DatabaseUnavailable(
            "thư mục socket không phải của riêng người dùng"
            f" · the folder {folder} for the database's socket is not the user {account.name}'s alone",
            hint="remove it, or choose a shorter folder with GISLAND_STATE_DIR",
        )
    return folder
