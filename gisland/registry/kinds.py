"""The kinds of record: which table, what it may be filtered by, how it is written. One description each, no copies.

In the SQL of a filter `t` is the record and `{parcel}`, `{holding}` … are tables of the registry, as they are or were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from gisland.errors import UsageError
from gisland.kit.cursors import Link
from gisland.registry import fields, schemas
from gisland.registry.changes import ChangeKind, Why
from gisland.registry.fields import Access
from gisland.registry.schemas import Part
from gisland.security.permissions import Permission

PAGE_DEFAULT, PAGE_MAX = 100, 1000


class Body(BaseModel):
    """What each write says besides the values: why."""

    model_config = ConfigDict(extra="forbid")
    example: ClassVar[dict[str, Any]] = {}
    """What an act may say besides."""

    change: Why = Field(description="Vì sao, theo văn bản nào, từ ngày nào · why, by which document, from which day")


def _without_defaults(schema: dict[str, Any]) -> None:
    """What a merge patch does not name stays as it is: there are no defaults."""
    for each in schema["properties"].values():
        each.pop("default", None)


class PatchBody(Body):
    """A JSON merge patch (RFC 7396): what is named changes, null takes away, what is not named stays."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class OneQuery(BaseModel):
    """Which state of a record is asked for."""

    model_config = ConfigDict(extra="forbid")

    as_of: str | None = Field(
        default=None,
        max_length=40,
        description="Trạng thái tại phiên bản dữ liệu hoặc thời điểm · as of a data version (123) or an RFC 3339 time",
    )


class PageQuery(OneQuery):
    """Which page of a list is asked for."""

    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Số bản ghi mỗi trang · records on a page")
    cursor: str | None = Field(
        default=None, max_length=100, description="Trang sau: lấy từ liên kết next · where a page begins, from `next`"
    )


@dataclass(frozen=True)
class Filter:
    """One way to choose records: the type of its value, and the SQL that compares."""

    type: Any
    condition: str
    needs: Permission | None = None
    """Who asks by it asks about persons, and needs this permission."""
    few: bool = False
    """Whether it chooses a few records, found by an index of its own."""


@dataclass(frozen=True)
class Sort:
    """An order of a list. Records that are alike in it come in the order of their ids."""

    key: str | None = None
    """SQL of what is compared; None is the id itself."""
    descending: bool = False
    within: str | None = None
    """The filter without which too much would have to be sorted."""
    by_ward: bool = False
    """Whether there is an index on ward, key and id: lists of several wards are merged from those of each."""
    needs: Permission | None = None
    """The order tells of persons, and needs this permission."""


@dataclass(frozen=True)
class Geometry:
    """The geometry of a kind: the columns it can be read from, and how GeoJSON is written."""

    read: Mapping[str, str]
    """What is asked for (`sheet`: in the CRS of the sheet; `wgs84`) → column."""
    column: str
    write: str


