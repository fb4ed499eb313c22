"""A published layer knows its native geometry: the coordinates as they were surveyed, and on which planes they lie."""

from alembic import op

revision = "0021"
down_revision = "0020"

NATIVE = """
ALTER TABLE publish.layer ADD COLUMN native text, ADD COLUMN planes int[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN publish.layer.native IS 'the column of the view that gives the geometry in the CRS of its survey; none: it is in WGS 84';
COMMENT ON COLUMN publish.layer.planes IS 'EPSG codes of the native geometries when the layer was applied';
"""


def upgrade() -> None:
    """Change the table; the layers are made anew by `gisland layer apply`."""
    op.execute(NATIVE)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
