-- name: find
-- Map sheets of a ward in force by their number; zeros before it do not matter.
SELECT sheet.id, sheet.sheet_no, sheet.scale, sheet.srid, sheet.name, sheet.old_ward_code,
       ward.id AS ward_id, ward.code AS ward_code, ward.name AS ward_name, coalesce(province.name, '') AS province,
       (SELECT count(*) FROM registry.map_sheet WHERE ward_id = ward.id) AS sheets
  FROM registry.unit ward
  LEFT JOIN registry.unit province ON province.id = ward.parent_id
  JOIN registry.map_sheet sheet ON sheet.ward_id = ward.id
 WHERE ward.level = 'ward' AND ward.code = %(ward)s AND ward.valid_to IS NULL
   AND ltrim(sheet.sheet_no, '0') = ltrim(%(sheet)s, '0') AND (%(scale)s::integer IS NULL OR sheet.scale = %(scale)s)
 ORDER BY sheet.scale, sheet.old_ward_code, sheet.id
 LIMIT 9

-- name: parcels
-- The parcels in force of a sheet, as a map has them: nothing of persons.
SELECT p.id, p.parcel_no, p.srid, ST_AsBinary(ST_Force2D(p.geom)) AS shape,
       p.label_east, p.label_north, p.label_angle::float8 AS label_angle,
       round(p.area_m2::numeric, 1)::float8 AS area_m2,
       coalesce((SELECT string_agg(land_type, '+' ORDER BY seq) FROM registry.land_use WHERE parcel_id = p.id), '') AS land_type
  FROM registry.parcel p
 WHERE p.map_sheet_id = %(sheet)s AND p.retired_by IS NULL
 ORDER BY p.parcel_no COLLATE registry.vietnamese_numbers, p.id

-- name: around
-- Parcels of other sheets within a rectangle, of whichever ward. Nothing of persons.
SELECT sheet.sheet_no, p.parcel_no, p.srid, ST_AsBinary(ST_Force2D(p.geom)) AS shape
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
 WHERE p.retired_by IS NULL AND p.map_sheet_id <> %(sheet)s
   AND p.geom_4326 && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
 ORDER BY p.id

-- name: sheets
-- Where the other sheets of a ward lie: the rectangle around their parcels.
SELECT sheet.sheet_no, sheet.name, sheet.srid, ST_AsBinary(ST_Envelope(ST_Extent(p.geom)::geometry)) AS shape
  FROM registry.map_sheet sheet
  JOIN registry.parcel p ON p.map_sheet_id = sheet.id
 WHERE sheet.ward_id = %(ward)s AND sheet.id <> %(sheet)s AND p.retired_by IS NULL
 GROUP BY sheet.id
 ORDER BY sheet.sheet_no COLLATE registry.vietnamese_numbers, sheet.id
