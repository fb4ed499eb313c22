-- Parcels from a map file: judged against the registry, then accepted. An empty cell (NULL) says nothing: it erases nothing.

-- name: duplicates
SELECT (array_agg(row_no ORDER BY row_no))[1:2] AS rows, sheet_no, scale, parcel_no
  FROM staged_parcel
 GROUP BY old_ward_code, sheet_no, scale, parcel_no HAVING count(*) > 1
 ORDER BY 1

-- A code is given once in the country: not to two rows, not to one whose parcel is another one in the registry.
-- name: codes_taken
SELECT min(row_no) FROM staged_parcel staged
 WHERE parcel_code IS NOT NULL
   AND (EXISTS (SELECT FROM staged_parcel other WHERE other.parcel_code = staged.parcel_code AND other.row_no < staged.row_no)
        OR parcel_code IN (SELECT registry.taken_codes(ARRAY(SELECT parcel_code FROM staged_parcel WHERE parcel_code IS NOT NULL)))
           AND NOT EXISTS (SELECT FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id
                    WHERE parcel.parcel_code = staged.parcel_code
                      AND (sheet.ward_id, sheet.old_ward_code, sheet.sheet_no, sheet.scale, parcel.parcel_no)
                          = (%(ward)s, staged.old_ward_code, staged.sheet_no, staged.scale, staged.parcel_no)))
 GROUP BY row_no ORDER BY 1

-- name: other_crs
SELECT DISTINCT sheet_no, scale, sheet.srid
  FROM staged_parcel JOIN registry.map_sheet sheet USING (old_ward_code, sheet_no, scale)
 WHERE sheet.ward_id = %(ward)s AND sheet.srid <> %(srid)s
 ORDER BY 1, 2

-- The sheets of a file. Each row names its sheet: a name is taken when most rows of the sheet say it, for a new sheet or
-- one that never had any (`unnamed`): where it was taken away again, that was a correction.
-- name: sheets
CREATE TEMP TABLE staged_sheet ON COMMIT DROP AS
WITH said AS (
    SELECT old_ward_code, sheet_no, scale, sheet_name, count(*) AS rows
      FROM staged_parcel GROUP BY old_ward_code, sheet_no, scale, sheet_name
), staged AS (
    SELECT old_ward_code, sheet_no, scale, count(sheet_name) > 1 AS several,
           CASE WHEN 2 * max(rows) FILTER (WHERE sheet_name IS NOT NULL) > sum(rows)
                THEN (array_agg(sheet_name ORDER BY rows DESC) FILTER (WHERE sheet_name IS NOT NULL))[1] END AS name
      FROM said GROUP BY old_ward_code, sheet_no, scale
)
SELECT staged.*, sheet.id, sheet.name AS kept,
       sheet.name = '' AND staged.name IS NOT NULL AND NOT EXISTS (
           SELECT FROM history.map_sheet former WHERE former.id = sheet.id AND former.name <> '') AS unnamed
  FROM staged
  LEFT JOIN registry.map_sheet sheet ON sheet.ward_id = %(ward)s AND sheet.old_ward_code = staged.old_ward_code
                                    AND sheet.sheet_no = staged.sheet_no AND sheet.scale = staged.scale

-- name: new_places
SELECT EXISTS (SELECT FROM staged_sheet WHERE id IS NULL OR unnamed)
    OR EXISTS (SELECT group_code FROM staged_parcel WHERE group_code IS NOT NULL
               EXCEPT SELECT code FROM registry.residential_group WHERE ward_id = %(ward)s)

-- Sheets are locked in one order, as acts do.
-- name: name_sheets
WITH locked AS (
    SELECT id, staged.name FROM registry.map_sheet sheet JOIN staged_sheet staged USING (id)
     WHERE unnamed AND sheet.name = '' ORDER BY id FOR UPDATE OF sheet
)
UPDATE registry.map_sheet sheet SET name = locked.name FROM locked WHERE sheet.id = locked.id

-- name: add_sheets
INSERT INTO registry.map_sheet (ward_id, old_ward_code, sheet_no, scale, srid, name)
SELECT %(ward)s::int, old_ward_code, sheet_no, scale, %(srid)s::int, coalesce(name, '')
  FROM staged_sheet WHERE id IS NULL
 ORDER BY old_ward_code, scale, sheet_no COLLATE registry.vietnamese_numbers

-- name: other_names
SELECT sheet_no || CASE WHEN scale > 0 THEN ' (1:' || scale || ')' ELSE '' END,
       CASE WHEN kept <> name AND NOT unnamed THEN name || ' ≠ ' || coalesce(nullif(kept, ''), '∅') END
  FROM staged_sheet
 WHERE several OR (kept <> name AND NOT unnamed)
 ORDER BY old_ward_code, scale, sheet_no COLLATE registry.vietnamese_numbers

