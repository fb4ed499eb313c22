"""The overview of a ward: figures of its groups, their colours, and the paper that is taken."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shapely
from PIL import Image

from gisland.errors import NotFound, UsageError
from gisland.printing.finish import check
from gisland.printing.ink import WHITE
from gisland.printing.overview import OverviewOrder, PrintedOverview, print_overview
from gisland.printing.overview_page import paint_of
from gisland.printing.picture import picture
from gisland.printing.product import OverviewProduct, load_product
from gisland.printing.scene import points_to_paper
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, Land
from tests.printing.pdf_text import opened, read_page
from tests.printing.test_lists import rows


@pytest.fixture(scope="module")
def printed(demo: Settings) -> PrintedOverview:
    return print_overview(demo, ADMIN, OverviewOrder("11311", "A3"))


def test_figures_of_each_group(printed: PrintedOverview) -> None:
    lines = rows(read_page(opened(printed.content), 0)[0])
    said = [each for line in lines for each in line]
    assert len(printed.overview.shares) == 2
    for share, group in zip(printed.overview.shares, printed.overview.groups, strict=True):
        statuses = [parcel.status for parcel in group.parcels]
        must = [status for status in statuses if status not in {"organisation", "no_holder"}]
        assert (share.parcels, share.must, share.done) == (len(statuses), len(must), must.count("verified"))
        assert share.percent is not None
        row = [share.code, str(share.parcels), str(share.must), str(share.done)]
        assert any(line[:4] == row or line[-5:-1] == row for line in lines), row
        assert f"{share.percent:.0f} %" in said
    assert "Phường Hồng Bàng" in said


def test_groups_have_the_colour_of_their_class(printed: PrintedOverview) -> None:
    """In the picture of the page: what most of a group's ground looks like."""
    overview, frame = printed.overview, printed.edition.paper.frame
    product = printed.edition.product
    assert isinstance(product, OverviewProduct)
    assert overview.place.scale > product.parcels_to
    dots = 72 / 25.4
    pixels = np.asarray(Image.open(io.BytesIO(picture(printed.content, 1, 72))).convert("RGB"))
    for share in overview.shares:
        west, south, east, north = shapely.bounds(share.outline[0])
        x, y = np.meshgrid(np.linspace(west, east, 60), np.linspace(south, north, 60))
        ground = np.column_stack([x.ravel(), y.ravel()])
        inside = ground[shapely.contains_xy(share.outline[0], ground)]
        at = points_to_paper(inside, overview.place, frame)
        seen = pixels[((printed.edition.paper.height - at[:, 1]) * dots).astype(int), (at[:, 0] * dots).astype(int)]
        wanted = np.array(paint_of(share.percent, product, overview.palette)) * 255
        assert np.abs(np.median(seen, axis=0) - wanted).max() < 4


def test_classes_become_deeper() -> None:
    product = load_product(Settings(), "overview", OverviewProduct)
    from gisland.catalogue import load_catalogue

    palette = load_catalogue(Settings()).palette
    light = [sum(paint_of(share, product, palette)) for share in (0, 20, 40, 60, 80, 95)]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == 6
    assert paint_of(None, product, palette) == WHITE


def test_sound_and_the_same_each_time(printed: PrintedOverview, demo: Settings) -> None:
    assert check(printed.content) == []
    assert print_overview(demo, ADMIN, OverviewOrder("11311", "a3")).content == printed.content
    large = print_overview(demo, ADMIN, OverviewOrder("11311", "A0", "en"))
    assert large.overview.place.scale < printed.overview.place.scale
    page = shapely.box(0, 0, large.edition.paper.width, large.edition.paper.height)
    assert all(page.contains(text.box) for text in read_page(opened(large.content), 0)[0])


def test_what_cannot_be(land: Land) -> None:
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    with pytest.raises(UsageError, match="--paper A4"):
        print_overview(land.settings, viewer, OverviewOrder("11311", "A4"))
    with pytest.raises(NotFound, match="no group of ward"):
        print_overview(land.settings, viewer, OverviewOrder("11311"))
    land.square(0, 0, 20, "1", land_type="DGT")
    share = print_overview(land.settings, viewer, OverviewOrder("11311")).overview.shares[0]
    assert (share.parcels, share.must, share.percent) == (1, 0, None)
    elsewhere = Subject("account:x", (Grant(Role.VIEWER, land.ward + 1),))
    with pytest.raises(NotFound):
        print_overview(land.settings, elsewhere, OverviewOrder("11311"))
