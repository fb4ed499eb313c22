-- What is examined by `gisland registry check`: each statement gives kind of record, id, ward and a note (numbers and kinds,
-- never a person) of what it finds, in the ward %(ward)s or everywhere. "In force": not retired.

-- name: right_on_retired
SELECT 'holding' AS kind, r.id, r.ward_id, thing.note
  FROM registry.holding r
  JOIN LATERAL (SELECT 'parcel ' || id AS note FROM registry.parcel WHERE id = r.parcel_id AND retired_by IS NOT NULL
                 UNION ALL
                SELECT 'asset ' || id FROM registry.asset WHERE id = r.asset_id AND retired_by IS NOT NULL
                 UNION ALL
                SELECT 'certificate ' || id FROM registry.certificate
                 WHERE id = r.certificate_id AND num_nonnulls(r.parcel_id, r.asset_id) = 0 AND retired_by IS NOT NULL) thing ON true
 WHERE r.retired_by IS NULL

-- name: restriction_on_retired
SELECT 'restriction' AS kind, r.id, r.ward_id, thing.note
  FROM registry.restriction r
  JOIN LATERAL (SELECT 'parcel ' || id AS note FROM registry.parcel WHERE id = r.parcel_id AND retired_by IS NOT NULL
                 UNION ALL
                SELECT 'asset ' || id FROM registry.asset
                 WHERE id = r.asset_id AND r.parcel_id IS NULL AND retired_by IS NOT NULL
                 UNION ALL
                SELECT 'certificate ' || id FROM registry.certificate
                 WHERE id = r.certificate_id AND num_nonnulls(r.parcel_id, r.asset_id) = 0 AND retired_by IS NOT NULL) thing ON true
 WHERE r.retired_by IS NULL

-- name: shares_not_whole
SELECT CASE WHEN parcel_id IS NOT NULL THEN 'parcel' WHEN asset_id IS NOT NULL THEN 'asset' ELSE 'certificate' END AS kind,
       coalesce(parcel_id, asset_id, certificate_id) AS id, min(ward_id) AS ward_id, role AS note
  FROM (SELECT parcel_id, asset_id, certificate_id, role, ward_id, share_num, share_den
          FROM registry.holding WHERE retired_by IS NULL) held
 GROUP BY parcel_id, asset_id, certificate_id, role
HAVING count(share_num) > 0 AND NOT registry.is_whole(array_agg(share_num), array_agg(share_den))

-- name: line_is_lost
SELECT 'parcel' AS kind, p.id, p.ward_id, change.kind || ' ' || change.id AS note
  FROM registry.parcel p JOIN registry.change ON change.id = p.retired_by
 WHERE change.kind IN ('split', 'merge') AND NOT EXISTS (SELECT FROM registry.parcel_lineage WHERE ancestor_id = p.id)

-- name: right_under_retired_certificate
SELECT r.kind, r.id, r.ward_id, 'certificate ' || certificate.id AS note
  FROM (SELECT 'holding' AS kind, id, ward_id, certificate_id, parcel_id, asset_id, retired_by FROM registry.holding
         UNION ALL
        SELECT 'restriction', id, ward_id, certificate_id, parcel_id, asset_id, retired_by FROM registry.restriction) r
  JOIN registry.certificate ON certificate.id = r.certificate_id
 WHERE certificate.retired_by IS NOT NULL AND r.retired_by IS NULL
   AND num_nonnulls(r.parcel_id, r.asset_id) > 0

-- name: past_its_day
SELECT r.kind, r.id, r.ward_id, valid_to::text AS note
  FROM (SELECT 'holding' AS kind, id, ward_id, retired_by, valid_to FROM registry.holding
         UNION ALL
        SELECT 'restriction', id, ward_id, retired_by, valid_to FROM registry.restriction) r
 WHERE r.retired_by IS NULL AND registry.is_over(r.valid_to)

-- name: certificate_without_parcel
SELECT 'certificate' AS kind, c.id, c.ward_id, concat_ws('/', paper_sheet_no, paper_parcel_no) AS note
  FROM registry.certificate_parcel named JOIN registry.certificate c ON c.id = certificate_id
 WHERE named.parcel_id IS NULL AND c.retired_by IS NULL

-- name: certificate_of_retired_parcels
SELECT 'certificate' AS kind, c.id, c.ward_id, 'parcel ' || string_agg(p.id::text, ', ' ORDER BY p.id) AS note
  FROM registry.certificate c
  JOIN registry.certificate_parcel named ON named.certificate_id = c.id
  JOIN registry.parcel p ON p.id = named.parcel_id
 WHERE c.retired_by IS NULL GROUP BY c.id, c.ward_id HAVING bool_and(p.retired_by IS NOT NULL)

-- name: serial_repeated
SELECT 'certificate' AS kind, c.id, c.ward_id, c.serial AS note
  FROM registry.certificate c
 WHERE c.retired_by IS NULL AND c.serial_key <> ''
   AND EXISTS (SELECT FROM registry.certificate other
                WHERE other.serial_key = c.serial_key AND other.id <> c.id AND other.retired_by IS NULL)

