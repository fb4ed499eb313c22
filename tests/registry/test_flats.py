"""A tower's flats bear rights of their own: who holds one is no holder of the parcel below."""

from __future__ import annotations

from psycopg import Connection

from gisland.database import Role
from tests.factories import add_evidence, make_change, make_holder, one
from tests.registry.land import Land


def shown(land: Land) -> list[object]:
    """The western parcel in both layers, and the holders that are counted for its progress."""
    return [
        land.rows("SELECT verification_status FROM published.parcels WHERE id = %s", land.west, role=Role.PUBLIC),
        land.rows(
            "SELECT exact_status, holder_names, masked_ids FROM published_staff.parcels_staff WHERE id = %s",
            land.west,
            role=Role.STAFF,
        ),
        land.rows(
            "SELECT holder_id, public_class FROM publish.held_parcel WHERE parcel_id = %s", land.west, role=Role.BACKUP
        ),
        land.rows("SELECT * FROM publish.progress_of('ward_id', %s)", land.ward, role=Role.BACKUP),
    ]


def test_a_flat_of_a_deceased_person_does_not_colour_its_parcel(land: Land) -> None:
    land.do(lambda c: add_evidence(c, land.holder, "verified"))
    before = shown(land)
    assert before[1] == [("verified", "Nguyễn Văn Thử", "999*****0001")]

    def build(connection: Connection) -> int:
        change = make_change(connection, land.ward)
        asset = "INSERT INTO registry.asset (ward_id, kind, parent_id, created_by) VALUES (%s, %s, %s, %s) RETURNING id"
        tower = one(connection, asset, land.ward, "apartment_building", None, change)
        flat = one(connection, asset, land.ward, "apartment", tower, change)
        for each in (tower, flat):
            connection.execute(
                "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)", [each, land.west]
            )
        holder = make_holder(connection, land.ward, "Bà Căn Hộ", "999190000002")
        add_evidence(connection, holder, "deceased")
        right = (
            "INSERT INTO registry.holding (ward_id, asset_id, holder_id, role, created_by) VALUES (%s, %s, %s, %s, %s)"
        )
        for role in ("certificate_holder", "current_user"):
            connection.execute(right, [land.ward, flat, holder, role, change])
        return holder

    holder = land.do(build)
    assert land.rows("SELECT status FROM verification.status_in_reach WHERE holder_id = %s", holder) == [("deceased",)]
    assert shown(land) == before
    # Were it the parcel that they hold, it would be another colour.
    right = "UPDATE registry.holding SET asset_id = NULL, parcel_id = %s WHERE holder_id = %s"
    land.do(lambda c: c.execute(right, [land.west, holder]))
    assert [now == then for now, then in zip(shown(land), before, strict=True)] == [False] * 4
