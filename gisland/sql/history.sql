-- History of the registry: which change made each row what it is, and what it was before. Idempotent.
-- A row that is changed or deleted, by whomever, leaves its former state in history.<table> with the change that ended it.

-- The change that this transaction makes; one is noted for whoever writes without saying why (direct SQL).
CREATE OR REPLACE FUNCTION registry.current_change() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found bigint := nullif(current_setting('gisland.change', true), '')::bigint;
BEGIN
    IF found IS NULL THEN
        INSERT INTO registry.change (kind, reason, by) VALUES ('direct', '', 'db:' || session_user) RETURNING id INTO found;
        INSERT INTO audit.event (subject, tag, object)
        VALUES ('db:' || session_user, 'registry:changed_directly', 'change:' || found);
    END IF;
    RETURN found;
END
$$;

-- Anybody may set gisland.change. It counts when it names a change that was noted in this very transaction, whose beginning
-- is the time of its changes. Asked once for a statement, not for each of its rows.
CREATE OR REPLACE FUNCTION registry.change_is_forged() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said CONSTANT text := coalesce(current_setting('gisland.change', true), '');
BEGIN
    RETURN said <> ''
       AND NOT (said ~ '^[0-9]{1,18}$' AND EXISTS (SELECT FROM registry.change WHERE id = said::bigint AND at = now()));
END
$$;
CREATE OR REPLACE FUNCTION registry.forget_forged_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF registry.change_is_forged() THEN
        PERFORM set_config('gisland.change', '', true);
    END IF;
    RETURN NULL;
END
$$;
-- For what is written once for a statement or transaction. A statement that set it for itself has made rows of another change.
CREATE OR REPLACE FUNCTION registry.sure_change() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF registry.change_is_forged() THEN
        RAISE EXCEPTION 'gisland.change names no change of this transaction'
            USING ERRCODE = 'insufficient_privilege', HINT = 'leave it alone: a change is noted by INSERT INTO registry.change';
    END IF;
    RETURN registry.current_change();
END
$$;

DROP FUNCTION IF EXISTS registry.is_own_change(text);

-- Rows written after a change in its transaction are made by it.
CREATE OR REPLACE FUNCTION registry.begin_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM set_config('gisland.change', NEW.id::text, true);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER begin_change AFTER INSERT ON registry.change
    FOR EACH ROW EXECUTE FUNCTION registry.begin_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.change
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- The optimistic lock: whoever changes a row, its version goes up. Nobody sets these columns by hand.
CREATE OR REPLACE FUNCTION registry.next_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.changed_by := registry.current_change();
    RETURN NEW;
END
$$;

-- A new row is of this transaction's change, whatever the statement says. One that comes back goes on counting.
CREATE OR REPLACE FUNCTION registry.first_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('SELECT coalesce(max(version), 0) + 1 FROM history.%I WHERE id = $1', TG_TABLE_NAME)
       INTO NEW.version USING NEW.id;
    NEW.updated_at := now();
    NEW.changed_by := registry.current_change();
    RETURN NEW;
END
$$;

-- Argument: the columns of the table. A state that this very change made was never seen by anybody: it is not kept.
CREATE OR REPLACE FUNCTION history.keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A statement that touched no row is no change.
    IF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('INSERT INTO history.%I (%s, ended_by) SELECT %s, $1 FROM old_rows WHERE changed_by <> $1',
                   TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[0])
      USING registry.sure_change();
    RETURN NULL;
END
$$;