-- name: serial_unusual
SELECT 'certificate' AS kind, id, ward_id, serial AS note
  FROM registry.certificate WHERE retired_by IS NULL AND serial_key <> '' AND serial_key !~ %(serial)s

-- name: certificate_code_unusual
SELECT 'certificate' AS kind, id, ward_id, gcn_code AS note
  FROM registry.certificate
 WHERE retired_by IS NULL AND gcn_code <> '' AND upper(regexp_replace(gcn_code, '[\s.-]', '', 'g')) !~ %(certificate_code)s

-- name: flat_without_building
SELECT 'asset' AS kind, id, ward_id, number AS note
  FROM registry.asset WHERE retired_by IS NULL AND kind = 'apartment' AND parent_id IS NULL

-- name: part_of_retired
SELECT 'asset' AS kind, a.id, a.ward_id, 'asset ' || whole.id AS note
  FROM registry.asset a JOIN registry.asset whole ON whole.id = a.parent_id
 WHERE a.retired_by IS NULL AND whole.retired_by IS NOT NULL

-- name: asset_on_nothing
SELECT 'asset' AS kind, a.id, a.ward_id, a.kind AS note
  FROM registry.asset a
 WHERE a.retired_by IS NULL AND a.parent_id IS NULL
   AND NOT EXISTS (SELECT FROM registry.asset_parcel JOIN registry.parcel p ON p.id = parcel_id
                    WHERE asset_id = a.id AND p.retired_by IS NULL)

-- The larger of the areas of map and paper counts.
-- name: asset_larger_than_its_land
SELECT 'asset' AS kind, a.id, a.ward_id, a.footprint_m2 || ' > ' || round(land.area::numeric, 1) || ' m²' AS note
  FROM registry.asset a
  JOIN LATERAL (SELECT sum(greatest(p.area_m2, p.legal_area_m2)) AS area
                  FROM registry.asset_parcel JOIN registry.parcel p ON p.id = parcel_id
                 WHERE asset_id = a.id AND p.retired_by IS NULL) land ON a.footprint_m2 > land.area + 0.1
 WHERE a.retired_by IS NULL

-- name: parcel_outside_its_group
SELECT 'parcel' AS kind, p.id, p.ward_id, of_group.code AS note
  FROM registry.parcel p JOIN registry.residential_group of_group ON of_group.id = p.residential_group_id
 WHERE p.retired_by IS NULL AND NOT ST_Intersects(of_group.geom_4326, p.geom_4326)

-- Each pair is told once, of parcels of two wards to both. The boxes find who may overlap (GiST index of geom_4326); of these
-- nearly all only touch, and none that reaches less than half the width into the other needs to be cut. What is cut is measured
-- on the plane of the sheet; of a parcel on another plane the WGS 84 copy is taken there.
-- name: parcels_overlap
SELECT 'parcel' AS kind, p.id, p.ward_id, 'parcel ' || other.id || ': ' || round(ST_Area(common.geom)::numeric, 1) || ' m²' AS note
  FROM registry.parcel p
 CROSS JOIN LATERAL (SELECT ST_Buffer(p.geom, -%(overlap_width_m)s / 4) AS geom OFFSET 0) inside
  JOIN registry.parcel other ON other.geom_4326 && p.geom_4326 AND (other.id > p.id OR other.ward_id <> p.ward_id)
 CROSS JOIN LATERAL (SELECT CASE WHEN other.srid = p.srid THEN other.geom
                                 ELSE ST_MakeValid(ST_Transform(other.geom_4326, p.srid)) END AS geom OFFSET 0) there
 CROSS JOIN LATERAL (SELECT ST_CollectionExtract(ST_Intersection(p.geom, there.geom), 3) AS geom
                      WHERE ST_Intersects(inside.geom, there.geom) OFFSET 0) common
 WHERE p.retired_by IS NULL AND other.retired_by IS NULL
   AND ST_Area(common.geom) > %(overlap_m2)s AND NOT ST_IsEmpty(ST_Buffer(common.geom, -%(overlap_width_m)s / 2))

-- name: unknown_land_type
SELECT 'parcel' AS kind, p.id, p.ward_id, use.land_type AS note
  FROM registry.land_use use JOIN registry.parcel p ON p.id = use.parcel_id
 WHERE p.retired_by IS NULL AND use.land_type <> ALL (%(land_types)s)

-- Texts that have a code list, which is named in the note: of all records in force, or of those with
-- one of some notes. Whether a word stands for a code is known outside of the database.
-- name: unknown_code
SELECT record AS kind, id, ward_id, note
  FROM (SELECT 'document' AS record, id, ward_id, retired_by, kind AS said, 'document_kinds: ' || kind AS note FROM registry.document
         UNION ALL
        SELECT 'restriction', id, ward_id, retired_by, kind, 'restriction_kinds: ' || kind FROM registry.restriction
         UNION ALL
        SELECT 'certificate', id, ward_id, retired_by, kind, 'certificate_kinds: ' || kind FROM registry.certificate
         UNION ALL
        SELECT 'parcel', p.id, p.ward_id, p.retired_by, text.said, text.list || ': ' || text.said
          FROM registry.land_use use JOIN registry.parcel p ON p.id = use.parcel_id
         CROSS JOIN LATERAL (VALUES ('origins', use.origin), ('use_forms', use.use_form)) text (list, said)) listed
 WHERE retired_by IS NULL AND said <> '' AND (%(unknown)s::text[] IS NULL OR note = ANY (%(unknown)s::text[]))

