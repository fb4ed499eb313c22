-- Rows of a large import: parcels with land uses, holders, certificates and rights, all invented. The same for the same number.
-- Every third parcel has a second holder; half of these hold by shares. One in ten has no certificate.

-- name: ground
WITH ward AS (
    INSERT INTO registry.unit (level, code, name, srid) VALUES ('ward', '90001', 'Phường Thử', 9210) RETURNING id
), residential_groups AS (
    INSERT INTO registry.residential_group (ward_id, code, name)
    SELECT id, n::text, 'Tổ dân phố ' || n FROM ward, generate_series(1, 70) n
)
INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid)
SELECT id, n::text, 500, 9210 FROM ward, generate_series(1, %(parcels)s / %(per_sheet)s + 1) n ORDER BY n

-- name: change
INSERT INTO registry.change (kind, ward_id, reason, by)
SELECT 'import', id, 'bench', 'bench' FROM registry.unit WHERE code = '90001' RETURNING id

-- Tables like those of the registry with all that a table can have but triggers. What they refer to lies beside them.
-- name: plain
DO $$
DECLARE
    made text[] := ARRAY['parcel', 'land_use', 'holder', 'certificate', 'certificate_parcel', 'holding'];
    name text;
    reference record;
BEGIN
    CREATE SCHEMA plain;
    FOREACH name IN ARRAY made LOOP
        EXECUTE format('CREATE TABLE plain.%1$I (LIKE registry.%1$I INCLUDING ALL)', name);
    END LOOP;
    FOR reference IN
        SELECT relname, replace(pg_get_constraintdef(pg_constraint.oid), 'registry.', CASE WHEN target.name = ANY (made) THEN 'plain.' ELSE 'registry.' END) AS body
          FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid,
               LATERAL (SELECT relname::text AS name FROM pg_class WHERE oid = confrelid) target
         WHERE contype = 'f' AND relnamespace = 'registry'::regnamespace AND relname = ANY (made) LOOP
        EXECUTE format('ALTER TABLE plain.%I ADD %s', reference.relname, reference.body);
    END LOOP;
END
$$

-- Squares of 10 m with a point on each side, 20 m apart, a thousand in a row.
-- name: parcel
SELECT n::bigint AS id, sheet.ward_id, sheet.id AS map_sheet_id, grouped.id AS residential_group_id,
       ((n - 1) %% %(per_sheet)s + 1)::text AS parcel_no, 9210 AS srid, geom, 100.0::numeric(14, 1) AS legal_area_m2,
       'Số ' || n || ' đường Bến Trúc' AS address, ST_Transform(geom, 4326) AS geom_4326, ST_Area(geom) AS area_m2
  FROM generate_series(1, %(parcels)s) n
  JOIN (SELECT id, ward_id, row_number() OVER (ORDER BY id) - 1 AS place FROM registry.map_sheet) sheet
    ON sheet.place = (n - 1) / %(per_sheet)s
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM registry.residential_group) grouped
    ON grouped.place = n %% 70,
       LATERAL (SELECT ST_Segmentize(ST_MakeEnvelope(590000 + 20 * (n %% 1000), 2300000 + 20 * (n / 1000),
                                                     590010 + 20 * (n %% 1000), 2300010 + 20 * (n / 1000), 9210), 6) AS geom
                OFFSET 0) drawn
 ORDER BY n

-- name: land_use
SELECT (n * 2 + seq)::bigint AS id, n::bigint AS parcel_id, seq::smallint, CASE seq WHEN 1 THEN 'ODT' ELSE 'CLN' END AS land_type,
       CASE WHEN n %% 10 > 0 THEN 100 ELSE 50 END::numeric(14, 1) AS area_m2
  FROM generate_series(1, %(parcels)s) n, generate_series(1, CASE WHEN n %% 10 > 0 THEN 1 ELSE 2 END) seq

-- name: holder
SELECT n::bigint AS id, unit.id AS ward_id, 'person' AS kind, full_name, lower(full_name) AS name_key,
       (1935 + n %% 70)::smallint AS birth_year, 'personal' AS id_kind,
       substr(sha512(n::text::bytea), 1, 49) AS id_cipher, sha256(n::text::bytea) AS id_hash,
       '999******' || lpad((n %% 1000)::text, 3, '0') AS id_masked, 'Số ' || n || ' đường Bến Trúc' AS address
  FROM generate_series(1, %(parcels)s + %(parcels)s / 3) n JOIN registry.unit ON unit.code = '90001',
       LATERAL (SELECT concat_ws(' ', (ARRAY['Nguyễn', 'Trần', 'Lê', 'Phạm', 'Hoàng', 'Vũ', 'Đặng', 'Bùi', 'Đỗ', 'Ngô', 'Dương'])[n %% 11 + 1],
                                      (ARRAY['Văn', 'Thị', 'Đức', 'Ngọc', 'Minh', 'Thu', 'Quang'])[n / 11 %% 7 + 1],
                                      (ARRAY['Lan', 'Hoa', 'Hùng', 'Dũng', 'Mai', 'Bình', 'Hải', 'Yến', 'Sơn', 'Thảo', 'Khánh', 'Tuấn', 'Hạnh'])[n / 77 %% 13 + 1],
                                      (ARRAY['An', 'Bảo', 'Châu', 'Duy', 'Giang', 'Hà', 'Linh', 'Nam', 'Oanh', 'Phúc', 'Quyên', 'Trang'])[n / 1001 %% 12 + 1]
                                     ) AS full_name OFFSET 0) named

-- name: certificate
SELECT n::bigint AS id, unit.id AS ward_id, 'CĐ ' || digits AS serial, 'CĐ' || digits AS serial_key, 'CH' || n AS book_no
  FROM generate_series(1, %(parcels)s) n JOIN registry.unit ON unit.code = '90001', lpad(n::text, 6, '0') digits
 WHERE n %% 10 > 0

-- name: certificate_parcel
SELECT n::bigint AS id, n::bigint AS certificate_id, n::bigint AS parcel_id, (n %% 40 + 1)::text AS paper_sheet_no,
       (n %% 900 + 1)::text AS paper_parcel_no
  FROM generate_series(1, %(parcels)s) n WHERE n %% 10 > 0

-- name: holding
SELECT (n * 2 + seq)::bigint AS id, unit.id AS ward_id, n::bigint AS parcel_id,
       CASE seq WHEN 1 THEN n ELSE %(parcels)s + n / 3 END::bigint AS holder_id,
       CASE WHEN n %% 10 > 0 THEN n END::bigint AS certificate_id, 'certificate_holder' AS role,
       CASE WHEN n %% 3 > 0 THEN 'individual' WHEN n %% 6 > 0 THEN 'couple' ELSE 'co_users' END AS party,
       CASE WHEN n %% 6 = 0 THEN 1 END AS share_num, CASE WHEN n %% 6 = 0 THEN 2 END AS share_den
  FROM generate_series(1, %(parcels)s) n JOIN registry.unit ON unit.code = '90001',
       generate_series(1, CASE WHEN n %% 3 > 0 THEN 1 ELSE 2 END) seq
