"""Units of the past, and the name of the key of the national ids.

Units: districts that became wards, and an index for what a code meant at a date. The key: none is named until it is
changed for the first time, for a database that is restored does not know which key file lies there.
"""

from alembic import op

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


def upgrade() -> None:
    """Change the tables."""
    # Checks that wait for the commit hold up a change of the table.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(UNITS)
    op.execute(KEY)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
