"""Prints that tell exact statuses are for those who may be told of persons, like those with names."""

from alembic import op

revision = "0029"
down_revision = "0028"

TABLES = """
ALTER TABLE printing.job ADD COLUMN exact boolean;
COMMENT ON COLUMN printing.job.exact IS 'exact statuses of verification are in the file: who may not be told of persons does not get it';
-- Until now all maps told them.
UPDATE printing.job SET exact = product IN ('atlas', 'atlases', 'area', 'overview') WHERE names IS NOT NULL;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
