-- Former units and today's: written from the public files on a reform, read by code and date.

-- One at a time: the second one then finds what the first has written.
-- name: lock
SELECT pg_advisory_xact_lock(hashtext('gisland unit reform'))

-- name: stage
CREATE TEMP TABLE reform_unit (position int, level text, code text, name text, name_en text, province text, former boolean,
                               unit_id int) ON COMMIT DROP;
CREATE TEMP TABLE reform_link (old_level text, old_code text, new_level text, new_code text, part text) ON COMMIT DROP;

-- name: copy_units
COPY reform_unit (position, level, code, name, name_en, province, former) FROM STDIN

-- name: copy_links
COPY reform_link FROM STDIN

-- A former unit is the one that ended on the day of the reform; today's may have changed its code or ended since.
-- name: find
UPDATE reform_unit said SET unit_id = found.id
  FROM (SELECT DISTINCT ON (level, code, former) level, code, former, unit.id
          FROM reform_unit JOIN registry.unit USING (level, code)
         WHERE CASE WHEN former THEN valid_to = %(day)s ELSE valid_to IS NULL OR valid_to > %(day)s END
         ORDER BY level, code, former, valid_from, unit.id) found
 WHERE said.unit_id IS NULL AND (said.level, said.code, said.former) = (found.level, found.code, found.former)

-- What the registry says of a unit in force stays; only what it does not say is taken over.
-- name: missing
CREATE TEMP TABLE reform_missing ON COMMIT DROP AS
SELECT unit.id, said.name_en, said.province
  FROM reform_unit said JOIN registry.unit ON unit.id = said.unit_id
 WHERE NOT said.former AND ((unit.name_en = '' AND said.name_en <> '') OR (unit.parent_id IS NULL AND said.province IS NOT NULL))

-- name: counts
SELECT count(*) FILTER (WHERE NOT former AND unit_id IS NULL) AS added,
       count(*) FILTER (WHERE former AND unit_id IS NULL) AS former_added,
       (SELECT count(*) FROM reform_missing) AS completed,
       count(unit_id) AS kept,
       (SELECT count(*) FROM reform_link link
          JOIN reform_unit old ON (old.level, old.code) = (old_level, old_code) AND old.former
          JOIN reform_unit new ON (new.level, new.code) = (new_level, new_code) AND NOT new.former
         WHERE NOT EXISTS (SELECT FROM registry.unit_successor
                            WHERE predecessor_id = old.unit_id AND successor_id = new.unit_id)) AS links_added
  FROM reform_unit

-- name: add_units
INSERT INTO registry.unit (level, code, name, name_en, parent_id, valid_from, valid_to)
SELECT said.level, said.code, said.name, said.name_en, parent.unit_id,
       CASE WHEN said.former THEN %(codes_from)s::date ELSE %(day)s::date END, CASE WHEN said.former THEN %(day)s::date END
  FROM reform_unit said
  LEFT JOIN reform_unit parent ON parent.level = 'province' AND parent.code = said.province AND parent.former = said.former
 WHERE said.unit_id IS NULL AND (said.level = 'province') = %(provinces)s
 ORDER BY said.position
    ON CONFLICT (level, code) WHERE valid_to IS NULL DO NOTHING

-- name: complete_units
UPDATE registry.unit
   SET name_en = CASE WHEN unit.name_en = '' THEN missing.name_en ELSE unit.name_en END,
       parent_id = coalesce(unit.parent_id, parent.id)
  FROM reform_missing missing
  LEFT JOIN registry.unit parent ON parent.level = 'province' AND parent.code = missing.province AND parent.valid_to IS NULL
 WHERE unit.id = missing.id

-- name: add_links
INSERT INTO registry.unit_successor (predecessor_id, successor_id, part)
SELECT old.unit_id, new.unit_id, link.part
  FROM reform_link link
  JOIN reform_unit old ON (old.level, old.code) = (old_level, old_code) AND old.former
  JOIN reform_unit new ON (new.level, new.code) = (new_level, new_code) AND NOT new.former
 ORDER BY old.position, new.position
    ON CONFLICT (predecessor_id, successor_id) DO NOTHING

-- name: without_successor
SELECT old_code, new_code FROM reform_link
 WHERE NOT EXISTS (SELECT FROM reform_unit WHERE (level, code) = (new_level, new_code) AND NOT former)
 ORDER BY 1, 2

-- name: other_names
SELECT said.code, said.name, unit.name FROM reform_unit said JOIN registry.unit ON unit.id = said.unit_id
 WHERE said.name <> unit.name ORDER BY said.former, said.position

-- name: unknown_units
SELECT code FROM registry.unit
 WHERE level = 'ward' AND valid_to IS NULL AND code IN (SELECT code FROM reform_unit WHERE former)
   AND code NOT IN (SELECT code FROM reform_unit WHERE NOT former)
 ORDER BY code

-- name: meanings
WITH named AS NOT MATERIALIZED (
    SELECT unit.id, unit.level, unit.code, unit.name, unit.name_en, parent.code AS province, unit.valid_from, unit.valid_to
      FROM registry.unit LEFT JOIN registry.unit parent ON parent.id = unit.parent_id
)
SELECT to_jsonb(named) || jsonb_build_object(
           'predecessors', (SELECT coalesce(jsonb_agg(to_jsonb(old) || jsonb_build_object('part', part) ORDER BY old.code, old.id), '[]')
                              FROM registry.unit_successor JOIN named old ON old.id = predecessor_id
                             WHERE successor_id = named.id),
           'successors', (SELECT coalesce(jsonb_agg(to_jsonb(new) || jsonb_build_object('part', part) ORDER BY new.code, new.id), '[]')
                            FROM registry.unit_successor JOIN named new ON new.id = successor_id
                           WHERE predecessor_id = named.id))
  FROM named
 WHERE code = %(code)s AND (%(on)s::date IS NULL OR (valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)))
 ORDER BY valid_from, level, id

-- Also of units that went into one that itself went into this one.
-- name: former_codes
WITH RECURSIVE former (id) AS (
    SELECT predecessor_id FROM registry.unit_successor WHERE successor_id = %(unit)s
     UNION
    SELECT predecessor_id FROM former JOIN registry.unit_successor ON successor_id = former.id
)
SELECT code FROM registry.unit JOIN former USING (id) WHERE level = 'ward' ORDER BY code