-- Of units that are called by what they are. Wards that were communes have many of these; so have papers.
-- name: residential_of_another_unit
SELECT 'parcel' AS kind, p.id, p.ward_id, use.land_type || ' ≠ ' || said.code AS note
  FROM registry.unit
  JOIN unnest(%(units)s::text[], %(residential)s::text[]) said (unit, code) ON lower(unit.name COLLATE registry.vietnamese) LIKE said.unit || ' %%'
  JOIN registry.parcel p ON p.ward_id = unit.id
  JOIN registry.land_use use ON use.parcel_id = p.id
 WHERE p.retired_by IS NULL AND use.land_type = ANY (%(residential)s) AND use.land_type <> said.code

-- name: uses_not_the_area
SELECT 'parcel' AS kind, p.id, p.ward_id, said.area || ' ≠ ' || p.legal_area_m2 || ' m²' AS note
  FROM registry.parcel p
  JOIN LATERAL (SELECT sum(area_m2) AS area FROM registry.land_use WHERE parcel_id = p.id
                HAVING count(area_m2) = count(*)) said ON abs(said.area - p.legal_area_m2) > 0.1
 WHERE p.retired_by IS NULL

-- Farther apart than the accuracy of the map (points of the boundary by its scale) and of one hundredth.
-- name: area_not_as_on_paper
SELECT 'parcel' AS kind, p.id, p.ward_id,
       p.legal_area_m2 || ' ≠ ' || round(p.area_m2::numeric, 1) || ' ± ' || round(allowed.m2::numeric, 1) || ' m²' AS note
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
 CROSS JOIN LATERAL (SELECT greatest(%(area_share)s * p.area_m2, 2 * min(point_m) * sqrt(p.area_m2)) AS m2
                       FROM unnest(%(scales)s::int[], %(points_m)s::float8[]) known (scale, point_m)
                      WHERE sheet.scale > 0 AND known.scale >= sheet.scale) allowed
 WHERE p.retired_by IS NULL AND abs(p.legal_area_m2 - p.area_m2) > allowed.m2

-- name: parcel_without_code
SELECT 'parcel' AS kind, p.id, p.ward_id, concat_ws('/', sheet.sheet_no, p.parcel_no) AS note
  FROM registry.parcel p JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
 WHERE p.retired_by IS NULL AND p.parcel_code IS NULL

-- A code is a place deep inside its parcel; the boundary may have moved since, so it is off when it is 0.0004 degrees (about
-- 40 m, a cell of 8 letters) away from it.
-- name: code_off_its_parcel
SELECT 'parcel' AS kind, p.id, p.ward_id, p.parcel_code AS note
  FROM registry.parcel p
 WHERE p.retired_by IS NULL AND p.parcel_code IS NOT NULL
   AND NOT ST_DWithin(p.geom_4326, ST_SetSRID(ST_PointFromGeoHash(p.parcel_code), 4326), 0.0004)

-- name: parcel_in_former_ward
SELECT 'parcel' AS kind, p.id, p.ward_id, unit.code AS note
  FROM registry.parcel p JOIN registry.unit ON unit.id = p.ward_id
 WHERE p.retired_by IS NULL AND unit.valid_to <= current_date

-- Opened and examined outside of the database.
-- name: id_unusual
SELECT id, ward_id, id_kind, id_cipher, gender, coalesce(extract(year FROM birth_date)::int, birth_year)
  FROM registry.holder WHERE id_cipher IS NOT NULL AND (%(ward)s::int IS NULL OR ward_id = %(ward)s) ORDER BY id

-- name: id_borne_by_several
SELECT 'holder' AS kind, h.id, h.ward_id, count(*) OVER (PARTITION BY h.ward_id, h.id_hash)::text AS note
  FROM registry.holder h
  JOIN (SELECT ward_id, id_hash FROM registry.holder WHERE id_hash IS NOT NULL
         GROUP BY ward_id, id_hash HAVING count(*) > 1) borne USING (ward_id, id_hash)

-- Compared outside of the database, which has not the rule.
-- name: key_stale
SELECT 'certificate' AS kind, id, ward_id, serial AS text, serial_key AS key
  FROM registry.certificate WHERE %(ward)s::int IS NULL OR ward_id = %(ward)s
 UNION ALL
SELECT 'holder', id, ward_id, full_name, name_key FROM registry.holder WHERE %(ward)s::int IS NULL OR ward_id = %(ward)s

-- name: holder_of_nothing
SELECT 'holder' AS kind, h.id, h.ward_id, '' AS note
  FROM registry.holder h WHERE NOT EXISTS (SELECT FROM registry.holding WHERE holder_id = h.id)
