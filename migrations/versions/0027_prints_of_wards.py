"""Prints of several wards: who reaches all of them sees them, and nobody else."""

from alembic import op

revision = "0027"
down_revision = "0026"

TABLES = """
ALTER TABLE printing.job ADD COLUMN wards int[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN printing.job.wards IS 'of a print that may show several wards: those that it shows; empty: the one that it is noted in';
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
