"""One database for many tests, each of which finds it as if it were a clone of its own.

A clone takes a tenth of a second, and then each session reads the catalogue and plans all statements anew, which takes
longer than most acts. Here rows and sequences are put back as they were, in some milliseconds, and sessions stay. What
alters the schema, or is about databases and sessions themselves, needs a clone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import Connection, sql

from gisland.database import Role, Scope, connect, pooled_acts
from gisland.database.migrate import admin_conninfo
from gisland.settings import Settings
from tests import factories
from tests.conftest import clone_of

SESSIONS = 8  # as many as write at once in any of these tests
# What has rows, but for the tables of extensions.
_TABLES = """
    SELECT relnamespace::regnamespace::text, relname,
           ARRAY(SELECT attname::text FROM pg_attribute
                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
      FROM pg_class c
     WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_)'
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
"""
_SEQUENCES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'"
# What a test that alters the schema would leave to the others: relations, triggers that are off, functions.
_SCHEMA = """
    SELECT (SELECT sum(oid::bigint) FROM pg_class WHERE relpersistence <> 't'),
           (SELECT sum(oid::bigint) FROM pg_trigger WHERE tgenabled <> 'D'),
           (SELECT sum(xmin::text::bigint) FROM pg_proc)
"""
_FUNCTION = "CREATE FUNCTION as_made.restore() RETURNS void LANGUAGE plpgsql AS {}"
# A table that had rows is written only where they are others now.
_RESTORE = """
    IF (SELECT array_agg(t::text ORDER BY t::text) FROM {table} t)
       IS DISTINCT FROM (SELECT array_agg(t::text ORDER BY t::text) FROM {kept} t) THEN
        DELETE FROM {table};
        INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept};
    END IF;
"""


class Emptied:
    """A database that is put back as it was made."""

    def __init__(self, settings: Settings, connection: Connection, opened: ExitStack) -> None:
        """Note how it is now.

        Args:
            settings: of the database.
            connection: a superuser's, for whom triggers do not fire.
            opened: keeps what is opened until the end.
        """
        self.settings, self._connection, self.opened = settings, connection, opened
        self.sessions: dict[tuple[Role, Scope], Connection] = {}
        """Those that tests read in, by what they see."""
        self.app = opened.enter_context(connect(settings, Role.APP))
        """One that a test may write in; what it does not commit is rolled back."""
        connection.execute("SET session_replication_role = replica; SET lock_timeout = '20s'; SET search_path = ''")
        connection.execute("CREATE SCHEMA as_made")
        statements = [self._restoring(*table) for table in connection.execute(_TABLES).fetchall()]
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            last, called = connection.execute(f"SELECT last_value, is_called FROM {name}".encode()).fetchone() or ()
            statements.append(sql.SQL("PERFORM pg_catalog.setval({}, {}, {});").format(name, last, called))
        body = sql.SQL("BEGIN {} END").format(sql.SQL("\n").join(statements)).as_string(connection)
        connection.execute(sql.SQL(_FUNCTION).format(body))
        self._schema = connection.execute(_SCHEMA).fetchone()

    def _restoring(self, schema: str, name: str, columns: list[str]) -> sql.Composed:
        """What puts the rows of a table back; they are copied when there are any."""
        table, kept = sql.Identifier(schema, name), sql.Identifier("as_made", f"{schema}_{name}")
        # A table that was looked at while it was empty is planned for as such.
        self._connection.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(table))
        if not self._connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
            return sql.SQL("DELETE FROM {};").format(table)
        self._connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, table))
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        return sql.SQL(_RESTORE).format(table=table, kept=kept, columns=listed)

    def restore(self) -> None:
        """Undo all that was done to its rows.

        Raises:
            AssertionError: its schema was altered.
            psycopg.errors.LockNotAvailable: a transaction is open.
        """
        self._connection.execute("SELECT as_made.restore()")
        factories.forget(self.settings.database_name)
        assert self._connection.execute(_SCHEMA).fetchone() == self._schema, "who alters the schema needs a clone"


@contextmanager
def emptied(template: Settings) -> Iterator[Emptied]:
    """A clone of a template that tests may use one after the other, with sessions for acts as in a web worker."""
    with clone_of(template) as settings, ExitStack() as opened:
        connection = opened.enter_context(psycopg.connect(admin_conninfo(settings), autocommit=True))
        opened.enter_context(pooled_acts(settings, SESSIONS))
        yield Emptied(settings, connection, opened)


@pytest.fixture(scope="module")
def reused(begun: Settings) -> Iterator[Emptied]:
    """The database of the tests of a file; one for all files would be slow in the end, by the rows that are gone."""
    with emptied(begun) as reused:
        yield reused


@pytest.fixture
def settings(reused: Emptied) -> Iterator[Settings]:
    """Settings of this database, for a directory or a file that has no need of fresh ones."""
    yield reused.settings
    reused.restore()


@pytest.fixture
def app_connection(reused: Emptied, settings: Settings) -> Iterator[Connection]:
    """A connection as the application, which stays for the tests to come."""
    yield reused.app
    reused.app.rollback()


@pytest.fixture
def ward(settings: Settings) -> Settings:
    """The same where a ward was begun; its sessions stay anyway."""
    return settings
