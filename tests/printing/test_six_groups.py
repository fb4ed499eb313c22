"""Six groups of a demo ward, on A3 and A4: each atlas keeps what is promised of it (`proofs`). All 70: `make proof`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gisland.catalogue import Catalogue
from gisland.demo.generate import generate
from gisland.printing.atlas import Order, print_atlas
from gisland.settings import Settings
from tests.commands import take_in
from tests.conftest import clone_of
from tests.printing.conftest import ADMIN, WHY
from tests.printing.outside import check_file
from tests.printing.proofs import CHECKS, Check
from tests.printing.seen import Seen
from tests.printing.truth import Ward, read_ward


@pytest.fixture(scope="module")
def ward(server: Settings) -> Iterator[tuple[Settings, Ward]]:
    """A ward of 1,200 parcels in six groups."""
    with clone_of(server) as settings, tempfile.TemporaryDirectory() as folder:
        take_in(settings, generate(1200, 3, Path(folder)))
        yield settings, read_ward(settings)


GROUPS = [("01", "A3"), ("02", "A3"), ("03", "A4"), ("04", "A3"), ("05", "A4"), ("06", "A3")]


@pytest.fixture(scope="module", params=GROUPS, ids=" ".join)
def seen(ward: tuple[Settings, Ward], catalogue: Catalogue, request: pytest.FixtureRequest) -> Seen:
    settings, truth = ward
    assert truth.groups == [group for group, _ in GROUPS]
    group, size = request.param
    printed = print_atlas(settings, ADMIN, Order("11311", group, paper=size, reason=WHY))
    return Seen(printed.content, truth, group, catalogue.palette)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_promised(seen: Seen, check: Check) -> None:
    check(seen)


def test_other_programs_read_it(seen: Seen, tmp_path: Path) -> None:
    check_file(seen.content, tmp_path, "Ranh giới tổ dân phố không phải địa giới hành chính.", seen.parcels[0].number)
