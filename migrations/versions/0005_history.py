"""History of the whole registry, and its remaining tables: assets, restrictions, documents, old numbers, lineage.

Each row says which change made it what it is (`changed_by`); what it was before lies in the schema `history`, filled by
triggers (`sql/history.sql`). A change gets its data version when its transaction is flushed: versions are given in the
order of commits, so "as of version v" is exactly the changes up to v.

What makes no sense at all is refused by constraints; what reality breaks (formats of serials and ids, areas that
differ, overlaps, an unknown land type, an apartment without its building) is left to findings.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

CHANGE = """
ALTER TABLE registry.change
    ALTER ward_id DROP NOT NULL,
    DROP CONSTRAINT change_kind_check,
    ADD CONSTRAINT change_kind_check CHECK (kind IN (
        'import', 'create', 'correct', 'split', 'merge', 'adjust', 'renumber', 'retire', 'transfer', 'reissue',
        'reform', 'historic', 'restrict', 'file', 'verify', 'publish', 'undo', 'direct')),
    ADD valid_on date NOT NULL DEFAULT current_date,
    ADD detail jsonb NOT NULL DEFAULT '{}',
    ADD undoes bigint UNIQUE REFERENCES registry.change,
    ADD CHECK ((kind = 'undo') = (undoes IS NOT NULL));
-- Usage: who made the rows of an imported file; the changes of a ward, newest first
CREATE INDEX change_batch ON registry.change (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX change_ward ON registry.change (ward_id, id);

-- Frozen; the one in force is in sql/history.sql.
CREATE FUNCTION registry.current_change() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint := nullif(current_setting('gisland.change', true), '')::bigint;
BEGIN
    IF found IS NULL THEN
        INSERT INTO registry.change (kind, reason, by) VALUES ('direct', '', session_user) RETURNING id INTO found;
        PERFORM set_config('gisland.change', found::text, true);
    END IF;
    RETURN found;
END
$$;
"""

# Columns that say who made a row what it is; rows that are there already came with the change that created them.
CHANGED_BY = """
ALTER TABLE {table} ADD changed_by bigint{further};
UPDATE {table} SET changed_by = {made_by};
ALTER TABLE {table} ALTER changed_by SET NOT NULL, ALTER changed_by SET DEFAULT registry.current_change();
"""
VERSIONED = ", ADD version int NOT NULL DEFAULT 1, ADD updated_at timestamptz NOT NULL DEFAULT now()"
BEFORE_HISTORY = "registry.current_change()"
EXISTING = [
    ("registry.unit", BEFORE_HISTORY, VERSIONED),
    ("registry.residential_group", BEFORE_HISTORY, ""),
    ("registry.map_sheet", BEFORE_HISTORY, ""),
    ("registry.parcel", "created_by", ""),
    ("registry.land_use", "(SELECT created_by FROM registry.parcel WHERE parcel.id = parcel_id)", VERSIONED),
    ("registry.holder", "created_by", ""),
    ("registry.certificate", "created_by", ""),
    (
        "registry.certificate_parcel",
        "(SELECT created_by FROM registry.certificate WHERE certificate.id = certificate_id)",
        VERSIONED,
    ),
    ("registry.holding", "created_by", ""),
]

TABLES = """
ALTER TABLE registry.parcel
    ADD valid_to date CHECK (valid_to >= valid_from),
    ADD parcel_code_method smallint CHECK (parcel_code_method >= 0),
    ADD CHECK (parcel_code IS NOT NULL OR parcel_code_method IS NULL);
ALTER TABLE registry.unit ADD name_en text NOT NULL DEFAULT '';

CREATE TABLE registry.parcel_lineage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ancestor_id bigint NOT NULL REFERENCES registry.parcel,
    descendant_id bigint NOT NULL REFERENCES registry.parcel,
    {versioned},
    UNIQUE (ancestor_id, descendant_id),
    CHECK (ancestor_id <> descendant_id)
);
-- Usage: the ancestors of a parcel
CREATE INDEX parcel_lineage_descendant ON registry.parcel_lineage (descendant_id);

CREATE TABLE registry.unit_successor (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    predecessor_id int NOT NULL REFERENCES registry.unit,
    successor_id int NOT NULL REFERENCES registry.unit,
    part text NOT NULL CHECK (part IN ('full', 'partial')),
    {versioned},
    UNIQUE (predecessor_id, successor_id),
    CHECK (predecessor_id <> successor_id)
);
-- Usage: the former units of a unit
CREATE INDEX unit_successor_successor ON registry.unit_successor (successor_id);

