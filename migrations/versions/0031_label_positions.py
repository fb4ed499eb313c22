"""Where the label of a parcel stands, as somebody placed it: a point on the plane of its sheet, and maybe an angle."""

from alembic import op

revision = "0031"
down_revision = "0030"

TABLES = """
ALTER TABLE registry.parcel
    ADD COLUMN label_east double precision,
    ADD COLUMN label_north double precision,
    ADD COLUMN label_angle numeric(4, 1),
    ADD CONSTRAINT parcel_label_check CHECK ((label_east IS NULL) = (label_north IS NULL)
                                             AND (label_angle IS NULL OR label_east IS NOT NULL)),
    ADD CONSTRAINT parcel_label_angle_check CHECK (label_angle > -90 AND label_angle <= 90);
"""


def upgrade() -> None:
    """Add the columns; the tables of former states follow by themselves."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
