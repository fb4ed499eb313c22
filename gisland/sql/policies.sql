-- Row-level security (design §8): each row belongs to a ward, and a transaction sees the wards that it was begun for.
-- Idempotent. FORCE holds for the owner, too; who sees all rows is named: the functions that keep the read model and the
-- history (owner), the views of public layers (publisher), dumps (backup).

-- What the transaction may reach; nothing where it does not say. Placeholders of a past transaction are left as ''.
-- Without a search_path of their own these are put into the statements that ask them, where they cost nothing.
CREATE OR REPLACE FUNCTION security.everywhere() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pg_catalog.current_setting('gisland.wards', true), '') = 'all';
CREATE OR REPLACE FUNCTION security.wards() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(nullif(pg_catalog.current_setting('gisland.wards', true), ''), 'all')::int[], '{}');
CREATE OR REPLACE FUNCTION security.groups() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(pg_catalog.current_setting('gisland.groups', true), '')::int[], '{}');

-- The same in the words of the published layers, whose features say the code of a ward, and that of a group within it;
-- and all wards of which something is reached.
CREATE OR REPLACE FUNCTION security.ward_codes() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(pg_catalog.current_setting('gisland.ward_codes', true), '')::text[], '{}');
CREATE OR REPLACE FUNCTION security.group_codes() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(pg_catalog.current_setting('gisland.group_codes', true), '')::text[], '{}');
CREATE OR REPLACE FUNCTION security.reached_wards() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(pg_catalog.current_setting('gisland.reached_wards', true), '')::text[], '{}');

-- The wards that somebody reaches by wards and groups: those where they have something, be it the whole or a group.
CREATE OR REPLACE FUNCTION security.wards_of_scope(of_wards int[], of_groups int[]) RETURNS int[]
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(array_agg(ward ORDER BY ward), '{}')
      FROM (SELECT unnest(of_wards) UNION
            SELECT ward_id FROM registry.residential_group WHERE id = ANY (of_groups)) reached (ward)
$$;

