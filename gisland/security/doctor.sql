-- What the doctor asks the database. Each gives the names of what is wrong, and nothing where all is well.

-- Our schemas hold no table that all see, and the roles that read are given neither one elsewhere nor a view that reads as
-- its owner, who sees all rows; but those that are named, because they are asked before anybody knows who asks (accounts),
-- tell of nobody (queue, layers, PostGIS's own), are asked for by ward (the log) or lead to nobody by themselves
-- (search.name: names without their bearers, who are found in registry.holder, under its policy).
-- name: open_tables
SELECT c.oid::regclass::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('published', 'pg_catalog', 'information_schema')
   AND (relkind IN ('r', 'p') AND nspname IN ('registry', 'history', 'verification', 'intake', 'printing', 'published_staff')
        OR EXISTS (SELECT FROM pg_roles WHERE rolname IN ('gisland_app', 'gisland_staff', 'gisland_public')
                      AND has_any_column_privilege(rolname, c.oid, 'SELECT, INSERT, UPDATE')))
   AND NOT CASE WHEN relkind IN ('r', 'p')
                THEN relrowsecurity AND relforcerowsecurity
                     AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'in_scope')
                ELSE EXISTS (SELECT FROM pg_options_to_table(reloptions)
                              WHERE option_name = 'security_invoker' AND option_value::boolean) END
   AND (nspname, relname) NOT IN (
           SELECT of_schema, of_table FROM (VALUES
               ('audit', 'alert delivery dropped_month event seal sealer tally watch'),
               ('jobs', 'procrastinate_events procrastinate_jobs procrastinate_periodic_defers procrastinate_workers'),
               ('public', 'geography_columns geometry_columns layer_styles spatial_ref_sys'),
               ('publish', 'data_version layer status'),
               ('search', 'name'),
               ('security', 'account attempt epoch grant id_key session token')) known (of_schema, tables),
               string_to_table(tables, ' ') of_table)
 ORDER BY 1

-- Who reads a table with a policy of their own is shown what it says. There is one for the role that reads the table, which
-- asks for the wards of the transaction, and one for those who need all rows. Units, groups and sheets are no secret.
-- name: open_policies
SELECT format('%s (%s)', c.oid::regclass, polname)
  FROM pg_policy JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
 CROSS JOIN LATERAL (SELECT ARRAY(SELECT rolname FROM pg_roles WHERE oid = ANY (polroles)) AS readers) of_roles
 WHERE nspname IN ('registry', 'history', 'verification', 'intake', 'printing', 'published_staff') AND polpermissive
   AND polcmd IN ('*', 'r')
   AND NOT CASE polname WHEN 'all_rows' THEN readers <@ '{gisland_owner,gisland_publisher,gisland_backup}'::name[]
                                             AND NOT 0 = ANY (polroles)
                        WHEN 'in_scope' THEN pg_get_expr(polqual, polrelid) LIKE '%security.%'
                             AND (relname IN ('unit', 'unit_successor', 'residential_group', 'map_sheet')
                                  OR pg_get_expr(polqual, polrelid) NOT LIKE '%OR true%')
                        ELSE false END
 ORDER BY 1

-- What a role may touch is said in gisland/sql/grants.sql: staff the layers and their versions; the publisher tables and
-- columns that tell of nobody; and nobody may change what only grows.
-- name: others_reach
SELECT format('%s: %s', reached.role, string_agg(reached.what, ', ' ORDER BY reached.what))
  FROM (SELECT rolname AS role, c.oid::regclass::text AS what
          FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_roles ON rolname = 'gisland_staff'
         WHERE relkind IN ('r', 'v', 'm', 'p') AND nspname NOT IN ('published', 'published_staff', 'public', 'pg_catalog', 'information_schema')
           AND nspname NOT LIKE 'pg\_%' AND has_schema_privilege(rolname, n.oid, 'USAGE')
           AND has_any_column_privilege(rolname, c.oid, 'SELECT, INSERT, UPDATE')
         UNION ALL
        SELECT rolname, format('%s.%s', c.oid::regclass, attname)
          FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
          JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
          JOIN pg_roles ON rolname = 'gisland_publisher'
         WHERE relkind IN ('r', 'v', 'm', 'p')
           AND nspname IN ('registry', 'history', 'search', 'verification', 'intake', 'printing', 'published_staff', 'security', 'audit')
           AND has_column_privilege(rolname, c.oid, attnum, 'SELECT')
           AND (c.oid::regclass::text, attname) NOT IN (
                   SELECT of_table, of_column FROM (VALUES
                       ('registry.parcel', 'id ward_id map_sheet_id residential_group_id parcel_no parcel_code srid geom geom_4326 area_m2'
                                           ' legal_area_m2 label_east label_north label_angle created_by retired_by valid_from valid_to version'
                                           ' updated_at'),
                       ('registry.change', 'id valid_on undoes'),
                       ('registry.parcel_lineage', 'ancestor_id descendant_id'),
                       ('registry.holding', 'id ward_id parcel_id holder_id certificate_id role retired_by updated_at'),
                       ('registry.certificate', 'id ward_id issue_date kind')) given (of_table, columns),
                       string_to_table(columns, ' ') of_column)
           AND c.oid::regclass::text NOT IN ('registry.unit', 'registry.residential_group', 'registry.map_sheet', 'registry.land_use',
                                             'registry.certificate_parcel', 'verification.holder_status')
         UNION ALL
        SELECT rolname, format('%s (%s)', c.oid::regclass, privilege)
          FROM (SELECT rolname FROM pg_roles
                 WHERE rolname IN ('gisland_app', 'gisland_staff', 'gisland_public', 'gisland_publisher', 'gisland_backup')) roles,
               unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) privilege,
               unnest('{audit.event,audit.seal,audit.dropped_month,registry.change,verification.evidence,verification.list,verification.list_row}'::regclass[]) c (oid)
         WHERE has_table_privilege(rolname, c.oid, privilege)
        ) reached
 GROUP BY reached.role ORDER BY 1

