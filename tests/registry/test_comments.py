"""Each table and column of the registry says what it means, in Vietnamese and in English."""

from __future__ import annotations

from psycopg import Connection

MEANINGS = """
    SELECT c.oid::regclass || coalesce('.' || attname, ''),
           coalesce(col_description(c.oid, attnum), obj_description(c.oid))
      FROM pg_class c
      LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute
                          WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                          UNION ALL SELECT NULL, 0) a ON true
     WHERE relnamespace IN ('registry'::regnamespace, 'verification'::regnamespace) AND relkind IN ('r', 'v')
"""


def test_every_table_and_column_has_its_meaning_in_two_languages(app_connection: Connection) -> None:
    meanings: dict[str, str] = dict(app_connection.execute(MEANINGS).fetchall())
    assert len(meanings) > 200
    for place, meaning in meanings.items():
        assert meaning, place
        vietnamese, _, english = meaning.partition(" · ")
        assert vietnamese.strip(), place
        assert english.strip(), place
