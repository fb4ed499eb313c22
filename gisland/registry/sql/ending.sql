-- Records that end and have nothing in their place.

-- name: lock_asset
SELECT version, ward_id, retired_by IS NOT NULL FROM registry.asset WHERE id = %(id)s FOR NO KEY UPDATE

-- name: lock_certificate
SELECT version, ward_id, retired_by IS NOT NULL FROM registry.certificate WHERE id = %(id)s FOR NO KEY UPDATE

-- name: lock_document
SELECT version, ward_id, retired_by IS NOT NULL FROM registry.document WHERE id = %(id)s FOR NO KEY UPDATE

-- name: restriction_on_asset
SELECT id FROM registry.restriction
 WHERE asset_id = %(id)s AND retired_by IS NULL LIMIT 1

-- name: part_of_asset
SELECT id FROM registry.asset WHERE parent_id = %(id)s AND retired_by IS NULL ORDER BY id LIMIT 1

-- On the day of the change, or when they had ended before.
-- name: end_holdings_of_asset
UPDATE registry.holding SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, holding.valid_from))
  FROM registry.change
 WHERE change.id = %(change)s AND holding.asset_id = %(id)s AND holding.retired_by IS NULL

-- name: end_restrictions_of_asset
UPDATE registry.restriction SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, valid_from))
  FROM registry.change
 WHERE change.id = %(change)s AND restriction.asset_id = %(id)s AND restriction.retired_by IS NULL

-- name: retire_asset
UPDATE registry.asset SET retired_by = %(change)s WHERE id = %(id)s

-- name: right_under_certificate
SELECT on_it FROM (
       SELECT 'holding ' || id AS on_it, retired_by FROM registry.holding WHERE certificate_id = %(id)s
        UNION ALL
       SELECT 'restriction ' || id, retired_by FROM registry.restriction WHERE certificate_id = %(id)s) under
 WHERE retired_by IS NULL LIMIT 1

-- name: retire_certificate
UPDATE registry.certificate SET retired_by = %(change)s WHERE id = %(id)s

-- name: retire_document
UPDATE registry.document SET retired_by = %(change)s WHERE id = %(id)s

-- A right of the past is made and ended by one change.
-- name: lock_right
SELECT version, ward_id, created_by IS NOT DISTINCT FROM retired_by FROM registry.holding WHERE id = %(id)s FOR UPDATE

-- name: withdraw_right
DELETE FROM registry.holding WHERE id = %(id)s
