"""Roles are granted: an account may have several, each in the whole service, in a ward or in a residential group."""

from alembic import op

revision = "0013"
down_revision = "0012"

GRANTS = """
CREATE TABLE security.grant (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES security.account ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'group_head', 'officer', 'registrar', 'police', 'auditor', 'admin')),
    ward_id int REFERENCES registry.unit,
    residential_group_id int,
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT '',
    FOREIGN KEY (residential_group_id, ward_id) REFERENCES registry.residential_group (id, ward_id),
    UNIQUE NULLS NOT DISTINCT (account_id, role, ward_id, residential_group_id),
    CONSTRAINT grant_of_a_group CHECK ((role = 'group_head') = (residential_group_id IS NOT NULL)),
    CONSTRAINT grant_group_in_ward CHECK (residential_group_id IS NULL OR ward_id IS NOT NULL),
    -- What they do is of the whole service.
    CONSTRAINT grant_of_all CHECK (role NOT IN ('admin', 'auditor') OR ward_id IS NULL)
);
COMMENT ON TABLE security.grant IS 'a role of an account, and where it holds: no ward = in the whole service';
INSERT INTO security.grant (account_id, role)
SELECT id, role FROM security.account WHERE role <> 'group_head';
ALTER TABLE security.account DROP COLUMN role;
"""


def upgrade() -> None:
    """Change the tables."""
    op.execute(GRANTS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
