-- On its plane the frame is upright; a sheet without parcels is nowhere, and no feature.
SELECT s.id, s.sheet_no, nullif(s.scale, 0) AS scale, s.srid AS epsg,
       (SELECT code FROM registry.unit WHERE unit.id = s.ward_id) AS ward_code,
       nullif(s.old_ward_code, '') AS old_ward_code,
       counted.parcels, counted.parcels_to_verify, counted.parcels_verified, counted.share, counted.share_of_all,
       counted.persons_to_verify, counted.persons_verified, counted.share_of_persons, counted.progress,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       label.geom
  FROM registry.map_sheet s
 CROSS JOIN LATERAL publish.progress_of('map_sheet_id', s.id) counted
 CROSS JOIN LATERAL (SELECT (
        SELECT registry.to_wgs84(ST_SetSRID(ST_Extent(geom)::geometry, s.srid))
          FROM registry.parcel WHERE map_sheet_id = s.id AND retired_by IS NULL) AS geom OFFSET 0) outline
 CROSS JOIN LATERAL (SELECT outline.geom, ST_PointOnSurface(outline.geom) AS point OFFSET 0) label
 WHERE label.geom IS NOT NULL
