"""The catalogue: what `config/` says about published layers and colours, read and checked once at start.

Everything a GIS person may get wrong is told as one line: which file, which field, how to mend it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gisland.catalogue_checks import check_layer
from gisland.errors import NotFound
from gisland.kit.yaml_file import Entry, parse, read_yaml, wrong
from gisland.palette import (
    LANGUAGES,
    NO_HATCH,
    PARTS,
    Color,
    Filled,
    Ground,
    Hatch,
    Language,
    Palette,
    Part,
    PublicClass,
    Text,
)
from gisland.settings import Settings

__all__ = [
    "EXAMPLE",
    "FOLDER",
    "FORMAT",
    "ID",
    "LANGUAGES",
    "PARTS",
    "Catalogue",
    "Color",
    "Filled",
    "Ground",
    "Hatch",
    "Language",
    "Layer",
    "LayerField",
    "LayerLabel",
    "Palette",
    "Part",
    "PublicClass",
    "Text",
    "TileLabel",
    "layer_files",
    "load_catalogue",
    "load_palette",
]

EXAMPLE = "config/layers/parcels"
FOLDER = "GISLAND_CONFIG_DIR"

# Of the published tables; another one makes them anew at the next `layer apply`.
FORMAT = 12

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Zoom = Annotated[int, Field(ge=0, le=22)]
Table = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")]


class LayerField(Entry):
    """A property of the features of a layer."""

    name: Name
    type: Literal["integer", "number", "string", "date", "datetime"]
    title: Text
    description: Text | None = None
    """What the database does not say of it; default: the comment of the column that it is (`gisland layer apply`)."""
    column: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+\.[a-z0-9_]+$")] | None = None
    """The column (schema.table.column) whose comment says what it means, where the view does not simply show it."""
    queryable: bool = False
    """Is often asked for by value, and therefore has an index. All fields but those of persons may be asked for."""
    sortable: bool = False
    """Features may be sorted by it (`?sortby=name`), and therefore it has an index. Texts are in the order of the
    Vietnamese alphabet, numbers in them by their value."""
    text: bool = False
    """A text whose words `?q=…` looks for."""
    unit: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,20}$")] | None = None
    """The unit of its numbers, in UCUM's letters: m2, deg."""
    values: Part | None = None
    """Its values are the statuses of this part of the palette."""
    codes: Name | None = None
    """Its values are codes of this list of `data/codes`, or of `wards` or `residential_groups`; several joined by +."""
    needs: Literal["person:read", "identity:read"] | None = None
    """The permission without which it is not shown, nor asked for: it tells of persons."""

    @property
    def open(self) -> bool:
        """Whether its values may stand in addresses and on tiles of those who are shown it: who is meant is not said.

        A status says what is wrong with a person, but not with whom.
        """
        return self.needs is None or self.values is not None


ID = LayerField(name="id", type="integer", title=Text(vi="Mã số", en="Id"), queryable=True)


class LayerScope(Entry):
    """The fields that say to which ward and residential group a feature belongs, by their codes."""

    ward: Name
    group: Name


class LayerLabel(Entry):
    """What is written on a feature: one line, or a fraction as on a cadastral map."""

    text: Name | None = None
    """The field of the one line."""
    left: Name | None = None
    """The field left of the fraction (land type)."""
    above: Name | None = None
    below: Name | None = None
    """The fields above and below its bar (parcel number over area)."""
    scale: Annotated[int, Field(ge=100, le=10_000_000)] = 2_000
    """The scale (1:n) up to which it is written."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        fraction = (self.left, self.above, self.below)
        if self.text is None and not all(fraction):
            raise ValueError("give `text`, or all of `left`, `above`, `below`")
        if self.text is not None and any(fraction):
            raise ValueError("give either `text`, or `left`, `above`, `below`")
        return self

    @property
    def fields(self) -> list[str]:
        """The names of the fields that it shows."""
        return [each for each in (self.text, self.left, self.above, self.below) if each is not None]


class TileLabel(Entry):
    """The label of a feature on vector tiles: a point, a direction, and a text that grows with the zoom."""

    x: Name
    """The field of its longitude, in degrees."""
    y: Name
    """… of its latitude."""
    angle: Name | None = None
    """… of the direction of its text: degrees counter-clockwise from east."""
    text: dict[Zoom, Filled]
    """From which zoom on what is written; `{field}` stands for what the field says."""


# Below this zoom a tile must be small whatever lies on it.
SMALL_BELOW = 14


class Tiles(Entry):
    """How a layer is drawn on vector tiles. Names and ids of persons are on none; a status is for who is shown it."""

    drawn_from: Annotated[int, Field(ge=0, le=16)] = 14
    """The zoom from which on each feature is drawn; below, features are put together."""
    fields: dict[Zoom, tuple[Name, ...]] | None = None
    """From which zoom on which fields come along, besides those before; all from the first on when it is not said."""
    status: Name | None = None
    """The field by whose values features are put together; by default the one that has the palette's."""
    areas: tuple[Name, ...] = ()
    """The text fields that say to which area a feature belongs, the widest first; far away only the first counts."""
    label: TileLabel | None = None

    @property
    def together_below(self) -> int:
        """The zoom below which features may be put together: not drawn one by one, or too many for a small tile."""
        return max(self.drawn_from, SMALL_BELOW)

    def status_of(self, layer: Layer) -> str | None:
        """The field by whose values the features of this layer are put together, as far as it is shown."""
        if self.status in {field.name for field in layer.fields}:
            return self.status
        return None if layer.status is None else layer.status.name


