"""The atlas of a residential group: from the registry to a finished file, and a note of it in the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gisland.catalogue import Language, load_palette
from gisland.printing import cover, lists, telling
from gisland.printing.contents import draw_contents
from gisland.printing.edition import Printed
from gisland.printing.finish import Viewport, finish
from gisland.printing.ink import Ink
from gisland.printing.layout import lay_out_group
from gisland.printing.mapsheet import Labelled, label_page
from gisland.printing.model import shortened
from gisland.printing.panel import draw_map_page
from gisland.printing.paper import paper
from gisland.printing.press import note_print, reading, reason_of, sees, signed
from gisland.printing.product import AtlasProduct, load_product
from gisland.printing.read import find_group, read_group, read_neighbours, told_of
from gisland.printing.remarks import remarks_of, saved
from gisland.printing.scene import Atlas, scene_of
from gisland.printing.telling import Told, quiet
from gisland.printing.words import note_of
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "atlas"


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    ward: str
    group: str
    paper: str = "A3"
    orientation: str = "auto"
    scale: int | None = None
    """Denominator; None: by the share of labels that fit."""
    language: Language = "vi"
    reason: str = ""
    """Why; needed where names of holders are printed."""


@dataclass(frozen=True)
class PrintedAtlas(Printed):
    """… with what is told of its parcels."""

    edition: Atlas
    labelled: dict[int, Labelled]
    """Map page → what is written on it."""
    told: lists.Told


def print_atlas(settings: Settings, subject: Subject, order: Order, told: Told = quiet) -> PrintedAtlas:
    """Print the atlas of a group. Who did it is in the audit log before anybody has the file.

    Args:
        settings: where database, configuration and keys are.
        subject: who prints; names of holders are printed for those who may see them in this ward.
        order: what is asked for.
        told: told how far it is, page by page.

    Raises:
        NotFound: there is no such group, or no parcel in it.
        UsageError: paper, scale or product make no sense, no parcel fits on a page, or a reason is needed and missing.
    """
    product = load_product(settings, PRODUCT, AtlasProduct)
    told(0.0, telling.READ)
    scene, reason = _read(settings, subject, order, product, told)
    printed = draw_atlas(scene, telling.within(told, 0.3, 1.0))
    note_print(
        *(settings, subject, scene, printed.content),
        product=PRODUCT,
        ward_id=scene.group.ward_id,
        of=f"residential_group:{scene.subject_id}",
        reason=reason,
        order=order,
        parcels=len(scene.group.parcels) + len(scene.left_out),
        scale=scene.layout.scale,
    )
    return printed


def _read(settings: Settings, subject: Subject, order: Order, product: AtlasProduct, told: Told) -> tuple[Atlas, str]:
    """Lay the atlas out, within one snapshot and what the subject reaches; with the reason to note."""
    papers = paper(order.paper, order.orientation)
    whole = load_palette(settings)
    with reading(settings, subject) as connection:
        place = find_group(connection, order.ward, order.group)
        names = sees(subject, Permission.PERSON_READ, place.ward_id, place.group_id)
        reason = reason_of(order.reason, names=names)
        group = told_of(read_group(connection, place, names=names), whole, exact=names)
        told(0.1, telling.PLACE)
        group, measures, layout, left_out = lay_out_group(group, product, papers, order.scale)
        shapes, numbers = read_neighbours(connection, place, group.srid, layout.frames)
    group, palette = replace(group, neighbours=shapes, neighbour_numbers=tuple(numbers)), whole.told(exact=names)
    facts = (product.model_dump_json(), palette.model_dump_json(), group.ward_code, group.code, group.version)
    chosen = (layout.paper.sign, layout.scale, order.language, names)
    scene = scene_of(
        Atlas,
        group,
        layout,
        product=product,
        palette=palette,
        measures=measures,
        subject_id=place.group_id,
        names=names,
        exact=names,
        left_out=left_out,
        **signed(settings, subject, order.language, *facts, *chosen, seen=(group.parcels, left_out)),
    )
    return scene, reason


def draw_atlas(scene: Atlas, told: Told = quiet) -> PrintedAtlas:
    """Draw the pages: cover, map pages with their checklists, notes on small parcels, proof sheet."""
    words = scene.words
    labelled = {}
    for count, page in enumerate(scene.layout.pages):
        total = len(scene.layout.pages)
        told(0.4 * count / total, f"đặt nhãn trang {count + 1}/{total} · placing labels of page {count + 1}/{total}")
        labelled[page.number] = label_page(scene, page)
    checklists = {page.number: lists.checklist(scene, page) for page in scene.layout.pages if page.home}
    best = lists.told_on(scene, labelled)
    if scene.left_out:
        scene.remarks.append(note_of("left_out", parcels=shortened([each.key for each in scene.left_out])))
    small, off_map = lists.small_parcels(scene, labelled, best), lists.off_map(scene)
    proof = lists.proof(scene, labelled, best)
    shown: dict[int, str] = {}
    behind = cover.behind_cover(scene)
    number = 1 + behind.pages(scene) + len(scene.layout.pages)
    for of_map, table in checklists.items():
        scene.first_list[of_map] = number + 1
        count = table.pages(scene)
        shown[of_map] = f"{number + 1}" if count == 1 else f"{number + 1}–{number + count}"
        number += count
    scene.pages = number + sum(table.pages(scene) for table in (off_map, small, proof) if table is not None)
    ink = Ink(f"{scene.product.title.to(words.language)}: {scene.subject}", scene.place_name, scene.by)
    ink.on_page = telling.pages_of(telling.within(told, 0.4, 0.9), scene.pages)
    cover.draw_cover(ink, scene, shown, behind)
    draw_contents(ink, scene, behind, shown)
    viewports = []
    for page in scene.layout.pages:
        viewports.append(Viewport(ink.pages, scene.paper.frame, page.place, scene.group.srid))
        draw_map_page(ink, scene, page, labelled[page.number])
    first = 1
    for table in filter(None, (*checklists.values(), off_map)):
        lists.draw_table(ink, scene, table, first)
        first += table.pages(scene)
    if small is not None:
        lists.draw_table(ink, scene, small, 1)
    # The last page tells of all others.
    lists.draw_table(ink, scene, lists.telling(proof, scene, [*scene.remarks, *remarks_of(ink)]), 1)
    told(0.9, telling.FINISH)
    content = finish(saved(ink, scene), scene.group.at, words.language, viewports)
    return PrintedAtlas(content, scene, labelled, best)
