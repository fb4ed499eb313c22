-- Triggers on tables and columns that came after the first ones: an old registry is as it was without them.

-- A list that was handed over stays as it is.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verification.list
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verification.list_row
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- A label that was placed stands in its parcel: outside of it, it would be read as that of another one. Where a parcel gets
-- a shape that leaves it outside, it is given up; a place that is said to be outside is refused.
CREATE OR REPLACE FUNCTION registry.check_label() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF ST_Contains(NEW.geom, ST_SetSRID(ST_Point(NEW.label_east, NEW.label_north), NEW.srid)) THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND (NEW.label_east, NEW.label_north) IS NOT DISTINCT FROM (OLD.label_east, OLD.label_north) THEN
        NEW.label_east := NULL;
        NEW.label_north := NULL;
        NEW.label_angle := NULL;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the label of parcel % lies outside of it', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'parcel_label_within',
              HINT = 'label_east, label_north: metres, in the CRS of the sheet';
END
$$;
CREATE OR REPLACE TRIGGER label_within BEFORE INSERT OR UPDATE OF geom, srid, label_east, label_north ON registry.parcel
    FOR EACH ROW WHEN (NEW.label_east IS NOT NULL AND NEW.label_north IS NOT NULL) EXECUTE FUNCTION registry.check_label();
