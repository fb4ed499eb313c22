"""Sign-in of people: one-time secrets, sessions of browsers, personal access tokens, failed attempts.

What a token or a cookie must fit is the SHA-256 of 256 random bits. A slow hash protects what people think up, of which
a thief can try the likeliest; nobody tries 2^256 keys, however fast the hash.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
ALTER TABLE security.account
    ADD COLUMN one_time boolean NOT NULL DEFAULT false,
    ADD COLUMN secret_set_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN security.account.one_time IS 'somebody else knows the secret: it is good for setting one of one''s own, and not for long';

CREATE TABLE security.session (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES security.account ON DELETE CASCADE,
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    begun_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE security.session IS 'sign-ins of browsers that have not ended; the cookie holds the key, the database its SHA-256';
-- Usage: one's own sessions; all of them end when the secret changes
CREATE INDEX session_account_id ON security.session (account_id);

CREATE TABLE security.token (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES security.account ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    permissions text[] NOT NULL CHECK (cardinality(permissions) > 0),
    ward_ids int[] CHECK (cardinality(ward_ids) > 0),
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT token_expires CHECK (expires_at > made_at AND expires_at <= made_at + interval '8784 hours')
);
COMMENT ON TABLE security.token IS 'personal access tokens: what their owner may do at the moment of use, narrowed to permissions and wards (none named: all of the owner''s)';
CREATE INDEX token_account_id ON security.token (account_id);

-- Names that were tried may be ids or secrets that were typed into the wrong field: they are known by a keyed hash only.
CREATE TABLE security.attempt (
    key_hash bytea PRIMARY KEY,
    failures int NOT NULL,
    failed_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL
);
COMMENT ON TABLE security.attempt IS 'failed sign-ins by name (whether there is such an account or not) and by address';

-- Its number grows with whatever may take somebody's rights away: a worker that has seen it need not ask anew.
CREATE TABLE security.epoch (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO security.epoch (number) VALUES (1);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
