"""Units of the past: districts that became wards, and an index for what a code meant at a date."""

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


def upgrade() -> None:
    """Change the tables."""
    # Checks that wait for the commit hold up a change of the table.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(UNITS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
