-- name: group
-- A residential group of a ward in force, by code; zeros before it do not matter where they leave one group only.
SELECT ward.id AS ward_id, ward.code AS ward_code, ward.name AS ward_name, coalesce(province.name, '') AS province,
       of_group.id AS group_id, of_group.code AS group_code, of_group.name AS group_name
  FROM registry.unit ward
  LEFT JOIN registry.unit province ON province.id = ward.parent_id
  JOIN registry.residential_group of_group ON of_group.ward_id = ward.id
 WHERE ward.level = 'ward' AND ward.code = %(ward)s AND ward.valid_to IS NULL
   AND (of_group.code = %(group)s OR ltrim(of_group.code, '0') = ltrim(%(group)s, '0'))
 ORDER BY of_group.code <> %(group)s
 LIMIT 2

-- name: groups
-- The codes of all groups of a ward in force.
SELECT of_group.code
  FROM registry.unit ward JOIN registry.residential_group of_group ON of_group.ward_id = ward.id
 WHERE ward.level = 'ward' AND ward.code = %(ward)s AND ward.valid_to IS NULL
 ORDER BY of_group.code COLLATE registry.vietnamese_numbers

-- name: parcels
-- The parcels of a group as a map and its checklist need them. Names are read only for those who may see them.
SELECT p.id,
       sheet.sheet_no,
       p.parcel_no,
       p.srid,
       ST_AsBinary(ST_Force2D(p.geom)) AS shape,
       p.label_east, p.label_north, p.label_angle::float8 AS label_angle,
       round(p.area_m2::numeric, 1)::float8 AS area_m2,
       p.legal_area_m2::float8 AS legal_area_m2,
       coalesce(used.land_type, '') AS land_type,
       coalesce(status.status, 'no_holder') AS status,
       CASE WHEN %(names)s THEN coalesce(held.names, '{}') END AS holders,
       coalesce(paper.certificates, 0) AS certificates,
       coalesce(paper.unscanned, 0) AS unscanned,
       coalesce(paper.numbers, '{}') AS papers,
       coalesce(held.without_id, 0) AS without_id
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
  LEFT JOIN (
        SELECT parcel_id, string_agg(land_type, '+' ORDER BY seq) AS land_type
          FROM registry.land_use JOIN registry.parcel ON parcel.id = parcel_id
         WHERE residential_group_id = %(group)s
         GROUP BY parcel_id
       ) used ON used.parcel_id = p.id
  LEFT JOIN (
        -- As the layers have it: the current users where any are known, else those on the certificate.
        SELECT DISTINCT ON (parcel_id) parcel_id, min(status.position) AS position,
               array_agg(holder.full_name ORDER BY holding.id) AS names,
               count(*) FILTER (WHERE holder.id_kind IS NULL AND holder.kind IN ('person', 'household', 'couple')) AS without_id
          FROM registry.holding
          JOIN registry.parcel ON parcel.id = parcel_id
          JOIN registry.holder ON holder.id = holding.holder_id
          JOIN verification.status_in_reach ON status_in_reach.holder_id = holding.holder_id
          JOIN publish.status USING (status)
         WHERE residential_group_id = %(group)s AND holding.retired_by IS NULL
         GROUP BY parcel_id, role ORDER BY parcel_id, role = 'current_user' DESC
       ) held ON held.parcel_id = p.id
  LEFT JOIN publish.status ON status.position = held.position
  LEFT JOIN (
        -- A certificate is known by any of its numbers: old ones have no serial. One of which nothing is known is none.
        SELECT parcel_id, count(*) AS certificates, count(*) FILTER (WHERE scan_file = '') AS unscanned,
               array_agg(coalesce(nullif(serial, ''), nullif(book_no, ''), gcn_code) ORDER BY certificate.id) AS numbers
          FROM registry.certificate_parcel
          JOIN registry.certificate ON certificate.id = certificate_id
          JOIN registry.parcel ON parcel.id = parcel_id
         WHERE residential_group_id = %(group)s AND certificate.retired_by IS NULL
           AND serial || book_no || gcn_code || scan_file <> ''
         GROUP BY parcel_id
       ) paper ON paper.parcel_id = p.id
 WHERE p.residential_group_id = %(group)s AND p.retired_by IS NULL
 ORDER BY sheet.sheet_no COLLATE registry.vietnamese_numbers, sheet.id, p.parcel_no COLLATE registry.vietnamese_numbers, p.id

-- name: neighbours
-- What lies around: parcels of other groups and wards within the pages. Nothing of persons.
SELECT p.parcel_no, p.srid, ST_AsBinary(ST_Force2D(p.geom)) AS shape
  FROM registry.parcel p
 WHERE p.retired_by IS NULL AND p.residential_group_id IS DISTINCT FROM %(group)s
   AND p.geom_4326 && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
 ORDER BY p.id

-- name: version
-- The data version that a transaction sees, and its time.
SELECT version, at FROM publish.data_version ORDER BY version DESC LIMIT 1

