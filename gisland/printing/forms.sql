-- name: parcels
-- What is known of the parcels of a group, as form PL3-01 asks for it. Of persons only what the reader may see.
SELECT p.id, sheet.sheet_no, p.parcel_no, jsonb_build_object(
           'parcel', jsonb_build_array(jsonb_build_object(
               'ward', ward.code, 'code', coalesce(p.parcel_code, ''), 'sheet', sheet.sheet_no, 'parcel', p.parcel_no,
               'address', p.address, 'area', coalesce(p.legal_area_m2, round(p.area_m2::numeric, 1))::float8)),
           'certificates', coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                          'serial', serial, 'date', issue_date, 'book', book_no, 'scan', scan_file,
                          'paper_sheet', paper_sheet_no, 'paper_parcel', paper_parcel_no) ORDER BY certificate.id)
                 FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
                WHERE parcel_id = p.id AND certificate.retired_by IS NULL), '[]'),
           'holders', held.holders, 'users', held.users, 'bears', coalesce(held.bears, false),
           'uses', coalesce((
               SELECT jsonb_agg(jsonb_build_object('type', land_type, 'area', area_m2::float8, 'origin', origin,
                                                   'form', use_form, 'term', term) ORDER BY seq)
                 FROM registry.land_use WHERE parcel_id = p.id), '[]'),
           'assets', coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                          'kind', asset.kind, 'complex', CASE WHEN asset.kind = 'apartment_complex' THEN asset.name END,
                          'building', CASE WHEN asset.kind <> 'apartment_complex' THEN asset.name END, 'number', asset.number,
                          'footprint', footprint_m2::float8, 'floor', floor_area_m2::float8, 'form', ownership_form,
                          'term', ownership_term, 'grade', grade) ORDER BY asset.id)
                 FROM registry.asset_parcel JOIN registry.asset ON asset.id = asset_id
                WHERE asset_parcel.parcel_id = p.id AND asset.retired_by IS NULL), '[]')) AS facts
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
  JOIN registry.unit ward ON ward.id = p.ward_id
  LEFT JOIN LATERAL (
        SELECT true AS bears,
               jsonb_agg(jsonb_build_object(
                   'org_name', CASE WHEN holder.kind = 'organisation' THEN full_name END,
                   'org_id', CASE WHEN holder.kind = 'organisation' AND %(ids)s THEN id_masked END,
                   'name', CASE WHEN holder.kind <> 'organisation' THEN full_name END,
                   'birth', coalesce(birth_date::text, birth_year::text), 'gender', gender,
                   'id', CASE WHEN holder.kind <> 'organisation' AND %(ids)s THEN id_masked END,
                   'address', holder.address, 'party', holding.party, 'role', holding.member_role) ORDER BY holding.id)
                   FILTER (WHERE role = 'certificate_holder' AND %(names)s) AS holders,
               jsonb_agg(jsonb_build_object('name', full_name, 'id', CASE WHEN %(ids)s THEN id_masked END,
                                            'address', holder.address, 'reason', holding.reason) ORDER BY holding.id)
                   FILTER (WHERE role = 'current_user' AND %(names)s) AS users
          FROM registry.holding JOIN registry.holder ON holder.id = holder_id
         WHERE parcel_id = p.id AND holding.retired_by IS NULL
        HAVING count(*) > 0
       ) held ON true
 WHERE p.residential_group_id = %(group)s AND p.retired_by IS NULL
   AND (%(sheet)s::text IS NULL
        OR ltrim(sheet.sheet_no, '0') = ltrim(%(sheet)s, '0') AND ltrim(p.parcel_no, '0') = ltrim(%(parcel)s, '0'))
 ORDER BY sheet.sheet_no COLLATE registry.vietnamese_numbers, sheet.id, p.parcel_no COLLATE registry.vietnamese_numbers, p.id
