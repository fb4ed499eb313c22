-- Database roles (design §8) and extensions. Idempotent; run by an administrator before the migrations.
-- owner      owns everything, cannot log in            migrator  changes the schema
-- app        writes the registry                        staff     reads published and published_staff
-- public     reads published and nothing else           publisher owns the views behind public layers
-- backup     reads everything, for dumps
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['owner', 'publisher'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gisland_' || wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', 'gisland_' || wanted);
        END IF;
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['migrator', 'app', 'staff', 'public', 'backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gisland_' || wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', 'gisland_' || wanted);
        END IF;
    END LOOP;
    -- NOINHERIT would be dropped by SET ROLE anyway: the migrator acts as owner from its first statement on.
    GRANT gisland_owner, gisland_publisher TO gisland_migrator;
    -- The owner hands the views of public layers over to the publisher.
    GRANT gisland_publisher TO gisland_owner;
    GRANT pg_read_all_data TO gisland_backup;
    -- A server's administrator who is no superuser must be able to act as each of them.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
        EXECUTE format('GRANT gisland_owner, gisland_migrator, gisland_publisher, gisland_app, gisland_staff, '
                       'gisland_public, gisland_backup TO %I', session_user);
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO gisland_app', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO gisland_staff, gisland_public, gisland_backup', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO gisland_migrator, gisland_owner', current_database());
END
$$;
CREATE EXTENSION IF NOT EXISTS postgis;
-- Row-level security lets no operator near a row before its policy, but those that are known to tell nothing of their
-- operands: an error, a notice, a time. Without this the index of a bounding box would be of no use to staff.
-- Audited: && compares the boxes of two geometries, and two boxes, and refuses none. Only a superuser can say so.
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
        EXECUTE format('ALTER FUNCTION %s LEAKPROOF', (SELECT oprcode::oid::regprocedure FROM pg_operator
            WHERE oprname = '&&' AND oprleft = oprright AND oprleft = (SELECT typ.oid FROM pg_type typ
                JOIN pg_depend ON objid = typ.oid AND deptype = 'e' JOIN pg_extension ext ON ext.oid = refobjid
                WHERE typname = 'geometry' AND extname = 'postgis')));
        ALTER FUNCTION pg_catalog.box_overlap(box, box) LEAKPROOF;
    END IF;
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO gisland_owner;
-- A migration adds the VN-2000 zones that PostGIS 3.3 lacks.
GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON public.spatial_ref_sys TO gisland_owner;
