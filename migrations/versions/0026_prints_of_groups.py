"""Prints are of a residential group where their product is, so that its head reaches them; and may repeat another one."""

from alembic import op

revision = "0026"
down_revision = "0025"

COLUMNS = """
ALTER TABLE printing.job
    ADD COLUMN residential_group_id int REFERENCES registry.residential_group,
    ADD COLUMN reprint_of uuid REFERENCES printing.job;
COMMENT ON COLUMN printing.job.residential_group_id IS 'the group whose papers these are, if of one; its head sees them';
COMMENT ON COLUMN printing.job.reprint_of IS 'the print that was ordered again';
-- Usage: prints of the group of its head; a print that is taken out of the register
CREATE INDEX job_residential_group_id ON printing.job (residential_group_id) WHERE residential_group_id IS NOT NULL;
CREATE INDEX job_reprint_of ON printing.job (reprint_of) WHERE reprint_of IS NOT NULL;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
