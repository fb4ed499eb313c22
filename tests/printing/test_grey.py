"""A black-and-white copy of real pages: each parcel tells its status by its hatch, also where its label fills it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image
from shapely import affinity

from gisland.catalogue import load_catalogue
from gisland.palette import Palette
from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.printing.hatches import draw_status
from gisland.printing.ink import Ink
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.overview_map import fill_class, paint_of
from gisland.printing.paper import Box, Paper
from gisland.printing.scene import to_paper
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY

DPI = 150
PLAIN = "verified"
"""The status without a hatch."""
LEAST = 25.0
"""Square millimetres of a parcel in which a hatch can be seen."""


def copied(content: bytes, page: int, folder: Path) -> Any:
    """A page in grey, as an array from its lower left corner."""
    path = folder / f"{page}.pdf"
    path.write_bytes(content)
    command = ("pdftoppm", "-r", str(DPI), "-gray", "-f", str(page), "-l", str(page), "-singlefile")
    subprocess.run((*command, path, folder / "copy"), check=True)
    return np.asarray(Image.open(folder / "copy.pgm"), dtype=float)[::-1]


def patterns(palette: Palette, paper: Paper, folder: Path) -> dict[str, Any]:
    """What a page would look like if all of its map were of one status: hatches lie where they lie on the sheet."""
    ink, frame = Ink("", "", ""), paper.frame
    field = np.array([shapely.box(frame.x, frame.y, frame.right, frame.top)], dtype=object)
    for status in palette.exact:
        with ink.page(paper.width, paper.height, name=status, title=status):
            draw_status(ink, palette, status, field, frame)
    path = folder / "patterns.pdf"
    path.write_bytes(ink.save())
    subprocess.run(("pdftoppm", "-r", str(DPI), "-gray", path, folder / "pattern"), check=True)
    pictures = [np.asarray(Image.open(each), dtype=float)[::-1] for each in sorted(folder.glob("pattern-*.pgm"))]
    return dict(zip(palette.exact, pictures, strict=True))


def pixels_within(shape: shapely.Geometry, size: tuple[int, int]) -> tuple[Any, Any]:
    """Rows and columns of the pixels whose middles lie in a shape (mm)."""
    step = 25.4 / DPI
    west, south, east, north = shape.bounds
    columns = np.arange(max(0, int(west / step)), min(size[1], int(east / step) + 1))
    rows = np.arange(max(0, int(south / step)), min(size[0], int(north / step) + 1))
    x, y = np.meshgrid((columns + 0.5) * step, (rows + 0.5) * step)
    row, column = np.nonzero(shapely.contains_xy(shape, x, y))
    return rows[row], columns[column]


def read_status(copy: Any, known: dict[str, Any], darkest: float, at: tuple[Any, Any]) -> tuple[str, float]:
    """The status whose texture the pixels have, whatever their tone (`darkest`: of all textures), and how well."""
    seen = copy[at]
    clear = seen > darkest - 12  # no strokes of labels, no outlines
    seen = seen[clear] - seen[clear].mean()
    found = {}
    for status, field in known.items():
        hatch = field[at][clear]
        hatch = hatch - hatch.mean()
        if status != PLAIN and hatch.std() > 1 and seen.std() > 1:
            found[status] = float((hatch * seen).mean() / (hatch.std() * seen.std()))
    best = max(found, key=lambda status: found[status], default=PLAIN)
    return (best, found[best]) if found.get(best, 0) > 0.4 else (PLAIN, 0.0)


@pytest.fixture(scope="module", params=["A3", pytest.param("A4", marks=pytest.mark.proof)])
def printed(demo: Settings, request: pytest.FixtureRequest) -> PrintedAtlas:
    return print_atlas(demo, ADMIN, Order("11311", "02", paper=request.param, reason=WHY))


def test_each_parcel_of_a_real_page_tells_its_status_in_grey(printed: PrintedAtlas, tmp_path: Path) -> None:
    scene = printed.edition
    known = patterns(scene.palette, scene.paper, tmp_path)
    darkest = min(float(each.min()) for each in known.values())
    right, wrong, statuses = 0, [], set()
    for page in scene.layout.pages[:3]:
        copy = copied(printed.content, page.number + 1, tmp_path)
        labelled = printed.labelled[page.number]
        inner = page.place.inset(1)
        own = scene.group.shapes[labelled.seen]
        marks = shapely.union_all([mark.box for mark in labelled.sheets])
        shapes = to_paper(shapely.difference(shapely.intersection(own, inner), marks), page.place, scene.paper.frame)
        for index, shape in zip(labelled.seen, shapely.buffer(shapes, -0.35), strict=True):
            if shape.area < LEAST:
                continue
            status = scene.group.parcels[index].status
            statuses.add(status)
            seen, how = read_status(copy, known, darkest, pixels_within(shape, copy.shape))
            if seen == status:
                right += 1
            else:
                wrong.append(
                    (page.number, scene.group.parcels[index].key, status, seen, round(how, 2), round(shape.area))
                )
    assert len(statuses) > 5
    assert right > 60
    assert len(wrong) <= 0.02 * right, wrong


def without_mark(palette: Palette, folder: Path, *, mended: bool) -> list[tuple[str, float]]:
    """Statuses and areas of small parcels, parts of which a label covers, that show nothing of their hatch in grey."""
    chance = np.random.default_rng(1)
    sides = chance.uniform([1.45, 1.45], [2.6, 6.0], size=(60, 2))
    ink, drawn, size = Ink("", "", ""), {}, Box(0, 0, 60, 80)
    for status, look in palette.exact.items():
        if palette.hatch_of(look) is None:
            continue
        corners = (
            np.array([(x, y) for y in range(10) for x in range(6)]) * (9, 7.5) + chance.uniform(0, 1.4, (60, 2)) + 2
        )
        shapes = shapely.box(*corners.T, *(corners + sides).T)
        shapes[::2] = [affinity.rotate(each, turn) for each, turn in zip(shapes[::2], range(0, 90, 3), strict=True)]
        # A label over the middle of every third one.
        labels = shapely.buffer(shapely.centroid(shapes[::3]), 0.5, quad_segs=1)
        with ink.page(size.width, size.height, name=status, title=status):
            draw_status(ink, palette, status, shapes, size, shapely.STRtree(labels) if mended else None)
        drawn[status] = shapely.difference(shapes, shapely.union_all(labels))
    content, lost = ink.save(), []
    for page, (status, shapes) in enumerate(drawn.items(), start=1):
        copy = copied(content, page, folder)
        for shape in shapely.buffer(shapes, -0.12):
            seen = copy[pixels_within(shape, copy.shape)]
            if seen.max() - seen.min() < 20:
                lost.append((status, round(shape.area, 1)))
    return lost


def test_small_parcels_show_a_mark_of_their_hatch_in_grey(tmp_path: Path) -> None:
    palette = load_catalogue(Settings()).palette
    assert {status for status, _ in without_mark(palette, tmp_path, mended=False)} >= {"unsent", "sent", "organisation"}
    assert without_mark(palette, tmp_path, mended=True) == []


def test_where_parcels_overlap_their_status_is_seen_and_holes_stay_white(tmp_path: Path) -> None:
    palette = load_catalogue(Settings()).palette
    whole, hole = shapely.box(5, 5, 35, 35), shapely.box(10, 10, 18, 18)
    # A ring runs either way round.
    other = shapely.box(22, 8, 60, 32, ccw=False)
    shapes, both = np.array([whole - hole, other], dtype=object), shapely.buffer(whole & other, -0.5)
    for status in ("unsent", "verified"):
        ink = Ink("", "", "")
        with ink.page(65, 40, name="a", title="a"):
            draw_status(ink, palette, status, shapes, Box(0, 0, 65, 40))
        copy = copied(ink.save(), 1, tmp_path)
        alone, overlap = (
            copy[pixels_within(shape, copy.shape)] for shape in (shapely.buffer(other - whole, -0.5), both)
        )
        assert overlap.mean() == pytest.approx(alone.mean(), abs=6) != 255
        assert overlap.std() == pytest.approx(alone.std(), abs=6)
        assert copy[pixels_within(shapely.buffer(hole, -0.5), copy.shape)].min() == 255


def test_classes_of_an_overview_differ_in_grey(demo: Settings, tmp_path: Path) -> None:
    palette = load_catalogue(demo).palette
    shares = [*palette.progress, None]
    ink, side = Ink("", "", ""), 20.0
    with ink.page(side * len(shares), side, name="a", title="a"):
        for index, share in enumerate(shares):
            box = Box(index * side, 0, side, side)
            shape = np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object)
            fill_class(ink, share, palette, shape, box)
    copy = copied(ink.save(), 1, tmp_path)
    wide = copy.shape[1] // len(shares)
    fields = [copy[20:-20, index * wide + 20 : (index + 1) * wide - 20] for index in range(len(shares))]
    tones = [float(np.median(field)) for field in fields]
    assert all(one - two > 24 for one, two in itertools.pairwise(tones[:-1])), tones
    # Nothing to be done: paper with dots, which no class has.
    assert [round(float(field.std())) > 5 for field in fields] == [False] * len(palette.progress) + [True]


def test_the_land_of_an_overview_has_the_tone_of_its_class(demo: Settings, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(demo.config_dir, config)
    file = config / "print/overview/product.yml"
    file.write_text(file.read_text().replace("parcels_to: 2500", "parcels_to: 0"))
    settings = demo.model_copy(update={"config_dir": config})
    printed = print_overview(settings, ADMIN, OverviewOrder(ward="11311"))
    overview, paper = printed.overview, printed.edition.paper
    assert not overview.near
    copy = copied(printed.content, 1, tmp_path)
    for unit in overview.units:
        shape = to_paper(np.array([unit.outline], dtype=object), overview.place, paper.frame)[0]
        red, green, blue = paint_of(unit.percent, overview.palette)
        tone = 255 * (0.299 * red + 0.587 * green + 0.114 * blue)
        assert np.median(copy[pixels_within(shape, copy.shape)]) == pytest.approx(tone, abs=8)
