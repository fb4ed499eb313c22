"""Labels: the forms of the circular in its order, always within their parcel."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import affinity

from gisland.printing.labels import (
    FORMS,
    Form,
    Labels,
    drop_overlapping,
    long_side,
    measure,
    one_line,
    place_labels,
)
from gisland.printing.model import Parcel, decimal


def parcel(number: str = "18", area: float = 421.1, land_type: str = "ODT") -> Parcel:
    return Parcel(1, "7", number, area, None, land_type, "verified", None, ())


def placed(shape: shapely.Geometry, scale: int, **more: object) -> Labels:
    one = parcel(**more)  # type: ignore[arg-type]
    shapes = np.array([shape], dtype=object)
    labels = place_labels(shapes, measure((one,), 2.0), scale, 0.75)
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
    labels = place_labels(shapes, measure((parcel(), parcel(), parcel()), 2.0), 500, 0.75)
    assert drop_overlapping(labels) == [1]
    assert [FORMS[int(each)] for each in labels.form] == [Form.FRACTION, Form.TABLE, Form.FRACTION]


def test_nothing_to_label() -> None:
    labels = place_labels(np.empty(0, dtype=object), measure((), 2.0), 500, 0.75)
    assert labels.share == 1.0
