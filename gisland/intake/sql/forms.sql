-- Form PL3-01: certificates, parcels on them, holders and their rights.
-- A form adds and changes, it ends nothing: a right that is no longer in a form stays until somebody retires it.
-- An empty cell says nothing, so it erases nothing.

-- One row per right, with its parcel (only when exactly one bears the numbers), the key of its certificate within this
-- form and the key of its holder.
-- name: rights
CREATE TEMP TABLE form_right ON COMMIT DROP AS
WITH numbers AS (
    SELECT DISTINCT row_no, sheet_no, parcel_no, old_ward_code FROM staged_form
), located AS (
    SELECT row_no, count(parcel.id) AS found, min(parcel.id) AS parcel_id, min(parcel.version) AS parcel_version
      FROM numbers
      LEFT JOIN (registry.map_sheet sheet
                 JOIN registry.parcel ON parcel.map_sheet_id = sheet.id AND parcel.retired_by IS NULL)
        ON sheet.ward_id = %(ward)s AND sheet.sheet_no = numbers.sheet_no AND parcel.parcel_no = numbers.parcel_no
       AND (numbers.old_ward_code = '' OR sheet.old_ward_code IN ('', numbers.old_ward_code))
     GROUP BY row_no
), placed AS (
    SELECT staged.*, accepted.row_no IS NOT NULL AS seen, found, CASE WHEN found = 1 THEN parcel_id END AS parcel_id,
           parcel_version
      FROM staged_form staged
      JOIN located USING (row_no)
      LEFT JOIN intake.source_row accepted
        ON accepted.ward_id = %(ward)s AND accepted.kind = 'form' AND accepted.content_hash = staged.content_hash
), certified AS (
    SELECT *, CASE WHEN serial_key <> '' THEN 'S' || serial_key
                   ELSE concat_ws('|', 'N', book_no, coalesce(parcel_id::text, paper_sheet || '/' || paper_parcel),
                                  CASE WHEN book_no = '' THEN holder_name_key END) END AS certificate_key
      FROM placed
)
-- Two people who bear one id stay two; a row without id is the person of that name on the same certificate.
SELECT *, coalesce('I' || encode(id_hash, 'hex') || name_key,
                   max('I' || encode(id_hash, 'hex') || name_key) OVER (PARTITION BY certificate_key, name_key),
                   'N' || certificate_key || '|' || name_key) AS holder_key
  FROM certified

-- What an intake wrote last was made by a change with a batch; any other change means that somebody corrected it since.
-- name: certificates
CREATE TEMP TABLE form_certificate ON COMMIT DROP AS
SELECT said.*, existing.id AS existing_id, existing.version,
       coalesce(existing.id, nextval('registry.certificate_id_seq')) AS certificate_id,
       coalesce((said.book_no <> '' AND said.book_no <> existing.book_no)
                OR (said.scan_file <> '' AND said.scan_file <> existing.scan_file)
                OR said.issue_date <> existing.issue_date
                OR (said.issue_date IS NOT NULL AND existing.issue_date IS NULL), false)
       AND existing.id IS NOT NULL AND existing.retired_by IS NULL AS differs,
       existing.retired_by IS NOT NULL AS retired,
       EXISTS (SELECT FROM registry.change WHERE id = existing.changed_by AND batch_id IS NOT NULL) AS free
  FROM (SELECT DISTINCT ON (certificate_key) certificate_key, serial, serial_key, book_no, issue_date, scan_file,
               parcel_id, paper_sheet, paper_parcel, holder_name_key
          FROM form_right WHERE NOT seen ORDER BY certificate_key, row_no) said
  LEFT JOIN LATERAL (
        SELECT * FROM registry.certificate
         WHERE ward_id = %(ward)s AND serial_key = said.serial_key AND serial_key <> ''
         UNION ALL
        SELECT certificate.* FROM registry.certificate
         WHERE said.serial_key = '' AND ward_id = %(ward)s AND serial_key = '' AND book_no = said.book_no
           AND EXISTS (SELECT FROM registry.certificate_parcel named WHERE named.certificate_id = certificate.id
                          AND (named.parcel_id = said.parcel_id
                               OR (named.paper_sheet_no, named.paper_parcel_no) = (said.paper_sheet, said.paper_parcel)))
           AND (said.book_no <> ''
                OR EXISTS (SELECT FROM registry.holding JOIN registry.holder ON holder.id = holder_id
                            WHERE certificate_id IN (certificate.id, certificate.replaced_by)
                              AND holder.name_key = said.holder_name_key))
         -- One in force before others that bear the same serial.
         ORDER BY retired_by NULLS FIRST, id LIMIT 1
       ) existing ON true

