-- The rules of alerts over the events that were sealed since they last looked; none is read twice.

-- One at a time; waits for nobody.
-- name: alone
SELECT pg_try_advisory_xact_lock(hashtext('gisland audit watch'))

-- name: in_turn
SELECT pg_advisory_xact_lock(hashtext('gisland audit watch'))

-- name: batch
SELECT position, (SELECT max(position) FROM (SELECT position FROM audit.seal WHERE position > watch.position
                                              ORDER BY position LIMIT %(most)s) next)
  FROM audit.watch

-- name: watched
UPDATE audit.watch SET position = %(until)s, watched_at = now()

-- name: idle
UPDATE audit.watch SET watched_at = now() WHERE watched_at IS NULL OR watched_at < now() - interval '10 seconds'

-- name: count
INSERT INTO audit.tally AS known (rule, key, since, amount)
SELECT %(rule)s, key, since, sum(amount)
  FROM (SELECT CASE %(per)s WHEN 'subject' THEN subject WHEN 'object' THEN object
                    ELSE 'origin:' || (detail ->> 'origin') END AS key,
               date_bin(%(width)s, at, '2000-01-01 00:00+07') AS since,
               CASE %(counts)s WHEN 'events' THEN 1 WHEN 'records' THEN audit.records_of(detail)
                    ELSE CASE WHEN jsonb_typeof(detail -> %(counts)s) = 'number'
                              THEN least((detail -> %(counts)s)::numeric, 1e12)::bigint END END AS amount
          FROM audit.seal JOIN audit.event ON id = event_id
         WHERE position > %(after)s AND position <= %(until)s AND tag = ANY (%(tags)s)
           AND (%(by)s::text[] IS NULL OR split_part(subject, ':', 1) = ANY (%(by)s))
           AND (%(days)s::int[] IS NULL OR NOT (
                   extract(isodow FROM at AT TIME ZONE 'Asia/Ho_Chi_Minh') = ANY (%(days)s)
                   AND (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::time >= %(begin)s
                   AND (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::time < %(end)s
                   AND (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date <> ALL (%(holidays)s::date[])))
           AND (%(ward)s::text IS NULL OR EXISTS (
                   SELECT FROM audit.wards_of(event.ward_id, detail) ward WHERE NOT EXISTS (
                   SELECT FROM security.account JOIN security.grant ON account_id = account.id
                    WHERE name = substr(subject, length('account:') + 1)
                      AND ("grant".ward_id IS NULL OR "grant".ward_id = ward))))) matched
 WHERE key <> '' AND amount > 0
 GROUP BY key, since
ON CONFLICT (rule, key, since) DO UPDATE SET amount = known.amount + excluded.amount
RETURNING key, since

-- The windows that hold something that was counted now, and too much: the fullest of each key. Events may come late.
-- name: windows
SELECT DISTINCT ON (key) key, since + %(width)s - %(within)s AS first_at, since AS last_at, amount::bigint, NULL::bigint AS usual
  FROM (SELECT DISTINCT tally.key, tally.since
          FROM unnest(%(keys)s::text[], %(sinces)s::timestamptz[]) counted (key, since)
          JOIN audit.tally ON rule = %(rule)s AND tally.key = counted.key
                          AND tally.since >= counted.since AND tally.since < counted.since + %(within)s) ending
 CROSS JOIN LATERAL (SELECT sum(tally.amount) AS amount FROM audit.tally
                      WHERE rule = %(rule)s AND tally.key = ending.key
                        AND tally.since > ending.since - %(within)s AND tally.since <= ending.since) within
 WHERE amount >= %(at_least)s
 ORDER BY key, amount DESC, since DESC

-- The days on which somebody did far more than is usual for them.
-- name: unusual
SELECT DISTINCT ON (touched.key) touched.key, touched.since AS first_at, touched.since AS last_at, today.amount,
       CASE WHEN past.days >= 5 THEN past.median::bigint END AS usual
  FROM unnest(%(keys)s::text[], %(sinces)s::timestamptz[]) touched (key, since)
  JOIN audit.tally today ON today.rule = %(rule)s AND today.key = touched.key AND today.since = touched.since
 CROSS JOIN LATERAL (SELECT count(*) AS days, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median
                       FROM audit.tally
                      WHERE rule = %(rule)s AND tally.key = touched.key AND tally.since < touched.since
                        AND tally.since >= touched.since - %(past)s) past
 WHERE today.amount >= %(at_least)s
   AND today.amount >= CASE WHEN past.days < 5 THEN %(newcomer)s
                            ELSE least(%(times)s * past.median, %(in_any_case)s) END
 ORDER BY touched.key, today.amount DESC

-- name: tidy
DELETE FROM audit.tally WHERE rule = %(rule)s AND since < now() - %(kept)s

-- Of rules that are there no more; one that comes back soon knows what it knew.
-- name: tidy_all
DELETE FROM audit.tally WHERE since < now() - interval '100 days'
