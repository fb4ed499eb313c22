"""What a print of several wards, several groups or a drawn area is of: which wards, groups and parcels, within reach.

Whoever asks for anything beyond what they may print in gets the same answer as for what does not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import namedtuple_row

from gisland.catalogue import Text
from gisland.database import Scope
from gisland.database.statements import statements
from gisland.errors import NotFound, UsageError
from gisland.kit.text import clean_text
from gisland.printing.area import Area, read_area
from gisland.printing.bundle import codes_of
from gisland.printing.edition import Printed
from gisland.printing.model import Geometries, Parcel
from gisland.printing.placement import Place
from gisland.printing.press import sees
from gisland.printing.read import Row, degrees_around, in_plane, label_at, read_around
from gisland.printing.words import note_of
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

SQL = statements("gisland.printing", "extent.sql")
MOST_AROUND = 60_000
"""Parcels around the printed ones that are drawn at most."""


@dataclass(frozen=True, kw_only=True)
class SetOrder:
    """A ward; or several, or groups, or an area that was drawn."""

    ward: str
    """Where the print is noted; one of those that it shows."""
    wards: str = ""
    """Codes of further wards, by commas."""
    groups: str = ""
    """Codes of groups, by commas: of the ward, or `ward/group`."""
    area: str = ""
    """See `area.tidied`."""
    area_crs: int | None = None


@dataclass(frozen=True, kw_only=True)
class PrintedSet(Printed):
    """A finished file that may show several wards."""

    extent: Extent

    @property
    def wards(self) -> tuple[int, ...]:
        """The wards that it shows."""
        return tuple(ward.id for ward in self.extent.wards)


@dataclass(frozen=True)
class Ward:
    """A ward in force, and its border (WGS 84) where it is known."""

    id: int
    code: str
    name: str
    province: str
    border: shapely.Geometry | None = field(repr=False)


@dataclass(frozen=True)
class GroupOf:
    """A residential group."""

    id: int
    ward_id: int
    code: str
    name: str


@dataclass(frozen=True)
class Extent:
    """What is printed. `found` are rows (id, ward_id, group_id, srid) of its parcels."""

    home: Ward
    wards: tuple[Ward, ...]
    """Those that it shows, by their codes."""
    groups: tuple[GroupOf, ...]
    """All groups of these."""
    chosen: tuple[GroupOf, ...]
    """The groups that were asked for; none: all that there is of the wards, or in the area."""
    area: Area | None
    found: list[Row] = field(repr=False)

    @cached_property
    def srid(self) -> int:
        """The plane of the print: that of the most parcels, of equals the one with the lower code."""
        count: Counter[int] = Counter(row.srid for row in self.found)
        return min(count.items(), key=lambda each: (-each[1], each[0]))[0]

    @cached_property
    def moved(self) -> dict[int, int]:
        """Parcels of other zones that are brought over, by EPSG code."""
        count = Counter(row.srid for row in self.found)
        return {srid: count[srid] for srid in sorted(count) if srid != self.srid}

    @property
    def by_ward(self) -> bool:
        """Whether progress is told by wards: where several are shown, and no groups were asked for."""
        return len(self.wards) > 1 and not self.chosen

    def notes(self) -> list[Text]:
        """What is to be told of it on paper: parcels of other zones, borders that are not known."""
        notes = []
        if self.moved:
            zones = ", ".join(f"EPSG:{srid}" for srid in self.moved)
            notes.append(note_of("moved", count=sum(self.moved.values()), zones=zones))
        outlined = [ward.name for ward in self.wards if ward.border is None]
        if outlined and len(self.wards) > 1:
            notes.append(note_of("outlined", names=", ".join(outlined)))
        return notes

    @cached_property
    def ids(self) -> list[int]:
        """Of its parcels."""
        return [row.id for row in self.found]

    @property
    def facts(self) -> tuple[object, ...]:
        """What the id of a print depends on."""
        area = "" if self.area is None else f"{self.area.srid} {shapely.to_wkt(self.area.shape, rounding_precision=9)}"
        return ([ward.code for ward in self.wards], [group.id for group in self.chosen], area, self.home.code)

    def borders(self) -> list[shapely.Geometry | None]:
        """The borders of its wards on the plane of the print."""
        return [None if ward.border is None else on_plane(ward.border, self.srid) for ward in self.wards]


def on_plane(shape: shapely.Geometry, srid: int) -> shapely.Geometry:
    """A shape in WGS 84 on the plane of a print."""
    return Area(shape, 4326).in_crs(srid)


def find_extent(connection: Connection, subject: Subject, order: SetOrder, most: int, *, middle: bool) -> Extent:
    """What an order is of.

    Args:
        connection: a transaction in the scope of the subject's permission to print.
        subject: who prints.
        order: what is asked for.
        most: parcels that a print of this kind may have.
        middle: of an area, those parcels whose middle it has; else all that it touches.

    Raises:
        NotFound: a ward or group is not there or not within reach; there is no parcel.
        UsageError: it is not said what is meant, the area is none, or there are too many parcels.
    """
    wards, groups, area = codes_of(order.wards), codes_of(order.groups), order.area.strip()
    if sum(map(bool, (wards, groups, area))) > 1:
        raise UsageError(
            "chọn một: wards, groups hoặc area · choose one: wards, groups or area",
            parameter="area" if area else "groups",
        )
    drawn = read_area(area, order.area_crs) if area else None
    if drawn is None and order.area_crs is not None:
        raise UsageError("area_crs cần có area · area_crs is of an area", hint="area", parameter="area_crs")
    named = _named(connection, order.ward, groups)
    codes = list(dict.fromkeys([order.ward, *wards, *(ward for ward, _ in named)]))
    known = {ward.code: ward for ward in _wards(connection, codes=codes)}
    scope = subject.scope(Permission.MAP_PRINT)
    for code in codes:
        if code not in known or not scope.covers(Scope(wards=frozenset({known[code].id}))):
            raise _no_ward(code)
    home = known[order.ward]
    chosen = _chosen(connection, known, named)
    values: dict[str, Any] = {"limit": most + 1, "wards": [each.id for each in known.values()]}
    if drawn is not None:
        values |= {"area": shapely.to_wkb(drawn.in_crs(4326)), "middle": middle}
    values["groups"] = [each.id for each in chosen]
    query = "in_area" if drawn is not None else "of_groups" if chosen else "of_wards"
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        found: list[Row] = cursor.execute(SQL[query], values).fetchall()
    _check_found(found, most, order, drawn)
    shown = sorted({row.ward_id for row in found})
    within = tuple(_wards(connection, ids=shown))
    if home.id not in shown and drawn is not None:
        raise UsageError(
            f"khu vực không có thửa nào của phường {order.ward} · the area has no parcel of ward {order.ward}",
            hint=f"ward: {', '.join(ward.code for ward in within)}",
            parameter="ward",
        )
    return Extent(home, within, tuple(_groups(connection, shown)), chosen, drawn, found)


def tells_persons(subject: Subject, extent: Extent) -> bool:
    """Whether a subject may be told of persons in all wards that are shown: a print tells it everywhere, or nowhere."""
    return all(sees(subject, Permission.PERSON_READ, ward.id) for ward in extent.wards)


def reached_wards(
    connection: Connection, subject: Subject, order: SetOrder, most: int, *, middle: bool
) -> frozenset[int]:
    """The wards that an order shows; see `find_extent` for what is refused."""
    return frozenset(ward.id for ward in find_extent(connection, subject, order, most, middle=middle).wards)


def read_parcels(
    connection: Connection, ids: Sequence[int], srid: int, status_of: Callable[[str], str]
) -> tuple[list[Row], Geometries]:
    """Parcels by ward, sheet and number with the status that is told of an exact one; their shapes on a plane."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["parcels"], {"ids": list(ids)}).fetchall()
    rows = [row._replace(status=status_of(row.status)) for row in rows]
    return rows, in_plane([row.shape for row in rows], np.array([row.srid for row in rows], dtype=int), srid)


