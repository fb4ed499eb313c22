"""The reform of 1/7/2025 taken over: units of today and of before, and which went into which, in one transaction.

A unit that did not change is two as well, one that ended with the reform and one that began: government on two levels
is new everywhere (QĐ 19/2025/QĐ-TTg), and a code then means one thing on each day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from psycopg import Connection
from psycopg.rows import dict_row

from gisland.database import run
from gisland.database.statements import statements
from gisland.errors import NotFound
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.reform import ReformedUnit, UnitLink, complete_links, read_merges, read_splits, read_units
from gisland.registry.reform_check import Discrepancy, check_reform
from gisland.registry.units import same_name
from gisland.settings import Settings

REFORM_DAY = date(2025, 7, 1)
# QĐ 124/2004/QĐ-TTg gave the codes. The files do not say since when a former unit was as it was on the last day.
CODES_FROM = date(2004, 7, 8)
LABELS = {
    "added": "đơn vị nay, mới ghi · units of today, added",
    "former_added": "đơn vị cũ, mới ghi · former units, added",
    "completed": "đã có, bổ sung tên tiếng Anh, tỉnh · were there, English name or province filled in",
    "kept": "đã có, giữ nguyên tên và mã · were there, kept",
    "links_added": "quan hệ cũ → nay, mới ghi · successions, added",
}
WRITTEN = ("added", "former_added", "completed", "links_added")
FOUND = {
    "link": "chỉ có trong một tệp · in one of the files only",
    "part": "phần không khớp số đơn vị mới · part and number of successors differ",
    "unit": "mã không có trong tệp kia · code not in the other file",
    "name": "tên khác nhau giữa các tệp · names differ between the files",
    "province": "sang tỉnh khác · into another province",
}


@dataclass(frozen=True)
class ReformFiles:
    """What the public files say: units of today, and the links of both directions."""

    units: list[ReformedUnit]
    merges: list[UnitLink]
    splits: list[UnitLink]

    @classmethod
    def read(cls, units: Path, merges: Path, splits: Path) -> ReformFiles:
        """Read the three files.

        Raises:
            InputError: a file is of another form.
        """
        return cls(read_units(units), read_merges(merges), read_splits(splits))


@dataclass
class ReformReport:
    """What was written, and what a person should look at; no personal data."""

    counts: dict[str, int]
    remarks: list[str] = field(default_factory=list)
    dry_run: bool = False

    @property
    def written(self) -> bool:
        """Whether the registry is another one afterwards."""
        return any(self.counts[name] for name in WRITTEN)

    def __str__(self) -> str:
        """The summary as it is printed."""
        lines = [f"  {self.counts[name]:>9,}  {label}" for name, label in LABELS.items()]
        lines += [f"  • {remark}" for remark in self.remarks]
        if not self.written:
            lines.append("  Không có gì thay đổi. · Nothing changes.")
        if self.dry_run:
            lines.append("  CHẠY THỬ: không ghi gì vào CSDL. · DRY RUN: nothing was written.")
        return "\n".join(lines)


class _DryRun(Exception):
    """No error: the way out of a transaction without commit."""

    def __init__(self, report: ReformReport) -> None:
        super().__init__()
        self.report = report


def accept_reform(
    settings: Settings, files: ReformFiles, *, by: str, province: str | None = None, dry_run: bool = False
) -> ReformReport:
    """Write units and successions of the reform; the same files again change nothing.

    What the registry has under a code of today is kept: name, CRS and boundary stay, only an English name or a province
    that it lacks are filled in. Wards that come from the files have no CRS until `add_unit` takes them into use.

    Args:
        settings: where the database is.
        files: what the public files say.
        by: who does it.
        province: code of a province of today; only its units and what went into them.
        dry_run: do everything and roll back.

    Raises:
        NotFound: there is no such province in the files.
    """
    chosen = _chosen(files, province)

    def work(connection: Connection) -> ReformReport:
        report = _write(connection, files, chosen, by)
        if dry_run:
            report.dry_run = True
            raise _DryRun(report)
        return report

    try:
        return run(settings, work)
    except _DryRun as done:
        return done.report


def _chosen(files: ReformFiles, province: str | None) -> ReformFiles:
    if province is None:
        return files
    units = [unit for unit in files.units if province in (unit.code, unit.province)]
    if not any(unit.level == "province" for unit in units):
        raise NotFound(
            f"tệp không có tỉnh {province} · the files have no province {province}",
            hint="--province 31: hai số · digits",
        )
    return ReformFiles(units, [link for link in files.merges if link.new_province == province], files.splits)


def _write(connection: Connection, files: ReformFiles, chosen: ReformFiles, by: str) -> ReformReport:
    links = complete_links(chosen.merges, chosen.splits)
    values: dict[str, object] = {"day": REFORM_DAY, "codes_from": CODES_FROM}
    connection.execute(SQL["lock"])
    connection.execute(SQL["stage"])
    with connection.cursor() as cursor:
        with cursor.copy(SQL["copy_units"]) as copy:
            for position, row in enumerate(_unit_rows(chosen.units, links, files.merges)):
                copy.write_row((position, *row))
        with cursor.copy(SQL["copy_links"]) as copy:
            for link in links:
                copy.write_row((*link.codes, link.part))
    connection.execute("ANALYZE reform_unit, reform_link")
    connection.execute(SQL["find"], values)
    kept = connection.execute(SQL["other_names"]).fetchall()
    connection.execute(SQL["missing"])
    counts = connection.cursor(row_factory=dict_row).execute(SQL["counts"]).fetchone()
    assert counts is not None
    report = ReformReport(counts, list(_remarks(connection, _concerned(files, links, chosen.units), kept)))
    if report.written:
        why = Why(reason="Sắp xếp đơn vị hành chính · reform of the administrative units", valid_on=REFORM_DAY)
        begin(connection, ChangeKind.REFORM, why, by=by, ward_id=None, detail=counts)
        for provinces in (True, False):  # wards refer to them
            connection.execute(SQL["add_units"], values | {"provinces": provinces})
            connection.execute(SQL["find"], values)
        connection.execute(SQL["complete_units"])
        connection.execute(SQL["add_links"])
    return report


def _unit_rows(
    units: Iterable[ReformedUnit], links: list[UnitLink], merges: Iterable[UnitLink]
) -> Iterator[tuple[object, ...]]:
    """Level, code, name, English name, province, whether it is a former one; provinces of former wards, too."""
    for unit in units:
        yield unit.level, unit.code, unit.name, unit.name_en, unit.province, False
    needed = {link.old_province for link in links}
    provinces = [link for link in merges if link.old_level == "province" and link.old_code in needed]
    former = {(link.old_level, link.old_code): link for link in reversed([*provinces, *links])}
    for (level, code), link in sorted(former.items()):
        yield level, code, link.old_name, "", None if level == "province" else link.old_province, True


def _concerned(files: ReformFiles, links: list[UnitLink], units: list[ReformedUnit]) -> list[Discrepancy]:
    """Whole files are compared, for a former ward may have gone into two provinces; told is what was chosen."""
    codes = {code for link in links for code in (link.old_code, link.new_code)} | {unit.code for unit in units}
    return [each for each in check_reform(files.units, files.merges, files.splits) if each.code in codes]


def _remarks(connection: Connection, found: list[Discrepancy], kept: list[tuple[str, str, str]]) -> Iterator[str]:
    for kind, text in FOUND.items():
        lists = [f"{each.code} {each.detail}" for each in found if each.kind == kind]
        if lists:
            yield f"{text} ({len(lists)}): {'; '.join(lists)}"
    broken = connection.execute(SQL["without_successor"]).fetchall()
    if broken:
        text = "chưa nối: tệp đơn vị không có mã mới · not linked: the file of units lacks the new code"
        yield f"{text} ({len(broken)}): {'; '.join(f'{old} → {new}' for old, new in broken)}"
    named = [f"{code} {here} | {there}" for code, there, here in kept if not same_name(here, there)]
    if named:
        text = "tên đã có, giữ nguyên, khác tệp · the name here is kept, the files differ"
        yield f"{text} ({len(named)}): {'; '.join(named)}"
    unknown = [code for (code,) in connection.execute(SQL["unknown_units"])]
    if unknown:
        text = "đang có hiệu lực ở đây nhưng tệp coi là cũ · in force here, former in the files"
        yield f"{text} ({len(unknown)}): {', '.join(unknown)}"


SQL = statements("gisland.registry", "sql/crosswalk.sql")
