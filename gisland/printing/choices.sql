-- name: groups
-- Groups that have parcels, with an outline around these that is good for a sketch: it is no border of the group.
SELECT ward.code, ward.name, of_group.code, of_group.name, count(*),
       ST_AsBinary(ST_Buffer(ST_ConcaveHull(ST_Collect(ST_Centroid(p.geom_4326)), 0.5), 0.00008, 2))
  FROM registry.parcel p
  JOIN registry.residential_group of_group ON of_group.id = p.residential_group_id
  JOIN registry.unit ward ON ward.id = of_group.ward_id
 WHERE p.retired_by IS NULL AND ward.valid_to IS NULL
 GROUP BY ward.code, ward.name, of_group.code, of_group.name
 ORDER BY ward.code, of_group.code COLLATE registry.vietnamese_numbers
