"""What the atlas of a real demo group shows, read from the PDF itself."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC

import pikepdf
import pytest
import shapely

from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, EACH_SHEET, WHY
from tests.printing.pdf_text import MM, Text, opened, read_page


@pytest.fixture(scope="module")
def pdf(atlas: PrintedAtlas) -> pikepdf.Pdf:
    return opened(atlas.content)


def on_map(atlas: PrintedAtlas, texts: list[Text]) -> list[Text]:
    """The texts within the map frame."""
    frame = atlas.edition.paper.frame
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    return [text for text in texts if shapely.intersects(inner, text.box)]


def test_most_labels_are_complete(atlas: PrintedAtlas) -> None:
    """As many as the product promises; all else that holds for every atlas is in `proofs`."""
    scene = atlas.edition
    homes = [scene.layout.pages[at] for at in scene.layout.where]
    forms = [atlas.labelled[page.number].form_of(index) for index, page in enumerate(homes) if not page.inset]
    assert sum(form.complete for form in forms) / len(forms) >= scene.product.labels_that_fit


def test_every_page_tells_what_it_is(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    scene = atlas.edition
    for page in scene.layout.pages:
        said = " ".join(text.said for text in read_page(pdf, page.number)[0])
        for words in (
            *("BẢN IN PHỤC VỤ THU THẬP THÔNG TIN", "Phường Hồng Bàng", scene.subject),
            *(f"Trang bản đồ {page.number}/{len(scene.layout.pages)}", "VN-2000", "105°45′", "EPSG:9210"),
            *(f"phiên bản {scene.group.version}", "Người in: thu", "Chú dẫn", "Tổ trưởng dân phố", "B"),
            *(scene.palette.exact[status].label.vi for status in scene.counts),
        ):
            assert words in said
    for index in range(scene.first_list[1] - 1, len(pdf.pages)):
        assert f"Trang {index + 1}/{len(pdf.pages)}" in {text.said for text in read_page(pdf, index)[0]}


def test_each_sheet_is_marked(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    """Numbers are unique within a sheet only."""
    for page in atlas.edition.layout.pages:
        said = {text.said for text in on_map(atlas, read_page(pdf, page.number)[0])}
        assert {f"Tờ {atlas.edition.group.parcels[index].sheet}" for index in page.home} <= said


def test_names_stand_in_checklists_only_and_ids_nowhere(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    scene = atlas.edition
    names = {parcel.holders[0] for parcel in scene.group.parcels if parcel.holders}
    everything = ""
    listed: set[str] = set()
    for index in range(len(pdf.pages)):
        said = [text.said for text in read_page(pdf, index)[0]]
        everything += "\n".join(said)
        if 1 <= index <= len(scene.layout.pages):
            assert not names & set(said)
        listed |= set(said)
    assert len(names & listed) > 0.9 * len(names)
    assert not re.search(r"\b999\d{6,}", everything)
    assert everything == unicodedata.normalize("NFC", everything)


def test_same_data_same_bytes(atlas: PrintedAtlas, demo: Settings) -> None:
    again = print_atlas(demo, ADMIN, Order("11311", "02", reason=WHY))
    assert again.content == atlas.content
    english = print_atlas(demo, ADMIN, Order("11311", "02", language="en", reason=WHY))
    assert english.edition.print_id != atlas.edition.print_id
    said = {text.said for text in read_page(opened(english.content), 1)[0]}
    assert {"Legend", "N", "Index of pages"} <= said


def test_the_times_of_the_file_are_that_of_the_data(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    at = atlas.edition.at.astimezone(UTC)
    assert {str(pdf.docinfo[name]) for name in ("/CreationDate", "/ModDate")} == {f"D:{at:%Y%m%d%H%M%S}+00'00"}
    said = pdf.Root.Metadata.read_bytes().decode()
    times = re.findall(r"<xmp:(\w+Date)>([^<]+)</", said)
    assert dict(times) == dict.fromkeys(("CreateDate", "ModifyDate", "MetadataDate"), f"{at:%Y-%m-%dT%H:%M:%SZ}")


@EACH_SHEET
def test_every_sheet(demo: Settings, paper: str, orientation: str) -> None:
    printed = print_atlas(demo, ADMIN, Order("11311", "01", paper=paper, orientation=orientation, reason=WHY))
    pdf = opened(printed.content)
    size = (printed.edition.paper.width, printed.edition.paper.height)
    page = shapely.box(0, 0, *size)
    for index in range(len(pdf.pages)):
        box = [float(each) * MM for each in pdf.pages[index].MediaBox]
        assert box[2:] == pytest.approx(size, abs=0.01)
        for text in read_page(pdf, index)[0]:
            assert shapely.contains(page, text.box), text.said
