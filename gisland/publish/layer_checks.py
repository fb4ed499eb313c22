"""What is checked of a layer against the database when it is applied, or by `gisland layer check`."""

from __future__ import annotations

import psycopg
from psycopg import Connection, sql

from gisland.catalogue import Layer, Palette
from gisland.errors import UsageError

# Which PostgreSQL types a field of a layer may have.
COLUMN_TYPES = {
    "integer": {"int2", "int4", "int8"},
    "number": {"int2", "int4", "int8", "float4", "float8", "numeric"},
    "string": {"text", "varchar"},
    "date": {"date"},
    "datetime": {"timestamptz"},
}


def check_columns(connection: Connection, layer: Layer, source: sql.Identifier) -> None:
    """That the view gives the columns that are declared, each of a type that its field may have.

    Raises:
        UsageError: it does not; says which.
    """
    found: dict[str, str] = dict(
        connection.execute(
            "SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
            " WHERE attrelid = %s::regclass AND attnum > 0",
            [source.as_string(connection)],
        ).fetchall()
    )
    expected = {"id": COLUMN_TYPES["integer"], layer.geometry: {"geometry"}}
    if layer.native is not None:
        expected[layer.native] = {"geometry"}
    expected |= {field.name: COLUMN_TYPES[field.type] for field in layer.fields}
    for name in sorted(expected.keys() ^ found.keys()):
        told = "view.sql does not give this field" if name in expected else "view.sql gives it, but it is not declared"
        raise UsageError(told, hint="make both say the same", layer=layer.id, file="layer.yml", field=name)
    for name, types in expected.items():
        if found[name] not in types:
            told, mend = f"it is of the type {found[name]}", f"cast it to {' or '.join(sorted(types))}"
            raise UsageError(told, hint=mend, layer=layer.id, file="view.sql", field=name)


def check_touched_by(connection: Connection, layer: Layer) -> None:
    """Plan each query of `touched_by`, as flush() would run it.

    Raises:
        UsageError: one does not run.
    """
    for table, query in layer.touched_by.items():
        try:
            connection.execute("SELECT %s::regclass", [table])
            connection.execute(
                sql.SQL("WITH changed(id) AS (SELECT 0::bigint) SELECT k::bigint FROM ({}) touched(k) LIMIT 0").format(
                    sql.SQL(query)
                )
            )
        except psycopg.Error as error:
            told = f"it does not run: {error.diag.message_primary}"
            hint = "write a SELECT of feature keys FROM changed"
            raise UsageError(told, hint=hint, layer=layer.id, file="layer.yml", field=f"touched_by.{table}") from error


def check_indexes(connection: Connection, layer: Layer, palette: Palette, target: str) -> None:
    """That each field that features are sorted by or asked for has its index still: somebody may have dropped it.

    Args:
        connection: to the database.
        layer: as it is defined; where it is applied otherwise, nothing is checked.
        palette: as it is defined.
        target: the published table.

    Raises:
        UsageError: an index is gone.
    """
    applied = "SELECT FROM publish.layer WHERE id = %s AND definition_hash = %s"
    if connection.execute(applied, [layer.id, layer.definition_hash(palette)]).fetchone() is None:
        return
    query = (
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
        " WHERE indrelid = %s::regclass AND indisvalid"
    )
    found = {name for (name,) in connection.execute(query, [target]).fetchall()}
    for name in sorted(layer.indexed):
        if name not in found:
            told, hint = "its index is gone", f"make the table anew: `gisland layer rebuild {layer.id}`"
            raise UsageError(told, hint=hint, layer=layer.id, file="layer.yml", field=name)
