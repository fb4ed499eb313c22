"""The table that the peers serve: the published layer as anybody would keep it, without gisland's internal columns.

A plain copy and not a view, because pygeoapi reflects tables and wants a primary key. It lies in a schema of its own,
which is no layer, so gisland's OGC API does not know of it.
"""

from __future__ import annotations

from psycopg import Connection, sql

from gisland.catalogue import Layer
from gisland.errors import NotFound

SCHEMA = "bench"
# Which making of the layer's table the copy is of; it stands in the comment of the copy.
MAKING = "SELECT definition_hash || ' ' || applied_at FROM publish.layer WHERE id = %s"
# Those of the columns that the copy has, each as PostgreSQL itself would write it.
INDEXES = """
    SELECT indisprimary, pg_get_indexdef(indexrelid), relname
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE indrelid = %(table)s::regclass AND indexprs IS NULL AND indpred IS NULL
       AND (SELECT bool_and(attname = ANY (%(columns)s)) FROM pg_attribute
             WHERE attrelid = indrelid AND attnum = ANY (indkey))
     ORDER BY indexrelid
"""


def renew(connection: Connection, layer: Layer) -> bool:
    """Make the copy unless it is there as the layer was last made.

    It has the same rows in the same order on disk, the same columns but for the internal ones, and the same indexes.

    Args:
        connection: as an owner of the published tables, who may create schemas.

    Returns:
        Whether it was made.

    Raises:
        NotFound: the layer was not applied.
    """
    row = connection.execute(MAKING, [layer.id]).fetchone()
    if row is None:
        raise NotFound(f"the layer {layer.id!r} is not published", hint="`gisland layer apply`")
    if _comment(connection, layer) == row[0]:
        return False
    _copy(connection, layer)
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(_name(layer), sql.Literal(row[0])))
    return True


def _copy(connection: Connection, layer: Layer) -> None:
    run = connection.execute
    names = {"copy": _name(layer), "layer": sql.Identifier(layer.target_schema, layer.table)}
    columns = sql.SQL(", ").join(map(sql.Identifier, layer.columns))
    run(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    run(sql.SQL("DROP TABLE IF EXISTS {copy}").format(**names))
    # In the order of the layer on disk: what lies on one page there lies on one page here.
    run(sql.SQL("CREATE TABLE {copy} AS SELECT {columns} FROM {layer} ORDER BY ctid").format(**names, columns=columns))
    table = names["layer"].as_string(connection)
    for primary, definition, index in run(INDEXES, {"table": table, "columns": layer.columns}).fetchall():
        # PostgreSQL writes plain names without quotes, and the names of layers are plain.
        run(definition.replace(f" ON {layer.target_schema}.{layer.table} ", f" ON {SCHEMA}.{layer.table} ").encode())
        if primary:
            using = sql.SQL("ALTER TABLE {copy} ADD PRIMARY KEY USING INDEX {index}")
            run(using.format(**names, index=sql.Identifier(index)))
    run(sql.SQL("GRANT USAGE ON SCHEMA {} TO gisland_public").format(sql.Identifier(SCHEMA)))
    run(sql.SQL("GRANT SELECT ON {copy} TO gisland_public").format(**names))


def _comment(connection: Connection, layer: Layer) -> str | None:
    # No error where there is no such table yet.
    row = connection.execute(
        "SELECT obj_description(to_regclass(%s), 'pg_class')", [_name(layer).as_string(connection)]
    ).fetchone()
    return row[0] if row else None


def _name(layer: Layer) -> sql.Identifier:
    return sql.Identifier(SCHEMA, layer.table)
