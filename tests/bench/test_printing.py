"""The race against QGIS: both print the same page, and gisland is not the slower one."""

from __future__ import annotations

import pytest

from gisland.bench.printing import markdown, run
from gisland.settings import Settings


@pytest.mark.proof
def test_a_page_against_qgis() -> None:
    times = run(Settings(), rounds=1, say=lambda _: None)
    assert times.parcels >= 600
    # The target itself is for a quiet machine: `gisland bench print`.
    assert times.complete[1] < times.qgis[1] / 2
    assert "QGIS" in markdown(times)
