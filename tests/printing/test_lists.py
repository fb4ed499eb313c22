"""The lists behind the maps, read from the PDF: their rows are those of the registry, and names stand nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray

from gisland.database import run
from gisland.printing.atlas import PrintedAtlas
from gisland.printing.lists import Table
from gisland.printing.model import decimal
from gisland.printing.tables import Column
from tests.factories import make_group
from tests.printing.conftest import Land, Print
from tests.printing.pdf_text import Text, opened, read_page, see_page


@pytest.fixture(scope="module")
def pdf(atlas: PrintedAtlas) -> pikepdf.Pdf:
    return opened(atlas.content)


def rows(texts: list[Text], least: float = 0) -> list[list[str]]:
    """The texts of a page line by line, from the left; those of tables beside each other stand in one line."""
    lines: dict[int, list[Text]] = {}
    for text in texts:
        if text.middle[1] > least:
            lines.setdefault(round(text.box.bounds[1] * 2), []).append(text)
    return [[each.said for each in sorted(lines[y], key=lambda each: each.middle[0])] for y in sorted(lines)[::-1]]


def holds(row: list[str], part: list[str]) -> bool:
    """Whether the words stand in a row one after the other."""
    return any(row[start : start + len(part)] == part for start in range(len(row)))


def square(ring: NDArray[np.float64]) -> bool:
    """Whether a ring is a box to tick."""
    wide, high = np.ptp(ring, axis=0)
    return bool(2 < wide < 4 and abs(wide - high) < 0.01)


def listed(atlas: PrintedAtlas, pdf: pikepdf.Pdf, title: str) -> list[list[str]]:
    """The lines of all pages with a title."""
    found = []
    for index in range(len(atlas.edition.layout.pages) + 1, len(pdf.pages)):
        texts = read_page(pdf, index)[0]
        if any(text.said.startswith(title) and text.size > 5 for text in texts):
            found += rows(texts)
    return found


def test_each_parcel_has_its_row_in_the_checklist_of_its_page(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    for page in atlas.edition.layout.pages:
        if not page.home:
            continue
        lines = listed(atlas, pdf, f"Danh sách thửa đất – trang bản đồ {page.number}")
        for number, index in enumerate(page.home, start=1):
            parcel = atlas.edition.group.parcels[index]
            said = [str(number), parcel.sheet, parcel.number, decimal(parcel.area), *filter(None, [parcel.land_type])]
            assert any(holds(line, said) for line in lines), said


def test_each_row_of_a_checklist_has_boxes_to_tick_and_room_to_write(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    """A box below each of their headers; nothing in the cells of outcome and note; below, what the codes mean."""
    scene = atlas.edition
    ticked = [box.vi for box in scene.product.boxes]
    codes = [f"{number} {each.vi}" for number, each in enumerate(scene.product.outcomes, start=1)]
    found = dict.fromkeys(ticked, 0)
    for index in range(len(scene.layout.pages) + 1, len(pdf.pages)):
        page = see_page(pdf, index)
        if not any(text.said.startswith("Danh sách thửa đất – ") and text.size > 5 for text in page.texts):
            continue
        headers = [(text.said, *text.middle) for text in page.texts if text.bold]
        boxes = [ring[:4].mean(axis=0) for path in page.paths if not path.filled for ring in path.rings if square(ring)]
        for said, x, _ in headers:
            if said in found:
                found[said] += sum(abs(box[0] - x) < 0.1 for box in boxes)
        low, high = min(box[1] for box in boxes) - 2, max(box[1] for box in boxes) + 2
        written = [text.middle[0] for text in page.texts if low < text.middle[1] < high]
        empty = [x for said, x, _ in headers if said in ("Mã KQ", "Ghi chú")]
        assert len(empty) in (2, 4)
        assert min(abs(x - cell) for x in written for cell in empty) > 5
        foot = " ".join(text.said for text in page.texts if text.middle[1] < low)
        assert all(code in foot for code in codes)
    # These parcels have few holders: each has one row.
    assert found == dict.fromkeys(ticked, len(scene.group.parcels))


def test_the_proof_sheet_lists_every_parcel_and_the_table_those_not_told_in_full(
    atlas: PrintedAtlas, pdf: pikepdf.Pdf
) -> None:
    scene = atlas.edition
    proof, small = listed(atlas, pdf, "Bảng kiểm in"), listed(atlas, pdf, "Ghi chú các thửa đất nhỏ")
    for index, (parcel, (form, at)) in enumerate(zip(scene.group.parcels, atlas.told, strict=True)):
        home = scene.layout.pages[scene.layout.where[index]].number
        on = [home, *(page.number for page in scene.layout.pages if index in page.whole and page.number != home)]
        said = [parcel.key, " ".join(map(str, on))]
        line = next((line for line in proof if holds(line, said)), None)
        assert line is not None, said
        how = line[line.index(parcel.key) + 2]
        assert how.startswith(scene.words.form(form)[:10])
        assert at == home or form.complete
        row = [parcel.sheet, parcel.number, decimal(parcel.area), *filter(None, [parcel.land_type]), str(home)]
        assert any(holds(line, row) for line in small) != form.complete, row


def test_names_stand_in_checklists_and_nowhere_else(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    scene = atlas.edition
    names = {name for parcel in scene.group.parcels for name in (parcel.holders or ())[:1]}
    lists = {
        index
        for index in range(len(pdf.pages))
        if any(text.said.startswith("Danh sách thửa đất – ") and text.size > 5 for text in read_page(pdf, index)[0])
    }
    assert lists
    for index in range(len(pdf.pages)):
        said = {text.said for text in read_page(pdf, index)[0]}
        assert bool(names & said) == (index in lists)
    for hidden in (pdf.docinfo, pdf.Root.Metadata.read_bytes().decode()):
        assert not any(name in str(hidden) for name in names)


def test_numbers_outside_of_small_parcels_meet_none_of_other_groups(land: Land, draw: Print) -> None:
    other = run(land.settings, lambda connection: make_group(connection, land.ward, "08"))
    land.square(0, 0, 8, "1")
    for index in range(8):
        land.square(8 + index, 0, 1, f"1{index}", land_type="")
    for x in range(2, 6):
        for y, low in enumerate((-8, -4, 1, 5)):
            land.square(x * 4, low, 4, f"{200 + 10 * x + y}", group=other)
    printed = draw(scale=500)
    assert printed.labelled[1].leaders
    texts = [text for text in read_page(opened(printed.content), 1)[0] if text.said.isdigit()]
    frame = printed.edition.paper.frame
    inside = [text for text in texts if frame.x < text.middle[0] < frame.right and frame.y < text.middle[1] < frame.top]
    assert len(inside) > 12
    for index, one in enumerate(inside):
        for two in inside[index + 1 :]:
            assert one.box.intersection(two.box).area < 0.02, (one.said, two.said)


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_a_small_sheet_has_key_map_and_notes_too(land: Land, draw: Print, orientation: str) -> None:
    land.square(0, 0, 20, "1")
    land.square(400, 0, 20, "2")
    printed = draw(paper="A4", orientation=orientation, scale=500)
    scene = printed.edition
    pdf = opened(printed.content)
    for page in scene.layout.pages:
        said = [text.said for text in read_page(pdf, page.number)[0]]
        for other in scene.layout.pages:
            assert said.count(str(other.number)) >= (2 if other is page and orientation == "landscape" else 1)
        for note in scene.product.notes:
            assert note.vi.split()[-1] in " ".join(said)


@pytest.mark.parametrize("more", [1, 2, 5])
def test_no_page_holds_a_single_row(atlas: PrintedAtlas, more: int) -> None:
    scene = atlas.edition
    table = Table("t", "t", [Column("", 1)], [], 7.0, "L", 2)
    full = table.per_page(scene)
    long = replace(table, rows=[[str(row)] for row in range(2 * full + more)])
    parts = long.parts(scene)
    assert [row for part in parts for row in part] == long.rows
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert max(map(len, parts)) <= full
