-- Work on parcels. Rows are locked in the order of their ids, sheets before parcels.

-- name: lock_sheets
SELECT id FROM registry.map_sheet
 WHERE id IN (SELECT map_sheet_id FROM registry.parcel WHERE id = ANY (%(ids)s)) ORDER BY id FOR NO KEY UPDATE

-- name: lock
SELECT id, version, ward_id, map_sheet_id, residential_group_id, parcel_no, srid, ST_AsBinary(geom), legal_area_m2,
       address, retired_by IS NOT NULL
  FROM registry.parcel WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE

-- The number after the largest that was ever given on the sheet (circular 25/2014/TT-BTNMT: new numbers follow the last):
-- those of its parcels, retired ones too, and those that were given up. A sheet that moved brings along what it gave.
-- name: next_number
WITH on_sheet AS (
    -- Apart, for each half has its index.
    SELECT id, parcel_no FROM registry.parcel WHERE map_sheet_id = %(sheet)s AND retired_by IS NULL
     UNION ALL
    SELECT id, parcel_no FROM registry.parcel WHERE map_sheet_id = %(sheet)s AND retired_by IS NOT NULL
)
SELECT coalesce(max(parcel_no::bigint), 0) + 1 FROM (
       SELECT parcel_no FROM on_sheet
        UNION ALL
       SELECT former.parcel_no FROM on_sheet JOIN history.parcel former USING (id)
        UNION ALL
       SELECT parcel_no FROM history.parcel WHERE map_sheet_id = %(sheet)s
       ) given
 WHERE parcel_no ~ '^[0-9]{1,9}$'

-- name: add
INSERT INTO registry.parcel (ward_id, map_sheet_id, residential_group_id, parcel_no, parcel_code, parcel_code_method,
                             srid, geom, legal_area_m2, address, valid_from, created_by)
SELECT %(ward)s, %(sheet)s, %(group)s, %(parcel_no)s, free.code, CASE WHEN free.code IS NOT NULL THEN %(method)s::smallint END,
       %(srid)s, ST_GeomFromWKB(%(wkb)s, %(srid)s), %(legal_area)s, %(address)s, change.valid_on, change.id
  FROM registry.change
  -- A code is given once in the country: where a computed one is taken, the parcel has none, which is a finding. One that
  -- was said is refused then.
  LEFT JOIN (SELECT %(code)s::text AS code
              WHERE %(method)s::smallint IS NULL
                 OR NOT EXISTS (SELECT FROM registry.taken_codes(ARRAY[%(code)s::text]))) free ON true
 WHERE change.id = %(change)s
RETURNING id

-- name: retire
UPDATE registry.parcel SET retired_by = change.id, valid_to = greatest(change.valid_on, parcel.valid_from)
  FROM registry.change WHERE change.id = %(change)s AND parcel.id = ANY (%(ids)s)

-- name: link
INSERT INTO registry.parcel_lineage (ancestor_id, descendant_id)
SELECT ancestor, descendant FROM unnest(%(old)s::bigint[]) ancestor, unnest(%(new)s::bigint[]) descendant

-- name: set_shape
UPDATE registry.parcel SET geom = ST_GeomFromWKB(%(wkb)s, srid), legal_area_m2 = coalesce(%(legal_area)s, legal_area_m2)
 WHERE id = %(id)s

-- The place of the label of the one old parcel that has any stays with the new parcel that it lies in.
-- name: inherit_label
UPDATE registry.parcel SET label_east = placed.label_east, label_north = placed.label_north, label_angle = placed.label_angle
  FROM (SELECT min(label_east) AS label_east, min(label_north) AS label_north, min(label_angle) AS label_angle
          FROM registry.parcel WHERE id = ANY (%(old)s) AND label_east IS NOT NULL HAVING count(*) = 1) placed
 WHERE parcel.id = %(parcel)s AND ST_Contains(parcel.geom, ST_SetSRID(ST_Point(placed.label_east, placed.label_north), parcel.srid))

-- name: set_number
UPDATE registry.parcel SET parcel_no = %(parcel_no)s WHERE id = %(id)s

-- name: remember_number
INSERT INTO registry.parcel_number (ward_id, parcel_id, series, old_ward_code, sheet_no, parcel_no, scale, source)
SELECT parcel.ward_id, parcel.id, %(series)s, sheet.old_ward_code, sheet.sheet_no, parcel.parcel_no, sheet.scale,
       'change ' || %(change)s
  FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id WHERE parcel.id = ANY (%(ids)s)
    ON CONFLICT DO NOTHING

-- name: land_uses
INSERT INTO registry.land_use (parcel_id, seq, land_type, area_m2, origin, use_form, term)
SELECT %(parcel)s, seq, use.land_type, use.area_m2, coalesce(use.origin, ''), coalesce(use.use_form, ''), coalesce(use.term, '')
  FROM ROWS FROM (jsonb_to_recordset(%(uses)s) AS (land_type text, area_m2 numeric, origin text, use_form text, term text))
       WITH ORDINALITY AS use (land_type, area_m2, origin, use_form, term, seq)

