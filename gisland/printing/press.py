"""What every printed product does alike: read one state of the registry, ask for a reason, note the print."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.types.json import Jsonb

from gisland.audit import log
from gisland.catalogue import Language
from gisland.database import Role, Scope, run, scope, session
from gisland.database.statements import statements
from gisland.printing.code import load_print_key, print_id
from gisland.printing.edition import Edition
from gisland.printing.files import plain
from gisland.printing.remarks import said
from gisland.printing.words import Words
from gisland.security.mask import held
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

SQL = statements("gisland.printing", "orders.sql")


@dataclass(frozen=True)
class Note:
    """Who printed what, as the audit log has it."""

    subject: str
    ward_id: int
    of: str
    detail: dict[str, object]
    entry: dict[str, Any] | None = None
    """Its row of the register of printed copies, where no order has one; of a print of several wards, in one note."""


# None: each print is noted at once.
_kept: ContextVar[list[Note] | None] = ContextVar("kept", default=None)


@contextmanager
def reading(settings: Settings, subject: Subject) -> Iterator[Connection]:
    """A transaction that sees one state of the rows in which the subject may print."""
    one_state = session(settings, Role.APP, isolation=IsolationLevel.REPEATABLE_READ)
    with scope(subject.scope(Permission.MAP_PRINT)), one_state as connection:
        yield connection


def may_print(subject: Subject, ward_id: int, group_id: int | None = None) -> bool:
    """Whether a subject may print what is of a ward, or of one group in it."""
    reached = subject.scope(Permission.MAP_PRINT)
    return reached.covers(Scope(wards=frozenset({ward_id}))) or (
        group_id is not None and reached.covers(Scope(groups=frozenset({group_id})))
    )


def sees(subject: Subject, permission: Permission, ward_id: int, group_id: int | None = None) -> bool:
    """Whether a subject may see what the permission is for, of all persons of a ward, or of one group in it."""
    within = [Scope(wards=frozenset({ward_id}))]
    if group_id is not None:
        within.append(Scope(groups=frozenset({group_id})))
    return any(permission.value in held(subject, each) for each in within)


def reason_of(given: str, *, names: bool) -> str:
    """The reason as it is noted; who prints no names need give none.

    Raises:
        UsageError: a reason is needed and missing.
    """
    if not names and not given.strip():
        return ""
    return log.stated_reason(given, "in tên người sử dụng đất cần lý do · a print with names of holders needs a reason")


def signed(
    settings: Settings, subject: Subject, language: Language, *facts: object, seen: object = None
) -> dict[str, Any]:
    """What an edition has by who prints it: words, name, print id, key of the seals.

    Args:
        settings: where the key is.
        subject: who prints.
        language: of the paper.
        facts: all that the print depends on beside the subject: the same facts give the same id.
        seen: records that were read within the reach of the subject, which may be another one tomorrow. Nobody can
            try out names against the id.
    """
    key = load_print_key(settings)
    return {
        "words": Words(language),
        "by": subject.name.partition(":")[2] or subject.name,
        "print_id": print_id(*facts, subject.name, hmac.digest(key, f"gisland seen {seen!r}".encode(), "sha256").hex()),
        "key": key,
    }


def note_prints(
    settings: Settings,
    subject: Subject,
    edition: Edition,
    content: bytes,
    *,
    product: str,
    wards: Sequence[int],
    reason: str,
    order: Any,
    **more: object,
) -> None:
    """Note a print that shows several wards: in each of them, or nowhere. See `note_print`; its home is the subject."""
    detail = _detail(edition, content, product, reason, more) | {"wards": len(wards)}
    notes = [Note(subject.name, ward, f"unit:{ward}", detail) for ward in wards]
    entry = _entry(subject, edition, content, product, order) | {"ward": edition.subject_id, "wards": list(wards)}
    _note(settings, subject, [replace(notes[0], entry=entry), *notes[1:]])


def note_print(
    settings: Settings,
    subject: Subject,
    edition: Edition,
    content: bytes,
    *,
    product: str,
    ward_id: int,
    of: str,
    reason: str,
    order: Any,
    **more: object,
) -> None:
    """Note in the audit log who printed what, before anybody has the file; within `noted_later` keep it for then.

    Args:
        settings: where the database is.
        subject: who.
        edition: what was drawn.
        content: the file.
        product: its id.
        ward_id: the ward.
        of: what it is of: `residential_group:7`.
        reason: see `reason_of`.
        order: what was asked for: a dataclass with the fields of the inputs of the product.
        more: counts and the like; never personal data.
    """
    detail = _detail(edition, content, product, reason, more)
    group = edition.subject_id if of.startswith("residential_group:") else None
    entry = _entry(subject, edition, content, product, order) | {"ward": ward_id, "group": group}
    _note(settings, subject, [Note(subject.name, ward_id, of, detail, entry)])


def _note(settings: Settings, subject: Subject, notes: list[Note]) -> None:
    kept = _kept.get()
    if kept is not None:
        kept.extend(notes)
    else:
        with scope(subject.scope(Permission.MAP_PRINT)):
            write_notes(settings, notes)


def _detail(edition: Edition, content: bytes, product: str, reason: str, more: dict[str, object]) -> dict[str, object]:
    return {
        "product": product,
        "print": edition.print_id,
        "pages": edition.pages,
        "paper": edition.paper.sign,
        "data_version": edition.version,
        "names": edition.names,
        "exact": edition.exact,
        "reason": reason,
        "sha256": hashlib.sha256(content).hexdigest(),
        **more,
    }


def _entry(subject: Subject, edition: Edition, content: bytes, product: str, order: Any) -> dict[str, Any]:
    return {
        "product": product,
        # The reason stands in the audit log, where ids in it are masked.
        "inputs": {name: said for name, said in asdict(order).items() if name != "reason" and said not in {"", None}},
        "requester": subject.name,
        "account": subject.account_id,
        "wards": [],
        "group": None,
        "file_name": f"{product}-{plain(edition.ward_code)}.pdf",
        "size": len(content),
        "sha256": hashlib.sha256(content).digest(),
        "print_id": edition.print_id,
        "pages": edition.pages,
        "version": edition.version,
        "names": edition.names,
        "exact": edition.exact,
        "message": said(edition.remarks),
    }


@contextmanager
def noted_later() -> Iterator[list[Note]]:
    """Within the block prints are not noted: whoever stores the files notes them, so that both are there or neither."""
    notes: list[Note] = []
    token = _kept.set(notes)
    try:
        yield notes
    finally:
        _kept.reset(token)


def record_notes(connection: Connection, notes: Iterable[Note]) -> None:
    """Note prints, in the transaction that stores their files."""
    for each in notes:
        log.record(
            *(connection, each.subject, log.Tag.MAP_PRINTED),
            ward_id=each.ward_id,
            object_id=each.of,
            detail=each.detail,
        )


def write_notes(settings: Settings, notes: Sequence[Note]) -> None:
    """Note prints that nobody ordered in the queue, in a transaction of its own; with their rows of the register."""

    def work(connection: Connection) -> None:
        record_notes(connection, notes)
        for entry in (note.entry for note in notes if note.entry is not None):
            connection.execute(SQL["enter"], entry | {"inputs": Jsonb(entry["inputs"])})

    run(settings, work)
