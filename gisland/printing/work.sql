-- Prints that were ordered: the side of the worker.

-- name: begin
UPDATE printing.job SET state = 'running', attempts = attempts + 1, started_at = now(), seen_at = now(), progress = 0, message = ''
 WHERE id = %(id)s AND state = 'accepted'
RETURNING product, inputs, requester, account_id, rights, ward_id, residential_group_id, attempts

-- Nothing when it was dismissed, or taken over.
-- name: beat
UPDATE printing.job SET seen_at = now(), progress = %(progress)s, message = %(message)s
 WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
RETURNING true

-- name: fail
UPDATE printing.job SET state = 'failed', message = %(message)s, finished_at = now(), seen_at = now(),
                        expires_at = now() + %(days)s * interval '1 day'
 WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s

-- It is queued again by the next look for such (`late`).
-- name: again
UPDATE printing.job SET state = 'accepted', message = %(message)s, seen_at = now(), attempts = attempts - %(uncounted)s
 WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s

-- name: finish
UPDATE printing.job
   SET state = 'successful', progress = 1, message = %(message)s, finished_at = now(), seen_at = now(),
       expires_at = now() + %(days)s * interval '1 day', file_name = %(name)s, media_type = %(media_type)s,
       size_bytes = length(%(content)s), sha256 = sha256(%(content)s), print_id = %(print_id)s, pages = %(pages)s,
       data_version = %(version)s, names = %(names)s, exact = %(exact)s, wards = wards || %(wards)s::int[]
 WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
RETURNING true

-- name: keep
INSERT INTO printing.result (job_id, content) VALUES (%(id)s, %(content)s)

-- Whose worker has not been heard of for a minute: it was killed, or its machine was.
-- name: interrupted
UPDATE printing.job
   SET state = CASE WHEN attempts < %(most)s THEN 'accepted' ELSE 'failed' END,
       message = CASE WHEN attempts < %(most)s THEN 'bị ngắt, sẽ vẽ lại · interrupted, will be drawn again'
                      ELSE 'bị ngắt nhiều lần · it was interrupted again and again' END,
       finished_at = CASE WHEN attempts < %(most)s THEN NULL ELSE now() END,
       expires_at = CASE WHEN attempts < %(most)s THEN NULL ELSE now() + %(days)s * interval '1 day' END
 WHERE state = 'running' AND seen_at < now() - %(seconds)s * interval '1 second'

-- What waits and should have been queued: it is queued anew, which does nothing when it is in the queue.
-- name: late
UPDATE printing.job SET seen_at = now()
 WHERE state = 'accepted' AND seen_at < now() - %(seconds)s * interval '1 second'
RETURNING id

-- name: purge_files
DELETE FROM printing.result USING printing.job WHERE job.id = job_id AND expires_at < now()

-- What was printed stays in the register; what never was is no use any more.
-- name: purge_jobs
DELETE FROM printing.job WHERE expires_at < now() AND state IN ('failed', 'dismissed') AND print_id IS NULL