-- Rows on a certificate that is out of force, with its serial and that of the one in its place. They are told and not
-- applied: an old paper must not bring back what has changed since.
-- name: replaced
CREATE TEMP TABLE form_replaced ON COMMIT DROP AS
WITH RECURSIVE line (certificate_key, id) AS (
    SELECT certificate_key, existing_id FROM form_certificate WHERE retired
     UNION
    SELECT certificate_key, replaced_by FROM line JOIN registry.certificate USING (id) WHERE replaced_by IS NOT NULL
)
SELECT r.row_no, min(r.place) AS place, min(coalesce(nullif(r.serial, ''), r.book_no)) AS serial, min(newest.serial) AS replaced_by
  FROM form_right r
  JOIN line USING (certificate_key)
  LEFT JOIN registry.certificate newest ON newest.id = line.id AND newest.retired_by IS NULL
 WHERE NOT seen GROUP BY r.row_no

-- name: leave_replaced
UPDATE form_right SET seen = true WHERE row_no IN (SELECT row_no FROM form_replaced)

-- name: replacements
SELECT place, serial, replaced_by FROM form_replaced ORDER BY row_no

-- name: holders
CREATE TEMP TABLE form_holder ON COMMIT DROP AS
WITH said AS (
    SELECT DISTINCT ON (holder_key) holder_key, kind, full_name, name_key, birth_date, birth_year, gender,
           id_kind, id_cipher, id_hash, id_masked, address, existing_id AS known_certificate_id
      FROM form_right JOIN form_certificate USING (certificate_key)
     WHERE NOT seen ORDER BY holder_key, id_hash IS NULL, row_no
), known AS (
    SELECT said.*, coalesce(
             (SELECT min(id) FROM registry.holder
               WHERE ward_id = %(ward)s AND id_hash = said.id_hash AND name_key = said.name_key),
             -- The same name on the same certificate, where one of the two has no id yet or only the old one (CMND).
             (SELECT min(holder.id) FROM registry.holding JOIN registry.holder ON holder.id = holder_id
               WHERE certificate_id = said.known_certificate_id AND retired_by IS NULL AND holder.name_key = said.name_key
                 AND (holder.id_hash IS NULL OR said.id_hash IS NULL
                      OR (holder.id_kind = 'cmnd' AND said.id_kind = 'personal')))) AS existing_id
      FROM said
)
SELECT known.*, holder.version, coalesce(existing_id, nextval('registry.holder_id_seq')) AS holder_id,
       existing_id IS NOT NULL AND (
           coalesce(known.birth_date, holder.birth_date) IS DISTINCT FROM holder.birth_date
           OR coalesce(known.birth_year, holder.birth_year) IS DISTINCT FROM holder.birth_year
           OR coalesce(known.gender, holder.gender) IS DISTINCT FROM holder.gender
           OR coalesce(known.id_hash, holder.id_hash) IS DISTINCT FROM holder.id_hash
           OR (known.address <> '' AND known.address <> holder.address)) AS differs,
       EXISTS (SELECT FROM registry.change WHERE id = holder.changed_by AND batch_id IS NOT NULL) AS free
  FROM known LEFT JOIN registry.holder ON holder.id = existing_id

