-- name: find
-- Parcels in force of a ward by sheet and number; zeros before them do not matter.
SELECT p.id, ward.id AS ward_id, sheet.scale, sheet.old_ward_code
  FROM registry.unit ward
  JOIN registry.map_sheet sheet ON sheet.ward_id = ward.id
  JOIN registry.parcel p ON p.map_sheet_id = sheet.id
 WHERE ward.level = 'ward' AND ward.code = %(ward)s AND ward.valid_to IS NULL
   AND ltrim(sheet.sheet_no, '0') = ltrim(%(sheet)s, '0') AND ltrim(p.parcel_no, '0') = ltrim(%(parcel)s, '0')
   AND p.retired_by IS NULL AND (%(scale)s::integer IS NULL OR sheet.scale = %(scale)s)
 ORDER BY sheet.scale, sheet.old_ward_code, p.id
 LIMIT 9

-- name: facts
-- All that an extract of a parcel may tell; what it does tell is chosen by who it is for, see `verify.shown_to`.
SELECT jsonb_build_object(
           'sheet', sheet.sheet_no, 'parcel', p.parcel_no, 'scale', sheet.scale, 'code', coalesce(p.parcel_code, ''),
           'retired', p.retired_by IS NOT NULL, 'address', p.address,
           'ward', ward.code, 'ward_name', ward.name, 'province', coalesce(province.name, ''),
           'srid', p.srid, 'shape', encode(ST_AsBinary(ST_Force2D(p.geom)), 'hex'),
           'area', round(p.area_m2::numeric, 1)::float8, 'legal_area', p.legal_area_m2::float8,
           'uses', coalesce((
               SELECT jsonb_agg(jsonb_build_object('type', land_type, 'area', area_m2::float8, 'origin', origin,
                                                   'form', use_form, 'term', term) ORDER BY seq)
                 FROM registry.land_use WHERE parcel_id = p.id), '[]'),
           'holders', coalesce((
               -- As the layers have it: the current users where any are known, else those on the certificate.
               SELECT jsonb_agg(jsonb_build_object('name', full_name, 'address', holder.address, 'id', coalesce(id_masked, ''),
                                                   'share', coalesce(share_num || '/' || share_den, '')) ORDER BY holding.id)
                 FROM registry.holding JOIN registry.holder ON holder.id = holder_id
                WHERE parcel_id = p.id AND holding.retired_by IS NULL
                  AND role = (SELECT role FROM registry.holding WHERE parcel_id = p.id AND retired_by IS NULL
                               ORDER BY role = 'current_user' DESC LIMIT 1)), '[]'),
           'papers', coalesce((
               SELECT jsonb_agg(jsonb_build_object('serial', serial, 'book', book_no, 'code', gcn_code,
                                                   'date', issue_date) ORDER BY certificate.id)
                 FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
                WHERE parcel_id = p.id AND certificate.retired_by IS NULL
                  AND serial || book_no || gcn_code <> ''), '[]'),
           'restrictions', coalesce((
               SELECT jsonb_agg(jsonb_build_object('kind', kind, 'from', valid_from) ORDER BY id)
                 FROM registry.restriction
                WHERE parcel_id = p.id AND retired_by IS NULL), '[]')) AS facts
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
  JOIN registry.unit ward ON ward.id = p.ward_id
  LEFT JOIN registry.unit province ON province.id = ward.parent_id
 WHERE p.id = %(parcel)s

-- name: around
-- What lies around a parcel, of whichever ward: numbers and shapes, nothing of persons. Other wards are named.
SELECT sheet.sheet_no, p.parcel_no, p.srid, ST_AsBinary(ST_Force2D(p.geom)) AS shape, p.map_sheet_id = own.map_sheet_id AS same_sheet,
       CASE WHEN p.ward_id <> own.ward_id THEN (SELECT name FROM registry.unit WHERE unit.id = p.ward_id) END AS ward_name
  FROM registry.parcel own, registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
 WHERE own.id = %(parcel)s AND p.retired_by IS NULL AND p.id <> own.id
   AND p.geom_4326 && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
 ORDER BY p.ward_id <> own.ward_id, p.ward_id, sheet.sheet_no COLLATE registry.vietnamese_numbers, p.parcel_no COLLATE registry.vietnamese_numbers, p.id