CREATE TABLE registry.asset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL CHECK (kind IN (
        'house', 'apartment', 'apartment_building', 'apartment_complex', 'works', 'underground_works',
        'production_forest', 'perennial_trees')),
    parent_id bigint REFERENCES registry.asset,
    name text NOT NULL DEFAULT '',
    number text NOT NULL DEFAULT '',
    footprint_m2 numeric(14, 1) CHECK (footprint_m2 >= 0),
    floor_area_m2 numeric(14, 1) CHECK (floor_area_m2 >= 0),
    ownership_form text NOT NULL DEFAULT '',
    ownership_term text NOT NULL DEFAULT '',
    grade text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    created_by bigint NOT NULL DEFAULT registry.current_change() REFERENCES registry.change,
    retired_by bigint REFERENCES registry.change,
    {versioned},
    CHECK (parent_id <> id)
);
-- Usage: apartments of a building; assets of a ward
CREATE INDEX asset_parent ON registry.asset (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX asset_ward ON registry.asset (ward_id, id);

CREATE TABLE registry.asset_parcel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id bigint NOT NULL REFERENCES registry.asset,
    parcel_id bigint NOT NULL REFERENCES registry.parcel,
    {versioned},
    UNIQUE (asset_id, parcel_id)
);
-- Usage: assets on a parcel
CREATE INDEX asset_parcel_parcel ON registry.asset_parcel (parcel_id);

CREATE TABLE registry.certificate_asset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    certificate_id bigint NOT NULL REFERENCES registry.certificate,
    asset_id bigint NOT NULL REFERENCES registry.asset,
    {versioned},
    UNIQUE (certificate_id, asset_id)
);
-- Usage: certificates of an asset
CREATE INDEX certificate_asset_asset ON registry.certificate_asset (asset_id);

ALTER TABLE registry.certificate
    ADD replaced_by bigint REFERENCES registry.certificate CHECK (replaced_by <> id),
    ADD retired_by bigint REFERENCES registry.change;
-- Usage: the certificate that this one replaced
CREATE INDEX certificate_replaced_by ON registry.certificate (replaced_by) WHERE replaced_by IS NOT NULL;

ALTER TABLE registry.holding
    ADD asset_id bigint REFERENCES registry.asset,
    ADD valid_from date,
    ADD valid_to date CHECK (valid_to >= valid_from),
    DROP CONSTRAINT holding_check,
    ADD CONSTRAINT holding_on_something CHECK (num_nonnulls(parcel_id, asset_id) = 1 OR (num_nonnulls(parcel_id, asset_id) = 0 AND certificate_id IS NOT NULL));
DROP INDEX registry.holding_once;
CREATE UNIQUE INDEX holding_once ON registry.holding (parcel_id, asset_id, holder_id, role, certificate_id) NULLS NOT DISTINCT WHERE retired_by IS NULL;
-- Usage: holders of an apartment
CREATE INDEX holding_asset ON registry.holding (asset_id) WHERE asset_id IS NOT NULL;

CREATE TABLE registry.document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL CHECK (kind <> ''),
    number text NOT NULL DEFAULT '',
    issued_on date,
    issuer text NOT NULL DEFAULT '',
    file_name text NOT NULL DEFAULT '',
    media_type text NOT NULL DEFAULT '',
    content_hash bytea CHECK (length(content_hash) = 32),
    size_bytes bigint CHECK (size_bytes >= 0),
    pages int CHECK (pages > 0),
    created_by bigint NOT NULL DEFAULT registry.current_change() REFERENCES registry.change,
    retired_by bigint REFERENCES registry.change,
    {versioned}
);
-- Usage: the same file again
CREATE UNIQUE INDEX document_content ON registry.document (ward_id, content_hash) WHERE retired_by IS NULL;