-- What the rights of each row are on: the flat that it names, or else the parcel.
-- name: flats
CREATE TEMP TABLE form_flat ON COMMIT DROP AS
SELECT row_no, asset_id, ended FROM form_asset_row JOIN form_asset USING (asset_key) WHERE form_asset.kind = 'apartment'

-- A right that somebody has ended does not come back with a form.
-- name: holdings
CREATE TEMP TABLE form_holding ON COMMIT DROP AS
WITH said AS (
    SELECT DISTINCT ON (r.parcel_id, flat.asset_id, holder_id, role, certificate_id)
           r.parcel_id AS place_id, CASE WHEN flat.asset_id IS NULL THEN r.parcel_id END AS parcel_id, flat.asset_id,
           coalesce(flat.ended, false) AS flat_ended,
           holder_id, role, certificate_id, party, member_role, reason, share_num, share_den
      FROM form_right r JOIN form_certificate USING (certificate_key) JOIN form_holder USING (holder_key)
      LEFT JOIN form_flat flat USING (row_no)
     WHERE NOT seen ORDER BY r.parcel_id, flat.asset_id, holder_id, role, certificate_id, row_no
)
SELECT said.*, existing.id AS existing_id, existing.version,
       existing.id IS NOT NULL AND (
           said.party <> existing.party
           OR (said.member_role <> '' AND said.member_role <> existing.member_role)
           OR (said.reason <> '' AND said.reason <> existing.reason)
           OR (said.share_num IS NOT NULL
               AND (said.share_num, said.share_den) IS DISTINCT FROM (existing.share_num, existing.share_den))) AS differs,
       EXISTS (SELECT FROM registry.change WHERE id = existing.changed_by AND batch_id IS NOT NULL) AS free,
       flat_ended OR existing.id IS NULL AND EXISTS (
           SELECT FROM registry.holding ended
            WHERE ended.holder_id = said.holder_id AND ended.parcel_id IS NOT DISTINCT FROM said.parcel_id
              AND ended.asset_id IS NOT DISTINCT FROM said.asset_id
              AND ended.role = said.role AND ended.certificate_id = said.certificate_id) AS ended
  FROM said
  LEFT JOIN registry.holding existing
    ON existing.holder_id = said.holder_id AND existing.parcel_id IS NOT DISTINCT FROM said.parcel_id
   AND existing.asset_id IS NOT DISTINCT FROM said.asset_id
   AND existing.role = said.role AND existing.certificate_id = said.certificate_id AND existing.retired_by IS NULL

-- name: certificate_parcels
CREATE TEMP TABLE form_certificate_parcel ON COMMIT DROP AS
SELECT said.*, existing.id AS existing_id, existing.version,
       existing.id IS NOT NULL AND coalesce(said.area <> existing.paper_area_m2, said.area IS NOT NULL) AS differs,
       EXISTS (SELECT FROM registry.change WHERE id = existing.changed_by AND batch_id IS NOT NULL) AS free
  FROM (SELECT DISTINCT ON (certificate_id, r.parcel_id, r.paper_sheet, r.paper_parcel)
               certificate_id, r.parcel_id, r.paper_sheet, r.paper_parcel, paper_area::numeric(14, 1) AS area
          FROM form_right r JOIN form_certificate USING (certificate_key)
         WHERE NOT seen ORDER BY certificate_id, r.parcel_id, r.paper_sheet, r.paper_parcel, row_no) said
  LEFT JOIN registry.certificate_parcel existing
    ON existing.certificate_id = said.certificate_id AND existing.parcel_id IS NOT DISTINCT FROM said.parcel_id
   AND existing.paper_sheet_no = said.paper_sheet AND existing.paper_parcel_no = said.paper_parcel

