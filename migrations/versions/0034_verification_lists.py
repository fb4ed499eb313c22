"""Lists of persons that are given to the police, with what the papers said when each was made."""

from alembic import op

revision = "0034"
down_revision = "0031"

TABLES = """
CREATE TABLE verification.list (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    residential_group_id int,
    number int NOT NULL CHECK (number > 0),
    change_id bigint NOT NULL REFERENCES registry.change,
    UNIQUE (ward_id, number),
    UNIQUE (id, ward_id),
    FOREIGN KEY (residential_group_id, ward_id) REFERENCES registry.residential_group (id, ward_id)
);
CREATE TABLE verification.list_row (
    list_id bigint NOT NULL,
    ward_id int NOT NULL,
    row_no int NOT NULL CHECK (row_no > 0),
    holder_id bigint NOT NULL REFERENCES registry.holder,
    evidence_id bigint NOT NULL REFERENCES verification.evidence,
    sheet_no text NOT NULL,
    parcel_no text NOT NULL,
    area_m2 numeric(14, 1),
    serial text NOT NULL,
    full_name text NOT NULL,
    birth_year smallint,
    address text NOT NULL,
    id_kind text NOT NULL,
    id_cipher bytea NOT NULL,
    id_hash bytea NOT NULL CHECK (length(id_hash) = 32),
    id_masked text NOT NULL,
    PRIMARY KEY (list_id, row_no),
    UNIQUE (list_id, holder_id),
    FOREIGN KEY (list_id, ward_id) REFERENCES verification.list (id, ward_id)
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
