"""Rights (quyền; LA_RRR): transfer, rights of the past, certificates that are issued anew, restrictions that end.

A right or restriction is in force until a change ends it, and is on what is in force. The database holds to it at the
commit (`sql/registry.sql`); the acts lock what they are about first, so that who comes too late hears it at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound, UsageError
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.fields import BigKey, Book, CertificateCode, Day, Numerator, Serial, Text
from gisland.registry.keys import KEYS
from gisland.registry.refusals import refusal
from gisland.registry.seen import Seen, check_seen, lock_in_force

Role = Literal["certificate_holder", "current_user"]
Party = Literal["individual", "household", "couple", "co_users", "community", "organisation"]
THINGS = {"parcel": "thửa", "asset": "tài sản", "certificate": "GCN"}


class Share(BaseModel):
    """An exact part of a right."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num: Numerator = Field(description="Tử số · Numerator")
    den: Numerator = Field(description="Mẫu số · Denominator")


class NewRight(BaseModel):
    """A right of a holder. The shares of all holders of one thing sum to 1, or nobody has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holder_id: BigKey
    role: Role = "certificate_holder"
    party: Party = "individual"
    member_role: Text = ""
    certificate_id: BigKey | None = None
    share: Share | None = Field(default=None, description="Phần quyền; trống: không chia · its part; none: undivided")
    reason: Text = ""


class Held(BaseModel):
    """What a right is on: a parcel or an asset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parcel_id: BigKey | None = None
    asset_id: BigKey | None = None

    @model_validator(mode="after")
    def _one(self) -> Held:
        if (self.parcel_id is None) == (self.asset_id is None):
            raise ValueError("chọn một: parcel_id hoặc asset_id · give one of both")
        return self


