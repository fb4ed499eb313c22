-- Rights and certificates.

-- name: lock_parcel
SELECT ward_id, retired_by IS NOT NULL FROM registry.parcel WHERE id = %(id)s FOR NO KEY UPDATE

-- name: lock_asset
SELECT ward_id, retired_by IS NOT NULL FROM registry.asset WHERE id = %(id)s FOR NO KEY UPDATE

-- name: lock_holdings
SELECT id, version, retired_by IS NOT NULL FROM registry.holding
 WHERE id = ANY (%(ids)s) AND (parcel_id = %(parcel)s OR asset_id = %(asset)s) ORDER BY id FOR NO KEY UPDATE

-- name: end
UPDATE registry.holding SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, holding.valid_from))
  FROM registry.change WHERE change.id = %(change)s AND holding.id = ANY (%(ids)s)

-- A right of the past is retired by the change that enters it (`registry.end_as_written`).
-- name: add
INSERT INTO registry.holding (ward_id, parcel_id, asset_id, holder_id, certificate_id, role, party, member_role, reason,
                              share_num, share_den, valid_from, valid_to, created_by)
SELECT %(ward)s, %(parcel_id)s, %(asset_id)s, %(holder_id)s, %(certificate_id)s, %(role)s, %(party)s, %(member_role)s,
       %(reason)s, %(num)s, %(den)s, coalesce(%(valid_from)s, valid_on), %(valid_to)s, id
  FROM registry.change WHERE id = %(change)s
RETURNING id

-- name: lock_restriction
SELECT version, ward_id, retired_by IS NOT NULL FROM registry.restriction WHERE id = %(id)s FOR NO KEY UPDATE

-- name: end_restriction
UPDATE registry.restriction SET retired_by = change.id, valid_to = least(valid_to, greatest(change.valid_on, valid_from))
  FROM registry.change WHERE change.id = %(change)s AND restriction.id = %(id)s

-- What a right or restriction is on, under lock; whether it is out of force while the right is not.
-- name: lock_thing
SELECT thing, gone AND NOT registry.is_over(%(valid_to)s::date)
  FROM registry.lock_thing(%(parcel_id)s, %(asset_id)s, %(certificate_id)s)

-- A certificate that is out of force, and the one that replaced it. Whoever replaces it at this moment is waited for.
-- name: replaced_certificate
WITH held AS MATERIALIZED (SELECT id, retired_by, replaced_by FROM registry.certificate WHERE id = %(certificate_id)s FOR SHARE)
SELECT id, replaced_by FROM held WHERE retired_by IS NOT NULL

-- name: lock_certificate
SELECT version, ward_id, retired_by IS NOT NULL OR replaced_by IS NOT NULL
  FROM registry.certificate WHERE id = %(id)s FOR NO KEY UPDATE

-- name: add_certificate
INSERT INTO registry.certificate (ward_id, serial, serial_key, book_no, gcn_code, issue_date, issuer, kind, created_by)
SELECT %(ward)s, %(serial)s, %(serial_key)s, %(book_no)s, %(gcn_code)s, coalesce(%(issue_date)s, valid_on), %(issuer)s,
       %(kind)s, id
  FROM registry.change WHERE id = %(change)s
RETURNING id

-- The new certificate names the parcels as the map has them now; one that is not found yet by what it is known by, the
-- numbers on the old paper: rights that wait on the certificate for their parcel go over, too.
-- name: move_parcels
INSERT INTO registry.certificate_parcel (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no, paper_area_m2)
(SELECT DISTINCT ON (named.parcel_id) %(new)s::bigint, parcel.id, sheet_no, parcel_no, coalesce(legal_area_m2, paper_area_m2)
   FROM registry.certificate_parcel named
   JOIN registry.parcel ON parcel.id = named.parcel_id AND parcel.retired_by IS NULL
   JOIN registry.map_sheet ON map_sheet.id = map_sheet_id
  WHERE certificate_id = %(old)s ORDER BY named.parcel_id, named.id)
 UNION ALL
(SELECT %(new)s, NULL, paper_sheet_no, paper_parcel_no, paper_area_m2
   FROM registry.certificate_parcel WHERE certificate_id = %(old)s AND parcel_id IS NULL ORDER BY id)

-- name: move_assets
INSERT INTO registry.certificate_asset (certificate_id, asset_id)
SELECT %(new)s, asset_id FROM registry.certificate_asset WHERE certificate_id = %(old)s ORDER BY asset_id

-- name: move_holdings
UPDATE registry.holding SET certificate_id = %(new)s WHERE certificate_id = %(old)s AND retired_by IS NULL

-- A mortgage goes over with the certificate that it is registered on.
-- name: move_restrictions
UPDATE registry.restriction SET certificate_id = %(new)s WHERE certificate_id = %(old)s AND retired_by IS NULL

-- name: retire_certificate
UPDATE registry.certificate SET replaced_by = %(new)s, retired_by = %(change)s WHERE id = %(old)s

-- Against `lock_asset` of the act that retires it.
-- name: lock_parent
SELECT retired_by IS NOT NULL FROM registry.asset WHERE id = %(id)s FOR SHARE