-- Land types with area, origin, form and term replace what the map file said of the parcel.
-- name: land_uses
CREATE TEMP TABLE form_land_use ON COMMIT DROP AS
SELECT said.parcel_id, said.uses,
       said.uses IS DISTINCT FROM (
           SELECT jsonb_agg(jsonb_build_object('land_type', land_type, 'area', area_m2, 'origin', origin,
                                               'form', use_form, 'term', term) ORDER BY seq)
             FROM registry.land_use WHERE parcel_id = said.parcel_id) AS differs,
       NOT EXISTS (SELECT FROM registry.land_use JOIN registry.change ON change.id = land_use.changed_by
                    WHERE parcel_id = said.parcel_id AND batch_id IS NULL)
       AND EXISTS (SELECT FROM registry.change WHERE id = parcel.changed_by AND batch_id IS NOT NULL) AS free
  FROM (SELECT DISTINCT ON (parcel_id) parcel_id,
               (SELECT jsonb_agg(to_jsonb(use)) FROM jsonb_to_recordset(land_uses)
                    AS use (land_type text, area numeric(14, 1), origin text, form text, term text)) AS uses
          FROM form_right WHERE NOT seen AND parcel_id IS NOT NULL AND land_uses IS NOT NULL
         ORDER BY parcel_id, row_no) said
  JOIN registry.parcel ON parcel.id = said.parcel_id

-- The address of a parcel that has none, and a code where none was supplied before (a computed one has its method): the first
-- that the form says and that no parcel bears. Other ones are left as they are, and told. A computed code is nobody's
-- correction, so it gives way also on a parcel that was corrected.
-- name: parcels
CREATE TEMP TABLE form_parcel ON COMMIT DROP AS
WITH said AS (
    SELECT parcel_id, row_no, parcel_address,
           CASE WHEN lower(parcel_code) ~ %(parcel_code)s THEN lower(parcel_code) END AS code
      FROM form_right WHERE NOT seen AND parcel_id IS NOT NULL AND parcel_address || parcel_code <> ''
), codes AS (
    -- Each code once, each parcel once.
    SELECT DISTINCT ON (parcel_id) parcel_id, code
      FROM (SELECT DISTINCT ON (code) parcel_id, code, row_no FROM said WHERE code IS NOT NULL ORDER BY code, row_no) first
     WHERE code NOT IN (SELECT registry.taken_codes(ARRAY(SELECT code FROM said WHERE code IS NOT NULL)))
        OR code = (SELECT parcel_code FROM registry.parcel WHERE parcel.id = parcel_id)
     ORDER BY parcel_id, row_no
)
SELECT said.*, parcel.address = '' AND said.address <> '' AS differs,
       EXISTS (SELECT FROM registry.change WHERE id = parcel.changed_by AND batch_id IS NOT NULL) AS free,
       CASE WHEN parcel.parcel_code IS NULL OR parcel.parcel_code_method IS NOT NULL THEN codes.code END AS code
  FROM (SELECT parcel_id, coalesce((array_agg(parcel_address ORDER BY row_no) FILTER (WHERE parcel_address <> ''))[1], '') AS address
          FROM said GROUP BY parcel_id) said
  JOIN registry.parcel ON parcel.id = said.parcel_id
  LEFT JOIN codes USING (parcel_id)

-- Where the registry has another address of a parcel, or another code, and keeps it.
-- name: unlike_parcels
SELECT DISTINCT row_no, place, parcel_address <> '' AND parcel.address <> '' AND lower(parcel.address) <> lower(parcel_address) AS address,
       form_right.parcel_code <> '' AND lower(form_right.parcel_code) IS DISTINCT FROM coalesce(said.code, parcel.parcel_code) AS code
  FROM form_right JOIN registry.parcel ON parcel.id = form_right.parcel_id
  LEFT JOIN form_parcel said ON said.parcel_id = parcel.id
 WHERE NOT seen ORDER BY row_no

