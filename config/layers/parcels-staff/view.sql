-- As parcels/view.sql, with what only staff may see.
SELECT p.id,
       p.parcel_code,
       (SELECT code FROM registry.unit WHERE unit.id = p.ward_id) AS ward_code,
       (SELECT sheet_no FROM registry.map_sheet WHERE map_sheet.id = p.map_sheet_id) AS sheet_no,
       p.parcel_no,
       (SELECT code FROM registry.residential_group WHERE residential_group.id = p.residential_group_id) AS group_code,
       (SELECT string_agg(land_type, '+' ORDER BY seq) FROM registry.land_use WHERE parcel_id = p.id) AS land_type,
       round(p.area_m2::numeric, 1) AS area_m2,
       p.legal_area_m2,
       worst.public_class AS verification_status,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.angle AS label_angle,
       p.valid_from,
       p.updated_at,
       worst.status AS exact_status,
       (SELECT string_agg(serial, '; ' ORDER BY certificate.id)
          FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
         WHERE parcel_id = p.id AND serial <> '' AND retired_by IS NULL) AS certificate_serial,
       holders.names AS holder_names,
       holders.masked_ids,
       p.geom_4326 AS geom,
       p.geom AS surveyed
  FROM registry.parcel p
  LEFT JOIN LATERAL (
        -- The current holders, and the position of the worst status among them: the current users if any are known,
        -- else those on the certificate.
        SELECT min(status.position) AS position,
               string_agg(holder.full_name, '; ' ORDER BY holding.id) AS names,
               string_agg(coalesce(holder.id_masked, '–'), '; ' ORDER BY holding.id) AS masked_ids
          FROM registry.holding
          JOIN registry.holder ON holder.id = holding.holder_id
          JOIN verification.holder_status ON holder_status.holder_id = holding.holder_id
          JOIN publish.status USING (status)
         WHERE holding.parcel_id = p.id AND holding.retired_by IS NULL
         GROUP BY holding.role ORDER BY holding.role = 'current_user' DESC LIMIT 1
       ) holders ON true
  LEFT JOIN publish.status worst
    ON worst.position = coalesce(holders.position, (SELECT position FROM publish.status WHERE status = 'no_holder'))
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
