"""The published read model, the accounts and the audit log."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE SCHEMA published;
CREATE SCHEMA published_staff;
CREATE SCHEMA publish;
-- Views behind public layers lie here and are owned by the publisher, who may read no personal column.
CREATE SCHEMA publisher AUTHORIZATION gisland_publisher;

CREATE TABLE publish.layer (
    id text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9-]*$'),
    public boolean NOT NULL,
    target text NOT NULL,
    source text NOT NULL,
    columns text[] NOT NULL,
    touched_by jsonb NOT NULL,
    feature regclass NOT NULL,
    definition_hash text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE publish.layer IS 'applied layers: target table, source view, its columns, and the table whose rows are its features, and per changed table the query of the feature keys it touches';

-- The total order of the statuses and their public classes, written from config/palette.yml when layers are applied.
CREATE TABLE publish.status (
    status text PRIMARY KEY,
    position int NOT NULL UNIQUE,
    public_class text NOT NULL
);
COMMENT ON TABLE publish.status IS 'exact statuses, the worst first (position 1)';

-- Written by triggers, emptied by flush() in the same transaction: nothing of it outlives a transaction, so it need not
-- survive a crash either.
CREATE UNLOGGED TABLE publish.dirty (
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    source regclass NOT NULL,
    key bigint NOT NULL
);
-- Usage: flush() of one transaction
CREATE INDEX dirty_txid ON publish.dirty (txid);
CREATE UNLOGGED TABLE publish.dirty_transaction (txid xid8 PRIMARY KEY DEFAULT pg_current_xact_id());

CREATE TABLE publish.data_version (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    features bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE publish.data_version IS 'data version: given when the changes of a transaction are flushed';

-- numberMatched without counting: each flush adds a row, reading sums them, the worker folds them into one.
CREATE TABLE publish.count_delta (
    layer text NOT NULL REFERENCES publish.layer ON DELETE CASCADE,
    delta bigint NOT NULL
);
CREATE INDEX count_delta_layer ON publish.count_delta (layer);

CREATE SCHEMA security;
CREATE TABLE security.account (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._@-]*$'),
    secret_hash text NOT NULL,
    role text NOT NULL,
    disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE security.account IS 'people who may sign in; the secret is kept as an argon2id hash';

CREATE SCHEMA audit;
CREATE TABLE audit.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    subject text NOT NULL,
    tag text NOT NULL,
    ward_id int,
    object text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE audit.event IS 'append-only: who did what, written in the transaction of the act; no personal data';
CREATE INDEX event_at ON audit.event (at);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
