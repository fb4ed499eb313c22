-- How far the verification of a group, sheet or ward is: what is counted, and the shares. Idempotent.
-- To be verified is all whose public class is not `none` (organisations, parcels without a holder). Only public classes
-- are counted, so what is told of a place with a single holder is no more than its parcel on the public map tells.

-- The public class of each parcel in force: the worst of its present holders, as on the map (config/layers/parcels).
CREATE OR REPLACE VIEW publish.counted_parcel AS
SELECT p.id, p.ward_id, p.map_sheet_id, p.residential_group_id,
       coalesce(worst.public_class, (SELECT public_class FROM publish.status WHERE status = 'no_holder')) AS public_class
  FROM registry.parcel p
  LEFT JOIN LATERAL (
        SELECT status.public_class
          FROM registry.holding
          JOIN verification.holder_status USING (holder_id)
          JOIN publish.status USING (status)
         WHERE holding.parcel_id = p.id AND holding.retired_by IS NULL
         ORDER BY holding.role = 'current_user' DESC, status.position LIMIT 1
       ) worst ON true
 WHERE p.retired_by IS NULL;

-- The holders that count for it: the current users if any are known, else those on the certificate. Who holds two parcels
-- of a place is counted there once: count(DISTINCT holder_id).
CREATE OR REPLACE VIEW publish.counted_holder AS
SELECT p.ward_id, p.map_sheet_id, p.residential_group_id, holding.holder_id, status.public_class
  FROM registry.parcel p
  JOIN registry.holding ON holding.parcel_id = p.id AND holding.retired_by IS NULL
  JOIN verification.holder_status USING (holder_id)
  JOIN publish.status USING (status)
 WHERE p.retired_by IS NULL
   AND (holding.role = 'current_user'
        OR NOT EXISTS (SELECT FROM registry.holding known
                        WHERE known.parcel_id = p.id AND known.role = 'current_user' AND known.retired_by IS NULL));

-- Per cent, with one decimal; NULL of nothing.
CREATE OR REPLACE FUNCTION publish.share(part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(100.0 * part / nullif(whole, 0), 1);

-- The class of a share (Palette.progress_classes): by the share itself, not as it is rounded.
CREATE OR REPLACE FUNCTION publish.progress_class(part bigint, whole bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT class FROM publish.progress WHERE begins * whole <= 100 * part AND whole > 0 ORDER BY begins DESC LIMIT 1), 'none');
