-- Between judging a form and writing it somebody may correct, split or end what it was judged by. So all of that is
-- locked, and where it is not any more what was judged the form is judged again: then the correction is there to be seen.

-- name: judged
CREATE TEMP TABLE form_judged_by ON COMMIT DROP AS
SELECT 'parcel' AS record, parcel_id AS id, parcel_version AS version FROM form_right WHERE NOT seen AND parcel_id IS NOT NULL
 UNION
SELECT 'certificate', existing_id, version FROM form_certificate WHERE existing_id IS NOT NULL
 UNION
SELECT 'holder', existing_id, version FROM form_holder WHERE existing_id IS NOT NULL
 UNION
SELECT 'holding', existing_id, version FROM form_holding WHERE existing_id IS NOT NULL
 UNION
SELECT 'certificate_parcel', existing_id, version FROM form_certificate_parcel WHERE existing_id IS NOT NULL
 UNION
SELECT 'land_use', id, version FROM registry.land_use JOIN form_land_use USING (parcel_id)
 UNION
SELECT 'asset', existing_id, version FROM form_asset WHERE existing_id IS NOT NULL

-- How many records of one table are not what was judged. Nobody can add to the lists of a record that is locked so.
-- name: lock
SELECT (SELECT count(*) FROM form_judged_by WHERE record = '{record}') - count(*) FILTER (WHERE still)
  FROM (SELECT now.version = judged.version AS still
          FROM form_judged_by judged JOIN registry.{record} now USING (id)
         WHERE record = '{record}' ORDER BY id FOR UPDATE OF now) locked

-- name: forget
DROP TABLE form_right, form_certificate, form_replaced, form_holder, form_holding, form_certificate_parcel, form_land_use, form_parcel,
           form_asset_row, known_estate, form_asset, form_asset_link, form_flat, form_judged_by
