"""The layout: paper the better way round, few pages, insets for what is large and for nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gisland.printing.labels import measure
from gisland.printing.layout import Layout, lay_out
from gisland.printing.model import Geometries, Parcel
from gisland.printing.paper import paper
from gisland.printing.product import AtlasProduct, load_product
from gisland.settings import Settings

PRODUCT = load_product(Settings(), "atlas", AtlasProduct)


def laid_out(
    shapes: list[shapely.Geometry], orientation: str = "auto", size: str = "A3", scale: int | None = 500
) -> Layout:
    parcels = tuple(
        Parcel(index, "1", str(index), shape.area, None, "ODT", "unsent", None, ())
        for index, shape in enumerate(shapes)
    )
    drawn: Geometries = np.array(shapes, dtype=object)
    return lay_out(drawn, measure(parcels, PRODUCT.label_height), PRODUCT, paper(size, orientation), scale)


def block(columns: int, rows: int, side: float = 10) -> list[shapely.Geometry]:
    return [
        shapely.box(x * side, y * side, (x + 1) * side, (y + 1) * side) for x in range(columns) for y in range(rows)
    ]


@pytest.mark.parametrize(("columns", "rows", "best"), [(14, 2, "landscape"), (4, 14, "portrait")])
def test_the_sheet_is_taken_the_better_way_round(columns: int, rows: int, best: str) -> None:
    shapes = block(columns, rows)
    assert laid_out(shapes).paper.orientation == best
    assert len(laid_out(shapes).pages) == 1
    assert len(laid_out(shapes, "portrait" if best == "landscape" else "landscape").pages) > 1


def test_what_lies_whole_on_a_page_needs_no_inset() -> None:
    # The field takes three quarters of the frame, and fits beside the houses.
    layout = laid_out([*block(4, 4), shapely.box(42, 0, 150, 100)], "landscape")
    assert [page.inset for page in layout.pages] == [False]


def test_a_street_through_the_group_lies_whole_on_an_inset() -> None:
    layout = laid_out([*block(60, 2), shapely.box(0, 20, 600, 26)], "landscape")
    insets = [page for page in layout.pages if page.inset]
    assert [page.home for page in insets] == [[120]]
    assert sum(not page.inset for page in layout.pages) <= 1.2 * 600 * 26 / (160 * 130) + 5


def test_many_large_parcels_save_pages_by_insets_but_not_most_of_them() -> None:
    layout = laid_out(block(20, 20, side=90), "landscape")
    homes = sum(len(page.home) for page in layout.pages if page.inset)
    assert homes <= 0.15 * 400


def test_houses_far_from_the_others_share_an_inset() -> None:
    far = [shapely.box(1000 * index, 2000, 1000 * index + 10, 2010) for index in range(8)]
    layout = laid_out([*block(20, 4), *far], "landscape")
    assert [page.inset for page in layout.pages].count(True) == 1
    assert sorted(layout.pages[-1].home) == list(range(80, 88))
    assert len(layout.pages) <= 1.2 * 88 * 100 / (160 * 130) + 3


@pytest.mark.parametrize(
    ("wide", "narrow", "scale"),
    [
        (block(10, 4, side=5), [], 200),
        (block(10, 4, side=15), [], 1000),
        # 85 of 100, and one fewer: a house of 5 m has no room for its label at 1:500, one of 10 m has.
        (block(17, 5), block(15, 1, side=5), 500),
        (block(21, 4), block(16, 1, side=5), 200),
    ],
)
def test_the_scale_is_the_smallest_at_which_enough_labels_fit(
    wide: list[shapely.Geometry], narrow: list[shapely.Geometry], scale: int
) -> None:
    shapes = [*wide, *shapely.transform(narrow, lambda xy: xy - (0, 5))]
    layout = laid_out(shapes, "landscape", scale=None)
    shares = {each: layout.labels[each].share for each in PRODUCT.scales if each >= scale}
    assert layout.scale == scale
    assert shares.pop(scale) >= 0.85
    assert shares
    assert max(shares.values()) < 0.85
