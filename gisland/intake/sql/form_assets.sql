-- Assets of a form PL3-01: each row's own asset, and of a flat the building and the complex that it names.

-- The keys of the three within this form. Names count within their complex, or else on their parcel; what has no number
-- and no name is the one of its kind that the certificate names on the parcel.
-- name: asset_rows
CREATE TEMP TABLE form_asset_row ON COMMIT DROP AS
WITH said AS (
    SELECT DISTINCT ON (row_no) row_no, place, parcel_id, certificate_key, asset_kind AS kind, complex_name, building_name,
           asset_no, footprint::numeric(14, 1), floor_area::numeric(14, 1), ownership_form, ownership_term, grade,
           CASE WHEN asset_kind LIKE 'apartment%' THEN nullif(complex_key, '') END AS complex_key,
           CASE WHEN asset_kind LIKE 'apartment%' THEN nullif(building_key, '') END AS building_key
      FROM form_right WHERE NOT seen AND parcel_id IS NOT NULL AND asset_kind IS NOT NULL ORDER BY row_no
), named AS (
    -- A row that leaves out the complex means the building of that name on its parcel.
    SELECT *, 'C' || coalesce(complex_key, CASE WHEN building_key IS NOT NULL THEN
                                  max(complex_key) OVER (PARTITION BY parcel_id, building_key) END) AS complex
      FROM said
), housed AS (
    SELECT *, 'B' || coalesce(complex, 'P' || parcel_id) || '|' || building_key AS building FROM named
)
SELECT *, CASE WHEN kind = 'apartment_complex' AND complex IS NOT NULL THEN complex
               WHEN kind = 'apartment_building' AND building IS NOT NULL THEN building
               WHEN kind = 'apartment' AND asset_no <> ''
                   THEN 'A' || coalesce(building, complex, 'P' || parcel_id) || '|' || lower(asset_no)
               ELSE 'O' || kind || '|' || parcel_id || '|' || certificate_key END AS asset_key
  FROM housed

-- Buildings and complexes are known by name, as it is compared.
-- name: estates
SELECT id, name FROM registry.asset
 WHERE ward_id = %(ward)s AND kind IN ('apartment_building', 'apartment_complex') AND name <> ''
   AND EXISTS (SELECT FROM form_asset_row WHERE complex IS NOT NULL OR building IS NOT NULL)

-- name: asset_table
CREATE TEMP TABLE form_asset (
    asset_key text, kind text, parent_id bigint, name text, number text, footprint numeric(14, 1), floor_area numeric(14, 1),
    ownership_form text, ownership_term text, grade text, existing_id bigint, version int, asset_id bigint, differs boolean,
    free boolean, ended boolean
) ON COMMIT DROP

-- One level: complexes (1), buildings (2), all others (3). An asset that somebody has ended does not come back.
-- name: assets
INSERT INTO form_asset
WITH mentions AS (
    SELECT row_no, 1 AS level, complex AS asset_key, 'apartment_complex' AS kind, NULL AS parent_key, complex_name AS name,
           complex_key AS name_key, '' AS number, asset_key = complex AS own
      FROM form_asset_row WHERE complex IS NOT NULL
     UNION ALL
    SELECT row_no, 2, building, 'apartment_building', complex, building_name, building_key, '', asset_key = building
      FROM form_asset_row WHERE building IS NOT NULL
     UNION ALL
    SELECT row_no, 3, asset_key, kind, CASE WHEN kind <> 'apartment_complex' THEN coalesce(building, complex) END,
           CASE WHEN building IS NULL AND complex IS NULL THEN coalesce(nullif(building_name, ''), complex_name) ELSE '' END,
           NULL, asset_no, true
      FROM form_asset_row WHERE asset_key IS DISTINCT FROM complex AND asset_key IS DISTINCT FROM building
), said AS (
    SELECT DISTINCT ON (m.asset_key) row_no, m.asset_key, m.kind, m.parent_key, m.name, m.name_key, m.number, r.parcel_id,
           r.certificate_key, CASE WHEN own THEN footprint END AS footprint, CASE WHEN own THEN floor_area END AS floor_area,
           CASE WHEN own THEN ownership_form ELSE '' END AS ownership_form,
           CASE WHEN own THEN ownership_term ELSE '' END AS ownership_term, CASE WHEN own THEN grade ELSE '' END AS grade
      FROM mentions m JOIN form_asset_row r USING (row_no)
     WHERE level = %(level)s
     ORDER BY m.asset_key, own DESC, m.name = '', row_no
)
SELECT said.asset_key, said.kind, parent.asset_id, said.name, said.number, said.footprint, said.floor_area,
       said.ownership_form, said.ownership_term, said.grade, existing.id, existing.version,
       coalesce(existing.id, nextval('registry.asset_id_seq')),
       existing.retired_by IS NULL AND coalesce(
           (said.footprint IS NOT NULL AND said.footprint IS DISTINCT FROM existing.footprint_m2)
           OR (said.floor_area IS NOT NULL AND said.floor_area IS DISTINCT FROM existing.floor_area_m2)
           OR (said.ownership_form <> '' AND said.ownership_form <> existing.ownership_form)
           OR (said.ownership_term <> '' AND said.ownership_term <> existing.ownership_term)
           OR (said.grade <> '' AND said.grade <> existing.grade)
           OR (NOT parent.ended AND parent.asset_id IS DISTINCT FROM existing.parent_id), false)
           AND existing.id IS NOT NULL,
       EXISTS (SELECT FROM registry.change WHERE id = existing.changed_by AND batch_id IS NOT NULL),
       existing.retired_by IS NOT NULL OR (existing.id IS NULL AND coalesce(parent.ended, false))
  FROM said
  LEFT JOIN form_certificate certificate USING (certificate_key)
  LEFT JOIN form_asset parent ON parent.asset_key = said.parent_key
  LEFT JOIN LATERAL (
        SELECT a.*, on_parcel, named, named_here
          FROM (SELECT id FROM registry.asset WHERE parent_id = parent.existing_id
                 UNION SELECT asset_id FROM registry.asset_parcel WHERE parcel_id = said.parcel_id
                 UNION SELECT id FROM known_estate WHERE name_key = said.name_key AND said.kind = 'apartment_complex') likely
         -- OFFSET 0: each is looked up by its id, though by stale statistics the whole ward would seem as few
         CROSS JOIN LATERAL (SELECT * FROM registry.asset WHERE asset.id = likely.id OFFSET 0) a
         CROSS JOIN LATERAL (
               SELECT EXISTS (SELECT FROM registry.asset_parcel WHERE asset_id = a.id AND parcel_id = said.parcel_id) AS on_parcel,
                      EXISTS (SELECT FROM registry.certificate_asset WHERE asset_id = a.id) AS named,
                      EXISTS (SELECT FROM registry.certificate_asset
                               WHERE asset_id = a.id AND certificate_id = certificate.existing_id) AS named_here) linked
         WHERE a.ward_id = %(ward)s AND a.kind = said.kind
           AND CASE WHEN said.name_key IS NOT NULL
                        THEN EXISTS (SELECT FROM known_estate WHERE id = a.id AND name_key = said.name_key)
                             AND (said.kind = 'apartment_complex' OR a.parent_id = parent.existing_id
                                  OR (on_parcel AND (a.parent_id IS NULL OR said.parent_key IS NULL)))
                    WHEN said.kind = 'apartment' AND said.number <> ''
                        THEN lower(a.number) = lower(said.number)
                             AND (a.parent_id = parent.existing_id
                                  OR (on_parcel AND (a.parent_id IS NULL OR said.parent_key IS NULL)))
                    ELSE on_parcel AND (named_here OR NOT named) END
         ORDER BY a.retired_by IS NOT NULL, named_here DESC, a.id LIMIT 1
       ) existing ON true
 ORDER BY said.row_no

