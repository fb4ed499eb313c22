"""Regions of the ground: which state of them the tiles of a public layer show."""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = """
CREATE TABLE published.tile_region (
    layer text NOT NULL REFERENCES publish.layer ON DELETE CASCADE,
    x int NOT NULL,
    y int NOT NULL,
    stamp bigint NOT NULL,
    PRIMARY KEY (layer, x, y)
) WITH (fillfactor = 50);
COMMENT ON TABLE published.tile_region IS 'regions of public layers: column and row of WebMercatorQuad at zoom 16 (-1, -1: the whole layer, for features that cover too many), and a random number that is another one after each change of a feature there';
"""


def upgrade() -> None:
    """Create the table; it is filled by `gisland layer apply`, which makes the layers anew."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
