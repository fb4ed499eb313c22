-- The outline of a ward as it is registered, else a box around its parcels. A ward that has neither is nowhere, and no feature.
SELECT u.id, u.code, u.name,
       counted.parcels, counted.parcels_to_verify, counted.parcels_verified,
       publish.share(counted.parcels_verified, counted.parcels_to_verify) AS share,
       publish.share(counted.parcels_verified, counted.parcels) AS share_of_all,
       counted.persons_to_verify, counted.persons_verified,
       publish.share(counted.persons_verified, counted.persons_to_verify) AS share_of_persons,
       publish.progress_class(counted.parcels_verified, counted.parcels_to_verify) AS progress,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.geom
  FROM registry.unit u
 CROSS JOIN LATERAL (
        -- Parcels by their worst holders; persons once, however many parcels they hold here.
        WITH held AS MATERIALIZED (SELECT * FROM publish.held_parcel WHERE ward_id = u.id)
        SELECT parcels.*, persons.*
          FROM (SELECT count(*) AS parcels,
                       count(*) FILTER (WHERE public_class <> 'none') AS parcels_to_verify,
                       count(*) FILTER (WHERE public_class = 'verified') AS parcels_verified
                  FROM (SELECT min(position) AS position FROM held GROUP BY parcel_id) worst JOIN publish.status USING (position)) parcels,
               (SELECT count(DISTINCT holder_id) FILTER (WHERE public_class <> 'none') AS persons_to_verify,
                       count(DISTINCT holder_id) FILTER (WHERE public_class = 'verified') AS persons_verified FROM held) persons
       ) counted
 CROSS JOIN LATERAL (SELECT coalesce(u.geom_4326, (
        SELECT ST_SetSRID(ST_Extent(geom_4326)::geometry, 4326)
          FROM registry.parcel WHERE ward_id = u.id AND retired_by IS NULL)) AS geom OFFSET 0) outline
 CROSS JOIN LATERAL (SELECT outline.geom, ST_PointOnSurface(outline.geom) AS point OFFSET 0) label
 WHERE u.level = 'ward' AND u.valid_to IS NULL AND label.geom IS NOT NULL
