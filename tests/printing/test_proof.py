"""The long proof: every group of the demo ward of 14,000 parcels is printed, and each print keeps what is promised."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from gisland.database import Role as DatabaseRole
from gisland.database import connect
from gisland.demo.generate import generate
from gisland.demo.load import load_demo
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.finish import check
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.printing.conftest import ADMIN, WHY
from tests.printing.pdf_text import opened, read_page

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", params=[1, 2, 3], ids=lambda seed: f"seed {seed}")
def ward(server: Settings, request: pytest.FixtureRequest) -> Iterator[Settings]:
    with clone_of(server) as settings, tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        load_demo(settings, generate(14_000, request.param, Path(folder)), output=nowhere)
        yield settings


def test_every_group(ward: Settings) -> None:
    with connect(ward, DatabaseRole.APP) as connection:
        groups = [row[0] for row in connection.execute("SELECT code FROM registry.residential_group ORDER BY code")]
    assert len(groups) == 70
    for group in groups:
        printed = print_atlas(ward, ADMIN, Order("11311", group, reason=WHY))
        scene, layout = printed.edition, printed.edition.layout
        assert check(printed.content) == []
        bounds = shapely.bounds(scene.group.shapes)
        assert np.any([page.place.holds(bounds) for page in layout.pages], axis=0).all()
        frame, metres = layout.paper.frame, layout.scale / 1000
        usable = frame.width * frame.height * metres**2
        most = 1.2 * shapely.area(scene.group.shapes).sum() / usable + 3
        assert len(layout.pages) <= most, group
        pdf = opened(printed.content)
        inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
        for page in layout.pages:
            found = np.array([text.box for text in read_page(pdf, page.number)[0]], dtype=object)
            found = found[shapely.intersects(inner, found)]
            assert shapely.contains(inner, found).all()
            one, two = shapely.STRtree(found).query(found, predicate="intersects")
            shared = shapely.area(shapely.intersection(found[one], found[two]))
            assert not ((one < two) & (shared > 0.02)).any(), (group, page.number)
