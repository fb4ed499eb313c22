"""Changing the key of the national ids: each id is opened with the old key and sealed with a new one, all or nothing.

1. While nobody uses the key, its successor is written beside it, as `id.key.new`.
2. One transaction seals every id anew: of holders, of their history, of lists for the police, of evidence, and the
   hashes of source rows; and it says by which key. No number leaves this process, and no key enters the database.
3. After the commit the new file takes the place of the old one, which stays as `id.key.<name>`: older dumps need it.

Killed before the commit, nothing has changed, and the next attempt begins anew. Killed after it, the database names the
new key, and everybody finds it in `id.key.new`; the next attempt puts it into its place.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from gisland.audit import log
from gisland.database import Role, connect, conninfo
from gisland.database.statements import statements
from gisland.errors import Conflict, GislandError
from gisland.kit.keys import KEY_BYTES, keep_as, sync_folder, write_keys
from gisland.security.crypto import IdVault, load_vault, named_file, new_file
from gisland.settings import Settings

BATCH = 5000
# Someone who takes in a large file holds the key as long.
WAIT = "SET lock_timeout = '2min'; SET jit = off"
MADE_ANEW = ("holders", "history", "list_row", "evidence", "source_row")


@dataclass
class Rotation:
    """What was done. `counts` is empty when only the end of an interrupted change was made up for."""

    key: str
    former: Path
    counts: dict[str, int] = field(default_factory=dict)


def rotate_id_key(settings: Settings, *, by: str) -> Rotation:
    """Change the key of the national ids; safe to repeat after an interruption at any point.

    Args:
        settings: where the database and the key are. It works as the owner of the tables: evidence is append-only for
            everybody else.
        by: who does it, for the audit log.

    Raises:
        Conflict: others do not let go of the key or of the holders.
        GislandError: an id does not open with the key, or the new key file cannot be written; nothing is changed then.
    """
    try:
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            connection.execute(WAIT)
            # Of the session: it is held until the new key file is in its place.
            connection.execute(SQL["lock"])
            current = load_vault(settings)
            row = connection.execute(SQL["in_use"]).fetchone()
            assert row is not None
            old = current.fitting(*row)
            if row[0] is not None and old.path == new_file(settings.id_key_path):
                return Rotation(old.name, _put_in_place(current))
            new = _successor(old, settings.id_key_path)
            counts = _reseal(connection, old, new)
            detail: dict[str, object] = {"key": new.name, **counts}
            log.record(connection, by, log.Tag.IDENTITY_KEY_CHANGED, object_id=new.name, detail=detail)
            connection.commit()
            done = Rotation(new.name, _put_in_place(current), counts)
    except LockNotAvailable:
        raise Conflict(
            "có người đang dùng khoá · somebody uses the key", hint="đợi việc nhận tệp xong · wait for their files"
        ) from None
    with psycopg.connect(conninfo(settings, Role.MIGRATOR), autocommit=True) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(SQL["vacuum"])
    return done


def _successor(old: IdVault, path: Path) -> IdVault:
    key = secrets.token_bytes(KEY_BYTES)
    try:
        write_keys(new_file(path), [key, *old.content_keys], like=path)
    except OSError as error:
        raise GislandError(
            f"không ghi được tệp khoá mới · the new key file cannot be written: {error.strerror}",
            hint="thư mục của tệp khoá phải ghi được · its folder must be writable",
            file=new_file(path).name,
        ) from None
    return IdVault(key, old.content_keys, new_file(path))


def _put_in_place(current: IdVault) -> Path:
    """Put the new key file into the place of the present one, which is kept under its name."""
    path = current.path
    assert path is not None
    former = named_file(path, current.name)
    keep_as(path, former)
    new_file(path).replace(path)
    sync_folder(path.parent)
    return former


def _reseal(connection: Connection, old: IdVault, new: IdVault) -> dict[str, int]:
    connection.execute(SQL["disable_triggers"])
    connection.execute(SQL["stage"])

    def sealed(row: tuple[bytes, bytes, int]) -> tuple[bytes, ...]:
        cipher, hashed, holder = row
        try:
            return cipher, hashed, *old.reseal(cipher, new)
        except GislandError as error:
            raise GislandError(error.detail, hint=error.hint, holder=holder) from None

    def rehashed(row: tuple[bytes]) -> tuple[bytes, ...]:
        return row[0], new.rehash_content(row[0])

    _copy(connection, SQL["sealed"], SQL["copy_sealed"], sealed, 4)
    _copy(connection, SQL["source_rows"], SQL["copy_source_rows"], rehashed, 2)
    connection.execute(SQL["analyze"])
    counts = {name: connection.execute(SQL[name]).rowcount for name in MADE_ANEW}
    strays = connection.execute(SQL["strays"]).fetchone()
    assert strays is not None
    counts["strays"] = strays[0]
    connection.execute(SQL["enable_triggers"])
    connection.execute(SQL["set_key_name"], [new.name])
    return counts


def _copy(
    connection: Connection, query: LiteralString, copy_into: LiteralString, made: Callable[[Any], object], width: int
) -> None:
    """Read rows, and copy what is made of them; only a batch of them is in memory."""
    for batch in _batches(connection, query):
        with connection.cursor() as cursor, cursor.copy(copy_into) as copy:
            copy.set_types(["bytea"] * width)
            for row in batch:
                copy.write_row(made(row))  # type: ignore[arg-type]  # a tuple


def _batches(connection: Connection, query: LiteralString) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor(name="rotation") as cursor:
        cursor.execute(query)
        while batch := cursor.fetchmany(BATCH):
            yield batch


SQL = statements("gisland.security", "rotation.sql")
