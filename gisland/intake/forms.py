"""Form PL3-01 (công văn 2071/QLĐĐ-TKKTĐĐ): certificates that were issued but are not in the database yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from psycopg import Connection
from psycopg.errors import CheckViolation

from gisland.database import Role, connect
from gisland.database.statements import statements
from gisland.errors import Conflict
from gisland.intake.form_assets import judge_assets
from gisland.intake.form_remarks import remarks
from gisland.intake.form_rows import COLUMNS, TELLING, Notes, check_shares, staged_rows
from gisland.intake.layouts import load_layouts
from gisland.intake.report import Advance, Report, examples, no_progress
from gisland.intake.rows import Collector
from gisland.intake.staging import accept, lock_unit, stage, write_batch
from gisland.intake.tables import Table, find_tables, read_rows
from gisland.kit.identifiers import map_number
from gisland.registry.crosswalk import former_codes
from gisland.registry.parcel_code import PATTERN
from gisland.registry.units import Unit, find_unit
from gisland.security.crypto import load_vault
from gisland.settings import Settings

THINGS = ("rights", "certificates", "replaced", "leave_replaced", "holders")
RIGHTS = ("flats", "holdings", "certificate_parcels", "land_uses", "parcels", "judged")
# The tables whose rows a form is judged by, in the order in which they are locked.
LOCKED = ("parcel", "certificate", "holder", "holding", "certificate_parcel", "land_use", "asset")
APPLY = (
    "add_certificates",
    "change_certificates",
    "add_holders",
    "change_holders",
    "link_certificate_parcels",
    "put_certificate_parcels",
    "add_assets",
    "change_assets",
    "add_asset_parcels",
    "add_certificate_assets",
    "add_holdings",
    "change_holdings",
    "drop_unplaced_holdings",
    "drop_land_uses",
    "add_land_uses",
    "change_parcels",
    "check_shares",
)
REPLACED = "GCN đã được cấp đổi, không áp dụng dòng · replaced certificates, rows not applied"


def intake_form(
    settings: Settings,
    path: Path,
    ward: str,
    *,
    by: str,
    former_wards: Iterable[str] = (),
    layout: str | None = None,
    dry_run: bool = False,
    advance: Advance = no_progress,
) -> Report:
    """Take in a form PL3-01, all or nothing.

    Args:
        settings: where the database, the key and the layouts are.
        path: a workbook; every sheet of it that fits the layout is read.
        ward: code of the ward, as column B must have it.
        by: who does it, for the change and the audit log.
        former_wards: codes of former wards that column B may have besides those of the crosswalk.
        layout: name of the layout, when several fit.
        dry_run: do everything and roll back.
        advance: told how many rows were read.

    Raises:
        InputError: the file or rows of it cannot be taken in.
        NotFound: there is no such file or ward.
        Conflict: shares would not sum to 1 together with those in the registry.
    """
    with connect(settings, Role.APP) as connection:
        unit = find_unit(connection, ward)
        former = frozenset(map_number(code) for code in {*former_wards, *former_codes(connection, unit.id)})
    layouts = load_layouts(settings, "form", layout)
    tables = find_tables(path, layouts)
    vault = load_vault(settings)

    def work(connection: Connection) -> Report:
        lock_unit(connection, unit)
        key = vault.in_use(connection)
        notes = Notes()
        collectors = [Collector(path.name, **_sheet(table, tables)) for table in tables]
        read = read_rows(tables, collectors, TELLING, advance)
        rows = list(staged_rows(read, ward, former, key, notes, several=len(tables) > 1))
        check_shares(notes, collectors[0])
        for collector in collectors:
            collector.check()
        stage(connection, "staged_form", COLUMNS, rows)
        return _accept(connection, unit, path, tables, notes, by)

    return accept(settings, path, work, dry_run=dry_run)


def _sheet(table: Table, tables: list[Table]) -> dict[str, str]:
    return {"sheet": table.sheet.name} if len(tables) > 1 else {}


def _accept(connection: Connection, unit: Unit, path: Path, tables: list[Table], notes: Notes, by: str) -> Report:
    ids: dict[str, object] = {"ward": unit.id, "parcel_code": PATTERN}
    _judge(connection, ids)
    rows = connection.execute(SQL["outcomes"]).fetchall()
    outcomes = Counter(outcome for *_, outcome in rows)
    open_rows = [(place, found) for place, found, *_, outcome in rows if found != 1 and outcome != "seen"]
    counts = {
        "rows": notes.rows,
        "new": outcomes["new"],
        "changed": outcomes["changed"],
        "unchanged": outcomes["seen"] + outcomes["same"] + len(notes.repeated),
        "assets": connection.execute(SQL["new_assets"]).fetchall()[0][0],
        "conflicts": outcomes["conflict"] + outcomes["replaced"],
        "unmatched": len(open_rows),
    }
    report = Report(path.name, f"{unit.code} {unit.name}", tables[0].match.layout.name, counts)
    report.written = any(adds or changes for _, _, adds, changes, *_ in rows)
    unlike = connection.execute(SQL["unlike_parcels"]).fetchall()
    contradictions = connection.execute(SQL["contradictions"]).fetchall()
    conflicts = [place for place, *_, outcome in rows if outcome == "conflict"]
    report.remarks = remarks(notes, tables, open_rows, conflicts, unlike, contradictions)
    replaced = [f"{row} ({old} → {new or '–'})" for row, old, new in connection.execute(SQL["replacements"])]
    if replaced:
        report.remarks.append(f"{REPLACED} ({len(replaced)}): dòng · row {examples(replaced)}")
    if report.written or any(closes for *_, closes, _ in rows):
        ids["batch"], ids["change"] = write_batch(connection, unit, "form", path, report, by=by)
        try:
            for name in APPLY:
                connection.execute(SQL[name], ids)
        except CheckViolation as error:
            if error.diag.constraint_name == "right_on_what_is_in_force":
                raise Conflict(
                    "một thửa vừa bị tách, hợp hoặc huỷ · a parcel was retired in the meantime",
                    hint="nhận lại biểu này · take the form in again",
                    file=path.name,
                ) from None
            if error.diag.constraint_name != "holding_shares_sum":
                raise
            raise Conflict(
                "cùng với phần quyền đã có trong CSDL thì không cộng thành 1 · with the shares that are there already,"
                " the sum is not 1",
                hint="ghi phần quyền của mọi người trên GCN · give the shares of all people on the certificate",
                file=path.name,
            ) from None
        connection.execute(SQL["accept_rows"], ids)
    return report


def _judge(connection: Connection, ids: dict[str, object]) -> None:
    """What becomes of each row, judged by records that nobody can change any more before they are written."""
    moved = -1
    while moved:
        if moved > 0:
            connection.execute(SQL["forget"])
        for name in THINGS:
            connection.execute(SQL[name], ids)
        judge_assets(connection, ids)
        for name in RIGHTS:
            connection.execute(SQL[name], ids)
        moved = sum(_lock(connection, record) for record in LOCKED)
    connection.execute(SQL["judge"])


def _lock(connection: Connection, record: str) -> int:
    row = connection.execute(SQL["lock"].format(record=record).encode()).fetchone()
    assert row is not None
    return int(row[0])


SQL = {
    name: statement
    for file in ("forms.sql", "form_assets.sql", "form_locks.sql")
    for name, statement in statements("gisland.intake", f"sql/{file}").items()
}
