"""Printing: one A3 page of a dense quarter against QGIS, which draws the same parcels in the same frame and scale; one
page of ten times as many parcels (`print_growth`); a whole ward (`print_ward`).

Both programs draw from memory or a local file, again and again in one process; the first round of each does not count.
Drawing is labels, map and panel as PDF operators; complete also lays the page out, and makes QR codes, PDF/A and
georeference.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely

from gisland.bench import print_growth, print_ward
from gisland.bench.print_growth import Growth
from gisland.bench.print_ward import Ward
from gisland.bench.table import grid, verdict
from gisland.catalogue import Palette, load_palette
from gisland.demo.generate import generate
from gisland.errors import GislandError
from gisland.printing.finish import Viewport, finish
from gisland.printing.fonts import forget_texts
from gisland.printing.ink import Ink
from gisland.printing.labels import measure
from gisland.printing.layout import Layout, lay_out
from gisland.printing.mapsheet import label_page
from gisland.printing.model import Geometries, Group, Ints, Parcel, decimal
from gisland.printing.panel import draw_map_page
from gisland.printing.paper import Paper, paper
from gisland.printing.placement import Place
from gisland.printing.product import AtlasProduct, load_product
from gisland.printing.scene import Atlas, scene_of
from gisland.printing.words import Words
from gisland.settings import Settings

SCALE, SRID, SEED = 1000, 9210, 1
WARD = 6000
"""Parcels of the ward that the pages are taken from."""
FULL = 600
"""Parcels on the page that both programs draw."""
QGIS = Path(__file__).with_name("qgis_print.py")
DRAWING, COMPLETE = 10, 4
"""How many times faster than QGIS (design §7)."""
Seconds = tuple[float, float]
"""By the clock, and of the processors."""


@dataclass(frozen=True)
class Times:
    """Medians in seconds: by the clock, and of the processors, which other programs on the machine change less."""

    parcels: int
    drawing: Seconds
    complete: Seconds
    qgis: Seconds
    growth: Growth


def run(settings: Settings, *, rounds: int, say: Callable[[str], None]) -> Times:
    """Draw the page with both.

    Raises:
        GislandError: QGIS is not there, or does not print.
    """
    product, palette = load_product(settings, "atlas", AtlasProduct), load_palette(settings)
    sheet = paper("A3", "landscape")[0]
    with TemporaryDirectory(prefix="gisland-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        say("phường mẫu · the demo ward")
        shapes, values = _demo(folder)
        group = _group(shapes, values, _full_page(shapes, sheet, product), palette)
        (page,) = _laid_out(group, sheet, product, SCALE).pages
        say("QGIS")
        qgis = _qgis(folder, group, page.place, sheet, palette, rounds + 1)[1:]
    say("gisland")
    drawing, complete = [], []
    for index in range(rounds + 1):
        # Another print each time, so that its codes are new, too.
        drawn, whole = _draw_all(group, sheet, product, palette, SCALE, f"AAAAAA{index:02d}")
        drawing.append(drawn)
        complete.append(whole)
    say(f"{print_growth.MANY:,}")
    size = sheet.frame.width, sheet.frame.height
    pages = {
        count: print_growth.nearest(shapely.bounds(shapes), count, size, product.inside)
        for count in (print_growth.FEW, print_growth.MANY)
    }
    groups = {count: _group(shapes, values, chosen, palette) for count, (chosen, _) in pages.items()}

    def page_of(count: int, name: str) -> float:
        return _draw_all(groups[count], sheet, product, palette, pages[count][1], name)[1][1]

    few, many = print_growth.run(page_of, rounds)
    growth = Growth(few, many, (pages[print_growth.FEW][1], pages[print_growth.MANY][1]))
    return Times(len(group.parcels), _median(drawing[1:]), _median(complete[1:]), _median(qgis), growth)


def _draw_all(
    group: Group, sheet: Paper, product: AtlasProduct, palette: Palette, scale: int, name: str
) -> tuple[Seconds, Seconds]:
    """Draw a group on one page: seconds for the drawing alone, and for all of it."""
    forget_texts()
    start = _now()
    layout = _laid_out(group, sheet, product, scale)
    scene = _scene(group, layout, product, palette, name)
    laid_out = _now()
    drawn = _draw(scene)
    drawing = _since(laid_out)
    (page,) = layout.pages
    finish(drawn, group.at, "vi", [Viewport(0, sheet.frame, page.place, SRID)])
    return drawing, _since(start)


def _now() -> Seconds:
    return time.perf_counter(), time.process_time()


def _since(start: Seconds) -> Seconds:
    clock, processor = _now()
    return clock - start[0], processor - start[1]


def _median(rounds: Sequence[Seconds]) -> Seconds:
    return median(each[0] for each in rounds), median(each[1] for each in rounds)


def markdown(times: Times, ward: Ward | None = None) -> str:
    """The tables."""
    rows = [
        (
            *(name, f"{clock * 1000:.0f}", verdict(times.qgis[0] / clock, target)),
            *(f"{processor * 1000:.0f}", f"{times.qgis[1] / processor:.2f}"),
        )
        for name, (clock, processor), target in (
            ("drawing", times.drawing, DRAWING),
            ("complete", times.complete, COMPLETE),
        )
    ]
    clock, processor = (f"{each * 1000:.0f}" for each in times.qgis)
    head = (f"A3 page, {times.parcels} parcels, 1:{SCALE}", "ms", "QGIS ÷ (target)", "CPU ms", "QGIS ÷ by CPU")
    parts = [grid(head, [*rows, ("QGIS", clock, "1", processor, "1")]), print_growth.markdown(times.growth)]
    if ward is not None:
        parts.append(print_ward.markdown(ward))
    return "\n\n".join(parts) + "\n"


def _demo(folder: Path) -> tuple[Geometries, dict[str, Any]]:
    """The parcels of a demo ward: their shapes, and their columns."""
    import pyogrio  # not for every command: half a second where pandas is installed, which it takes along

    files = generate(WARD, SEED, folder / "ward")
    meta, _, wkb, columns = pyogrio.raw.read(files.parcels)
    return shapely.from_wkb(wkb), dict(zip(meta["fields"], columns, strict=True))


def _full_page(shapes: Geometries, sheet: Paper, product: AtlasProduct) -> Ints:
    """The parcels of a full page of a ward: so many as were promised, and as few more as can be."""
    bounds = shapely.bounds(shapes)
    wide, high = sheet.frame.width * SCALE / 1000, sheet.frame.height * SCALE / 1000
    middles = (bounds[::3, :2] + bounds[::3, 2:]) / 2
    places = [Place(x - wide / 2, y - high / 2, wide, high, SCALE) for x, y in middles.tolist()]
    inside = product.inside * SCALE / 1000
    held = [each.holds(bounds, inside) for each in places]
    counts = np.array([int(each.sum()) for each in held])
    full = int(np.argmin(np.where(counts >= min(FULL, counts.max()), counts, np.inf)))
    return np.flatnonzero(held[full])


def _group(shapes: Geometries, values: dict[str, Any], chosen: Ints, palette: Palette) -> Group:
    """Some parcels of a ward, as a group of its own."""
    statuses = list(palette.exact)
    parcels = tuple(
        Parcel(
            *(int(index), str(values["shbando"][index]), str(values["shthua"][index])),
            *(round(float(shapely.area(shapes[index])), 1), None, str(values["kyhieumucd"][index] or "")),
            *(statuses[number % len(statuses)], None, ()),
        )
        for number, index in enumerate(chosen)
    )
    none = np.empty(0, dtype=object)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Group(0, "11311", "Hồng Bàng", "", "01", "Tổ dân phố 01", SRID, 1, at, parcels, shapes[chosen], none, ())


def _laid_out(group: Group, sheet: Paper, product: AtlasProduct, scale: int) -> Layout:
    return lay_out(group.shapes, measure(group.parcels, product.label_height), product, [sheet], scale)


def _scene(group: Group, layout: Layout, product: AtlasProduct, palette: Palette, name: str) -> Atlas:
    measures = measure(group.parcels, product.label_height)
    words = Words("vi")
    about = {"by": "bench", "print_id": name, "subject_id": 1, "key": bytes(32), "names": False, "pages": 1}
    return scene_of(Atlas, group, layout, product=product, palette=palette, measures=measures, words=words, **about)


def _draw(scene: Atlas) -> bytes:
    page = scene.layout.pages[0]
    ink = Ink("bench", "bench", "bench")
    draw_map_page(ink, scene, page, label_page(scene, page))
    return ink.save()


def _qgis(folder: Path, group: Group, place: Place, sheet: Paper, palette: Palette, rounds: int) -> list[Seconds]:
    """Seconds of each round of QGIS."""
    import pyogrio

    pyogrio.raw.write(
        folder / "parcels.gpkg",
        geometry=shapely.to_wkb(group.shapes),
        field_data=[
            np.array(each, dtype=object)
            for each in zip(*((p.number, decimal(p.area), p.land_type, p.status) for p in group.parcels), strict=True)
        ],
        fields=["number", "area", "land_type", "status"],
        geometry_type="Polygon",
        crs=f"EPSG:{SRID}",
        driver="GPKG",
    )
    frame = sheet.frame
    spec = {
        "parcels": str(folder / "parcels.gpkg"),
        "out": str(folder / "qgis.pdf"),
        "extent": [place.west, place.south, place.east, place.north],
        "frame": [frame.x, sheet.height - frame.top, frame.width, frame.height],
        "scale": SCALE,
        "statuses": [
            [name, palette.tinted(look.color), palette.hatch_of(look) is not None]
            for name, look in palette.exact.items()
        ],
        "title": group.name,
        "rounds": rounds,
    }
    file = folder / "spec.json"
    file.write_text(json.dumps(spec), encoding="utf-8")
    command = ["/usr/bin/python3", str(QGIS), str(file)]
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    told = next((line for line in done.stdout.splitlines() if line.startswith("SECONDS")), None)
    if told is None:
        raise GislandError(
            "QGIS không in được · QGIS did not print", hint="apt-get install python3-qgis (.ci/setup test)"
        )
    return [(clock, processor) for clock, processor in json.loads(told.removeprefix("SECONDS"))]