class Layer(Entry):
    """`config/layers/<id>/`: one published layer."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Text
    description: Text
    public: bool
    feature: Table
    """The table whose rows are the features; the layer's `id` is its `id`."""
    geometry: Name = "geom"
    geometry_type: Literal["point", "line", "polygon"] | None = None
    """What all its geometries are, also of several parts; None for what is of several kinds."""
    native: Name | None = None
    """A column of the view with the geometry in the CRS of its survey: its coordinates are given to the last bit."""
    datetime: Name | None = None
    """The date from which a feature is in force, which the `datetime` parameter asks for."""
    ends: Name | None = None
    """… and the date until which it was, if it has ended; without it all are in force today."""
    extents_by: Name | None = None
    """A field by whose values the extent of the collection is also given, part by part."""
    scope: LayerScope | None = None
    """Whose features are whose: a layer that is not public must say it."""
    label: LayerLabel | None = None
    """What styles write on its features; default: nothing."""
    fields_of: str | None = None
    """A layer whose fields come before those given here."""
    without: tuple[Name, ...] = ()
    """Fields of that layer that this one has not got."""
    fields: tuple[LayerField, ...]
    touched_by: dict[Table, Filled] = Field(default_factory=dict)
    """Per table, which features a change of its rows touches: SQL over `changed(id)` that gives their keys."""
    refresh: Literal["flush", "soon", "manual", "interval"] = "flush"
    """When features follow what they are made of: within the transaction that changes it (`flush`, by `touched_by`);
    some seconds later, by the job worker (`soon`, by `touched_by`, too: for sums of many rows, whose writers would wait
    for one another; no former states are kept); at `gisland layer refresh`, or every so many minutes. The latter two
    need no triggers: they serve foreign tables, and views of others."""
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """The interval."""
    view_sql: Filled
    tiles: Tiles = Tiles()

    def __hash__(self) -> int:
        """Layers are keys of caches."""
        return hash(self.id)

    @property
    def table(self) -> str:
        """The published table, without its schema."""
        return self.id.replace("-", "_")

    @property
    def target_schema(self) -> str:
        """Where the published table lies: what is not public is out of the public role's sight."""
        return "published" if self.public else "published_staff"

    @property
    def source_schema(self) -> str:
        """Where the view lies, and with it whose rights it reads with."""
        return "publisher" if self.public else "publish"

    @property
    def late(self) -> bool:
        """Whether it follows what it is made of after some seconds, and keeps no former states."""
        return self.refresh == "soon"

    @property
    def columns(self) -> list[str]:
        """All columns of the table, in order."""
        return ["id", *(field.name for field in self.fields), self.geometry]

    @property
    def scope_fields(self) -> list[str]:
        """The names of the fields that say ward and group, or none."""
        return [self.scope.ward, self.scope.group] if self.scope else []

    @cached_property
    def queryables(self) -> dict[str, LayerField]:
        """What may be asked for, by value and in filters: the id, and all fields but names and ids of persons.

        A name that is asked for stands in an address, and so in histories and logs: persons are searched by POST.
        """
        return {field.name: field for field in (ID, *self.fields) if field.open}

    @property
    def status(self) -> LayerField | None:
        """The field by whose values features are coloured and counted: exact statuses where they are shown."""
        found = (field for field in self.fields if field.values is not None)
        return min(found, key=lambda field: field.values != "exact", default=None)

    @property
    def other_statuses(self) -> list[str]:
        """The fields that those go by to whom the status of its tiles is not shown."""
        used = self.tiles.status_of(self)
        secret = any(field.needs for field in self.fields if field.name == used)
        return [field.name for field in self.fields if secret and field.values and field.needs is None]

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The names of those that an index finds."""
        return frozenset(field.name for field in self.queryables.values() if field.queryable or field.sortable)

    @cached_property
    def sortables(self) -> dict[str, LayerField]:
        """The fields that features may be sorted by."""
        return {field.name: field for field in self.fields if field.sortable}

    @cached_property
    def texts(self) -> list[LayerField]:
        """The fields whose words may be looked for."""
        return [field for field in self.fields if field.text]

    @property
    def masked(self) -> bool:
        """Whether fields are left out."""
        return False

    def shown_to(self, held: frozenset[str]) -> Layer:
        """The layer with the fields that may be seen with these permissions."""
        fields = tuple(field for field in self.fields if field.needs is None or field.needs in held)
        return self if fields == self.fields else MaskedLayer(**_values(self) | {"fields": fields})

    def definition_hash(self, palette: Palette) -> str:
        """Changes whenever the published table would have other columns or other rows."""
        shape = [
            (field.name, field.type, field.queryable, field.sortable, field.text, field.title.vi)
            for field in self.fields
        ]
        parts = [FORMAT, self.public, self.feature, self.geometry, shape, self.touched_by, self.view_sql, palette.order]
        # Of tiles what there are indexes for.
        parts += [self.scope_fields, self.native, self.tiles.status, self.tiles.areas]
        parts += [["soon"]] if self.late else []
        parts += [palette.progress] if any(field.values == "progress" for field in self.fields) else []
        parts += self.other_statuses
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _values(layer: Layer) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in Layer.model_fields}


class MaskedLayer(Layer):
    """A layer without the fields that a reader may not see: they are no part of it, wherever it is asked about."""

    @property
    def masked(self) -> bool:
        """Whether fields are left out."""
        return True

    def __hash__(self) -> int:
        """Layers are keys of caches."""
        return hash((self.id, len(self.fields)))


class Catalogue(Entry):
    """All of it."""

    layers: dict[str, Layer]
    palette: Palette

    def __hash__(self) -> int:
        """Catalogues are keys of caches."""
        return hash(tuple(self.layers))

    def shown_to(self, held: frozenset[str]) -> Catalogue:
        """The catalogue with the fields that may be seen with these permissions."""
        layers = {name: layer.shown_to(held) for name, layer in self.layers.items()}
        return self.model_copy(update={"layers": layers})

    def layer(self, layer_id: str) -> Layer:
        """A layer by its id.

        Raises:
            NotFound: there is none; the message names those there are.
        """
        try:
            return self.layers[layer_id]
        except KeyError:
            known = ", ".join(each.id for each in self.layers.values() if each.public)
            raise NotFound(
                f"không có lớp {layer_id!r} · there is no layer {layer_id!r}", hint=f"the public layers are: {known}"
            ) from None


def load_catalogue(settings: Settings) -> Catalogue:
    """Read and check `config/palette.yml` and `config/layers/*/layer.yml`, and the layers that are added to them.

    Raises:
        UsageError: a file is missing or wrong; names file and field, and says what is expected.
    """
    palette = load_palette(settings)
    raw = {name: (file, read_yaml(file, FOLDER)) for name, file in layer_files(settings).items()}
    # Sums come after what they are made of, in all lists.
    layers = sorted((_layer(name, raw) for name in raw), key=lambda layer: (layer.late, layer.id))
    return Catalogue(layers={layer.id: layer for layer in layers}, palette=palette)


def load_palette(settings: Settings) -> Palette:
    """Read and check `config/palette.yml`.

    Raises:
        UsageError: it is missing or wrong; names the field, and says what is expected.
    """
    file = settings.config_dir / "palette.yml"
    palette = parse(Palette, file, read_yaml(file, FOLDER), EXAMPLE)
    for name, status in palette.exact.items():
        if status.public not in palette.public:
            known = ", ".join(palette.public)
            raise wrong(file, f"exact.{name}.public", f"{status.public!r} is no public class", f"one of: {known}")
    _check_hatches(file, palette)
    return palette


def layer_files(settings: Settings) -> dict[str, Path]:
    """The files of the layers, by id: those of `layers_dir` take the places of others.

    Raises:
        UsageError: there are none.
    """
    folders = [settings.config_dir / "layers", *([settings.layers_dir] if settings.layers_dir else [])]
    found: dict[str, Path] = {}
    for folder in folders:
        files = {file.parent.name: file for file in folder.glob("*/layer.yml")}
        if not files:
            raise wrong(folder, "", "there is no layer", "add <layer id>/layer.yml and view.sql")
        found |= files
    return dict(sorted(found.items()))


def _check_hatches(file: Path, palette: Palette) -> None:
    for part in PARTS:
        for name, status in palette.statuses(part).items():
            if status.hatch != NO_HATCH and status.hatch not in palette.hatches:
                known = ", ".join([NO_HATCH, *palette.hatches])
                told = f"{status.hatch!r} is none of the hatches"
                raise wrong(file, f"{part}.{name}.hatch", told, f"one of: {known}")


def _layer(name: str, raw: dict[str, tuple[Path, dict[str, Any]]]) -> Layer:
    file, content = raw[name]
    view = file.with_name("view.sql")
    if not view.exists():
        raise wrong(view, "", "it is missing", "write the SELECT that gives the layer's columns")
    borrowed = content.get("fields_of")
    if borrowed is not None:
        if borrowed not in raw or borrowed == name:
            raise wrong(file, "fields_of", f"there is no other layer {borrowed!r}", f"one of: {', '.join(raw)}")
        theirs = raw[borrowed][1].get("fields", [])
        left_out = {str(each) for each in content.get("without") or ()}
        for each in sorted(left_out - {field.get("name") for field in theirs}):
            raise wrong(file, "without", f"{borrowed!r} has no field {each!r}", "mend its spelling, or leave it out")
        kept = [field for field in theirs if field.get("name") not in left_out]
        content = content | {"fields": [*kept, *content.get("fields", [])]}
    content = content | {"id": name, "view_sql": view.read_text(encoding="utf-8").rstrip("; \n")}
    layer = parse(Layer, file, content, EXAMPLE)
    check_layer(file, layer)
    return layer
