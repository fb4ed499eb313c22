-- The audit log can only grow, but for whole months that retention drops; committed rows are chained by hash. Idempotent.

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON audit.seal
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.dropped_month
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- A row goes only when its month is noted as dropped; see audit.drop_month.
CREATE OR REPLACE FUNCTION audit.refuse_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    event bigint;
BEGIN
    IF TG_TABLE_NAME = 'event' THEN
        event := OLD.id;
    ELSE
        event := OLD.event_id;
    END IF;
    IF NOT EXISTS (SELECT FROM audit.seal JOIN audit.dropped_month USING (month) WHERE event_id = event) THEN
        RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER drop_whole_months BEFORE DELETE ON audit.event
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_delete();
CREATE OR REPLACE TRIGGER drop_whole_months BEFORE DELETE ON audit.seal
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_delete();

-- A month is noted as dropped only when it is whole and nothing before it is left; what is kept of it is read, not said.
CREATE OR REPLACE FUNCTION audit.note_dropped_month() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    SELECT count(*), max(position) INTO NEW.events, NEW.last_position FROM audit.seal WHERE month = NEW.month;
    SELECT hash INTO NEW.hash FROM audit.seal WHERE position = NEW.last_position;
    IF NOT FOUND OR EXISTS (SELECT FROM audit.seal WHERE month < NEW.month)
       OR NOT EXISTS (SELECT FROM audit.seal WHERE month > NEW.month) THEN
        RAISE EXCEPTION 'only the first month of the audit log can be dropped, and only when a later one has begun'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER whole_months BEFORE INSERT ON audit.dropped_month
    FOR EACH ROW EXECUTE FUNCTION audit.note_dropped_month();

