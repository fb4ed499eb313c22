"""What lies around on paper does not depend on who prints it: outlines and numbers of other wards are public, too."""

from __future__ import annotations

import pytest
import shapely

from gisland.database import run
from gisland.printing.areamap import AreaOrder, print_area
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.edition import Printed
from gisland.printing.extract import ExtractOrder, print_extract
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.sheet import SheetOrder, print_sheet
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from tests.factories import make_holder, make_holding, one
from tests.printing.conftest import WHY, Land
from tests.printing.pdf_text import opened, read_page

District = tuple[Land, Land]


def officer(*wards: int | None, role: Role = Role.OFFICER) -> Subject:
    """Of some wards; of None: of all."""
    return Subject("account:officer", tuple(Grant(role, ward) for ward in wards))


def printed(product: str, land: Land, subject: Subject) -> Printed:
    settings = land.settings
    match product:
        case "extract":
            return print_extract(settings, subject, ExtractOrder("11311", "12/5"))
        case "sheet":
            return print_sheet(settings, subject, SheetOrder("11311", "12"))
        case "atlas":
            return print_atlas(settings, subject, Order("11311", "07", reason=WHY))
        case "area":
            return print_area(settings, subject, AreaOrder(ward="11311"))
    return print_overview(settings, subject, OverviewOrder(ward="11311", groups="07"))


@pytest.mark.parametrize("product", ["extract", "sheet", "atlas", "area", "overview"])
def test_neighbours_of_the_next_ward_are_there(district: District, product: str) -> None:
    land, _ = district
    of_one, of_all = (printed(product, land, officer(ward)) for ward in (land.ward, None))
    assert of_one.content == of_all.content
    edition = of_one.edition
    said = {text.said for text in read_page(opened(of_one.content), 1 if product == "atlas" else 0)[0]}
    match product:
        case "extract":
            assert "3/1" in said
            assert any("3/1 (Thượng Lý)" in each for each in said)
        case "sheet":
            assert "3/1" in said
        case "atlas" | "area":
            shapes = edition.group.neighbours  # type: ignore[attr-defined]  # both have groups
            assert max(shapely.bounds(shapes)[:, 2]) > 594_101


def test_what_depends_on_the_reach_is_in_the_print_id(district: District) -> None:
    """A holder who is kept in the next ward is not seen from here: the status is another one, and so is the print."""
    land, other = district
    query = "SELECT id FROM registry.parcel WHERE ward_id = %s AND parcel_no = '99'"

    def work(connection) -> None:  # type: ignore[no-untyped-def]  # as `run`
        parcel = one(connection, query, land.ward)
        connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [land.group, parcel])
        make_holding(connection, land.ward, parcel, make_holder(connection, other.ward, "Người Ở Xa"))

    run(land.settings, work)
    found = []
    for product in ("atlas", "area", "overview"):
        of_one, of_all = (printed(product, land, officer(ward)) for ward in (land.ward, None))
        found.append(of_one.content == of_all.content)
        assert found[-1] == (of_one.edition.print_id == of_all.edition.print_id), product
    assert not all(found)
