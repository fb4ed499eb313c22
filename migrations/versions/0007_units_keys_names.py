"""Units of the past, the name of the key of the national ids, and the keys of names anew.

Units: districts that became wards, and an index for what a code meant at a date. The key: none is named until it is
changed for the first time, for a database that is restored does not know which key file lies there. Names: the key under
which they compare equal reads quý and quỳ, apostrophes and titles better than it did when rows were written.
"""

from collections.abc import Iterator

from alembic import op
from psycopg import Connection

from gisland.kit.text import name_key

revision = "0007"
down_revision = "0006"

UNITS = """
ALTER TABLE registry.unit
    DROP CONSTRAINT unit_level_check,
    ADD CONSTRAINT unit_level_check CHECK (level IN ('province', 'district', 'ward')),
    ADD CONSTRAINT unit_no_district CHECK (level <> 'district' OR valid_to IS NOT NULL);
-- Usage: what a code meant at a date
CREATE INDEX unit_code ON registry.unit (code);
"""

KEY = """
CREATE TABLE security.id_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name text NOT NULL CHECK (name <> ''),
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE security.id_key IS 'the name (a keyed hash, not the key) of the key that the national ids are sealed with; no row until it is changed for the first time';
"""

BATCH = 5000
NAMES = "SELECT DISTINCT full_name, name_key FROM {}"
STAGE = "CREATE TEMP TABLE renamed (full_name text, old_key text, new_key text) ON COMMIT DROP"
PUT = """
UPDATE {} named SET name_key = new_key FROM renamed
 WHERE named.full_name = renamed.full_name AND named.name_key = renamed.old_key
"""


def upgrade() -> None:
    """Change the tables."""
    # Checks that wait for the commit hold up a change of the table.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(UNITS)
    op.execute(KEY)
    renew_name_keys(op.get_bind().connection.driver_connection)


def renew_name_keys(connection: Connection) -> None:
    """Make the keys of all names anew, as they are and were; no row gets another version by it.

    It may use today's function, unlike other migrations, which freeze theirs: keys that are compared must all be made by
    one function, and that is whichever the program uses. When it changes again, the migration of that change makes all of
    them anew, so it does no harm when this one, run late, has made them with the later function already.
    """
    kept = connection.execute("SELECT to_regclass('history.holder') IS NOT NULL").fetchone()
    tables = ["registry.holder", "history.holder"] if kept == (True,) else ["registry.holder"]
    connection.execute(STAGE)
    for rows in _batches(connection, " UNION ".join(map(NAMES.format, tables))):
        made = [(name, old, new) for name, old in rows if (new := name_key(name)) != old]
        with connection.cursor() as cursor, cursor.copy("COPY renamed FROM STDIN") as copy:
            for each in made:
                copy.write_row(each)
    connection.execute("ANALYZE renamed")
    connection.execute("ALTER TABLE registry.holder DISABLE TRIGGER USER")
    for table in tables:
        connection.execute(PUT.format(table))
    connection.execute("ALTER TABLE registry.holder ENABLE TRIGGER USER")


def _batches(connection: Connection, query: str) -> Iterator[list[tuple[str, str]]]:
    with connection.cursor(name="names") as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(BATCH):
            yield rows


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
