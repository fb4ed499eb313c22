-- A list of persons for the police: chosen, numbered, written.

-- Each holder of a right in force in the ward, once, with the first of their parcels by sheet and number, and the status
-- that says whether there is something to send. While a certificate waits for its parcel its own numbers stand for it.
-- name: choose
CREATE TEMP TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT ON (holder_id) holder_id, status_in_reach.status,
       coalesce(sheet.sheet_no, paper.paper_sheet_no, '') AS sheet_no,
       coalesce(parcel.parcel_no, paper.paper_parcel_no, '') AS parcel_no,
       CASE WHEN parcel.id IS NULL THEN paper.paper_area_m2
            ELSE coalesce(parcel.legal_area_m2, round(parcel.area_m2::numeric, 1)) END AS area_m2,
       coalesce(certificate.serial, issued.serial, '') AS serial
  FROM registry.holding
  JOIN verification.status_in_reach USING (holder_id)
  LEFT JOIN registry.certificate ON certificate.id = holding.certificate_id
  LEFT JOIN registry.certificate_parcel paper
    ON holding.parcel_id IS NULL AND paper.certificate_id = holding.certificate_id AND paper.parcel_id IS NULL
  LEFT JOIN (SELECT asset_id, min(parcel_id) AS parcel_id FROM registry.asset_parcel GROUP BY asset_id) below
    ON below.asset_id = holding.asset_id
  LEFT JOIN registry.parcel ON parcel.ward_id = %(ward)s AND parcel.id = coalesce(holding.parcel_id, below.parcel_id)
  LEFT JOIN (SELECT parcel_id, min(serial) AS serial
               FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
              WHERE ward_id = %(ward)s AND retired_by IS NULL AND serial <> '' GROUP BY parcel_id) issued
    ON issued.parcel_id = parcel.id
  LEFT JOIN registry.map_sheet sheet ON sheet.id = parcel.map_sheet_id
 WHERE holding.ward_id = %(ward)s AND holding.retired_by IS NULL
   AND (%(group)s::int IS NULL OR parcel.residential_group_id = %(group)s)
 ORDER BY holder_id, coalesce(sheet.sheet_no, paper.paper_sheet_no, '') COLLATE registry.vietnamese_numbers,
          coalesce(parcel.parcel_no, paper.paper_parcel_no, '') COLLATE registry.vietnamese_numbers, holding.id

-- name: analyze
ANALYZE chosen

-- name: statuses
SELECT status, count(*) FROM chosen GROUP BY status

-- name: add_list
INSERT INTO verification.list (ward_id, residential_group_id, number, change_id)
SELECT %(ward)s, %(group)s, coalesce(max(number), 0) + 1, %(change)s FROM verification.list WHERE ward_id = %(ward)s
RETURNING id, number

-- One statement sees each person once: what is on the list is what is noted as sent. The encrypted id is copied as it is.
-- name: add_rows
WITH listed AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY sheet_no COLLATE registry.vietnamese_numbers,
                                       parcel_no COLLATE registry.vietnamese_numbers, holder_id) AS row_no, chosen.*, full_name, address,
           coalesce(extract(year FROM birth_date), birth_year)::smallint AS birth_year, id_kind, id_cipher, id_hash, id_masked
      FROM chosen JOIN registry.holder ON holder.id = holder_id
     WHERE status = 'unsent' AND holder.ward_id = %(ward)s AND id_hash IS NOT NULL
     ORDER BY row_no LIMIT %(limit)s),
sent AS (
    INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)
    SELECT holder_id, id_hash, %(source)s, 'sent', %(by)s FROM listed ORDER BY row_no
    RETURNING id, holder_id)
INSERT INTO verification.list_row (list_id, ward_id, row_no, holder_id, evidence_id, sheet_no, parcel_no, area_m2, serial,
                                   full_name, birth_year, address, id_kind, id_cipher, id_hash, id_masked)
SELECT %(list)s, %(ward)s, row_no, holder_id, sent.id, sheet_no, parcel_no, area_m2, serial,
       full_name, birth_year, address, id_kind, id_cipher, id_hash, id_masked
  FROM listed JOIN sent USING (holder_id) ORDER BY row_no
