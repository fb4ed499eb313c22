"""The private cluster's configuration files, written anew at each start so that old clusters get new settings.

They lie beside the data folder, not in it: the database's own user can read them but not change who may sign in.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from gisland.database.cluster_host import PORT, Account
from gisland.database.roles import Role
from gisland.settings import Settings

SUPERUSER = "gisland_superuser"
MEBIBYTE = 1024 * 1024
# Relative to the data folder, where the server is started: no path of the machine has to be quoted.
FOLDER = "../conf"


def write_config(settings: Settings, folder: Path, sockets: Path, account: Account) -> None:
    """Write `postgresql.conf`, `pg_hba.conf` and `pg_ident.conf`."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    texts = {
        "postgresql.conf": "".join(f"{name} = {value}\n" for name, value in parameters(settings, sockets).items()),
        "pg_hba.conf": "local all all peer map=gisland\n",
        "pg_ident.conf": ident_map(account),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)


def parameters(settings: Settings, sockets: Path) -> dict[str, str]:
    """The server's parameters: a Unix socket only, moderate memory, nothing personal in the log."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEBIBYTE
    # Each web worker has four pools (see `connection.Pools`); the rest is for commands, jobs, psql, and other programs
    # that read layers, such as QGIS and the servers of `gisland bench`.
    connections = max(100, 4 * settings.pool_size * settings.workers + 60)
    return {
        "hba_file": f"'{FOLDER}/pg_hba.conf'",
        "ident_file": f"'{FOLDER}/pg_ident.conf'",
        "listen_addresses": "''",
        "port": str(PORT),
        "unix_socket_directories": f"'{sockets}'",
        "max_connections": str(connections),
        "shared_buffers": f"{max(32, min(512, memory // 4))}MB",
        "effective_cache_size": f"{max(64, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(32, min(256, memory // 16))}MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_locks_per_transaction": "256",
        "wal_level": "replica",
        "max_wal_size": "4GB",
        "synchronous_commit": "on",
        # The message, detail or context of an error may quote a person's data: the server logs its own life only; who
        # sent the statement gets the error and knows what may be written down.
        "log_min_messages": "log",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "cluster_name": "gisland",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
        "log_checkpoints": "off",
    }


def ident_map(account: Account) -> str:
    """Which users of the operating system may sign in as which roles: the one who runs gisland, the cluster's, root."""
    users = dict.fromkeys([pwd.getpwuid(os.geteuid()).pw_name, account.name, "root"])
    roles = [SUPERUSER, *Role]
    return "".join(f'gisland "{user}" {role}\n' for user in users for role in roles)