CREATE TABLE registry.document_link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id bigint NOT NULL REFERENCES registry.document,
    parcel_id bigint REFERENCES registry.parcel,
    asset_id bigint REFERENCES registry.asset,
    holder_id bigint REFERENCES registry.holder,
    certificate_id bigint REFERENCES registry.certificate,
    {versioned},
    CHECK (num_nonnulls(parcel_id, asset_id, holder_id, certificate_id) = 1),
    UNIQUE NULLS NOT DISTINCT (document_id, parcel_id, asset_id, holder_id, certificate_id)
);
-- Usage: documents of a parcel, asset, holder, certificate
CREATE INDEX document_link_parcel ON registry.document_link (parcel_id) WHERE parcel_id IS NOT NULL;
CREATE INDEX document_link_asset ON registry.document_link (asset_id) WHERE asset_id IS NOT NULL;
CREATE INDEX document_link_holder ON registry.document_link (holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX document_link_certificate ON registry.document_link (certificate_id) WHERE certificate_id IS NOT NULL;
ALTER TABLE registry.change ADD document_id bigint REFERENCES registry.document;

CREATE TABLE registry.restriction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    parcel_id bigint REFERENCES registry.parcel,
    asset_id bigint REFERENCES registry.asset,
    certificate_id bigint REFERENCES registry.certificate,
    kind text NOT NULL CHECK (kind <> ''),
    beneficiary text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    valid_from date,
    valid_to date CHECK (valid_to >= valid_from),
    created_by bigint NOT NULL DEFAULT registry.current_change() REFERENCES registry.change,
    retired_by bigint REFERENCES registry.change,
    {versioned},
    CHECK (num_nonnulls(parcel_id, asset_id, certificate_id) > 0)
);
-- Usage: restrictions of a parcel, asset, certificate
CREATE INDEX restriction_parcel ON registry.restriction (parcel_id) WHERE parcel_id IS NOT NULL;
CREATE INDEX restriction_asset ON registry.restriction (asset_id) WHERE asset_id IS NOT NULL;
CREATE INDEX restriction_certificate ON registry.restriction (certificate_id) WHERE certificate_id IS NOT NULL;

CREATE TABLE registry.parcel_number (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    parcel_id bigint NOT NULL REFERENCES registry.parcel,
    series text NOT NULL CHECK (series IN ('map_299', 'map_1994', 'regular', 'certificate', 'before_reform', 'other')),
    old_ward_code text NOT NULL DEFAULT '',
    sheet_no text NOT NULL DEFAULT '',
    parcel_no text NOT NULL CHECK (parcel_no <> ''),
    scale int NOT NULL DEFAULT 0 CHECK (scale >= 0),
    source text NOT NULL DEFAULT '',
    confidence numeric(3, 2) NOT NULL DEFAULT 1 CHECK (confidence > 0 AND confidence <= 1),
    {versioned},
    UNIQUE (parcel_id, series, old_ward_code, sheet_no, parcel_no, scale)
);
-- Usage: a parcel by any of its numbers
CREATE INDEX parcel_number_number ON registry.parcel_number (ward_id, sheet_no, parcel_no);

ALTER TABLE verification.evidence ADD change_id bigint;
ALTER TABLE verification.evidence DISABLE TRIGGER USER;
UPDATE verification.evidence SET change_id = registry.current_change();
ALTER TABLE verification.evidence ENABLE TRIGGER USER;
ALTER TABLE verification.evidence ALTER change_id SET NOT NULL, ALTER change_id SET DEFAULT registry.current_change();
"""

NEW_VERSIONED = (
    "version int NOT NULL DEFAULT 1, updated_at timestamptz NOT NULL DEFAULT now(),"
    " changed_by bigint NOT NULL DEFAULT registry.current_change()"
)

VERSIONS = """
CREATE SCHEMA history;
ALTER TABLE publish.data_version DROP txid, ALTER at SET DEFAULT clock_timestamp();
CREATE INDEX data_version_at ON publish.data_version (at, version);
CREATE TABLE published.change_version (
    change_id bigint PRIMARY KEY,
    version bigint NOT NULL REFERENCES publish.data_version
);
-- Usage: the changes of a version
CREATE INDEX change_version_version ON published.change_version (version);
COMMENT ON TABLE published.change_version IS 'data version of each change of the registry';
ALTER TABLE publish.layer ADD defined_by bigint;
COMMENT ON COLUMN publish.layer.defined_by IS 'the change from which on the layer is as it is now: its history goes back to it';
-- Changes from before versions were kept are of one version, the first.
WITH first AS (INSERT INTO publish.data_version (features) SELECT 0 WHERE EXISTS (SELECT FROM registry.change) RETURNING version)
INSERT INTO published.change_version SELECT change.id, first.version FROM registry.change, first;
"""


def upgrade() -> None:
    """Create the tables; layers are published anew at the next `layer apply`."""
    op.execute(CHANGE)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table, made_by, further in EXISTING:
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        op.execute(CHANGED_BY.format(table=table, made_by=made_by, further=further))
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.execute(TABLES.format(versioned=NEW_VERSIONED))
    op.execute(VERSIONS)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
