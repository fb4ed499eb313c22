"""Layers that follow what they are made of some seconds later, by the job worker; and the classes of a share."""

from alembic import op

revision = "0032"
down_revision = "0034"

TABLES = """
ALTER TABLE publish.layer ADD late boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN publish.layer.late IS 'its features are made anew some seconds after a change, by the job worker; it keeps no former states';
CREATE TABLE publish.late (layer text NOT NULL, key bigint NOT NULL);
COMMENT ON TABLE publish.late IS 'features of late layers that changes have touched: each transaction only adds rows, the job worker takes them';
-- Usage: the features of a layer that wait
CREATE INDEX late_layer ON publish.late (layer);
CREATE TABLE publish.progress (class text PRIMARY KEY, begins numeric NOT NULL UNIQUE);
COMMENT ON TABLE publish.progress IS 'where the classes of a share of what is verified begin, per cent; written from config/palette.yml when layers are applied';
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
