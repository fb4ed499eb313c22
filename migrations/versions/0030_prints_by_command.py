"""The register of printed copies has what was printed by commands, too: nobody ordered it in the queue."""

from alembic import op

revision = "0030"
down_revision = "0029"

TABLES = """
ALTER TABLE printing.job ALTER COLUMN account_id DROP NOT NULL;
COMMENT ON COLUMN printing.job.account_id IS 'who ordered it; none: printed by a command, which is no order and keeps no file here';
"""


def upgrade() -> None:
    """Let rows be of no account."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
