-- Prints that were ordered: the side of whoever orders them.

-- name: ward
-- A ward in force, by code.
SELECT id FROM registry.unit WHERE level = 'ward' AND code = %(ward)s AND valid_to IS NULL

-- Those of some groups that are of a ward, with their codes.
-- name: own_groups
SELECT id, code FROM registry.residential_group WHERE ward_id = %(ward)s AND id = ANY (%(groups)s::int[])
 ORDER BY code COLLATE registry.vietnamese_numbers

-- name: hold
-- One order of an account at a time is counted.
SELECT FROM security.account WHERE id = %(account)s FOR NO KEY UPDATE

-- name: waiting
SELECT count(*) FROM printing.job WHERE account_id = %(account)s AND state IN ('accepted', 'running')

-- name: add
INSERT INTO printing.job (product, inputs, ward_id, wards, residential_group_id, requester, account_id, rights, answer, reprint_of)
VALUES (%(product)s, %(inputs)s, %(ward)s, %(wards)s, %(group)s, %(requester)s, %(account)s, %(rights)s, %(answer)s, %(reprint_of)s)
RETURNING id

-- What was printed by a command: nobody waits for it, and its file is not kept here.
-- name: enter
INSERT INTO printing.job (product, inputs, ward_id, wards, residential_group_id, requester, account_id, rights, state, progress,
                          finished_at, file_name, media_type, size_bytes, sha256, print_id, pages, data_version, names, exact,
                          message)
VALUES (%(product)s, %(inputs)s, %(ward)s, %(wards)s, %(group)s, %(requester)s, %(account)s, '{}', 'successful', 1,
        now(), %(file_name)s, 'application/pdf', %(size)s, %(sha256)s, %(print_id)s, %(pages)s, %(version)s, %(names)s, %(exact)s,
        %(message)s)

-- name: list
-- The newest first. How long it took, or has taken so far, in seconds.
SELECT job.id, product, inputs - 'reason' AS inputs, job.ward_id, unit.code AS ward_code, residential_group_id, requester, state, progress, message,
       created_at, started_at, finished_at, expires_at,
       greatest(created_at, started_at, finished_at, seen_at) AS updated_at,
       file_name, media_type, size_bytes, encode(sha256, 'hex') AS sha256, print_id, pages, data_version, names, exact,
       EXISTS (SELECT FROM printing.result WHERE job_id = job.id) AS kept, reprint_of, account_id, job.wards, answer,
       (SELECT first.sha256 = job.sha256 FROM printing.job first WHERE first.id = job.reprint_of) AS same
  FROM printing.job JOIN registry.unit ON unit.id = job.ward_id
 WHERE (%(id)s::uuid IS NULL OR job.id = %(id)s)
   AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
   AND (%(products)s::text[] IS NULL OR product = ANY (%(products)s))
   AND (%(ward)s::int IS NULL OR job.ward_id = %(ward)s)
   AND (%(group)s::text IS NULL OR ltrim(%(group)s, '0') = ANY (
           -- The group that it is of, or one of those that were asked for: `07`, `11311/07`.
           SELECT ltrim(code, '0') FROM registry.residential_group WHERE id = residential_group_id
           UNION ALL SELECT ltrim(regexp_replace(said, '^.*/', ''), '0')
                       FROM regexp_split_to_table(inputs ->> 'groups', '\s*,\s*') AS said))
   AND (%(person)s::text IS NULL OR strpos(lower(requester), lower(%(person)s)) > 0)
   AND (NOT %(ordered)s OR account_id IS NOT NULL)
   AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR created_at <= %(until)s)
   AND (%(shortest)s::float IS NULL OR coalesce(finished_at, now()) - started_at >= %(shortest)s::float * interval '1 second')
   AND (%(longest)s::float IS NULL OR coalesce(finished_at, now()) - started_at <= %(longest)s::float * interval '1 second')
   AND (%(before)s::uuid IS NULL
        OR (created_at, job.id) < (SELECT created_at, id FROM printing.job WHERE id = %(before)s))
 ORDER BY created_at DESC, job.id DESC LIMIT %(limit)s

-- name: dismiss
UPDATE printing.job
   SET state = 'dismissed', finished_at = coalesce(finished_at, now()), seen_at = now(),
       expires_at = coalesce(expires_at, now() + %(days)s * interval '1 day'), message = 'đã huỷ · dismissed'
 WHERE id = %(id)s AND state <> 'dismissed'

-- name: drop_result
DELETE FROM printing.result WHERE job_id = %(id)s

-- name: inputs
SELECT inputs FROM printing.job WHERE id = %(id)s

-- name: content
SELECT content FROM printing.result WHERE job_id = %(id)s