-- The parcel and the certificate of each row's own asset. Where one of the two is missing though the asset is there, an
-- intake adds it, but not where somebody has corrected the asset or the certificate since.
-- name: asset_links
CREATE TEMP TABLE form_asset_link ON COMMIT DROP AS
SELECT said.*, existing_id IS NULL AND NOT ended AS new,
       existing_id IS NOT NULL AND NOT ended
           AND NOT (EXISTS (SELECT FROM registry.asset_parcel l WHERE l.asset_id = said.asset_id AND l.parcel_id = said.parcel_id)
                    AND EXISTS (SELECT FROM registry.certificate_asset l
                                 WHERE l.asset_id = said.asset_id AND l.certificate_id = said.certificate_id)) AS differs
  FROM (SELECT DISTINCT r.asset_key, r.certificate_key, r.parcel_id, asset.asset_id, asset.existing_id, ended,
               certificate_id, asset.free AND (certificate.existing_id IS NULL OR certificate.free) AS free
          FROM form_asset_row r JOIN form_asset asset USING (asset_key) JOIN form_certificate certificate USING (certificate_key)
       ) said

-- name: new_assets
SELECT count(*) FROM form_asset WHERE existing_id IS NULL AND NOT ended

-- name: add_assets
INSERT INTO registry.asset (id, ward_id, kind, parent_id, name, number, footprint_m2, floor_area_m2, ownership_form,
                            ownership_term, grade, created_by)
OVERRIDING SYSTEM VALUE
SELECT asset_id, %(ward)s, kind, parent_id, name, number, footprint, floor_area, ownership_form, ownership_term, grade,
       %(change)s
  FROM form_asset WHERE existing_id IS NULL AND NOT ended ORDER BY asset_id

-- name: change_assets
UPDATE registry.asset
   SET parent_id = coalesce(said.parent_id, asset.parent_id),
       footprint_m2 = coalesce(said.footprint, asset.footprint_m2),
       floor_area_m2 = coalesce(said.floor_area, asset.floor_area_m2),
       ownership_form = coalesce(nullif(said.ownership_form, ''), asset.ownership_form),
       ownership_term = coalesce(nullif(said.ownership_term, ''), asset.ownership_term),
       grade = coalesce(nullif(said.grade, ''), asset.grade)
  FROM form_asset said
 WHERE said.differs AND said.free AND asset.id = said.existing_id

-- The building and the complex of something new stand on its parcel, too.
-- name: add_asset_parcels
INSERT INTO registry.asset_parcel (asset_id, parcel_id)
SELECT asset_id, parcel_id FROM form_asset_link WHERE new OR (differs AND free)
 UNION
SELECT house.asset_id, r.parcel_id
  FROM form_asset_row r
  JOIN form_asset own USING (asset_key)
 CROSS JOIN LATERAL unnest(ARRAY[r.building, r.complex]) AS mentioned (asset_key)
  JOIN form_asset house ON house.asset_key = mentioned.asset_key
 WHERE NOT house.ended AND (house.existing_id IS NULL OR (own.existing_id IS NULL AND house.free))
 ORDER BY 1, 2
    ON CONFLICT DO NOTHING

-- name: add_certificate_assets
INSERT INTO registry.certificate_asset (certificate_id, asset_id)
SELECT DISTINCT certificate_id, asset_id FROM form_asset_link WHERE new OR (differs AND free)
 ORDER BY 1, 2
    ON CONFLICT DO NOTHING
