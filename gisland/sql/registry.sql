-- Functions and triggers of the registry. Idempotent.

-- A geometry in WGS 84 (EPSG:4326). From VN-2000 always by decision 05/2007/QĐ-BTNMT, also where ST_Transform alone would
-- take another operation: see migration 0008, which adds an entry of 900000 + EPSG code for each zone.
CREATE OR REPLACE FUNCTION registry.to_wgs84(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ST_Transform(CASE WHEN ST_SRID(geom) BETWEEN 5896 AND 5899 OR ST_SRID(geom) BETWEEN 9205 AND 9218
                             THEN ST_SetSRID(geom, ST_SRID(geom) + 900000) ELSE geom END, 4326)
$$;

-- Derived columns of a parcel. A trigger and not a generated column: a generated one would be computed while a dump is
-- restored, before spatial_ref_sys has its rows.
CREATE OR REPLACE FUNCTION registry.derive_parcel() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    NEW.geom_4326 := registry.to_wgs84(NEW.geom);
    NEW.area_m2 := ST_Area(NEW.geom);
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER derive BEFORE INSERT OR UPDATE OF geom, geom_4326, area_m2 ON registry.parcel
    FOR EACH ROW EXECUTE FUNCTION registry.derive_parcel();

-- Exact fractions: the shares of one kind of right on one parcel under one certificate sum to 1, or nobody has one.
CREATE OR REPLACE FUNCTION registry.check_shares() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    held registry.holding;
    parts int[];
    wholes int[];
BEGIN
    -- A right that moves to another parcel leaves one behind that must be whole, too.
    FOREACH held IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW] WHEN 'DELETE' THEN ARRAY[OLD] ELSE ARRAY[OLD, NEW] END LOOP
        -- Two transactions that each add a share to one thing must see one another's.
        IF held.asset_id IS NOT NULL THEN
            PERFORM FROM registry.asset WHERE id = held.asset_id FOR NO KEY UPDATE;
            SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
             WHERE asset_id = held.asset_id AND role = held.role AND retired_by IS NULL
               AND certificate_id IS NOT DISTINCT FROM held.certificate_id;
        ELSIF held.parcel_id IS NULL THEN
            PERFORM FROM registry.certificate WHERE id = held.certificate_id FOR NO KEY UPDATE;
            SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
             WHERE certificate_id = held.certificate_id AND parcel_id IS NULL AND asset_id IS NULL
               AND role = held.role AND retired_by IS NULL;
        ELSE
            PERFORM FROM registry.parcel WHERE id = held.parcel_id FOR NO KEY UPDATE;
            SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
             WHERE parcel_id = held.parcel_id AND role = held.role AND retired_by IS NULL
               AND certificate_id IS NOT DISTINCT FROM held.certificate_id;
        END IF;
        IF NOT registry.is_whole(parts, wholes) THEN
            RAISE EXCEPTION 'the shares of the holders of % do not sum to 1',
                  CASE WHEN held.asset_id IS NOT NULL THEN 'asset ' || held.asset_id
                       WHEN held.parcel_id IS NOT NULL THEN 'parcel ' || held.parcel_id
                       ELSE 'certificate ' || held.certificate_id END
                USING ERRCODE = 'check_violation', CONSTRAINT = 'holding_shares_sum',
                      HINT = 'give each holder a share, all in one transaction, or none';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- Whether fractions sum to 1, or none is given at all.
CREATE OR REPLACE FUNCTION registry.is_whole(parts int[], wholes int[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    given int[] := array_remove(wholes, NULL);
    common numeric := 1;
    denominator int;
BEGIN
    IF coalesce(cardinality(given), 0) = 0 THEN
        RETURN true;
    END IF;
    FOREACH denominator IN ARRAY given LOOP
        common := lcm(common, denominator::numeric);
    END LOOP;
    RETURN cardinality(given) = cardinality(wholes)
           AND common = (SELECT sum(part * (common / whole)) FROM unnest(parts, wholes) f(part, whole));
END
$$;

DROP TRIGGER IF EXISTS shares ON registry.holding;
CREATE CONSTRAINT TRIGGER shares AFTER INSERT OR UPDATE OR DELETE ON registry.holding
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.check_shares();

CREATE OR REPLACE FUNCTION registry.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verification.evidence
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- Lineage has no circle: nobody is its own ancestor.
CREATE OR REPLACE FUNCTION registry.check_lineage() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.ancestor_id IN (SELECT descendant_id FROM registry.descendants(NEW.descendant_id)) THEN
        RAISE EXCEPTION 'parcel % descends from parcel %', NEW.ancestor_id, NEW.descendant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'parcel_lineage_no_circle';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER no_circle AFTER INSERT OR UPDATE ON registry.parcel_lineage
    FOR EACH ROW EXECUTE FUNCTION registry.check_lineage();

-- The parcels that came of a parcel, and those it came of, with the number of steps.
CREATE OR REPLACE FUNCTION registry.descendants(parcel bigint, OUT descendant_id bigint, OUT step int) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH RECURSIVE line (id, step) AS (
        SELECT l.descendant_id, 1 FROM registry.parcel_lineage l WHERE l.ancestor_id = parcel
         UNION
        SELECT l.descendant_id, line.step + 1 FROM line JOIN registry.parcel_lineage l ON l.ancestor_id = line.id
    ) CYCLE id SET is_cycle USING path
    SELECT id, min(line.step) FROM line GROUP BY id
$$;
CREATE OR REPLACE FUNCTION registry.ancestors(parcel bigint, OUT ancestor_id bigint, OUT step int) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH RECURSIVE line (id, step) AS (
        SELECT l.ancestor_id, 1 FROM registry.parcel_lineage l WHERE l.descendant_id = parcel
         UNION
        SELECT l.ancestor_id, line.step + 1 FROM line JOIN registry.parcel_lineage l ON l.descendant_id = line.id
    ) CYCLE id SET is_cycle USING path
    SELECT id, min(line.step) FROM line GROUP BY id
$$;

-- The status of a holder is derived from the newest evidence on the id that the holder bears now (design §3).
CREATE OR REPLACE VIEW verification.holder_status AS
SELECT holder.id AS holder_id,
       CASE
           WHEN holder.kind IN ('organisation', 'community') THEN 'organisation'
           WHEN holder.id_hash IS NULL THEN 'missing_id'
           ELSE coalesce(newest.result, 'unsent')
       END AS status
  FROM registry.holder
  LEFT JOIN LATERAL (
        SELECT result FROM verification.evidence
         WHERE evidence.holder_id = holder.id AND evidence.id_hash = holder.id_hash
         ORDER BY evidence.id DESC LIMIT 1
       ) newest ON true;
