"""The chain over the audit log: seals, how far everything is sealed, and the months that retention dropped."""

from alembic import op

revision = "0012"
down_revision = "0010"

# The id was drawn before the transaction had its number. The sealer must be able to tell when nobody can come any more
# with an id below one that it has seen: then all transactions that had a number when it saw that one are over.
ID_AFTER_TRANSACTION = """
ALTER TABLE audit.event ALTER id DROP IDENTITY;
CREATE SEQUENCE audit.event_id_seq OWNED BY audit.event.id;
SELECT setval('audit.event_id_seq', coalesce((SELECT max(id) FROM audit.event), 0) + 1, false);
ALTER TABLE audit.event ALTER id SET DEFAULT
    CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('audit.event_id_seq') END;
"""

TABLES = """
CREATE TABLE audit.seal (
    position bigint PRIMARY KEY,
    event_id bigint NOT NULL UNIQUE,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
COMMENT ON TABLE audit.seal IS 'the chain: each committed event at its position, with the hash over the hash before it and its own content';

CREATE TABLE audit.sealer (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    floor bigint NOT NULL DEFAULT 0,
    next_floor bigint NOT NULL DEFAULT 0,
    next_floor_after xid8
);
COMMENT ON TABLE audit.sealer IS 'no event with an id up to floor can be missing from the chain; next_floor becomes the floor when all transactions before next_floor_after are over';
INSERT INTO audit.sealer DEFAULT VALUES;

CREATE TABLE audit.dropped_month (
    month date PRIMARY KEY,
    events bigint NOT NULL,
    last_position bigint NOT NULL,
    hash bytea NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT now(),
    dropped_by text NOT NULL
);
COMMENT ON TABLE audit.dropped_month IS 'whole months that retention took out of the log; the month that follows chains to the last hash';
"""


def upgrade() -> None:
    """Create the tables; the sealer chains what is in the log already, in the order of ids."""
    op.execute(ID_AFTER_TRANSACTION)
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
