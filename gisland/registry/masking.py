"""What records leave out for those who may not see what tells of persons; the rule is `gisland.security.mask`.

A field that is left out is null: the record keeps its shape, and its entity tag is made of what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from gisland.database import EVERYWHERE, Scope
from gisland.errors import Forbidden
from gisland.registry.kinds import KINDS, Kind
from gisland.registry.timeline import HOLDER, Event
from gisland.security.mask import OF_PERSONS, held
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

Json = dict[str, Any]
ANSWER = ("result", "source", "note")
"""What the population database said of a person: what is wrong with them, in its own words."""


@cache
def needs(kind: Kind) -> dict[str, Permission]:
    """The fields of a kind that tell of persons: name → permission that they need."""
    fields = kind.record.model_fields.items()
    return {name: mark for name, each in fields for mark in each.metadata if mark in OF_PERSONS}


def masked(kind: Kind, record: Json, subject: Subject) -> Json:
    """A record as it is shown to somebody: by what they may see in its ward."""
    held = held_in(subject, record.get("ward_id"))
    hidden = {name: None for name, permission in needs(kind).items() if permission not in held and name in record}
    return record | hidden


def held_in(subject: Subject, ward_id: int | None) -> frozenset[str]:
    """What somebody may see of persons in a ward; without one, in the whole service."""
    return held(subject, EVERYWHERE if ward_id is None else Scope(wards=frozenset({ward_id})))


def held_where(subject: Subject, permission: Permission, ward_id: int | None) -> frozenset[str]:
    """What somebody may see of persons in the ward that they ask about; in none, wherever they have a permission."""
    return held(subject, subject.scope(permission)) if ward_id is None else held_in(subject, ward_id)


def masked_state(kind: Kind, state: Json, subject: Subject) -> Json:
    """A former state of a record, and the changes that made it so."""
    changes = [masked(KINDS["change"], change, subject) for change in state["changes"]]
    record = None if state["record"] is None else masked(kind, state["record"], subject)
    return state | {"record": record, "changes": changes}


def check_asked(kind: Kind, asked: Mapping[str, Any], subject: Subject) -> None:
    """Refuse a filter or order by what is not shown, in the ward that is asked about or wherever records are read.

    Raises:
        Forbidden: there is one; its answer would tell.
    """
    ward = asked.get("ward_id")
    permissions = held_where(subject, Permission.REGISTRY_READ, None if ward is None else int(ward))
    for name, value in asked.items():
        each = kind.sorts.get(value) if name == "sort" else kind.filters.get(name)
        if each is not None and each.needs is not None and each.needs not in permissions:
            raise Forbidden(
                "vai trò của bạn không được hỏi về người · your role does not allow to ask for persons",
                parameter=name,
                hint="leave it out",
            )


def masked_events(events: Iterable[Event], ward_id: int, subject: Subject) -> list[Event]:
    """The timeline of a parcel of a ward without what a change did to fields that are not shown."""
    held = held_in(subject, ward_id)
    hidden = {(kind.table, name) for kind in KINDS.values() for name, each in needs(kind).items() if each not in held}
    if not hidden:
        return list(events)
    hidden |= {*(("holding", HOLDER), ("evidence", HOLDER)), *(("evidence", name) for name in ANSWER)}
    told = []
    for event in events:
        entries = [
            replace(
                each, fields={name: pair for name, pair in each.fields.items() if (each.record, name) not in hidden}
            )
            for each in event.entries
        ]
        told.append(replace(event, reason="", detail={}, entries=entries))
    return told
