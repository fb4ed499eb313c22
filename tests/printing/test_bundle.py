"""Many atlases in one archive, and pages as pictures."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from gisland.database import run
from gisland.errors import InputError, NotFound, UsageError
from gisland.printing.atlas import Order, PrintedAtlas
from gisland.printing.bundle import LIST, Bundle, print_bundle
from gisland.printing.picture import picture
from gisland.printing.products import PRODUCTS
from tests.factories import make_group
from tests.printing.conftest import ADMIN, WHY, Land


def bundle(land: Land, *groups: str, **more: object) -> Bundle:
    order = Order("11311", "", reason=WHY, **more)  # type: ignore[arg-type]
    said: list[tuple[float, str]] = []
    found = print_bundle(land.settings, ADMIN, order, groups, lambda part, message: said.append((part, message)))
    # It never goes back, and nothing is said twice.
    assert [part for part, _ in said] == sorted(part for part, _ in said)
    assert len(set(said)) == len(said)
    assert all(0 <= part < 1 for part, _ in said)
    return found


def test_an_archive_of_all_groups_is_the_same_each_time(land: Land) -> None:
    with pytest.raises(NotFound, match="no group of ward"):
        bundle(land)
    land.square(0, 0, 20, "1", holder="Trần Thị Bí Mật")
    other = run(land.settings, lambda connection: make_group(connection, land.ward, "08"))
    run(land.settings, lambda connection: make_group(connection, land.ward, "09"))
    land.square(40, 0, 20, "2", group=other)
    found = bundle(land)
    assert (found.groups, found.empty, found.names) == (("07", "08"), ("09",), True)
    assert found == bundle(land)
    with zipfile.ZipFile(io.BytesIO(found.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["atlas-11311-07.pdf", "atlas-11311-08.pdf", LIST]
        listed = json.loads(archive.read(LIST))
        for name, each in listed["files"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == each["sha256"]
        assert listed["without_parcels"] == ["09"]
    assert "Bí Mật" not in json.dumps(listed, ensure_ascii=False)
    assert bundle(land, "8").groups == ("08",)
    for wrong in ("09", "77"):
        with pytest.raises(NotFound):
            bundle(land, wrong)
    with pytest.raises(UsageError, match="A5"):
        bundle(land, paper="A5")


def test_groups_are_named_by_commas(land: Land) -> None:
    land.square(0, 0, 20, "1")
    product = PRODUCTS["atlases"]
    asked = product.inputs.model_validate({"ward": "11311", "groups": " 07, 7 ,", "reason": WHY})
    file = product.draw(land.settings, ADMIN, asked, lambda _part, _said: None)
    assert (file.name, file.media_type, file.names) == ("atlases-11311.zip", "application/zip", True)
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.namelist() == ["atlas-11311-07.pdf", LIST]


def test_a_page_as_a_picture(atlas: PrintedAtlas) -> None:
    content = picture(atlas.content, 2, 72)
    assert content == picture(atlas.content, 2, 72)
    image = Image.open(io.BytesIO(content))
    paper = atlas.edition.paper
    assert image.size == pytest.approx((paper.width / 25.4 * 72, paper.height / 25.4 * 72), abs=1)
    # There is something on it, and it is not all black.
    assert 30 < np.asarray(image.convert("L")).mean() < 254
    for page in (0, atlas.edition.pages + 1):
        with pytest.raises(UsageError, match="no page"):
            picture(atlas.content, page)
    with pytest.raises(UsageError, match="dpi 20"):
        picture(atlas.content, 1, 20)
    with pytest.raises(InputError, match="no PDF"):
        picture(b"%PDF-nonsense")
