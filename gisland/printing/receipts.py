"""Papers for the head of a group: the notice to households, the list of papers taken, and that of papers returned."""

from __future__ import annotations

from itertools import zip_longest

from gisland.catalogue import Language
from gisland.printing import telling
from gisland.printing.blocks import qr_block, wrapped
from gisland.printing.edition import Edition, Printed
from gisland.printing.finish import finish
from gisland.printing.group_papers import GroupOrder, edition_of
from gisland.printing.ink import BLACK, GREY, RULE, Ink
from gisland.printing.lists import Table, draw_table, holders, in_rows
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.model import Group
from gisland.printing.paper import paper
from gisland.printing.press import note_print, reading, reason_of, sees, signed
from gisland.printing.product import ReceiptsProduct, load_product
from gisland.printing.read import find_group, read_group
from gisland.printing.remarks import saved
from gisland.printing.tables import Cell, Column
from gisland.printing.telling import Told, quiet
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "receipts"
ROW = 9.0
"""Height of a row: one signs in it; mm."""
TEXT = 4.2


def print_receipts(settings: Settings, subject: Subject, order: GroupOrder, told: Told = quiet) -> Printed:
    """Print the papers of the head of a group. Who did it is in the audit log before anybody has the file.

    Raises:
        NotFound: there is no such group, or no parcel in it.
        UsageError: names would be printed and no reason is given.
    """
    told(0.0, telling.READ)
    product = load_product(settings, PRODUCT, ReceiptsProduct)
    (sheet,) = paper("A4", "landscape")
    with reading(settings, subject) as connection:
        place = find_group(connection, order.ward, order.group)
        names = sees(subject, Permission.PERSON_READ, place.ward_id, place.group_id)
        reason = reason_of(order.reason, names=names)
        group = read_group(connection, place, names=names)
    facts = (product.model_dump_json(), group.ward_code, group.code, group.version, order.language, names)
    edition = edition_of(
        place,
        (group.version, group.at),
        product=product,
        paper=sheet,
        names=names,
        **signed(settings, subject, order.language, *facts, seen=group.parcels),
    )
    content = _draw(edition, product, group, order.language, told)
    note_print(
        *(settings, subject, edition, content),
        product=PRODUCT,
        ward_id=group.ward_id,
        of=f"residential_group:{place.group_id}",
        reason=reason,
        order=order,
        parcels=len(group.parcels),
    )
    return Printed(content, edition)


def _draw(edition: Edition, product: ReceiptsProduct, group: Group, language: Language, told: Told) -> bytes:
    words = edition.words
    tables = [_taken(edition, product, group), _returned(edition, product, group)]
    edition.pages = 1 + sum(table.pages(edition) for table in tables)
    ink = Ink(f"{product.title.to(language)}: {edition.subject}", edition.place_name, edition.by)
    ink.on_page = telling.pages_of(telling.within(told, 0.1, 0.9), edition.pages)
    with ink.page(edition.paper.width, edition.paper.height, name="notice", title=words("announce")):
        _notice(ink, edition, product)
        draw_marks(ink, edition.paper)
    for table in tables:
        draw_table(ink, edition, table, 1)
    return finish(saved(ink, edition), group.at, language)


def _taken(edition: Edition, product: ReceiptsProduct, group: Group) -> Table:
    words = edition.words
    columns = [
        *_first_columns(edition),
        Column(words("r_original"), 10, "middle", tick=True),
        Column(words("r_copy"), 10, "middle", tick=True),
        Column(words("r_cards"), 11, "middle"),
        Column(words("r_other"), 30),
        Column(words("r_day"), 15, "middle"),
        Column(words("r_giver"), 30, "middle"),
        Column(words("r_taker"), 26, "middle"),
    ]
    return _table("taken", "R", columns, _rows(edition, product, group, 7), edition)


def _returned(edition: Edition, product: ReceiptsProduct, group: Group) -> Table:
    words = edition.words
    columns = [
        *_first_columns(edition),
        Column(words("r_whole"), 10, "middle", tick=True),
        Column(words("r_day"), 15, "middle"),
        Column(words("r_back"), 36, "middle"),
        Column(words("r_taker"), 30, "middle"),
        Column(words("note"), 41),
    ]
    return _table("returned", "T", columns, _rows(edition, product, group, 5), edition)


def _first_columns(edition: Edition) -> list[Column]:
    words = edition.words
    return [
        Column(words("no"), 8, "middle"),
        Column(words("sheet"), 9, "middle"),
        Column(words("parcel"), 11, "middle", bold=True),
        Column(words("holder"), 46),
        Column(words("r_papers"), 28),
    ]


def _rows(edition: Edition, product: ReceiptsProduct, group: Group, blank: int) -> list[list[Cell]]:
    """Parcels of which papers may be there: those with a holder or a certificate; then empty rows."""
    empty = [""] * blank
    asked = [parcel for parcel in group.parcels if parcel.papers or parcel.status != "no_holder"]
    rows: list[list[Cell]] = []
    for number, parcel in enumerate(asked, start=1):
        told = zip_longest(holders(edition, parcel), in_rows(parcel.papers), fillvalue="")
        for index, (names, papers) in enumerate(told):
            first = str(number) if index == 0 else edition.words("goes_on")
            rows.append([first, parcel.sheet, parcel.number, names, papers, *empty])
    nothing: list[Cell] = [""] * (5 + blank)
    return [*rows, *(nothing for _ in range(product.empty_rows))]


def _table(name: str, letter: str, columns: list[Column], rows: list[list[Cell]], edition: Edition) -> Table:
    words, language = edition.words, edition.words.language
    signs = "      ".join(f"{each.to(language)}: …………………………" for each in edition.product.signatures)
    foot = (" ".join(note.to(language) for note in edition.product.notes), signs)
    return Table(name, words(name), columns, rows, ROW, letter, 1, foot=foot, confidential=edition.names)


def _notice(ink: Ink, edition: Edition, product: ReceiptsProduct) -> None:
    """The notice to households, to be copied and put up."""
    page, words, language = edition.paper.page, edition.words, edition.words.language
    qr_block(ink, edition, page.right - MARK - QR - 6, page.top - QR - 5.2, edition.code("N1"))
    x, room = page.x + MARK + 8, page.width - 2 * MARK - 16
    ink.fill_with(BLACK)
    ink.text(x, page.top - 5, words("committee"), 3.4)
    ink.text(x, page.top - 10, edition.place_name.upper(), 3.6, bold=True)
    middle = page.middle[0]
    ink.text(middle, page.top - 26, words("announce").upper(), 9, bold=True, align="middle")
    ink.text(middle, page.top - 33, edition.subject, 4.4, align="middle")
    y = page.top - 46
    for paragraph in product.announcement:
        for line in wrapped(paragraph.to(language), TEXT, room):
            ink.text(x, y, line, TEXT)
            y -= TEXT * 1.45
        y -= 2
    y -= 4
    ink.draw_with(RULE, 0.2, (0.01, 1.1))
    for blank in product.blanks:
        wide = ink.text(x, y, f"{blank.to(language)}: ", TEXT, bold=True)
        ink.lines([(x + wide + 1, y - 0.6, x + room, y - 0.6)])
        y -= 10
    ink.text(x, page.y + 8, " ".join(note.to(language) for note in product.notes), 3.0, paint=GREY, room=room)
