-- All states, now and before, of what has to do with a parcel. No id, hash or search key of a person.

-- What stands or stood on the parcel, with its parts (flats of a building); what is or was certified of either; who has or
-- had a right on any of it; and the documents about it.
-- name: states
WITH RECURSIVE asset_ids AS (
    SELECT id FROM (SELECT asset_id AS id FROM registry.asset_parcel WHERE parcel_id = %(parcel)s
                     UNION SELECT asset_id FROM history.asset_parcel WHERE parcel_id = %(parcel)s) standing
     UNION
    SELECT asset.id FROM asset_ids JOIN registry.asset ON parent_id = asset_ids.id
), certificate_ids AS (
    SELECT certificate_id AS id FROM registry.certificate_parcel WHERE parcel_id = %(parcel)s
     UNION SELECT certificate_id FROM history.certificate_parcel WHERE parcel_id = %(parcel)s
     UNION SELECT certificate_id FROM registry.certificate_asset WHERE asset_id = {assets}
     UNION SELECT certificate_id FROM history.certificate_asset WHERE asset_id = {assets}
), holder_ids AS (
    SELECT holder_id AS id FROM registry.holding WHERE {held}
     UNION SELECT holder_id FROM history.holding WHERE {held}
), document_ids AS (
    SELECT document_id AS id FROM registry.document_link WHERE {about}
     UNION SELECT document_id FROM history.document_link WHERE {about}
), states AS (
    SELECT 'parcel' AS record, id, version, changed_by, NULL::bigint AS ended_by,
           to_jsonb(t) - '{{geom,geom_4326}}'::text[] || jsonb_build_object('boundary', md5(ST_AsBinary(geom))) AS fields
      FROM registry.parcel t WHERE id = %(parcel)s
     UNION ALL
    SELECT 'parcel', id, version, changed_by, ended_by,
           to_jsonb(t) - '{{geom,geom_4326}}'::text[] || jsonb_build_object('boundary', md5(ST_AsBinary(geom)))
      FROM history.parcel t WHERE id = %(parcel)s
     UNION ALL
    {further}
     UNION ALL
    SELECT 'evidence', evidence.id, 1, change_id, NULL,
           jsonb_build_object('holder_id', holder_id, 'result', result, 'source', source, 'note', raw_note)
      FROM verification.evidence WHERE holder_id IN (SELECT id FROM holder_ids)
)
SELECT record, states.id, version, changed_by, ended_by,
       fields - '{{id,version,updated_at,changed_by,ended_by,id_cipher,id_hash,name_key,serial_key,plain_name}}'::text[]
  FROM states ORDER BY record, states.id, version

-- name: of_table
SELECT '{table}' AS record, id, version, changed_by, NULL::bigint AS ended_by, to_jsonb(t) AS fields FROM registry.{table} t WHERE {condition}
 UNION ALL
SELECT '{table}', id, version, changed_by, ended_by, to_jsonb(t) FROM history.{table} t WHERE {condition}

-- name: changes
SELECT change.id, kind, reason, by, change.at, valid_on, document_id, undoes, detail, version
  FROM registry.change LEFT JOIN published.change_version ON change_id = change.id
 WHERE change.id = ANY (%(changes)s) ORDER BY change.id

-- name: names
SELECT id, full_name FROM registry.holder WHERE id = ANY (%(holders)s)
