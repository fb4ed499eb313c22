-- The outline of a ward as it is registered, else a box around its parcels. A ward that has neither is nowhere, and no feature.
SELECT u.id, u.code, u.name,
       counted.parcels, counted.parcels_to_verify, counted.parcels_verified, counted.share, counted.share_of_all,
       counted.persons_to_verify, counted.persons_verified, counted.share_of_persons, counted.progress,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.geom
  FROM registry.unit u
 CROSS JOIN LATERAL publish.progress_of('ward_id', u.id) counted
 CROSS JOIN LATERAL (SELECT coalesce(u.geom_4326, (
        SELECT ST_SetSRID(ST_Extent(geom_4326)::geometry, 4326)
          FROM registry.parcel WHERE ward_id = u.id AND retired_by IS NULL)) AS geom OFFSET 0) outline
 CROSS JOIN LATERAL (SELECT outline.geom, ST_PointOnSurface(outline.geom) AS point OFFSET 0) label
 WHERE u.level = 'ward' AND u.valid_to IS NULL AND label.geom IS NOT NULL
