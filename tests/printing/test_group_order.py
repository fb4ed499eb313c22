"""Groups and parcels stand on paper in the order of their numbers, whether or not their codes are padded."""

from __future__ import annotations

from psycopg import Connection

from gisland.printing.extent import SetOrder, find_extent, read_parcels
from gisland.printing.progress import read_units
from gisland.security.places import list_places
from tests.factories import make_group, make_parcel, make_sheet, make_ward
from tests.printing.conftest import ADMIN

CODES = ["TDP 10", "TDP 2", "11", "3", "10A"]
IN_ORDER = ["3", "10A", "11", "TDP 2", "TDP 10"]


def test_groups_and_parcels_count(app_connection: Connection) -> None:
    ward = make_ward(app_connection)
    for sheet_no in ("10", "2"):
        sheet = make_sheet(app_connection, ward, sheet_no)
        for code, number in zip(CODES, ("10", "2", "0003", "10A", "1"), strict=True):
            group = app_connection.execute(
                "SELECT id FROM registry.residential_group WHERE code = %s", [code]
            ).fetchone() or (make_group(app_connection, ward, code),)
            parcel = make_parcel(app_connection, ward, sheet, number)
            query = "UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s"
            app_connection.execute(query, [group[0], parcel])
    extent = find_extent(app_connection, ADMIN, SetOrder(ward="11311"), 100, middle=False)
    assert [each.code for each in extent.groups] == IN_ORDER
    assert [unit.code for unit in read_units(app_connection, extent, str, keep=False)] == IN_ORDER
    asked = find_extent(app_connection, ADMIN, SetOrder(ward="11311", groups="TDP 10,11,TDP 2"), 100, middle=False)
    assert [each.code for each in asked.chosen] == ["11", "TDP 2", "TDP 10"]
    rows, _ = read_parcels(app_connection, [row.id for row in extent.found], extent.srid, str)
    numbers = ["1", "2", "0003", "10", "10A"]
    assert [(row.sheet_no, row.parcel_no) for row in rows] == [(sheet, no) for sheet in ("2", "10") for no in numbers]
    (place,) = list_places(app_connection)
    assert [group.label for group in place.groups] == IN_ORDER
