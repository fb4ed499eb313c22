"""The file that comes back from the population database: each row becomes evidence on a holder.

Evidence is only ever added. A row that was accepted once is never applied again: an old file reverts no newer answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import Connection

from gisland.database import Role, connect
from gisland.database.statements import statements
from gisland.intake.layouts import load_layouts
from gisland.intake.report import Advance, Report, examples, no_progress
from gisland.intake.rows import Collector
from gisland.intake.staging import Column, accept, lock_unit, stage, write_batch
from gisland.intake.tables import Row, Table, find_tables, read_rows
from gisland.kit.identifiers import parse_organisation_id, parse_personal_ids
from gisland.kit.text import name_key, plain_key
from gisland.registry.units import Unit, find_unit
from gisland.security.crypto import IdVault, load_vault
from gisland.settings import Settings

COLUMNS = {
    "row_no": Column("int4"),
    "place": Column("text"),
    "content_hash": Column("bytea"),
    "id_hash": Column("bytea"),
    "name_key": Column("text"),
    "result": Column("text"),
    "raw_result": Column("text"),
    "raw_note": Column("text"),
    "source": Column("text"),
}
TELLING = ["holder_name", "holder_id", "result"]
DEFAULT_SOURCE = "CSDLQG về dân cư"
FOUND = "found"


@dataclass
class Notes:
    """What a person should hear of the file besides its errors."""

    rows: int = 0
    repeated: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)


def accept_results(
    settings: Settings,
    path: Path,
    ward: str,
    *,
    by: str,
    layout: str | None = None,
    dry_run: bool = False,
    advance: Advance = no_progress,
) -> Report:
    """Take in the results of a matching, all or nothing.

    Args:
        settings: where the database, the key and the layouts are.
        path: the workbook that came back.
        ward: code of the ward whose holders it is about.
        by: who accepts it.
        layout: name of the layout, when several fit.
        dry_run: do everything and roll back.
        advance: told how many rows were read.

    Raises:
        InputError: the file or rows of it cannot be taken in, for example an unknown wording of a result.
        NotFound: there is no such file or ward.
    """
    with connect(settings, Role.APP) as connection:
        unit = find_unit(connection, ward)
    tables = find_tables(path, load_layouts(settings, "results", layout))
    vault = load_vault(settings)

    def work(connection: Connection) -> Report:
        lock_unit(connection, unit)
        key = vault.in_use(connection)
        notes = Notes()
        collectors = [Collector(path.name, sheet=table.sheet.name) for table in tables]
        read = read_rows(tables, collectors, TELLING, advance)
        rows = list(_staged(read, key, notes, several=len(tables) > 1))
        for collector in collectors:
            collector.check()
        stage(connection, "staged_result", COLUMNS, rows)
        return _accept(connection, unit, path, tables, notes, by)

    return accept(settings, path, work, dry_run=dry_run)


def _staged(rows: Iterable[Row], vault: IdVault, notes: Notes, *, several: bool) -> Iterator[tuple[object, ...]]:
    seen: set[bytes] = set()
    for row in rows:
        notes.rows += 1
        place = f"{row.table.sheet.name}!{row.number}" if several else str(row.number)
        staged = _evidence(row, vault)
        if staged is None:
            notes.without_id.append(place)
        elif staged[0] in seen:
            notes.repeated.append(place)
        else:
            seen.add(staged[0])
            yield notes.rows, place, *staged


def _evidence(row: Row, vault: IdVault) -> tuple[bytes, bytes, str, str, str, str, str] | None:
    """The columns from `content_hash` on; None when the row bears no id by which a holder could be found."""
    result = row.code("result")
    if result == FOUND:
        # 'Found' alone says nothing of a match; a note beside it ('Lệch thôn') says what differs.
        result = "mismatch" if row.text("note") else "verified"
    ids = parse_personal_ids(row.cell("holder_id"))
    if "mst" in plain_key(row.text("id_kind")) or "thue" in plain_key(row.text("id_kind")):
        organisation = parse_organisation_id(row.cell("holder_id"))
        ids = [organisation] if organisation else []
    if len(ids) != 1 or result is None:
        return None
    raw = (row.text("result"), row.text("note"), row.text("source") or DEFAULT_SOURCE)
    name = name_key(row.text("holder_name"))
    number = f"{ids[0].kind}:{ids[0].number}"
    others = [row.text(column) for column in ("sheet_no", "parcel_no", "serial", "birth_year")]
    # The name as it is written: a rule for keys that is mended makes no answer new.
    content = json.dumps([number, row.text("holder_name"), result, *raw, *others], ensure_ascii=False)
    return vault.content_hash(content.encode()), vault.hash(ids[0]), name, result, *raw


def _accept(connection: Connection, unit: Unit, path: Path, tables: list[Table], notes: Notes, by: str) -> Report:
    ids: dict[str, object] = {"ward": unit.id, "by": by}
    connection.execute(SQL["judge"], ids)
    rows = connection.execute(SQL["outcomes"]).fetchall()
    fresh = [row for row in rows if not row[1]]
    unmatched = [row for row in fresh if not row[3]]
    counts = {
        "rows": notes.rows,
        "new": len(fresh) - len(unmatched),
        "unchanged": len(rows) - len(fresh) + len(notes.repeated),
        "unmatched": len(unmatched) + len(notes.without_id),
    }
    report = Report(path.name, f"{unit.code} {unit.name}", tables[0].match.layout.name, counts)
    report.written = counts["new"] > 0
    lists = [
        (
            "không có chủ nào mang số này · nobody bears this id",
            [place for place, _, found, *_ in unmatched if not found],
        ),
        (
            "nhiều người mang số này, không ai trùng tên · several bear this id",
            [row[0] for row in unmatched if row[2] > 1],
        ),
        ("họ tên khác trong CSDL · another name in the database", [row[0] for row in fresh if row[3] and row[4]]),
        ("thiếu số giấy tờ · no id", notes.without_id),
        ("dòng lặp lại trong tệp · repeated rows", notes.repeated),
    ]
    report.remarks = [f"{text} ({len(each)}): dòng · row {examples(each)}" for text, each in lists if each]
    if report.written:
        ids["batch"], _ = write_batch(connection, unit, "results", path, report, by=by)
        connection.execute(SQL["add_evidence"], ids)
        connection.execute(SQL["accept_rows"], ids)
    return report


SQL = statements("gisland.verification", "results.sql")
