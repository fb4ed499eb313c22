-- What a print of several wards, several groups or a drawn area is of.

-- name: wards
-- Wards in force by code or id, with their borders where these are known.
SELECT ward.id, ward.code, ward.name, coalesce(province.name, '') AS province, ST_AsBinary(ward.geom_4326) AS border
  FROM registry.unit ward
  LEFT JOIN registry.unit province ON province.id = ward.parent_id
 WHERE ward.level = 'ward' AND ward.valid_to IS NULL
   AND (ward.code = ANY (%(codes)s::text[]) OR ward.id = ANY (%(ids)s::int[]))
 ORDER BY ward.code

-- name: groups
-- The residential groups of wards.
SELECT id, ward_id, code, name FROM registry.residential_group WHERE ward_id = ANY (%(wards)s::int[])
 ORDER BY ward_id, code COLLATE registry.vietnamese_numbers

-- name: of_wards
-- Parcels in force of wards.
SELECT id, ward_id, residential_group_id AS group_id, srid FROM registry.parcel
 WHERE retired_by IS NULL AND ward_id = ANY (%(wards)s::int[])
 LIMIT %(limit)s

-- name: of_groups
-- Parcels in force of residential groups.
SELECT id, ward_id, residential_group_id AS group_id, srid FROM registry.parcel
 WHERE retired_by IS NULL AND residential_group_id = ANY (%(groups)s::int[])
 LIMIT %(limit)s

-- name: in_area
-- Parcels in force that an area touches, or those whose middle it has, so that of two areas side by side one has each.
SELECT id, ward_id, residential_group_id AS group_id, srid
  FROM registry.parcel, ST_GeomFromWKB(%(area)s::bytea, 4326) AS drawn
 WHERE retired_by IS NULL AND geom_4326 && drawn
   AND ST_Intersects(drawn, CASE WHEN %(middle)s THEN ST_PointOnSurface(geom_4326) ELSE geom_4326 END)
 LIMIT %(limit)s

-- name: parcels
-- Parcels as maps have them, with the worst status of their holders; nothing of persons.
SELECT p.id, p.ward_id, p.residential_group_id AS group_id, sheet.sheet_no, p.parcel_no, p.srid,
       ST_AsBinary(ST_Force2D(p.geom)) AS shape,
       p.label_east, p.label_north, p.label_angle::float8 AS label_angle,
       round(p.area_m2::numeric, 1)::float8 AS area_m2,
       coalesce(used.land_type, '') AS land_type,
       coalesce(status.status, 'no_holder') AS status
  FROM registry.parcel p
  JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
  LEFT JOIN (
        SELECT parcel_id, string_agg(land_type, '+' ORDER BY seq) AS land_type
          FROM registry.land_use WHERE parcel_id = ANY (%(ids)s::bigint[]) GROUP BY parcel_id
       ) used ON used.parcel_id = p.id
  LEFT JOIN (
        -- As the layers have it: the current users where any are known, else those on the certificate.
        SELECT DISTINCT ON (parcel_id) parcel_id, min(status.position) AS position
          FROM registry.holding
          JOIN verification.status_in_reach ON status_in_reach.holder_id = holding.holder_id
          JOIN publish.status USING (status)
         WHERE parcel_id = ANY (%(ids)s::bigint[]) AND holding.retired_by IS NULL
         GROUP BY parcel_id, role ORDER BY parcel_id, role = 'current_user' DESC
       ) held ON held.parcel_id = p.id
  LEFT JOIN publish.status ON status.position = held.position
 WHERE p.id = ANY (%(ids)s::bigint[]) AND p.retired_by IS NULL
 ORDER BY p.ward_id, sheet.sheet_no COLLATE registry.vietnamese_numbers, sheet.id, p.parcel_no COLLATE registry.vietnamese_numbers, p.id

-- name: around
-- What lies around, of whichever ward: the parcels in a rectangle that are not printed themselves. Nothing of persons.
SELECT p.id, p.parcel_no, p.srid, ST_AsBinary(ST_Force2D(p.geom)) AS shape
  FROM registry.parcel p
 WHERE p.retired_by IS NULL AND NOT p.id = ANY (%(ids)s::bigint[])
   AND p.geom_4326 && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
 ORDER BY p.id
 LIMIT %(limit)s

-- name: borders
-- Wards in force whose borders are known and lie in a rectangle; where they are is no secret.
SELECT code, name, ST_AsBinary(geom_4326) AS border
  FROM registry.unit
 WHERE level = 'ward' AND valid_to IS NULL
   AND geom_4326 && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
 ORDER BY code
