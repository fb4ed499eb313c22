"""What each intake shares: one transaction, the ward's lock, staging by COPY, the batch and the rows it accepted.

A row is known by the keyed hash of its content. A row that was accepted once is never applied again: the same file
again changes nothing and reverts no later correction. What is staged holds no national id in clear, for a server may
log it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from psycopg import Connection, sql
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from gisland.audit import log
from gisland.database import run
from gisland.errors import Conflict
from gisland.intake.layouts import Kind
from gisland.intake.report import Report
from gisland.kit.identifiers import mask_ids
from gisland.registry.units import Unit
from gisland.settings import Settings

# A large intake sorts and joins hundreds of thousands of rows; compiling its few statements never pays.
SESSION = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"
TAGS: dict[Kind, log.Tag] = {
    "parcels": log.Tag.PARCELS_IMPORTED,
    "form": log.Tag.FORM_IMPORTED,
    "results": log.Tag.EVIDENCE_IMPORTED,
}


@dataclass(frozen=True)
class Column:
    """A column of a staging table. `wire` is how its values travel, where that is not the type's own name."""

    type: LiteralString
    wire: str = ""


class _DryRun(Exception):
    """No error: the way out of a transaction without commit."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def accept(settings: Settings, path: Path, work: Callable[[Connection], Report], *, dry_run: bool) -> Report:
    """Do the work of an intake of a file in one transaction; a dry run does all of it and rolls back.

    Raises:
        Conflict: somebody has made one of the records of the file in the meantime.
    """

    def whole(connection: Connection) -> Report:
        connection.execute(SESSION)
        report = work(connection)
        if dry_run:
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # also publishes, as the commit would
            report.dry_run = True
            raise _DryRun(report)
        return report

    try:
        return run(settings, whole)
    except _DryRun as done:
        return done.report
    except UniqueViolation:
        raise Conflict(
            "trong lúc nhận tệp, người khác vừa ghi cùng một thửa, tờ hoặc quyền · while the file was being taken in,"
            " somebody made the same parcel, sheet or right",
            hint="nhận lại tệp này · take the file in again",
            file=path.name,
        ) from None


def lock_unit(connection: Connection, unit: Unit) -> None:
    """Let one intake at a time into a unit: the second waits, and then sees what the first one did."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland intake'), %s)", [unit.id])


def stage(connection: Connection, table: str, columns: dict[str, Column], rows: Iterable[Sequence[object]]) -> None:
    """Copy rows into a temporary table that is gone with the transaction."""
    name = sql.Identifier(table)
    fields = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(each), sql.SQL(column.type)) for each, column in columns.items()
    )
    connection.execute(sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(name, fields))
    # Binary: a broken value is reported by its line number, never quoted.
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(name)) as copy:
        copy.set_types([column.wire or column.type for column in columns.values()])
        for row in rows:
            copy.write_row(row)
    connection.execute(sql.SQL("ANALYZE {}").format(name))


@contextmanager
def without_loops(connection: Connection) -> Iterator[None]:
    """Joins of large tables without nested loops: while a table's statistics still say that it is empty, as after its
    first large load, the planner would read it once per row.
    """
    connection.execute("SET LOCAL enable_nestloop = off")
    yield
    connection.execute("SET LOCAL enable_nestloop = on")


def write_batch(
    connection: Connection, unit: Unit, kind: Kind, path: Path, report: Report, *, by: str
) -> tuple[int, int]:
    """Note the accepted file, the change it makes and the audit event.

    Returns:
        The ids of the batch and of the change.
    """
    counts = Jsonb(report.counts)
    name = mask_ids(path.name)  # people put names and ids of others into file names
    batch = _id(
        connection,
        "INSERT INTO intake.batch (ward_id, kind, file_name, file_hash, layout, counts, by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [unit.id, kind, name, file_hash(path), report.layout, counts, by],
    )
    change = _id(
        connection,
        "INSERT INTO registry.change (ward_id, kind, reason, batch_id, by) VALUES (%s, %s, %s, %s, %s) RETURNING id",
        [unit.id, "verify" if kind == "results" else "import", f"{report.layout}: {name}", batch, by],
    )
    detail: dict[str, object] = {"file": name, "layout": report.layout, **report.counts}
    log.record(connection, by, TAGS[kind], ward_id=unit.id, object_id=f"batch:{batch}", detail=detail)
    return batch, change


def file_hash(path: Path) -> bytes:
    """SHA-256 of a file; of a Shapefile, of its geometry and its table."""
    digest = hashlib.sha256()
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts += [each for each in path.parent.iterdir() if each.stem == path.stem and each.suffix.lower() == ".dbf"]
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.digest()


def _id(connection: Connection, query: LiteralString, values: list[object]) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])
