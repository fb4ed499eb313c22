-- Alerts as rows.

-- name: newest
SELECT id, told_at > now() - %(quiet)s::interval, acknowledged_at IS NULL
  FROM audit.alert WHERE rule = %(rule)s AND key = %(key)s ORDER BY id DESC LIMIT 1

-- name: open
SELECT count(*) FROM audit.alert WHERE rule = %(rule)s AND acknowledged_at IS NULL

-- name: again
UPDATE audit.alert
   SET last_at = greatest(last_at, %(last)s), amount = greatest(amount, %(amount)s), detail = %(detail)s
 WHERE id = %(id)s

-- Whether it was made; another session may have raised it at this moment.
-- name: raise
INSERT INTO audit.alert (rule, key, severity, first_at, last_at, amount, detail)
VALUES (%(rule)s, %(key)s, %(severity)s, %(first)s, %(last)s, %(amount)s, %(detail)s)
ON CONFLICT (rule, key) WHERE acknowledged_at IS NULL
   DO UPDATE SET last_at = greatest(alert.last_at, excluded.last_at)
RETURNING id, xmax = 0

-- name: told
UPDATE audit.alert SET told_at = now() WHERE id = %(id)s

-- name: deliver
INSERT INTO audit.delivery (alert_id, way) VALUES (%(id)s, %(way)s)

-- name: list
SELECT id, rule, key, severity, first_at, last_at, amount, detail, raised_at, acknowledged_at, acknowledged_by, note,
       coalesce((SELECT jsonb_object_agg(way, state)
                   FROM (SELECT DISTINCT ON (way) way, CASE WHEN delivered_at IS NOT NULL THEN 'delivered'
                                                            WHEN attempts >= %(attempts)s THEN 'failed' ELSE 'waiting' END AS state
                           FROM audit.delivery WHERE alert_id = alert.id ORDER BY way, delivery.id DESC) newest), '{}') AS deliveries
  FROM audit.alert
 WHERE (%(id)s::bigint IS NULL OR id = %(id)s)
   AND (%(state)s = 'all' OR (acknowledged_at IS NULL) = (%(state)s = 'open'))
 ORDER BY id DESC LIMIT %(limit)s

-- name: hold
SELECT key, rule, acknowledged_by FROM audit.alert WHERE id = %(id)s FOR UPDATE

-- name: acknowledge
UPDATE audit.alert SET acknowledged_at = now(), acknowledged_by = %(by)s, note = %(note)s WHERE id = %(id)s
