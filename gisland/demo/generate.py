"""The whole story in order: from a number and a seed to the files a ward receives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo import landuse
from gisland.demo.addresses import give_addresses
from gisland.demo.blocks import STREET, cut_blocks
from gisland.demo.dirt import Clerk
from gisland.demo.exact import Floats, stream
from gisland.demo.faces import Land, build
from gisland.demo.files import write_parcels, write_ward
from gisland.demo.forms import write_forms
from gisland.demo.groups import form_groups
from gisland.demo.holdings import give_land
from gisland.demo.lots import Pieces
from gisland.demo.outline import Bend, draw_outline
from gisland.demo.results import write_results
from gisland.demo.sheets import lay_sheets
from gisland.demo.streets import draw_streets, street_cells
from gisland.demo.zones import ZONES, assign_zones

FORMS_UP_TO = 50_000
"""Above this number of parcels no spreadsheets are written."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class DemoFiles:
    """What was written where, and how much of it."""

    parcels: Path
    ward: Path
    forms: tuple[Path, ...]
    results: Path | None
    parcel_count: int
    group_count: int
    sheet_count: int
    form_rows: int
    person_count: int


def generate(parcels: int, seed: int, out: Path, progress: Progress | None = None) -> DemoFiles:
    """Invent a ward of exactly ``parcels`` parcels and write its files into the folder ``out`` (made when missing).

    The same ``parcels`` and ``seed`` give the same content. ``progress`` is told the name of each step as it begins.
    Raises :class:`ValueError` for fewer than 100 parcels.
    """
    if parcels < 100:
        raise ValueError(f"a demo ward needs at least 100 parcels, not {parcels}")
    tell = progress or (lambda _step: None)
    land, pieces = draw_land(parcels, seed, tell)
    tell("sheets and groups")
    points = shapely.get_coordinates(shapely.point_on_surface(land.polygons))
    columns = describe(land, pieces, points, parcels, seed)
    order = np.lexsort((columns["shthua"], columns["shbando"].astype(int)))
    polygons, columns = land.polygons[order], {name: column[order] for name, column in columns.items()}
    tell("parcels.gpkg")
    out.mkdir(parents=True, exist_ok=True)
    write_parcels(out / "parcels.gpkg", polygons, columns)
    write_ward(out / "ward.geojson", land.border)
    forms, form_rows, results, people = _paper(out, shapely.area(polygons), columns, seed, tell)
    return DemoFiles(
        out / "parcels.gpkg",
        out / "ward.geojson",
        tuple(forms),
        results,
        len(polygons),
        len(np.unique(columns["tdp"])),
        len(np.unique(columns["shbando"])),
        form_rows,
        people,
    )


def _paper(
    out: Path, areas: Floats, columns: dict[str, NDArray[Any]], seed: int, tell: Progress
) -> tuple[list[Path], int, Path | None, int]:
    """People, forms and the results of the matching: files, rows, file of results, people."""
    if len(areas) > FORMS_UP_TO:
        return [], 0, None, 0
    tell("people")
    holdings = give_land(columns, areas, seed)
    tell("forms")
    forms, rows = write_forms(out / "forms", holdings.rights, columns, areas, Clerk(stream(seed, "forms")))
    tell("results")
    results = out / "results" / "ket-qua-doi-chieu.xlsx"
    write_results(results, holdings.rights, columns, areas, stream(seed, "results"))
    return forms, rows, results, len(holdings.people)


def draw_land(parcels: int, seed: int, tell: Progress) -> tuple[Land, Pieces]:
    """Outline, streets, quarters, blocks, lots: the coverage on the ground."""
    tell("outline and streets")
    outline = draw_outline(parcels, seed)
    strips = draw_streets(outline, seed)
    cells = street_cells(strips)
    river = shapely.union_all([p for p, use in zip(strips.polygons, strips.uses, strict=True) if use == "SON"])
    zones = assign_zones(cells, river, parcels, seed)
    tell("blocks")
    plan = cut_blocks(cells, zones, seed)
    bend = Bend.draw(outline, cells, np.array([z.rough for z in ZONES])[zones], seed)
    return build(strips, plan, bend, parcels, seed, tell)


def describe(land: Land, pieces: Pieces, points: Floats, parcels: int, seed: int) -> dict[str, NDArray[Any]]:
    """The attribute columns of the parcels, named as offices name them."""
    sheets = lay_sheets(points)
    types = landuse.land_types(land, pieces, seed)
    block = pieces.block[land.piece]
    block = np.where(pieces.kind[land.piece] == STREET, -1, block)
    return {
        "shbando": sheets.sheet.astype(str),
        "mahieu": sheets.name,
        "tyle": sheets.scale.astype(np.int32),
        "shthua": sheets.number.astype(np.int32),
        "kyhieumucd": types,
        "dtpl": landuse.legal_areas(land.polygons, types, seed),
        "tdp": form_groups(land.polygons, points, block, parcels),
        "diachi": give_addresses(land, pieces, points, seed),
    }
