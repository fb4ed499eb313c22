-- How far the verification of a group, sheet or ward is: what is counted, and the shares. Idempotent.
-- To be verified is all whose public class is not `none` (organisations, parcels without a holder). Only public classes
-- are counted, so what is told of a place with a single holder is no more than its parcel on the public map tells.

-- Each parcel in force with the holders that count for it: the current users if any are known, else those on the certificate
-- (as config/layers/parcels has it); without one, a row of nobody. It takes the worst status among them, whose position is
-- the lowest. Found parcel by parcel: for a group the planner would read the rights of all parcels otherwise.
CREATE OR REPLACE VIEW publish.held_parcel AS
SELECT p.id AS parcel_id, p.ward_id, p.map_sheet_id, p.residential_group_id, held.holder_id,
       coalesce(held.position, nobody.position) AS position, held.public_class
  FROM registry.parcel p
 CROSS JOIN (SELECT position FROM publish.status WHERE status = 'no_holder') nobody
  LEFT JOIN LATERAL (
        SELECT counted.holder_id, status.position, status.public_class
          FROM (SELECT holder_id, (role = 'current_user') = bool_or(role = 'current_user') OVER () AS counts
                  FROM registry.holding WHERE holding.parcel_id = p.id AND holding.retired_by IS NULL OFFSET 0) counted
          JOIN verification.holder_status USING (holder_id)
          JOIN publish.status USING (status)
         WHERE counted.counts
       ) held ON true
 WHERE p.retired_by IS NULL;

-- Per cent, with one decimal; NULL of nothing.
CREATE OR REPLACE FUNCTION publish.share(part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(100.0 * part / nullif(whole, 0), 1);

-- The class of a share (Palette.progress_classes): by the share itself, not as it is rounded.
CREATE OR REPLACE FUNCTION publish.progress_class(part bigint, whole bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT class FROM publish.progress WHERE begins * whole <= 100 * part AND whole > 0 ORDER BY begins DESC LIMIT 1), 'none');

-- How far a place is. Parcels count by their worst holders, persons once, however many parcels they hold there; the shares are
-- those of design §3. `place` is the column of publish.held_parcel that holds the id of the place: one column at a time is
-- found by its index.
CREATE OR REPLACE FUNCTION publish.progress_of(
    place text, key bigint,
    OUT parcels bigint, OUT parcels_to_verify bigint, OUT parcels_verified bigint, OUT persons_to_verify bigint,
    OUT persons_verified bigint, OUT share numeric, OUT share_of_all numeric, OUT share_of_persons numeric, OUT progress text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format(
        $sql$
        WITH held AS MATERIALIZED (SELECT * FROM publish.held_parcel WHERE %I = $1)
        SELECT parcels.*, persons.*
          FROM (SELECT count(*), count(*) FILTER (WHERE public_class <> 'none'), count(*) FILTER (WHERE public_class = 'verified')
                  FROM (SELECT min(position) AS position FROM held GROUP BY parcel_id) worst JOIN publish.status USING (position)) parcels,
               (SELECT count(DISTINCT holder_id) FILTER (WHERE public_class <> 'none'),
                       count(DISTINCT holder_id) FILTER (WHERE public_class = 'verified') FROM held) persons
        $sql$, place) INTO parcels, parcels_to_verify, parcels_verified, persons_to_verify, persons_verified USING key;
    share := publish.share(parcels_verified, parcels_to_verify);
    share_of_all := publish.share(parcels_verified, parcels);
    share_of_persons := publish.share(persons_verified, persons_to_verify);
    progress := publish.progress_class(parcels_verified, parcels_to_verify);
END
$$;
