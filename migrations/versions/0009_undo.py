"""The rows of a change are found by an index: undo looks for them several times, in all tables.

A B-tree, and no BRIN: rows that are changed go wherever there is room, so that after some years of work each range of
blocks holds rows of early and of late changes. The rows of an import are of one change; their keys are stored once.
What rows were (`history`) has its index in `sql/history.sql`.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = (
    *("unit", "unit_successor", "residential_group", "map_sheet", "parcel", "parcel_lineage", "parcel_number"),
    *("land_use", "asset", "asset_parcel", "holder", "document", "certificate", "certificate_parcel"),
    *("certificate_asset", "holding", "restriction", "document_link"),
)


def upgrade() -> None:
    """Create the indexes."""
    for table in TABLES:
        # Usage: the rows that a change made what they are (undo)
        op.execute(f"CREATE INDEX {table}_changed_by ON registry.{table} (changed_by)")


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
