"""The register of prints is read by time: the newest first, of whichever wards."""

from alembic import op

revision = "0025"
down_revision = "0024"

INDEX = """
-- Usage: GET /api/v1/prints, /ogc/jobs: the newest, page by page. The wards are those of the policy, which no index serves.
CREATE INDEX job_created_at ON printing.job (created_at DESC, id DESC);
DROP INDEX printing.job_ward_id;
"""


def upgrade() -> None:
    """Replace the index."""
    op.execute(INDEX)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
