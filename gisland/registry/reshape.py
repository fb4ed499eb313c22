"""Parcels that become other parcels (circular 25/2014/TT-BTNMT, art. 17; LADM: versions of LA_SpatialUnit).

    split   tách thửa      one ends, several begin
    merge   hợp thửa       several end, one begins
    adjust  chỉnh ranh     the same parcels, with another boundary between them

The ground stays the same within 1 cm. Old numbers die, new ones follow the largest of the sheet; who held the old
parcels holds the new ones, and lineage tells what came of what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from gisland.errors import Conflict, UsageError
from gisland.registry import fields
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.geometry import check_same_ground, read_shape
from gisland.registry.parcels import SQL, DrawnParcel, Parcel, Place, add_parcel, lock_parcels
from gisland.registry.seen import Seen


class Redrawn(BaseModel):
    """A parcel that keeps its number and gets another boundary."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: fields.BigKey
    version: fields.Key
    geometry: fields.Shape = Field(description="GeoJSON, EPSG của tờ, mét · CRS of the sheet, metres")
    legal_area_m2: fields.Area | None = None


@dataclass(frozen=True)
class Reshaped:
    """What an act made: the change, the parcels there are now, and the balance of areas (m²)."""

    change: int
    parcels: list[int]
    balance: dict[str, Any]


def split(connection: Connection, seen: Seen, pieces: Sequence[DrawnParcel], why: Why, *, by: str) -> Reshaped:
    """Divide a parcel into several.

    Raises:
        UsageError: there is only one piece.
        InputError: the pieces are not the ground of the parcel.
        NotFound, PreconditionFailed, Conflict: see `lock_parcels`; a number is taken.
    """
    if len(pieces) < 2:
        raise UsageError("tách thửa cần ít nhất 2 phần · a split needs 2 pieces at least")
    (parcel,) = lock_parcels(connection, [seen])
    return _replace(connection, ChangeKind.SPLIT, [parcel], pieces, why, by)


def merge(connection: Connection, seen: Sequence[Seen], new: DrawnParcel | None, why: Why, *, by: str) -> Reshaped:
    """Make one parcel of several; without a drawing, of their union.

    Raises:
        UsageError: there is only one parcel.
        Conflict: they are of different sheets, do not touch, or are held by different people.
        InputError: the drawing is not the ground of the parcels.
    """
    if len(seen) < 2:
        raise UsageError("hợp thửa cần ít nhất 2 thửa · a merge needs 2 parcels at least")
    parcels = lock_parcels(connection, seen)
    if len({parcel.map_sheet_id for parcel in parcels}) > 1:
        raise Conflict("các thửa không cùng tờ bản đồ · the parcels are of different sheets")
    row = connection.execute(SQL["kinds_of_holding"], {"ids": [parcel.id for parcel in parcels]}).fetchone()
    if row is not None and row[0] > 1:
        raise Conflict(
            "các thửa không cùng người sử dụng · the parcels are held by different people",
            hint="làm chuyển quyền trước · transfer the rights first",
        )
    if new is None:
        union = shapely.union_all([parcel.shape for parcel in parcels])
        if not isinstance(union, shapely.Polygon):
            raise Conflict("các thửa không liền nhau · the parcels do not touch", hint="geometry: MultiPolygon")
        new = DrawnParcel(geometry=fields.Shape.model_validate(shapely.geometry.mapping(union)))
    return _replace(connection, ChangeKind.MERGE, parcels, [new], why, by)


def adjust(connection: Connection, redrawn: Sequence[Redrawn], why: Why, *, by: str) -> Reshaped:
    """Move the boundary between parcels; numbers, codes and rights stay.

    Raises:
        InputError: together they do not cover the same ground as before.
    """
    parcels = lock_parcels(connection, [Seen(id=each.id, version=each.version) for each in redrawn])
    shapes = [
        read_shape(each.geometry.model_dump(), parcel.srid) for each, parcel in zip(redrawn, parcels, strict=True)
    ]
    if len({parcel.srid for parcel in parcels}) > 1:
        raise Conflict("các thửa không cùng hệ toạ độ · the parcels have different CRSs")
    balance = check_same_ground([parcel.shape for parcel in parcels], shapes)
    change = begin(connection, ChangeKind.ADJUST, why, by=by, ward_id=parcels[0].ward_id, detail=balance)
    for each, shape in zip(redrawn, shapes, strict=True):
        values = {"id": each.id, "wkb": shapely.to_wkb(shape), "legal_area": each.legal_area_m2}
        connection.execute(SQL["set_shape"], values)
    return Reshaped(change, [parcel.id for parcel in parcels], balance)


def _replace(
    connection: Connection, kind: ChangeKind, old: list[Parcel], new: Sequence[DrawnParcel], why: Why, by: str
) -> Reshaped:
    shapes = [read_shape(each.geometry.model_dump(), old[0].srid) for each in new]
    balance: dict[str, Any] = check_same_ground([parcel.shape for parcel in old], shapes)
    legal = [parcel.legal_area_m2 for parcel in old], [each.legal_area_m2 for each in new]
    for name, areas in zip(("old_legal_m2", "new_legal_m2"), legal, strict=True):
        given = [area for area in areas if area is not None]
        if len(given) == len(areas):
            balance[name] = float(sum(given))
    change = begin(connection, kind, why, by=by, ward_id=old[0].ward_id, detail=balance)
    ids = [parcel.id for parcel in old]
    # The old ones end first: a new one may bear a number of theirs only if somebody says so.
    connection.execute(SQL["retire"], {"change": change, "ids": ids})
    groups = {parcel.residential_group_id for parcel in old}
    place = Place(old[0].ward_id, old[0].map_sheet_id, groups.pop() if len(groups) == 1 else None, old[0].srid)
    made = []
    for each, shape in zip(new, shapes, strict=True):
        inherited = each.model_copy(update={"address": old[0].address if each.address is None else each.address})
        parcel = add_parcel(connection, change, place, inherited, shape)
        _inherit(connection, change, parcel, ids, place, own_uses=each.land_uses is not None, whole=len(new) == 1)
        made.append(parcel)
    connection.execute(SQL["end_holdings"], {"change": change, "old": ids})
    connection.execute(SQL["end_restrictions"], {"change": change, "old": ids})
    connection.execute(SQL["link"], {"old": ids, "new": made})
    return Reshaped(change, made, balance)


def _inherit(
    connection: Connection, change: int, parcel: int, old: list[int], place: Place, *, own_uses: bool, whole: bool
) -> None:
    """What stood on the old parcels stands on a new one."""
    values = {"parcel": parcel, "old": old, "ward": place.ward_id, "change": change, "whole": whole}
    if not own_uses:
        connection.execute(SQL["inherit_land_uses"], values)
    for what in ("label", "holdings", "restrictions", "assets", "certificates"):
        connection.execute(SQL[f"inherit_{what}"], values)