-- name: mighty_roles
SELECT rolname FROM pg_roles
 WHERE rolname LIKE 'gisland\_%' AND rolname <> 'gisland_superuser' AND (rolsuper OR rolbypassrls OR rolcreaterole)
 ORDER BY 1

-- name: missing_roles
SELECT role FROM unnest(%(roles)s::text[]) role WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) ORDER BY 1

-- name: public_reaches
SELECT c.oid::regclass::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_roles ON rolname = 'gisland_public'
 WHERE relkind IN ('r', 'v', 'm', 'p') AND nspname NOT IN ('published', 'public', 'pg_catalog', 'information_schema')
   AND nspname NOT LIKE 'pg\_%%' AND has_schema_privilege(rolname, n.oid, 'USAGE')
   AND has_any_column_privilege(rolname, c.oid, 'SELECT, INSERT, UPDATE')
 ORDER BY 1

-- The index of a bounding box is of use under row-level security only when its operator is known to tell nothing.
-- name: leaking_operators
SELECT oprcode::text FROM pg_operator
  JOIN pg_type ON pg_type.oid = oprleft AND oprright = oprleft AND typname IN ('geometry', 'box')
  JOIN pg_proc ON pg_proc.oid = oprcode
 WHERE oprname = '&&' AND NOT proleakproof

-- name: versions
SELECT current_setting('server_version_num')::int, current_setting('server_version'), postgis_lib_version()

-- name: administrators
SELECT count(*) FROM security.account JOIN security.grant ON account_id = account.id WHERE role = 'admin' AND NOT disabled

-- One that has ended lets nobody in any more, but is still somebody's who never came.
-- name: open_secrets
SELECT name FROM security.account
 WHERE one_time AND NOT disabled AND secret_set_at < now() - make_interval(days => %(days)s) ORDER BY 1

-- name: newest_dump
SELECT extract(epoch FROM now() - max(at)) / 86400 FROM audit.event WHERE tag = 'database:dumped'

-- name: registry_filled
SELECT EXISTS (SELECT FROM registry.parcel) OR EXISTS (SELECT FROM registry.holder)

-- Seconds since the oldest event that is not sealed yet.
-- name: unsealed
SELECT extract(epoch FROM now() - since) FROM audit.unsealed()

-- Seconds since what was sealed first of what no rule has looked at; alerts that wait to go out for a quarter of an hour;
-- grave ones that nobody has looked at for a day.
-- name: alerts
SELECT coalesce((SELECT extract(epoch FROM now() - at) FROM audit.seal JOIN audit.event ON id = event_id
                  WHERE position > watch.position ORDER BY position LIMIT 1), 0),
       (SELECT count(DISTINCT alert_id) FROM audit.delivery JOIN audit.alert ON alert.id = alert_id
         WHERE delivered_at IS NULL AND told_at < now() - interval '15 minutes' AND acknowledged_at IS NULL),
       (SELECT count(*) FROM audit.alert
         WHERE acknowledged_at IS NULL AND severity <> 'low' AND raised_at < now() - interval '1 day')
  FROM audit.watch

-- name: zone
SELECT ST_X(place), ST_Y(place) FROM registry.to_wgs84(ST_SetSRID(ST_Point(%(x)s, %(y)s), %(srid)s)) place

-- name: sealed_id
SELECT id_cipher FROM registry.holder WHERE id_cipher IS NOT NULL LIMIT 1
