-- Sheets that come to another ward, or get another number, after a reform.

-- name: lock_sheet
SELECT id, ward_id, old_ward_code, sheet_no, scale, srid, name, version
  FROM registry.map_sheet WHERE id = %(id)s FOR NO KEY UPDATE

-- name: lock_parcels
SELECT count(*) FROM (SELECT FROM registry.parcel WHERE map_sheet_id = %(sheet)s ORDER BY id FOR NO KEY UPDATE) locked

-- name: remember_numbers
INSERT INTO registry.parcel_number (ward_id, parcel_id, series, old_ward_code, sheet_no, parcel_no, scale, source)
SELECT %(ward)s, parcel.id, 'before_reform', coalesce(nullif(sheet.old_ward_code, ''), unit.code), sheet.sheet_no,
       parcel.parcel_no, sheet.scale, 'change ' || %(change)s
  FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id JOIN registry.unit ON unit.id = sheet.ward_id
 WHERE map_sheet_id = %(sheet)s AND parcel.retired_by IS NULL
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
    ON CONFLICT (ward_id, code) DO NOTHING

-- name: move_parcels
UPDATE registry.parcel
   SET map_sheet_id = %(new_sheet)s, ward_id = %(ward)s,
       residential_group_id = CASE WHEN parcel.ward_id = %(ward)s THEN residential_group_id ELSE (
           SELECT new.id FROM registry.residential_group old JOIN registry.unit ON unit.id = old.ward_id
             JOIN registry.residential_group new ON new.ward_id = %(ward)s AND new.code = unit.code || '/' || old.code
            WHERE old.id = residential_group_id) END
 WHERE map_sheet_id = %(sheet)s

-- name: move_numbers
UPDATE registry.parcel_number SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s AND parcel_id IN (SELECT id FROM registry.parcel WHERE map_sheet_id = %(new_sheet)s)

-- name: move_holdings
UPDATE registry.holding SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s AND parcel_id IN (SELECT id FROM registry.parcel WHERE map_sheet_id = %(new_sheet)s)

-- name: move_restrictions
UPDATE registry.restriction SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s AND parcel_id IN (SELECT id FROM registry.parcel WHERE map_sheet_id = %(new_sheet)s)

-- Assets, certificates and holders follow when nothing of them is left behind in the old ward.
-- name: move_assets
UPDATE registry.asset SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s
   AND id IN (SELECT asset_id FROM registry.asset_parcel JOIN registry.parcel ON parcel.id = parcel_id WHERE map_sheet_id = %(new_sheet)s)
   AND NOT EXISTS (SELECT FROM registry.asset_parcel JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE asset_id = asset.id AND parcel.ward_id <> %(ward)s)

-- name: move_certificates
UPDATE registry.certificate SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s
   AND id IN (SELECT certificate_id FROM registry.certificate_parcel JOIN registry.parcel ON parcel.id = parcel_id
               WHERE map_sheet_id = %(new_sheet)s)
   AND NOT EXISTS (SELECT FROM registry.certificate_parcel JOIN registry.parcel ON parcel.id = parcel_id
                    WHERE certificate_id = certificate.id AND parcel.ward_id <> %(ward)s)

-- name: move_holders
UPDATE registry.holder SET ward_id = %(ward)s
 WHERE ward_id <> %(ward)s
   AND id IN (SELECT holder_id FROM registry.holding JOIN registry.parcel ON parcel.id = parcel_id WHERE map_sheet_id = %(new_sheet)s)
   AND NOT EXISTS (SELECT FROM registry.holding WHERE holder_id = holder.id AND ward_id <> %(ward)s)
