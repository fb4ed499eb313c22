"""What the fields of a layer mean: said once, in the comments of the database, and shown by every document of `/ogc`.

A field that is a plain column of a table means what the comment of that column says; where the view computes it,
`layer.yml` names the `column`, or says itself what the database does not. When layers are applied the meanings become
comments of the published tables (`Tiếng Việt · English`), which whoever reads a layer may read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection, Connection, sql

from gisland.catalogue import Language, Layer, LayerField, Text
from gisland.errors import UsageError

BETWEEN = " · "
Meanings = dict[str, dict[str, str]]
"""Layer → property → meaning, in both languages."""

SAID = "SELECT col_description(%s::oid, %s)"
COLUMN = """
    SELECT attrelid, attnum FROM pg_attribute
     WHERE attrelid = to_regclass(%s) AND attname = %s AND attnum > 0 AND NOT attisdropped
"""
# By names, not by regclass: the public role may not look into the schema of staff layers, whose names are no secret.
PUBLISHED = """
    SELECT nspname || '.' || relname, attname, col_description(attrelid, attnum)
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname || '.' || relname = ANY (%s) AND attnum > 0 AND col_description(attrelid, attnum) IS NOT NULL
"""


def find_meanings(connection: Connection, layer: Layer) -> dict[str, str]:
    """What each column of a layer means, from `layer.yml` or from the comment of the column that it is.

    Raises:
        UsageError: `layer.yml` names a column that there is not.
    """
    origins = _origins(connection, layer)
    found = {name: _comment(connection, *origin) for name, origin in origins.items()}
    for field in layer.fields:
        if field.description is not None:
            found[field.name] = _both(field.description)
        elif field.column is not None:
            found[field.name] = _comment(connection, *_column(connection, layer, field))
    if not found.get(layer.geometry):
        # A geometry that the view computes, such as the frame of a sheet: what the layer is.
        found[layer.geometry] = _both(layer.description)
    return {name: found[name] for name in layer.columns if found.get(name)}


def write_meanings(connection: Connection, layer: Layer, target: sql.Identifier) -> None:
    """Let the columns of a published table say what they mean; those of which nothing is known say their title."""
    titles = {field.name: _both(field.title) for field in layer.fields}
    for name, text in (titles | find_meanings(connection, layer)).items():
        comment = sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(target, sql.Identifier(name), sql.Literal(text))
        connection.execute(comment)


async def read_meanings(connection: AsyncConnection, layers: Iterable[Layer]) -> Meanings:
    """What the columns of published layers mean, as their tables say it."""
    tables = {f"{layer.target_schema}.{layer.table}": layer for layer in layers}
    found: Meanings = {layer.id: {} for layer in tables.values()}
    for table, column, text in await (await connection.execute(PUBLISHED, [list(tables)])).fetchall():
        layer = tables[table]
        name = "geometry" if column == layer.geometry else column
        if text not in {_both(field.title) for field in layer.fields if field.name == name}:
            found[layer.id][name] = text
    return found


def in_language(text: str, language: Language) -> str:
    """A meaning in one language; one that is not said in two is the same in both."""
    vietnamese, _, english = text.partition(BETWEEN)
    return english or vietnamese if language == "en" else vietnamese


def add_meanings(document: dict[str, Any], meanings: dict[str, str], language: Language) -> dict[str, Any]:
    """Describe the properties of a schema that are not described yet."""
    for name, found in document["properties"].items():
        if "description" not in found and name in meanings:
            found["description"] = in_language(meanings[name], language)
    return document


def _both(text: Text) -> str:
    return f"{text.vi}{BETWEEN}{text.en}"


def _origins(connection: Connection, layer: Layer) -> dict[str, tuple[int, int]]:
    """The columns of a view that are plain columns of a table: name → (oid of the table, number of the column)."""
    query = sql.SQL("SELECT * FROM (\n{}\n) v LIMIT 0").format(sql.SQL(layer.view_sql))
    with connection.cursor() as cursor:
        result = cursor.execute(query).pgresult
        assert result is not None
        columns = [(cursor.description or [])[number].name for number in range(result.nfields)]
        origins = [(result.ftable(number), result.ftablecol(number)) for number in range(result.nfields)]
    return {name: origin for name, origin in zip(columns, origins, strict=True) if origin[0]}


def _column(connection: Connection, layer: Layer, field: LayerField) -> tuple[int, int]:
    table, _, name = (field.column or "").rpartition(".")
    row = connection.execute(COLUMN, [table, name]).fetchone()
    if row is None:
        raise UsageError(
            f"không có cột {field.column} · there is no column {field.column}",
            hint="schema.table.column",
            layer=layer.id,
            file="layer.yml",
            field=field.name,
        )
    return row[0], row[1]


def _comment(connection: Connection, table: int, column: int) -> str:
    row = connection.execute(SAID, [table, column]).fetchone()
    return (row[0] if row is not None else None) or ""
