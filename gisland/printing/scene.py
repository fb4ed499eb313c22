"""All that the pages of one atlas are drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely

from gisland.catalogue import Palette
from gisland.printing.edition import Edition
from gisland.printing.labels import Measures
from gisland.printing.layout import Layout, MapPage
from gisland.printing.model import Floats, Geometries, Group, Parcel, joined
from gisland.printing.paper import Box
from gisland.printing.placement import Place
from gisland.printing.product import AtlasProduct, MapProduct


@dataclass(kw_only=True)
class Scene(Edition):
    """Maps that are being drawn."""

    product: MapProduct
    group: Group
    layout: Layout
    palette: Palette
    measures: Measures
    first_list: dict[int, int] = field(default_factory=dict)
    """Map page → number of the first page of its checklist."""

    @cached_property
    def outline(self) -> Geometries:
        """The border of the group, as an array of one (multi)polygon."""
        return np.array([joined(self.group.shapes, fits=self.group.fits)], dtype=object)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Parcels by status, in the order of the palette."""
        found = Counter(parcel.status for parcel in self.group.parcels)
        return {status: found[status] for status in self.palette.exact if found[status]}


@dataclass(kw_only=True)
class Atlas(Scene):
    """An atlas that is being drawn."""

    product: AtlasProduct
    left_out: tuple[Parcel, ...] = ()
    """Parcels of the group that fit on no page: they are in the lists only."""


Kind = TypeVar("Kind", bound=Scene)


def scene_of(kind: type[Kind], group: Group, layout: Layout, **more: Any) -> Kind:
    """A scene that is of the ward, plane and data version of its group."""
    return kind(
        group=group,
        layout=layout,
        paper=layout.paper,
        ward_code=group.ward_code,
        ward_name=group.ward_name,
        province=group.province,
        srid=group.srid,
        version=group.version,
        at=group.at,
        subject=group.name or group.code,
        **more,
    )


def to_paper(shapes: Geometries, place: Place, frame: Box) -> Geometries:
    """Shapes on the ground as they lie on a map page, mm."""
    moved: Geometries = shapely.transform(shapes, lambda xy: points_to_paper(xy, place, frame))
    return moved


def points_to_paper(points: Floats | Sequence[Sequence[float]], place: Place, frame: Box) -> Floats:
    """Points on the ground, a row (x, y) each, as they lie on a map page, mm."""
    found = np.asarray(points, dtype=float).reshape(-1, 2)
    return (found - (place.west, place.south)) * (1000 / place.scale) + (frame.x, frame.y)


def map_name(page: MapPage) -> str:
    """Where links to a map page lead."""
    return f"map{page.number}"


def list_name(page: MapPage) -> str:
    """Where links to the checklist of a map page lead."""
    return f"list{page.number}"
