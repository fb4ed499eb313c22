"""What the atlas of a real demo group shows, read from the PDF itself."""

from __future__ import annotations

import itertools
import re
import unicodedata

import numpy as np
import pikepdf
import pytest
import shapely

from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.printing.fonts import width
from gisland.printing.labels import Form
from gisland.printing.model import decimal
from gisland.printing.scene import points_to_paper
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY
from tests.printing.pdf_text import Text, links, opened, read_page


@pytest.fixture(scope="module")
def pdf(atlas: PrintedAtlas) -> pikepdf.Pdf:
    return opened(atlas.content)


def on_map(atlas: PrintedAtlas, texts: list[Text]) -> list[Text]:
    """The texts within the map frame."""
    frame = atlas.edition.paper.frame
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    return [text for text in texts if shapely.intersects(inner, text.box)]


def test_every_parcel_is_whole_on_a_page_and_labelled_or_listed(atlas: PrintedAtlas) -> None:
    scene = atlas.edition
    bounds = shapely.bounds(scene.group.shapes)
    whole = np.any([page.place.holds(bounds) for page in scene.layout.pages], axis=0)
    assert whole.all()
    assert sorted(itertools.chain(*(page.home for page in scene.layout.pages))) == list(range(len(scene.group.parcels)))
    homes = [scene.layout.pages[at] for at in scene.layout.where]
    forms = [atlas.labelled[page.number].form_of(index) for index, page in enumerate(homes) if not page.inset]
    assert sum(form.complete for form in forms) / len(forms) >= scene.product.labels_that_fit


def test_labels_lie_in_the_frame_and_meet_no_other(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    frame = atlas.edition.paper.frame
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    for number in range(1, len(atlas.edition.layout.pages) + 1):
        texts = on_map(atlas, read_page(pdf, number)[0])
        assert texts
        assert all(shapely.contains(inner, text.box) for text in texts)
        found = np.array([text.box for text in texts], dtype=object)
        one, two = shapely.STRtree(found).query(found, predicate="intersects")
        # Of a pair that shares a hair, nobody would say that it overlaps.
        shared = shapely.area(shapely.intersection(found[one], found[two]))
        meet = [
            (texts[a].said, texts[b].said) for a, b, area in zip(one, two, shared, strict=True) if a < b and area > 0.02
        ]
        assert not meet


def test_labels_say_what_the_registry_says(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    scene = atlas.edition
    for page in scene.layout.pages:
        texts = on_map(atlas, read_page(pdf, page.number)[0])
        labelled = atlas.labelled[page.number]
        for index in page.home:
            parcel, form = scene.group.parcels[index], labelled.form_of(index)
            shape = shapely.transform(
                scene.group.shapes[index], lambda xy, page=page: points_to_paper(xy, page.place, scene.paper.frame)
            )
            said = {text.said for text in texts if shapely.contains(shape, text.box.centroid)}
            if form is Form.FRACTION:
                assert {parcel.number, decimal(parcel.area), parcel.land_type} - {""} <= said
            elif form is Form.LINE:
                assert f"{parcel.land_type} {parcel.number}/{decimal(parcel.area)}".strip() in said
            elif form is Form.NUMBER:
                assert parcel.number in said


def test_grid_values_equal_coordinates(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    scene, frame = atlas.edition, atlas.edition.paper.frame
    for page in scene.layout.pages:
        texts = read_page(pdf, page.number)[0]
        metres = page.place.scale / 1000
        values = [(int(re.sub(r"\D", "", t.said)), t) for t in texts if re.fullmatch(r"\d{1,3}(\s\d{3})+", t.said)]
        checked = 0
        for value, text in values:
            x, y = text.middle
            if abs(text.angle) < 1 and (y < frame.y or y > frame.top) and frame.x < x < frame.right:
                place = page.place.west + (x - frame.x) * metres
            elif abs(text.angle - 90) < 1 and (x < frame.x or frame.right < x < frame.right + 5):
                place = page.place.south + (y - frame.y) * metres
            else:
                continue
            # A value near a corner is moved along the frame, by half its length at most.
            near = min(abs(x - frame.x), abs(x - frame.right), abs(y - frame.y), abs(y - frame.top)) < 8
            assert place == pytest.approx(value, abs=(6 if near else 0.3) * metres)
            assert value % (page.place.scale / 10) == 0
            checked += 1
        assert checked >= 6


def test_the_scale_bar_is_right(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    panel = atlas.edition.paper.panel
    for page in atlas.edition.layout.pages:
        texts, rectangles = read_page(pdf, page.number)
        end = next(text for text in texts if re.fullmatch(r"[\d,]+ m", text.said) and text.middle[0] > panel.x)
        bars = [bar for bar in rectangles if abs(bar.height - 1.3) < 0.01 and bar.x >= panel.x - 0.01]
        assert len(bars) == 2
        length = 2 * (bars[1].x - bars[0].x)
        metres = float(end.said.removesuffix(" m").replace(",", "."))
        assert length == pytest.approx(metres * 1000 / page.place.scale, abs=0.2)
        # The end of the bar stands under its text.
        left, right = end.box.bounds[0], width(end.said.removesuffix(" m"), end.size)
        assert bars[0].x + length == pytest.approx(left + right / 2, abs=0.2)


def test_pages_lead_to_each_other(atlas: PrintedAtlas, pdf: pikepdf.Pdf) -> None:
    count = len(atlas.edition.layout.pages)
    leads = {index: {target for _, target in links(pdf, index)} for index in range(len(pdf.pages))}
    assert set(range(1, count + 1)) <= leads[0]
    for number in range(1, count + 1):
        frame = atlas.edition.paper.frame
        around = {t for box, t in links(pdf, number) if box[0] < frame.right + 9 and t <= count}
        for other in around:
            assert number in leads[other]
        first = atlas.edition.first_list[number] - 1
        assert first in leads[number]
        assert number in leads[first]


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


@pytest.mark.parametrize("paper", ["A4", "A3"])
@pytest.mark.parametrize("orientation", ["portrait", "landscape"])
def test_every_sheet(demo: Settings, paper: str, orientation: str) -> None:
    printed = print_atlas(demo, ADMIN, Order("11311", "01", paper=paper, orientation=orientation, reason=WHY))
    pdf = opened(printed.content)
    size = (printed.edition.paper.width, printed.edition.paper.height)
    page = shapely.box(0, 0, *size)
    for index in range(len(pdf.pages)):
        box = [float(each) * 25.4 / 72 for each in pdf.pages[index].MediaBox]
        assert box[2:] == pytest.approx(size, abs=0.01)
        for text in read_page(pdf, index)[0]:
            assert shapely.contains(page, text.box), text.said
