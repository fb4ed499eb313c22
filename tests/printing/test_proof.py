"""The long proof: every group of the demo ward of 14,000 parcels is printed, and each print keeps what is promised."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.demo.generate import generate
from gisland.demo.load import load_demo
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.sheet import SheetOrder, print_sheet
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.printing.conftest import ADMIN, WHY
from tests.printing.outside import check_file, check_position
from tests.printing.proofs import CHECKS
from tests.printing.seen import Seen
from tests.printing.sheets import check_sheet
from tests.printing.truth import Ward, read_ward

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3 * 3600)]
WORDS = "Ranh giới tổ dân phố không phải địa giới hành chính."
EACH = 10
"""Of so many groups one is looked at by other programs, too."""


@pytest.fixture(scope="module", params=[1, 2, 3], ids=lambda seed: f"seed {seed}")
def ward(server: Settings, request: pytest.FixtureRequest) -> Iterator[tuple[Settings, Ward]]:
    with clone_of(server) as settings, tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        load_demo(settings, generate(14_000, request.param, Path(folder)), output=nowhere)
        yield settings, read_ward(settings)


@pytest.mark.parametrize("paper", ["A3", "A4"])
def test_every_group(ward: tuple[Settings, Ward], catalogue: Catalogue, paper: str, tmp_path: Path) -> None:
    settings, truth = ward
    assert len(truth.groups) == 70
    faults: list[str] = []
    for number, group in enumerate(truth.groups):
        printed = print_atlas(settings, ADMIN, Order("11311", group, paper=paper, reason=WHY))
        seen = Seen(printed.content, truth, group, catalogue.palette)
        for check in CHECKS:
            try:
                check(seen)
            except AssertionError as fault:
                faults.append(f"{group} {check.__name__}: {str(fault)[:300]}")
        if number % EACH == 0:
            scale = min(each.scale for each in seen.maps)
            path = check_file(printed.content, tmp_path, WORDS, "Đã xác minh", seen.parcels[0].number)
            for each in seen.maps:
                # An affine picture of an inset of some kilometres is a little off, which is not seen on paper.
                most = 0.01 if each.scale == scale else max(0.01, 0.02 * each.metres)
                check_position(path, each.ground.bounds, truth.srid, each.index + 1, most)
    assert not faults


def test_every_sheet(ward: tuple[Settings, Ward], tmp_path: Path) -> None:
    settings, truth = ward
    with connect(settings, Role.APP) as connection:
        sheets = [row[0] for row in connection.execute("SELECT sheet_no FROM registry.map_sheet ORDER BY sheet_no")]
    assert len(sheets) > 20
    for number, sheet in enumerate(sheets):
        printed = print_sheet(settings, ADMIN, SheetOrder("11311", sheet))
        check_sheet(printed.content, truth, sheet)
        if number % EACH == 0:
            check_file(printed.content, tmp_path)
