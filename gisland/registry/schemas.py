"""The kinds of record as they go in and out: one class per kind; what a request may say is derived from it.

A field is a column of the kind's table, a list is a table of rows that belong to the record. Meanings stand in the
comments of the database (`sql/comments.sql`) and become the descriptions of the API from there.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gisland.registry.changes import ChangeKind
from gisland.registry.fields import (
    Area,
    BigKey,
    Book,
    Bytes,
    CertificateCode,
    Confidence,
    ContentHash,
    Day,
    Derived,
    Fixed,
    Key,
    MapNumber,
    MediaType,
    Metres,
    Name,
    Numerator,
    OfIdentity,
    ParcelCode,
    Personal,
    Scale,
    Serial,
    Shape,
    SquareKilometres,
    Text,
    TextAngle,
    Word,
)


def _all_there(schema: dict[str, Any]) -> None:
    """An answer leaves nothing out, except the geometry that was not asked for."""
    schema["required"] = [name for name in schema["properties"] if name != "geometry"]


class Part(BaseModel):
    """A row of a list within a record; a list is replaced as a whole."""

    model_config = ConfigDict(extra="forbid")
    table: ClassVar[str]
    owner: ClassVar[str]
    """The column that names the record it belongs to."""
    order: ClassVar[str] = "id"
    in_ward: ClassVar[bool] = False
    """Whether its table says the ward, too."""


class Record(BaseModel):
    """What each record has; the database sets it."""

    model_config = ConfigDict(json_schema_extra=_all_there)
    table: ClassVar[str]
    example: ClassVar[dict[str, Any]] = {}

    id: Derived[BigKey]
    version: Derived[int]
    updated_at: Derived[datetime]
    changed_by: Derived[int]


class Unit(Record):
    """Đơn vị hành chính · administrative unit."""

    table = "unit"
    example: ClassVar[dict[str, Any]] = {"level": "ward", "code": "11312", "name": "Phường Thử", "srid": 9210}

    level: Fixed[Literal["province", "district", "ward"]]
    code: Fixed[Word]
    name: Name
    name_en: Text = ""
    parent_id: Fixed[Key | None] = None
    srid: Fixed[Key | None] = None
    area_km2: SquareKilometres | None = None
    valid_from: Fixed[Day] = date(2025, 7, 1)
    valid_to: Derived[date | None] = None
    geometry: Shape | None = None


class ResidentialGroup(Record):
    """Tổ dân phố, thôn · residential group."""

    table = "residential_group"
    example: ClassVar[dict[str, Any]] = {"ward_id": 1, "code": "TDP 12", "name": "Tổ dân phố số 12"}

    ward_id: Fixed[Key]
    code: Word
    name: Name
    geometry: Shape | None = None


class MapSheet(Record):
    """Tờ bản đồ địa chính · cadastral map sheet."""

    table = "map_sheet"
    example: ClassVar[dict[str, Any]] = {"ward_id": 1, "sheet_no": "15", "scale": 500, "srid": 9210}

    ward_id: Fixed[Key]
    old_ward_code: Fixed[Book] = ""
    sheet_no: Fixed[MapNumber]
    scale: Scale = 0
    srid: Fixed[Key]
    name: Text = ""


class LandUse(Part):
    """Mục đích sử dụng đất · land use."""

    table = "land_use"
    owner = "parcel_id"
    order = "seq"

    land_type: Word
    area_m2: Area | None = None
    origin: Text = ""
    use_form: Text = ""
    term: Text = ""


class ParcelNumber(Part):
    """Số hiệu khác của thửa · another number of a parcel."""

    table = "parcel_number"
    owner = "parcel_id"
    in_ward = True

    series: Literal["map_299", "map_1994", "regular", "certificate", "before_reform", "other"]
    old_ward_code: Book = ""
    sheet_no: Book = ""
    parcel_no: MapNumber
    scale: Scale = 0
    source: Text = ""
    confidence: Confidence = Field(default=Decimal(1), json_schema_extra={"default": 1})


class Parcel(Record):
    """Thửa đất · parcel."""

    table = "parcel"
    example: ClassVar[dict[str, Any]] = {
        "map_sheet_id": 1,
        "parcel_no": "123",
        "legal_area_m2": 100.0,
        "address": "Số 1 phố Thử",
        "land_uses": [{"land_type": "ODT", "area_m2": 100.0, "origin": "CNQ-CTT", "term": "Lâu dài"}],
        "numbers": [{"series": "map_299", "sheet_no": "2", "parcel_no": "45", "source": "Sổ mục kê"}],
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                [
                    [594000.0, 2309000.0],
                    [594010.0, 2309000.0],
                    [594010.0, 2309010.0],
                    [594000.0, 2309010.0],
                    [594000.0, 2309000.0],
                ]
            ],
        },
    }

    ward_id: Derived[Key]
    map_sheet_id: Fixed[Key]
    residential_group_id: Key | None = None
    parcel_no: Fixed[MapNumber]
    parcel_code: ParcelCode | None = None
    parcel_code_method: Derived[int | None] = None
    srid: Derived[int]
    area_m2: Derived[float]
    legal_area_m2: Area | None = None
    address: Text = ""
    label_east: Metres | None = None
    label_north: Metres | None = None
    label_angle: TextAngle | None = None
    valid_from: Derived[date]
    valid_to: Derived[date | None]
    created_by: Derived[int]
    retired_by: Derived[int | None]
    land_uses: list[LandUse] = []
    numbers: list[ParcelNumber] = []
    geometry: Fixed[Shape]


class AssetParcel(Part):
    """Thửa mà tài sản gắn liền · a parcel that an asset stands on."""

    table = "asset_parcel"
    owner = "asset_id"

    parcel_id: BigKey


class Asset(Record):
    """Tài sản gắn liền với đất · asset attached to land."""

    table = "asset"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "kind": "house",
        "name": "Nhà ở riêng lẻ",
        "footprint_m2": 60.0,
        "floor_area_m2": 180.0,
        "parcels": [{"parcel_id": 1}],
    }

    ward_id: Fixed[Key]
    kind: Literal[
        "house",
        "apartment",
        "apartment_building",
        "apartment_complex",
        "works",
        "underground_works",
        "production_forest",
        "perennial_trees",
    ]
    parent_id: BigKey | None = None
    name: Text = ""
    number: Text = ""
    footprint_m2: Area | None = None
    floor_area_m2: Area | None = None
    ownership_form: Text = ""
    ownership_term: Text = ""
    grade: Text = ""
    address: Text = ""
    created_by: Derived[int]
    retired_by: Derived[int | None]
    parcels: list[AssetParcel] = []


class Holder(Record):
    """Người sử dụng đất · holder. The national id goes in as `national_id` and comes out masked only."""

    table = "holder"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "kind": "person",
        "full_name": "Nguyễn Văn Thử",
        "birth_year": 1970,
        "gender": "male",
        "national_id": "999070000001",
    }

    ward_id: Fixed[Key]
    kind: Literal["person", "household", "couple", "organisation", "community"]
    full_name: Personal[Name]
    birth_date: Personal[Day | None] = None
    birth_year: Personal[Annotated[int, Field(ge=1850, le=2150, strict=True)] | None] = None
    gender: Personal[Literal["male", "female"] | None] = None
    id_kind: OfIdentity[Derived[Literal["personal", "cmnd", "organisation", "other"] | None]]
    id_masked: OfIdentity[Derived[str | None]]
    address: Personal[Text] = ""
    created_by: Derived[int]


class SecretId(BaseModel):
    """What a request may say of a holder besides: the number itself, which no answer holds."""

    national_id: Annotated[SecretStr, Field(min_length=1, max_length=40)] | None = Field(
        default=None, description="Số định danh, chỉ ghi vào · National id, write only; null takes it away"
    )


class Holding(Record):
    """Quyền · right of a holder on a parcel or an asset."""

    table = "holding"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "parcel_id": 1,
        "holder_id": 1,
        "certificate_id": 1,
        "role": "certificate_holder",
    }

    ward_id: Fixed[Key]
    parcel_id: Fixed[BigKey | None] = None
    asset_id: Fixed[BigKey | None] = None
    holder_id: Fixed[BigKey]
    certificate_id: BigKey | None = None
    role: Fixed[Literal["certificate_holder", "current_user"]]
    party: Literal["individual", "household", "couple", "co_users", "community", "organisation"] = "individual"
    member_role: Personal[Text] = ""
    reason: Personal[Text] = ""
    share_num: Numerator | None = None
    share_den: Numerator | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    created_by: Derived[int]
    retired_by: Derived[int | None]


class Restriction(Record):
    """Hạn chế quyền · restriction."""

    table = "restriction"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "parcel_id": 1,
        "kind": "mortgage",
        "beneficiary": "Ngân hàng Thử",
        "valid_from": "2026-01-15",
    }

    ward_id: Fixed[Key]
    parcel_id: Fixed[BigKey | None] = None
    asset_id: Fixed[BigKey | None] = None
    certificate_id: Fixed[BigKey | None] = None
    kind: Name
    beneficiary: Personal[Text] = ""
    description: Personal[Text] = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    continues: Derived[int | None]
    created_by: Derived[int]
    retired_by: Derived[int | None]


class CertificateParcel(Part):
    """Thửa ghi trên Giấy chứng nhận · a parcel that a certificate names, with the numbers on paper."""

    table = "certificate_parcel"
    owner = "certificate_id"

    parcel_id: BigKey | None = None
    paper_sheet_no: Book = ""
    paper_parcel_no: Book = ""
    paper_area_m2: Area | None = None


class CertificateAsset(Part):
    """Tài sản ghi trên Giấy chứng nhận · an asset that a certificate names."""

    table = "certificate_asset"
    owner = "certificate_id"

    asset_id: BigKey


class Certificate(Record):
    """Giấy chứng nhận · certificate."""

    table = "certificate"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "serial": "DD 123456",
        "book_no": "CS 00012",
        "issue_date": "2019-05-20",
        "issuer": "Sở Tài nguyên và Môi trường",
        "parcels": [{"parcel_id": 1, "paper_sheet_no": "2", "paper_parcel_no": "45", "paper_area_m2": 100.0}],
    }

    ward_id: Fixed[Key]
    serial: Serial = ""
    book_no: Book = ""
    gcn_code: CertificateCode = ""
    issue_date: Day | None = None
    issuer: Text = ""
    kind: Book = ""
    scan_file: Personal[Text] = ""
    replaced_by: Derived[int | None]
    created_by: Derived[int]
    retired_by: Derived[int | None]
    parcels: list[CertificateParcel] = []
    assets: list[CertificateAsset] = []


class DocumentLink(Part):
    """Đối tượng mà văn bản nói đến · what a document is about: exactly one of the four."""

    table = "document_link"
    owner = "document_id"

    parcel_id: BigKey | None = None
    asset_id: BigKey | None = None
    holder_id: BigKey | None = None
    certificate_id: BigKey | None = None


class Document(Record):
    """Văn bản, bản quét · document: what is known of it, not its content."""

    table = "document"
    example: ClassVar[dict[str, Any]] = {
        "ward_id": 1,
        "kind": "HD",
        "number": "12/2026",
        "issued_on": "2026-02-03",
        "links": [{"parcel_id": 1}],
    }

    ward_id: Fixed[Key]
    kind: Name
    number: Book = ""
    issued_on: Day | None = None
    issuer: Text = ""
    file_name: Personal[Text] = ""
    media_type: MediaType = ""
    content_hash: Fixed[ContentHash | None] = None
    size_bytes: Fixed[Bytes | None] = None
    pages: Numerator | None = None
    created_by: Derived[int]
    retired_by: Derived[int | None]
    links: list[DocumentLink] = []


class Change(BaseModel):
    """Biến động · change: who changed what, when and why. It is never altered."""

    model_config = ConfigDict(json_schema_extra=_all_there)
    table: ClassVar[str] = "change"
    example: ClassVar[dict[str, Any]] = {}

    id: Derived[BigKey]
    version: Derived[int | None]
    ward_id: Derived[int | None]
    kind: Derived[ChangeKind]
    reason: Personal[Derived[str]]
    document_id: Derived[int | None]
    valid_on: Derived[date]
    detail: Personal[Derived[dict[str, Any]]]
    undoes: Derived[int | None]
    batch_id: Derived[int | None]
    by: Derived[str]
    at: Derived[datetime]
