-- Which key the national ids are sealed with, and what changes of accounts bring about. Idempotent.

-- Keeps the key as it is until the end of the transaction. It does not wait while the key is being changed: that takes
-- minutes. As long as the key was never changed it has no name; what was sealed with it is given instead.
CREATE OR REPLACE FUNCTION security.id_key_in_use(OUT free boolean, OUT name text, OUT sample bytea)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    free := pg_try_advisory_xact_lock_shared(hashtext('gisland id key'));
    -- In a statement of its own: it sees what was committed until the lock was given.
    name := (SELECT id_key.name FROM security.id_key);
    IF name IS NULL THEN
        sample := (SELECT id_cipher FROM registry.holder WHERE id_cipher IS NOT NULL LIMIT 1);
    END IF;
END
$$;

-- Whatever may take rights away is known to all workers a moment later: see `gisland.security.remembered`.
CREATE OR REPLACE FUNCTION security.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE security.epoch SET number = number + 1;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_change AFTER UPDATE OF secret_hash, one_time, disabled ON security.account
    FOR EACH ROW EXECUTE FUNCTION security.note_change();
CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON security.grant
    FOR EACH ROW EXECUTE FUNCTION security.note_change();
CREATE OR REPLACE TRIGGER note_change AFTER UPDATE OF revoked_at OR DELETE ON security.token
    FOR EACH ROW EXECUTE FUNCTION security.note_change();
CREATE OR REPLACE TRIGGER note_change AFTER DELETE ON security.session
    FOR EACH ROW EXECUTE FUNCTION security.note_change();

-- Somebody must be left who can give rights back.
CREATE OR REPLACE FUNCTION security.keep_an_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Waits for whoever takes another administrator's right away at the same time; what they did is seen by the next
    -- statement.
    UPDATE security.epoch SET number = number + 1;
    IF NOT EXISTS (SELECT FROM security.grant JOIN security.account ON account.id = account_id
                    WHERE role = 'admin' AND NOT disabled) THEN
        RAISE EXCEPTION 'no administrator would be left' USING ERRCODE = 'check_violation', CONSTRAINT = 'keep_an_admin';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER keep_an_admin AFTER UPDATE OF disabled ON security.account
    FOR EACH ROW WHEN (NEW.disabled AND NOT OLD.disabled) EXECUTE FUNCTION security.keep_an_admin();
CREATE OR REPLACE TRIGGER keep_an_admin AFTER UPDATE OR DELETE ON security.grant
    FOR EACH ROW WHEN (OLD.role = 'admin') EXECUTE FUNCTION security.keep_an_admin();
