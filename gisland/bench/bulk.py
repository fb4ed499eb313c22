"""A large import against plain COPY: the same rows, once into tables without triggers, once into the registry.

The plain tables have the columns, indexes, checks and foreign keys of the registry's, but no history, no derived
columns (these are given to them), no checks of shares, no names to search by and no read model. Parcel codes are left
out: they are made apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from psycopg import Connection, sql

from gisland.bench import database
from gisland.bench.table import at_most, grid
from gisland.catalogue import Catalogue
from gisland.database import Role, connect, flush
from gisland.database.migrate import migrate
from gisland.database.statements import statements
from gisland.publish.layers import apply_layers
from gisland.settings import Settings

NAME = "gisland_bench_bulk"
PARCELS_PER_SHEET = 160
TARGET = 5
SQL = statements("gisland.bench", "sql/bulk.sql")
BLOCK = 1 << 20
# As an intake has it, and the same for both.
SESSION = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"

# What an import is given, in the order of its statements; the plain tables get what the registry derives, too.
GIVEN = {
    "parcel": [
        *("id", "ward_id", "map_sheet_id", "residential_group_id", "parcel_no", "srid", "geom", "legal_area_m2"),
        "address",
    ],
    "land_use": ["id", "parcel_id", "seq", "land_type", "area_m2"],
    "holder": [
        *("id", "ward_id", "kind", "full_name", "name_key", "birth_year", "id_kind", "id_cipher", "id_hash"),
        *("id_masked", "address"),
    ],
    "certificate": ["id", "ward_id", "serial", "serial_key", "book_no"],
    "certificate_parcel": ["id", "certificate_id", "parcel_id", "paper_sheet_no", "paper_parcel_no"],
    "holding": [
        *("id", "ward_id", "parcel_id", "holder_id", "certificate_id", "role", "party", "share_num", "share_den"),
    ],
}
CREATED = {"parcel", "holder", "certificate", "holding"}
DERIVED = {"parcel": ["geom_4326", "area_m2"]}


@dataclass
class Clock:
    """Seconds of each step."""

    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        start = time.perf_counter()
        yield
        self.steps[name] = time.perf_counter() - start

    @property
    def total(self) -> float:
        """Seconds of all steps."""
        return sum(self.steps.values())


@dataclass(frozen=True)
class Result:
    """The clocks of each round."""

    plain: Sequence[Clock]
    gisland: Sequence[Clock]

    @property
    def ratio(self) -> float:
        """How many times as long gisland takes, the median of the rounds."""
        return median(ours.total / theirs.total for ours, theirs in zip(self.gisland, self.plain, strict=True))


def settings_of(settings: Settings, name: str = NAME) -> Settings:
    """The settings of a bench on such an import; in the private cluster, for its database is dropped and made anew."""
    return settings.model_copy(update={"database_name": name, "database_url": None})


def run(settings: Settings, catalogue: Catalogue, parcels: int, rounds: int, say: Callable[[str], None]) -> Result:
    """Import the rows by both ways, in turns; each round begins with empty tables."""
    plain, gisland = [], []
    with TemporaryDirectory(prefix="gisland-bench-") as name:
        for number in range(1, rounds + 1):
            change = empty(settings, catalogue, parcels)
            if number == 1:
                write_files(settings, Path(name), parcels, change)
            plain.append(copy_plain(settings, Path(name)))
            database.settle(settings)
            gisland.append(import_rows(settings, Path(name)))
            say(f"vòng · round {number}/{rounds}: {gisland[-1].total:.1f} s ÷ {plain[-1].total:.1f} s")
    database.settle(settings)
    database.set_mark(settings, _mark(parcels))
    return Result(plain, gisland)


def prepare(settings: Settings, catalogue: Catalogue, parcels: int) -> None:
    """Bring the database to where it holds such an import, published; one that an earlier run made is used again."""
    migrate(settings)
    if database.mark(settings) == _mark(parcels):
        apply_layers(settings, catalogue)
        return
    with TemporaryDirectory(prefix="gisland-bench-") as name:
        change = empty(settings, catalogue, parcels)
        write_files(settings, Path(name), parcels, change)
        import_rows(settings, Path(name))
    database.settle(settings)
    database.set_mark(settings, _mark(parcels))


def _mark(parcels: int) -> str:
    return f"gisland bench: import of {parcels} parcels"


def empty(settings: Settings, catalogue: Catalogue, parcels: int) -> int:
    """A ward with its groups and sheets, the layers, the plain tables; nothing else. Returns a change."""
    migrate(settings)
    database.empty(settings)
    apply_layers(settings, catalogue)
    return lay_ground(settings, parcels)


def lay_ground(settings: Settings, parcels: int) -> int:
    """Add the ward with its groups and sheets, and the plain tables. Returns a change."""
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(SQL["ground"], {"parcels": parcels, "per_sheet": PARCELS_PER_SHEET})
        connection.execute(SQL["plain"])
        change = _change(connection)
    database.settle(settings)
    return change


def write_files(settings: Settings, folder: Path, parcels: int, change: int) -> None:
    """Write the rows as files for COPY: what is given to gisland, and what the plain tables hold of it."""
    values = {"parcels": parcels, "per_sheet": PARCELS_PER_SHEET}
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for table in GIVEN:
            for name, columns in {"given": GIVEN[table], "plain": _plain_columns(table)}.items():
                statement = sql.SQL(
                    "COPY (SELECT {} FROM (SELECT *, {change}::bigint AS created_by, {change}::bigint AS changed_by"
                    " FROM ({}) made) rows) TO STDOUT (FORMAT binary)"
                ).format(_names(columns), sql.SQL(SQL[table]), change=sql.Literal(change))
                with connection.cursor().copy(statement, values) as copy, (folder / f"{table}.{name}").open("wb") as to:
                    for block in copy:
                        to.write(block)


def copy_plain(settings: Settings, folder: Path) -> Clock:
    """COPY the files into the plain tables, in one transaction."""
    clock = Clock()
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(SESSION)
        for table in GIVEN:
            with clock.step(f"insert {table}"):
                _load(connection, sql.Identifier("plain", table), _plain_columns(table), folder / f"{table}.plain")
        with clock.step("commit"):
            connection.commit()
    return clock


def import_rows(settings: Settings, folder: Path) -> Clock:
    """Stage the files and insert them into the registry, in one transaction: one change, published at its end."""
    clock = Clock()
    with connect(settings, Role.APP) as connection:
        connection.execute(SESSION)
        with clock.step("staging"):
            for table in GIVEN:
                _stage(connection, table, folder / f"{table}.given")
        change = _change(connection)
        for table, columns in GIVEN.items():
            with clock.step(f"insert {table}"):
                connection.execute(_insert(table, columns), {"change": change})
        with clock.step("flush"):
            flush(connection)
        with clock.step("commit"):
            connection.commit()
    return clock


def _plain_columns(table: str) -> list[str]:
    created = ["created_by"] if table in CREATED else []
    return [*GIVEN[table], *DERIVED.get(table, []), *created, "changed_by"]


def _change(connection: Connection) -> int:
    row = connection.execute(SQL["change"]).fetchone()
    assert row is not None
    return int(row[0])


def _stage(connection: Connection, table: str, file: Path) -> None:
    name, columns = sql.Identifier(f"staged_{table}"), GIVEN[table]
    like = sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM registry.{} LIMIT 0")
    connection.execute(like.format(name, _names(columns), sql.Identifier(table)))
    _load(connection, name, columns, file)
    connection.execute(sql.SQL("ANALYZE {}").format(name))


def _load(connection: Connection, table: sql.Identifier, columns: Sequence[str], file: Path) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table, _names(columns))
    with file.open("rb") as source, connection.cursor().copy(statement) as copy:
        while block := source.read(BLOCK):
            copy.write(block)


def _insert(table: str, columns: Sequence[str]) -> sql.Composed:
    created = table in CREATED
    return sql.SQL("INSERT INTO registry.{} ({}{}) OVERRIDING SYSTEM VALUE SELECT {}{} FROM {}").format(
        sql.Identifier(table),
        _names(columns),
        sql.SQL(", created_by" if created else ""),
        _names(columns),
        sql.SQL(", %(change)s" if created else ""),
        sql.Identifier(f"staged_{table}"),
    )


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def markdown(result: Result, facts: dict[str, str]) -> str:
    """The table: seconds of each step, and how many times as long gisland takes."""
    names = list(dict.fromkeys(name for clock in (result.gisland[0], result.plain[0]) for name in clock.steps))
    rows = [[name, _seconds(result.gisland, name), _seconds(result.plain, name)] for name in names]
    rows.append(["all", *(f"{median(each.total for each in clocks):.1f}" for clocks in (result.gisland, result.plain))])
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    verdict = at_most(result.ratio, TARGET)
    return f"{told}\n\n{grid(['seconds', 'gisland', 'plain COPY'], rows)}\n\ngisland ÷ plain COPY: {verdict}\n"


def _seconds(clocks: Sequence[Clock], name: str) -> str:
    return f"{median(clock.steps[name] for clock in clocks):.1f}" if name in clocks[0].steps else "—"
