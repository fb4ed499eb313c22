"""What the fields of records may hold: texts, numbers, ids, days and shapes, checked before the database sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from gisland.kit.certificate_numbers import normalise_certificate_code, normalise_serial
from gisland.kit.identifiers import map_number, mask_ids
from gisland.kit.text import clean_text
from gisland.registry import parcel_code
from gisland.security.permissions import Permission

Value = TypeVar("Value")


class Access(Enum):
    """Who sets a field; an editable one has no mark."""

    DERIVED = "set by the database or by an act of its own, never by a request"
    FIXED = "said when the record is made; later only an act of its own changes it"


Derived = Annotated[Value, Access.DERIVED]
Fixed = Annotated[Value, Access.FIXED]
# What tells of persons, and so is shown to those only who may see it (`gisland.security.mask`).
Personal = Annotated[Value, Permission.PERSON_READ]
OfIdentity = Annotated[Value, Permission.IDENTITY_READ]


def _plain(text: str) -> str:
    text = clean_text(text)
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise ValueError("chữ có ký tự điều khiển · the text holds control characters")
    return text


def _something(text: str) -> str:
    if not text:
        raise ValueError("không được để trống · it must not be empty")
    return text


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("không phải số · it is no number")  # noqa: TRY004 - pydantic listens to ValueError
    return value


def _day(value: object) -> object:
    if not isinstance(value, date) and not (isinstance(value, str) and len(value) == 10):
        raise ValueError("không phải ngày · it is no day: 2026-03-31")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Code = Annotated[str, StringConstraints(max_length=500), AfterValidator(_plain)]
# People write ids of others where they do not belong: they are masked on the way in, as in files.
Text = Annotated[Code, AfterValidator(mask_ids)]
# Numbers and codes, in which dots, dashes and spaces part numbers.
Book = Annotated[Code, AfterValidator(lambda text: mask_ids(text, code=True))]
Word = Annotated[Book, AfterValidator(_something), Field(min_length=1)]
# Names of groups and units, kinds: words, in which no signs part numbers.
Name = Annotated[Text, AfterValidator(_something), Field(min_length=1)]
# T3 31 00000123 is a run of digits, too: what is a code is kept, anything else is masked like other codes.
CertificateCode = Annotated[Code, AfterValidator(normalise_certificate_code)]
# RFC 6838, without room for a number of persons in it.
MediaType = Annotated[
    Book,
    StringConstraints(
        pattern=r"^((application|audio|font|image|message|model|multipart|text|video)"
        r"/([0-9]{0,4}[a-z.+_-])+[0-9]{0,4})?$",
        max_length=127,
    ),
]
# SHA-256 as hexadecimal digits, and a number of bytes.
ContentHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Bytes = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
# In one writing: AB 123456.
Serial = Annotated[Book, AfterValidator(normalise_serial)]
MapNumber = Annotated[Word, AfterValidator(map_number)]
ParcelCode = Annotated[str, StringConstraints(pattern=parcel_code.PATTERN)]
# In a query string all is text; in a body an id is a number.
Ref = Annotated[int, Field(ge=1, le=2**63 - 1)]
Key = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
BigKey = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
Scale = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
Numerator = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


AS_NUMBER = PlainSerializer(float, return_type=float)
Area = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, max_digits=14, decimal_places=1),
    AS_NUMBER,
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 1e13}),
]
SquareKilometres = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(gt=0, max_digits=10, decimal_places=4),
    AS_NUMBER,
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e6}),
]
Confidence = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(gt=0, le=1, decimal_places=2),
    AS_NUMBER,
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]

Metres = Annotated[float, BeforeValidator(_number), Field(ge=-2e7, le=2e7, allow_inf_nan=False)]
"""A coordinate on a plane; no plane reaches farther."""
TextAngle = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(gt=-90, le=90, decimal_places=1),
    AS_NUMBER,
    WithJsonSchema({"type": "number", "exclusiveMinimum": -90, "maximum": 90}),
]

# Positions of a shape. The outlines of communes in public data have some thousands; what is done with a shape (is it
# valid, does it overlap) takes up to the square of their number.
MOST_POSITIONS = 20_000

Position = Annotated[list[Annotated[float, Field(allow_inf_nan=False, strict=True)]], Field(min_length=2, max_length=2)]
Ring = Annotated[list[Position], Field(min_length=4)]


class Shape(BaseModel):
    """A GeoJSON Polygon or MultiPolygon; rings are closed."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Polygon", "MultiPolygon"] = Field(description="Một vùng hay nhiều vùng · one part or several")
    coordinates: (
        Annotated[list[Ring], Field(min_length=1)]
        | Annotated[list[Annotated[list[Ring], Field(min_length=1)]], Field(min_length=1)]
    ) = Field(description="Vòng ngoài rồi các lỗ, [đông, bắc] · outer ring, then holes, of [east, north]")

    def rings(self) -> Iterator[list[list[float]]]:
        """All rings, outer and inner."""
        for part in self.coordinates if self.type == "MultiPolygon" else [self.coordinates]:
            yield from part  # type: ignore[misc]  # the validator has seen that depth and type agree

    @model_validator(mode="after")
    def _check(self) -> Shape:
        nested = isinstance(self.coordinates[0][0][0], list)
        if nested != (self.type == "MultiPolygon"):
            raise ValueError("toạ độ không hợp với type · the coordinates do not fit the type")
        if sum(len(ring) for ring in self.rings()) > MOST_POSITIONS:
            raise ValueError(f"quá nhiều đỉnh, tối đa {MOST_POSITIONS} · too many positions")
        if any(ring[0] != ring[-1] for ring in self.rings()):
            raise ValueError("vòng không khép kín · a ring is not closed")
        return self
