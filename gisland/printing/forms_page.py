"""A page of the form: sections of numbered fields, printed where known, with a line to write on where not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from gisland.printing.blocks import qr_block, signature_block, wrapped
from gisland.printing.edition import Edition
from gisland.printing.fonts import CAP_HEIGHT
from gisland.printing.ink import BLACK, GREY, PALE, RULE, Ink
from gisland.printing.marks import MARK, QR, draw_marks
from gisland.printing.paper import Box
from gisland.printing.product import FormProduct, FormSection
from gisland.printing.tables import SPACING, fitted

HEAD, FOOT, TITLE = 30.0, 30.0, 4.6
NUMBER, LABEL = 7.0, 44.0
"""Width of the number and of the label of a field, mm."""
SIZE, PARTS = 2.5, (1.0, 0.8, 0.68, 0.6, 0.54)
"""Of what is printed, mm, and how small it becomes, in parts of it: the largest that fits is taken."""
PARCEL = "parcel"
"""The section that stands on each page of a parcel."""


Facts = dict[str, list[dict[str, str]]]
"""What is known of a parcel, by section."""


@dataclass(frozen=True)
class FormPage:
    """A page: its number, the parcel (sheet/number), and what is known, by section; a parcel may need several."""

    number: int
    parcel: str
    facts: Facts
    part: int = 1
    parts: int = 1

    @property
    def said(self) -> str:
        """The parcel, and which of its pages this is."""
        return self.parcel + (f" ({self.part}/{self.parts})" if self.parts > 1 else "")

    def known(self, section: FormSection) -> tuple[list[dict[str, str]], int]:
        """What stands in the columns of a section on this page, and how much more follows on the next."""
        facts = self.facts[section.of]
        if section.of == PARCEL:
            return facts, 0
        end = self.part * section.columns
        return facts[end - section.columns : end], max(0, len(facts) - end)


def parts_of(product: FormProduct, facts: Facts) -> int:
    """How many pages a parcel needs: where it has more holders, uses or assets than a form has columns, several."""
    return max(1, *(-(-len(facts[each.of]) // each.columns) for each in product.sections if each.of != PARCEL))


def draw_form(ink: Ink, edition: Edition, product: FormProduct, form: FormPage) -> None:
    """Draw the form of a parcel."""
    paper, words = edition.paper, edition.words
    rows = sum(len(section.fields) for section in product.sections)
    page = paper.page
    high = (page.height - HEAD - FOOT - TITLE * len(product.sections)) / rows
    name = f"form{form.number}"
    with ink.page(paper.width, paper.height, name=name, title=f"{words('parcel')} {form.said}"):
        _head(ink, edition, form)
        top = page.top - HEAD
        for section in product.sections:
            top = _section(ink, edition, section, form, Box(page.x, top, page.width, 0), high)
        _foot(ink, edition, form)
        draw_marks(ink, paper)


def _head(ink: Ink, edition: Edition, form: FormPage) -> None:
    page, words = edition.paper.page, edition.words
    qr_block(ink, edition, page.right - MARK - QR - 6, page.top - QR - 5.2, edition.code(f"F{form.number}"))
    x, room = page.x + MARK + 3, page.width - 2 * MARK - QR - 14
    ink.fill_with(BLACK)
    ink.text(x, page.top - 5.5, edition.product.title.to(words.language), 4.8, bold=True, room=room)
    ink.text(x, page.top - 12, f"{words('sheet')}/{words('parcel').lower()}: {form.said}", 4.8, bold=True, room=room)
    ink.text(x, page.top - 17, f"{edition.subject}, {edition.place_name}", 3.2, room=room)
    said = [words("data", version=edition.version, time=edition.time), words("printed_by", by=edition.by)]
    said += [words("confidential")] if edition.names else []
    ink.text(x, page.top - 21.5, " · ".join(said), 2.2, room=room, paint=GREY)
    y = page.top - 25.2
    for line in wrapped(" ".join(note.to(words.language) for note in edition.product.notes), 2.2, room):
        ink.text(x, y, line, 2.2)
        y -= 2.8


def _section(ink: Ink, edition: Edition, section: FormSection, form: FormPage, box: Box, high: float) -> float:
    """A section from `box.top` downwards; returns where it ends."""
    language = edition.words.language
    known, more = form.known(section)
    top = box.y - TITLE
    ink.fill_with(PALE)
    ink.draw_with(RULE, 0.15)
    ink.box(Box(box.x, top, box.width, TITLE), fill=True)
    ink.fill_with(BLACK)
    said = section.title.to(language) + (f"  ({edition.words('f_more', count=more)})" if more > 0 else "")
    ink.text(box.x + 1.2, top + TITLE / 2 - SIZE * CAP_HEIGHT / 2, said, SIZE, bold=True, room=box.width - 2)
    wide = (box.width - NUMBER - LABEL) / section.columns
    for field in section.fields:
        top -= high
        middle = top + high / 2 - SIZE * CAP_HEIGHT / 2
        ink.draw_with(RULE, 0.15)
        edges = [
            box.x,
            box.x + NUMBER,
            *(box.x + NUMBER + LABEL + wide * index for index in range(section.columns + 1)),
        ]
        ink.boxes([(left, top, right - left, high) for left, right in pairwise(edges)])
        ink.fill_with(BLACK)
        ink.text(box.x + NUMBER / 2, middle, str(field.number), SIZE * 0.9, align="middle")
        ink.text(box.x + NUMBER + 1, middle, field.label.to(language), SIZE, room=LABEL - 2)
        for index in range(section.columns):
            said = known[index].get(field.value, "") if index < len(known) else ""
            if said:
                x = box.x + NUMBER + LABEL + wide * index
                _value(ink, said, Box(x, top, wide, high))
    return top


def _value(ink: Ink, said: str, box: Box) -> None:
    """What is known, as large as it fits: in one line, or in smaller ones below each other."""
    room = box.width - 2
    lines, size = fitted(said, room, box.height, SIZE, PARTS)
    step = size * SPACING
    y = box.middle[1] + step * (len(lines) - 1) / 2 - size * CAP_HEIGHT / 2
    for index, line in enumerate(lines):
        ink.text(box.x + 1, y - index * step, line, size, room=room)


def _foot(ink: Ink, edition: Edition, form: FormPage) -> None:
    page, words = edition.paper.page, edition.words
    signature_block(ink, edition, Box(page.x + MARK + 4, page.y + 6, page.width - 2 * MARK - 8, FOOT - 9))
    said = f"{words('page')} {form.number}/{edition.pages}"
    ink.fill_with(BLACK)
    ink.text(page.right - MARK - 3, page.y + 1, said, 2.6, bold=True, align="right")
    ink.text(page.x + MARK + 3, page.y + 1, edition.product.notice.to(words.language), 2.3, paint=GREY)
