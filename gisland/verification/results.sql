-- Results of matching with the population database, as evidence on the holders who bear these ids.

-- A result is about the holder of this id and this name. Where nobody bears the id under this name (a name typed
-- otherwise), it is about the one who bears the id; where two do, nobody can say whom it is about.
-- name: judge
CREATE TEMP TABLE judged_result ON COMMIT DROP AS
SELECT row_no, place, content_hash, result, raw_result, raw_note, source, staged.id_hash,
       accepted.content_hash IS NOT NULL AS seen,
       CASE WHEN named.ids IS NOT NULL THEN named.ids WHEN cardinality(borne.ids) = 1 THEN borne.ids ELSE '{}' END AS holder_ids,
       coalesce(cardinality(borne.ids), 0) AS found,
       named.ids IS NULL AS other_name
  FROM staged_result staged
  LEFT JOIN LATERAL (
        SELECT array_agg(id ORDER BY id) AS ids FROM registry.holder
         WHERE ward_id = %(ward)s AND id_hash = staged.id_hash) borne ON true
  LEFT JOIN LATERAL (
        SELECT array_agg(id ORDER BY id) AS ids FROM registry.holder
         WHERE ward_id = %(ward)s AND id_hash = staged.id_hash AND name_key = staged.name_key) named ON true
  LEFT JOIN (SELECT content_hash FROM intake.source_row WHERE ward_id = %(ward)s AND kind = 'results') accepted
      USING (content_hash)

-- name: outcomes
SELECT place, seen, found, cardinality(holder_ids) AS matched, other_name FROM judged_result ORDER BY row_no

-- The newest evidence counts: of several rows on one holder an answer comes after 'sent', a worse one after a better one.
-- name: add_evidence
INSERT INTO verification.evidence (holder_id, id_hash, source, batch_id, result, raw_result, raw_note, accepted_by)
SELECT holder_id, id_hash, source, %(batch)s, result, raw_result, raw_note, %(by)s
  FROM (SELECT DISTINCT ON (holder_id, result, raw_result, raw_note, source)
               holder_id, id_hash, source, result, raw_result, raw_note, row_no
          FROM judged_result, unnest(holder_ids) AS holder_id
         WHERE NOT seen ORDER BY holder_id, result, raw_result, raw_note, source, row_no) evidence
 ORDER BY holder_id,
          array_position(ARRAY['sent', 'verified', 'deceased', 'duplicate', 'mismatch', 'not_found'], result), row_no

-- A row whose holder is not there is not closed: the same file again finds the holder once a form has brought him.
-- name: accept_rows
INSERT INTO intake.source_row (ward_id, kind, content_hash, batch_id, row_no)
SELECT %(ward)s, 'results', content_hash, %(batch)s, row_no
  FROM judged_result WHERE NOT seen AND holder_ids <> '{}' ORDER BY content_hash
