-- Proving the chain a piece at a time.

-- name: seal
SELECT hash FROM audit.seal WHERE position = %s

-- name: sealed
SELECT EXISTS (SELECT FROM audit.seal)

-- name: dropped
SELECT last_position, hash FROM audit.dropped_month ORDER BY last_position DESC LIMIT 1

-- Up to the floor all is sealed: it never is beyond the last seal.
-- name: cut
SELECT floor > coalesce((SELECT event_id FROM audit.seal ORDER BY position DESC LIMIT 1), 0)
       AND floor > coalesce((SELECT max(event_id) FROM audit.seal), 0) FROM audit.sealer

-- name: piece
SELECT position, event_id, month, hash, id, at, txid::text, subject, tag, ward_id, object, detail::text
  FROM audit.seal LEFT JOIN audit.event ON id = event_id
 WHERE position > %s
 ORDER BY position LIMIT %s

-- Between the events of this piece and those before, as far as all is sealed.
-- name: beside
SELECT id FROM audit.event
 WHERE id > %s AND id <= least(%s, (SELECT floor FROM audit.sealer))
   AND NOT EXISTS (SELECT FROM audit.seal WHERE event_id = event.id)
 ORDER BY id

-- name: proven
UPDATE audit.watch SET proven_at = now(), proven = %s
