-- Reading the whole audit log.

-- name: dropped
SELECT month, last_position, hash,
       EXISTS (SELECT FROM audit.event
                WHERE at >= dropped_at AND tag = 'audit:month_dropped' AND object = to_char(month, 'YYYY-MM')
                  AND detail ->> 'hash' = encode(hash, 'hex'))
  FROM audit.dropped_month
 ORDER BY month

-- name: chain
SELECT position, event_id, month, hash, id, at, txid::text, subject, tag, ward_id, object, detail::text
  FROM audit.seal LEFT JOIN audit.event ON id = event_id
 ORDER BY position

-- Up to the floor all is sealed.
-- name: beside
SELECT id FROM audit.event
 WHERE id <= (SELECT floor FROM audit.sealer) AND NOT EXISTS (SELECT FROM audit.seal WHERE event_id = id)
 ORDER BY id

-- name: tail
SELECT events, since, floor, coalesce((SELECT max(event_id) FROM audit.seal), 0) FROM audit.sealer, audit.unsealed()
