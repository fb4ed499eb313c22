"""A published layer knows its scope: the GeoJSON of its features lies in a table beside it, seen by the same wards."""

from alembic import op

revision = "0018"
down_revision = "0014"

SCOPE = """
ALTER TABLE publish.layer ADD COLUMN scope text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN publish.layer.scope IS 'the fields that say ward and residential group of a feature; none: all may see it';
"""


def upgrade() -> None:
    """Change the table; the layers are made anew by `gisland layer apply`."""
    op.execute(SCOPE)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
