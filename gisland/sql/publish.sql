-- flush(): published features are recomputed in the transaction that changed what they show, once, before commit.
-- Which rows changed, triggers have noted (dirty.sql).

-- Lock rows in the order of their ids, so that two flushes wait for one another instead of in a circle.
-- The next statement has a fresh snapshot (READ COMMITTED) and sees what the other one committed: no refresh is lost.
-- A row that this transaction wrote is its own already, until the commit: to lock it would write it once more.
CREATE OR REPLACE FUNCTION publish.lock_rows(of_table regclass, keys bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s WHERE id = ANY ($1) AND xmin <> pg_current_xact_id()::xid '
                   'ORDER BY id FOR NO KEY UPDATE) locked', of_table) USING keys;
END
$$;

-- The tables of which rows are dirty in this transaction, with the keys of these rows.
DROP FUNCTION IF EXISTS publish.dirty_sources();
DO $$
BEGIN
    IF to_regtype('publish.dirty_source') IS NULL THEN
        CREATE TYPE publish.dirty_source AS (source regclass, keys bigint[]);
    END IF;
END
$$;
CREATE FUNCTION publish.dirty_sources() RETURNS SETOF publish.dirty_source
LANGUAGE sql SET search_path = pg_catalog AS $$
    SELECT source, array_agg(DISTINCT key ORDER BY key) FROM publish.dirty
     WHERE txid = pg_current_xact_id() GROUP BY source ORDER BY source::text
$$;

