"""What a layer's file may not say: each mistake is one line with file, field and mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gisland.kit.yaml_file import wrong

if TYPE_CHECKING:
    from gisland.catalogue import Layer


def check_layer(file: Path, layer: Layer) -> None:
    """See whether a layer is whole and names only what it has.

    Raises:
        UsageError: it does not; names file and field, and says what is expected.
    """
    names = layer.columns
    for twice in sorted({column for column in names if names.count(column) > 1}):
        raise wrong(file, "fields", f"the column {twice!r} is there twice", "give each field a name of its own")
    if layer.extents_by is not None and layer.extents_by not in names:
        raise wrong(file, "extents_by", f"there is no field {layer.extents_by!r}", f"one of: {', '.join(names[1:-1])}")
    if layer.without and layer.fields_of is None:
        raise wrong(file, "without", "there are no fields of another layer", "name that layer: `fields_of: …`")
    if layer.native in names:
        raise wrong(file, "native", f"{layer.native!r} is also a column of the layer", "give it a name of its own")
    _check_scope(file, layer)
    if layer.label is not None:
        for field in layer.label.fields:
            if field not in names:
                raise wrong(file, "label", f"there is no field {field!r}", f"one of: {', '.join(names[:-1])}")
    _check_refresh(file, layer)
    _check_tiles(file, layer)
    _check_order(file, layer)
    _check_time(file, layer)


def _check_refresh(file: Path, layer: Layer) -> None:
    """A layer either follows its tables, or is refreshed by somebody or at times."""
    if bool(layer.touched_by) != (layer.refresh in {"flush", "soon"}):
        if layer.touched_by:
            raise wrong(file, "touched_by", f"nothing follows it: refresh is {layer.refresh}", "leave one of them out")
        told = "it is missing: changes would never be seen"
        raise wrong(file, "touched_by", told, "write it, or `refresh: manual` or `interval`")
    if (layer.minutes is not None) != (layer.refresh == "interval"):
        raise wrong(file, "minutes", "an interval has minutes, and nothing else has", "refresh: interval, minutes: 15")


def _check_time(file: Path, layer: Layer) -> None:
    """What `datetime` asks for are dates of the features."""
    dates = [field.name for field in layer.fields if field.type == "date"]
    for where, name in (("datetime", layer.datetime), ("ends", layer.ends)):
        if name is not None and name not in dates:
            raise wrong(file, where, f"{name!r} is no date field", f"one of: {', '.join(dates) or 'none'}")
    if layer.ends is not None and layer.datetime in (None, layer.ends):
        raise wrong(file, "ends", "it ends without a beginning", "name the date of the beginning: `datetime: …`")
    if layer.late and layer.datetime is not None:
        raise wrong(file, "datetime", "no former states are kept (`refresh: soon`)", "leave one of them out")


def _check_order(file: Path, layer: Layer) -> None:
    """What is in addresses (cursors, words) may not tell of persons; only texts have words."""
    for field in layer.fields:
        if field.needs is not None and (field.sortable or field.text):
            told = "it tells of persons, and addresses would show its values"
            raise wrong(file, f"fields.{field.name}", told, "leave out `sortable` and `text`")
        if field.text and field.type != "string":
            raise wrong(file, f"fields.{field.name}", "only a string has words", "leave out `text`")


def _check_scope(file: Path, layer: Layer) -> None:
    """Whose features are whose must be known of what is not public, and be in plain sight of its readers."""
    if layer.public:
        personal = next((field for field in layer.fields if field.needs is not None), None)
        if personal is not None or layer.scope is not None:
            told, where = (
                ("a public layer shows nothing of persons", "fields") if personal else ("all may see it", "scope")
            )
            raise wrong(file, where, told, "leave it out, or make the layer `public: false`")
        return
    if layer.scope is None:
        raise wrong(file, "scope", "it is missing", "name the fields of ward and group: {ward: ward_code, group: …}")
    texts = [field.name for field in layer.fields if field.type == "string" and field.needs is None]
    for name in (layer.scope.ward, layer.scope.group):
        if name not in texts:
            raise wrong(file, "scope", f"{name!r} is no text field", f"one of: {', '.join(texts)}")


def _check_tiles(file: Path, layer: Layer) -> None:
    """What is drawn on tiles must be there, and name nobody."""
    tiles = layer.tiles
    wanted = [("tiles.status", tiles.status)] if tiles.status else []
    wanted += [(f"tiles.fields.{zoom}", each) for zoom, names in (tiles.fields or {}).items() for each in names]
    if tiles.label is not None:
        wanted += [("tiles.label", each) for each in (tiles.label.x, tiles.label.y, tiles.label.angle) if each]
        wanted += [("tiles.label.text", each) for text in tiles.label.text.values() for each in _named_in(text)]
    known = [field.name for field in layer.fields if field.open]
    texts = [field.name for field in layer.fields if field.type == "string" and field.needs is None]
    for name in tiles.areas:
        if name not in texts:
            raise wrong(file, "tiles.areas", f"{name!r} is no text field", f"one of: {', '.join(texts)}")
    for where, name in wanted:
        if name not in known:
            told = "tells of persons" if name in layer.columns else "is no field"
            raise wrong(file, where, f"{name!r} {told}", f"one of: {', '.join(known)}")


def _named_in(template: str) -> list[str]:
    """The fields that a text names as `{field}`."""
    return re.findall(r"\{([a-z][a-z0-9_]*)\}", template)
