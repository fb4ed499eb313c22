-- Runs with the rights of gisland_publisher: a personal column here is refused when the layer is applied.
SELECT p.id,
       p.parcel_code,
       (SELECT code FROM registry.unit WHERE unit.id = p.ward_id) AS ward_code,
       (SELECT sheet_no FROM registry.map_sheet WHERE map_sheet.id = p.map_sheet_id) AS sheet_no,
       p.parcel_no,
       (SELECT code FROM registry.residential_group WHERE residential_group.id = p.residential_group_id) AS group_code,
       (SELECT string_agg(land_type, '+' ORDER BY seq) FROM registry.land_use WHERE parcel_id = p.id) AS land_type,
       round(p.area_m2::numeric, 1) AS area_m2,
       p.legal_area_m2,
       coalesce(worst.public_class, (SELECT public_class FROM publish.status WHERE status = 'no_holder')) AS verification_status,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.angle AS label_angle,
       p.valid_from,
       p.updated_at,
       p.geom_4326 AS geom,
       p.geom AS surveyed
  FROM registry.parcel p
  LEFT JOIN LATERAL (
        -- The worst status of the current holders: the current users if any are known, else those on the certificate.
        SELECT status.public_class
          FROM registry.holding
          JOIN verification.holder_status USING (holder_id)
          JOIN publish.status USING (status)
         WHERE holding.parcel_id = p.id AND holding.retired_by IS NULL
         ORDER BY holding.role = 'current_user' DESC, status.position LIMIT 1
       ) worst ON true
 CROSS JOIN LATERAL (
        -- Where somebody placed the label, else in the middle.
        SELECT CASE WHEN p.label_east IS NULL THEN ST_PointOnSurface(p.geom_4326)
                    ELSE registry.to_wgs84(ST_SetSRID(ST_Point(p.label_east, p.label_north), p.srid)) END AS point,
               ST_ExteriorRing(ST_OrientedEnvelope(p.geom)) AS ring OFFSET 0  -- computed once
       ) box
 CROSS JOIN LATERAL (
        SELECT box.point,
               -- Of the two sides of the smallest rectangle around the parcel, the longer gives the direction.
               CASE WHEN ST_Distance(ST_PointN(ring, 1), ST_PointN(ring, 2)) >= ST_Distance(ST_PointN(ring, 2), ST_PointN(ring, 3))
                    THEN ST_Azimuth(ST_PointN(ring, 1), ST_PointN(ring, 2))
                    ELSE ST_Azimuth(ST_PointN(ring, 2), ST_PointN(ring, 3)) END AS azimuth
       ) side
 CROSS JOIN LATERAL (
        -- Azimuth (clockwise from north) to text direction (counter-clockwise from east), never upside down.
        SELECT side.point, coalesce(p.label_angle, 90 - mod(round(degrees(side.azimuth)::numeric, 1), 180)) AS angle
       ) label
 WHERE p.retired_by IS NULL
