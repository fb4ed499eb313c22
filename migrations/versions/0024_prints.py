"""Prints that are drawn by the worker: who ordered what, how far it is, and the finished file for some days."""

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = """
CREATE SCHEMA printing;
CREATE TABLE printing.job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    product text NOT NULL,
    inputs jsonb NOT NULL,
    ward_id int NOT NULL REFERENCES registry.unit,
    requester text NOT NULL,
    account_id int NOT NULL REFERENCES security.account,
    rights jsonb NOT NULL,
    answer jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted', 'running', 'successful', 'failed', 'dismissed')),
    progress real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    message text NOT NULL DEFAULT '',
    attempts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    seen_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    expires_at timestamptz,
    file_name text,
    media_type text,
    size_bytes bigint,
    sha256 bytea CHECK (length(sha256) = 32),
    print_id text,
    pages int,
    data_version bigint,
    names boolean,
    CONSTRAINT job_ends CHECK ((state IN ('accepted', 'running')) = (finished_at IS NULL)),
    CONSTRAINT job_has_a_file CHECK (state <> 'successful' OR num_nulls(file_name, media_type, size_bytes, sha256, print_id, names) = 0)
);
COMMENT ON TABLE printing.job IS 'prints that were ordered: product and inputs, who ordered them with which rights, how far they are; after the file is gone the register of printed copies';
COMMENT ON COLUMN printing.job.rights IS 'roles of the requester when the print was ordered; drawn is with those of them that they still have';
COMMENT ON COLUMN printing.job.seen_at IS 'when the worker said last that it is at it, or that it was queued';
COMMENT ON COLUMN printing.job.names IS 'names of holders are in the file: its requester only may have it';
-- Usage: prints of a ward, the newest first
CREATE INDEX job_ward_id ON printing.job (ward_id, created_at DESC, id);
CREATE INDEX job_account_id ON printing.job (account_id);
-- Usage: what waits or is drawn; whose worker was killed
CREATE INDEX job_waiting ON printing.job (seen_at) WHERE state IN ('accepted', 'running');
-- Usage: what is to be purged
CREATE INDEX job_expires_at ON printing.job (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE printing.result (
    job_id uuid PRIMARY KEY REFERENCES printing.job ON DELETE CASCADE,
    content bytea NOT NULL
);
COMMENT ON TABLE printing.result IS 'the finished file of a print, until it expires';
-- A PDF is compressed already.
ALTER TABLE printing.result ALTER COLUMN content SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
