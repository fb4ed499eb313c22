"""Form PL3-01 on paper: a page for each parcel, with what is known printed and the rest to be filled in by hand."""

from __future__ import annotations

from typing import Any

from psycopg.rows import namedtuple_row

from gisland.database.statements import statements
from gisland.errors import NotFound
from gisland.kit.text import clean_text
from gisland.printing import telling
from gisland.printing.edition import Printed
from gisland.printing.finish import finish
from gisland.printing.forms_page import Facts, FormPage, draw_form, parts_of
from gisland.printing.group_papers import GroupOrder, edition_of
from gisland.printing.ink import Ink
from gisland.printing.paper import paper
from gisland.printing.press import note_print, reading, reason_of, sees, signed
from gisland.printing.product import FormProduct, load_product
from gisland.printing.read import Row, find_group, full_number, read_version, sheet_and_number
from gisland.printing.remarks import saved
from gisland.printing.telling import Told, quiet
from gisland.registry.codes import CodeLists, load_codes
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "forms"
SQL = statements("gisland.printing", "forms.sql")
LISTS = {"party": "party_kinds", "origin": "origins"}
"""Fields whose codes are written as words."""
ASSETS = "asset_kinds"
SEXES = {"male": "Nam", "female": "Nữ"}


def print_forms(settings: Settings, subject: Subject, order: GroupOrder, told: Told = quiet) -> Printed:
    """Print the forms of a group's parcels, or of one of them. It is in the audit log before anybody has the file.

    Raises:
        NotFound: there is no such group or parcel, or none for which a form is filled in.
        UsageError: names would be printed and no reason is given.
    """
    told(0.0, telling.READ)
    product = load_product(settings, PRODUCT, FormProduct)
    (sheet,) = paper("A4", "portrait")
    number, parcel = sheet_and_number(order.parcel) if order.parcel else (None, None)
    with reading(settings, subject) as connection:
        place = find_group(connection, order.ward, order.group)
        names = sees(subject, Permission.PERSON_READ, place.ward_id, place.group_id)
        ids = names and sees(subject, Permission.IDENTITY_READ, place.ward_id, place.group_id)
        reason = reason_of(order.reason, names=names)
        values = {"group": place.group_id, "names": names, "ids": ids, "sheet": number, "parcel": parcel}
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            rows: list[Row] = cursor.execute(SQL["parcels"], values).fetchall()
        version = read_version(connection)
    # Streets and water have neither holder nor paper: nobody fills in a form for them.
    rows = [row for row in rows if order.parcel or row.facts["bears"] or row.facts["certificates"]]
    if not rows:
        raise NotFound(
            f"tổ {place.group_code} không có thửa nào cần phiếu · group {place.group_code} has no parcel for a form",
            hint="--parcel 5/12",
        )
    facts = (product.model_dump_json(), place.group_id, order.parcel, version[0], order.language, names, ids)
    edition = edition_of(
        place,
        version,
        product=product,
        paper=sheet,
        names=names,
        **signed(settings, subject, order.language, *facts, seen=[row.facts for row in rows]),
    )
    forms = _pages(rows, product, load_codes(settings))
    edition.pages = len(forms)
    ink = Ink(f"{product.title.to(order.language)}: {edition.subject}", edition.place_name, edition.by)
    ink.on_page = telling.pages_of(telling.within(told, 0.1, 0.9), len(forms))
    for form in forms:
        draw_form(ink, edition, product, form)
    told(0.9, telling.FINISH)
    content = finish(saved(ink, edition), version[1], order.language)
    note_print(
        *(settings, subject, edition, content),
        product=PRODUCT,
        ward_id=place.ward_id,
        of=f"residential_group:{place.group_id}",
        reason=reason,
        order=order,
        parcels=len(rows),
    )
    return Printed(content, edition)


def _pages(rows: list[Row], product: FormProduct, codes: CodeLists) -> list[FormPage]:
    """The pages of all parcels: one for each, or as many as hold all of its holders, uses, assets and papers."""
    pages: list[FormPage] = []
    for row in rows:
        facts = _worded(row.facts, codes)
        parts = parts_of(product, facts)
        pages += [FormPage(len(pages) + part, full_number(row), facts, part, parts) for part in range(1, parts + 1)]
    return pages


def _worded(facts: dict[str, Any], codes: CodeLists) -> Facts:
    """Facts as texts: codes as the words of the form, dates and numbers as they are written here."""
    return {
        of: [{name: _said(of, name, value, codes) for name, value in each.items()} for each in facts[of] or ()]
        for of in ("certificates", "holders", "users", "parcel", "uses", "assets")
    }


def _said(of: str, name: str, value: Any, codes: CodeLists) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.1f}".replace(".", ",")
    text = clean_text(value)
    if name in {"date", "birth"} and len(text) == 10:
        year, month, day = text.split("-")
        return f"{day}/{month}/{year}"
    if name == "gender":
        return SEXES.get(text, text)
    listed = ASSETS if (of, name) == ("assets", "kind") else LISTS.get(name)
    found = codes.code_list(listed).find(text) if listed and text else None
    return found.vi if found else text
