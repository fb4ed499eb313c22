-- Taking back the last change of rows: what they were comes back as a new state, history goes on. Idempotent.

-- The tables of the registry, those that are referred to first.
CREATE OR REPLACE FUNCTION history.tables(OUT name text, OUT keys regclass, OUT retires boolean, OUT listed boolean)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT name, ('registry.' || name)::regclass,
           EXISTS (SELECT FROM pg_attribute WHERE attrelid = ('registry.' || name)::regclass AND attname = 'retired_by'),
           -- Rows of lists have no life of their own: they are deleted, everything else is retired or stays.
           name IN ('land_use', 'parcel_lineage', 'parcel_number', 'asset_parcel', 'certificate_parcel', 'certificate_asset',
                    'document_link', 'unit_successor')
      FROM unnest(ARRAY['unit', 'unit_successor', 'residential_group', 'map_sheet', 'parcel', 'parcel_lineage',
                        'parcel_number', 'land_use', 'asset', 'asset_parcel', 'holder', 'document', 'certificate',
                        'certificate_parcel', 'certificate_asset', 'holding', 'restriction', 'document_link'])
           WITH ORDINALITY AS u (name, position) ORDER BY position
$$;

-- Whether a change was undone, and whether it makes no difference any more: it was undone, or it is an undo, whose effect
-- is that of the change before the one it undoes.
CREATE OR REPLACE FUNCTION history.is_undone(of_change bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    later bigint := (SELECT id FROM registry.change WHERE undoes = of_change);
BEGIN
    RETURN later IS NOT NULL AND NOT history.is_undone(later);
END
$$;
DROP FUNCTION IF EXISTS history.is_neutral(bigint);
-- To a change that is to be undone: an undo of something older than it is not neutral, it brings back what was before.
CREATE OR REPLACE FUNCTION history.is_neutral(later bigint, of_change bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT history.is_undone(later) OR coalesce((SELECT undoes > of_change FROM registry.change WHERE id = later), false)
$$;

-- Rows of a table that are there, that a change made, and that were not there before it.
CREATE OR REPLACE FUNCTION history.made_by(of_change bigint, name text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    ids bigint[];
BEGIN
    EXECUTE format('SELECT coalesce(array_agg(id), ''{}'') FROM registry.%1$I '
                   ' WHERE id IN (SELECT id FROM registry.%1$I WHERE changed_by = $1 UNION '
                   '              SELECT id FROM history.%1$I WHERE changed_by = $1) '
                   '   AND id NOT IN (SELECT id FROM history.%1$I WHERE ended_by = $1)', name)
       INTO ids USING of_change;
    RETURN ids;
END
$$;

-- Whether a change made, altered or ended rows of a table. Most acts touch few tables: to plan nothing for the others is most
-- of the time that an undo would take. What was touched once stays so, for what is replaced is kept.
CREATE OR REPLACE FUNCTION history.is_touched(of_change bigint, name text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    touched boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM registry.%1$I WHERE changed_by = $1) '
                   '    OR EXISTS (SELECT FROM history.%1$I WHERE $1 IN (changed_by, ended_by))', name)
       INTO touched USING of_change;
    RETURN touched;
END
$$;

-- Lock all rows that a change touched, sheets before parcels before rights, as the acts do. Whoever changes one of them, or
-- refers to one (a foreign key locks what it points to), is waited for. To be called in a statement of its own before the look
-- at what stands on the change: that statement sees what they have committed.
CREATE OR REPLACE FUNCTION history.lock_touched(of_change bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM history.tables() WHERE history.is_touched(of_change, name) LOOP
        EXECUTE format('SELECT FROM registry.%1$I WHERE id IN (SELECT unnest($2) UNION '
                       '                                       SELECT id FROM history.%1$I WHERE ended_by = $1) '
                       ' ORDER BY id FOR UPDATE', t.name)
          USING of_change, history.made_by(of_change, t.name);
    END LOOP;
END
$$;

-- Whether all rows that a change touched lie in wards that the transaction reaches, as they are and as they were before.
-- With the owner's rights: it is about those that are not seen.
CREATE OR REPLACE FUNCTION history.is_reached(of_change bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    outside boolean;
BEGIN
    IF security.everywhere() THEN
        RETURN true;
    END IF;
    FOR t IN SELECT relname AS name FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'ward_id'
              WHERE relnamespace = 'history'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM registry.%1$I WHERE changed_by = $1 AND ward_id <> ALL ($2)) '
                       '    OR EXISTS (SELECT FROM history.%1$I WHERE $1 IN (changed_by, ended_by) AND ward_id <> ALL ($2))', t.name)
           INTO outside USING of_change, security.wards();
        IF outside THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

-- The first thing that stands on a change, as '<table> <id>', or NULL: a row that was changed again, or one that refers
-- to a row the change has made.
CREATE OR REPLACE FUNCTION history.stands_on(of_change bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    t record;
    reference record;
    found bigint;
    made bigint[];
BEGIN
    FOR t IN SELECT * FROM history.tables() WHERE history.is_touched(of_change, name) LOOP
        made := history.made_by(of_change, t.name);
        EXECUTE format('WITH touched AS (SELECT unnest($2) AS id UNION '
                       '                 SELECT id FROM history.%1$I WHERE ended_by = $1 OR changed_by = $1) '
                       'SELECT id FROM (SELECT id, changed_by AS later FROM registry.%1$I JOIN touched USING (id) UNION ALL '
                       '                SELECT id, changed_by FROM history.%1$I JOIN touched USING (id) UNION ALL '
                       '                SELECT id, ended_by FROM history.%1$I JOIN touched USING (id)) states '
                       ' WHERE later > $1 AND NOT history.is_neutral(later, $1) LIMIT 1', t.name)
           INTO found USING of_change, made;
        IF found IS NOT NULL THEN
            RETURN t.name || ' ' || found;
        END IF;
        CONTINUE WHEN made = '{}';
        FOR reference IN
            SELECT conrelid::regclass AS by_table, attname,
                   (SELECT a.attname FROM pg_index JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = indkey[0]
                     WHERE indrelid = conrelid AND indisprimary) AS key,
                   (SELECT a.attname FROM pg_attribute a WHERE attrelid = conrelid AND NOT attisdropped
                       AND a.attname IN ('changed_by', 'change_id') ORDER BY a.attname DESC LIMIT 1) AS made_by
              FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
             WHERE contype = 'f' AND confrelid = t.keys
               AND confkey[1] = (SELECT attnum FROM pg_attribute WHERE attrelid = t.keys AND attname = 'id') LOOP
            EXECUTE format('SELECT %I FROM %s WHERE %I = ANY ($1) %s LIMIT 1', reference.key, reference.by_table, reference.attname,
                           CASE WHEN reference.made_by IS NOT NULL
                                THEN format('AND %1$I <> $2 AND NOT history.is_neutral(%1$I, $2)', reference.made_by) ELSE '' END)
               INTO found USING made, of_change;
            IF found IS NOT NULL THEN
                RETURN reference.by_table || ' ' || found;
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;

-- Take back what a change did. The caller has begun the change that undoes it and made sure that nothing stands on it.
CREATE OR REPLACE FUNCTION history.take_back(of_change bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    t record;
    made jsonb := '{}';
    deleted bigint[];
    columns text;
BEGIN
    FOR t IN SELECT * FROM history.tables() WHERE history.is_touched(of_change, name) LOOP
        made := made || jsonb_build_object(t.name, to_jsonb(history.made_by(of_change, t.name)));
    END LOOP;
    -- What it made goes, the rows that refer to others first …
    FOR t IN SELECT * FROM (SELECT *, row_number() OVER () AS position FROM history.tables()) o
              WHERE made ? name ORDER BY position DESC LOOP
        IF t.listed THEN
            EXECUTE format('DELETE FROM registry.%I WHERE id IN (SELECT jsonb_array_elements_text($1)::bigint)', t.name)
              USING made -> t.name;
        ELSIF t.retires THEN
            -- A right of the past that was taken back leaves again when that it came back is undone.
            EXECUTE format('SELECT array_agg(id) FROM registry.%1$I WHERE id IN (SELECT jsonb_array_elements_text($1)::bigint) '
                           'AND id IN (SELECT id FROM history.%1$I '
                           '            WHERE ended_by = (SELECT undoes FROM registry.change WHERE id = $2))', t.name)
               INTO deleted USING made -> t.name, of_change;
            IF deleted IS NOT NULL THEN
                EXECUTE format('DELETE FROM registry.%I WHERE id = ANY ($1)', t.name) USING deleted;
            END IF;
            EXECUTE format('UPDATE registry.%I SET retired_by = registry.current_change() '
                           'WHERE id IN (SELECT jsonb_array_elements_text($1)::bigint) AND retired_by IS NULL', t.name)
              USING made -> t.name;
        END IF;
    END LOOP;
    -- … and what it changed or deleted comes back, the rows that are referred to first.
    FOR t IN SELECT * FROM history.tables() WHERE history.is_touched(of_change, name) LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
         WHERE attrelid = t.keys AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
           AND attname NOT IN ('id', 'version', 'updated_at', 'changed_by');
        EXECUTE format('UPDATE registry.%1$I t SET (%2$s) = (SELECT %2$s FROM history.%1$I h WHERE h.id = t.id AND h.ended_by = $1) '
                       'WHERE id IN (SELECT id FROM history.%1$I WHERE ended_by = $1)', t.name, columns) USING of_change;
        -- Another version than 1 calls first_version(), which goes on counting.
        EXECUTE format('INSERT INTO registry.%1$I (id, version, %2$s) OVERRIDING SYSTEM VALUE '
                       'SELECT id, version + 1, %2$s FROM history.%1$I h WHERE ended_by = $1 '
                       'AND NOT EXISTS (SELECT FROM registry.%1$I t WHERE t.id = h.id)', t.name, columns) USING of_change;
    END LOOP;
END
$$;
