"""Bringing the published tables in line with `config/layers/`; all of it in one transaction, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from gisland.audit.log import SYSTEM, Tag, record
from gisland.catalogue import Catalogue, Layer, Palette
from gisland.database import Role, connect
from gisland.errors import UsageError
from gisland.publish.codelists import check_codes
from gisland.publish.items import words_of
from gisland.publish.layer_checks import check_columns, check_indexes, check_touched_by
from gisland.publish.meanings import find_meanings, write_meanings
from gisland.publish.reload import CHANNEL
from gisland.publish.styles.layer_styles import forget_layer_styles, write_layer_styles
from gisland.publish.swap import lock_for_swap
from gisland.publish.watch import watch_tables
from gisland.settings import Settings

# Bears the name of the table while it is filled.
DRAFT = "__draft"
# Of the published table itself (publish.sides_of), and of the table of the finished GeoJSON (publish.json_of).
OWN_COLUMNS = "_west, _south, _east, _north, _change"
GEOJSON_COLUMNS = "id, _ward, _group, _geometry, _properties"
# The longer side of the box of a feature, in degrees; and those from which on there are indexes of them: three squares
# of the finest raster of far tiles at zoom 13, 11 and 9.
EXTENT = "greatest(_east - _west, _north - _south)"
LARGE = (0.0005, 0.002, 0.008)
# Each change of the registry writes here before its flush and until its commit: this waits for those under way, and
# those that come wait for this. So no change falls between the fill and the first flush that knows the layer.
WAIT_FOR_WRITERS = "LOCK TABLE publish.dirty IN SHARE MODE"


@dataclass(frozen=True)
class Applied:
    """What `apply_layers` did with a layer."""

    layer: str
    changed: bool
    features: int


def apply_layers(
    settings: Settings, catalogue: Catalogue, only: str | None = None, *, by: str = SYSTEM
) -> list[Applied]:
    """Make the published tables be what the catalogue says; a layer whose definition did not change costs nothing.

    Args:
        settings: where the database is.
        catalogue: the layers as they are defined.
        only: apply this layer and leave the others.
        by: who does it, for the audit log.

    Raises:
        UsageError: a view does not run, gives other columns than declared, or reads a column that a public layer may
            not show; nothing is changed then.
        NotFound: there is no layer `only`.
    """
    layers = [catalogue.layer(only)] if only is not None else list(catalogue.layers.values())
    check_codes(settings, catalogue)
    with _owner(settings) as connection:
        if _write_statuses(connection, catalogue.palette):
            # Another order or other classes: no layer may be left with the old ones.
            layers = list(catalogue.layers.values())
        applied = [_apply(connection, layer, catalogue.palette, by) for layer in layers]
        write_layer_styles(connection, catalogue)
        # Also of what changes no table, such as titles and colours.
        _tell_workers(connection)
        return applied


def rebuild_layer(settings: Settings, catalogue: Catalogue, layer_id: str, *, by: str = SYSTEM) -> int:
    """Make the table of a layer anew, whether or not its definition changed. Returns the number of features.

    Raises:
        NotFound: there is no such layer.
    """
    layer = catalogue.layer(layer_id)
    with _owner(settings) as connection:
        _write_statuses(connection, catalogue.palette)
        features = _create(connection, layer, catalogue.palette)
        write_layer_styles(connection, catalogue)
        _tell_workers(connection)
        _note(connection, by, Tag.LAYER_REBUILT, layer, features)
        return features


def check_layers(settings: Settings, catalogue: Catalogue) -> None:
    """Apply all layers and take it back: raises what `apply_layers` would raise, and changes nothing."""
    check_codes(settings, catalogue)
    with _owner(settings) as connection:
        _write_statuses(connection, catalogue.palette)
        for layer in catalogue.layers.values():
            _create_view(connection, layer, sql.Identifier(layer.source_schema, layer.table))
            check_touched_by(connection, layer)
            check_indexes(connection, layer, catalogue.palette, _target(layer).as_string(connection))
            find_meanings(connection, layer)
        connection.rollback()


def drop_layer(settings: Settings, layer_id: str, *, by: str = SYSTEM) -> bool:
    """Publish a layer no longer, whether or not its folder is still there. Returns whether it was published."""
    with _owner(settings) as connection:
        connection.execute(WAIT_FOR_WRITERS)
        dropped = _drop(connection, layer_id)
        if dropped:
            _tell_workers(connection)
            record(connection, by, Tag.LAYER_DROPPED, object_id=layer_id)
        return dropped


def _drop(connection: Connection, layer_id: str) -> bool:
    row = connection.execute("SELECT source, target FROM publish.layer WHERE id = %s", [layer_id]).fetchone()
    if row is None:
        return False
    for kind, name in zip(("VIEW", "TABLE"), row, strict=True):
        connection.execute(sql.SQL("DROP {} IF EXISTS {}").format(_trusted(kind), _trusted(name)))
    connection.execute("SELECT publish.drop_beside(%s)", [row[1]])
    connection.execute("SELECT publish.drop_functions(%s)", [layer_id])
    connection.execute("DELETE FROM publish.layer WHERE id = %s", [layer_id])
    forget_layer_styles(connection)
    return True


def applied_layers(settings: Settings) -> dict[str, str]:
    """The layers in the database: id → hash of the definition that was applied."""
    with connect(settings, Role.APP) as connection:
        return dict(connection.execute("SELECT id, definition_hash FROM publish.layer").fetchall())


@contextmanager
def _owner(settings: Settings) -> Iterator[Connection]:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        # A view with many subqueries looks dear to the planner, and compiling them takes longer than running them.
        connection.execute("SET jit = off")
        # Two programs that start at once: the second waits and then finds nothing to do.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland layer'))")
        yield connection


def _write_statuses(connection: Connection, palette: Palette) -> bool:
    """Write the order of the statuses, their classes, and the classes of shares. Returns whether they changed."""
    progress = _write_progress(connection, palette)
    rows = [(name, position, public) for position, (name, public) in enumerate(palette.order, start=1)]
    found = connection.execute("SELECT status, position, public_class FROM publish.status ORDER BY position").fetchall()
    if found == rows:
        return progress
    connection.execute("DELETE FROM publish.status")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO publish.status (status, position, public_class) VALUES (%s, %s, %s)", rows)
    connection.execute("ANALYZE publish.status")
    return True


def _write_progress(connection: Connection, palette: Palette) -> bool:
    found = connection.execute("SELECT class, begins::float8 FROM publish.progress").fetchall()
    if dict(found) == palette.progress_bounds:
        return False
    connection.execute("DELETE FROM publish.progress")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO publish.progress VALUES (%s, %s)", list(palette.progress_bounds.items()))
    return True


def _apply(connection: Connection, layer: Layer, palette: Palette, by: str) -> Applied:
    wanted = layer.definition_hash(palette)
    row = connection.execute("SELECT definition_hash FROM publish.layer WHERE id = %s", [layer.id]).fetchone()
    if row is not None and row[0] == wanted:
        count = connection.execute("SELECT publish.feature_count(%s)", [layer.id]).fetchone()
        assert count is not None
        # Comments may say it in better words by now.
        write_meanings(connection, layer, _target(layer))
        return Applied(layer.id, changed=False, features=count[0])
    features = _create(connection, layer, palette)
    _note(connection, by, Tag.LAYER_APPLIED, layer, features)
    return Applied(layer.id, changed=True, features=features)


def _tell_workers(connection: Connection) -> None:
    """Tell the web workers at the commit to look at the layers (`gisland.publish.reload`)."""
    connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def _note(connection: Connection, by: str, tag: Tag, layer: Layer, features: int) -> None:
    record(connection, by, tag, object_id=layer.id, detail={"public": layer.public, "features": features})


def _create(connection: Connection, layer: Layer, palette: Palette) -> int:
    """Make the table beside the old one, which is read until the new one takes its place at commit."""
    target = _target(layer)
    draft = _target(layer, DRAFT)
    source = sql.Identifier(layer.source_schema, layer.table)
    connection.execute(WAIT_FOR_WRITERS)
    if _lies_elsewhere(connection, layer):
        # It was public and is no longer, or the other way round: nothing of it may stay where it was.
        _drop(connection, layer.id)
    _create_view(connection, layer, source)
    check_touched_by(connection, layer)
    watch_tables(connection, layer)
    change, defined_by = _begin_change(connection, layer, palette)
    rows = _fill(connection, layer, draft, source, target if defined_by is not None else None, change)
    _finish_table(connection, layer, draft)
    _finish_geojson(connection, layer)
    _protect(connection, layer)
    _put_in_place(connection, layer)
    _register(connection, layer, palette, source, target, defined_by or change)
    connection.execute("INSERT INTO publish.count_delta (layer, delta) VALUES (%s, %s)", [layer.id, rows])
    if layer.public:
        connection.execute("SELECT publish.renew_all_regions(%s, %s)", [layer.id, target.as_string(connection)])
    return rows


def _begin_change(connection: Connection, layer: Layer, palette: Palette) -> tuple[int, int | None]:
    """Note that the layer is made.

    Returns:
        The change, and the one that defined the layer as it still is. A layer that is defined anew, for example because
        it showed too much, begins a new history: what it showed before is not to be asked for.
    """
    row = connection.execute(
        "INSERT INTO registry.change (kind, reason, by) VALUES ('publish', %s, 'system') RETURNING id", [layer.id]
    ).fetchone()
    assert row is not None
    query = "SELECT defined_by FROM publish.layer WHERE id = %s AND definition_hash = %s"
    found = connection.execute(query, [layer.id, layer.definition_hash(palette)]).fetchone()
    return row[0], found[0] if found else None


def _fill(
    connection: Connection,
    layer: Layer,
    draft: sql.Identifier,
    source: sql.Identifier,
    old: sql.Identifier | None,
    change: int,
) -> int:
    """Fill the draft; a feature that is as it was in the old table keeps the change that made it so."""
    run = connection.execute
    names = sql.SQL(", ").join(map(sql.Identifier, layer.columns))
    query = "SELECT concat_ws(', ', publish.sides_of(%s), publish.json_of(%s, %s, %s))"
    row = run(query, [layer.geometry, layer.columns, layer.scope_fields, layer.native]).fetchone()
    assert row is not None
    # OFFSET 0 keeps the view whole: its expressions would be computed once more for the JSON.
    made = sql.SQL("SELECT {}, {} FROM (SELECT * FROM {} ORDER BY id OFFSET 0) f").format(
        names, _trusted(row[0]), source
    )
    same = " AND j._native IS NOT DISTINCT FROM f._native"
    if old is None:
        run("SELECT publish.drop_history(%s)", [_target(layer).as_string(connection)])
        rows = sql.SQL("SELECT f.*, {}::bigint AS _change FROM ({}) f").format(sql.Literal(change), made)
    else:
        rows = sql.SQL(
            "SELECT f.*, coalesce(t._change, {}::bigint) AS _change FROM ({}) f LEFT JOIN ({} t JOIN {} j USING (id))"
            " ON (t.id, j._geometry, j._properties) = (f.id, f._geometry, f._properties){}"
        ).format(sql.Literal(change), made, old, _geojson(layer), sql.SQL(same if layer.native else ""))
    filled = run(sql.SQL("CREATE TEMP TABLE whole ON COMMIT DROP AS {}").format(rows))
    parts = [
        (draft, sql.SQL("{}, {}").format(names, _trusted(OWN_COLUMNS))),
        (_geojson(layer, DRAFT), _trusted(GEOJSON_COLUMNS + (", _native, _surveyed" if layer.native else ""))),
    ]
    for table, columns in parts:
        run(sql.SQL("CREATE TABLE {} AS SELECT {} FROM whole ORDER BY id").format(table, columns))
    run("DROP TABLE whole")
    name = _target(layer).as_string(connection)
    connection.execute("SELECT publish.make_history(%s)", [name])
    if old is not None and not layer.late:
        replaced = [name, draft.as_string(connection), layer.geometry, layer.native, change]
        connection.execute("SELECT publish.keep_replaced(%s, %s, %s, %s, %s)", replaced)
    return filled.rowcount


def _target(layer: Layer, draft: str = "") -> sql.Identifier:
    return sql.Identifier(layer.target_schema, layer.table + draft)


def _geojson(layer: Layer, draft: str = "") -> sql.Identifier:
    """The table beside it that has the GeoJSON of its features (publish.geojson_of)."""
    return sql.Identifier(layer.target_schema, f"{layer.table}__geojson{draft}")


def _lies_elsewhere(connection: Connection, layer: Layer) -> bool:
    row = connection.execute("SELECT public FROM publish.layer WHERE id = %s", [layer.id]).fetchone()
    return row is not None and row[0] != layer.public


def _put_in_place(connection: Connection, layer: Layer) -> None:
    """Let the drafts take the places of the tables."""
    lock_for_swap(connection, [_target(layer), _geojson(layer)])
    for name in (_target, _geojson):
        draft, target = name(layer, DRAFT), name(layer)
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(target))
        indexes = connection.execute(
            "SELECT nspname, relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE indrelid = %s::regclass",
            [draft.as_string(connection)],
        ).fetchall()
        for schema, index in indexes:
            new = sql.Identifier(index.replace(DRAFT, ""))
            connection.execute(sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier(schema, index), new))
        plain = target.as_string(connection).rpartition(".")[2]
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(draft, _trusted(plain)))


def _create_view(connection: Connection, layer: Layer, source: sql.Identifier) -> None:
    """Create the view; that of a public layer as the publisher, who may read no personal column."""
    where = {"layer": layer.id, "file": "view.sql"}
    try:
        connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(source))
        if layer.public:
            connection.execute("SET ROLE gisland_publisher")
        connection.execute(sql.SQL("CREATE VIEW {} AS {}").format(source, _trusted(layer.view_sql)))
        # Reads one row with all its columns with the rights of the view's owner, so that a function that would read
        # with its caller's rights is refused as well.
        connection.execute(sql.SQL("SELECT shown::text FROM {} shown LIMIT 1").format(source))
        connection.execute("SET ROLE gisland_owner")
    except psycopg.errors.InsufficientPrivilege as error:
        raise UsageError(
            "lớp công khai không được hiện nội dung này"
            f" · a public layer may not show this: {error.diag.message_primary}",
            hint="use columns that sql/grants.sql grants to gisland_publisher, or make the layer `public: false`",
            **where,
        ) from error
    except psycopg.Error as error:
        raise UsageError(
            f"khung nhìn không chạy được · the view does not run: {error.diag.message_primary}",
            hint="mend the SQL",
            **where,
        ) from error
    check_columns(connection, layer, source)


def _finish_table(connection: Connection, layer: Layer, target: sql.Identifier) -> None:
    """Types, key, indexes, comments and grants of a table that has its rows."""
    geometry = sql.Identifier(layer.geometry)
    run = connection.execute
    run(
        sql.SQL(
            "ALTER TABLE {} ALTER {} TYPE geometry(Geometry, 4326), ALTER {} SET NOT NULL,"
            " ADD _mercator geometry(Geometry, 3857) GENERATED ALWAYS AS (publish.mercator({})) STORED,"
            " ADD _cell bigint GENERATED ALWAYS AS (publish.cell_of(_west, _south, _east, _north)) STORED,"
            " ADD _box box GENERATED ALWAYS AS (box(point(_west, _south), point(_east, _north))) STORED"
        ).format(target, geometry, geometry, geometry)
    )
    # Usage: one feature; paging in the order of ids; flush()
    run(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id)").format(target))
    # Usage: filters by place, bbox on wide pages
    run(sql.SQL("CREATE INDEX ON {} USING gist ({})").format(target, geometry))
    # Usage: bbox; its hits are counted without a look at their rows, which must be known to be visible to all
    told = sql.SQL(", ").join(map(sql.Identifier, ("id", *layer.scope_fields)))
    run(sql.SQL("CREATE INDEX ON {} USING gist (_box) INCLUDE ({})").format(target, told))
    often = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02"
    run(sql.SQL("ALTER TABLE {} SET ({})").format(target, _trusted(often)))
    _index_for_tiles(connection, layer, target)
    for field in layer.sortables.values():
        if field.type == "string":
            column = sql.Identifier(field.name)
            run(sql.SQL("ALTER TABLE {} ALTER {} TYPE text COLLATE registry.vietnamese_numbers").format(target, column))
    for field in (each for each in layer.fields if each.name in layer.indexed):
        # Usage: ?field=value, with pages in the order of ids read straight from the index; ?sortby=field
        run(sql.SQL("CREATE INDEX ON {} ({}, id)").format(target, sql.Identifier(field.name)))
    if layer.texts:
        # Usage: ?q=words
        run(sql.SQL("CREATE INDEX ON {} USING gin ({})").format(target, _trusted(words_of(layer))))
    write_meanings(connection, layer, target)
    run(sql.SQL("COMMENT ON TABLE {} IS {}").format(target, sql.Literal(f"{layer.title.vi} · {layer.title.en}")))
    run(sql.SQL("ANALYZE {}").format(target))


def _index_for_tiles(connection: Connection, layer: Layer, target: sql.Identifier) -> None:
    """Indexes from which far tiles are drawn without a look at the rows."""
    status, areas = layer.tiles.status_of(layer), layer.tiles.areas
    keys = [*areas, *([status] if status else [])]
    included = _included([*keys, *layer.other_statuses])
    # Usage: the squares of a tile
    connection.execute(sql.SQL("CREATE INDEX ON {} (_cell) {}").format(target, included))
    # Usage: features that fill more than the square that they count in
    for extent in LARGE:
        large = sql.SQL("CREATE INDEX ON {} USING gist ({}) WHERE {}")
        geometry = sql.Identifier(layer.geometry)
        connection.execute(large.format(target, geometry, _trusted(larger_than(extent))))
    if areas:
        # Usage: how many features an area has, by status
        names = sql.SQL(", ").join(map(sql.Identifier, keys))
        connection.execute(sql.SQL("CREATE INDEX ON {} ({}) {}").format(target, names, _included(layer.other_statuses)))


def _included(names: list[str]) -> sql.Composable:
    """Columns that an index only brings along."""
    return sql.SQL("INCLUDE ({})").format(sql.SQL(", ").join(map(sql.Identifier, names))) if names else sql.SQL("")


def larger_than(extent: float) -> str:
    """The condition (SQL) that the longer side of a feature is longer than so many degrees."""
    return f"{EXTENT} > {extent}"


def _finish_geojson(connection: Connection, layer: Layer) -> None:
    """Types, key and comment of the table of the finished GeoJSON."""
    target = _geojson(layer, DRAFT)
    # Usage: the features of a page; one feature; flush()
    connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id)").format(target))
    for column in ("_geometry", "_properties"):
        connection.execute(sql.SQL("ALTER TABLE {} ALTER {} SET NOT NULL").format(target, sql.Identifier(column)))
    told = f"GeoJSON of the features of {layer.target_schema}.{layer.table}"
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(target, sql.Literal(told)))
    connection.execute(sql.SQL("ANALYZE {}").format(target))


def _protect(connection: Connection, layer: Layer) -> None:
    """Say who may read the tables, and which rows of them."""
    run = connection.execute
    readers = "gisland_staff, gisland_public" if layer.public else "gisland_staff"
    row = run("SELECT publish.history_of(%s)", [_target(layer).as_string(connection)]).fetchone()
    assert row is not None
    tables = [_target(layer, DRAFT).as_string(connection), _geojson(layer, DRAFT).as_string(connection), row[0]]
    for each in tables:
        run(sql.SQL("GRANT SELECT ON {} TO {}").format(_trusted(each), _trusted(readers)))
    if layer.scope is not None:
        run("SELECT security.protect_layer(%s, %s, %s, %s, %s)", [*tables, *layer.scope_fields])


def _register(
    connection: Connection,
    layer: Layer,
    palette: Palette,
    source: sql.Identifier,
    target: sql.Identifier,
    defined_by: int,
) -> None:
    connection.execute("DELETE FROM publish.layer WHERE id = %s", [layer.id])
    connection.execute(
        "INSERT INTO publish.layer (id, public, target, source, columns, touched_by, feature, scope,"
        " definition_hash, defined_by, native, planes, late)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::regclass, %s, %s, %s, %s, %s, %s)",
        [
            layer.id,
            layer.public,
            target.as_string(connection),
            source.as_string(connection),
            layer.columns,
            Jsonb(layer.touched_by),
            layer.feature,
            layer.scope_fields,
            layer.definition_hash(palette),
            defined_by,
            layer.native,
            _planes(connection, layer),
            layer.late,
        ],
    )
    connection.execute("SELECT publish.make_functions(layer) FROM publish.layer WHERE id = %s", [layer.id])


def _planes(connection: Connection, layer: Layer) -> list[int]:
    """The planes that the native geometries lie on."""
    if layer.native is None:
        return []
    query = sql.SQL("SELECT DISTINCT ST_SRID(_native) FROM {} WHERE _native IS NOT NULL").format(_geojson(layer))
    return [srid for (srid,) in connection.execute(query).fetchall()]


def _trusted(text: str) -> sql.SQL:
    """SQL from the layer's own files, written by whoever runs this service."""
    return sql.SQL(text)
