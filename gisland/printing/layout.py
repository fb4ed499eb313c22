"""The layout of an atlas: scale, paper the better way round, pages, and which page each parcel is at home on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from gisland.errors import UsageError
from gisland.printing.covering import Aside
from gisland.printing.labels import Labels, Measures, measure, place_labels
from gisland.printing.model import Bools, Floats, Geometries, Group, Parcel, shortened
from gisland.printing.paper import Paper
from gisland.printing.placement import Place, place_pages
from gisland.printing.product import AtlasProduct
from gisland.printing.spots import Spots

INSET_COST = 0.1
"""Pages that a parcel may cost before it is put into an inset, where it is small."""
LEGIBLE = 30.0
"""A parcel of so many millimetres can be read on an inset, too: it may cost half of that."""
MOST_IN_INSETS = 0.15, 0.25
"""Share of the parcels that may be put into insets to save pages; the second where only that makes them few enough."""
ON_AN_INSET = 15
"""So many parcels are worth an inset of their own: the scale is the largest at which there are not more insets."""
ENOUGH = 1.2
"""More pages than this many times the area of the parcels, and three, are too many."""


class FitsNowhere(Exception):
    """Parcels, by their index, that are larger than any page at any scale; `size` is the room they would need."""

    def __init__(self, parcels: list[int], size: str) -> None:
        super().__init__(size)
        self.parcels, self.size = parcels, size


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
        return np.array([page.place.inset() for page in self.pages], dtype=object)


def lay_out(
    shapes: Geometries,
    measures: Measures,
    product: AtlasProduct,
    papers: Sequence[Paper],
    scale: int | None,
) -> Layout:
    """Lay out an atlas.

    Args:
        shapes: the parcels, metres.
        measures: of their labels.
        product: what the atlas looks like.
        papers: the sheets that may be taken; the one that needs the fewest pages is.
        scale: denominator; None: the smallest scale of the product at which enough labels fit.

    Raises:
        FitsNowhere: parcels fit on no page at any scale of the product.
    """
    spots, labels = Spots(shapes), dict[int, Labels]()

    def at(denominator: int) -> Labels:
        if denominator not in labels:
            labels[denominator] = place_labels(spots, measures, denominator, product.label_smallest)
        return labels[denominator]

    if scale is None:
        scale = min(product.scales)
        for each in sorted(product.scales, reverse=True):
            if at(each).share >= product.labels_that_fit:
                scale = each
                break
    bounds = shapely.bounds(shapes)
    area = float(shapely.area(shapes).sum())
    papers = _that_hold_all(bounds, product, papers, scale)
    found = [(_pages(bounds, area, product, each, scale), each) for each in papers]
    places, sheet = min(found, key=lambda each: len(each[0]))
    pages = [MapPage(number, place, place.scale != scale) for number, place in enumerate(places, start=1)]
    for page in pages:
        at(page.place.scale)
        page.whole = np.flatnonzero(page.place.holds(bounds)).tolist()
    return Layout(sheet, scale, pages, labels, _homes(pages, bounds))


def lay_out_group(
    group: Group, product: AtlasProduct, papers: Sequence[Paper], scale: int | None
) -> tuple[Group, Measures, Layout, tuple[Parcel, ...]]:
    """Lay out the atlas of a group, without the parcels that fit on no page; see `lay_out`.

    Returns:
        The group without them, the measures of its labels, its layout, and those parcels.

    Raises:
        UsageError: no parcel fits on a page.
    """
    left: tuple[Parcel, ...] = ()
    while True:
        measures = measure(group.parcels, product.label_height)
        try:
            return group, measures, lay_out(group.shapes, measures, product, papers, scale), left
        except FitsNowhere as error:
            gone = set(error.parcels)
            left += tuple(group.parcels[index] for index in error.parcels)
            kept = [index for index in range(len(group.parcels)) if index not in gone]
            if not kept:
                keys = shortened([each.key for each in left])
                raise UsageError(
                    f"thửa {keys} {error.size} không nằm vừa trang nào · parcel {keys} of {error.size} fits on no page",
                    hint="giấy lớn hơn, hoặc thêm tỷ lệ vào inset_scales"
                    " · larger paper, or a smaller scale in `inset_scales`",
                ) from None
        group = replace(group, parcels=tuple(group.parcels[index] for index in kept), shapes=group.shapes[kept])


def _that_hold_all(bounds: Floats, product: AtlasProduct, papers: Sequence[Paper], scale: int) -> list[Paper]:
    """The sheets on which each parcel fits at some scale."""
    extent = np.maximum(bounds[:, 2:] - bounds[:, :2], 0)
    smallest = max(scale, *product.inset_scales)
    over = []
    for sheet in papers:
        ground, inside = smallest / 1000, product.inside * smallest / 1000
        most = sheet.frame.width * ground - 2 * inside, sheet.frame.height * ground - 2 * inside
        over.append((extent > most).any(axis=1))
    fewest = min(over, key=lambda each: int(each.sum()))
    if fewest.any():
        gone = np.flatnonzero(fewest).tolist()
        wide, high = extent[gone].max(axis=0)
        raise FitsNowhere(gone, f"{wide:.0f} × {high:.0f} m")
    return [sheet for sheet, each in zip(papers, over, strict=True) if not each.any()]


def _pages(bounds: Floats, area: float, product: AtlasProduct, sheet: Paper, scale: int) -> list[Place]:
    """The pages at the scale, then the insets of what is not on them; `area` is that of all parcels, m².

    Nothing holds for every shape: parcels that lie so far apart that each needs a page of its own are more pages than
    their area allows, however they are placed. Then a seventh of the parcels goes into insets, and the pages are the
    fewest that hold the others. On the demo ward (seeds 1–3, A3 and A4) no group is so scattered.
    """
    ground, inside = scale / 1000, product.inside * scale / 1000
    wide, high = sheet.frame.width * ground, sheet.frame.height * ground
    extent = np.maximum(bounds[:, 2:] - bounds[:, :2], 0)
    large = (extent > (wide - 2 * inside, high - 2 * inside)).any(axis=1)
    costs = INSET_COST * np.where((extent >= LEGIBLE * ground).all(axis=1), 0.5, 1.0)
    enough = int(ENOUGH * area / (wide * high) + 3)
    if not any(each > scale for each in product.inset_scales):
        return place_pages(bounds, wide, high, scale, inside)
    found: list[Place] = []
    for share in MOST_IN_INSETS:
        most = max(0, int(share * len(bounds)) - int(large.sum()))
        pages = place_pages(bounds, wide, high, scale, inside, Aside(costs, large, most, enough))
        left: Bools = np.ones(len(bounds), dtype=bool)
        for page in pages:
            left &= ~page.holds(bounds)
        pages += _insets(bounds[left], product, sheet, scale, enough - len(pages))
        if not found or len(pages) <= enough:
            found = pages
        if len(found) <= enough:
            break
    return found


def _insets(bounds: Floats, product: AtlasProduct, sheet: Paper, scale: int, enough: int) -> list[Place]:
    """The insets at the largest scale at which they are few; `enough` of them are not too many."""
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
        if len(best) <= max(1, min(enough, len(bounds) // ON_AN_INSET)):
            break
    assert best is not None, "what fits at no scale was left out before"
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