-- Rows of one form that say different things of one thing: per thing, the first row with each of its values. An empty
-- cell contradicts nothing.
-- name: contradictions
WITH said (row_no, place, what, thing, value) AS (
    SELECT row_no, place, 'issue_date', certificate_key, to_jsonb(issue_date) FROM form_right WHERE issue_date IS NOT NULL
     UNION ALL
    SELECT row_no, place, 'book_no', certificate_key, to_jsonb(book_no) FROM form_right WHERE book_no <> ''
     UNION ALL
    SELECT row_no, place, 'birth', holder_key, to_jsonb(birth_year) FROM form_right WHERE birth_year IS NOT NULL
     UNION ALL
    SELECT row_no, place, 'birth', birth_year || holder_key, to_jsonb(birth_date) FROM form_right WHERE birth_date IS NOT NULL
     UNION ALL
    SELECT row_no, place, 'parcel_address', parcel_id::text, to_jsonb(lower(parcel_address))
      FROM form_right WHERE NOT seen AND parcel_id IS NOT NULL AND parcel_address <> ''
     UNION ALL
    SELECT row_no, place, 'asset', column_name || asset_key, value
      FROM form_asset_row, LATERAL (VALUES
           ('footprint', to_jsonb(footprint)), ('floor_area', to_jsonb(floor_area)), ('grade', to_jsonb(nullif(grade, ''))),
           ('form', to_jsonb(nullif(ownership_form, ''))), ('term', to_jsonb(nullif(ownership_term, '')))) f (column_name, value)
     WHERE value IS NOT NULL
     UNION ALL
    SELECT row_no, place, 'land_use', parcel_id::text, land_uses FROM form_right WHERE parcel_id IS NOT NULL AND land_uses IS NOT NULL
), firsts AS (
    SELECT DISTINCT ON (what, thing, value) * FROM said ORDER BY what, thing, value, row_no
), things AS (
    SELECT what, min(row_no) AS row_no, array_agg(place ORDER BY row_no) AS places
      FROM firsts GROUP BY what, thing HAVING count(*) > 1
)
SELECT what, places FROM things GROUP BY what, places ORDER BY what, min(row_no), places

-- name: judge
CREATE TEMP TABLE form_outcome ON COMMIT DROP AS
SELECT r.row_no, min(r.place) AS place, min(r.found) AS found, min(r.content_hash::text)::bytea AS content_hash,
       bool_or(NOT seen AND right_.existing_id IS NULL AND NOT right_.ended) AS adds, bool_and(r.complete) AS complete,
       bool_or(coalesce(asset.existing_id IS NULL AND NOT asset.ended, false) OR coalesce(asset.differs AND asset.free, false)
               OR coalesce(link.differs AND link.free, false) OR coalesce(parcel.differs AND parcel.free, false) OR parcel.code IS NOT NULL
               OR coalesce(certificate.differs AND certificate.free, false) OR coalesce(holder.differs AND holder.free, false)
               OR coalesce(right_.differs AND right_.free, false) OR coalesce(use.differs AND use.free, false)
               OR (NOT seen AND (named.existing_id IS NULL OR (named.differs AND named.free)))) AS changes,
       CASE WHEN r.row_no IN (SELECT row_no FROM form_replaced) THEN 'replaced'
            WHEN bool_or(seen) THEN 'seen'
            WHEN bool_or((certificate.differs AND NOT certificate.free) OR (holder.differs AND NOT holder.free)
                         OR (right_.differs AND NOT right_.free) OR (use.differs AND NOT use.free)
                         OR (named.differs AND NOT named.free) OR right_.ended OR asset.ended
                         OR (asset.differs AND NOT asset.free) OR (link.differs AND NOT link.free)
                         OR (parcel.differs AND NOT parcel.free)) THEN 'conflict'
       END AS outcome
  FROM form_right r
  LEFT JOIN form_certificate certificate ON NOT r.seen AND certificate.certificate_key = r.certificate_key
  LEFT JOIN form_holder holder ON NOT r.seen AND holder.holder_key = r.holder_key
  LEFT JOIN form_flat flat ON flat.row_no = r.row_no
  LEFT JOIN form_holding right_
    ON right_.holder_id = holder.holder_id AND right_.certificate_id = certificate.certificate_id
   AND right_.role = r.role AND right_.place_id IS NOT DISTINCT FROM r.parcel_id
   AND right_.asset_id IS NOT DISTINCT FROM flat.asset_id
  LEFT JOIN form_certificate_parcel named
    ON named.certificate_id = certificate.certificate_id AND named.parcel_id IS NOT DISTINCT FROM r.parcel_id
   AND named.paper_sheet = r.paper_sheet AND named.paper_parcel = r.paper_parcel
  LEFT JOIN form_land_use use ON NOT r.seen AND use.parcel_id = r.parcel_id
  LEFT JOIN form_parcel parcel ON NOT r.seen AND parcel.parcel_id = r.parcel_id
  LEFT JOIN form_asset_row own ON own.row_no = r.row_no
  LEFT JOIN LATERAL unnest(ARRAY[own.asset_key, own.building, own.complex]) AS mentioned (asset_key) ON true
  LEFT JOIN form_asset asset ON asset.asset_key = mentioned.asset_key
  LEFT JOIN form_asset_link link
    ON link.asset_key = own.asset_key AND link.certificate_key = own.certificate_key AND link.parcel_id = own.parcel_id
 GROUP BY r.row_no

