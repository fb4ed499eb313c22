-- Search: the accent-less names of holders, each once. Idempotent.

-- Names only ever come: one that nobody bears any more finds nobody. New ones go in in the order of the alphabet, so
-- that two transactions with the same new names wait for one another instead of in a circle.
CREATE OR REPLACE FUNCTION search.add_names() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO search.name (name)
    SELECT DISTINCT plain_name FROM new_rows
     WHERE plain_name <> '' AND NOT EXISTS (SELECT FROM search.name known WHERE known.name = new_rows.plain_name)
     ORDER BY plain_name
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER names_of_inserted AFTER INSERT ON registry.holder REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search.add_names();
CREATE OR REPLACE TRIGGER names_of_updated AFTER UPDATE ON registry.holder REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search.add_names();
