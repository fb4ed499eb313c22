"""Dump and restore: the whole database in one file, and back into an empty server.

The file holds national ids as they are stored: encrypted. Who wants to read them again keeps the key file with it, but
in another place.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.database.cluster_host import client_program
from gisland.database.connection import conninfo
from gisland.database.migrate import admin_conninfo, migrate, prepare_server
from gisland.database.roles import Role
from gisland.errors import Conflict, DatabaseUnavailable, InputError
from gisland.settings import Settings

# Tables that no extension brought.
IS_EMPTY = """
    SELECT NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND NOT EXISTS (SELECT FROM pg_depend AS d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
"""


def without_password(info: str) -> tuple[str, dict[str, str]]:
    """Argument and environment with which PostgreSQL's programs connect; a password is never an argument (`ps`)."""
    parts = conninfo_to_dict(info)
    password = parts.pop("password", None)
    env = dict(os.environ) | ({"PGPASSWORD": str(password)} if password is not None else {})
    return make_conninfo("", **parts), env


def dump(settings: Settings, file: Path) -> None:
    """Write the database to a file (pg_dump's custom format) that only this user may read.

    Raises:
        Conflict: the file exists.
        DatabaseUnavailable: the database does not answer or pg_dump is missing.
    """
    if file.exists():
        raise Conflict("tệp đã có · the file exists already", hint="choose another name", file=str(file))
    info, env = without_password(conninfo(settings, Role.BACKUP))
    # Under another name until it is complete, so that half a dump is never kept for a whole one.
    draft = file.with_name(file.name + ".part")
    command = [client_program("pg_dump"), f"--dbname={info}", "--format=custom", f"--file={draft.absolute()}"]
    # The policies show the backup role all rows; pg_dump must be told that this will do.
    command.append("--enable-row-security")
    # Files that expire within days and can be drawn again; that they were printed is kept.
    command.append("--exclude-table-data=printing.result")
    try:
        made = subprocess.run(  # noqa: S603 - no input from outside
            command, env=env, umask=0o077, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise DatabaseUnavailable(
                f"không sao lưu được CSDL · the database cannot be dumped: {_reason(made.stderr)}"
            )
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)


def restore(settings: Settings, file: Path) -> None:
    """Fill an empty server from a dump, all or nothing, and bring its schema up to date.

    Raises:
        InputError: the file is no dump.
        Conflict: there are tables in the database already.
    """
    contents = _pg_restore("--list", str(file))
    if contents.returncode:
        raise InputError(
            "đây không phải bản sao lưu của `gisland db dump` · this is not a dump made by `gisland db dump`",
            file=str(file),
        )
    prepare_server(settings)
    with psycopg.connect(admin_conninfo(settings)) as connection:
        row = connection.execute(IS_EMPTY).fetchone()
        if row is None or not row[0]:
            raise Conflict(
                "CSDL không trống · the database is not empty",
                hint="restore into a new server, or delete this one with `gisland db remove`",
            )
        srids = _reference_systems(contents.stdout, file)
        connection.execute("DELETE FROM public.spatial_ref_sys WHERE srid = ANY(%s)", [srids])
    info, env = without_password(admin_conninfo(settings))
    # Extensions are there already; not every administrator may create or comment them.
    entries = [line for line in contents.stdout.splitlines() if " EXTENSION " not in line]
    restored = _with_list(entries, file, f"--dbname={info}", "--single-transaction", "--exit-on-error", env=env)
    if restored.returncode:
        raise InputError(
            f"không khôi phục được bản sao lưu · the dump cannot be restored: {_reason(restored.stderr)}",
            file=str(file),
        )
    migrate(settings)


def _reference_systems(contents: str, file: Path) -> list[int]:
    """The reference systems that the dump brings (those its PostGIS lacked); a newer PostGIS may have them itself."""
    entries = [line for line in contents.splitlines() if " TABLE DATA public spatial_ref_sys " in line]
    script = _with_list(entries, file, "--file=-").stdout if entries else ""
    return [int(srid) for srid in re.findall(r"^(\d+)\t", script, re.MULTILINE)]


def _with_list(
    entries: list[str], *arguments: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pg_restore for some entries of the dump's table of contents."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as chosen:
        chosen.write("\n".join(entries) + "\n")
        chosen.flush()
        return _pg_restore(f"--use-list={chosen.name}", *map(str, arguments), env=env)


def _pg_restore(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [client_program("pg_restore"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - no input from outside


def _reason(stderr: str) -> str:
    """The first error of a PostgreSQL program, without its details: they may quote a row."""
    errors: list[str] = re.findall(r"(?:ERROR|FATAL|error): +(.*)", stderr)
    return errors[-1] if errors else "no reason given"
