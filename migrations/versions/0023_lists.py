"""Lists of holders by name, and of numbers as people count; that a right of the past is taken back is a kind of change."""

from alembic import op

revision = "0023"
down_revision = "0022"

KINDS = """
ALTER TABLE registry.change
    DROP CONSTRAINT change_kind_check,
    ADD CONSTRAINT change_kind_check CHECK (kind IN (
        'import', 'create', 'correct', 'split', 'merge', 'adjust', 'renumber', 'retire', 'transfer', 'reissue', 'reform',
        'historic', 'withdraw', 'restrict', 'release', 'file', 'verify', 'publish', 'undo', 'direct'));
"""


SORTS = """
-- Numbers within texts are compared as numbers: 2, 10, 10A.
CREATE COLLATION registry.vietnamese_numbers (provider = icu, locale = 'vi-VN-u-kn-true');
-- Usage: the holders of a ward by name, page by page (GET /api/v1/holders?sort=name)
CREATE INDEX holder_full_name ON registry.holder (ward_id, full_name COLLATE registry.vietnamese, id);
"""


def upgrade() -> None:
    """Let changes have the kind `withdraw`; make the collation and the index of lists."""
    op.execute(KINDS)
    op.execute(SORTS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
