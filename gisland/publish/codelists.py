"""What the codes in a layer are called: code lists of `data/codes`, and wards and groups as the registry has them.

A field names its list (`layer.yml`: `codes`). Its schema then shows the list as QGIS Server does (`x-ogc-codelist`),
and says where it is (`x-ogc-codelistUri`). It is no closed list of values: on old papers there are codes of earlier
laws, and a parcel of two land types has both, joined by `+`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection

from gisland.catalogue import Catalogue, Language, Layer, Text
from gisland.errors import NotFound, UsageError
from gisland.publish.meanings import in_language
from gisland.registry.codes import CodeLists, load_codes
from gisland.settings import Settings

PLACES = {
    "wards": Text(vi="Đơn vị hành chính cấp xã", en="Wards"),
    "residential_groups": Text(vi="Tổ dân phố, thôn", en="Residential groups"),
}
"""Lists that the registry has."""
NAMES = "SELECT list, code, name FROM publish.place_names(%s)"
# More than a city has: nobody looks through such a list.
MOST = 2000

Names = dict[str, dict[str, str]]
"""List → code → what it is called, in Vietnamese and English."""


def check_codes(settings: Settings, catalogue: Catalogue) -> None:
    """That the lists are there which fields name.

    Raises:
        UsageError: one is not; says which.
    """
    known = {*load_codes(settings).lists, *PLACES}
    for layer in catalogue.layers.values():
        for field in layer.fields:
            if field.codes is not None and field.codes not in known:
                raise UsageError(
                    f"không có bảng mã {field.codes!r} · there is no code list {field.codes!r}",
                    hint=f"one of: {', '.join(sorted(known))}",
                    layer=layer.id,
                    file="layer.yml",
                    field=field.name,
                )


async def read_names(connection: AsyncConnection, layer: Layer) -> Names:
    """What the wards and groups are called whose codes a layer bears."""
    wanted = {field.codes for field in layer.fields if field.codes in PLACES}
    found: Names = {str(name): {} for name in wanted}
    if not wanted:
        return found
    for of_list, code, name in await (await connection.execute(NAMES, [MOST + 1])).fetchall():
        if of_list in found:
            found[of_list][code] = name
    return {name: codes if len(codes) <= MOST else {} for name, codes in found.items()}


def add_codes(
    document: dict[str, Any], layer: Layer, names: Names, lists: CodeLists, origin: str, language: Language
) -> None:
    """Say in a schema what the codes of the layer's fields are called.

    Args:
        document: the schema, or the queryables.
        layer: whose they are.
        names: those of places.
        lists: those of `data/codes`.
        origin: scheme and host, as the client sees them.
        language: of the names.
    """
    for field in layer.fields:
        found = document["properties"].get(field.name)
        if found is None or field.codes is None:
            continue
        if field.codes in PLACES:
            _tell(found, PLACES[field.codes].to(language), names[field.codes].items(), language)
            continue
        try:
            listed = lists.code_list(field.codes)
        except NotFound:
            # Its file has gone since the layer was applied.
            continue
        found["x-ogc-codelistUri"] = f"{origin}/api/v1/codes/{listed.name}"
        codes = ((each.code, f"{each.vi} · {each.en}") for each in listed.codes if each.selectable)
        _tell(found, listed.title.to(language), codes, language)


def _tell(found: dict[str, Any], title: str, codes: Iterable[tuple[str, str]], language: Language) -> None:
    named = [{"const": code, "title": in_language(name, language)} for code, name in codes]
    if named:
        found["x-ogc-codelist"] = {"title": title, "oneOf": named}