-- Keep the history of a registry table: its table of former states, its triggers, and
-- history.<table>_as_of(version), its rows as they were at a data version.
CREATE OR REPLACE FUNCTION history.track(tracked regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    name text := (SELECT relname FROM pg_class WHERE oid = tracked);
    columns text;
    missing record;
BEGIN
    IF to_regclass(format('history.%I', name)) IS NULL THEN
        EXECUTE format('CREATE TABLE history.%I (LIKE %s, ended_by bigint NOT NULL)', name, tracked);
        -- Usage: what a row was before; which rows a change ended (undo)
        EXECUTE format('CREATE INDEX ON history.%I (id)', name);
        EXECUTE format('CREATE INDEX ON history.%I (ended_by)', name);
        -- Usage: the timeline of a parcel
        FOR missing IN SELECT attname FROM pg_attribute WHERE attrelid = tracked AND attname IN (
                           'parcel_id', 'holder_id', 'certificate_id', 'asset_id', 'ancestor_id', 'descendant_id') LOOP
            EXECUTE format('CREATE INDEX ON history.%1$I (%2$I) WHERE %2$I IS NOT NULL', name, missing.attname);
        END LOOP;
    END IF;
    -- Usage: which rows a change made what they were (undo)
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON history.%I (changed_by)', name || '_changed_by', name);
    FOR missing IN SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute a
                    WHERE attrelid = tracked AND attnum > 0 AND NOT attisdropped
                      AND NOT EXISTS (SELECT FROM pg_attribute h WHERE h.attrelid = format('history.%I', name)::regclass
                                         AND h.attname = a.attname AND NOT h.attisdropped) ORDER BY attnum LOOP
        EXECUTE format('ALTER TABLE history.%I ADD %I %s', name, missing.attname, missing.type);
    END LOOP;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
     WHERE attrelid = tracked AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('COMMENT ON TABLE history.%I IS %L', name,
                   format('former states of %s, each with the change that ended it', tracked));
    EXECUTE format('CREATE OR REPLACE TRIGGER forget_forged_change BEFORE INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION registry.forget_forged_change()', tracked);
    -- The condition spares rows that are as they should be a call.
    EXECUTE format('CREATE OR REPLACE TRIGGER first_version BEFORE INSERT ON %s FOR EACH ROW '
                   'WHEN (NEW.version <> 1 OR NEW.updated_at <> now() '
                   'OR NEW.changed_by IS DISTINCT FROM nullif(current_setting(''gisland.change'', true), '''')::bigint) '
                   'EXECUTE FUNCTION registry.first_version()', tracked);
    EXECUTE format('CREATE OR REPLACE TRIGGER next_version BEFORE UPDATE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION registry.next_version()', tracked);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION history.keep(%L)', tracked, columns);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION history.keep(%L)', tracked, columns);
    EXECUTE format('CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change()', tracked);
    EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON history.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change()', name);
    EXECUTE format('DROP FUNCTION IF EXISTS history.%I(bigint)', name || '_as_of');
    EXECUTE format($body$
        CREATE FUNCTION history.%1$I(at_version bigint) RETURNS SETOF %2$s LANGUAGE sql STABLE AS $q$
            SELECT %3$s FROM %2$s t JOIN published.change_version made ON made.change_id = t.changed_by
             WHERE made.version <= at_version
             UNION ALL
            SELECT %3$s FROM history.%4$I t JOIN published.change_version made ON made.change_id = t.changed_by
              LEFT JOIN published.change_version ended ON ended.change_id = t.ended_by
             WHERE made.version <= at_version AND (ended.version > at_version OR ended.version IS NULL)
        $q$ $body$, name || '_as_of', tracked,
        (SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
          WHERE attrelid = tracked AND attnum > 0 AND NOT attisdropped), name);
END
$$;

DO $$
DECLARE
    tracked text;
BEGIN
    FOREACH tracked IN ARRAY ARRAY[
        'unit', 'unit_successor', 'residential_group', 'map_sheet', 'parcel', 'parcel_lineage', 'parcel_number', 'land_use',
        'asset', 'asset_parcel', 'holder', 'holding', 'restriction', 'certificate', 'certificate_parcel',
        'certificate_asset', 'document', 'document_link'] LOOP
        PERFORM history.track(('registry.' || tracked)::regclass);
    END LOOP;
END
$$;

CREATE OR REPLACE TRIGGER forget_forged_change BEFORE INSERT ON verification.evidence
    FOR EACH STATEMENT EXECUTE FUNCTION registry.forget_forged_change();

-- Evidence only ever grows: as of a version it is what had been said by then.
CREATE OR REPLACE FUNCTION history.evidence_as_of(at_version bigint) RETURNS SETOF verification.evidence
LANGUAGE sql STABLE AS $$
    SELECT t.* FROM verification.evidence t JOIN published.change_version made ON made.change_id = t.change_id
     WHERE made.version <= at_version
$$;

-- Usage: the numbers that were ever given on a sheet
CREATE INDEX IF NOT EXISTS parcel_map_sheet ON history.parcel (map_sheet_id);
-- Usage: the lists within a record as of a version, record by record
CREATE INDEX IF NOT EXISTS land_use_parcel ON history.land_use (parcel_id);
CREATE INDEX IF NOT EXISTS parcel_number_parcel ON history.parcel_number (parcel_id);
CREATE INDEX IF NOT EXISTS asset_parcel_asset ON history.asset_parcel (asset_id);
CREATE INDEX IF NOT EXISTS certificate_parcel_certificate ON history.certificate_parcel (certificate_id);
CREATE INDEX IF NOT EXISTS certificate_asset_certificate ON history.certificate_asset (certificate_id);
CREATE INDEX IF NOT EXISTS document_link_document ON history.document_link (document_id);
