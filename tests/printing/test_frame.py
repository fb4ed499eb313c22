"""Notes and grid of map pages where room is scarce or the scale is odd, and the scale of many atlases."""

from __future__ import annotations

import io
import itertools
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from gisland.printing.atlas import Order, print_atlas
from gisland.printing.bundle import LIST
from gisland.printing.mapsheet import grid_value
from gisland.printing.products import PRODUCTS
from gisland.printing.telling import quiet
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY, Land, Print
from tests.printing.pdf_text import opened, read_page


def with_notes(settings: Settings, folder: Path, count: int) -> Settings:
    """The settings with so many more notes on each page."""
    shutil.copytree(settings.config_dir, folder / "config")
    file = folder / "config/print/atlas/product.yml"
    more = "".join(f"  - {{vi: Ghi chú dài thứ mục{index}, en: Note item{index}}}\n" for index in range(count))
    file.write_text(file.read_text().replace("notes:\n", "notes:\n" + more, 1))
    return settings.model_copy(update={"config_dir": folder / "config"})


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_all_notes_stand_on_a_small_page(land: Land, tmp_path: Path, orientation: str) -> None:
    land.square(0, 0, 20, "1")
    settings = with_notes(land.settings, tmp_path, 12)
    printed = print_atlas(settings, ADMIN, Order("11311", "07", "A4", orientation, reason=WHY))
    pdf = opened(printed.content)
    for index in (0, 1):
        said = {word for text in read_page(pdf, index)[0] for word in text.said.split()}
        assert {f"mục{number}" for number in range(12)} <= said
    assert printed.edition.remarks == []


def test_notes_without_any_room_are_told(land: Land, tmp_path: Path) -> None:
    land.square(0, 0, 20, "1")
    settings = with_notes(land.settings, tmp_path, 150)
    printed = print_atlas(settings, ADMIN, Order("11311", "07", "A4", "portrait", reason=WHY))
    (remark,) = printed.edition.remarks
    assert re.search(r"bị cắt .*\b2\b", remark.vi)


@pytest.mark.parametrize("scale", [333, 500, 1234])
def test_crosses_are_10_cm_apart_at_any_scale(land: Land, draw: Print, scale: int) -> None:
    land.square(0, 0, 20, "1")
    printed = draw(scale=scale)
    (page,) = printed.edition.layout.pages
    frame = printed.edition.paper.frame
    texts = read_page(opened(printed.content), 1)[0]
    found = []
    for text in texts:
        said = re.sub(r"\s", "", text.said)
        x, y = text.middle
        if re.fullmatch(r"\d{6}(,\d)?", said) and y < frame.y and frame.x + 9 < x < frame.right - 9:
            found.append((x, float(said.replace(",", "."))))
    found.sort()
    assert len(found) >= 2
    for (x, value), (u, other) in itertools.pairwise(found):
        assert u - x == pytest.approx(100, abs=0.2)
        assert other - value == pytest.approx(scale / 10, abs=0.001)
    for x, value in found:
        assert page.place.west + (x - frame.x) * scale / 1000 == pytest.approx(value, abs=0.3 * scale / 1000)


def test_values_of_the_grid() -> None:
    assert grid_value(2308250.0) == "2\u00a0308\u00a0250"
    assert grid_value(594027.3) == "594\u00a0027,3"


def test_many_atlases_at_a_scale(land: Land) -> None:
    land.square(0, 0, 20, "1")
    land.square(20, 0, 900_000, "2")
    product = PRODUCTS["atlases"]
    asked = product.inputs(ward="11311", reason=WHY, scale=200)  # type: ignore[call-arg]
    file = product.draw(land.settings, ADMIN, asked, quiet)
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        pdf = opened(archive.read("atlas-11311-07.pdf"))
        listed = json.loads(archive.read(LIST))["files"]["atlas-11311-07.pdf"]
    assert "Tỷ lệ 1:200" in {text.said for text in read_page(pdf, 1)[0]}
    assert ["12/2" in each for each in listed["remarks"]] == [True]
    assert file.message.startswith("07: ")