-- Takes the first month out of the log; the owner's only, and `gisland audit drop-months` asks for its anchor first.
CREATE OR REPLACE FUNCTION audit.drop_month(dropped date, by_whom text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept audit.dropped_month;
BEGIN
    INSERT INTO audit.dropped_month (month, dropped_by) VALUES (dropped, by_whom) RETURNING * INTO kept;
    DELETE FROM audit.event USING audit.seal WHERE event_id = event.id AND position <= kept.last_position;
    DELETE FROM audit.seal WHERE position <= kept.last_position;
    RETURN kept.events;
END
$$;

-- Canonical bytes and hash of a row; `gisland/audit/chain.py` says the same in Python and proves this one.
CREATE OR REPLACE FUNCTION audit.next_hash(before bytea, head bytea, said text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN sha256(coalesce(before, head) || convert_to(said, 'UTF8'));
END
$$;
CREATE OR REPLACE AGGREGATE audit.chain(head bytea, said text) (SFUNC = audit.next_hash, STYPE = bytea);

-- Chains up to `most` committed rows to the head, in the order of their ids, and gives their number; NULL while another
-- session seals. Whoever may call it can do nothing else to the chain.
--
-- Ids commit out of order: a row that commits late gets a later position. Rows above the floor are compared with their
-- seals one by one. The floor rises to an id once every transaction that could still bring one below it is over; a long
-- transaction keeps the floor down, but never holds up the sealing of others. A dump brings the floor along; a number of
-- another cluster's transactions, which may be one that is far from given here, is forgotten.
CREATE OR REPLACE FUNCTION audit.seal(most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    state audit.sealer;
    head audit.seal;
    over xid8;
    given xid8;
    sealed bigint;
    newest bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('gisland audit seal')) THEN
        RETURN NULL;
    END IF;
    -- Before the rows are read: they hold all that these transactions wrote.
    SELECT pg_snapshot_xmin(pg_current_snapshot()) INTO over;
    SELECT * INTO STRICT state FROM audit.sealer;
    SELECT * INTO head FROM audit.seal ORDER BY position DESC LIMIT 1;
    IF NOT FOUND THEN
        head := ROW (0, 0, '0001-01-01', decode(repeat('00', 32), 'hex'));
    END IF;
    INSERT INTO audit.seal (position, event_id, month, hash)
    SELECT place, id, its_month, audit.chain(head.hash, json_build_array(place, to_char(its_month, 'YYYY-MM'), id,
               to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), txid::text, subject, tag, ward_id, object,
               detail::text)::text) OVER (ORDER BY place)
      FROM (SELECT head.position + row_number() OVER (ORDER BY id) AS place,
                   greatest(head.month, (date_trunc('month', max(at) OVER (ORDER BY id) AT TIME ZONE 'Asia/Ho_Chi_Minh'))::date)
                       AS its_month, fresh.*
              FROM (SELECT * FROM audit.event
                     WHERE id > state.floor
                       AND NOT EXISTS (SELECT FROM audit.seal
                                        WHERE event_id = event.id AND event_id > state.floor)
                     ORDER BY id LIMIT most) fresh) placed;
    GET DIAGNOSTICS sealed = ROW_COUNT;
    IF sealed < most THEN
        -- After the rows were read: no transaction beyond this had written any of them.
        SELECT pg_snapshot_xmax(pg_current_snapshot()), (SELECT max(event_id) FROM audit.seal) INTO given, newest;
        IF state.next_floor_after <= over THEN
            state.floor := state.next_floor;
            state.next_floor_after := NULL;
        END IF;
        IF newest > state.floor AND (state.next_floor_after IS NULL OR state.next_floor_after > given) THEN
            state.next_floor := newest;
            state.next_floor_after := given;
        END IF;
        UPDATE audit.sealer SET floor = state.floor, next_floor = state.next_floor, next_floor_after = state.next_floor_after
         WHERE (floor, next_floor, next_floor_after) IS DISTINCT FROM (state.floor, state.next_floor, state.next_floor_after);
    END IF;
    RETURN sealed;
END
$$;

-- The events that are not sealed yet: how many, and since when the oldest of them waits. Up to the floor all is sealed.
CREATE OR REPLACE FUNCTION audit.unsealed(OUT events bigint, OUT since timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT count(*), min(at) FROM audit.event
     WHERE id > (SELECT floor FROM audit.sealer) AND NOT EXISTS (SELECT FROM audit.seal WHERE event_id = event.id)
$$;

-- Whose data an event is of is its ward_id; several wards are `ward_ids` in its detail, "all" when the whole service was
-- reached and nobody counted which of it. `gisland/audit/log.py` writes them so, too.
CREATE OR REPLACE FUNCTION audit.wards_of(of_ward int, detail jsonb) RETURNS SETOF int
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT of_ward WHERE of_ward IS NOT NULL
     UNION
    SELECT value::text::int FROM jsonb_array_elements(
           CASE WHEN jsonb_typeof(detail -> 'ward_ids') = 'array' THEN detail -> 'ward_ids' ELSE '[]' END) named
     WHERE jsonb_typeof(value) = 'number'
$$;

-- Staff, whose role reads layers and nothing else, can note that it read one, and nothing else. The wards are those that
-- its transaction reaches.
CREATE OR REPLACE FUNCTION audit.note_staff_reading(by_subject text, of_object text, features int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wards int[] := security.wards_of_scope(security.wards(), security.groups());
    said jsonb := jsonb_build_object('features', features);
BEGIN
    IF security.everywhere() THEN
        said := said || '{"ward_ids": "all"}';
    ELSIF cardinality(wards) > 1 THEN
        said := said || jsonb_build_object('ward_ids', wards);
    END IF;
    INSERT INTO audit.event (subject, tag, ward_id, object, detail)
    VALUES (by_subject, 'staff_layer:read', CASE WHEN cardinality(wards) = 1 THEN wards[1] END, of_object, said);
END
$$;

-- Somebody asked for what is not there for them. Where it is there for others, the event says in which ward it lies, and
-- names it; what is not there at all may be anything that somebody typed, also a national id.
DROP FUNCTION IF EXISTS audit.note_unseen(text, text, text, int, text, bigint);
CREATE OR REPLACE FUNCTION audit.note_unseen(
    by_subject text, of_path text, by_permission text, of_status int, of_kind text, record_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    its_ward int;
BEGIN
    CASE
    WHEN of_kind = ANY ('{asset,certificate,change,document,holder,holding,parcel,restriction}') THEN
        EXECUTE format('SELECT ward_id FROM registry.%I WHERE id = $1::bigint', of_kind) INTO its_ward USING record_id;
    WHEN of_kind = 'list' THEN
        its_ward := (SELECT ward_id FROM verification.list WHERE id = record_id::bigint);
    WHEN of_kind = 'sheet' THEN
        its_ward := (SELECT ward_id FROM registry.map_sheet WHERE id = record_id::bigint);
    WHEN of_kind = 'group' THEN
        its_ward := (SELECT ward_id FROM registry.residential_group WHERE id = record_id::bigint);
    WHEN of_kind = 'unit' THEN
        its_ward := (SELECT id FROM registry.unit WHERE id = record_id::bigint AND level = 'ward');
    WHEN of_kind = 'print' THEN
        its_ward := (SELECT ward_id FROM printing.job WHERE id = record_id::uuid);
    ELSE
        NULL;
    END CASE;
    INSERT INTO audit.event (subject, tag, ward_id, object, detail)
    VALUES (by_subject, 'request:refused', its_ward, of_path,
            jsonb_build_object('permission', by_permission, 'status', of_status) || CASE
                WHEN its_ward IS NULL THEN '{}'
                -- Those of prints are no numbers; the path has them.
                WHEN of_kind = 'print' THEN jsonb_build_object('kind', of_kind)
                ELSE jsonb_build_object('kind', of_kind, 'ids', ARRAY[record_id::bigint]) END);
END
$$;

-- How many records an event tells of, for the rules of alerts; one, where it does not say.
CREATE OR REPLACE FUNCTION audit.records_of(detail jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT greatest(1, least(1e12, (SELECT coalesce(sum(value::text::numeric), 1) FROM jsonb_each(
               CASE WHEN jsonb_typeof(detail -> 'found') = 'object' THEN detail -> 'found' ELSE detail END) told
             WHERE jsonb_typeof(value) = 'number'
               AND (detail ? 'found' OR key IN ('count', 'features', 'records', 'rows', 'pages')))))::bigint
$$;
