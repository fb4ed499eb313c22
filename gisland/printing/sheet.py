"""A sheet of the cadastral map at its own scale (tờ bản đồ địa chính): from the registry to a finished file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import namedtuple_row

from gisland.catalogue import Language, load_palette
from gisland.database.statements import statements
from gisland.errors import NotFound, UsageError
from gisland.kit.text import clean_text
from gisland.printing.edition import Printed
from gisland.printing.finish import Viewport, finish
from gisland.printing.frames import cutting_frames, direction, frames_of, named_rectangle
from gisland.printing.labels import measure, place_labels
from gisland.printing.layout import Layout, MapPage
from gisland.printing.leaders import place_leaders
from gisland.printing.mapsheet import Labelled, page_labels
from gisland.printing.model import Group, Parcel
from gisland.printing.placement import Place
from gisland.printing.press import note_print, reading, reason_of, signed
from gisland.printing.product import SheetProduct, load_product
from gisland.printing.read import Row, full_number, in_plane, label_at, read_all, read_around, read_version
from gisland.printing.scene import Scene, scene_of
from gisland.printing.sheet_page import About, SheetPaper, draw_sheet, fits, fitting, pages
from gisland.printing.spots import Spots
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "sheet"
SQL = statements("gisland.printing", "sheet.sql")


@dataclass(frozen=True)
class SheetOrder:
    """What is asked for."""

    ward: str
    sheet: str
    sheet_scale: int | None = None
    """Of the sheet, where a ward has several of one number."""
    paper: str = "auto"
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True)
class PrintedSheet(Printed):
    """… with what it shows."""

    edition: Scene
    labelled: Labelled
    about: About


def print_sheet(settings: Settings, subject: Subject, order: SheetOrder) -> PrintedSheet:
    """Print a map sheet. Who did it is in the audit log before anybody has the file.

    Raises:
        NotFound: there is no such ward or sheet within reach, or no parcel on it.
        UsageError: there are several sheets of that number, or it fits not on the paper that is asked for, or on none.
    """
    product = load_product(settings, PRODUCT, SheetProduct)
    reason = reason_of(order.reason, names=False)
    with reading(settings, subject) as connection:
        row = find_sheet(connection, order)
        group = _read(connection, row)
        place = _frame_on(order.paper, row, group)
        shapes, rows = read_around(connection, SQL["around"], {"sheet": row.id}, group.srid, place.inset())
        beside = _sheets_beside(connection, row, place, group)
    group = replace(group, neighbours=shapes, neighbour_numbers=tuple(map(full_number, rows)))
    about = About(clean_text(row.sheet_no), clean_text(row.name), row.sheets, beside)
    scene, labelled, about = _scene(settings, subject, order, product, group, place, about, row.id)
    drawn = draw_sheet(scene, scene.layout.pages[0], labelled, about)
    viewport = Viewport(0, scene.paper.frame, place, group.srid)
    content = finish(drawn, group.at, order.language, [viewport])
    note_print(
        *(settings, subject, scene, content),
        product=PRODUCT,
        ward_id=row.ward_id,
        of=f"map_sheet:{row.id}",
        reason=reason,
        order=order,
        parcels=len(group.parcels),
        scale=row.scale,
    )
    return PrintedSheet(content, scene, labelled, about)


def find_sheet(connection: Connection, order: SheetOrder) -> Row:
    """The map sheet that is meant.

    Raises:
        NotFound: there is none within reach.
        UsageError: there are several.
    """
    values = {"ward": order.ward, "sheet": order.sheet.strip(), "scale": order.sheet_scale}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["find"], values).fetchall()
    if not rows:
        raise NotFound(
            f"phường {order.ward} không có tờ bản đồ {order.sheet} · ward {order.ward} has no map sheet {order.sheet}",
            hint="gisland registry list map-sheets",
        )
    if len(rows) > 1:
        known = ", ".join(f"1:{row.scale} {row.old_ward_code}".strip() for row in rows)
        raise UsageError(
            f"có nhiều tờ {order.sheet}: {known} · there are several sheets {order.sheet}",
            hint="--sheet-scale 500",
            parameter="sheet_scale",
        )
    if not rows[0].scale:
        raise UsageError(f"tờ {order.sheet} chưa ghi tỷ lệ · the scale of sheet {order.sheet} is not known")
    return rows[0]


def _frame_on(paper: str, row: Row, group: Group) -> Place:
    """The frame of a sheet on a paper: one that holds all its parcels; one that cuts some only where no paper does.

    Where none fits on that paper it is the last one that there is.
    """
    name = clean_text(row.name)
    frames = frames_of(name, row.scale, shapely.total_bounds(group.shapes).tolist())
    if not any(fits("auto", each) for each in frames):
        frames += cutting_frames(name, row.scale, group.shapes)
    return next((each for each in frames if fits(paper, each)), frames[-1])


def _read(connection: Connection, row: Row) -> Group:
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        found: list[Row] = cursor.execute(SQL["parcels"], {"sheet": row.id}).fetchall()
    if not found:
        raise NotFound(f"tờ {row.sheet_no} không có thửa đất nào · there is no parcel on sheet {row.sheet_no}")
    version, at = read_version(connection)
    shapes = in_plane([each.shape for each in found], np.array([each.srid for each in found]), row.srid)
    sheet = clean_text(row.sheet_no)
    parcels = tuple(
        Parcel(
            *(each.id, sheet, clean_text(each.parcel_no), each.area_m2, None, clean_text(each.land_type), "", None, ()),
            label_at=label_at(each, row.srid),
        )
        for each in found
    )
    return Group(
        ward_id=row.ward_id,
        ward_code=row.ward_code,
        ward_name=clean_text(row.ward_name),
        province=clean_text(row.province),
        code=sheet,
        name="",
        srid=row.srid,
        version=version,
        at=at,
        parcels=parcels,
        shapes=shapes,
        neighbours=np.empty(0, dtype=object),
        neighbour_numbers=(),
    )


def _sheets_beside(connection: Connection, row: Row, place: Place, group: Group) -> dict[tuple[int, int], list[str]]:
    """Numbers of the sheets around, by where they lie: so many to the east and north, of -1, 0, 1."""
    rows = read_all(connection, SQL["sheets"], {"ward": row.ward_id, "sheet": row.id})
    shapes = in_plane([each.shape for each in rows], np.array([each.srid for each in rows], dtype=int), group.srid)
    own = named_rectangle(clean_text(row.name), shapely.total_bounds(group.shapes).tolist())
    found: dict[tuple[int, int], list[str]] = {}
    for each, shape in zip(rows, shapes, strict=True):
        # A name has the kilometres of its own plane.
        other = named_rectangle(clean_text(each.name), shape.bounds) if each.srid == group.srid else None
        if own and other:
            step = direction(own, other)
        else:
            x, y = shape.centroid.x, shape.centroid.y
            step = round((x - place.middle[0]) / place.width), round((y - place.middle[1]) / place.height)
        if step != (0, 0) and max(map(abs, step)) == 1:
            found.setdefault(step, []).append(clean_text(each.sheet_no))
    return found


def _scene(
    settings: Settings,
    subject: Subject,
    order: SheetOrder,
    product: SheetProduct,
    group: Group,
    place: Place,
    about: About,
    sheet_id: int,
) -> tuple[Scene, Labelled, About]:
    """Place the labels, and take the smallest paper on which map and tables fit."""
    everything = list(range(len(group.parcels)))
    held = place.holds(shapely.bounds(group.shapes))
    whole, cut = np.flatnonzero(held).tolist(), np.flatnonzero(~held).tolist()
    measures = measure(group.parcels, product.label_height)
    labels = place_labels(Spots(group.shapes), measures, place.scale, product.label_smallest)
    page = MapPage(1, place, inset=False, home=whole, whole=whole)
    layout = Layout(SheetPaper.unknown(), place.scale, [page], {place.scale: labels}, [0] * len(everything))
    facts: tuple[Any, ...] = (product.model_dump_json(), sheet_id, group.version, order.paper, order.language)
    scene = scene_of(
        Scene,
        group,
        layout,
        product=product,
        palette=load_palette(settings),
        measures=measures,
        subject_id=sheet_id,
        names=False,
        pages=1,
        **signed(settings, subject, order.language, *facts, seen=group.parcels),
    )
    seen = np.arange(len(group.parcels))
    found = page_labels(scene, place, seen)
    leaders = place_leaders(group, page, found, seen, product.label_height * product.label_smallest)
    labelled = Labelled(seen, found, leaders, [])
    small = [index for index in everything if not labelled.form_of(index).complete]
    below = fits(order.paper, place, len(small))
    about = replace(about, small=_of(group, small), cut=_of(group, cut), below=below)
    scene.paper = layout.paper = fitting(order.paper, place, len(small) if below else 0)
    scene.pages = pages(scene, about)
    return scene, labelled, about


def _of(group: Group, chosen: list[int]) -> tuple[Parcel, ...]:
    """Parcels by their index."""
    return tuple(group.parcels[index] for index in chosen)
