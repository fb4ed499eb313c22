"""The overview of a ward: figures of its groups, their colours, and the paper that is taken."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.errors import NotFound, UsageError
from gisland.printing.ink import WHITE
from gisland.printing.model import Group
from gisland.printing.overview import OverviewOrder, PrintedOverview, print_overview
from gisland.printing.overview_map import paint_of
from gisland.printing.overview_page import OverviewPaper
from gisland.printing.picture import picture
from gisland.printing.product import OverviewProduct
from gisland.printing.read import find_group, read_group
from gisland.printing.scene import points_to_paper
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_group
from tests.printing.conftest import ADMIN, Land
from tests.printing.outside import check_file, check_position
from tests.printing.pdf_text import opened, read_page, see_page
from tests.printing.proofs_hatches import check_same
from tests.printing.proofs_map import check_bar_of
from tests.printing.test_lists import rows


@pytest.fixture(scope="module")
def printed(demo: Settings) -> PrintedOverview:
    return print_overview(demo, ADMIN, OverviewOrder(ward="11311"))


def test_figures_of_each_group(printed: PrintedOverview, demo: Settings) -> None:
    lines = rows(read_page(opened(printed.content), 0)[0])
    said = [each for line in lines for each in line]
    units = printed.overview.units
    assert len(units) == 2
    for unit in units:
        group = read_group_of(demo, unit.code)
        statuses = [parcel.status for parcel in group.parcels]
        must = [status for status in statuses if status not in {"organisation", "no_holder"}]
        assert (unit.parcels, unit.must, unit.done) == (len(statuses), len(must), must.count("verified"))
        assert unit.percent is not None
        row = [unit.code, str(unit.parcels), str(unit.must), str(unit.done)]
        assert any(line[at : at + 4] == row for line in lines for at in range(len(line))), row
        assert f"{unit.percent:.0f} %" in said
    assert "Phường Hồng Bàng" in said
    for status, count in printed.overview.counts.items():
        assert str(count) in said, status


def read_group_of(settings: Settings, code: str) -> Group:
    with connect(settings, DatabaseRole.APP) as connection:
        return read_group(connection, find_group(connection, "11311", code), names=False)


def test_groups_have_the_colour_of_their_class(printed: PrintedOverview) -> None:
    """In the picture of the page: what most of a group's ground looks like."""
    overview, frame = printed.overview, printed.edition.paper.frame
    product = printed.edition.product
    assert isinstance(product, OverviewProduct)
    assert overview.place.scale > product.parcels_to
    dots = 72 / 25.4
    pixels = np.asarray(Image.open(io.BytesIO(picture(printed.content, 1, 72))).convert("RGB"))
    for unit in overview.units:
        west, south, east, north = shapely.bounds(unit.outline)
        x, y = np.meshgrid(np.linspace(west, east, 60), np.linspace(south, north, 60))
        ground = np.column_stack([x.ravel(), y.ravel()])
        inside = ground[shapely.contains_xy(unit.outline, ground)]
        at = points_to_paper(inside, overview.place, frame)
        seen = pixels[((printed.edition.paper.height - at[:, 1]) * dots).astype(int), (at[:, 0] * dots).astype(int)]
        wanted = np.array(paint_of(unit.percent, overview.palette)) * 255
        assert np.abs(np.median(seen, axis=0) - wanted).max() < 4


def test_classes_become_deeper() -> None:
    from gisland.catalogue import load_catalogue

    palette = load_catalogue(Settings()).palette
    light = [sum(paint_of(share, palette)) for share in (0, 20, 40, 60, 80, 95)]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == 6
    assert paint_of(None, palette) == WHITE


def test_sound_and_the_same_each_time(printed: PrintedOverview, demo: Settings, tmp_path: Path) -> None:
    path = check_file(printed.content, tmp_path, "Phường Hồng Bàng", "Số liệu theo tổ")
    place = printed.overview.place
    # Two hundredths of a millimetre on paper: a map of kilometres is no affine picture of the ground.
    most = max(0.01, 0.02 * place.scale / 1000)
    check_position(path, place.inset().bounds, printed.edition.srid, most=most)
    assert print_overview(demo, ADMIN, OverviewOrder(ward="11311", paper="a3")).content == printed.content


@pytest.mark.parametrize("paper", ["A3", "A2", "A1", "A0"])
def test_each_paper(printed: PrintedOverview, demo: Settings, paper: str) -> None:
    large = print_overview(demo, ADMIN, OverviewOrder(ward="11311", paper=paper, language="en"))
    assert (large.overview.place.scale < printed.overview.place.scale) == (paper != "A3")
    page = shapely.box(0, 0, large.edition.paper.width, large.edition.paper.height)
    seen = see_page(opened(large.content), 0)
    assert all(page.contains(text.box) for text in seen.texts)
    check_bar_of(seen, large.overview.place.scale, OverviewPaper.LARGER[paper])
    check_same(seen, large.overview.palette, large.overview.counts, OverviewPaper.LARGER[paper])


def test_what_cannot_be(land: Land) -> None:
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    with pytest.raises(UsageError, match="--paper A4"):
        print_overview(land.settings, viewer, OverviewOrder(ward="11311", paper="A4"))
    with pytest.raises(NotFound, match="has no parcel"):
        print_overview(land.settings, viewer, OverviewOrder(ward="11311"))
    land.square(0, 0, 20, "1", land_type="DGT")
    unit = print_overview(land.settings, viewer, OverviewOrder(ward="11311")).overview.units[0]
    assert (unit.parcels, unit.must, unit.percent) == (1, 0, None)
    elsewhere = Subject("account:x", (Grant(Role.VIEWER, land.ward + 1),))
    with pytest.raises(NotFound):
        print_overview(land.settings, elsewhere, OverviewOrder(ward="11311"))


def test_of_very_many_groups_the_lowest_stand_beside_the_map(land: Land) -> None:
    """All of them are on pages of their own; the sum has its row beside the map, too."""
    for index in range(150):
        group = run(land.settings, partial(make_group, ward=land.ward, code=f"{index + 100}"))
        holder = "Người Thử" if index % 2 else ""
        land.square(20 * (index % 15), 20 * (index // 15), 20, f"{index}", group=group, holder=holder)
    printed = print_overview(land.settings, ADMIN, OverviewOrder(ward="11311"))
    assert printed.edition.pages == 3
    page = see_page(opened(printed.content), 0)
    panel, lines = printed.edition.paper.panel, rows([text for text in page.texts if text.middle[0] > 320])
    shown = [line for line in lines if line[0].isdigit() and len(line) == 5]
    # To verify is what has a holder; that is every second group.
    assert [line[0] for line in shown] == [f"{index + 100}" for index in range(1, 2 * len(shown), 2)]
    assert len(shown) > 10
    assert ["Cộng", "150", "75", "0", "0,0"] in lines
    assert "Ranh giới tổ (không chính thức)" in {text.said for text in page.texts}
    low = min(text.box.bounds[1] for text in page.texts if text.said == "Cộng")
    notes = max(text.box.bounds[3] for text in page.texts if text.said == "•" and text.middle[0] > panel.x)
    assert 0 < low - notes < 15