-- The land types of the old parcels. How much of each lies in the new one is known only when there is one new parcel.
-- name: inherit_land_uses
INSERT INTO registry.land_use (parcel_id, seq, land_type, area_m2, origin, use_form, term)
SELECT %(parcel)s, row_number() OVER (ORDER BY min(parcel_id), min(seq)), land_type,
       CASE WHEN %(whole)s AND count(area_m2) = count(*) THEN sum(area_m2) END, origin, use_form, term
  FROM registry.land_use WHERE parcel_id = ANY (%(old)s) GROUP BY land_type, origin, use_form, term

-- What stands on the old parcels stands on the new one: rights and restrictions as new rows, for the old ones end. What
-- is past its own day (valid_to) ends with the old parcel.
-- name: inherit_holdings
INSERT INTO registry.holding (ward_id, parcel_id, holder_id, certificate_id, role, party, member_role, reason, share_num,
                              share_den, valid_from, valid_to, created_by)
SELECT DISTINCT ON (holder_id, certificate_id, role)
       %(ward)s, %(parcel)s, holder_id, certificate_id, role, party, member_role, holding.reason, share_num, share_den,
       valid_from, valid_to, %(change)s
  FROM registry.holding
 WHERE parcel_id = ANY (%(old)s) AND retired_by IS NULL AND NOT registry.is_over(valid_to)
 ORDER BY holder_id, certificate_id, role, id

-- A restriction that came to several parcels by a split is one again on their union; and what is said in the same words of
-- two parcels on one certificate is one. Two that only look alike stay two: one that is released must not take the other
-- along. Of each, as many go over as the old parcel with the most of them bears.
-- name: inherit_restrictions
INSERT INTO registry.restriction (ward_id, parcel_id, asset_id, certificate_id, kind, beneficiary, description, valid_from,
                                  valid_to, continues)
SELECT %(ward)s, %(parcel)s, asset_id, certificate_id, kind, beneficiary, description, valid_from, valid_to, min(first_id)
  FROM (SELECT *, row_number() OVER (PARTITION BY parcel_id, one_of, asset_id, certificate_id, kind, beneficiary, description,
                                                  valid_from, valid_to ORDER BY id) AS which
          FROM (SELECT *, coalesce(continues, id) AS first_id,
                       CASE WHEN certificate_id IS NULL THEN coalesce(continues, id) END AS one_of
                  FROM registry.restriction
                 WHERE parcel_id = ANY (%(old)s) AND retired_by IS NULL AND NOT registry.is_over(valid_to)) held) said
 GROUP BY one_of, asset_id, certificate_id, kind, beneficiary, description, valid_from, valid_to, which ORDER BY min(id)

-- name: inherit_assets
INSERT INTO registry.asset_parcel (asset_id, parcel_id)
SELECT DISTINCT asset_id, %(parcel)s::bigint FROM registry.asset_parcel JOIN registry.asset ON asset.id = asset_id
 WHERE parcel_id = ANY (%(old)s) AND asset.retired_by IS NULL

-- Of certificates in force. The numbers on paper stay those that were printed.
-- name: inherit_certificates
INSERT INTO registry.certificate_parcel (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no)
SELECT DISTINCT certificate_id, %(parcel)s::bigint, paper_sheet_no, paper_parcel_no
  FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
 WHERE parcel_id = ANY (%(old)s) AND certificate.retired_by IS NULL

-- On the day of the change, or when they had ended before.
-- name: end_holdings
UPDATE registry.holding SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, holding.valid_from))
  FROM registry.change
 WHERE change.id = %(change)s AND holding.parcel_id = ANY (%(old)s) AND holding.retired_by IS NULL

-- name: end_restrictions
UPDATE registry.restriction SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, valid_from))
  FROM registry.change
 WHERE change.id = %(change)s AND restriction.parcel_id = ANY (%(old)s) AND restriction.retired_by IS NULL

-- name: restrictions
SELECT count(*) FROM registry.restriction
 WHERE parcel_id = ANY (%(ids)s) AND retired_by IS NULL

-- Parcels that are merged are held by the same people in the same shares, as far as it goes over.
-- name: kinds_of_holding
SELECT count(DISTINCT held) FROM (
       SELECT parcel.id, coalesce(array_agg((holder_id, role, share_num, share_den)::text ORDER BY holder_id, role, share_num, share_den)
                           FILTER (WHERE holder_id IS NOT NULL), '{}') AS held
         FROM registry.parcel LEFT JOIN (
              SELECT DISTINCT parcel_id, holder_id, role, share_num, share_den FROM registry.holding
               WHERE parcel_id = ANY (%(ids)s) AND retired_by IS NULL AND NOT registry.is_over(valid_to)
              ) h ON h.parcel_id = parcel.id
        WHERE parcel.id = ANY (%(ids)s) GROUP BY parcel.id) each