-- name: outcomes
SELECT place, found, adds, changes, outcome IS NULL AND found = 1 AND complete AS closes,
       coalesce(outcome, CASE WHEN adds THEN 'new' WHEN changes THEN 'changed' ELSE 'same' END) AS outcome
  FROM form_outcome ORDER BY row_no

-- name: add_certificates
INSERT INTO registry.certificate (id, ward_id, serial, serial_key, book_no, issue_date, scan_file, created_by)
OVERRIDING SYSTEM VALUE
SELECT certificate_id, %(ward)s, serial, serial_key, book_no, issue_date, scan_file, %(change)s
  FROM form_certificate WHERE existing_id IS NULL ORDER BY certificate_id

-- name: change_certificates
UPDATE registry.certificate
   SET book_no = coalesce(nullif(said.book_no, ''), certificate.book_no),
       issue_date = coalesce(said.issue_date, certificate.issue_date),
       scan_file = coalesce(nullif(said.scan_file, ''), certificate.scan_file)
  FROM form_certificate said
 WHERE said.differs AND said.free AND certificate.id = said.existing_id

-- name: add_holders
INSERT INTO registry.holder (id, ward_id, kind, full_name, name_key, birth_date, birth_year, gender,
                             id_kind, id_cipher, id_hash, id_masked, address, created_by)
OVERRIDING SYSTEM VALUE
SELECT holder_id, %(ward)s, kind, full_name, name_key, birth_date, birth_year, gender,
       id_kind, id_cipher, id_hash, id_masked, address, %(change)s
  FROM form_holder WHERE existing_id IS NULL ORDER BY holder_id

-- name: change_holders
UPDATE registry.holder
   SET birth_date = coalesce(said.birth_date, holder.birth_date),
       birth_year = coalesce(said.birth_year, holder.birth_year),
       gender = coalesce(said.gender, holder.gender),
       address = coalesce(nullif(said.address, ''), holder.address),
       (id_kind, id_cipher, id_hash, id_masked) =
           (SELECT said.id_kind, said.id_cipher, said.id_hash, said.id_masked WHERE said.id_hash IS NOT NULL
             UNION ALL
            SELECT holder.id_kind, holder.id_cipher, holder.id_hash, holder.id_masked WHERE said.id_hash IS NULL)
  FROM form_holder said
 WHERE said.differs AND said.free AND holder.id = said.existing_id

-- A parcel that was not found the last time.
-- name: link_certificate_parcels
UPDATE registry.certificate_parcel
   SET parcel_id = said.parcel_id
  FROM form_certificate_parcel said
 WHERE said.existing_id IS NULL AND said.parcel_id IS NOT NULL AND certificate_parcel.certificate_id = said.certificate_id
   AND certificate_parcel.parcel_id IS NULL AND certificate_parcel.paper_sheet_no = said.paper_sheet
   AND certificate_parcel.paper_parcel_no = said.paper_parcel

