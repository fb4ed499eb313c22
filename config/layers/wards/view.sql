-- The outline of a ward as it is registered, else a hull around its parcels. A ward that has neither is nowhere, and no feature.
SELECT u.id, u.code, u.name,
       counted.parcels, counted.parcels_to_verify, counted.parcels_verified,
       publish.share(counted.parcels_verified, counted.parcels_to_verify) AS share,
       publish.share(counted.parcels_verified, counted.parcels) AS share_of_all,
       persons.persons_to_verify, persons.persons_verified,
       publish.share(persons.persons_verified, persons.persons_to_verify) AS share_of_persons,
       publish.progress_class(counted.parcels_verified, counted.parcels_to_verify) AS progress,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.geom
  FROM registry.unit u
 CROSS JOIN LATERAL (
        SELECT count(*) AS parcels,
               count(*) FILTER (WHERE public_class <> 'none') AS parcels_to_verify,
               count(*) FILTER (WHERE public_class = 'verified') AS parcels_verified
          FROM publish.counted_parcel WHERE ward_id = u.id
       ) counted
 CROSS JOIN LATERAL (
        SELECT count(DISTINCT holder_id) FILTER (WHERE public_class <> 'none') AS persons_to_verify,
               count(DISTINCT holder_id) FILTER (WHERE public_class = 'verified') AS persons_verified
          FROM publish.counted_holder WHERE ward_id = u.id
       ) persons
 CROSS JOIN LATERAL (SELECT coalesce(u.geom_4326, (
        SELECT ST_ConvexHull(ST_Collect(ST_Envelope(geom_4326)))
          FROM registry.parcel WHERE ward_id = u.id AND retired_by IS NULL)) AS geom OFFSET 0) outline
 CROSS JOIN LATERAL (SELECT outline.geom, ST_PointOnSurface(outline.geom) AS point OFFSET 0) label
 WHERE u.level = 'ward' AND u.valid_to IS NULL AND label.geom IS NOT NULL
