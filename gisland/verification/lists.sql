-- Lists of persons given to the police. Who made one, when and why is said by its change; its rows are numbered from 1 on.

-- name: lists
SELECT list.id, list.ward_id, unit.code AS ward_code, of_group.code AS group_code, list.number, change.reason AS note,
       change.by AS sent_by, change.at AS sent_at,
       (SELECT max(row_no) FROM verification.list_row WHERE list_id = list.id) AS rows
  FROM verification.list
  JOIN registry.change ON change.id = list.change_id
  JOIN registry.unit ON unit.id = list.ward_id
  LEFT JOIN registry.residential_group of_group ON of_group.id = list.residential_group_id
 WHERE list.id < %(before)s AND (%(ward)s::int IS NULL OR list.ward_id = %(ward)s)
   AND (%(id)s::bigint IS NULL OR list.id = %(id)s)
 ORDER BY list.id DESC LIMIT %(limit)s

-- The answer to a row is the newest evidence on the same id of the same holder that came after it was sent.
-- name: rows
SELECT row_no, holder_id, sheet_no, parcel_no, area_m2::float8 AS area_m2, serial, full_name, birth_year, address, id_kind,
       id_masked, id_cipher, answer.result, answer.note, answer.at AS answered_at
  FROM verification.list_row
  LEFT JOIN LATERAL (
        SELECT result, raw_note AS note, at FROM verification.evidence
         WHERE evidence.holder_id = list_row.holder_id AND evidence.id_hash = list_row.id_hash
           AND evidence.id > list_row.evidence_id AND result <> 'sent'
         ORDER BY evidence.id DESC LIMIT 1
       ) answer ON true
 WHERE list_id = %(list)s AND row_no > %(after)s ORDER BY row_no LIMIT %(limit)s

-- name: answers
SELECT answer.result, count(*)
  FROM verification.list_row
 CROSS JOIN LATERAL (
        SELECT result FROM verification.evidence
         WHERE evidence.holder_id = list_row.holder_id AND evidence.id_hash = list_row.id_hash
           AND evidence.id > list_row.evidence_id AND result <> 'sent'
         ORDER BY evidence.id DESC LIMIT 1
       ) answer
 WHERE list_id = %(list)s GROUP BY answer.result ORDER BY answer.result
