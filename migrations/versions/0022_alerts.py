"""Alerts: what was seen in the audit log that somebody should look at, who was told, and who has looked."""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
CREATE TABLE audit.alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    key text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    amount bigint NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    raised_at timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text NOT NULL DEFAULT '',
    CONSTRAINT acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
COMMENT ON TABLE audit.alert IS 'what a rule of config/alerts.yml saw: of whom (an opaque id), how much, and who has looked at it; no personal data';
-- Usage: the newest alert of a rule about somebody (cool-down); the page shows the newest first
CREATE INDEX alert_rule_key ON audit.alert (rule, key, id);
-- Usage: what nobody has looked at yet; at most one of a rule about somebody
CREATE UNIQUE INDEX alert_open ON audit.alert (rule, key) WHERE acknowledged_at IS NULL;

CREATE TABLE audit.delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES audit.alert,
    way text NOT NULL CHECK (way IN ('webhook', 'mail')),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    error text NOT NULL DEFAULT ''
);
COMMENT ON TABLE audit.delivery IS 'messages about alerts: by which way, and whether they went out';
CREATE INDEX delivery_alert_id ON audit.delivery (alert_id);
-- Usage: what has to go out
CREATE INDEX delivery_waiting ON audit.delivery (way, due_at) WHERE delivered_at IS NULL;

CREATE TABLE audit.tally (
    rule text NOT NULL,
    key text NOT NULL,
    since timestamptz NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (rule, key, since)
);
COMMENT ON TABLE audit.tally IS 'how much a rule has counted of whom within a span of time; so no event is looked at twice';

CREATE TABLE audit.watch (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    watched_at timestamptz,
    proven_at timestamptz,
    proven bigint
);
COMMENT ON TABLE audit.watch IS 'up to which position of the chain the rules have looked, and when the whole chain was last proven';
-- What happened before is the past.
INSERT INTO audit.watch (position) SELECT coalesce(max(position), 0) FROM audit.seal;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
