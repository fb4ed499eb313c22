"""The bench of parcel codes: what it measures and what it says."""

from __future__ import annotations

import shapely

from gisland.bench.parcel_codes import Rates, markdown, run


def test_rates_stand_beside_their_limits() -> None:
    lines = markdown(Rates(one=[14_000, 15_000, 18_000], two=[29_000, 33_000, 28_000], geos=[500, 800, 1000]), 20_000)
    assert "| gisland, two processes | 29,000 (28,000–33,000) | ÷ 30,000: 0.97 (≥ 1 **MISSED**) |" in lines
    assert "| gisland, one process | 15,000 (14,000–18,000) | ÷ GEOS: 18.75 (≥ 20 **MISSED**) |" in lines
    assert f"| GEOS {shapely.geos_version_string}, circles to 1 mm | 800 (500–1,000) |  |" in lines


def test_a_small_run() -> None:
    said: list[str] = []
    rates = run(200, 1, said.append)
    assert all(len(each) == 1 and each[0] > 0 for each in (rates.one, rates.two, rates.geos))
    assert said[-1] == "vòng · round 1/1"