-- name: add_groups
INSERT INTO registry.residential_group (ward_id, code, name)
SELECT %(ward)s, group_code, 'Tổ dân phố ' || group_code FROM staged_parcel WHERE group_code IS NOT NULL
 GROUP BY group_code ORDER BY group_code COLLATE registry.vietnamese_numbers
    ON CONFLICT (ward_id, code) DO NOTHING

-- What becomes of each row; a new parcel gets its id here (in the order of the file), so that its land types need not
-- look it up. What an intake wrote last was made by a change with a batch; any other change means that somebody
-- corrected it since.
-- name: judge
CREATE TEMP TABLE judged_parcel ON COMMIT DROP AS
WITH judged AS (
    SELECT staged.row_no, sheet.id AS map_sheet_id, residential_group.id AS residential_group_id, parcel.id AS old_id,
           parcel.version,
           CASE
               WHEN accepted.row_no IS NOT NULL THEN 'seen'
               WHEN parcel.id IS NULL AND retired.parcel_no IS NOT NULL THEN 'conflict'
               WHEN parcel.id IS NULL THEN 'new'
               -- `=` of geometries compares every coordinate, bit by bit.
               WHEN parcel.geom = staged.geom
                    AND parcel.legal_area_m2 IS NOT DISTINCT FROM coalesce(staged.legal_area_m2::numeric(14, 1), parcel.legal_area_m2)
                    AND parcel.address = coalesce(staged.address, parcel.address)
                    AND (staged.parcel_code IS NULL OR parcel.parcel_code = staged.parcel_code)
                    AND parcel.residential_group_id IS NOT DISTINCT FROM coalesce(residential_group.id, parcel.residential_group_id)
                    AND (staged.land_types IS NULL OR coalesce(
                          (SELECT string_agg(land_type, '+' ORDER BY seq) = staged.land_types
                                  OR bool_or(area_m2 IS NOT NULL OR origin <> '' OR use_form <> '' OR term <> '')
                             FROM registry.land_use WHERE parcel_id = parcel.id), false)) THEN 'same'
               WHEN EXISTS (SELECT FROM registry.change
                             WHERE id = parcel.changed_by AND batch_id IS NOT NULL) THEN 'changed'
               ELSE 'conflict'
           END AS outcome
      FROM staged_parcel staged
      JOIN registry.map_sheet sheet
        ON sheet.ward_id = %(ward)s AND sheet.old_ward_code = staged.old_ward_code AND sheet.sheet_no = staged.sheet_no
       AND sheet.scale = staged.scale
      LEFT JOIN registry.residential_group
        ON residential_group.ward_id = %(ward)s AND residential_group.code = staged.group_code
      LEFT JOIN registry.parcel
        ON parcel.ward_id = %(ward)s AND parcel.map_sheet_id = sheet.id AND parcel.parcel_no = staged.parcel_no AND parcel.retired_by IS NULL
      LEFT JOIN (SELECT DISTINCT map_sheet_id, parcel_no FROM registry.parcel
                  WHERE ward_id = %(ward)s AND retired_by IS NOT NULL) retired
        ON retired.map_sheet_id = sheet.id AND retired.parcel_no = staged.parcel_no
      LEFT JOIN intake.source_row accepted
        ON accepted.ward_id = %(ward)s AND accepted.kind = 'parcels' AND accepted.content_hash = staged.content_hash
     ORDER BY staged.row_no
)
SELECT row_no, map_sheet_id, residential_group_id, coalesce(old_id, nextval('registry.parcel_id_seq')) AS parcel_id, version,
       outcome
  FROM judged

-- name: analyze
ANALYZE judged_parcel

-- What is to be changed stays as it is from here on; whoever was faster than that is heard in `refuse_moved`. Nobody can
-- add to the lists of a parcel that is locked so, either.
-- name: lock_parcels
SELECT count(*)
  FROM (SELECT FROM registry.parcel JOIN judged_parcel judged ON judged.parcel_id = parcel.id
         WHERE outcome = 'changed' ORDER BY parcel.id FOR UPDATE OF parcel) locked

-- Land types of a map file replace those of an earlier map file, never what a form said (with area, origin or term).
-- name: land_uses
CREATE TEMP TABLE replaced_land_use ON COMMIT DROP AS
SELECT row_no, parcel_id
  FROM judged_parcel judged JOIN staged_parcel staged USING (row_no)
 WHERE outcome = 'changed' AND land_types IS NOT NULL
   AND coalesce((SELECT string_agg(land_type, '+' ORDER BY seq) <> staged.land_types
                        AND NOT bool_or(area_m2 IS NOT NULL OR origin <> '' OR use_form <> '' OR term <> '')
                   FROM registry.land_use WHERE land_use.parcel_id = judged.parcel_id), true)

