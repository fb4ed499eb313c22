"""Overviews of several wards, several groups, and of an area that was drawn over the border of two wards."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import shapely
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.errors import GislandError, NotFound, UsageError
from gisland.kit.crs import to_wgs84
from gisland.printing.extent import SetOrder
from gisland.printing.finish import check
from gisland.printing.orders import Asked, list_prints, order
from gisland.printing.overview import OverviewOrder, PrintedOverview, print_overview
from gisland.printing.products import PRODUCTS, OverviewInputs
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests import commands
from tests.commands import Said
from tests.factories import make_account, make_group, one
from tests.printing.conftest import ADMIN, Land
from tests.printing.pdf_text import Text, opened, read_page
from tests.printing.test_lists import rows

District = tuple[Land, Land]
WEST, SOUTH = 594_000, 2_309_000


def area(west: float, south: float, east: float, north: float) -> str:
    """A rectangle in metres of the ground of `Land`, as a drawn area on that plane."""
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return json.dumps({"type": "Polygon", "coordinates": [[[WEST + x, SOUTH + y] for x, y in ring]]})


def count(settings: Settings, where: str) -> int:
    with connect(settings, DatabaseRole.APP) as connection:
        query = f"SELECT count(*) FROM registry.parcel p JOIN registry.unit u ON u.id = p.ward_id WHERE {where}"
        return int(one(connection, query))


def texts(printed: PrintedOverview) -> list[Text]:
    return read_page(opened(printed.content), 0)[0]


def check_sound(printed: PrintedOverview) -> None:
    """It is PDF/A, nothing leaves the page, and no text of the map or the panel lies on another one."""
    assert check(printed.content) == []
    paper = printed.edition.paper
    page = shapely.box(0, 0, paper.width, paper.height)
    found = [text for text in texts(printed) if text.said.strip()]
    assert all(page.contains(text.box) for text in found)
    for text, other in itertools.combinations(found, 2):
        assert shapely.area(shapely.intersection(text.box, other.box)) < 0.05, (text.said, other.said)


def check_row(printed: PrintedOverview, *cells: object) -> None:
    lines, wanted = rows(texts(printed)), [str(each) for each in cells]
    assert any(line[at : at + len(wanted)] == wanted for line in lines for at in range(len(line))), wanted


def test_two_wards(district: District) -> None:
    settings = district[0].settings
    printed = print_overview(settings, ADMIN, OverviewOrder(ward="11311", wards="11312"))
    units = {unit.said: unit.parcels for unit in printed.overview.units}
    assert units == {"Hồng Bàng": count(settings, "code = '11311'"), "Thượng Lý": count(settings, "code = '11312'")}
    assert units == {"Hồng Bàng": 11, "Thượng Lý": 10}
    check_row(printed, "Hồng Bàng", 11, 5, 0)
    check_row(printed, "Thượng Lý", 10, 5, 0)
    check_row(printed, "Cộng", 21, 10, 0)
    said = [text.said for text in texts(printed)]
    assert "Thượng Lý" in " ".join(said)
    check_sound(printed)
    again = print_overview(settings, ADMIN, OverviewOrder(ward="11311", wards=" 11312 "))
    assert again.content == printed.content
    # It is in the log of each ward.
    with connect(settings, DatabaseRole.APP) as connection:
        query = "SELECT array_agg(DISTINCT ward_id ORDER BY ward_id) FROM audit.event WHERE tag = 'map:printed'"
        assert one(connection, query) == sorted(land.ward for land in district)


def test_three_groups_of_two_wards(district: District) -> None:
    settings = district[0].settings
    wanted = OverviewOrder(ward="11311", groups="7, 08, 11312/01", paper="A2", language="en")
    printed = print_overview(settings, ADMIN, wanted)
    assert [(unit.code, unit.said, unit.parcels) for unit in printed.overview.units] == [
        ("07", "07 Hồng Bàng", 5),
        ("08", "08 Hồng Bàng", 5),
        ("01", "01 Thượng Lý", 10),
    ]
    check_row(printed, "Total", 20, 10, 0)
    check_sound(printed)


def test_groups_of_one_ward_leave_the_others_pale(district: District) -> None:
    printed = print_overview(district[0].settings, ADMIN, OverviewOrder(ward="11311", groups="07"))
    assert [unit.parcels for unit in printed.overview.units] == [5]
    # As far as the frame goes.
    assert 6 <= len(printed.overview.around) <= 16
    check_sound(printed)


def test_what_is_of_no_group_is_counted(district: District) -> None:
    printed = print_overview(district[0].settings, ADMIN, OverviewOrder(ward="11311"))
    assert {unit.code: unit.parcels for unit in printed.overview.units} == {"07": 5, "08": 5, "–": 1}
    check_row(printed, "Cộng", 11, 5, 0)


def test_an_area_over_the_border(district: District) -> None:
    settings = district[0].settings
    # The columns from x = 60 to 140: two of each ward; of those that it cuts at 59 and 141 the middle lies outside.
    drawn = area(59, -5, 141, 41)
    printed = print_overview(settings, ADMIN, OverviewOrder(ward="11311", area=drawn, area_crs=9210))
    assert {unit.said: unit.parcels for unit in printed.overview.units} == {"Hồng Bàng": 4, "Thượng Lý": 4}
    check_row(printed, "Cộng", 8, 4, 0)
    assert printed.overview.near
    check_sound(printed)
    # The same in degrees.
    corners = [to_wgs84(9210).transform(WEST + x, SOUTH + y) for x, y in ((59, -5), (141, 41))]
    box = ",".join(f"{value:.8f}" for corner in corners for value in corner)
    by_box = print_overview(settings, ADMIN, OverviewOrder(ward="11312", area=box))
    assert [unit.parcels for unit in by_box.overview.units] == [4, 4]
    # Side by side, each parcel is counted once.
    halves = [area(-5, -5, 70, 70), area(70, -5, 300, 70)]
    total = [print_overview(settings, ADMIN, OverviewOrder(ward="11311", area=each, area_crs=9210)) for each in halves]
    assert sum(sum(each.overview.counts.values()) for each in total) == 21


def test_zones_are_brought_together(district: District) -> None:
    land, other = district

    def work(connection: Connection) -> None:
        change = one(connection, "SELECT min(id) FROM registry.change")
        sheet = one(
            connection,
            "INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid) VALUES (%s, '9', 500, 9211) RETURNING id",
            other.ward,
        )
        query = """
            INSERT INTO registry.parcel
                   (ward_id, map_sheet_id, residential_group_id, parcel_no, srid, geom, created_by)
            SELECT %s, %s, %s, '77', 9211,
                   ST_Transform(ST_MakeEnvelope(594200, 2309000, 594220, 2309020, 9210), 9211), %s
        """
        connection.execute(query, [other.ward, sheet, other.group, change])

    run(land.settings, work)
    printed = print_overview(land.settings, ADMIN, OverviewOrder(ward="11311", wards="11312"))
    assert printed.edition.srid == 9210
    assert sum(printed.overview.counts.values()) == 22
    assert shapely.bounds(printed.overview.units[1].outline)[2] == pytest.approx(594220, abs=0.01)
    said = " ".join(text.said for text in texts(printed))
    assert "1 thửa đo ở múi khác (EPSG:9211)" in said


def answers(settings: Settings, subject: Subject, orders: Sequence[OverviewOrder]) -> set[tuple[str, str]]:
    """The answers to orders, without the codes that these say."""
    found = set()
    for each in orders:
        with pytest.raises(GislandError) as refused:
            print_overview(settings, subject, each)
        error = refused.value
        said = f"{error} {error.hint}"
        for code in ("11312", "11399"):
            said = said.replace(code, "…")
        found.add((type(error).__name__, said))
    return found


def test_groups_that_came_by_a_reform_are_found(district: District) -> None:
    """Their codes begin with that of the former ward; that ward is not asked for."""
    land = district[0]
    came = run(land.settings, lambda connection: make_group(connection, land.ward, "11305/07"))
    land.square(0, 80, 20, "7", group=came)
    for said in ("11305/07", "11311/11305/07"):
        printed = print_overview(land.settings, ADMIN, OverviewOrder(ward="11311", groups=said))
        assert [unit.said for unit in printed.overview.units] == ["11305/07"]
    with pytest.raises(NotFound, match="no ward 11306"):
        print_overview(land.settings, ADMIN, OverviewOrder(ward="11311", groups="11306/07"))


def test_what_is_beyond_reach_looks_as_if_it_were_not_there(district: District) -> None:
    land = district[0]
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    settings = land.settings
    assert print_overview(settings, viewer, OverviewOrder(ward="11311")).overview.units
    wards = [OverviewOrder(ward="11311", wards=code) for code in ("11312", "11399")]
    assert len(answers(settings, viewer, wards)) == 1
    homes = [OverviewOrder(ward=code, wards="11311") for code in ("11312", "11399")]
    assert len(answers(settings, viewer, homes)) == 1
    groups = [OverviewOrder(ward="11311", groups=f"07,{code}/01") for code in ("11312", "11399")]
    assert len(answers(settings, viewer, groups)) == 1
    beyond, empty = area(101, 0, 200, 40), area(901, 0, 990, 40)
    areas = [OverviewOrder(ward="11311", area=each, area_crs=9210) for each in (beyond, empty)]
    assert len(answers(settings, viewer, areas)) == 1
    # Of an area over the border there is what may be seen.
    printed = print_overview(settings, viewer, OverviewOrder(ward="11311", area=area(59, -5, 141, 41), area_crs=9210))
    assert {unit.said: unit.parcels for unit in printed.overview.units} == {"07": 2, "08": 2}
    assert printed.wards == (land.ward,)
    # Outlines of the next ward are public: they lie around.
    assert len(printed.overview.around) == 12


@pytest.mark.parametrize(
    ("more", "kind", "says"),
    [
        ({"wards": "11312", "groups": "07"}, UsageError, "choose one"),
        ({"wards": "11312", "area": "106,20,106.1,20.1"}, UsageError, "choose one"),
        ({"area_crs": 9210}, UsageError, "area_crs is of an area"),
        ({"groups": "66"}, NotFound, "has no group 66"),
        ({"area": "106,20,106.1,20.1"}, NotFound, "no parcel within reach"),
        ({"area": "106.0,20.0,106.0,20.1"}, UsageError, "no box"),
        ({"area": area(105, 0, 200, 40), "area_crs": 9210}, UsageError, "no parcel of ward 11311"),
    ],
)
def test_orders_that_cannot_be(
    district: District, more: dict[str, object], kind: type[GislandError], says: str
) -> None:
    with pytest.raises(kind, match=says) as refused:
        print_overview(district[0].settings, ADMIN, OverviewOrder(ward="11311", **more))  # type: ignore[arg-type]
    assert refused.value.hint or "choose" in says or "is of" in says


def test_who_sees_what_was_ordered(district: District) -> None:
    """A print of two wards is for those who may print in both."""
    land, other = district
    settings = land.settings

    def hire(name: str, *wards: int) -> Subject:
        grants = tuple(Grant(Role.VIEWER, ward) for ward in wards)

        def work(connection: Connection) -> int:
            make_account(connection, name, *grants)
            return int(one(connection, "SELECT id FROM security.account WHERE name = %s", name))

        return Subject(f"account:{name}", grants, account_id=run(settings, work))

    both, west = hire("ca-hai", land.ward, other.ward), hire("mot-ben", land.ward)

    def place(subject: Subject, **inputs: object) -> object:
        product = PRODUCTS["overview"]
        asked = OverviewInputs.model_validate({"ward": "11311"} | inputs)
        return run_as(settings, subject, lambda c: order(c, settings, subject, product, asked).id)

    made = place(both, wards="11312")
    own = place(west, area={"type": "Feature", "geometry": json.loads(area(5, 5, 50, 30))}, area_crs=9210)
    with pytest.raises(NotFound, match="no ward 11312 within reach"):
        place(west, wards="11312")
    seen = {
        subject.name: {each.id for each in run_as(settings, subject, lambda c: list_prints(c, Asked()))}
        for subject in (both, west)
    }
    assert seen == {both.name: {made, own}, west.name: {own}}


def run_as(settings: Settings, subject: Subject, work):  # type: ignore[no-untyped-def]  # as `run`
    from gisland.database import scope

    with scope(subject.scope(Permission.MAP_PRINT)):
        return run(settings, work)


def test_the_order_is_the_model() -> None:
    """What REST and OGC describe is what an order has."""
    assert OverviewInputs.model_fields.keys() == OverviewOrder.__dataclass_fields__.keys()
    assert OverviewInputs.model_fields.keys() > SetOrder.__dataclass_fields__.keys()
    inputs = OverviewInputs.model_validate({"ward": "11311", "area": {"bbox": [106.66, 20.85, 106.69, 20.87]}})
    assert isinstance(inputs.area, str)


def test_the_command(district: District, tmp_path: Path) -> None:
    settings = district[0].settings
    file = tmp_path / "khu vực.geojson"
    file.write_text(area(59, -5, 141, 41), encoding="utf-8")
    out = tmp_path / "out.pdf"

    arguments = ["print", "overview", "--ward", "11311", "--out", str(out)]

    def command(*more: str) -> Said:
        """Within this process: to start another one takes longer."""
        return commands.gisland(settings, *arguments, *more)

    line = [sys.executable, "-m", "gisland", *arguments, "--area", str(file), "--area-crs", "9210", "--paper", "A2"]
    done = subprocess.run(line, env=settings.as_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert out.read_bytes().startswith(b"%PDF")
    assert "1 trang A2" in done.stdout
    assert command("--wards", "11312").returncode == 0
    file.write_text("{}")
    assert "no area" in command("--area", str(file)).stderr
    assert "cannot read the file" in command("--area", str(tmp_path / "none.geojson")).stderr
