"""Where the labels of parcels go: the mixed number of the circular, and less of it where there is no room.

`ODT 18/421,1` means: land type, parcel number over area. The forms are tried in the circular's order, each for those
parcels that the one before did not fit into: fraction upright and along the parcel, smaller, all in one line along it,
number only; then a leader line (`leaders`), and in the end the table of small parcels.

A label that lies within its own parcel meets no other one, unless parcels overlap: `drop_overlapping` sees to that.

Where somebody placed a label, it stands there before all others are placed, in the first form that lies within the
parcel; where none does, the number alone stands there and may lie across the border. It gives way only to another one
that was placed, and to the frame of the page: then its place is sought like all others'.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum

import numpy as np
import shapely

from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.model import Bools, Floats, Geometries, Parcel, decimal
from gisland.printing.spots import Spots

# Parts of the height of a digit: gap between code and fraction, between a digit and the line, around the label.
GAP, LINE, AROUND = 0.35, 0.32, 0.22


class Form(StrEnum):
    """How much of a label is written, and how."""

    FRACTION = "fraction"
    LINE = "line"
    NUMBER = "number"
    LEADER = "leader"
    TABLE = "table"

    @property
    def complete(self) -> bool:
        """Whether number, area and land type are all told in the parcel."""
        return self in {Form.FRACTION, Form.LINE}


FORMS = list(Form)


class Stored(IntEnum):
    """What became of the place that is stored for a label."""

    NONE = 0
    """There is none."""
    KEPT = 1
    MET = 2
    """Another label would lie there."""
    CUT = 3
    """The label would lie across the frame."""


@dataclass
class Labels:
    """The labels of all parcels at one scale; arrays in the order of the parcels, lengths on the ground in metres.

    `form` is an index into `FORMS`; `x`, `y` the middle of the label; `angle` in degrees, counter-clockwise from east.
    """

    scale: int
    form: Floats
    x: Floats
    y: Floats
    angle: Floats
    size: Floats
    """1 is the full height, see `Product.label_height`."""
    width: Floats
    height: Floats
    stored: Floats
    """A `Stored` each."""
    over: dict[int, int] = field(default_factory=dict, kw_only=True)
    """Labels that were taken away, by their place, and the one that each would have lain on: their parcels overlap."""

    @classmethod
    def none(cls, scale: int, count: int) -> Labels:
        """So many parcels without a label."""
        zeros = (np.zeros(count, dtype=int if name == "stored" else float) for name in ARRAYS[1:])
        return cls(scale, np.full(count, FORMS.index(Form.TABLE)), *zeros)

    def chosen(self, which: Floats) -> Labels:
        """Copies of those of some of the parcels."""
        return Labels(self.scale, *(getattr(self, name)[which].copy() for name in ARRAYS))

    def put(self, where: Floats, other: Labels) -> None:
        """Take others in place of some."""
        for name in ARRAYS:
            getattr(self, name)[where] = getattr(other, name)

    @property
    def share(self) -> float:
        """Share of the parcels whose label is complete."""
        complete = [index for index, form in enumerate(FORMS) if form.complete]
        return float(np.isin(self.form, complete).mean()) if len(self.form) else 1.0

    def boxes(self, chosen: Bools | slice = slice(None)) -> Geometries:
        """The rectangles that labels take up."""
        return boxes(*(each[chosen] for each in (self.x, self.y, self.width, self.height, self.angle)))


ARRAYS = tuple(each.name for each in fields(Labels) if each.name not in {"scale", "over"})
"""The arrays of `Labels`, `form` first."""


@dataclass(frozen=True)
class Measures:
    """Width and height of the labels of parcels in each form at full size, in mm on paper, without space around.

    And where they shall stand: a row (x, y, angle) each on the ground, nan for what is not stored.
    """

    digit: float
    fraction: Floats
    line: Floats
    number: Floats
    at: Floats

    def chosen(self, which: Floats) -> Measures:
        """Those of some of the parcels."""
        return Measures(self.digit, self.fraction[which], self.line[which], self.number[which], self.at[which])

    def of(self, form: Form) -> tuple[Floats, float]:
        """(widths, height) of a form."""
        if form is Form.FRACTION:
            return self.fraction, self.digit * (2 + 2 * LINE)
        # Commas and letters hang below the line a little.
        return (self.line if form is Form.LINE else self.number), self.digit * (1.18 if form is Form.LINE else 1.0)

    def room(self, form: Form, scale: float) -> tuple[Floats, float]:
        """(widths, height) of a form with the space around it, in metres on the ground.

        Args:
            form: the form.
            scale: denominator of the scale; of a label of a smaller size so many parts of it.
        """
        widths, height = self.of(form)
        around, metres = 2 * AROUND * self.digit, scale / 1000
        return (widths + around) * metres, (height + around) * metres


def measure(parcels: tuple[Parcel, ...], digit: float) -> Measures:
    """How large labels are; `digit` is the height of a digit, mm."""
    size = digit / CAP_HEIGHT
    number = np.array([width(each.number, size, BOLD) for each in parcels])
    area = np.array([width(decimal(each.area), size) for each in parcels])
    code = np.array([width(each.land_type, size) for each in parcels])
    line = np.array([width(one_line(each), size) for each in parcels])
    at = np.array([each.label_at or (None, None, None) for each in parcels], dtype=float).reshape(-1, 3)
    return Measures(digit, code + np.where(code > 0, GAP * digit, 0) + np.maximum(number, area), line, number, at)


def one_line(parcel: Parcel) -> str:
    """`ODT 18/421,1`."""
    return f"{parcel.land_type} {parcel.number}/{decimal(parcel.area)}".strip()


def boxes(x: Floats, y: Floats, wide: Floats, high: Floats, angle: Floats) -> Geometries:
    """Turned rectangles around points."""
    turn = np.radians(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    along_x, along_y, across_x, across_y = cos * wide / 2, sin * wide / 2, -sin * high / 2, cos * high / 2
    corners = np.empty((len(x), 4, 2))
    for place, (one, two) in enumerate(((-1, -1), (1, -1), (1, 1), (-1, 1))):
        corners[:, place, 0] = x + one * along_x + two * across_x
        corners[:, place, 1] = y + one * along_y + two * across_y
    rings: Geometries = shapely.polygons(corners)
    return rings


def place_labels(spots: Spots, measures: Measures, scale: int, smallest: float, *, cut: bool = False) -> Labels:
    """The labels that lie within their parcels, or where they are stored; what fits nowhere is left to `Form.TABLE`.

    Args:
        spots: the parcels, and where labels may stand in them.
        measures: see `measure`.
        scale: denominator of the scale.
        smallest: how small a label may become, in parts of its full size.
        cut: whether the shapes are what the frame of a page leaves of parcels: no label lies across their sides.
    """
    shapes, count = spots.shapes, len(spots.shapes)
    zeros = np.zeros(count)
    labels = Labels.none(scale, count)
    if not count:
        return labels
    centre, turned = spots.centre, spots.along
    labels.x, labels.y, labels.angle = centre[:, 0].copy(), centre[:, 1].copy(), turned.copy()
    taken = _put_stored(labels, shapes, measures, smallest, turned, cut=cut)
    _try(labels, shapes, measures, Form.FRACTION, 1, centre, zeros, taken)
    _try(labels, shapes, measures, Form.FRACTION, 1, centre, turned, taken)
    # Where not even the smallest number would fit, no place is sought for it: that takes longer than all else.
    wide, high = measures.room(Form.NUMBER, smallest * scale)
    left = (labels.form == FORMS.index(Form.TABLE)) & (wide * high < shapely.area(shapes))
    pole = centre.copy()
    pole[left] = spots.poles(left)
    for form in (Form.FRACTION, Form.LINE, Form.NUMBER):
        for size in (1.0, (1 + smallest) / 2, smallest):
            for place in (pole, centre):
                for angle in (turned,) if form is Form.LINE else (zeros, turned):
                    _try(labels, shapes, measures, form, size, place, angle, taken)
    return labels


def _put_stored(
    labels: Labels, shapes: Geometries, measures: Measures, smallest: float, turned: Floats, *, cut: bool
) -> shapely.STRtree | None:
    """Put labels where they are stored. Returns what these take up; None where none is stored."""
    known = np.flatnonzero(~np.isnan(measures.at[:, 0]))
    if not len(known):
        return None
    some, at = measures.chosen(known), measures.at[known]
    placed = Labels.none(labels.scale, len(known))
    free = np.isnan(at[:, 2])
    # Where no angle is stored: upright, or along the parcel.
    upright, along = np.where(free, 0.0, at[:, 2]), np.where(free, turned[known], at[:, 2])
    for form in (Form.FRACTION, Form.LINE, Form.NUMBER):
        for size in (1.0, (1 + smallest) / 2, smallest):
            for angle in (along,) if form is Form.LINE else (upright, along):
                _try(placed, shapes[known], some, form, size, at[:, :2], angle)
    table, number = FORMS.index(Form.TABLE), FORMS.index(Form.NUMBER)
    if not cut:
        across = placed.form == table
        wide, high = some.room(Form.NUMBER, smallest * labels.scale)
        placed.form[across], placed.size[across] = number, smallest
        placed.x[across], placed.y[across], placed.angle[across] = at[across, 0], at[across, 1], upright[across]
        placed.width[across], placed.height[across] = wide[across], high
    placed.stored[:] = np.where(placed.form == table, Stored.CUT, Stored.KEPT)
    gone = list(_over(placed, placed.form == table))
    placed.form[gone], placed.stored[gone] = table, Stored.MET
    kept = placed.form != table
    labels.put(known[kept], placed.chosen(np.flatnonzero(kept)))
    labels.stored[known] = placed.stored
    return shapely.STRtree(placed.boxes(kept))


def place_numbers(shapes: Geometries, widths: Floats, digit: float, scale: int) -> tuple[Floats, Floats, Bools]:
    """Where numbers of one size lie within polygons: their middles, their angles, and whether they fit.

    Args:
        shapes: polygons on the ground, metres.
        widths: of the numbers, mm on paper.
        digit: height of a digit, mm on paper.
        scale: denominator of the scale.
    """
    if not len(shapes):
        return np.empty((0, 2)), np.empty(0), np.empty(0, dtype=bool)
    count = Measures(digit, widths, widths, widths, np.full((len(shapes), 3), np.nan))
    spots, labels = Spots(shapes), Labels.none(scale, len(shapes))
    for angle in (np.zeros(len(shapes)), spots.along):
        _try(labels, shapes, count, Form.NUMBER, 1, spots.centre, angle)
    return np.column_stack([labels.x, labels.y]), labels.angle, labels.form == FORMS.index(Form.NUMBER)


def _try(
    labels: Labels,
    shapes: Geometries,
    measures: Measures,
    form: Form,
    size: float,
    place: Floats,
    angle: Floats,
    taken: shapely.STRtree | None = None,
) -> None:
    """Give a form to those parcels that have no label yet and that it fits into, and where nothing is taken."""
    left = np.flatnonzero(labels.form == FORMS.index(Form.TABLE))
    widths, high = measures.room(form, size * labels.scale)
    wide = widths[left]
    # A box is never larger than its parcel: that is seen much faster than whether it lies within.
    possible = wide * high < shapely.area(shapes[left])
    left, wide = left[possible], wide[possible]
    if not len(left):
        return
    x, y, turn = place[left, 0], place[left, 1], angle[left]
    rooms = boxes(x, y, wide, np.full(len(left), high), turn)
    fits = shapely.contains_properly(shapes[left], rooms)
    if taken is not None:
        fits[taken.query(rooms, predicate="intersects")[0]] = False
    won = left[fits]
    labels.form[won] = FORMS.index(form)
    labels.x[won], labels.y[won], labels.angle[won] = x[fits], y[fits], turn[fits]
    labels.size[won], labels.width[won], labels.height[won] = size, wide[fits], high


def drop_overlapping(labels: Labels) -> list[int]:
    """Take away labels that lie on one before, as happens where parcels overlap; returns whose.

    Those that stand where they are stored come before all others.
    """
    labels.over = _over(labels, labels.form == FORMS.index(Form.TABLE))
    gone = list(labels.over)
    labels.form[gone] = FORMS.index(Form.TABLE)
    labels.stored[gone] = np.where(labels.stored[gone] == Stored.KEPT, Stored.MET, labels.stored[gone])
    return gone


def _over(labels: Labels, left_out: Bools) -> dict[int, int]:
    """Labels that would lie on one that goes before them: theirs and its place among all."""
    drawn = np.flatnonzero(~left_out)
    drawn = drawn[np.argsort(labels.stored[drawn] != Stored.KEPT, kind="stable")]
    found = labels.boxes(drawn)
    one, two = shapely.STRtree(found).query(found, predicate="intersects")
    dropped: dict[int, int] = {}
    for first, second in sorted(zip(one.tolist(), two.tolist(), strict=True)):
        if first < second and first not in dropped:
            dropped.setdefault(second, first)
    return {int(drawn[index]): int(drawn[other]) for index, other in sorted(dropped.items())}
