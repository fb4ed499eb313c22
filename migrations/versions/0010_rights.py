"""Rights and restrictions are of the ward of the parcel they are on: by foreign key, for who may see them hangs on it.

What is on an asset or a certificate alone is held to it by triggers (`sql/registry.sql`): a foreign key cannot say
"its asset, unless it is on a parcel, too". And the end of a restriction is a change of a kind of its own.
"""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"

KINDS = """
ALTER TABLE registry.change
    DROP CONSTRAINT change_kind_check,
    ADD CONSTRAINT change_kind_check CHECK (kind IN (
        'import', 'create', 'correct', 'split', 'merge', 'adjust', 'renumber', 'retire', 'transfer', 'reissue',
        'reform', 'historic', 'restrict', 'release', 'file', 'verify', 'publish', 'undo', 'direct'));
"""

# What each row is on says its ward: its parcel, else its asset, else its certificate.
PLACES = [
    ("holding", "parcel", "true"),
    ("holding", "asset", "true"),
    ("holding", "certificate", "num_nonnulls(r.parcel_id, r.asset_id) = 0"),
    ("restriction", "parcel", "true"),
    ("restriction", "asset", "r.parcel_id IS NULL"),
    ("restriction", "certificate", "num_nonnulls(r.parcel_id, r.asset_id) = 0"),
    ("parcel_number", "parcel", "true"),
]
FIND = """
SELECT EXISTS (SELECT FROM registry.{table} r, registry.{thing} t
                WHERE t.id = r.{thing}_id AND t.ward_id <> r.ward_id AND {only})
"""
MEND = """
UPDATE registry.{table} r SET ward_id = t.ward_id
  FROM registry.{thing} t WHERE t.id = r.{thing}_id AND t.ward_id <> r.ward_id AND {only}
"""
WHY = """
INSERT INTO registry.change (kind, reason, by)
VALUES ('direct', 'quyền theo phường của thửa · rights follow the ward of their parcel', 'db:' || session_user)
"""

KEYS = """
ALTER TABLE registry.parcel ADD UNIQUE (id, ward_id);
-- Usage: all rights that were ever on a parcel (its timeline; it moves to another ward)
CREATE INDEX holding_parcel ON registry.holding (parcel_id);
"""
FOLLOWS = """
ALTER TABLE registry.{table}
    DROP CONSTRAINT {table}_parcel_id_fkey,
    ADD CONSTRAINT {table}_parcel_id_fkey
        FOREIGN KEY (parcel_id, ward_id) REFERENCES registry.parcel (id, ward_id) ON UPDATE CASCADE;
"""
TABLES = ("holding", "restriction", "parcel_number")


def upgrade() -> None:
    """Mend what was left behind when its parcel moved, as one change; then the keys."""
    # Checks that wait for the commit hold up a change of the table.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(KINDS)
    bind = op.get_bind()
    left = [
        place
        for place in ({"table": table, "thing": thing, "only": only} for table, thing, only in PLACES)
        if bind.execute(text(FIND.format(**place))).scalar()
    ]
    if left:
        op.execute(WHY)
        for place in left:
            op.execute(MEND.format(**place))
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(KEYS)
    for table in TABLES:
        op.execute(FOLLOWS.format(table=table))


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
