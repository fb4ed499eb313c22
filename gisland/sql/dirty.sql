-- Dirty keys: which rows of which tables a transaction changed, for flush() (publish.sql). Noted also for direct SQL.

-- Arguments: pairs of (table whose row is dirty, column that holds its id).
CREATE OR REPLACE FUNCTION publish.mark_dirty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rows text := CASE TG_OP
        WHEN 'INSERT' THEN 'TABLE new_rows'
        WHEN 'DELETE' THEN 'TABLE old_rows'
        WHEN 'TRUNCATE' THEN format('TABLE %s', TG_RELID::regclass)  -- before it is emptied
        ELSE 'TABLE new_rows UNION ALL TABLE old_rows'
    END;
    found_rows bigint;
    marked bigint := 0;
BEGIN
    FOR i IN 0 .. TG_NARGS / 2 - 1 LOOP
        EXECUTE format('INSERT INTO publish.dirty (source, key) SELECT DISTINCT %L::regclass, %I FROM (%s) r WHERE %2$I IS NOT NULL',
                       TG_ARGV[2 * i], TG_ARGV[2 * i + 1], rows);
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        marked := marked + found_rows;
    END LOOP;
    IF marked > 0 THEN
        INSERT INTO publish.dirty_transaction DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

-- Attach the marking triggers to a table. `marks` = pairs as above.
CREATE OR REPLACE FUNCTION publish.watch(watched regclass, VARIADIC marks text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    arguments text := (SELECT string_agg(quote_literal(m), ', ' ORDER BY n) FROM unnest(marks) WITH ORDINALITY u(m, n));
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER dirty_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION publish.mark_dirty(%s)', watched, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER dirty_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION publish.mark_dirty(%s)', watched, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER dirty_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION publish.mark_dirty(%s)', watched, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER dirty_truncate BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION publish.mark_dirty(%s)', watched, arguments);
END
$$;

SELECT publish.watch('registry.change', 'registry.change', 'id');
SELECT publish.watch('registry.unit', 'registry.unit', 'id');
SELECT publish.watch('registry.residential_group', 'registry.residential_group', 'id');
SELECT publish.watch('registry.map_sheet', 'registry.map_sheet', 'id');
SELECT publish.watch('registry.parcel', 'registry.parcel', 'id');
SELECT publish.watch('registry.parcel_lineage', 'registry.parcel_lineage', 'id');
SELECT publish.watch('registry.land_use', 'registry.parcel', 'parcel_id');
SELECT publish.watch('registry.holder', 'registry.holder', 'id');
SELECT publish.watch('registry.holding', 'registry.parcel', 'parcel_id', 'registry.holder', 'holder_id');
SELECT publish.watch('registry.certificate', 'registry.certificate', 'id');
SELECT publish.watch('registry.certificate_parcel', 'registry.parcel', 'parcel_id', 'registry.certificate', 'certificate_id');
SELECT publish.watch('verification.evidence', 'registry.holder', 'holder_id');
-- Tables of one's own that are followed already (`gisland layer apply`): by triggers of today.
SELECT publish.watch(tgrelid, format('%I.%I', nspname, relname), 'id')
  FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
 WHERE tgname = 'dirty_insert' AND nspname NOT IN ('registry', 'verification') AND pg_has_role(relowner, 'USAGE');
DROP FUNCTION IF EXISTS publish.mark_all_dirty();
