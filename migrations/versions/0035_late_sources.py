"""What late layers wait for: the rows that changed, one row a transaction and table, instead of each feature touched."""

from alembic import op

revision = "0035"
down_revision = "0032"

# What waits in the former shape is made anew before; on a new server there is nothing, nor the function.
TABLE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM publish.late) THEN
        PERFORM publish.refresh_late();
    END IF;
END
$$;
DROP TABLE publish.late;
CREATE TABLE publish.late (source regclass NOT NULL, keys bigint[] NOT NULL);
COMMENT ON TABLE publish.late IS 'rows that changed, of tables that late layers follow: each transaction only adds to it, the job worker takes all';
"""


def upgrade() -> None:
    """Make the table anew."""
    op.execute(TABLE)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
