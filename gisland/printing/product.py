"""What a printed product looks like: `config/print/<id>/product.yml`, read and checked before anything is drawn."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from gisland.catalogue import Filled, Text
from gisland.errors import NotFound
from gisland.kit.yaml_file import Entry, parse, read_yaml
from gisland.settings import Settings

FOLDER = "GISLAND_CONFIG_DIR"
EXAMPLE = "config/print/atlas/product.yml"

Scale = Annotated[int, Field(ge=50, le=100_000)]
Share = Annotated[float, Field(gt=0, le=1)]


class Product(Entry):
    """What a printed product says of itself, and who signs it; see `config/print/atlas/product.yml`."""

    title: Text
    notice: Text
    notes: tuple[Text, ...]
    signatures: Annotated[tuple[Text, ...], Field(max_length=4)]


class MapProduct(Product):
    """What has labelled maps; of a sheet see `config/print/sheet/product.yml`. Lengths: mm on paper."""

    label_height: Annotated[float, Field(ge=1, le=5)]
    label_smallest: Annotated[float, Field(ge=0.5, le=1)]


class AtlasProduct(MapProduct):
    """The atlas. Lengths: mm on paper."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    labels_that_fit: Share
    inset_scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    inside: Annotated[float, Field(ge=0, le=20)]
    boxes: Annotated[tuple[Text, ...], Field(max_length=4)]
    outcomes: Annotated[tuple[Text, ...], Field(max_length=9)]


class SheetProduct(MapProduct):
    """A map sheet; see `config/print/sheet/product.yml`."""


class AreaProduct(MapProduct):
    """A map of parcels on one sheet; see `config/print/area/product.yml`. Lengths: mm on paper."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    inside: Annotated[float, Field(ge=0, le=20)]


class ExtractProduct(Product):
    """The extract of a parcel; see `config/print/extract/product.yml`. Lengths: mm on paper."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    around: Annotated[float, Field(ge=5, le=40)]
    side_height: Annotated[float, Field(ge=1, le=4)]
    corner_height: Annotated[float, Field(ge=1, le=4)]


class ReceiptsProduct(Product):
    """Papers for the head of a group; see `config/print/receipts/product.yml`."""

    announcement: tuple[Text, ...]
    blanks: tuple[Text, ...]
    empty_rows: Annotated[int, Field(ge=0, le=60)]


class FormField(Entry):
    """A field of a form."""

    number: int
    label: Text
    value: Filled


class FormSection(Entry):
    """Fields that belong together, in columns beside each other."""

    title: Text
    of: Literal["certificates", "holders", "users", "parcel", "uses", "assets"]
    columns: Annotated[int, Field(ge=1, le=3)]
    fields: Annotated[tuple[FormField, ...], Field(min_length=1)]


class FormProduct(Product):
    """The form of a parcel; see `config/print/forms/product.yml`."""

    sections: Annotated[tuple[FormSection, ...], Field(min_length=1)]


class OverviewProduct(Product):
    """The overview of wards, groups or an area; see `config/print/overview/product.yml`."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    parcels_to: Annotated[int, Field(ge=0, le=100_000)]


Kind = TypeVar("Kind", bound=Product)


def load_product(settings: Settings, name: str, kind: type[Kind]) -> Kind:
    """Read `config/print/<name>/product.yml`.

    Args:
        settings: where the configuration is.
        name: of the product.
        kind: what its file says.

    Raises:
        NotFound: there is no such product.
        UsageError: the file is wrong; says which field and how to mend it.
    """
    file = settings.config_dir / "print" / name / "product.yml"
    if not file.exists():
        known = sorted(each.parent.name for each in file.parent.parent.glob("*/product.yml"))
        raise NotFound(
            f"không có sản phẩm in {name!r} · there is no printed product {name!r}", hint=f"one of: {', '.join(known)}"
        )
    return parse(kind, file, read_yaml(file, FOLDER), EXAMPLE)
