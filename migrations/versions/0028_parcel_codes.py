"""Parcel codes begin with a letter: 12 digits are a national id in the wrong column, and the column is published.

A GeoHash of a place in Vietnam begins with `w`. What else there is was typed, never computed: it is taken away, and where
it may be an id also from the past, of the registry and of the layers.
"""

from alembic import op
from sqlalchemy import text

revision = "0028"
down_revision = "0027"

PATTERN = "^[b-hjkmnp-z][0-9b-hjkmnp-z]{11}$"
# The tables of former states are made by `sql/history.sql`, after the migrations of a new database.
OLD = "SELECT to_regclass('history.parcel') IS NOT NULL"
FIND = """
SELECT EXISTS (SELECT FROM registry.parcel WHERE parcel_code !~ :pattern)
    OR EXISTS (SELECT FROM history.parcel WHERE parcel_code !~ :pattern)
"""
MEND = f"""
INSERT INTO registry.change (kind, reason, by)
VALUES ('direct', 'mã thửa không phải GeoHash · a parcel code that is no GeoHash', 'db:' || session_user);
UPDATE registry.parcel SET parcel_code = NULL, parcel_code_method = NULL WHERE parcel_code !~ '{PATTERN}';
-- The layers follow now, not at the commit.
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE history.parcel SET parcel_code = NULL WHERE parcel_code !~ '{PATTERN}';
"""  # noqa: S608 - our own words
# The table of a layer's former features has their properties as one text.
LAYERS = """
SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname IN ('published', 'published_staff') AND relname LIKE '%\\_\\_history' AND relkind = 'r'
"""
FORGET = r"""
UPDATE {layer} SET _properties = regexp_replace(_properties, '("parcel_code" ?: ?)"[0-9][^"]*"', '\1null')
 WHERE _properties ~ '"parcel_code" ?: ?"[0-9]'
"""
KEY = f"""
ALTER TABLE registry.parcel
    DROP CONSTRAINT parcel_parcel_code_check, ADD CONSTRAINT parcel_parcel_code_check CHECK (parcel_code ~ '{PATTERN}');
"""


def upgrade() -> None:
    """Take away what is no code, then refuse it."""
    bind = op.get_bind()
    if bind.execute(text(OLD)).scalar() and bind.execute(text(FIND), {"pattern": PATTERN}).scalar():
        op.execute(MEND)
        for (layer,) in bind.execute(text(LAYERS)).fetchall():
            bind.exec_driver_sql(FORGET.format(layer=layer))
    op.execute(KEY)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