-- name: put_certificate_parcels
INSERT INTO registry.certificate_parcel AS named (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no, paper_area_m2)
SELECT certificate_id, parcel_id, paper_sheet, paper_parcel, area
  FROM form_certificate_parcel WHERE existing_id IS NULL OR (differs AND free)
 ORDER BY certificate_id, parcel_id, paper_sheet, paper_parcel
    ON CONFLICT (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no)
    DO UPDATE SET paper_area_m2 = coalesce(excluded.paper_area_m2, named.paper_area_m2)

-- name: add_holdings
INSERT INTO registry.holding (ward_id, parcel_id, asset_id, holder_id, certificate_id, role, party, member_role, reason,
                              share_num, share_den, created_by)
SELECT %(ward)s, parcel_id, asset_id, holder_id, certificate_id, role, party, member_role, reason, share_num, share_den, %(change)s
  FROM form_holding WHERE existing_id IS NULL AND NOT ended
 ORDER BY certificate_id, place_id, asset_id, role, holder_id

-- name: change_holdings
UPDATE registry.holding
   SET party = said.party,
       member_role = coalesce(nullif(said.member_role, ''), holding.member_role),
       reason = coalesce(nullif(said.reason, ''), holding.reason),
       share_num = coalesce(said.share_num, holding.share_num),
       share_den = coalesce(said.share_den, holding.share_den)
  FROM form_holding said
 WHERE said.differs AND said.free AND holding.id = said.existing_id

-- Rights on a certificate alone, once all its parcels are found; and those that an intake gave on the parcel of a flat
-- while nothing was known of the flat.
-- name: drop_unplaced_holdings
DELETE FROM registry.holding
 USING form_holding said
 WHERE said.place_id IS NOT NULL AND NOT said.ended AND holding.certificate_id = said.certificate_id
   AND holding.holder_id = said.holder_id AND holding.role = said.role AND holding.asset_id IS NULL
   AND holding.retired_by IS NULL
   AND CASE WHEN holding.parcel_id IS NULL
                THEN NOT EXISTS (SELECT FROM registry.certificate_parcel named
                                  WHERE named.certificate_id = said.certificate_id AND named.parcel_id IS NULL)
            ELSE said.asset_id IS NOT NULL AND holding.parcel_id = said.place_id
                 AND EXISTS (SELECT FROM registry.change WHERE id = holding.changed_by AND batch_id IS NOT NULL) END

-- name: drop_land_uses
DELETE FROM registry.land_use USING form_land_use said
 WHERE said.differs AND said.free AND land_use.parcel_id = said.parcel_id

-- name: add_land_uses
INSERT INTO registry.land_use (parcel_id, seq, land_type, area_m2, origin, use_form, term)
SELECT said.parcel_id, seq, use.land_type, use.area, use.origin, use.form, use.term
  FROM form_land_use said,
       ROWS FROM (jsonb_to_recordset(uses) AS (land_type text, area numeric, origin text, form text, term text))
           WITH ORDINALITY AS use (land_type, area, origin, form, term, seq)
 WHERE said.differs AND said.free
 ORDER BY said.parcel_id, seq

-- name: change_parcels
UPDATE registry.parcel
   SET address = CASE WHEN said.differs AND said.free THEN said.address ELSE parcel.address END,
       parcel_code = coalesce(said.code, parcel_code),
       parcel_code_method = CASE WHEN said.code IS NULL THEN parcel_code_method END
  FROM form_parcel said
 WHERE ((said.differs AND said.free) OR said.code IS NOT NULL) AND parcel.id = said.parcel_id

-- name: check_shares
SET CONSTRAINTS registry.shares IMMEDIATE

-- A row without its parcel is not closed: the same form again finds the parcel once it is there. Nor is one whose asset is
-- of an unknown kind: the list of kinds may be mended.
-- name: accept_rows
INSERT INTO intake.source_row (ward_id, kind, content_hash, batch_id, row_no)
SELECT %(ward)s, 'form', content_hash, %(batch)s, row_no
  FROM form_outcome WHERE outcome IS NULL AND found = 1 AND complete ORDER BY content_hash
