"""The registry: units, groups, sheets, parcels, holders, rights, certificates and the changes that made them.

Names are ISO 19152 (LADM). What makes no sense at all is refused by constraints; what reality breaks (formats of
serials, areas that differ, overlaps) is left to findings.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE SCHEMA registry;
-- Lists are read by Vietnamese people: one stated collation for all sorting of names.
CREATE COLLATION registry.vietnamese (provider = icu, locale = 'vi-VN');

CREATE TABLE registry.unit (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('province', 'ward')),
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    parent_id int REFERENCES registry.unit,
    srid int REFERENCES public.spatial_ref_sys,
    area_km2 numeric(10, 4) CHECK (area_km2 > 0),
    valid_from date NOT NULL DEFAULT '2025-07-01',
    valid_to date CHECK (valid_to > valid_from),
    geom_4326 geometry(MultiPolygon, 4326) CHECK (NOT ST_IsEmpty(geom_4326) AND ST_IsValid(geom_4326))
);
COMMENT ON TABLE registry.unit IS 'đơn vị hành chính: province or ward with its validity; codes are reused, ids are not';
-- Usage: the unit that bears a code today
CREATE UNIQUE INDEX unit_current_code ON registry.unit (level, code) WHERE valid_to IS NULL;
CREATE INDEX unit_parent ON registry.unit (parent_id);

CREATE TABLE registry.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL CHECK (kind IN ('import', 'create', 'correct', 'split', 'merge', 'verify')),
    reason text NOT NULL,
    batch_id bigint,
    by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.change IS 'biến động: the event that created, changed or retired rows: who, why, when, from which file';

CREATE TABLE registry.residential_group (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL,
    geom_4326 geometry(MultiPolygon, 4326),
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (ward_id, code),
    UNIQUE (id, ward_id)
);
COMMENT ON TABLE registry.residential_group IS 'tổ dân phố / thôn: no national code; membership is by list (parcel.residential_group_id)';

CREATE TABLE registry.map_sheet (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    old_ward_code text NOT NULL DEFAULT '',
    sheet_no text NOT NULL CHECK (sheet_no <> ''),
    scale int NOT NULL CHECK (scale >= 0),
    srid int NOT NULL REFERENCES public.spatial_ref_sys,
    name text NOT NULL DEFAULT '',
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (ward_id, old_ward_code, sheet_no, scale),
    UNIQUE (id, srid),
    UNIQUE (id, ward_id)
);
COMMENT ON TABLE registry.map_sheet IS 'tờ bản đồ địa chính: owns the CRS; a number may exist at two scales and in each former ward';
COMMENT ON COLUMN registry.map_sheet.scale IS 'denominator of the scale (500 for 1:500), 0 when unknown';

CREATE TABLE registry.parcel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    map_sheet_id int NOT NULL,
    residential_group_id int,
    parcel_no text NOT NULL CHECK (parcel_no <> ''),
    parcel_code text UNIQUE CHECK (parcel_code ~ '^[0-9b-hjkmnp-z]{12}$'),
    srid int NOT NULL,
    geom geometry NOT NULL CHECK (GeometryType(geom) IN ('POLYGON', 'MULTIPOLYGON') AND NOT ST_IsEmpty(geom) AND ST_IsValid(geom)),
    geom_4326 geometry(Geometry, 4326) NOT NULL,
    area_m2 double precision NOT NULL CHECK (area_m2 > 0),
    legal_area_m2 numeric(14, 1) CHECK (legal_area_m2 >= 0),
    address text NOT NULL DEFAULT '',
    created_by bigint NOT NULL REFERENCES registry.change,
    retired_by bigint REFERENCES registry.change,
    valid_from date NOT NULL DEFAULT current_date,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ST_SRID(geom) = srid),
    -- The sheet owns the CRS and the ward: a parcel can be of no other.
    FOREIGN KEY (map_sheet_id, srid) REFERENCES registry.map_sheet (id, srid),
    FOREIGN KEY (map_sheet_id, ward_id) REFERENCES registry.map_sheet (id, ward_id),
    FOREIGN KEY (residential_group_id, ward_id) REFERENCES registry.residential_group (id, ward_id)
);
COMMENT ON TABLE registry.parcel IS 'thửa đất (LA_SpatialUnit): geometry untouched in the CRS of its sheet';
COMMENT ON COLUMN registry.parcel.geom_4326 IS 'derived by trigger: WGS 84 copy for maps';
COMMENT ON COLUMN registry.parcel.area_m2 IS 'derived by trigger: planar area in the CRS of the sheet, m²';
COMMENT ON COLUMN registry.parcel.legal_area_m2 IS 'area on paper, m²';
-- Usage: a parcel number is unique on its sheet; split and merge retire numbers but keep the rows
CREATE UNIQUE INDEX parcel_number_on_sheet ON registry.parcel (map_sheet_id, parcel_no) WHERE retired_by IS NULL;
-- Usage: parcels of a ward; parcels of a group (progress, prints)
CREATE INDEX parcel_ward ON registry.parcel (ward_id);
CREATE INDEX parcel_group ON registry.parcel (residential_group_id);
CREATE INDEX parcel_geom_4326 ON registry.parcel USING gist (geom_4326);

CREATE TABLE registry.land_use (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parcel_id bigint NOT NULL REFERENCES registry.parcel,
    seq smallint NOT NULL CHECK (seq > 0),
    land_type text NOT NULL CHECK (land_type <> ''),
    area_m2 numeric(14, 1) CHECK (area_m2 >= 0),
    origin text NOT NULL DEFAULT '',
    use_form text NOT NULL DEFAULT '',
    term text NOT NULL DEFAULT '',
    UNIQUE (parcel_id, seq)
);
COMMENT ON TABLE registry.land_use IS 'mục đích sử dụng đất: type, area, nguồn gốc, hình thức, thời hạn (PL3-01 columns 25-39)';

CREATE TABLE registry.holder (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL CHECK (kind IN ('person', 'household', 'couple', 'organisation', 'community')),
    full_name text NOT NULL CHECK (full_name <> ''),
    name_key text NOT NULL,
    birth_date date,
    birth_year smallint CHECK (birth_year BETWEEN 1850 AND 2150),
    gender text CHECK (gender IN ('male', 'female')),
    id_kind text CHECK (id_kind IN ('personal', 'cmnd', 'organisation', 'other')),
    id_cipher bytea,
    id_hash bytea CHECK (length(id_hash) = 32),
    id_masked text,
    address text NOT NULL DEFAULT '',
    created_by bigint NOT NULL REFERENCES registry.change,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nulls(id_kind, id_cipher, id_hash, id_masked) IN (0, 4))
);
COMMENT ON TABLE registry.holder IS 'người sử dụng đất (LA_Party); the national id is encrypted, found by keyed hash, shown masked';
-- Usage: the same person on another row or form of the ward
CREATE INDEX holder_id_hash ON registry.holder (id_hash, ward_id);
CREATE INDEX holder_name_key ON registry.holder (ward_id, name_key);

CREATE TABLE registry.certificate (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    serial text NOT NULL DEFAULT '',
    serial_key text NOT NULL DEFAULT '',
    book_no text NOT NULL DEFAULT '',
    gcn_code text NOT NULL DEFAULT '',
    issue_date date,
    issuer text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    scan_file text NOT NULL DEFAULT '',
    created_by bigint NOT NULL REFERENCES registry.change,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.certificate IS 'Giấy chứng nhận: số phát hành (serial), số vào sổ (book_no), mã GCN (gcn_code)';
-- Usage: find by serial (old certificates may have none)
CREATE INDEX certificate_serial ON registry.certificate (ward_id, serial_key) WHERE serial_key <> '';

CREATE TABLE registry.certificate_parcel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    certificate_id bigint NOT NULL REFERENCES registry.certificate,
    parcel_id bigint REFERENCES registry.parcel,
    paper_sheet_no text NOT NULL DEFAULT '',
    paper_parcel_no text NOT NULL DEFAULT '',
    paper_area_m2 numeric(14, 1),
    UNIQUE NULLS NOT DISTINCT (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no)
);
COMMENT ON TABLE registry.certificate_parcel IS 'the parcels a certificate names, with the numbers on paper; parcel_id is empty while the parcel is not found';
CREATE INDEX certificate_parcel_parcel ON registry.certificate_parcel (parcel_id);

CREATE TABLE registry.holding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    parcel_id bigint REFERENCES registry.parcel,
    holder_id bigint NOT NULL REFERENCES registry.holder,
    certificate_id bigint REFERENCES registry.certificate,
    role text NOT NULL CHECK (role IN ('certificate_holder', 'current_user')),
    party text NOT NULL DEFAULT 'individual' CHECK (party IN ('individual', 'household', 'couple', 'co_users', 'community', 'organisation')),
    member_role text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    share_num int,
    share_den int,
    created_by bigint NOT NULL REFERENCES registry.change,
    retired_by bigint REFERENCES registry.change,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (parcel_id IS NOT NULL OR certificate_id IS NOT NULL),
    CHECK (num_nulls(share_num, share_den) IN (0, 2)),
    CHECK (share_num > 0 AND share_num <= share_den)
);
COMMENT ON TABLE registry.holding IS 'quyền (LA_RRR) of a holder on a parcel; shares are exact fractions, none = held undivided (PL3-01 columns 5-17)';
-- Usage: holders of a parcel; parcels of a holder; no right is entered twice
CREATE UNIQUE INDEX holding_once ON registry.holding (parcel_id, holder_id, role, certificate_id) NULLS NOT DISTINCT WHERE retired_by IS NULL;
CREATE INDEX holding_holder ON registry.holding (holder_id);
CREATE INDEX holding_certificate ON registry.holding (certificate_id);

CREATE SCHEMA verification;
CREATE TABLE verification.evidence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holder_id bigint NOT NULL REFERENCES registry.holder,
    id_hash bytea NOT NULL,
    source text NOT NULL,
    batch_id bigint,
    result text NOT NULL CHECK (result IN ('sent', 'verified', 'mismatch', 'not_found', 'deceased', 'duplicate')),
    raw_result text NOT NULL DEFAULT '',
    raw_note text NOT NULL DEFAULT '',
    accepted_by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE verification.evidence IS 'append-only: what a source said of a holder''s identity; it counts only while the holder still bears the id it was given for';
-- Usage: the newest evidence of a holder
CREATE INDEX evidence_holder ON verification.evidence (holder_id, id DESC);

CREATE SCHEMA intake;
CREATE TABLE intake.batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL CHECK (kind IN ('parcels', 'form', 'results')),
    file_name text NOT NULL,
    file_hash bytea NOT NULL,
    layout text NOT NULL,
    counts jsonb NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE intake.batch IS 'one accepted file';
CREATE TABLE intake.source_row (
    ward_id int NOT NULL REFERENCES registry.unit,
    kind text NOT NULL,
    content_hash bytea NOT NULL,
    batch_id bigint NOT NULL REFERENCES intake.batch,
    row_no int NOT NULL,
    PRIMARY KEY (ward_id, kind, content_hash)
);
COMMENT ON TABLE intake.source_row IS 'keyed hash of each row ever accepted: a row seen before is never applied again, so it reverts no later correction';
ALTER TABLE registry.change ADD FOREIGN KEY (batch_id) REFERENCES intake.batch;
ALTER TABLE verification.evidence ADD FOREIGN KEY (batch_id) REFERENCES intake.batch;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Migrations only go forward; a backup is the way back."""
    raise NotImplementedError
