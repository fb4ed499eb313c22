"""Rights and restrictions that are past their own day are ended: some readers counted them as in force, others did not.

From now on what is over when it is written is ended by that change (`registry.end_as_written`).
"""

from alembic import op
from sqlalchemy import text

revision = "0036"
down_revision = "0035"

FIND = """
SELECT EXISTS (SELECT FROM registry.holding WHERE retired_by IS NULL AND valid_to <= current_date)
    OR EXISTS (SELECT FROM registry.restriction WHERE retired_by IS NULL AND valid_to <= current_date)
"""
END = """
INSERT INTO registry.change (kind, reason, by)
VALUES ('direct', 'quá ngày hết hiệu lực · past the day of its end', 'db:' || session_user);
UPDATE registry.holding SET retired_by = registry.current_change() WHERE retired_by IS NULL AND valid_to <= current_date;
UPDATE registry.restriction SET retired_by = registry.current_change() WHERE retired_by IS NULL AND valid_to <= current_date;
-- The layers follow now, not at the commit.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def upgrade() -> None:
    """End what is over."""
    bind = op.get_bind()
    if bind.execute(text(FIND)).scalar():
        op.execute(END)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
