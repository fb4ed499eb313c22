"""The layout of an atlas: scale, paper the better way round, pages, and which page each parcel is at home on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from gisland.errors import UsageError
from gisland.printing.labels import Labels, Measures, place_labels
from gisland.printing.model import Bools, Floats, Geometries
from gisland.printing.paper import Paper
from gisland.printing.placement import Place, place_pages
from gisland.printing.product import Product

LARGE = (1.0, 0.6, 0.4)
"""A parcel that takes more than this part of the frame, along x or y, goes into an inset; the best of them is taken."""
INSET_COST = 0.05
"""Pages that a parcel may cost before it is put into an inset, where it is small."""
ENOUGH = 1.2
"""More pages than this many times the area of the parcels, and three, make it worth looking for fewer."""


@dataclass
class MapPage:
    """A map page. `number` counts map pages from 1; `home` are the parcels whose rows stand in its checklist."""

    number: int
    place: Place
    inset: bool
    home: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    """Parcels that lie whole on it."""


@dataclass
class Layout:
    """An atlas before it is drawn."""

    paper: Paper
    scale: int
    pages: list[MapPage]
    labels: dict[int, Labels]
    """Of all parcels, by scale."""
    where: list[int]
    """Of each parcel, the index of the page that it is at home on."""

    @property
    def frames(self) -> Geometries:
        """The map frames on the ground."""
        places = [page.place for page in self.pages]
        found: Geometries = shapely.box(*np.array([(p.west, p.south, p.east, p.north) for p in places]).T)
        return found


def lay_out(
    shapes: Geometries,
    measures: Measures,
    product: Product,
    papers: Sequence[Paper],
    scale: int | None,
    stored: Floats | None = None,
) -> Layout:
    """Lay out an atlas.

    Args:
        shapes: the parcels, metres.
        measures: of their labels.
        product: what the atlas looks like.
        papers: the sheets that may be taken; the one that needs the fewest pages is.
        scale: denominator; None: the smallest scale of the product at which enough labels fit.
        stored: places of labels that somebody chose, see `place_labels`.

    Raises:
        UsageError: a parcel fits on no page at any scale of the product.
    """
    labels: dict[int, Labels] = {}

    def at(denominator: int) -> Labels:
        if denominator not in labels:
            labels[denominator] = place_labels(shapes, measures, denominator, product.label_smallest, stored)
        return labels[denominator]

    if scale is None:
        scale = min(product.scales)
        for each in sorted(product.scales, reverse=True):
            if at(each).share >= product.labels_that_fit:
                scale = each
                break
    bounds = shapely.bounds(shapes)
    area = float(shapely.area(shapes).sum())
    found = [(_pages(bounds, area, product, each, scale), each) for each in papers]
    places, sheet = min(found, key=lambda each: len(each[0]))
    pages = [MapPage(number, place, place.scale != scale) for number, place in enumerate(places, start=1)]
    for page in pages:
        at(page.place.scale)
        page.whole = np.flatnonzero(page.place.holds(bounds)).tolist()
    return Layout(sheet, scale, pages, labels, _homes(pages, bounds))


def _pages(bounds: Floats, area: float, product: Product, sheet: Paper, scale: int) -> list[Place]:
    """The pages at the scale, then the insets of what is too large for them; `area` is that of all parcels, m²."""
    extent = np.maximum(bounds[:, 2:] - bounds[:, :2], 0)
    ground, inside = scale / 1000, product.inside * scale / 1000
    room = np.array([sheet.frame.width, sheet.frame.height]) * ground - 2 * inside
    best: list[Place] | None = None
    least = 0.0
    tried: set[int] = set()
    for share in LARGE:
        small = (extent <= room * share).all(axis=1)
        if small.sum() in tried or (not small.any() and best is not None):
            continue
        tried.add(int(small.sum()))
        wide, high = sheet.frame.width * ground, sheet.frame.height * ground
        pages = _insets(bounds[~small], product, sheet, scale, len(bounds))
        if small.any():
            enough = int(ENOUGH * area / (wide * high)) + 3 - len(pages)
            pages = place_pages(bounds[small], wide, high, scale, inside, enough) + pages
        cost = len(pages) + INSET_COST * int((~small).sum())
        if best is None or cost < least:
            best, least = pages, cost
    assert best is not None
    return best


def _insets(bounds: Floats, product: Product, sheet: Paper, scale: int, most: int) -> list[Place]:
    if not len(bounds):
        return []
    best: list[Place] | None = None
    extent = (bounds[:, 2:] - bounds[:, :2]).max(axis=0)
    for each in sorted(each for each in product.inset_scales if each > scale):
        ground, inside = each / 1000, product.inside * each / 1000
        wide, high = sheet.frame.width * ground, sheet.frame.height * ground
        if (extent > (wide - 2 * inside, high - 2 * inside)).any():
            continue
        pages = place_pages(bounds, wide, high, each, inside)
        if best is None or len(pages) < len(best):
            best = pages
        if len(best) <= max(1, most // 100):
            break
    if best is None:
        wide, high = extent
        raise UsageError(
            f"một thửa rộng {wide:.0f} × {high:.0f} m không nằm vừa trang nào · a parcel of {wide:.0f} × {high:.0f} m "
            f"fits on no {sheet.name} page",
            hint="giấy lớn hơn, hoặc thêm tỷ lệ vào inset_scales · larger paper, or a smaller scale in `inset_scales`",
        )
    return best


def _homes(pages: Iterable[MapPage], bounds: Floats) -> list[int]:
    """The page on which each parcel lies whole and nearest to the middle; pages at the scale go before insets."""
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    costs = []
    for page in pages:
        held: Bools = np.zeros(len(bounds), dtype=bool)
        held[page.whole] = True
        off = np.abs(middles - page.place.middle) / (page.place.width, page.place.height)
        costs.append(np.where(held, off.max(axis=1) + (10 if page.inset else 0), np.inf))
    where: list[int] = np.argmin(np.array(costs), axis=0).tolist()
    for parcel, index in enumerate(where):
        list(pages)[index].home.append(parcel)
    return where
