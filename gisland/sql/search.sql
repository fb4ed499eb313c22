-- Search: the different accent-less names of holders. Idempotent.

-- Names only ever come: one that nobody bears any more finds nobody. Two transactions that bring the same new name do not
-- wait for one another: then it is there twice, and is found as if it were once.
CREATE OR REPLACE FUNCTION search.add_names() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO search.name (name)
    SELECT DISTINCT plain_name FROM new_rows
     WHERE plain_name <> '' AND NOT EXISTS (SELECT FROM search.name known WHERE known.name = new_rows.plain_name);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER names_of_inserted AFTER INSERT ON registry.holder REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search.add_names();
CREATE OR REPLACE TRIGGER names_of_updated AFTER UPDATE ON registry.holder REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search.add_names();
