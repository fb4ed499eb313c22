"""The acts on the registry that are more than a correction: what each says, and what it does. One description each.

Routes (`POST /api/v1/<path>`) and the command line (`gisland registry act`) are made from this list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.errors import PreconditionRequired, UsageError
from gisland.registry import ending, move, reshape, rights, undo
from gisland.registry.fields import Day, Key
from gisland.registry.kinds import Body
from gisland.registry.parcels import DrawnParcel, Number, renumber_parcel, retire_parcel
from gisland.registry.seen import Seen

VERSION = "Phiên bản đã xem; qua HTTP có thể dùng If-Match · version that was seen; over HTTP If-Match says it, too"
ON = "Trên thửa hoặc tài sản nào · on which parcel or asset"


def _drawn(west: float, east: float) -> dict[str, Any]:
    """GeoJSON of a rectangle of 10 m from south to north, as an example."""
    ring = [[x, y] for x, y in ((west, 2309000.0), (east, 2309000.0), (east, 2309010.0), (west, 2309010.0))]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


class Done(BaseModel):
    """What an act left behind; `made` are the ids of the records that it made, of the kind that the act is about."""

    change: int = Field(description="Biến động · the change")
    made: list[int] = Field(default=[], description="Các bản ghi mới · the new records")
    balance: dict[str, float] = Field(default={}, description="Cân đối diện tích, m² · balance of areas, m²")
    parcel_no: str | None = Field(default=None, description="Số thửa mới · the new number")


class OfVersion(Body):
    """An act on one record in the version that was seen."""

    example: ClassVar[dict[str, Any]] = {"version": 1}

    version: Key | None = Field(default=None, description=VERSION)

    def seen(self, record_id: int) -> Seen:
        """The record that the act is on, as it was seen.

        Raises:
            PreconditionRequired: no version is said.
        """
        if self.version is None:
            raise PreconditionRequired(
                "cho biết bản ghi đã thấy ở phiên bản nào · say which version of the record you have seen",
                hint="version, or If-Match: the ETag that came with the record",
            )
        return Seen(id=record_id, version=self.version)


class Split(OfVersion):
    """Tách thửa: together the pieces are the ground of the parcel."""

    example: ClassVar[dict[str, Any]] = {
        "version": 1,
        "pieces": [
            {"geometry": _drawn(594000, 594004), "legal_area_m2": 40.0},
            {"geometry": _drawn(594004, 594010), "legal_area_m2": 60.0},
        ],
    }

    pieces: list[DrawnParcel] = Field(
        min_length=2,
        max_length=500,
        description="Các thửa mới, phủ kín thửa cũ · the new parcels, which cover the old one",
    )


class Merge(Body):
    """Hợp thửa: without a drawing, the new parcel is the union of the old ones."""

    example: ClassVar[dict[str, Any]] = {"parcels": [{"id": 1, "version": 1}, {"id": 2, "version": 1}]}

    parcels: list[Seen] = Field(min_length=2, max_length=500, description="Các thửa cũ · the old parcels")
    new: DrawnParcel | None = Field(default=None, description="Thửa mới, mặc định: hợp các thửa cũ · the new parcel")


class Adjust(Body):
    """Chỉnh ranh: the parcels together keep their ground."""

    example: ClassVar[dict[str, Any]] = {
        "parcels": [
            {"id": 1, "version": 1, "geometry": _drawn(594000, 594012)},
            {"id": 2, "version": 1, "geometry": _drawn(594012, 594020)},
        ]
    }

    parcels: list[reshape.Redrawn] = Field(
        min_length=1, max_length=500, description="Các thửa với ranh mới · the parcels with their new boundaries"
    )


class Renumber(OfVersion):
    """Đổi số thửa; without a number, the largest of the sheet + 1."""

    example: ClassVar[dict[str, Any]] = {"version": 1, "parcel_no": "124"}

    parcel_no: Number | None = Field(default=None, description="Số mới · the new number")


class Transfer(Body):
    """Chuyển quyền: rights end and others begin."""

    example: ClassVar[dict[str, Any]] = {
        "on": {"parcel_id": 1},
        "ending": [{"id": 1, "version": 1}],
        "beginning": [
            {"holder_id": 2, "party": "couple", "member_role": "Chồng", "share": {"num": 1, "den": 2}},
            {"holder_id": 3, "party": "couple", "member_role": "Vợ", "share": {"num": 1, "den": 2}},
        ],
    }

    on: rights.Held = Field(description=ON)
    ending: list[Seen] = Field(default=[], max_length=500, description="Quyền kết thúc · the rights that end")
    beginning: list[rights.NewRight] = Field(
        default=[], max_length=500, description="Quyền bắt đầu · the rights that begin"
    )


class HistoricRight(Body):
    """Quyền trong quá khứ (dữ liệu lịch sử)."""

    example: ClassVar[dict[str, Any]] = {
        "on": {"parcel_id": 1},
        "right": {"holder_id": 1},
        "valid_from": "1995-01-01",
        "valid_to": "2005-06-30",
    }

    on: rights.Held = Field(description=ON)
    right: rights.NewRight = Field(description="Quyền đã kết thúc · the right, which has ended")
    valid_from: Day
    valid_to: Day


class Reissue(OfVersion):
    """Cấp đổi, cấp lại Giấy chứng nhận."""

    example: ClassVar[dict[str, Any]] = {
        "version": 1,
        "certificate": {"serial": "AA 00000002", "issue_date": "2026-02-03", "kind": "form_2024"},
    }

    certificate: rights.IssuedCertificate = Field(description="Giấy mới · the new certificate")


class Release(OfVersion):
    """Xoá thế chấp, xoá cho thuê, hết hạn chế."""


class Retire(OfVersion):
    """Ngừng hiệu lực: the record stays readable, with its history."""


class Withdraw(OfVersion):
    """Rút quyền quá khứ đã nhập sai: it was never so; what was entered stays in history."""


class Move(move.Destination, OfVersion):
    """Chuyển tờ bản đồ, hoặc một số thửa của tờ, sang phường khác hay tờ khác; hoặc đổi số tờ."""

    example: ClassVar[dict[str, Any]] = {"version": 1, "ward_code": "11312", "sheet_no": "85"}


Work = Callable[[Connection, int, Any, str], Done]


@dataclass(frozen=True)
class Act:
    """An act: its place in the API (`{id}` is the record it is on), what is said, what is done."""

    path: str
    title: str
    body: type[Body]
    work: Work

    @property
    def on_record(self) -> bool:
        """Whether it is on one record."""
        return "{id}" in self.path

    def do(self, connection: Connection, record_id: int | None, body: Body, by: str) -> Done:
        """Do it, in the transaction of the connection.

        Raises:
            UsageError: it is on a record, and none is named.
            GislandError: see the function that does it.
        """
        if self.on_record and record_id is None:
            raise UsageError("thiếu mã bản ghi · the id of the record is missing")
        return self.work(connection, record_id or 0, body, by)


def _reshaped(done: reshape.Reshaped) -> Done:
    return Done(change=done.change, made=done.parcels, balance=done.balance)


def _split(connection: Connection, record_id: int, body: Split, by: str) -> Done:
    return _reshaped(reshape.split(connection, body.seen(record_id), body.pieces, body.change, by=by))


def _merge(connection: Connection, _: int, body: Merge, by: str) -> Done:
    return _reshaped(reshape.merge(connection, body.parcels, body.new, body.change, by=by))


def _adjust(connection: Connection, _: int, body: Adjust, by: str) -> Done:
    done = reshape.adjust(connection, body.parcels, body.change, by=by)
    return Done(change=done.change, balance=done.balance)


def _renumber(connection: Connection, record_id: int, body: Renumber, by: str) -> Done:
    change, number = renumber_parcel(connection, body.seen(record_id), body.change, by=by, parcel_no=body.parcel_no)
    return Done(change=change, parcel_no=number)


def _ending(end: Callable[..., int]) -> Work:
    """An act that ends one record."""

    def work(connection: Connection, record_id: int, body: OfVersion, by: str) -> Done:
        return Done(change=end(connection, body.seen(record_id), body.change, by=by))

    return work


def _transfer(connection: Connection, _: int, body: Transfer, by: str) -> Done:
    change, made = rights.transfer(connection, body.on, body.ending, body.beginning, body.change, by=by)
    return Done(change=change, made=made)


def _historic(connection: Connection, _: int, body: HistoricRight, by: str) -> Done:
    days = body.valid_from, body.valid_to
    change, made = rights.enter_historic_right(connection, body.on, body.right, *days, body.change, by=by)
    return Done(change=change, made=[made])


def _reissue(connection: Connection, record_id: int, body: Reissue, by: str) -> Done:
    change, made = rights.reissue(connection, body.seen(record_id), body.certificate, body.change, by=by)
    return Done(change=change, made=[made])


def _move(connection: Connection, record_id: int, body: Move, by: str) -> Done:
    said = body.model_dump(include=set(move.Destination.model_fields))
    sheet = move.SheetMove(**body.seen(record_id).model_dump(), **said)
    change, made = move.move_sheet(connection, sheet, body.change, by=by)
    return Done(change=change, made=[made])


def _undo(connection: Connection, record_id: int, body: Body, by: str) -> Done:
    return Done(change=undo.undo(connection, record_id, body.change, by=by))


ACTS: Mapping[str, Act] = {
    "split": Act("parcels/{id}/split", "Tách thửa · Split a parcel", Split, _split),
    "merge": Act("parcels/merge", "Hợp thửa · Merge parcels", Merge, _merge),
    "adjust": Act("parcels/adjust", "Chỉnh ranh giới · Move the boundary between parcels", Adjust, _adjust),
    "renumber": Act("parcels/{id}/renumber", "Đổi số thửa · Give a parcel another number", Renumber, _renumber),
    "retire": Act("parcels/{id}/retire", "Huỷ thửa · End a parcel, rights on it", Retire, _ending(retire_parcel)),
    "retire-asset": Act(
        "assets/{id}/retire", "Tài sản không còn · End an asset, rights on it", Retire, _ending(ending.retire_asset)
    ),
    "transfer": Act("holdings/transfer", "Chuyển quyền · Transfer rights", Transfer, _transfer),
    "historic": Act("holdings/historic", "Quyền trong quá khứ · Enter a right of the past", HistoricRight, _historic),
    "withdraw": Act(
        "holdings/{id}/withdraw",
        "Rút quyền quá khứ nhập sai · Take back a right of the past that was entered wrongly",
        Withdraw,
        _ending(ending.withdraw_historic_right),
    ),
    "reissue": Act("certificates/{id}/reissue", "Cấp đổi GCN · Replace a certificate", Reissue, _reissue),
    "revoke": Act(
        "certificates/{id}/retire", "Thu hồi GCN · Revoke a certificate", Retire, _ending(ending.revoke_certificate)
    ),
    "release": Act(
        "restrictions/{id}/end", "Hết hạn chế · End a restriction", Release, _ending(rights.end_restriction)
    ),
    "retire-document": Act(
        "documents/{id}/retire", "Bỏ văn bản · A document counts no more", Retire, _ending(ending.retire_document)
    ),
    "move": Act(
        "sheets/{id}/move",
        "Chuyển tờ bản đồ, hoặc một phần · Move a sheet or a part of it",
        Move,
        _move,
    ),
    "undo": Act("changes/{id}/undo", "Huỷ biến động · Undo a change", Body, _undo),
}
