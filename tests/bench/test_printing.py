"""The bench of prints: both programs print the same page, gisland the faster; verdicts stand in the tables."""

from __future__ import annotations

import numpy as np
import pytest

from gisland.bench import print_growth, print_ward
from gisland.bench.print_growth import Growth, nearest
from gisland.bench.print_ward import Ward
from gisland.bench.printing import Times, markdown, run
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.printing.conftest import ADMIN


def test_the_table_has_a_verdict_for_each_promise() -> None:
    growth = Growth([0.2, 0.1, 0.3], [2.2, 2.6, 2.3], (1000, 5500))
    times = Times(612, (0.05, 0.05), (0.2, 0.2), (0.7, 0.6), growth)
    lines = markdown(times, Ward(70, 2101, 41.26, 70.2, 180)).splitlines()
    assert "| drawing | 50 | 14.00 (≥ 10 holds) | 50 | 12.00 |" in lines
    assert "| complete | 200 | 3.50 (≥ 4 **MISSED**) | 200 | 3.00 |" in lines
    assert "| 5,000 parcels, 1:5,500 | 2300 | 11.50 (≤ 12 holds) |" in lines
    assert "| 14,000 parcels | 2,101 | 41.26 (≤ 40 **MISSED**) | 70.2 | 180.00 (≤ 400 holds) |" in lines


def test_the_middle_of_a_ward_fills_a_page() -> None:
    x, y = np.meshgrid(np.arange(60) * 10.0, np.arange(60) * 10.0)
    bounds = np.column_stack([x.ravel(), y.ravel(), x.ravel() + 10, y.ravel() + 10])
    chosen, scale = nearest(bounds, 500, (320, 270), 2)
    assert (len(chosen), scale) == (500, 1000)
    assert np.hypot(*((bounds[chosen, :2] + bounds[chosen, 2:]) / 2 - 300).T).max() < 140


def test_a_ward_is_printed_and_measured(demo_ward: Settings) -> None:
    """The small one; its figures are no promise."""
    with clone_of(demo_ward) as settings:
        ward = print_ward.run(settings, ADMIN, lambda _: None)
    assert ward.groups == 2
    assert ward.pages > 2 * ward.groups
    assert ward.seconds > 0 < ward.processor_seconds
    assert 50 < ward.mebibytes < print_ward.MEBIBYTES
    assert f"| {ward.pages} |" in print_ward.markdown(ward)


@pytest.mark.proof
def test_a_page_against_qgis() -> None:
    times = run(Settings(), rounds=1, say=lambda _: None)
    assert times.parcels >= 600
    # The targets themselves are for a quiet machine: `gisland bench print`.
    assert times.drawing[1] < times.qgis[1] / 5
    assert times.complete[1] < times.qgis[1] / 2
    assert times.growth.many[0] < 2 * print_growth.LIMIT * times.growth.few[0]
    assert "QGIS" in markdown(times)
