"""Parcels from a map file: GeoPackage, GeoJSON or Shapefile → sheets, parcels, land types of one ward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from pyproj import CRS, Transformer

from gisland.database import Role, connect
from gisland.database.statements import statements
from gisland.errors import Conflict, InputError
from gisland.intake import normalise
from gisland.intake.formats.vector import Batch, VectorFile, decode, open_vector
from gisland.intake.layouts import Match, choose_layout, load_layouts
from gisland.intake.parcel_codes import compute_codes
from gisland.intake.placement import Placement, crs_label, parse_crs, same_crs
from gisland.intake.report import CORRECTED, MEND, Advance, Report, examples, no_progress
from gisland.intake.rows import Collector
from gisland.intake.staging import Column, accept, lock_unit, stage, without_loops, write_batch
from gisland.kit.crs import transformer
from gisland.kit.identifiers import map_number, mask_ids
from gisland.kit.text import clean_text, plain_key
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.units import Unit, find_unit
from gisland.security.crypto import IdVault, load_vault
from gisland.settings import Settings

PARSERS: dict[str, Callable[[object], object]] = {
    "sheet_no": lambda cell: mask_ids(map_number(cell), code=True),
    "sheet_name": normalise.sheet_name,
    "parcel_no": lambda cell: mask_ids(map_number(cell), code=True),
    "scale": normalise.scale,
    "old_ward_code": lambda cell: mask_ids(map_number(cell), code=True),
    "land_types": normalise.land_types,
    "legal_area": normalise.area,
    "group_code": lambda cell: mask_ids(clean_text(cell)),
    "address": lambda cell: mask_ids(clean_text(cell)),
    "parcel_code": normalise.parcel_code,
}
COLUMNS = {
    "row_no": Column("int4"),
    "old_ward_code": Column("text"),
    "sheet_no": Column("text"),
    "scale": Column("int4"),
    "parcel_no": Column("text"),
    "sheet_name": Column("text"),
    "legal_area_m2": Column("float8"),
    "group_code": Column("text"),
    "address": Column("text"),
    "parcel_code": Column("text"),
    "land_types": Column("text"),
    # The binary form of a geometry is its EWKB.
    "geom": Column("geometry", wire="bytea"),
    "content_hash": Column("bytea"),
}
FIELDS = (
    *("old_ward_code", "sheet_no", "scale", "parcel_no", "sheet_name"),
    *("legal_area", "group_code", "address", "parcel_code", "land_types"),
)
"""Of a row of a file, in the order of `COLUMNS`."""
CODES_AT_ONCE = 20_000
PLACES = "tờ bản đồ, tổ dân phố của tệp bản đồ · sheets and groups of a map file"
# Between judging and writing somebody may have corrected or split a parcel.
LOCK = ("lock_parcels", "land_uses", "lock_land_uses", "refuse_moved", "refuse_corrected_land_uses")
POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True)
class Source:
    """A map file that is understood: its columns, its CRS and that of the sheets."""

    file: VectorFile
    match: Match
    unit: Unit
    srid: int
    crs: CRS
    transformer: Transformer | None

    @cached_property
    def key(self) -> str:
        """What the content of a row depends on besides the row: the same numbers in another CRS are another parcel."""
        return f"{crs_label(self.crs)}>{self.srid}"


def intake_parcels(
    settings: Settings,
    path: Path,
    ward: str,
    *,
    by: str,
    source_crs: str | None = None,
    layout: str | None = None,
    layer: str | None = None,
    dry_run: bool = False,
    advance: Advance = no_progress,
) -> Report:
    """Take in the parcels of a map file, all or none.

    Args:
        settings: where the database, the key and the layouts are.
        path: a GeoPackage, GeoJSON or Shapefile.
        ward: code of the unit that the parcels lie in.
        by: who does it, for the change and the audit log.
        source_crs: CRS of the coordinates, when the file says none or a wrong one.
        layout: name of the layout, when several fit.
        layer: name of the layer, when there are several.
        dry_run: do everything and roll back.
        advance: told how many rows were read.

    Raises:
        InputError: the file, its CRS or rows of it cannot be taken in.
        UsageError: layer, layout or CRS must be named.
        NotFound: there is no such file or unit.
        Conflict: a sheet is there with another CRS.
    """
    with connect(settings, Role.APP) as connection:
        unit = find_unit(connection, ward)
    source = _understand(settings, open_vector(path, layer), unit, source_crs, layout)
    vault = load_vault(settings)

    def work(connection: Connection) -> Report:
        lock_unit(connection, unit)
        key = vault.in_use(connection)
        collector = Collector(path.name)
        stage(connection, "staged_parcel", COLUMNS, _rows(source, key, collector, advance))
        _check_duplicates(connection, collector)
        _check_codes(connection, source, collector)
        collector.check()
        return _accept(connection, source, by)

    return accept(settings, path, work, dry_run=dry_run)


def _understand(settings: Settings, file: VectorFile, unit: Unit, source_crs: str | None, layout: str | None) -> Source:
    headers = [[name] for name in file.columns]
    match = choose_layout(load_layouts(settings, "parcels", layout), headers, file.path.name)
    srid = match.layout.srid or unit.srid
    if srid is None:
        raise InputError(f"đơn vị {unit.code} chưa có hệ toạ độ · unit {unit.code} has no CRS for its sheets")
    crs = parse_crs(source_crs) if source_crs else file.crs
    if crs is None:
        raise InputError(
            "tệp không ghi hệ toạ độ (thiếu .prj?) · the file states no CRS (no .prj?)",
            hint=f"--source-crs EPSG:{srid}",
            file=file.path.name,
        )
    sheet_crs = CRS.from_epsg(srid)
    same = same_crs(crs, sheet_crs)
    return Source(file, match, unit, srid, crs, None if same else transformer(crs, sheet_crs))


def _rows(source: Source, vault: IdVault, collector: Collector, advance: Advance) -> Iterator[tuple[object, ...]]:
    """The rows as they are staged; those that are wrong are noted instead."""
    placement = Placement(source.unit, source.crs, CRS.from_epsg(source.srid), source.file.path.name)
    columns = source.match.columns
    names = {field: source.file.columns[index] for field, index in columns.items()}
    done = 0
    for batch in source.file.batches(list(dict.fromkeys(names.values()))):
        values = {field: _values(batch, field, name, source, collector) for field, name in names.items()}
        for field, constant in source.match.layout.constants.items():
            given = values.get(field)
            values[field] = [constant if value is None else value for value in given or [None] * len(batch)]
        wkb = _geometries(batch, source, placement, collector)
        yield from _assembled(batch, values, wkb, source, vault, collector)
        done += len(batch)
        advance(done, source.file.rows)
    if done == 0:
        collector.add(1, "tệp không có thửa nào · the file has no parcels")


def _values(batch: Batch, field: str, name: str, source: Source, collector: Collector) -> list[object | None]:
    empty = source.match.layout.empty_keys
    parse = PARSERS[field]

    def read(cell: object) -> object | None:
        return None if isinstance(cell, str) and plain_key(cell) in empty else parse(cell)

    values, refused = decode(batch.columns[name], read)
    for offset, (text, reason) in refused.items():
        collector.add(batch.first_row + offset, f"“{mask_ids(text)[:40]}”: {reason}", column=name)
    return values


def _geometries(batch: Batch, source: Source, placement: Placement, collector: Collector) -> list[bytes | None]:
    """The geometries as EWKB in the CRS of the sheets; coordinates already in it stay as they are, bit by bit."""
    shapes = shapely.force_2d(batch.geometries) if shapely.has_z(batch.geometries).any() else batch.geometries
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    polygons = np.isin(shapely.get_type_id(shapes), POLYGONS)
    bounds = shapely.bounds(shapes)
    bounds[~usable] = np.nan
    outside = placement.outside(bounds)
    if source.transformer is not None:
        shapes = shapely.transform(shapes, source.transformer.transform, interleaved=False)
    valid = shapely.is_valid(shapes)
    for offset in np.flatnonzero(~(usable & polygons & valid) | outside):
        _refuse(int(offset), batch, shapes[offset], placement, collector)
    result: list[bytes | None] = shapely.to_wkb(shapely.set_srid(shapes, source.srid), include_srid=True).tolist()
    return result


def _refuse(offset: int, batch: Batch, shape: Any, placement: Placement, collector: Collector) -> None:
    """Say what is wrong with a geometry. It is never mended here: a boundary is changed by a surveyor, not by us."""
    row = batch.first_row + offset
    draw = "vẽ lại thửa này · draw this parcel anew"
    if batch.unreadable[offset]:
        collector.add(row, "ranh giới không khép kín hoặc hỏng · the boundary is not closed or broken", hint=draw)
    elif shape is None or shape.is_empty:
        collector.add(row, "thửa không có hình · the parcel has no geometry", hint=draw)
    elif shape.geom_type not in ("Polygon", "MultiPolygon"):
        collector.add(row, f"là {shape.geom_type}, phải là vùng · is no polygon", hint=draw)
    elif not shapely.is_valid(shape):
        reason = shapely.is_valid_reason(shape)
        collector.add(row, f"ranh giới tự cắt hoặc sai · the boundary is invalid: {reason}", hint=draw)
    else:
        x, y = shapely.get_coordinates(batch.geometries[offset].centroid)[0]
        kilometres = placement.distance_km(x, y)
        far = "" if kilometres is None else f", {kilometres:,.1f} km"
        collector.add(row, f"thửa nằm ngoài {placement.unit.code}{far} · the parcel lies outside the unit")


def _assembled(
    batch: Batch,
    values: dict[str, list[object | None]],
    wkb: list[bytes | None],
    source: Source,
    vault: IdVault,
    collector: Collector,
) -> Iterator[tuple[object, ...]]:
    nothing: list[object | None] = [None] * len(batch)
    text = [values.get(field, nothing) for field in FIELDS]
    names = source.match.layout
    for row, shape, *fields in zip(range(batch.first_row, batch.first_row + len(batch)), wkb, *text, strict=True):
        old_ward, sheet_no, scale, parcel_no, name, legal_area, group, address, code, land_types = fields
        for field, value in (("sheet_no", sheet_no), ("parcel_no", parcel_no)):
            if not value:
                collector.add(row, f"thiếu {names.name_of(field)} · is empty", column=names.name_of(field))
        if shape is None:
            continue
        said = [source.key, old_ward, sheet_no, scale, parcel_no, legal_area, group, address, land_types]
        content = "\x1f".join(["" if value is None else str(value) for value in [*said, *([code] if code else [])]])
        digest = vault.content_hash(content.encode() + b"\x1e" + shape)
        numbers = (old_ward or "", sheet_no or "", scale or 0, parcel_no or "", name or None, legal_area)
        yield row, *numbers, group, address, code, land_types, shape, digest


def _check_duplicates(connection: Connection, collector: Collector) -> None:
    for (first, second), sheet_no, scale, parcel_no in connection.execute(SQL["duplicates"]):
        if sheet_no and parcel_no:
            where = f"tờ {sheet_no} thửa {parcel_no}" + (f" (1:{scale})" if scale else "")
            collector.add(
                second,
                f"trùng {where} với dòng {first} · the same number as row {first}",
                hint="sửa số, hoặc thêm cột tỷ lệ · mend the number, or add a column for the scale",
            )


def _check_codes(connection: Connection, source: Source, collector: Collector) -> None:
    for (row,) in connection.execute(SQL["codes_taken"], {"ward": source.unit.id}):
        collector.add(
            row,
            "mã định danh thửa đã thuộc thửa khác · the parcel code is another parcel's",
            hint="mã là duy nhất trên toàn quốc · a code is given once in the country",
        )


def _compute_codes(connection: Connection, source: Source) -> int:
    """Compute the codes of new parcels that have none, once and for all. Returns how many find theirs taken."""
    with connection.cursor(name="uncoded") as cursor:
        cursor.execute(SQL["uncoded"])
        batches = iter(partial(cursor.fetchmany, CODES_AT_ONCE), [])
        computed = list(compute_codes(batches, source.srid))
    columns = {"row_no": Column("int4"), "code": Column("text"), "method": Column("int2")}
    stage(connection, "computed_code", columns, computed)
    return connection.execute(SQL["drop_codes_taken"]).rowcount


def _accept(connection: Connection, source: Source, by: str) -> Report:
    ids: dict[str, object] = {"ward": source.unit.id, "srid": source.srid}
    for sheet_no, scale, srid in connection.execute(SQL["other_crs"], ids):
        raise Conflict(
            f"tờ {sheet_no} (1:{scale}) đã có với EPSG:{srid} · the sheet is there with another CRS",
            hint=f"tờ bản đồ giữ một hệ toạ độ · a sheet has one CRS, here EPSG:{source.srid}",
            file=source.file.path.name,
        )
    connection.execute(SQL["sheets"], ids)
    named = 0
    if connection.execute(SQL["new_places"], ids).fetchone() == (True,):
        # What is taken in is judged by where it lies, and only then is it known whether the import changes anything.
        begin(connection, ChangeKind.CREATE, Why(reason=PLACES), by=by, ward_id=source.unit.id)
        for name in ("add_sheets", "add_groups"):
            connection.execute(SQL[name], ids)
        named = connection.execute(SQL["name_sheets"], ids).rowcount
    with without_loops(connection):
        connection.execute(SQL["judge"], ids)
    connection.execute(SQL["analyze"])
    for name in LOCK:
        connection.execute(SQL[name])
    outcomes: dict[str, int] = dict(connection.execute(SQL["counts"]).fetchall())
    report = _report(connection, source, outcomes)
    if named:
        report.written = True
        report.remarks.append(f"tờ có thêm danh pháp mảnh · sheets that got a name: {named}")
    if named or sum(outcomes.get(outcome, 0) for outcome in ("new", "changed", "same")):
        ids["batch"], ids["change"] = write_batch(connection, source.unit, "parcels", source.file.path, report, by=by)
        if outcomes.get("new"):
            uncoded = _compute_codes(connection, source)
            if uncoded:
                report.remarks.append(f"trùng mã định danh thửa, để trống · parcel code taken, left empty: {uncoded}")
            connection.execute(SQL["add_parcels"], ids)
            connection.execute(SQL["add_land_uses"], ids)
        if outcomes.get("changed"):
            for name in ("change_parcels", "drop_land_uses", "change_land_uses"):
                connection.execute(SQL[name], ids)
        connection.execute(SQL["accept_rows"], ids)
    return report


def _report(connection: Connection, source: Source, outcomes: dict[str, int]) -> Report:
    counts = {
        "rows": sum(outcomes.values()),
        "new": outcomes.get("new", 0),
        "changed": outcomes.get("changed", 0),
        "unchanged": outcomes.get("seen", 0) + outcomes.get("same", 0),
        "conflicts": outcomes.get("conflict", 0),
    }
    unit = source.unit
    report = Report(source.file.path.name, f"{unit.code} {unit.name}", source.match.layout.name, counts)
    report.written = counts["new"] + counts["changed"] > 0
    if counts["conflicts"]:
        rows = [f"tờ {sheet} thửa {parcel} (dòng {row})" for row, sheet, parcel in connection.execute(SQL["conflicts"])]
        report.remarks.append(f"{CORRECTED}: {examples(rows)}; {MEND}")
    names = connection.execute(SQL["other_names"]).fetchall()
    differ = [f"tờ {sheet}: {said}" for sheet, said in names if said]
    if differ:
        report.remarks.append(f"danh pháp mảnh khác sổ, giữ như sổ · sheet names differ, kept: {examples(differ)}")
    several = [f"tờ {sheet}" for sheet, said in names if not said]
    if several:
        report.remarks.append(f"tệp ghi nhiều danh pháp cho một tờ · several names for a sheet: {examples(several)}")
    if source.transformer is not None:
        report.remarks.append(f"chuyển hệ toạ độ · transformed: {crs_label(source.crs)} → EPSG:{source.srid}")
    return report


SQL = statements("gisland.intake", "sql/parcels.sql")
