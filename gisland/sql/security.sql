-- Which key the national ids are sealed with. Idempotent.

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