@dataclass(frozen=True)
class Kind:
    """A kind of record. `path` is its place in the API, `name` its name on the command line."""

    name: str
    path: str
    record: type[BaseModel]
    filters: Mapping[str, Filter]
    ended: str | None = None
    """The column that is set once the record is no longer in force."""
    personal: bool = False
    """Whether it tells of persons: each reading is audited."""
    creates: ChangeKind = ChangeKind.CREATE
    geometry: Geometry | None = None
    expressions: Mapping[str, str] = field(default_factory=dict)
    """SQL of the fields that are no plain column."""
    further: type[BaseModel] | None = None
    """What only goes in."""
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    """Other orders than that of ids: a closed list, each with what makes it cheap."""

    def __hash__(self) -> int:
        """Kinds are keys of caches."""
        return hash(self.name)

    @property
    def table(self) -> str:
        """Its table in the schema `registry`."""
        return str(self.record.table)  # type: ignore[attr-defined]  # each record class names its table

    @property
    def ends(self) -> str:
        """What there is instead of deleting a record."""
        return ENDS[self.name]

    @property
    def example(self) -> dict[str, Any]:
        """What a request to make one may say."""
        return dict(self.record.example)  # type: ignore[attr-defined]  # each record class has one

    @property
    def writable(self) -> bool:
        """Whether requests make and change such records."""
        return issubclass(self.record, schemas.Record)

    @cached_property
    def parts(self) -> dict[str, type[Part]]:
        """The lists within the record: name → class of their rows."""
        rows = {
            name: getattr(each.annotation, "__args__", (None,))[0] for name, each in self.record.model_fields.items()
        }
        return {name: row for name, row in rows.items() if isinstance(row, type) and issubclass(row, Part)}

    @cached_property
    def new(self) -> type[Body]:
        """The body that makes a record."""
        made: type[Body] = self._body("New{}", Body, {Access.DERIVED}, patch=False)
        return made

    @cached_property
    def patch(self) -> type[PatchBody]:
        """The body that changes a record."""
        made: type[PatchBody] = self._body("{}Patch", PatchBody, {Access.DERIVED, Access.FIXED}, patch=True)
        return made

    def _body(self, title: str, base: type[Any], closed: set[Access], *, patch: bool) -> Any:
        made: dict[str, Any] = {}
        for source in filter(None, (self.record, self.further)):
            for name, each in source.model_fields.items():
                if closed.isdisjoint(mark for mark in each.metadata if isinstance(mark, Access)):
                    kind: Any = Annotated[each.annotation, *each.metadata] if each.metadata else each.annotation
                    # Null takes away what may be missing.
                    if patch and not each.is_required():
                        kind = kind | None
                    default = None if patch else ... if each.is_required() else each.get_default()
                    made[name] = (kind, Field(default=default, description=each.description))
        return create_model(title.format(self.record.__name__), __base__=base, __doc__=base.__doc__, **made)

    def default(self, name: str) -> Any:
        """What a field is when nothing is said of it: what `null` makes of it."""
        known = self.record.model_fields.get(name)
        return None if known is None else known.get_default(call_default_factory=True)

    @cached_property
    def one_query(self) -> type[OneQuery]:
        """The parameters of reading one record."""
        return create_model(f"One{self.record.__name__}Query", __base__=OneQuery, **self._geometry_choice())

    @cached_property
    def page_query(self) -> type[PageQuery]:
        """The parameters of reading a list: a closed list of filters."""
        made: dict[str, Any] = {name: (each.type | None, None) for name, each in self.filters.items()}
        if self.ended is not None:
            states = Literal["current", "retired", "all"]
            made["state"] = (
                states,
                Field(default="current", description="Còn hiệu lực hay đã thôi · in force or not"),
            )
        if self.sorts:
            orders = Literal[tuple(self.sorts)]  # type: ignore[valid-type]  # the orders of this kind
            text = "Thứ tự, mặc định theo mã · order; by id if not given"
            needed = [f"{name}: {each.within}" for name, each in self.sorts.items() if each.within]
            made["sort"] = (orders | None, Field(default=None, description=" — ".join([text, *needed])))
        return create_model(f"{self.record.__name__}Query", __base__=PageQuery, **self._geometry_choice(), **made)

    def _geometry_choice(self) -> dict[str, Any]:
        if self.geometry is None:
            return {}
        choice = Literal[tuple(self.geometry.read)]  # type: ignore[valid-type]  # the choices of this kind
        text = "Kèm hình thể GeoJSON, trong hệ toạ độ nào · with geometry, in which CRS"
        return {"geometry": (choice | None, Field(default=None, description=text))}

    @cached_property
    def page(self) -> type[BaseModel]:
        """A page of records."""
        items = Field(description="Các bản ghi · the records")
        return create_model(
            f"{self.record.__name__}Page",
            __base__=Page,
            __doc__=Page.__doc__,
            items=(list[self.record], items),  # type: ignore[name-defined]  # of this kind
        )


class Page(BaseModel):
    """Records in the order of their ids; `links` holds `next` while there are more."""

    links: list[Link] = Field(description="Trang sau, nếu còn · the next page, if there is one")