-- SQL that makes what the GeoJSON table says of a row `f` of a layer: ward, group, geometry, properties. The columns of
-- the layer are the id, the fields, the geometry. It is made when a feature is published: on a page of 1,000 this would
-- be two thirds of the work. 7 decimals of a degree are about 1 cm. Where the view gives it, the geometry as it was
-- surveyed comes last, and its GeoJSON: 15 decimals say a float of 64 bits to the last bit.
CREATE OR REPLACE FUNCTION publish.json_of(layer_columns text[], of_scope text[], native text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT format('%s AS _ward, %s AS _group, ST_AsGeoJSON(f.%I, 7, 0) AS _geometry, '
                  '(SELECT row_to_json(p)::text FROM (SELECT %s) p) AS _properties%s',
                  coalesce('f.' || quote_ident(of_scope[1]), 'NULL::text'), coalesce('f.' || quote_ident(of_scope[2]), 'NULL::text'),
                  layer_columns[cardinality(layer_columns)], string_agg(format('f.%I', name), ', ' ORDER BY position),
                  CASE WHEN native IS NULL THEN '' ELSE format(', f.%1$I AS _native, ST_AsGeoJSON(f.%1$I, 15, 0) AS _surveyed', native) END)
      FROM unnest(layer_columns) WITH ORDINALITY u(name, position)
     WHERE position > 1 AND position < cardinality(layer_columns)
$$;

-- SQL that makes the internal columns of a published table but for the change: the outermost coordinates of a row `f`.
-- The index of a geometry knows them rounded outwards to 32 bits.
CREATE OR REPLACE FUNCTION publish.sides_of(geometry text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT format('ST_XMin(f.%1$I) AS _west, ST_YMin(f.%1$I) AS _south, ST_XMax(f.%1$I) AS _east, ST_YMax(f.%1$I) AS _north', geometry)
$$;

-- The two functions of a layer, made when it is applied: their statements are planned once in a session. To plan the
-- query of a view takes longer than to run it for one feature.
CREATE OR REPLACE FUNCTION publish.function_of(what text, of_layer text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT format('publish.%I', what || '_' || replace(of_layer, '-', '_'))
$$;
CREATE OR REPLACE FUNCTION publish.make_functions(of_layer publish.layer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM publish.make_touched(of_layer);
    PERFORM publish.make_refresh(of_layer);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s, %s FROM PUBLIC', publish.function_of('touched', of_layer.id),
                   publish.function_of('refresh', of_layer.id));
END
$$;
CREATE OR REPLACE FUNCTION publish.drop_functions(of_layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS %s, %s', publish.function_of('touched', of_layer),
                   publish.function_of('refresh', of_layer));
END
$$;

-- touched_<layer>(source, ids): the keys of the features that rows of a table touch.
CREATE OR REPLACE FUNCTION publish.make_touched(of_layer publish.layer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $make$
DECLARE
    cases text := (SELECT string_agg(format(
        'IF source = %L::regclass THEN RETURN ARRAY(WITH changed(id) AS MATERIALIZED (SELECT unnest(ids)) '
        'SELECT k FROM (%s) touched(k) WHERE k IS NOT NULL); END IF;', key, value), E'\n' ORDER BY key)
        FROM jsonb_each_text(of_layer.touched_by));
BEGIN
    EXECUTE format($body$
        CREATE OR REPLACE FUNCTION %s(source regclass, ids bigint[]) RETURNS bigint[]
        LANGUAGE plpgsql SET search_path = pg_catalog, public AS $function$
        #variable_conflict use_column
        BEGIN
            %s
            RETURN '{}';
        END
        $function$ $body$, publish.function_of('touched', of_layer.id), cases);
END
$make$;

-- refresh_<layer>(keys, change): recompute the features with these keys: gone ones leave, new ones come, changed ones
-- change, others are not written. What a changed or gone feature was before goes into the layer's history, as the
-- GeoJSON that was given; late layers keep nothing. Gives by how many features the layer grew and, of a public layer, the
-- regions where what is drawn has changed: those of the features as they are now, and as they were.
-- All is found by keys: a plan that is made while a table is still empty may not read it whole when it is full. So there
-- are arrays and lateral look-ups where joins would be shorter: of an empty table, and of a list that it takes for ten
-- keys, the planner would read all rows for each key.
CREATE OR REPLACE FUNCTION publish.make_refresh(of_layer publish.layer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $make$
DECLARE
    names text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(of_layer.columns) c);
    excluded_names text := (SELECT string_agg('excluded.' || quote_ident(c), ', ') FROM unnest(of_layer.columns) c);
    target_names text := (SELECT string_agg('t.' || quote_ident(c), ', ') FROM unnest(of_layer.columns) c);
    moved text := CASE WHEN of_layer.public THEN 'SELECT _west, _south, _east, _north FROM put UNION ALL SELECT * FROM gone_from'
                       ELSE 'SELECT 0::float8, 0::float8, 0::float8, 0::float8 WHERE false' END;
    -- The geometry as it was surveyed lies in the table beside it only, and may change where nothing else does.
    given text := names || coalesce(', ' || quote_ident(of_layer.native), '');
    resurveyed text := CASE WHEN of_layer.native IS NULL THEN 'SELECT NULL::bigint AS id WHERE false' ELSE format(
        'SELECT f.id FROM fresh f, LATERAL (SELECT _native FROM %s WHERE id = f.id OFFSET 0) j WHERE j._native IS DISTINCT FROM f.%I',
        publish.geojson_of(of_layer.target), of_layer.native) END;
    native text := CASE WHEN of_layer.native IS NULL THEN '' ELSE ', _native' END;
    surveyed text := CASE WHEN of_layer.native IS NULL THEN '' ELSE ', _native, _surveyed' END;
BEGIN
    EXECUTE format($body$
        CREATE OR REPLACE FUNCTION %9$s(keys bigint[], change bigint, OUT grown bigint, OUT regions bigint[]) LANGUAGE plpgsql
        SET search_path = pg_catalog, public SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $function$
        #variable_conflict use_column
        BEGIN
        WITH wanted AS MATERIALIZED (SELECT unnest($1) AS id),
             fresh AS MATERIALIZED (SELECT %13$s FROM %2$s WHERE id IN (SELECT id FROM wanted)),
             resurveyed AS (%14$s),
             gone AS (DELETE FROM %3$s t WHERE t.id = ANY ($1) AND t.id NOT IN (SELECT id FROM fresh) RETURNING t.id),
             put AS (INSERT INTO %3$s AS t (%1$s, _west, _south, _east, _north, _change)
                     SELECT %1$s, %11$s, $2 FROM fresh f ORDER BY id
                     ON CONFLICT (id) DO UPDATE SET (%1$s, _west, _south, _east, _north, _change)
                         = ROW(%4$s, excluded._west, excluded._south, excluded._east, excluded._north, excluded._change)
                      WHERE (%5$s) IS DISTINCT FROM (%4$s) OR t.id IN (SELECT id FROM resurveyed)
                     RETURNING t.id, xmax = 0 AS added, t._west, t._south, t._east, t._north),
             told AS (INSERT INTO %10$s AS t (id, _ward, _group, _geometry, _properties%17$s)
                      SELECT f.id, %6$s FROM fresh f WHERE (f.id IN (SELECT id FROM put)) IS TRUE ORDER BY id
                      ON CONFLICT (id) DO UPDATE SET (_ward, _group, _geometry, _properties%17$s)
                         = ROW(excluded._ward, excluded._group, excluded._geometry, excluded._properties%16$s)),
             untold AS (DELETE FROM %10$s t WHERE t.id = ANY (ARRAY(SELECT id FROM gone))),
             left_behind AS (SELECT id FROM gone UNION ALL SELECT id FROM put WHERE NOT added),
             -- All parts of a statement see the rows as they were before it.
             kept AS (INSERT INTO %7$s (id, geom, _west, _south, _east, _north, _geometry, _properties, _change, _ended_by%15$s)
                      SELECT t.id, t.%8$I, _west, _south, _east, _north, _geometry, _properties, _change, $2%15$s
                        FROM %3$s t, LATERAL (SELECT * FROM %10$s j WHERE j.id = t.id OFFSET 0) j
                       WHERE %18$s AND t.id = ANY (ARRAY(SELECT id FROM left_behind)) AND t._change <> $2),
             gone_from AS (SELECT _west, _south, _east, _north FROM %3$s t WHERE t.id = ANY (ARRAY(SELECT id FROM left_behind)))
        SELECT (SELECT count(*) FROM put WHERE added) - (SELECT count(*) FROM gone),
               -- Not DISTINCT: the planner takes a box for a million regions, and would make a table for as many.
               ARRAY(SELECT publish.packed_region(x, y)
                       FROM (%12$s) moved(w, s, e, n), publish.regions_of(w, s, e, n))
          INTO grown, regions;
        END
        $function$ $body$, names, of_layer.source, of_layer.target, excluded_names, target_names,
        publish.json_of(of_layer.columns, of_layer.scope, of_layer.native), publish.history_of(of_layer.target),
        of_layer.columns[cardinality(of_layer.columns)], publish.function_of('refresh', of_layer.id),
        publish.geojson_of(of_layer.target), publish.sides_of(of_layer.columns[cardinality(of_layer.columns)]), moved,
        given, resurveyed, native, replace(surveyed, ', ', ', excluded.'), surveyed, (NOT of_layer.late)::text);
END
$make$;

-- The keys of the features of a layer that dirty rows touch, sorted. Only tables that it follows are asked about.
DROP FUNCTION IF EXISTS publish.touched_keys(text);
CREATE OR REPLACE FUNCTION publish.touched_keys(of_layer publish.layer, dirty publish.dirty_source[]) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    followed CONSTANT regclass[] := ARRAY(SELECT jsonb_object_keys(of_layer.touched_by)::regclass);
    each publish.dirty_source;
    found bigint[];
    touched bigint[] := '{}';
BEGIN
    FOREACH each IN ARRAY dirty LOOP
        CONTINUE WHEN each.source <> ALL (followed);
        EXECUTE format('SELECT %s($1, $2)', publish.function_of('touched', of_layer.id)) INTO found USING each.source, each.keys;
        touched := touched || found;
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT k FROM unnest(touched) k ORDER BY k);
END
$$;

-- Recompute features, so many at a time that memory stays bounded. Returns the regions where what is drawn has changed.
DROP FUNCTION IF EXISTS publish.refresh(text, bigint[]);
CREATE FUNCTION publish.refresh(of_layer text, keys bigint[]) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    at_once CONSTANT int := 10000;
    change bigint := registry.sure_change();
    grown bigint;
    delta bigint := 0;
    regions bigint[];
    moved bigint[] := '{}';
BEGIN
    FOR place IN 1 .. cardinality(keys) BY at_once LOOP
        IF place > 1 THEN
            -- The layer may have been empty when its statement was planned, and any of its indexes as good as any other.
            DISCARD PLANS;
        END IF;
        EXECUTE format('SELECT * FROM %s($1, $2)', publish.function_of('refresh', of_layer))
           INTO grown, regions USING keys[place : place + at_once - 1], change;
        delta := delta + grown;
        moved := moved || regions;
    END LOOP;
    IF delta <> 0 THEN
        INSERT INTO publish.count_delta (layer, delta) VALUES (of_layer, delta);
    END IF;
    RETURN ARRAY(SELECT DISTINCT region FROM unnest(moved) region);
END
$$;

-- Beside a published table lie two more. One has the finished GeoJSON of its features: a page finds and counts more
-- features than it shows, and their rows are read twice as fast without these texts. The other has their former states;
-- it has one shape for all layers and outlives their definitions.
CREATE OR REPLACE FUNCTION publish.geojson_of(target text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT format('%I.%I', parts[1], parts[2] || '__geojson') FROM parse_ident(target) parts
$$;
CREATE OR REPLACE FUNCTION publish.history_of(target text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT format('%I.%I', parts[1], parts[2] || '__history') FROM parse_ident(target) parts
$$;
CREATE OR REPLACE FUNCTION publish.make_history(target text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF to_regclass(publish.history_of(target)) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (id bigint NOT NULL, geom geometry(Geometry, 4326) NOT NULL, '
                       '_west float8 NOT NULL, _south float8 NOT NULL, _east float8 NOT NULL, _north float8 NOT NULL, '
                       '_geometry text NOT NULL, _properties text NOT NULL, _native geometry, '
                       '_change bigint NOT NULL, _ended_by bigint NOT NULL)',
                       publish.history_of(target));
        -- Usage: pages as of a version, in the order of ids; bbox
        EXECUTE format('CREATE INDEX ON %s (id)', publish.history_of(target));
        EXECUTE format('CREATE INDEX ON %s USING gist (geom)', publish.history_of(target));
        EXECUTE format('COMMENT ON TABLE %s IS %L', publish.history_of(target), 'former states of the features of ' || target);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION publish.drop_history(target text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %s', publish.history_of(target));
END
$$;
CREATE OR REPLACE FUNCTION publish.drop_beside(target text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %s, %s', publish.geojson_of(target), publish.history_of(target));
END
$$;

-- A table that is made anew: what it held and the new one does not goes into its history.
CREATE OR REPLACE FUNCTION publish.keep_replaced(target text, replaced_by text, geometry text, native text, change bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    EXECUTE format('INSERT INTO %s (id, geom, _west, _south, _east, _north, _geometry, _properties, _change, _ended_by, _native) '
                   'SELECT old.id, old.%I, old._west, old._south, old._east, old._north, _geometry, _properties, old._change, $1, '
                   || CASE WHEN native IS NULL THEN 'NULL ' ELSE '_native ' END ||
                   'FROM %s old JOIN %s j USING (id) '
                   'LEFT JOIN %s new USING (id) WHERE new._change IS DISTINCT FROM old._change',
                   publish.history_of(target), geometry, target, publish.geojson_of(target), replaced_by) USING change;
END
$$;

-- Numbers the transaction's changes. Versions are given in the order of commits: whoever sees version v sees all before
-- it. So they are given last, under a lock that is held until the commit.
CREATE OR REPLACE FUNCTION publish.give_version(refreshed bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    given bigint := nullif(current_setting('gisland.data_version', true), '')::bigint;
BEGIN
    IF given IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('gisland data version'));
        INSERT INTO publish.data_version (features) VALUES (refreshed) RETURNING version INTO given;
        PERFORM set_config('gisland.data_version', given::text, true);
    END IF;
    INSERT INTO published.change_version (change_id, version)
    SELECT DISTINCT key, given FROM publish.dirty
     WHERE txid = pg_current_xact_id() AND source = 'registry.change'::regclass;
    RETURN given;
END
$$;

CREATE OR REPLACE FUNCTION publish.flush() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off
-- Times within properties are written in UTC, whoever changed the row.
SET timezone = 'UTC' AS $$
DECLARE
    dirty publish.dirty_source[];
    layer publish.layer;
    keys bigint[];
    refreshed bigint := 0;
    regions bigint[];
    moved jsonb := '{}';
    given bigint;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL
       OR NOT EXISTS (SELECT FROM publish.dirty WHERE txid = pg_current_xact_id()) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'flush() needs READ COMMITTED: under a fixed snapshot it could not see what it waited for';
    END IF;
    dirty := ARRAY(SELECT d FROM publish.dirty_sources() d);
    PERFORM publish.lock_rows(d.source, d.keys) FROM unnest(dirty) d WHERE d.source <> 'registry.change'::regclass;
    -- What late layers are made of. A row is only added: nobody waits. It is taken when this has been committed.
    INSERT INTO publish.late (source, keys)
    SELECT d.source, d.keys FROM unnest(dirty) d
     WHERE d.source IN (SELECT jsonb_object_keys(touched_by)::regclass FROM publish.layer WHERE late);
    FOR layer IN SELECT * FROM publish.layer WHERE NOT late ORDER BY id LOOP
        keys := publish.touched_keys(layer, dirty);
        CONTINUE WHEN keys = '{}';
        PERFORM publish.lock_rows(layer.feature, keys);
        regions := publish.refresh(layer.id, keys);
        IF regions <> '{}' THEN
            moved := moved || jsonb_build_object(layer.id, regions);
        END IF;
        refreshed := refreshed + cardinality(keys);
    END LOOP;
    given := publish.give_version(refreshed);
    -- Last, like the version: its lock is held until the commit, and no region is waited for before it is.
    IF moved <> '{}' THEN
        PERFORM publish.renew_regions(key, ARRAY(SELECT jsonb_array_elements(value)::bigint)) FROM jsonb_each(moved);
    END IF;
    DELETE FROM publish.dirty WHERE txid = pg_current_xact_id();
    DELETE FROM publish.dirty_transaction WHERE txid = pg_current_xact_id();
    RETURN given;
END
$$;

-- The layers that follow no table (`refresh: manual | interval`): all that differs from what the view gives now is
-- refreshed, with a change and a data version if there is any. Returns the number of features that changed.
CREATE OR REPLACE FUNCTION publish.refresh_all(of_layer text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off SET timezone = 'UTC' AS $$
DECLARE
    layer publish.layer;
    source_columns text;
    target_columns text;
    keys bigint[];
    regions bigint[];
BEGIN
    -- A second one waits, and then finds nothing to do.
    PERFORM pg_advisory_xact_lock(hashtext('gisland refresh'), hashtext(of_layer));
    SELECT * INTO STRICT layer FROM publish.layer WHERE id = of_layer;
    SELECT string_agg(format('s.%I', name), ', ') || coalesce(', s.' || quote_ident(layer.native), ''),
           string_agg(format('t.%I', name), ', ') || CASE WHEN layer.native IS NULL THEN '' ELSE ', j._native' END
      INTO source_columns, target_columns FROM unnest(layer.columns) name;
    EXECUTE format('SELECT coalesce(array_agg(id ORDER BY id), ''{}'') FROM %s s FULL JOIN (%s t JOIN %s j USING (id)) USING (id) '
                   'WHERE ROW(%s) IS DISTINCT FROM ROW(%s)',
                   layer.source, layer.target, publish.geojson_of(layer.target), source_columns, target_columns) INTO keys;
    IF keys = '{}' THEN
        RETURN 0;
    END IF;
    INSERT INTO registry.change (kind, reason, by) VALUES ('publish', of_layer, 'system');
    regions := publish.refresh(of_layer, keys);
    PERFORM publish.flush();
    IF regions <> '{}' THEN
        PERFORM publish.renew_regions(of_layer, regions);
    END IF;
    RETURN cardinality(keys);
END
$$;

-- The features of late layers that changes have touched since: made anew in one transaction, with one change and one data
-- version, in the order of the layers. Returns their number. What is committed after the rows were taken leaves its own.
CREATE OR REPLACE FUNCTION publish.refresh_late() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off SET timezone = 'UTC' AS $$
DECLARE
    dirty publish.dirty_source[];
    layer publish.layer;
    keys bigint[];
    regions bigint[];
    moved jsonb := '{}';
    refreshed bigint := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM publish.late) OR NOT pg_try_advisory_xact_lock(hashtext('gisland late layers')) THEN
        RETURN 0;
    END IF;
    WITH taken AS (DELETE FROM publish.late l RETURNING l.source, l.keys),
         each AS (SELECT t.source, array_agg(DISTINCT key ORDER BY key) FROM taken t, unnest(t.keys) key GROUP BY t.source)
    SELECT coalesce(array_agg(each::publish.dirty_source), '{}') INTO dirty FROM each;
    FOR layer IN SELECT * FROM publish.layer WHERE late ORDER BY id LOOP
        keys := publish.touched_keys(layer, dirty);
        CONTINUE WHEN keys = '{}';
        IF refreshed = 0 THEN
            INSERT INTO registry.change (kind, reason, by) VALUES ('publish', 'late layers', 'system');
        END IF;
        regions := publish.refresh(layer.id, keys);
        IF regions <> '{}' THEN
            moved := moved || jsonb_build_object(layer.id, regions);
        END IF;
        refreshed := refreshed + cardinality(keys);
    END LOOP;
    IF refreshed > 0 THEN
        -- Its lock on the data version is held until the commit: last.
        PERFORM publish.flush();
        PERFORM publish.renew_regions(key, ARRAY(SELECT jsonb_array_elements(value)::bigint)) FROM jsonb_each(moved);
    END IF;
    RETURN refreshed;
END
$$;

-- Whoever forgets to flush (psql, a script) is flushed at commit.
CREATE OR REPLACE FUNCTION publish.flush_at_commit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM publish.flush();
    RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS flush_at_commit ON publish.dirty_transaction;
CREATE CONSTRAINT TRIGGER flush_at_commit AFTER INSERT ON publish.dirty_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION publish.flush_at_commit();

-- Fold the counts of a layer into one row; concurrent writers only ever add rows, so nobody waits.
CREATE OR REPLACE FUNCTION publish.fold_counts() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH folded AS (DELETE FROM publish.count_delta RETURNING layer, delta)
    INSERT INTO publish.count_delta (layer, delta) SELECT layer, sum(delta) FROM folded GROUP BY layer
$$;

-- Features in a layer, exact: what numberMatched says when nothing is filtered.
CREATE OR REPLACE FUNCTION publish.feature_count(of_layer text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(delta), 0)::bigint FROM publish.count_delta WHERE layer = of_layer
$$;

-- The data version in force at a time: the newest one given until then, 0 before the first.
CREATE OR REPLACE FUNCTION publish.version_at(moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT version FROM publish.data_version WHERE at <= moment ORDER BY at DESC, version DESC LIMIT 1), 0)
$$;

-- The newest data version: what is the same for all who see it bears it as its tag. plpgsql, whose plan is kept.
CREATE OR REPLACE FUNCTION publish.newest_version() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT max(version) FROM publish.data_version), 0);
END
$$;

-- The data version from which on a layer can be read as of: when its present definition was applied.
CREATE OR REPLACE FUNCTION publish.first_version(of_layer text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT version FROM publish.layer JOIN published.change_version ON change_id = defined_by WHERE layer.id = of_layer
$$;

-- Whether two shapes meet, for conditions that ask so of few features and tell most by their boxes. PostGIS counts
-- ST_Intersects as dear as reading 25 pages; the planner, who believes that it is asked of each feature in a box, would
-- rather read hundreds of thousands of entries of another index. Not in SQL, which would be inlined with its cost.
CREATE OR REPLACE FUNCTION publish.meets(a public.geometry, b public.geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
BEGIN
    RETURN public.ST_Intersects(a, b);
END
$$;

-- Words that `q` looks for: without accents, in lower case; numbers are words, too. The same as gisland.publish.words.
CREATE OR REPLACE FUNCTION publish.words(VARIADIC texts text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT array_to_tsvector(array_remove(regexp_split_to_array(
        lower(cql2.accenti(array_to_string(texts, ' ')) COLLATE "C"), '[^a-z0-9]+'), ''))
$$;

-- The planes (EPSG codes) that features of a layer are offered in: its own, and those of the map sheets that are in use.
-- It has its own by its native geometry; the parcels that come after it was applied lie on these sheets.
CREATE OR REPLACE FUNCTION publish.planes(of_layer text, OUT offered int[], OUT own int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sheets int[] := ARRAY(SELECT DISTINCT srid FROM registry.map_sheet);
BEGIN
    SELECT CASE WHEN native IS NULL THEN '{}' WHEN feature = 'registry.parcel'::regclass THEN planes || sheets ELSE planes END
      INTO own FROM publish.layer WHERE id = of_layer;
    own := ARRAY(SELECT DISTINCT unnest(own) ORDER BY 1);
    offered := ARRAY(SELECT DISTINCT unnest(sheets || own) ORDER BY 1);
END
$$;

-- What places are called whose codes layers bear: wards that have map sheets, and residential groups; whose code is that of
-- several groups, has the names of all of them. So many of each list at most.
CREATE OR REPLACE FUNCTION publish.place_names(most int, OUT list text, OUT code text, OUT name text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    (SELECT 'wards', code, name FROM registry.unit
      WHERE level = 'ward' AND valid_to IS NULL AND EXISTS (SELECT FROM registry.map_sheet WHERE ward_id = unit.id)
      ORDER BY code LIMIT most)
      UNION ALL
    (SELECT 'residential_groups', code, string_agg(DISTINCT name, ' / ' ORDER BY name) FROM registry.residential_group
      WHERE name <> '' GROUP BY code ORDER BY code COLLATE registry.vietnamese_numbers LIMIT most)
$$;

-- Tables that were made before there was finished GeoJSON of what was surveyed: they have none of it until they are made anew.
DO $$
DECLARE
    beside regclass;
BEGIN
    FOR beside IN SELECT to_regclass(publish.geojson_of(target)) FROM publish.layer WHERE native IS NOT NULL LOOP
        IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = beside AND attname = '_surveyed') THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN _surveyed text', beside);
        END IF;
    END LOOP;
END
$$;

-- Of today's shape, for the layers that are there.
SELECT publish.drop_functions(id) FROM publish.layer;
DROP FUNCTION IF EXISTS publish.touched_keys(publish.layer), publish.refresh(publish.layer, bigint[]), publish.json_of(text[]),
    publish.json_of(text[], text[]), publish.keep_replaced(text, text, text, bigint);
SELECT publish.make_functions(layer) FROM publish.layer;
