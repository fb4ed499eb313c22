"""The proofs themselves: each fails when just what it promises is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import segno

from gisland.catalogue import Catalogue
from gisland.printing import atlas, blocks, code, layout, lists, mapsheet, marks, panel
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.scene import Scene
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.printing import proofs, proofs_codes, proofs_hatches, proofs_map, proofs_panel
from tests.printing.conftest import ADMIN, WHY, empty_land
from tests.printing.seen import Seen
from tests.printing.truth import Ward, read_ward


@pytest.fixture(scope="module")
def row(server: Settings) -> Iterator[tuple[Settings, Ward]]:
    """A street of eleven parcels over two pages: one is too small for its label, some have no holder."""
    with clone_of(server) as settings:
        land = empty_land(settings)
        for index in range(10):
            land.square(20 * index, 0, 20, f"{index + 1}", holder="Người Thử" if index % 2 else "")
        land.square(30, 20, 2, "11")
        yield settings, read_ward(settings)


def printed(row: tuple[Settings, Ward], catalogue: Catalogue) -> Seen:
    order = Order("11311", "07", paper="A4", orientation="landscape", scale=500, reason=WHY)
    return Seen(print_atlas(row[0], ADMIN, order).content, row[1], "07", catalogue.palette)


def wrapped(of: Any, name: str, change: Callable[..., Any]) -> tuple[Any, str, Callable[..., Any]]:
    """A function of a module, and another in its place that is given it first."""
    right = getattr(of, name)
    return of, name, lambda *given, **more: change(right, *given, **more)


def also_elsewhere(right: Any, *given: Any) -> Any:
    laid_out = right(*given)
    for page in laid_out.pages:
        page.whole.append(0)
    return laid_out


def twice(right: Any, ink: Any, parcel: Any, form: Any, x: float, y: float, *more: Any) -> None:
    right(ink, parcel, form, x, y, *more)
    right(ink, parcel, form, x + 1, y, *more)


def other_side(right: Any, *given: Any) -> list[Any]:
    return [replace(each, side=proofs.OPPOSITE[each.side]) for each in right(*given)]


FAULTS = {
    "parcels a tenth of a millimetre off": (
        wrapped(mapsheet, "to_paper", lambda right, shapes, place, frame: right(shapes, place, _moved(frame))),
        [proofs.check_whole, proofs.check_colours],
    ),
    "grid lines beside their place": (
        wrapped(mapsheet, "grid_values", lambda right, place: tuple([x + 1 for x in each] for each in right(place))),
        [proofs_map.check_grid],
    ),
    "a scale bar that is 2 % too long": (
        wrapped(blocks, "scale_bar", lambda right, ink, x, y, scale, room: right(ink, x, y, scale * 0.98, room)),
        [proofs_map.check_bar],
    ),
    "areas on the map": (
        wrapped(mapsheet, "decimal", lambda right, area: right(area + 0.1)),
        [proofs_map.check_words_on_map, proofs_map.check_labels],
    ),
    "areas in the lists": (
        wrapped(lists, "decimal", lambda right, area: right(area + 0.1)),
        [proofs.check_checklists, proofs.check_small],
    ),
    "labels written twice": (wrapped(mapsheet, "draw_label", twice), [proofs.check_texts]),
    "no list of small parcels": (wrapped(lists, "small_parcels", lambda *_: None), [proofs_map.check_labels]),
    "no references": (wrapped(mapsheet, "references", lambda *_: []), [proofs.check_references]),
    "references on the wrong side": (wrapped(mapsheet, "references", other_side), [proofs.check_references]),
    "what two pages show is not tinted": (
        wrapped(
            mapsheet, "_draw_overlaps", lambda right, *given, filled: None if filled else right(*given, filled=False)
        ),
        [proofs.check_overlap],
    ),
    "no line around what two pages show": (
        wrapped(mapsheet, "_draw_overlaps", lambda right, *given, filled: right(*given, filled=True)),
        [proofs.check_overlap],
    ),
    "what another page shows is not tinted": (
        wrapped(
            mapsheet, "_draw_overlaps", lambda right, ink, scene, page, **more: right(ink, scene, _last(scene), **more)
        ),
        [proofs.check_overlap],
    ),
    "the colour of another status": (
        wrapped(mapsheet, "draw_status", lambda right, ink, look, _, *more: right(ink, look, "verified", *more)),
        [proofs.check_colours],
    ),
    "samples of another status": (
        wrapped(blocks, "draw_sample", lambda right, ink, look, _, *more: right(ink, look, "verified", *more)),
        [proofs_panel.check_legend, proofs_hatches.check_hatches],
    ),
    "hatches of the legend wider than on the map": (
        wrapped(blocks, "draw_sample", lambda right, ink, *more: _wider(right, ink, *more)),
        [proofs_hatches.check_hatches],
    ),
    "no hatches on the map": (
        wrapped(mapsheet, "draw_status", lambda right, ink, *more: _without_hatch(right, ink, *more)),
        [proofs_hatches.check_hatches],
    ),
    "another page lit": (
        wrapped(
            panel, "key_map", lambda right, ink, scene, box, _, **more: right(ink, scene, box, _first(scene), **more)
        ),
        [proofs_panel.check_key_map],
    ),
    "pages twice": (wrapped(layout, "place_pages", lambda right, *given: right(*given) * 2), [proofs.check_bound]),
    "pages that hold what they do not": (wrapped(layout, "lay_out", also_elsewhere), [proofs.check_proof]),
    "another count of pages": (
        wrapped(
            panel,
            "title_block",
            lambda right, ink, scene, box, said: right(ink, scene, box, said.replace("/", "/1")),
        ),
        [proofs.check_pages],
    ),
    "a frame of another size on the ground": (
        wrapped(
            atlas,
            "Viewport",
            lambda right, page, frame, place, srid: right(page, frame, replace(place, width=place.width + 0.1), srid),
        ),
        [proofs.check_place],
    ),
    "the checklist of the last page before that of the first": (
        wrapped(lists, "checklist", lambda right, scene, page: right(scene, scene.layout.pages[-page.number])),
        [proofs.check_order],
    ),
    "codes of a lower level": (
        wrapped(marks, "_matrix", lambda _, text: tuple(bytes(row) for row in segno.make_qr(text, error="m").matrix)),
        [proofs_codes.check_codes],
    ),
    "codes of another place": (
        wrapped(
            code.PageCode, "text", lambda right, said, key: right(replace(said, east=said.east and said.east + 1), key)
        ),
        [proofs_codes.check_codes],
    ),
    "a short form of another page": (
        wrapped(code.PageCode, "short", lambda right, said, key: right(replace(said, page="M9"), key)),
        [proofs_codes.check_codes],
    ),
    "both codes in one corner": (
        wrapped(panel, "qr_block", lambda right, ink, scene, x, y, said: right(ink, scene, x, min(y, 40), said)),
        [proofs_codes.check_codes],
    ),
    "marks in the wrong corners": (
        (marks, "CORNERS", ("2", "1", "3", "4")),
        [proofs_codes.check_codes],
    ),
    "counts on the cover": (
        (Scene, "counts", property(lambda scene: {"no_holder": 7, "missing_id": 4})),
        [proofs_panel.check_cover],
    ),
}


def test_each_proof_has_a_fault() -> None:
    assert {check for _, checks in FAULTS.values() for check in checks} == set(proofs.CHECKS)


def _wider(right: Any, ink: Any, *more: Any) -> None:
    ink.larger = 0.9
    right(ink, *more)
    ink.larger = 1.0


def _without_hatch(right: Any, ink: Any, look: Any, *more: Any) -> None:
    exact = {name: each.model_copy(update={"hatch": "none"}) for name, each in look.exact.items()}
    right(ink, look.model_copy(update={"exact": exact}), *more)


def _moved(frame: Any) -> Any:
    return replace(frame, x=frame.x + 0.1)


def _last(scene: Any) -> Any:
    return scene.layout.pages[-1]


def _first(scene: Any) -> Any:
    return scene.layout.pages[0]


def test_nothing_is_wrong_without_a_fault(row: tuple[Settings, Ward], catalogue: Catalogue) -> None:
    seen = printed(row, catalogue)
    assert len(seen.maps) == 2
    for check in proofs.CHECKS:
        check(seen)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(
    row: tuple[Settings, Ward], catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (of, what, change), checks = FAULTS[name]
    monkeypatch.setattr(of, what, change)
    seen = printed(row, catalogue)
    monkeypatch.undo()
    for check in checks:
        with pytest.raises(AssertionError):
            check(seen)