class State(BaseModel):
    """A record as of a data version, and the changes that made it so; null while it was not there."""

    data_version: int = Field(description="Phiên bản dữ liệu · the data version")
    changes: list[schemas.Change] = Field(description="Các biến động · the changes")
    record: dict[str, Any] | None = Field(description="Bản ghi khi ấy · the record as it was then")


def _is(column: str, kind: Any) -> Filter:
    return Filter(kind, f"t.{column} = %({column})s", _needs(column))


def _in(name: str, query: str) -> Filter:
    """Records that a row of another table ties to the one with the id `name`."""
    return Filter(fields.Ref, f"t.id IN (SELECT {query} = %({name})s)", _needs(name), few=True)


def _needs(name: str) -> Permission | None:
    return Permission.PERSON_READ if name == "holder_id" else None


def _held(column: str, name: str) -> Filter:
    """Records that a right in force ties to the one with the id `name`."""
    return _in(name, f"r.{column} FROM {{holding}} r WHERE r.retired_by IS NULL AND r.{name}")


def _linked(name: str) -> Filter:
    return _in(name, f"l.document_id FROM {{document_link}} l WHERE l.{name}")


# Numbers within texts are compared as numbers: 2, 10, 10A.
NATURAL = "COLLATE registry.vietnamese_numbers"
BY_NAME = Sort(f"t.name {NATURAL}")
NEWEST = Sort(descending=True)

WARD = {"ward_id": _is("ward_id", fields.Ref)}
ON = {name: _is(name, fields.Ref) for name in ("parcel_id", "asset_id", "certificate_id")}
WGS84 = Geometry({"wgs84": "geom_4326"}, "geom_4326", "ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), 4326))")
_OF_CERTIFICATE = "SELECT r.certificate_id FROM {holding} r WHERE r.retired_by IS NULL AND r.holder_id = %(holder_id)s"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "unit",
            "units",
            schemas.Unit,
            {
                "level": _is("level", schemas.Unit.model_fields["level"].annotation),
                "code": _is("code", fields.Code),
                "parent_id": _is("parent_id", fields.Ref),
            },
            ended="valid_to",
            geometry=WGS84,
            sorts={"name": BY_NAME, "code": Sort("t.code")},
        ),
        Kind(
            "group",
            "groups",
            schemas.ResidentialGroup,
            WARD | {"code": _is("code", fields.Code)},
            geometry=WGS84,
            sorts={"name": BY_NAME},
        ),
        Kind(
            "sheet",
            "sheets",
            schemas.MapSheet,
            WARD | {"sheet_no": _is("sheet_no", fields.MapNumber)},
            sorts={"number": Sort(f"t.sheet_no {NATURAL}")},
        ),
        Kind(
            "parcel",
            "parcels",
            schemas.Parcel,
            WARD
            | {
                "map_sheet_id": _is("map_sheet_id", fields.Ref),
                "residential_group_id": _is("residential_group_id", fields.Ref),
                "parcel_no": _is("parcel_no", fields.MapNumber),
                "parcel_code": _is("parcel_code", fields.Code),
                "holder_id": _held("parcel_id", "holder_id"),
                "asset_id": _in("asset_id", "l.parcel_id FROM {asset_parcel} l WHERE l.asset_id"),
                "certificate_id": _in(
                    "certificate_id", "l.parcel_id FROM {certificate_parcel} l WHERE l.certificate_id"
                ),
            },
            ended="retired_by",
            geometry=Geometry(
                {"sheet": "geom", "wgs84": "geom_4326"},
                "geom",
                "ST_SetSRID(ST_GeomFromGeoJSON(%(geometry)s), %(srid)s::int)",
            ),
            sorts={"number": Sort(f"t.parcel_no {NATURAL}", within="map_sheet_id")},
        ),
        Kind(
            "asset",
            "assets",
            schemas.Asset,
            WARD
            | {
                "kind": _is("kind", schemas.Asset.model_fields["kind"].annotation),
                "parent_id": _is("parent_id", fields.Ref),
                "parcel_id": _in("parcel_id", "l.asset_id FROM {asset_parcel} l WHERE l.parcel_id"),
                "holder_id": _held("asset_id", "holder_id"),
                "certificate_id": _in("certificate_id", "l.asset_id FROM {certificate_asset} l WHERE l.certificate_id"),
            },
            ended="retired_by",
        ),
        Kind(
            "holder",
            "holders",
            schemas.Holder,
            WARD
            | {"kind": _is("kind", schemas.Holder.model_fields["kind"].annotation)}
            | {name: _held("holder_id", name) for name in ON},
            personal=True,
            further=schemas.SecretId,
            sorts={"name": Sort("t.full_name COLLATE registry.vietnamese", by_ward=True, needs=Permission.PERSON_READ)},
        ),
        Kind(
            "holding",
            "holdings",
            schemas.Holding,
            WARD
            | ON
            | {
                "holder_id": _is("holder_id", fields.Ref),
                "role": _is("role", schemas.Holding.model_fields["role"].annotation),
            },
            ended="retired_by",
            personal=True,
        ),
        Kind(
            "restriction",
            "restrictions",
            schemas.Restriction,
            WARD | ON,
            ended="retired_by",
            personal=True,
            creates=ChangeKind.RESTRICT,
        ),
        Kind(
            "certificate",
            "certificates",
            schemas.Certificate,
            WARD
            | {
                "parcel_id": _in("parcel_id", "l.certificate_id FROM {certificate_parcel} l WHERE l.parcel_id"),
                "asset_id": _in("asset_id", "l.certificate_id FROM {certificate_asset} l WHERE l.asset_id"),
                "holder_id": Filter(fields.Ref, f"t.id IN ({_OF_CERTIFICATE})", Permission.PERSON_READ),
                "replaced_by": _is("replaced_by", fields.Ref),
            },
            ended="retired_by",
            personal=True,
        ),
        Kind(
            "document",
            "documents",
            schemas.Document,
            WARD | {"kind": _is("kind", fields.Code)} | {name: _linked(name) for name in (*ON, "holder_id")},
            ended="retired_by",
            personal=True,
            creates=ChangeKind.FILE,
            expressions={"content_hash": "encode(t.content_hash, 'hex')"},
            sorts={"newest": NEWEST},
        ),
        Kind(
            "change",
            "changes",
            schemas.Change,
            WARD
            | {
                "kind": _is("kind", ChangeKind),
                "document_id": _is("document_id", fields.Ref),
                "batch_id": _is("batch_id", fields.Ref),
                "undoes": _is("undoes", fields.Ref),
            },
            personal=True,
            expressions={
                "version": "(SELECT v.version FROM published.change_version v WHERE v.change_id = t.id)",
            },
            sorts={"newest": NEWEST},
        ),
    )
}


