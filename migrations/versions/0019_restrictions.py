"""A restriction says which one it goes on from: parcels that were split and come together bear a mortgage once."""

from alembic import op

revision = "0019"
down_revision = "0018"

CONTINUES = """
ALTER TABLE registry.restriction ADD COLUMN continues bigint REFERENCES registry.restriction (id);
-- Usage: what goes on from a restriction (undo)
CREATE INDEX restriction_continues ON registry.restriction (continues) WHERE continues IS NOT NULL;
"""


def upgrade() -> None:
    """Add the column. Of restrictions that were taken over before, it is not known what they go on from."""
    op.execute(CONTINUES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
