"""The job queue (procrastinate's own schema, in a schema of its own)."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create procrastinate's tables and functions; the package is pinned, its own migrations follow with it."""
    connection = op.get_bind()
    connection.exec_driver_sql("CREATE SCHEMA jobs")
    connection.exec_driver_sql("SET LOCAL search_path = jobs, public")
    connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    connection.exec_driver_sql("RESET search_path")


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
