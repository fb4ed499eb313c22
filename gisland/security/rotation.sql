-- Change of the key of the national ids: everything that was made with the old key is made anew. No row gets another
-- version by it, for nothing that it says has changed.

-- name: lock
SELECT pg_advisory_lock(hashtext('gisland id key'))

-- name: in_use
SELECT name, sample FROM security.id_key_in_use()

-- name: disable_triggers
ALTER TABLE registry.holder DISABLE TRIGGER USER;
ALTER TABLE verification.evidence DISABLE TRIGGER USER;
ALTER TABLE verification.list_row DISABLE TRIGGER USER

-- name: enable_triggers
ALTER TABLE registry.holder ENABLE TRIGGER USER;
ALTER TABLE verification.evidence ENABLE TRIGGER USER;
ALTER TABLE verification.list_row ENABLE TRIGGER USER

-- name: stage
CREATE TEMP TABLE resealed (old_cipher bytea, old_hash bytea, new_cipher bytea, new_hash bytea) ON COMMIT DROP;
CREATE TEMP TABLE rehashed (old_hash bytea, new_hash bytea) ON COMMIT DROP

-- A cipher is that of one sealing: rows of history, and of lists for the police, share it with the row they were.
-- name: sealed
SELECT id_cipher, id_hash, min(id)
  FROM (SELECT id, id_cipher, id_hash FROM registry.holder WHERE id_cipher IS NOT NULL
         UNION ALL
        SELECT id, id_cipher, id_hash FROM history.holder WHERE id_cipher IS NOT NULL
         UNION ALL
        SELECT holder_id, id_cipher, id_hash FROM verification.list_row) sealed
 GROUP BY id_cipher, id_hash

-- name: copy_sealed
COPY resealed FROM STDIN (FORMAT binary)

-- name: source_rows
SELECT DISTINCT content_hash FROM intake.source_row

-- name: copy_source_rows
COPY rehashed FROM STDIN (FORMAT binary)

-- name: analyze
ANALYZE resealed, rehashed

-- name: holders
UPDATE registry.holder SET id_cipher = new_cipher, id_hash = new_hash
  FROM resealed WHERE id_cipher = old_cipher AND id_hash = old_hash

-- name: history
UPDATE history.holder SET id_cipher = new_cipher, id_hash = new_hash
  FROM resealed WHERE id_cipher = old_cipher AND id_hash = old_hash

-- name: list_row
UPDATE verification.list_row SET id_cipher = new_cipher, id_hash = new_hash
  FROM resealed WHERE id_cipher = old_cipher AND id_hash = old_hash

-- name: evidence
UPDATE verification.evidence SET id_hash = new_hash
  FROM (SELECT DISTINCT ON (old_hash) old_hash, new_hash FROM resealed) resealed WHERE id_hash = old_hash

-- name: source_row
UPDATE intake.source_row SET content_hash = new_hash FROM rehashed WHERE content_hash = old_hash

-- Evidence on an id that no row bears or bore counts for nobody; its id is known to nobody, so it stays.
-- name: strays
SELECT count(*) FROM verification.evidence WHERE NOT EXISTS (SELECT FROM resealed WHERE new_hash = id_hash)

-- name: set_key_name
INSERT INTO security.id_key (name) VALUES (%s) ON CONFLICT (singleton) DO UPDATE SET name = excluded.name, since = now()

-- Half of each table is rows of before.
-- name: vacuum
VACUUM (ANALYZE) registry.holder, history.holder, verification.evidence, verification.list_row, intake.source_row
