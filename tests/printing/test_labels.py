"""Labels: the forms of the circular in its order, always within their parcel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import affinity

from gisland.printing.labels import (
    FORMS,
    Form,
    Labels,
    Stored,
    drop_overlapping,
    measure,
    one_line,
    place_labels,
)
from gisland.printing.model import Parcel, decimal
from gisland.printing.spots import Spots, long_side


def parcel(number: str = "18", area: float = 421.1, land_type: str = "ODT") -> Parcel:
    return Parcel(1, "7", number, area, None, land_type, "verified", None, ())


def placed(shape: shapely.Geometry, scale: int, **more: object) -> Labels:
    one = parcel(**more)  # type: ignore[arg-type]
    shapes = np.array([shape], dtype=object)
    labels = place_labels(Spots(shapes), measure((one,), 2.0), scale, 0.75)
    if labels.form[0] != FORMS.index(Form.TABLE):
        assert shapely.contains(shapes, labels.boxes())[0]
    return labels


def form(labels: Labels) -> Form:
    return FORMS[int(labels.form[0])]


def test_words_of_a_label() -> None:
    assert one_line(parcel()) == "ODT 18/421,1"
    assert one_line(parcel(land_type="")) == "18/421,1"
    assert decimal(1234.56) == "1234,6"


@pytest.mark.parametrize(
    ("wide", "high", "expected"),
    [
        (40.0, 20.0, Form.FRACTION),
        (8.0, 3.5, Form.FRACTION),
        (14.0, 1.8, Form.LINE),
        (3.0, 1.6, Form.NUMBER),
        (1.0, 1.0, Form.TABLE),
    ],
)
@pytest.mark.parametrize("turn", [0, 25, 90, 160])
def test_forms_in_their_order(wide: float, high: float, expected: Form, turn: float) -> None:
    shape = affinity.rotate(shapely.box(0, 0, wide, high), turn)
    labels = placed(shape, 500)
    assert form(labels) is expected
    if expected is Form.LINE:
        assert labels.angle[0] % 180 == pytest.approx(turn % 180, abs=0.1)


def test_a_label_is_never_upside_down() -> None:
    shapes = np.array([affinity.rotate(shapely.box(0, 0, 30, 4), turn) for turn in range(0, 360, 7)], dtype=object)
    angle = long_side(shapes)
    assert ((angle > -90) & (angle <= 90)).all()


def test_not_in_a_hole_but_in_the_largest_part() -> None:
    ring = shapely.box(0, 0, 60, 40).difference(shapely.box(6, 6, 54, 34))
    assert form(placed(ring, 500)) is Form.FRACTION
    parts = shapely.union_all([shapely.box(0, 0, 3, 3), shapely.box(50, 0, 90, 30)])
    labels = placed(parts, 500)
    assert form(labels) is Form.FRACTION
    assert labels.x[0] > 50


def test_more_is_written_at_a_larger_scale() -> None:
    shape = shapely.box(0, 0, 9, 5)
    forms = [FORMS.index(form(placed(shape, scale))) for scale in (200, 500, 1000, 2000, 5000)]
    assert forms == sorted(forms)
    assert forms[0] == 0
    assert forms[-1] > 1


def test_labels_of_parcels_that_overlap_do_not() -> None:
    shapes = np.array(
        [shapely.box(0, 0, 40, 20), shapely.box(1, 1, 41, 21), shapely.box(100, 0, 140, 20)], dtype=object
    )
    labels = place_labels(Spots(shapes), measure((parcel(), parcel(), parcel()), 2.0), 500, 0.75)
    assert drop_overlapping(labels) == [1]
    assert [FORMS[int(each)] for each in labels.form] == [Form.FRACTION, Form.TABLE, Form.FRACTION]


def test_nothing_to_label() -> None:
    labels = place_labels(Spots(np.empty(0, dtype=object)), measure((), 2.0), 500, 0.75)
    assert labels.share == 1.0


def stored(*places: tuple[float, float, float | None] | None) -> tuple[Parcel, ...]:
    return tuple(replace(parcel(number=f"{index + 101}"), label_at=at) for index, at in enumerate(places))


def test_labels_stand_where_they_are_stored_and_others_give_way() -> None:
    # A wide one; a strip that no number fits into; what lies right of it, whose middle is taken then.
    shapes = np.array(
        [shapely.box(0, 0, 40, 20), shapely.box(50, 0, 50.8, 20), shapely.box(50.8, 0, 52.6, 20)], dtype=object
    )
    placed = place_labels(Spots(shapes), measure(stored((33, 15, 20.0), (50.4, 10, 0.0), None), 2.0), 500, 0.75)
    assert placed.stored.tolist() == [Stored.KEPT, Stored.KEPT, Stored.NONE]
    assert np.column_stack([placed.x, placed.y, placed.angle])[:2].tolist() == [[33, 15, 20], [50.4, 10, 0]]
    assert [FORMS[int(each)] for each in placed.form[:2]] == [Form.FRACTION, Form.NUMBER]
    assert drop_overlapping(placed) == []
    assert not shapely.intersects(*placed.boxes()[1:])
    # Without an angle: upright where that fits, else along the parcel.
    assert place_labels(Spots(shapes[:1]), measure(stored((33, 15, None)), 2.0), 500, 0.75).angle[0] == 0
    # Where the frame of a page cuts parcels, no label lies across.
    cut = place_labels(Spots(shapes), measure(stored((39.9, 15, 0.0), (50.4, 10, 0.0), None), 2.0), 500, 0.75, cut=True)
    assert cut.stored.tolist() == [Stored.CUT, Stored.CUT, Stored.NONE]
    assert shapely.contains(shapes[0], cut.boxes())[0]


def test_of_two_that_are_stored_at_one_place_the_first_has_it() -> None:
    shapes = np.array([shapely.box(0, 0, 40, 20), shapely.box(1, 1, 80, 21)], dtype=object)
    for places in (stored((20, 10, 0.0), (21, 11, 0.0)), stored(None, (20, 10, 0.0))):
        labels = place_labels(Spots(shapes), measure(places, 2.0), 500, 0.75)
        kept = 0 if places[0].label_at else 1
        assert labels.stored[kept] == Stored.KEPT
        assert labels.stored[1 - kept] == (Stored.MET if kept == 0 else Stored.NONE)
        # The other one is placed beside it, if there is room.
        assert [FORMS[int(each)] for each in labels.form] == [Form.FRACTION, Form.FRACTION] or kept == 1
        assert not shapely.intersects(*labels.boxes()) or drop_overlapping(labels) == [1 - kept]


def test_one_place_is_good_for_all_scales() -> None:
    some = np.random.default_rng(1)
    corners = some.uniform(0, 30, (40, 7, 2)) + 100 * np.arange(40)[:, None, None]
    shapes = shapely.convex_hull(shapely.multipoints(corners))
    measures, spots = measure((parcel(),) * len(shapes), 2.0), Spots(shapes)
    for scale in (2000, 1000, 500):
        shared, own = (place_labels(each, measures, scale, 0.75) for each in (spots, Spots(shapes)))
        for name in ("form", "x", "y", "angle", "size"):
            assert getattr(shared, name).tolist() == getattr(own, name).tolist()
    # What was found for one choice of parcels is not given out for another.
    odd = np.arange(len(shapes)) % 2 == 1
    fresh = Spots(shapes)
    fresh.poles(odd)
    assert fresh.poles(~odd).tolist() == Spots(shapes).poles(~odd).tolist()
