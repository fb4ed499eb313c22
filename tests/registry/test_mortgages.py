"""A mortgage of a house stays one of that house, whatever becomes of its land and its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import Connection

from gisland.errors import Conflict
from gisland.registry import reshape, rights, undo
from gisland.registry.seen import Seen
from tests.factories import make_change, one
from tests.registry.land import BY, HALVES, WHY, Land


@dataclass
class Mortgage:
    """A house on the west parcel, with its certificate and a mortgage of house and land."""

    asset: int
    certificate: int
    id: int


@pytest.fixture
def mortgage(land: Land) -> Mortgage:
    def work(connection: Connection) -> Mortgage:
        def add(table: str, **values: Any) -> int:
            columns = ", ".join(values)
            query = f"INSERT INTO registry.{table} ({columns}) VALUES ({', '.join(['%s'] * len(values))}) RETURNING id"
            return int(one(connection, query, *values.values()))

        make_change(connection, land.ward)
        asset = add("asset", ward_id=land.ward, kind="house")
        add("asset_parcel", asset_id=asset, parcel_id=land.west)
        change = make_change(connection, land.ward)
        certificate = add("certificate", ward_id=land.ward, serial="AB 123456", created_by=change)
        add("certificate_parcel", certificate_id=certificate, parcel_id=land.west)
        add("certificate_asset", certificate_id=certificate, asset_id=asset)
        on = {"parcel_id": land.west, "asset_id": asset, "certificate_id": certificate}
        words = {"kind": "mortgage", "beneficiary": "Ngân hàng Thử"}
        return Mortgage(asset, certificate, add("restriction", ward_id=land.ward, **on, **words))

    made: Mortgage = land.do(work)
    return made


CURRENT = """
    SELECT parcel_id, asset_id, certificate_id, kind, beneficiary FROM registry.restriction
     WHERE retired_by IS NULL ORDER BY parcel_id
"""


def rows_on(mortgage: Mortgage, *parcels: int) -> list[tuple[Any, ...]]:
    return [(parcel, mortgage.asset, mortgage.certificate, "mortgage", "Ngân hàng Thử") for parcel in parcels]


def test_split_and_merge_keep_the_asset_of_a_restriction(land: Land, mortgage: Mortgage) -> None:
    done = land.split(*HALVES)
    assert land.rows(CURRENT) == rows_on(mortgage, *done.parcels)
    ended = land.rows("SELECT retired_by = %s FROM registry.restriction WHERE id = %s", done.change, mortgage.id)
    assert ended == [(True,)]
    land.do(lambda c: undo.undo(c, done.change, WHY, by=BY))
    assert land.rows(CURRENT) == rows_on(mortgage, land.west)
    seen = [land.seen(land.west), land.seen(land.east)]
    merged = land.do(lambda c: reshape.merge(c, seen, None, WHY, by=BY))
    assert land.rows(CURRENT) == rows_on(mortgage, *merged.parcels)


def test_a_restriction_moves_to_the_new_certificate(land: Land, mortgage: Mortgage) -> None:
    seen = Seen(id=mortgage.certificate, version=1)
    new = rights.IssuedCertificate(serial="AA 00000001")
    change, made = land.do(lambda c: rights.reissue(c, seen, new, WHY, by=BY))
    moved = Mortgage(mortgage.asset, made, mortgage.id)
    assert land.rows(CURRENT) == rows_on(moved, land.west)
    assert land.rows("SELECT id, version, retired_by FROM registry.restriction") == [(mortgage.id, 2, None)]
    # One that has ended stays what it was: registered on the old certificate.
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows(CURRENT) == rows_on(mortgage, land.west)
    land.split(*HALVES)
    again = Seen(id=mortgage.certificate, version=3)
    land.do(lambda c: rights.reissue(c, again, new.model_copy(update={"serial": "AA 00000002"}), WHY, by=BY))
    query = "SELECT certificate_id FROM registry.restriction WHERE id = %s"
    assert land.rows(query, mortgage.id) == [(mortgage.certificate,)]
    assert {row[2] for row in land.rows(CURRENT)} == {made + 1}


def test_a_restriction_on_the_new_certificate_holds_its_issue(land: Land, mortgage: Mortgage) -> None:
    new = rights.IssuedCertificate(serial="AA 00000001")
    seen = Seen(id=mortgage.certificate, version=1)
    change, made = land.do(lambda c: rights.reissue(c, seen, new, WHY, by=BY))
    query = "INSERT INTO registry.restriction (ward_id, certificate_id, kind) VALUES (%s, %s, 'seizure')"
    land.do(lambda c: c.execute(query, [land.ward, made]))
    with pytest.raises(Conflict, match=r"stands on it: registry\.restriction"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
