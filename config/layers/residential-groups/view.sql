-- The outline of a group as it is registered, else the land of its parcels, without the alleys between them (6 m). A group that
-- has neither is nowhere, and no feature.
SELECT g.id, g.code, g.name,
       (SELECT code FROM registry.unit WHERE unit.id = g.ward_id) AS ward_code,
       counted.parcels, counted.parcels_to_verify, counted.parcels_verified, counted.share, counted.share_of_all,
       counted.persons_to_verify, counted.persons_verified, counted.share_of_persons, counted.progress,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.geom
  FROM registry.residential_group g
 CROSS JOIN LATERAL publish.progress_of('residential_group_id', g.id) counted
 CROSS JOIN LATERAL (SELECT coalesce(g.geom_4326, (
        SELECT ST_Buffer(ST_Buffer(ST_Union(geom_4326), 0.000027, 'join=mitre'), -0.000027, 'join=mitre')
          FROM registry.parcel WHERE residential_group_id = g.id AND retired_by IS NULL)) AS geom OFFSET 0) outline
 CROSS JOIN LATERAL (SELECT outline.geom, ST_PointOnSurface(outline.geom) AS point OFFSET 0) label
 WHERE label.geom IS NOT NULL AND NOT ST_IsEmpty(label.geom)
