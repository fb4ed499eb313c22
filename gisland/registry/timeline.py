"""The timeline of a parcel: who changed what, why, before and after. Read from the history of all its records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Annotated, Any, Literal

from psycopg import Connection
from pydantic import Field

from gisland.audit import log
from gisland.database.statements import statements
from gisland.errors import NotFound

# Ids as an array: each part of a condition is found by its own index.
_ASSETS = "ANY (ARRAY(SELECT id FROM asset_ids))"
_CERTIFICATES = "ANY (ARRAY(SELECT id FROM certificate_ids))"
# A right or restriction on the parcel, on what stands there, or on nothing but a certificate of either. One on another
# parcel of the certificate is told there.
HELD = (
    f"parcel_id = %(parcel)s OR asset_id = {_ASSETS}"
    f" OR (certificate_id = {_CERTIFICATES} AND num_nonnulls(parcel_id, asset_id) = 0)"
)
ABOUT = f"parcel_id = %(parcel)s OR asset_id = {_ASSETS} OR certificate_id = {_CERTIFICATES}"
# Per table, which of its rows have to do with the parcel.
RECORDS = {
    "land_use": "parcel_id = %(parcel)s",
    "holding": HELD,
    "restriction": HELD,
    "certificate_parcel": "parcel_id = %(parcel)s",
    "certificate_asset": f"asset_id = {_ASSETS}",
    "parcel_number": "parcel_id = %(parcel)s",
    "asset_parcel": "parcel_id = %(parcel)s",
    "document_link": ABOUT,
    "document": "id IN (SELECT id FROM document_ids)",
    "parcel_lineage": "ancestor_id = %(parcel)s OR descendant_id = %(parcel)s",
    "holder": "id IN (SELECT id FROM holder_ids)",
    "certificate": "id IN (SELECT id FROM certificate_ids)",
    "asset": "id IN (SELECT id FROM asset_ids)",
}


@dataclass(frozen=True)
class Entry:
    """What a change did to one record: for each field that differs, the value before and after."""

    record: Annotated[str, Field(description="Loại bản ghi · kind of record")]
    id: Annotated[int, Field(description="Mã nội bộ của bản ghi · id of the record")]
    action: Annotated[Literal["created", "changed", "deleted"], Field(description="Tạo, đổi, xoá · what was done")]
    fields: Annotated[dict[str, tuple[Any, Any]], Field(description="Trường: trước, sau · field: before, after")]


@dataclass(frozen=True)
class Event:
    """A change, with what it did to the records of the parcel."""

    change: Annotated[int, Field(description="Biến động · the change (change.id)")]
    kind: str
    reason: str
    by: str
    at: datetime
    valid_on: date
    document_id: int | None
    undoes: int | None
    detail: dict[str, Any]
    data_version: Annotated[int | None, Field(description="Phiên bản dữ liệu · the data version it got")]
    entries: Annotated[list[Entry], Field(description="Các bản ghi đã đổi · what it did to records")] = field(
        default_factory=list
    )


# Not a column: the names of the holders, beside their ids.
HOLDER = "holder"
# Neither: whether the geometry is another one. The areas are beside it (`area_m2`, `legal_area_m2`).
BOUNDARY = "boundary"
FIELDS = [each.name for each in fields(Event) if each.name != "entries"]


def timeline(connection: Connection, parcel: int) -> list[Event]:
    """The events of a parcel, the oldest first, from the one that created it on. It holds names of persons.

    Raises:
        NotFound: there is no such parcel.
    """
    further = "\nUNION ALL\n".join(
        SQL["of_table"].format(table=table, condition=condition) for table, condition in RECORDS.items()
    )
    states = SQL["states"].format(further=further, assets=_ASSETS, held=HELD, about=ABOUT)
    rows = connection.execute(states.encode(), {"parcel": parcel}).fetchall()
    if not any(record == "parcel" for record, *_ in rows):
        raise NotFound(f"không có thửa {parcel} · there is no parcel {parcel}").of("parcel", parcel)
    entries: dict[int, list[Entry]] = defaultdict(list)
    for change, entry in _entries(rows):
        entries[change].append(entry)
    _name_holders(connection, entries.values())
    changes = connection.execute(SQL["changes"], {"changes": list(entries)}).fetchall()
    # Before the parcel was there, a holder may have been corrected for the sake of another one.
    begin = min(change for change, each in entries.items() if any(entry.record == "parcel" for entry in each))
    told = (dict(zip(FIELDS, row, strict=True)) for row in changes if row[0] >= begin)
    events = [Event(**each, entries=entries[each["change"]]) for each in told]
    for event in events:
        _place_boundaries(event)
    return events


def note_timeline(connection: Connection, by: str, parcel: int) -> int:
    """Note in the audit log that somebody was shown a timeline: it names people, as the records of holders do.

    Returns:
        The ward of the parcel.
    """
    row = connection.execute("SELECT ward_id FROM registry.parcel WHERE id = %s", [parcel]).fetchone()
    assert row is not None
    detail: dict[str, object] = {"kind": "parcel", "asked": ["timeline"]}
    log.record(connection, by, log.Tag.REGISTRY_READ, ward_id=row[0], object_id=f"parcel:{parcel}", detail=detail)
    return int(row[0])


def _entries(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, Entry]]:
    """(change, what it did to a record); `rows` are sorted by record, id, version."""
    for (record, row_id), states in groupby(rows, key=lambda row: (row[0], row[1])):
        ordered = list(states)
        yield ordered[0][3], Entry(record, row_id, "created", _differences({}, ordered[0][5]))
        for (*_, ended_by, before), (_, _, _, changed_by, _, after) in pairwise(ordered):
            if ended_by is not None and ended_by != changed_by:
                # It was deleted, and came back later.
                yield ended_by, Entry(record, row_id, "deleted", _differences(before, {}))
                yield changed_by, Entry(record, row_id, "created", _differences({}, after))
            elif differences := _differences(before, after):
                yield changed_by, Entry(record, row_id, "changed", differences)
        if ordered[-1][4] is not None:
            yield ordered[-1][4], Entry(record, row_id, "deleted", _differences(ordered[-1][5], {}))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*before, *after])
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and pair not in NOTHING}


# An empty text that appears with a record tells nothing.
NOTHING = ((None, ""), ("", None))


def _place_boundaries(event: Event) -> None:
    """Say where the geometry before and after is read: that it is another one tells a reader nothing."""
    for entry in event.entries:
        if BOUNDARY in entry.fields and event.data_version is not None:
            pair = zip(entry.fields[BOUNDARY], (event.data_version - 1, event.data_version), strict=True)
            before, after = (said and f"parcels/{entry.id}?geometry=sheet&as_of={version}" for said, version in pair)
            entry.fields[BOUNDARY] = (before, after)


def _name_holders(connection: Connection, entries: Iterable[list[Entry]]) -> None:
    """Say who the holders are: ids tell a reader nothing."""
    all_entries = [entry for each in entries for entry in each if "holder_id" in entry.fields]
    ids = {value for entry in all_entries for value in entry.fields["holder_id"] if value is not None}
    names: dict[int, str] = dict(connection.execute(SQL["names"], {"holders": list(ids)}).fetchall())
    for entry in all_entries:
        before, after = entry.fields["holder_id"]
        entry.fields[HOLDER] = (names.get(before), names.get(after))


SQL = statements("gisland.registry", "sql/timeline.sql")