def read_others(connection: Connection, extent: Extent, place: Place) -> tuple[Geometries, list[str]]:
    """The other parcels in the frame: their shapes on the plane of the print, and their numbers."""
    values = {"ids": extent.ids, "limit": MOST_AROUND}
    shapes, rows = read_around(connection, SQL["around"], values, extent.srid, place.inset())
    return shapes, [clean_text(row.parcel_no) for row in rows]


def read_borders(connection: Connection, place: Place, srid: int) -> dict[str, tuple[str, shapely.Geometry]]:
    """The wards whose borders lie in a frame: code → name and border on the plane of the print."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["borders"], degrees_around(place.inset(), srid)).fetchall()
    return {row.code: (clean_text(row.name), on_plane(shapely.from_wkb(row.border), srid)) for row in rows}


def parcel_of(row: Row, sheet: str, srid: int) -> Parcel:
    """A parcel as its label has it, on a plane."""
    fields = (
        row.id,
        sheet,
        clean_text(row.parcel_no),
        row.area_m2,
        None,
        clean_text(row.land_type),
        row.status,
        None,
        (),
    )
    return Parcel(*fields, label_at=label_at(row, srid))


def _wards(connection: Connection, *, codes: Sequence[str] = (), ids: Sequence[int] = ()) -> list[Ward]:
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["wards"], {"codes": list(codes), "ids": list(ids)}).fetchall()
    return [
        Ward(
            *(row.id, row.code, clean_text(row.name), clean_text(row.province)),
            None if row.border is None else shapely.from_wkb(row.border),
        )
        for row in rows
    ]


def _groups(connection: Connection, wards: Sequence[int]) -> list[GroupOf]:
    rows = connection.execute(SQL["groups"], {"wards": list(wards)}).fetchall()
    return [GroupOf(each[0], each[1], each[2], clean_text(each[3])) for each in rows]


def _named(connection: Connection, ward: str, said: Sequence[str]) -> list[tuple[str, str]]:
    """Ward and code of each group; the codes of groups that came by a reform have a slash themselves (`11305/07`)."""
    if not said:
        return []
    own = {group.code for each in _wards(connection, codes=[ward]) for group in _groups(connection, [each.id])}
    parts = [(each, *each.partition("/")) for each in said]
    return [
        (first.strip(), rest.strip()) if slash and whole not in own else (ward, whole)
        for whole, first, slash, rest in parts
    ]


def _chosen(connection: Connection, wards: dict[str, Ward], named: list[tuple[str, str]]) -> tuple[GroupOf, ...]:
    """The groups that are meant; zeros before a code do not matter."""
    if not named:
        return ()
    groups = _groups(connection, [ward.id for ward in wards.values()])
    found: dict[int, GroupOf] = {}
    for ward, said in named:
        own = [group for group in groups if group.ward_id == wards[ward].id]
        hits = [each for each in own if each.code == said] or [
            each for each in own if each.code.lstrip("0") == said.lstrip("0")
        ]
        if len(hits) != 1:
            shown = ", ".join(each.code for each in own[:20]) + (" …" if len(own) > 20 else "")
            raise NotFound(
                f"phường {ward} không có tổ {said[:20]} · ward {ward} has no group {said[:20]}",
                hint=f"các tổ · the groups: {shown}",
            )
        found[hits[0].id] = hits[0]
    return tuple(each for each in groups if each.id in found)


def _check_found(found: list[Row], most: int, order: SetOrder, area: Area | None) -> None:
    if len(found) > most:
        raise UsageError(
            f"quá {most} thửa trên một bản in · more than {most} parcels on one print",
            hint="chia nhỏ · take fewer wards or groups, or a smaller area",
            parameter="area" if area is not None else "wards" if order.wards else "ward",
        )
    if found:
        return
    if area is not None:
        raise NotFound(
            "không có thửa nào trong khu vực, trong phạm vi được xem · the area has no parcel within reach",
            hint="xem lại khu vực và hệ toạ độ · check the area and its CRS (area_crs)",
        )
    raise NotFound(
        f"phường {order.ward} không có thửa nào · ward {order.ward} has no parcel within reach",
        hint="gisland unit list",
    )


def _no_ward(code: str) -> NotFound:
    return NotFound(
        f"không có phường {code[:20]} trong phạm vi được in · there is no ward {code[:20]} within reach",
        hint="gisland unit list",
    )
