-- The audit log can only grow.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- Staff, whose role reads layers and nothing else, can note that it read one, and nothing else.
CREATE OR REPLACE FUNCTION audit.note_staff_reading(by_subject text, of_object text, features int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO audit.event (subject, tag, object, detail)
    VALUES (by_subject, 'staff_layer:read', of_object, jsonb_build_object('features', features))
$$;
