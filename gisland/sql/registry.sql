-- Functions and triggers of the registry. Idempotent.

-- A geometry in WGS 84 (EPSG:4326). From VN-2000 always by decision 05/2007/QĐ-BTNMT, also where ST_Transform alone would
-- take another operation: see migration 0008, which adds an entry of 900000 + EPSG code for each zone.
CREATE OR REPLACE FUNCTION registry.to_wgs84(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ST_Transform(CASE WHEN ST_SRID(geom) BETWEEN 5896 AND 5899 OR ST_SRID(geom) BETWEEN 9205 AND 9218
                             THEN ST_SetSRID(geom, ST_SRID(geom) + 900000) ELSE geom END, 4326)
$$;

-- A geometry in WGS 84 on a plane: the way back of registry.to_wgs84.
CREATE OR REPLACE FUNCTION publish.from_wgs84(geom geometry, to_srid int) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN to_srid BETWEEN 5896 AND 5899 OR to_srid BETWEEN 9205 AND 9218
                THEN ST_SetSRID(ST_Transform(geom, to_srid + 900000), to_srid) ELSE ST_Transform(geom, to_srid) END
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

-- Which of these parcel codes a parcel bears, of whichever ward, in force or not: a code is given once in the country, and
-- row-level security hides the parcels of other wards from whoever has to know. It says no more than that.
CREATE OR REPLACE FUNCTION registry.taken_codes(codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT parcel_code FROM registry.parcel WHERE parcel_code = ANY (codes)
$$;

-- A right or restriction is in force until a change ends it: `retired_by IS NULL`, wherever it is asked. No reader compares
-- its day (valid_to) with today, or layers would tell one thing or another by the day they were made. So one that is over
-- when its day is written is ended by that change; one whose day comes later stays in force until somebody ends it, and is a
-- finding from that day on (past_its_day).
CREATE OR REPLACE FUNCTION registry.is_over(valid_to date) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN valid_to IS NOT NULL AND valid_to <= current_date;

CREATE OR REPLACE FUNCTION registry.end_as_written() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.retired_by := registry.current_change();
    RETURN NEW;
END
$$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['holding', 'restriction'] LOOP
        -- The conditions spare rows that are in force a call: a large import comes through here.
        EXECUTE format('CREATE OR REPLACE TRIGGER ends_as_written BEFORE INSERT ON registry.%I FOR EACH ROW '
                       'WHEN (NEW.valid_to IS NOT NULL AND NEW.retired_by IS NULL AND registry.is_over(NEW.valid_to)) '
                       'EXECUTE FUNCTION registry.end_as_written()', name);
        -- Only where the day is another one: an undo brings back what was in force past its day.
        EXECUTE format('CREATE OR REPLACE TRIGGER ends_as_corrected BEFORE UPDATE OF valid_to ON registry.%I FOR EACH ROW '
                       'WHEN (NEW.valid_to IS DISTINCT FROM OLD.valid_to AND NEW.retired_by IS NULL AND registry.is_over(NEW.valid_to)) '
                       'EXECUTE FUNCTION registry.end_as_written()', name);
    END LOOP;
END
$$;

-- What a right or restriction is on: its parcel, else its asset, else its certificate. Whether that is out of force, and
-- its ward. It is locked: what is retired or moves to another ward at this moment is waited for.
CREATE OR REPLACE FUNCTION registry.lock_thing(parcel bigint, asset bigint, certificate bigint,
                                               OUT thing text, OUT gone boolean, OUT ward_id int)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF parcel IS NOT NULL THEN
        thing := 'parcel ' || parcel;
        SELECT t.retired_by IS NOT NULL, t.ward_id INTO gone, ward_id FROM registry.parcel t WHERE id = parcel FOR NO KEY UPDATE;
    ELSIF asset IS NOT NULL THEN
        thing := 'asset ' || asset;
        SELECT t.retired_by IS NOT NULL, t.ward_id INTO gone, ward_id FROM registry.asset t WHERE id = asset FOR NO KEY UPDATE;
    ELSE
        thing := 'certificate ' || certificate;
        SELECT t.retired_by IS NOT NULL, t.ward_id INTO gone, ward_id FROM registry.certificate t WHERE id = certificate FOR NO KEY UPDATE;
    END IF;
END
$$;

-- Why a right or restriction cannot be on a thing: it is out of force, or else in another ward.
CREATE OR REPLACE FUNCTION registry.refuse_right(thing text, gone boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF gone THEN
        RAISE EXCEPTION '% is retired: no right or restriction in force can be on it', thing
            USING ERRCODE = 'check_violation', CONSTRAINT = 'right_on_what_is_in_force',
                  HINT = 'name what came of it (lineage), or the day on which the right ended (valid_to)';
    END IF;
    RAISE EXCEPTION '% is in another ward than the right or restriction on it', thing
        USING ERRCODE = 'check_violation', CONSTRAINT = 'right_in_ward_of_its_thing',
              HINT = 'give it the ward_id of what it is on';
END
$$;

-- Of the rights on one thing under one certificate: exact fractions sum to 1, or nobody has one; and none is in force on
-- what is retired. One trigger says both, at the commit: for the shares it has to lock the thing and read these rights
-- anyway. A large import comes through here: measured, 11.6 µs a right for the shares alone, 12.1 for both; so that it stays
-- so, the way of a right on a parcel is spelled out (with a call of lock_thing it was 17), and its ward is left to the
-- foreign key. A right that has ended is history, and may be on anything.
CREATE OR REPLACE FUNCTION registry.check_holding() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    held registry.holding;
    thing text;
    gone boolean;
    ward int;
    dead boolean;
    away boolean;
    parts int[];
    wholes int[];
BEGIN
    -- A right that moves to another parcel leaves one behind that must be whole, too.
    FOREACH held IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW] WHEN 'DELETE' THEN ARRAY[OLD] ELSE ARRAY[OLD, NEW] END LOOP
        -- Two transactions that each add a share to one thing must see one another's.
        IF held.parcel_id IS NOT NULL THEN
            thing := 'parcel ' || held.parcel_id;
            ward := NULL;
            SELECT retired_by IS NOT NULL INTO gone FROM registry.parcel WHERE id = held.parcel_id FOR NO KEY UPDATE;
            SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
             WHERE parcel_id = held.parcel_id AND role = held.role AND retired_by IS NULL
               AND certificate_id IS NOT DISTINCT FROM held.certificate_id;
        ELSE
            SELECT t.gone, t.thing, t.ward_id INTO gone, thing, ward
              FROM registry.lock_thing(NULL, held.asset_id, held.certificate_id) t;
            IF held.asset_id IS NOT NULL THEN
                SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
                 WHERE asset_id = held.asset_id AND role = held.role AND retired_by IS NULL
                   AND certificate_id IS NOT DISTINCT FROM held.certificate_id;
            ELSE
                SELECT array_agg(share_num), array_agg(share_den) INTO parts, wholes FROM registry.holding
                 WHERE certificate_id = held.certificate_id AND parcel_id IS NULL AND asset_id IS NULL
                   AND role = held.role AND retired_by IS NULL;
            END IF;
        END IF;
        IF gone OR held.parcel_id IS NULL THEN
            -- The right as it is at the commit, if it is still on this.
            SELECT gone AND retired_by IS NULL, ward_id <> coalesce(ward, ward_id)
              INTO dead, away FROM registry.holding
             WHERE id = held.id
               AND (parcel_id, asset_id, certificate_id) IS NOT DISTINCT FROM (held.parcel_id, held.asset_id, held.certificate_id);
            IF dead OR away THEN
                PERFORM registry.refuse_right(thing, dead);
            END IF;
        END IF;
        IF NOT registry.is_whole(parts, wholes) THEN
            RAISE EXCEPTION 'the shares of the holders of % do not sum to 1', thing
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
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.check_holding();
DROP FUNCTION IF EXISTS registry.check_shares();

-- A restriction, too, is on what is in force, and in its ward.
CREATE OR REPLACE FUNCTION registry.check_restriction() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    held registry.restriction;
    place record;
BEGIN
    -- As it is at the commit.
    SELECT * INTO held FROM registry.restriction WHERE id = NEW.id;
    IF FOUND THEN
        place := registry.lock_thing(held.parcel_id, held.asset_id, held.certificate_id);
        IF place.gone AND held.retired_by IS NULL THEN
            PERFORM registry.refuse_right(place.thing, true);
        ELSIF held.ward_id <> place.ward_id THEN
            PERFORM registry.refuse_right(place.thing, false);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS in_force ON registry.restriction;
CREATE CONSTRAINT TRIGGER in_force AFTER INSERT OR UPDATE ON registry.restriction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.check_restriction();

-- The other side: what bears a right or restriction in force is not retired. Whoever enters one at this moment waits for
-- the lock of the thing and is refused, or was first and is seen here. Argument: which of them are on it ($1).
CREATE OR REPLACE FUNCTION registry.check_bears_nothing() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    bears boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM registry.%1$I WHERE id = $1 AND retired_by IS NOT NULL) AND ('
                   'EXISTS (SELECT FROM registry.holding WHERE %2$s AND retired_by IS NULL) OR '
                   'EXISTS (SELECT FROM registry.restriction WHERE %2$s AND retired_by IS NULL))',
                   TG_TABLE_NAME, TG_ARGV[0]) INTO bears USING NEW.id;
    IF bears THEN
        RAISE EXCEPTION '% % is retired, but bears rights or restrictions in force', TG_TABLE_NAME, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'retired_thing_bears_nothing', HINT = 'end them first';
    END IF;
    RETURN NULL;
END
$$;

-- What is on an asset or certificate that moves to another ward moves along, as with a parcel by foreign key.
CREATE OR REPLACE FUNCTION registry.take_along() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['holding', 'restriction'] LOOP
        EXECUTE format('UPDATE registry.%I SET ward_id = $2 WHERE %s AND ward_id <> $2', name, TG_ARGV[0])
          USING NEW.id, NEW.ward_id;
    END LOOP;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN SELECT * FROM (VALUES
        ('parcel', 'parcel_id = $1'),
        ('asset', 'asset_id = $1 AND parcel_id IS NULL'),
        ('certificate', 'certificate_id = $1 AND parcel_id IS NULL AND asset_id IS NULL')) AS t (name, on_it) LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS in_force ON registry.%I', thing.name);
        EXECUTE format('CREATE CONSTRAINT TRIGGER in_force AFTER UPDATE ON registry.%I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW '
                       'WHEN (OLD.retired_by IS NULL AND NEW.retired_by IS NOT NULL) '
                       'EXECUTE FUNCTION registry.check_bears_nothing(%L)', thing.name, thing.on_it);
        IF thing.name <> 'parcel' THEN
            EXECUTE format('CREATE OR REPLACE TRIGGER take_along AFTER UPDATE OF ward_id ON registry.%I FOR EACH ROW '
                           'WHEN (OLD.ward_id <> NEW.ward_id) EXECUTE FUNCTION registry.take_along(%L)', thing.name, thing.on_it);
        END IF;
    END LOOP;
END
$$;

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

-- The status of a holder is derived from the newest evidence on the id that the holder bears now (design §3). Layers are
-- made from those of all holders, for a publisher who may read nothing else of them; the application is told of the holders
-- that the transaction reaches.
DO $$
DECLARE
    shown record;
BEGIN
    FOR shown IN SELECT * FROM (VALUES ('holder_status', false), ('status_in_reach', true)) of_view (name, as_reader) LOOP
        EXECUTE format($view$
            CREATE OR REPLACE VIEW verification.%I WITH (security_invoker = %s) AS
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
                   ) newest ON true$view$, shown.name, shown.as_reader);
    END LOOP;
END
$$;