-- Begin a transaction of staff, who may not read the registry: the codes of their wards and groups are looked up once.
-- Each page begins so, most of them for wards alone: then it is one statement.
CREATE OR REPLACE FUNCTION security.enter(of_wards text, of_groups text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('gisland.wards', of_wards, true), set_config('gisland.groups', of_groups, true),
            set_config('gisland.ward_codes', codes, true), set_config('gisland.reached_wards', codes, true),
            set_config('gisland.group_codes', '{}', true)
       FROM (SELECT ARRAY(SELECT code FROM registry.unit WHERE id = ANY (nullif(of_wards, 'all')::int[]))::text OFFSET 0) ward (codes);
    IF of_groups <> '{}' THEN
        PERFORM set_config('gisland.group_codes', coalesce(array_agg(unit.code || '/' || of_group.code), '{}')::text, true)
           FROM registry.residential_group of_group JOIN registry.unit ON unit.id = of_group.ward_id
          WHERE of_group.id = ANY (security.groups());
        PERFORM set_config('gisland.reached_wards', coalesce(array_agg(unit.code), '{}')::text, true)
           FROM registry.unit WHERE unit.id = ANY (security.wards_of_scope(security.wards(), security.groups()));
    END IF;
END
$$;

-- Whether a row is seen; for policies of the very table, which PostgreSQL would take for a circle otherwise.
CREATE OR REPLACE FUNCTION security.sees(in_table regclass, row_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id = $1)', in_table) INTO found USING row_id;
    RETURN found;
END
$$;

-- A row may name only what its writer sees: a foreign key would tell whether something is there, in whichever ward.
CREATE OR REPLACE FUNCTION security.names_what_is_seen(writer regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(string_agg(DISTINCT format(
               CASE WHEN confrelid = conrelid THEN '(%1$s IS NULL OR security.sees(%2$L, %1$s))'
                    ELSE '(%1$s IS NULL OR EXISTS (SELECT FROM %2$s seen WHERE seen.id = %1$s))' END,
               format('%I.%I', relname, attname), confrelid::regclass), ' AND '), 'true')
      FROM pg_constraint c JOIN pg_class ON pg_class.oid = conrelid
      JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
     WHERE contype = 'f' AND conrelid = writer
       AND confrelid = ANY ('{registry.asset,registry.certificate,registry.document,registry.holder,registry.parcel}'::regclass[])
$$;

-- Let `reader` see and write the rows of a table that fulfil a condition, and those roles all rows that need to.
-- The sub-selects are computed once for a statement.
CREATE OR REPLACE FUNCTION security.protect(protected regclass, reader name, visible text, writable text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    in_scope text := format('(SELECT security.everywhere()) OR %s', visible);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('DROP POLICY IF EXISTS in_scope ON %s', protected);
    EXECUTE format('DROP POLICY IF EXISTS all_rows ON %s', protected);
    EXECUTE format('CREATE POLICY in_scope ON %s TO %I USING (%s) WITH CHECK ((SELECT security.everywhere()) OR (%s) AND %s)',
                   protected, reader, in_scope, coalesce(writable, visible), security.names_what_is_seen(protected));
    EXECUTE format('CREATE POLICY all_rows ON %s TO gisland_owner, gisland_publisher, gisland_backup '
                   'USING (true) WITH CHECK (true)', protected);
END
$$;

-- A published layer for staff, the GeoJSON of its features, and what they were; the latter know only the properties that
-- were given.
DROP FUNCTION IF EXISTS security.protect_layer(regclass, regclass, text, text);
CREATE OR REPLACE FUNCTION security.protect_layer(target regclass, geojson regclass, history regclass, ward text, of_group text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    -- Most have one ward: to compare with it is half the work of looking it up among several.
    condition CONSTANT text := '%1$s = (SELECT (security.ward_codes())[1]) OR %1$s = ANY ((SELECT security.ward_codes())::text[]) '
                               'OR %1$s || ''/'' || %2$s = ANY ((SELECT security.group_codes())::text[])';
BEGIN
    PERFORM security.protect(target, 'gisland_staff', format(condition, quote_ident(ward), quote_ident(of_group)));
    PERFORM security.protect(geojson, 'gisland_staff', format(condition, '_ward', '_group'));
    PERFORM security.protect(history, 'gisland_staff', format(condition, format('(_properties::json ->> %L)', ward),
                                                              format('(_properties::json ->> %L)', of_group)));
END
$$;

-- Whether a holder, certificate or asset belongs to a present parcel of the groups that the transaction reaches. As their
-- owner, who sees all rows: the policies of links ask for the records, and would go round in a circle.
CREATE OR REPLACE FUNCTION security.holder_in_groups(of_holder bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM registry.holding JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE holder_id = of_holder AND holding.retired_by IS NULL AND parcel.retired_by IS NULL
                      AND residential_group_id = ANY (security.groups()))
$$;
CREATE OR REPLACE FUNCTION security.certificate_in_groups(of_certificate bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM registry.certificate_parcel JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE certificate_id = of_certificate AND parcel.retired_by IS NULL
                      AND residential_group_id = ANY (security.groups()))
$$;
CREATE OR REPLACE FUNCTION security.asset_in_groups(of_asset bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM registry.asset_parcel JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE asset_id = of_asset AND parcel.retired_by IS NULL
                      AND residential_group_id = ANY (security.groups()))
$$;

-- The registry, and the former states of its rows.
DO $$
DECLARE
    by_ward CONSTANT text := 'ward_id = ANY ((SELECT security.wards())::int[])';
    -- The head of a group reads what its papers are printed from, and writes none of it. Who has no group is never asked.
    some_group CONSTANT text := 'cardinality((SELECT security.groups())::int[]) > 0';
    of_group CONSTANT jsonb := jsonb_build_object(
        'parcel', 'residential_group_id = ANY ((SELECT security.groups())::int[])',
        'holding', 'EXISTS (SELECT FROM registry.parcel WHERE parcel.id = parcel_id '
                   'AND residential_group_id = ANY ((SELECT security.groups())::int[]))',
        'holder', 'security.holder_in_groups(id)',
        'certificate', 'security.certificate_in_groups(id)',
        'asset', 'security.asset_in_groups(id)');
    -- Units, groups and sheets are no secret; who may write them is.
    open CONSTANT text[] := ARRAY['residential_group', 'map_sheet'];
    -- Lists within a record are seen with it: table, column, table of the record. A link is seen with any of its ends.
    parts CONSTANT text[] := ARRAY[
        'land_use', 'parcel_id', 'parcel', 'asset_parcel', 'asset_id', 'asset',
        'certificate_parcel', 'certificate_id', 'certificate', 'certificate_asset', 'certificate_id', 'certificate',
        'document_link', 'document_id', 'document'];
    name text;
    condition text;
BEGIN
    FOREACH name IN ARRAY ARRAY['asset', 'certificate', 'document', 'holder', 'holding', 'parcel', 'parcel_number', 'restriction'] LOOP
        condition := by_ward || coalesce(' OR ' || some_group || ' AND ' || (of_group ->> name), '');
        PERFORM security.protect(format('registry.%I', name)::regclass, 'gisland_app', condition, by_ward);
        -- What came from another ward is seen with its past there, by those who see that ward.
        condition := format('%1$s OR EXISTS (SELECT FROM registry.%2$I live WHERE live.id = %2$I.id AND live.%1$s)', by_ward, name);
        PERFORM security.protect(format('history.%I', name)::regclass, 'gisland_app', condition);
    END LOOP;
    FOREACH name IN ARRAY open LOOP
        PERFORM security.protect(format('registry.%I', name)::regclass, 'gisland_app', 'true', by_ward);
        PERFORM security.protect(format('history.%I', name)::regclass, 'gisland_app', 'true', by_ward);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['unit', 'unit_successor'] LOOP
        PERFORM security.protect(format('registry.%I', name)::regclass, 'gisland_app', 'true', 'false');
        PERFORM security.protect(format('history.%I', name)::regclass, 'gisland_app', 'true', 'false');
    END LOOP;
    FOR place IN 1 .. cardinality(parts) BY 3 LOOP
        condition := format('EXISTS (SELECT FROM registry.%I WHERE %1$I.id = %I)', parts[place + 2], parts[place + 1]);
        PERFORM security.protect(format('registry.%I', parts[place])::regclass, 'gisland_app', condition);
        PERFORM security.protect(format('history.%I', parts[place])::regclass, 'gisland_app', condition);
    END LOOP;
    condition := 'EXISTS (SELECT FROM registry.parcel WHERE parcel.id IN (ancestor_id, descendant_id))';
    PERFORM security.protect('registry.parcel_lineage', 'gisland_app', condition);
    PERFORM security.protect('history.parcel_lineage', 'gisland_app', condition);
END
$$;

-- Acts of the whole service (reform, layers) have no ward; they tell nothing of persons.
SELECT security.protect('registry.change', 'gisland_app', '(ward_id IS NULL OR ward_id = ANY ((SELECT security.wards())::int[]))');
-- Evidence is seen with its holder, by the head of a group, too, whose papers show the status.
SELECT security.protect('verification.evidence', 'gisland_app', 'EXISTS (SELECT FROM registry.holder WHERE holder.id = holder_id)',
                        'EXISTS (SELECT FROM registry.holder WHERE holder.id = holder_id AND ward_id = ANY ((SELECT security.wards())::int[]))');
SELECT security.protect('verification.list', 'gisland_app', 'ward_id = ANY ((SELECT security.wards())::int[])');
SELECT security.protect('verification.list_row', 'gisland_app', 'ward_id = ANY ((SELECT security.wards())::int[])');
SELECT security.protect('intake.batch', 'gisland_app', 'ward_id = ANY ((SELECT security.wards())::int[])');
SELECT security.protect('intake.source_row', 'gisland_app', 'ward_id = ANY ((SELECT security.wards())::int[])');
-- A print that shows several wards is for those who reach all of them.
SELECT security.protect('printing.job', 'gisland_app', 'ward_id = ANY ((SELECT security.wards())::int[]) AND wards <@ (SELECT security.wards())::int[] '
                                                       'OR residential_group_id = ANY ((SELECT security.groups())::int[])');
SELECT security.protect('printing.result', 'gisland_app', 'EXISTS (SELECT FROM printing.job WHERE job.id = job_id)');

REVOKE EXECUTE ON FUNCTION security.holder_in_groups(bigint), security.certificate_in_groups(bigint), security.asset_in_groups(bigint) FROM PUBLIC;
GRANT USAGE ON SCHEMA security TO gisland_staff;
GRANT EXECUTE ON FUNCTION security.everywhere(), security.wards(), security.groups() TO gisland_app, gisland_staff;
GRANT EXECUTE ON FUNCTION security.wards_of_scope(int[], int[]), security.sees(regclass, bigint), security.holder_in_groups(bigint), security.certificate_in_groups(bigint),
    security.asset_in_groups(bigint) TO gisland_app;
GRANT EXECUTE ON FUNCTION security.ward_codes(), security.group_codes(), security.reached_wards(), security.enter(text, text)
    TO gisland_staff;