-- name: lock_land_uses
SELECT count(*)
  FROM (SELECT FROM registry.land_use JOIN replaced_land_use USING (parcel_id) ORDER BY land_use.id FOR UPDATE OF land_use) locked

-- name: refuse_moved
UPDATE judged_parcel judged SET outcome = 'conflict'
  FROM registry.parcel
 WHERE outcome = 'changed' AND parcel.id = judged.parcel_id
   AND (parcel.version <> judged.version OR parcel.retired_by IS NOT NULL)

-- Land types that somebody corrected by SQL, without their parcel.
-- name: refuse_corrected_land_uses
UPDATE judged_parcel judged SET outcome = 'conflict'
  FROM replaced_land_use replaced JOIN registry.land_use USING (parcel_id) JOIN registry.change ON change.id = land_use.changed_by
 WHERE outcome = 'changed' AND judged.row_no = replaced.row_no AND batch_id IS NULL

-- name: counts
SELECT outcome, count(*) FROM judged_parcel GROUP BY outcome

-- name: conflicts
SELECT row_no, sheet_no, parcel_no FROM judged_parcel JOIN staged_parcel USING (row_no)
 WHERE outcome = 'conflict' ORDER BY row_no

-- name: uncoded
SELECT row_no, ST_AsBinary(geom) FROM judged_parcel JOIN staged_parcel USING (row_no)
 WHERE outcome = 'new' AND parcel_code IS NULL ORDER BY row_no

-- Where two parcels have their pole in one cell (a parcel drawn on two sheets), the first has the code.
-- name: drop_codes_taken
DELETE FROM computed_code USING (
       SELECT row_no, row_number() OVER (PARTITION BY code ORDER BY row_no) > 1
              OR code IN (SELECT registry.taken_codes(ARRAY(SELECT code FROM computed_code)))
              OR EXISTS (SELECT FROM staged_parcel WHERE parcel_code = code) AS taken FROM computed_code) judged
 WHERE judged.row_no = computed_code.row_no AND taken

-- name: add_parcels
INSERT INTO registry.parcel
       (id, ward_id, map_sheet_id, residential_group_id, parcel_no, parcel_code, parcel_code_method, srid, geom,
        legal_area_m2, address, created_by)
OVERRIDING SYSTEM VALUE
SELECT parcel_id, %(ward)s, map_sheet_id, residential_group_id, parcel_no, coalesce(parcel_code, computed.code),
       computed.method, %(srid)s, geom, legal_area_m2, coalesce(address, ''), %(change)s
  FROM judged_parcel JOIN staged_parcel USING (row_no) LEFT JOIN computed_code computed USING (row_no)
 WHERE outcome = 'new' ORDER BY map_sheet_id, row_no

-- name: add_land_uses
INSERT INTO registry.land_use (parcel_id, seq, land_type)
SELECT parcel_id, seq, land_type
  FROM judged_parcel JOIN staged_parcel USING (row_no),
       string_to_table(land_types, '+') WITH ORDINALITY AS types (land_type, seq)
 WHERE outcome = 'new' ORDER BY parcel_id, seq

-- name: change_parcels
UPDATE registry.parcel
   SET geom = staged.geom,
       legal_area_m2 = coalesce(staged.legal_area_m2::numeric(14, 1), parcel.legal_area_m2),
       address = coalesce(staged.address, parcel.address),
       parcel_code = coalesce(staged.parcel_code, parcel.parcel_code),
       parcel_code_method = CASE WHEN staged.parcel_code IS NULL THEN parcel.parcel_code_method END,
       residential_group_id = coalesce(judged.residential_group_id, parcel.residential_group_id)
  FROM judged_parcel judged JOIN staged_parcel staged USING (row_no)
 WHERE judged.outcome = 'changed' AND parcel.id = judged.parcel_id

-- name: drop_land_uses
DELETE FROM registry.land_use
 USING judged_parcel judged JOIN replaced_land_use USING (row_no)
 WHERE outcome = 'changed' AND land_use.parcel_id = judged.parcel_id

-- name: change_land_uses
INSERT INTO registry.land_use (parcel_id, seq, land_type)
SELECT judged.parcel_id, seq, land_type
  FROM judged_parcel judged JOIN replaced_land_use USING (row_no) JOIN staged_parcel staged USING (row_no),
       string_to_table(land_types, '+') WITH ORDINALITY AS types (land_type, seq)
 WHERE outcome = 'changed' ORDER BY judged.parcel_id, seq

-- name: accept_rows
INSERT INTO intake.source_row (ward_id, kind, content_hash, batch_id, row_no)
SELECT %(ward)s, 'parcels', content_hash, %(batch)s, row_no
  FROM judged_parcel JOIN staged_parcel USING (row_no)
 WHERE outcome IN ('new', 'changed', 'same') ORDER BY content_hash
