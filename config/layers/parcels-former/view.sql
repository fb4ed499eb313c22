-- As parcels/view.sql, of those that have ended. Their rights ended with them: there is nothing to verify. What an undo
-- took back has never been.
SELECT p.id,
       p.parcel_code,
       (SELECT code FROM registry.unit WHERE unit.id = p.ward_id) AS ward_code,
       (SELECT sheet_no FROM registry.map_sheet WHERE map_sheet.id = p.map_sheet_id) AS sheet_no,
       p.parcel_no,
       (SELECT code FROM registry.residential_group WHERE residential_group.id = p.residential_group_id) AS group_code,
       (SELECT string_agg(land_type, '+' ORDER BY seq) FROM registry.land_use WHERE parcel_id = p.id) AS land_type,
       round(p.area_m2::numeric, 1) AS area_m2,
       p.legal_area_m2,
       round(ST_X(label.point)::numeric, 7) AS label_x,
       round(ST_Y(label.point)::numeric, 7) AS label_y,
       p.valid_from,
       p.updated_at,
       coalesce(p.valid_to, greatest(ended.valid_on, p.valid_from)) AS valid_to,
       (SELECT string_agg(next.parcel_code, '; ' ORDER BY next.parcel_code)
          FROM registry.parcel_lineage l JOIN registry.parcel next ON next.id = l.descendant_id
         WHERE l.ancestor_id = p.id) AS successors,
       p.geom_4326 AS geom,
       p.geom AS surveyed
  FROM registry.parcel p
  JOIN registry.change ended ON ended.id = p.retired_by
 CROSS JOIN LATERAL (
        SELECT CASE WHEN p.label_east IS NULL THEN ST_PointOnSurface(p.geom_4326)
                    ELSE registry.to_wgs84(ST_SetSRID(ST_Point(p.label_east, p.label_north), p.srid)) END AS point OFFSET 0
       ) label
 WHERE ended.undoes IS DISTINCT FROM p.created_by
