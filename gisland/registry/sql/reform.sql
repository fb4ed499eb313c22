-- Sheets, or some of their parcels (`parcels`; null: all), that come to another ward or sheet after a reform.

-- Sheets are no secret, but who may not write in the ward of one moves none: it would be taken over without its parcels.
-- name: lock_sheets
SELECT id, ward_id, sheet_no, srid, version
  FROM registry.map_sheet
 WHERE id = ANY (%(ids)s) AND (security.everywhere() OR ward_id = ANY (security.wards())) ORDER BY id FOR NO KEY UPDATE

-- name: lock_parcels
SELECT count(*) FROM (SELECT FROM registry.parcel WHERE map_sheet_id = %(sheet)s ORDER BY id FOR NO KEY UPDATE) locked

-- name: remember_numbers
INSERT INTO registry.parcel_number (ward_id, parcel_id, series, old_ward_code, sheet_no, parcel_no, scale, source)
SELECT sheet.ward_id, parcel.id, 'before_reform', coalesce(nullif(sheet.old_ward_code, ''), unit.code), sheet.sheet_no,
       parcel.parcel_no, sheet.scale, 'change ' || %(change)s
  FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id JOIN registry.unit ON unit.id = sheet.ward_id
 WHERE map_sheet_id = %(sheet)s AND parcel.retired_by IS NULL
   AND (%(parcels)s::bigint[] IS NULL OR parcel.id = ANY (%(parcels)s))
    ON CONFLICT DO NOTHING

-- name: new_sheet
INSERT INTO registry.map_sheet (ward_id, old_ward_code, sheet_no, scale, srid, name)
SELECT %(ward)s, coalesce(nullif(sheet.old_ward_code, ''), unit.code), %(sheet_no)s, sheet.scale, sheet.srid, sheet.name
  FROM registry.map_sheet sheet JOIN registry.unit ON unit.id = sheet.ward_id WHERE sheet.id = %(sheet)s
RETURNING id

-- Groups of the old ward are found again in the new one by their code, with the old ward's before it.
-- name: new_groups
INSERT INTO registry.residential_group (ward_id, code, name, geom_4326)
SELECT DISTINCT ON (old.id) %(ward)s::int, unit.code || '/' || old.code, old.name, old.geom_4326
  FROM registry.parcel JOIN registry.residential_group old ON old.id = residential_group_id JOIN registry.unit ON unit.id = old.ward_id
 WHERE map_sheet_id = %(sheet)s AND old.ward_id <> %(ward)s
   AND (%(parcels)s::bigint[] IS NULL OR parcel.id = ANY (%(parcels)s))
    ON CONFLICT (ward_id, code) DO NOTHING

-- On a sheet made for them parcels keep their numbers; on one that is there they get those from `first_no` on.
-- name: move_parcels
UPDATE registry.parcel
   SET map_sheet_id = %(new_sheet)s, ward_id = %(ward)s, parcel_no = coalesce(numbered.parcel_no, parcel.parcel_no),
       residential_group_id = CASE WHEN parcel.ward_id = %(ward)s THEN residential_group_id ELSE (
           SELECT new.id FROM registry.residential_group old JOIN registry.unit ON unit.id = old.ward_id
             JOIN registry.residential_group new ON new.ward_id = %(ward)s AND new.code = unit.code || '/' || old.code
            WHERE old.id = residential_group_id) END
  FROM (SELECT id, (%(first_no)s::bigint - 1 + row_number() OVER (ORDER BY parcel_no COLLATE registry.vietnamese_numbers, id))::text AS parcel_no
          FROM registry.parcel
         WHERE map_sheet_id = %(sheet)s AND (%(parcels)s::bigint[] IS NULL OR id = ANY (%(parcels)s))) numbered
 WHERE numbered.id = parcel.id

-- Numbers, rights and restrictions have followed their parcel (foreign keys). Assets, certificates, documents and holders
-- follow when nothing of them is left behind in the old ward; rights and restrictions on them alone go along (triggers).
-- An asset without a parcel of its own (a flat) goes with what it is part of.
-- name: move_assets
WITH RECURSIVE moved (id) AS (
    SELECT asset_id FROM registry.asset_parcel JOIN registry.parcel ON parcel.id = parcel_id
     WHERE parcel.changed_by = %(change)s
     UNION
    SELECT part.id FROM moved JOIN registry.asset part ON part.parent_id = moved.id
), standing (id) AS (
    SELECT id FROM moved
     WHERE NOT EXISTS (SELECT FROM registry.asset_parcel JOIN registry.parcel ON parcel.id = parcel_id
                        WHERE asset_id = moved.id AND parcel.ward_id <> %(ward)s)
), whole (id) AS (
    -- Of a building that stays, its flats stay, too.
    SELECT asset.id FROM registry.asset JOIN standing USING (id)
     WHERE parent_id IS NULL OR parent_id NOT IN (SELECT id FROM moved)
        OR EXISTS (SELECT FROM registry.asset_parcel WHERE asset_id = asset.id)
     UNION
    SELECT asset.id FROM whole JOIN registry.asset ON parent_id = whole.id JOIN standing ON standing.id = asset.id
)
UPDATE registry.asset SET ward_id = %(ward)s WHERE ward_id <> %(ward)s AND id IN (SELECT id FROM whole)

-- name: move_certificates
WITH moved AS (
    SELECT certificate_id AS id FROM registry.certificate_parcel JOIN registry.parcel ON parcel.id = parcel_id
     WHERE parcel.changed_by = %(change)s
     UNION
    SELECT certificate_id FROM registry.certificate_asset JOIN registry.asset ON asset.id = asset_id
     WHERE asset.changed_by = %(change)s
)
UPDATE registry.certificate SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s AND id IN (SELECT id FROM moved)
   AND NOT EXISTS (SELECT FROM registry.certificate_parcel JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE certificate_id = certificate.id AND parcel.ward_id <> %(ward)s)
   AND NOT EXISTS (SELECT FROM registry.certificate_asset JOIN registry.asset ON asset.id = asset_id
                    WHERE certificate_id = certificate.id AND asset.ward_id <> %(ward)s)

-- name: move_holders
UPDATE registry.holder SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s
   AND id IN (SELECT holder_id FROM registry.holding WHERE ward_id = %(ward)s AND changed_by = %(change)s)
   AND NOT EXISTS (SELECT FROM registry.holding WHERE holder_id = holder.id AND ward_id <> %(ward)s)

-- A document that the new ward has already stays where it is.
-- name: move_documents
WITH linked AS (
    SELECT document_id, coalesce(parcel.ward_id, asset.ward_id, certificate.ward_id, holder.ward_id) AS ward_id,
           coalesce(parcel.changed_by, asset.changed_by, certificate.changed_by, holder.changed_by) = %(change)s AS moved
      FROM registry.document_link link
      LEFT JOIN registry.parcel ON parcel.id = link.parcel_id
      LEFT JOIN registry.asset ON asset.id = link.asset_id
      LEFT JOIN registry.certificate ON certificate.id = link.certificate_id
      LEFT JOIN registry.holder ON holder.id = link.holder_id
), along AS (
    SELECT document_id FROM linked GROUP BY document_id HAVING bool_or(moved) AND bool_and(ward_id = %(ward)s)
)
UPDATE registry.document SET ward_id = %(ward)s
  FROM along
 WHERE id = document_id AND ward_id <> %(ward)s
   AND NOT EXISTS (SELECT FROM registry.document same WHERE same.ward_id = %(ward)s AND same.content_hash = document.content_hash
                      AND same.retired_by IS NULL)