class IssuedCertificate(BaseModel):
    """A certificate that replaces another one (cấp đổi, cấp lại)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serial: Annotated[Serial, Field(min_length=1, max_length=30)]
    book_no: Book = ""
    gcn_code: CertificateCode = ""
    issue_date: Day | None = None
    issuer: Text = ""
    kind: Text = ""


def transfer(
    connection: Connection,
    on: Held,
    ending: Sequence[Seen],
    beginning: Sequence[NewRight],
    why: Why,
    *,
    by: str,
) -> tuple[int, list[int]]:
    """Let rights on a parcel or asset end and others begin, on the day the change takes effect.

    Returns:
        The change and the new rights.

    Raises:
        UsageError: nothing ends and nothing begins.
        NotFound: there is no such parcel, asset, right or holder.
        PreconditionFailed: one of the rights was changed in the meantime.
        Conflict: one has ended already, or is entered twice; the shares do not sum to 1; a certificate is not in force.
    """
    if not ending and not beginning:
        raise UsageError("không có quyền nào kết thúc hay bắt đầu · nothing ends and nothing begins")
    ward = _lock_thing(connection, on)
    _lock_rights(connection, on, ending)
    for right in beginning:
        check_certificate(connection, right.certificate_id)
    change = begin(connection, ChangeKind.TRANSFER, why, by=by, ward_id=ward)
    connection.execute(SQL["end"], {"change": change, "ids": [each.id for each in ending]})
    made = [_add(connection, change, ward, on, each, None, None) for each in beginning]
    check_rights(connection)
    return change, made


def check_rights(connection: Connection) -> None:
    """Check at once what else is checked at the commit, of what this transaction wrote.

    Raises:
        Conflict: shares do not sum to 1; a right or restriction in force is on what is retired.
    """
    try:
        connection.execute("SET CONSTRAINTS registry.shares, registry.in_force IMMEDIATE")
    except CheckViolation as error:
        if error.diag.constraint_name != "holding_shares_sum":
            raise refusal(error) from None
        raise Conflict(
            "phần quyền không cộng thành 1 · the shares do not sum to 1",
            hint="ghi phần quyền của mọi người, hoặc không ai · give the shares of all holders, or of none",
        ) from None
    connection.execute("SET CONSTRAINTS registry.shares, registry.in_force DEFERRED")


def check_thing(connection: Connection, right: Mapping[str, Any]) -> None:
    """Lock what a right or restriction is to be on, and see that it can be.

    Args:
        connection: the transaction of the act.
        right: `parcel_id`, `asset_id`, `certificate_id`, and `valid_to` when it has ended or will.

    Raises:
        Conflict: it is in force, and what it is on is not.
    """
    names = ("parcel_id", "asset_id", "certificate_id", "valid_to")
    row = connection.execute(SQL["lock_thing"], {name: right.get(name) for name in names}).fetchone()
    if row is not None and row[1]:
        kind, _, number = row[0].partition(" ")
        raise Conflict(
            f"{THINGS[kind]} {number} đã hết hiệu lực · {row[0]} is retired",
            hint="ghi trên thửa mới (lineage), hoặc ghi valid_to nếu đã kết thúc"
            " · name what came of it, or give valid_to when it has ended",
            thing=row[0],
        )


def is_over(connection: Connection, valid_to: object) -> bool:
    """Whether a day on which a right or restriction ends has come: it is ended by the change that writes this day."""
    return connection.execute("SELECT registry.is_over(%s::date)", [valid_to]).fetchone() == (True,)


def check_stays_ended(connection: Connection, kind: str, record: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """See that a correction leaves what has ended with a day of its end.

    Raises:
        Conflict: it takes the day away, or names one to come.
    """
    if "valid_to" in given and record["retired_by"] is not None and not is_over(connection, given["valid_to"]):
        raise Conflict(
            f"{kind} {record['id']} đã hết hiệu lực · {kind} {record['id']} has ended",
            hint="huỷ biến động đã kết thúc nó · undo the change that ended it: POST /api/v1/changes/…/undo",
            change=record["retired_by"],
        )


def check_certificate(connection: Connection, certificate: int | None) -> None:
    """See that a right can begin under a certificate: it is in force, and stays so until the end of the transaction.

    Raises:
        Conflict: it was replaced or retired.
    """
    row = connection.execute(SQL["replaced_certificate"], {"certificate_id": certificate}).fetchone()
    if row is not None:
        vi, en = "đã hết hiệu lực", "is not in force any more"
        if row[1] is not None:
            vi, en = f"đã được thay bằng GCN {row[1]}", f"was replaced by certificate {row[1]}"
        hint = "ghi quyền theo GCN còn hiệu lực · name the certificate in force"
        raise Conflict(f"GCN {row[0]} {vi} · certificate {row[0]} {en}", hint=hint, certificate=row[0])


def check_parent(connection: Connection, asset: int) -> None:
    """See that an asset can be a part of another one: that is in force, and stays so until the end of the transaction.

    Raises:
        Conflict: it is retired.
    """
    row = connection.execute(SQL["lock_parent"], {"id": asset}).fetchone()
    if row is not None and row[0]:
        raise Conflict(
            f"tài sản {asset} đã hết hiệu lực · asset {asset} is retired",
            hint="ghi nhà còn hiệu lực, hoặc để trống · name the building in force, or none",
            asset=asset,
        )


def end_restriction(connection: Connection, restriction: Seen, why: Why, *, by: str) -> int:
    """End a restriction (xoá thế chấp, xoá cho thuê, hết hạn chế) on the day the change takes effect.

    It holds back no retirement any more, and does not go over to parcels that come of its own. One that was to end
    earlier by its own date keeps that date.

    Returns:
        The change.

    Raises:
        NotFound: there is no such restriction.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it has ended already.
    """
    ward = lock_in_force(connection, SQL["lock_restriction"], "restriction", restriction)
    change = begin(connection, ChangeKind.RELEASE, why, by=by, ward_id=ward)
    connection.execute(SQL["end_restriction"], {"change": change, "id": restriction.id})
    return change


def enter_historic_right(
    connection: Connection, on: Held, right: NewRight, valid_from: date, valid_to: date, why: Why, *, by: str
) -> tuple[int, int]:
    """Enter a right that has ended already (dữ liệu lịch sử): it is part of the past and never of the present.

    Also on what is not in force any more: who held a parcel before it was split is found in old papers afterwards.

    Returns:
        The change and the right.

    Raises:
        UsageError: it ends before it begins, or in the future.
        NotFound: there is no such parcel, asset or holder.
    """
    if valid_from > valid_to or not is_over(connection, valid_to):
        raise UsageError("quyền trong quá khứ phải đã kết thúc · a right of the past has ended", hint="valid_to")
    ward = _lock_thing(connection, on, past=True)
    change = begin(connection, ChangeKind.HISTORIC, why, by=by, ward_id=ward)
    return change, _add(connection, change, ward, on, right, valid_from, valid_to)


def reissue(connection: Connection, certificate: Seen, new: IssuedCertificate, why: Why, *, by: str) -> tuple[int, int]:
    """Replace a certificate by a new one: parcels, assets and current rights go over to it.

    Returns:
        The change and the new certificate.

    Raises:
        NotFound: there is no such certificate.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it was replaced or retired already.
    """
    ward = lock_in_force(connection, SQL["lock_certificate"], "certificate", certificate)
    change = begin(connection, ChangeKind.REISSUE, why, by=by, ward_id=ward)
    values = new.model_dump() | {"old": certificate.id, "serial_key": KEYS["certificate"].rule(new.serial)}
    made = connection.execute(SQL["add_certificate"], values | {"ward": ward, "change": change}).fetchone()
    assert made is not None
    values = {"old": certificate.id, "new": made[0], "change": change}
    for name in ("move_parcels", "move_assets", "move_holdings", "move_restrictions", "retire_certificate"):
        connection.execute(SQL[name], values)
    return change, int(made[0])


def _lock_thing(connection: Connection, on: Held, *, past: bool = False) -> int:
    """Lock what a right is on, in force or else for a right of the `past`. Returns its ward."""
    name = "lock_parcel" if on.parcel_id is not None else "lock_asset"
    row = connection.execute(SQL[name], {"id": on.parcel_id or on.asset_id}).fetchone()
    if row is None or (row[1] and not past):
        what = "không có thửa đất hoặc tài sản này, hoặc đã hết hiệu lực · there is no such current thing"
        raise NotFound(what).of(name.removeprefix("lock_"), on.parcel_id or on.asset_id or 0)
    return int(row[0])


def _lock_rights(connection: Connection, on: Held, seen: Sequence[Seen]) -> None:
    values = {"ids": [each.id for each in seen], "parcel": on.parcel_id, "asset": on.asset_id}
    found = {row[0]: row[1:] for row in connection.execute(SQL["lock_holdings"], values)}
    for each in seen:
        if each.id not in found:
            what = f"không có quyền {each.id} trên thửa/tài sản này · there is no right {each.id} on this"
            raise NotFound(what).of("holding", each.id)
        version, retired = found[each.id]
        if retired:
            raise Conflict(f"quyền {each.id} đã kết thúc · right {each.id} has ended", right=each.id)
        check_seen("holding", each.id, each.version, version)


def _add(
    connection: Connection,
    change: int,
    ward: int,
    on: Held,
    right: NewRight,
    valid_from: date | None,
    valid_to: date | None,
) -> int:
    values = right.model_dump(exclude={"share"}) | on.model_dump() | {"ward": ward, "change": change}
    values |= {"num": right.share and right.share.num, "den": right.share and right.share.den}
    values |= {"valid_from": valid_from, "valid_to": valid_to}
    try:
        row = connection.execute(SQL["add"], values).fetchone()
    except ForeignKeyViolation:
        raise NotFound(f"không có người {right.holder_id} hoặc GCN này · there is no such holder or certificate").of(
            "holder", right.holder_id
        ) from None
    except UniqueViolation:
        raise Conflict("quyền này đã có · this right is there already", holder=right.holder_id) from None
    assert row is not None
    return int(row[0])


SQL = statements("gisland.registry", "sql/rights.sql")
