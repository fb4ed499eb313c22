"""Who may not be told of persons sees the four public classes on paper, as on the public map: never what is wrong."""

from __future__ import annotations

import threading

import pytest
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import run, scope
from gisland.errors import Forbidden
from gisland.printing import orders, work
from gisland.printing.areamap import AreaOrder, print_area
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.edition import Printed
from gisland.printing.extract import ExtractOrder, print_extract
from gisland.printing.orders import PrintJob
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_account, one
from tests.printing.conftest import ADMIN, WHY, Land
from tests.printing.pdf_text import opened, read_page

VIEWER = Subject("account:viewer", (Grant(Role.VIEWER),))
SECRET = "Có dữ liệu cá nhân – không sao chép"
MAPS = ["atlas", "area", "near", "overview"]


def printed(settings: Settings, subject: Subject, product: str) -> Printed:
    match product:
        case "atlas":
            return print_atlas(settings, subject, Order("11311", "02", reason=WHY))
        case "area":
            return print_area(settings, subject, AreaOrder(ward="11311", paper="A1"))
        case "near":
            return print_overview(settings, subject, OverviewOrder(ward="11311", groups="02", paper="A1"))
    return print_overview(settings, subject, OverviewOrder(ward="11311"))


def pages(done: Printed) -> list[set[str]]:
    """What stands on each page."""
    pdf = opened(done.content)
    return [{text.said.strip() for text in read_page(pdf, index)[0]} for index in range(len(pdf.pages))]


@pytest.mark.parametrize("product", MAPS)
def test_statuses_are_told_to_whom_persons_are(demo: Settings, product: str) -> None:
    palette = load_catalogue(demo).palette
    classes = {each.label.vi for each in palette.public.values()}
    exact = {each.label.vi for each in palette.exact.values()} - classes
    for_staff, for_others = (pages(printed(demo, subject, product)) for subject in (ADMIN, VIEWER))
    told = set().union(*for_others)
    assert not exact & told
    assert "số định danh" not in " ".join(told)
    assert len(classes & told) >= 3
    assert not any(SECRET in said for page in for_others for said in page)
    assert len(exact & set().union(*for_staff)) >= 4
    # Wherever an exact status stands, it says so.
    for page in for_staff:
        assert not exact & page or any(SECRET in said for said in page), exact & page


def test_shares_are_the_same_for_all(demo: Settings) -> None:
    """What counts as verified, and what must be, follows from the classes as well."""
    first, second = (print_overview(demo, subject, OverviewOrder(ward="11311")) for subject in (ADMIN, VIEWER))
    shares = [[(unit.parcels, unit.must, unit.done) for unit in each.overview.units] for each in (first, second)]
    assert shares[0] == shares[1]
    assert first.edition.exact
    assert not second.edition.exact


def test_an_extract_with_names_says_so(land: Land) -> None:
    land.square(0, 0, 20, "12", holder="Trần Văn Thử")
    for reader, secret in (("owner", True), ("third-party", False)):
        order = ExtractOrder("11311", "12/12", reader, reason=WHY)  # type: ignore[arg-type]  # of two texts
        (page,) = pages(print_extract(land.settings, ADMIN, order))
        assert any(SECRET in said for said in page) == secret


def test_who_may_take_a_map_with_exact_statuses(district: tuple[Land, Land]) -> None:
    """An officer's map is for officers of all its wards; a viewer's is for everybody who reaches it."""
    land, other = district
    settings = land.settings

    def hire(name: str, *grants: Grant) -> Subject:
        def made(connection: Connection) -> int:
            make_account(connection, name, *grants)
            return int(one(connection, "SELECT id FROM security.account WHERE name = %s", name))

        return Subject(f"account:{name}", grants, account_id=run(settings, made))

    def of_both(role: Role, second: Role | None = None) -> tuple[Grant, Grant]:
        return Grant(role, land.ward), Grant(second or role, other.ward)

    officer, colleague = (hire(name, *of_both(Role.OFFICER)) for name in ("mot", "hai"))
    half, viewer = hire("ba", *of_both(Role.OFFICER, Role.VIEWER)), hire("bon", *of_both(Role.VIEWER))

    def drawn(subject: Subject) -> PrintJob:
        product = orders.product_called("area")
        given = orders.read_inputs(product, {"ward": "11311", "wards": "11312"})
        with scope(subject.scope(Permission.MAP_PRINT)):
            made = run(settings, lambda c: orders.order(c, settings, subject, product, given))
        work.draw_print(settings, made.id, threading.Event())
        with scope(subject.scope(Permission.MAP_PRINT)):
            return run(settings, lambda c: orders.look(c, made.id))

    def take(subject: Subject, job: PrintJob) -> None:
        with scope(subject.scope(Permission.MAP_PRINT)):
            assert run(settings, lambda c: orders.fetch(c, subject, job.id))[1]

    job = drawn(officer)
    assert (job.names, job.exact) == (False, True)
    take(colleague, job)
    for subject in (half, viewer):
        assert not orders.may_take(subject, job)
        with pytest.raises(Forbidden, match="told of persons"):
            take(subject, job)
        theirs = drawn(subject)
        assert (theirs.names, theirs.exact) == (False, False)
        for each in (officer, half, viewer):
            take(each, theirs)
