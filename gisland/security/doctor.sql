-- What the doctor asks the database. Each gives the names of what is wrong, and nothing where all is well.

-- Our schemas hold no table that all see, but those that tell of nobody.
-- name: open_tables
SELECT c.oid::regclass::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'p') AND nspname IN ('registry', 'history', 'verification', 'intake', 'printing', 'published_staff')
   AND NOT (relrowsecurity AND relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'in_scope'))
 ORDER BY 1

-- name: mighty_roles
SELECT rolname FROM pg_roles
 WHERE rolname LIKE 'gisland\_%' AND rolname <> 'gisland_superuser' AND (rolsuper OR rolbypassrls OR rolcreaterole)
 ORDER BY 1

-- name: missing_roles
SELECT role FROM unnest(%(roles)s::text[]) role WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) ORDER BY 1

-- name: public_reaches
SELECT c.oid::regclass::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'v', 'm', 'p') AND nspname NOT IN ('published', 'public', 'pg_catalog', 'information_schema')
   AND nspname NOT LIKE 'pg\_%%' AND has_schema_privilege('gisland_public', n.oid, 'USAGE')
   AND has_any_column_privilege('gisland_public', c.oid, 'SELECT, INSERT, UPDATE')
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

-- name: newest_dump
SELECT extract(epoch FROM now() - max(at)) / 86400 FROM audit.event WHERE tag = 'database:dumped'

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