# Nothing is ever deleted: lineage, history and papers refer to it.
ENDS = {
    "unit": "sửa · correct it: PATCH; do sắp xếp · ended by a reform: gisland unit reform",
    "group": "sửa · correct it: PATCH",
    "sheet": "chuyển, đổi số · move it: POST /api/v1/sheets/…/move",
    "parcel": "huỷ thửa · end it: POST /api/v1/parcels/…/retire",
    "asset": "không còn · end it: POST /api/v1/assets/…/retire",
    "holder": "sửa · correct it: PATCH; kết thúc quyền · end the rights: POST /api/v1/holdings/transfer",
    "holding": "kết thúc · end it: POST /api/v1/holdings/transfer; dữ liệu lịch sử nhập sai · entered wrongly as one of"
    " the past: POST /api/v1/holdings/…/withdraw",
    "restriction": "xoá thế chấp, hết hạn chế · end it: POST /api/v1/restrictions/…/end",
    "certificate": "thu hồi · revoke it: POST /api/v1/certificates/…/retire; cấp đổi · replace it: …/reissue",
    "document": "bỏ · end it: POST /api/v1/documents/…/retire",
    "change": "huỷ biến động · undo it: POST /api/v1/changes/…/undo",
}


def kind_of(name: str) -> Kind:
    """The kind with this name.

    Raises:
        UsageError: there is none.
    """
    if name not in KINDS:
        raise UsageError(f"không có loại bản ghi · there is no kind of record {name[:40]!r}", hint=", ".join(KINDS))
    return KINDS[name]
