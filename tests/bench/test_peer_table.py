"""What the peers serve: the same features, none of gisland's own columns, the same indexes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from psycopg import Connection

from gisland.bench import peer_table
from gisland.catalogue import Catalogue, Layer
from gisland.database import Role
from gisland.publish.layers import rebuild_layer
from gisland.settings import Settings
from tests.factories import make_parcel, make_sheet, make_ward, one

Open = Callable[[Role], Connection]

COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
INDEXES = """
    SELECT replace(pg_get_indexdef(indexrelid), %s, ''), indisprimary FROM pg_index
     WHERE indrelid = %s::regclass AND indexprs IS NULL AND indpred IS NULL
"""


@pytest.fixture
def layer(catalogue: Catalogue, app_connection: Connection) -> Layer:
    """The published layer, with three parcels."""
    ward = make_ward(app_connection)
    sheet = make_sheet(app_connection, ward)
    for _ in range(3):
        make_parcel(app_connection, ward, sheet)
    app_connection.commit()
    return catalogue.layer("parcels")


@pytest.fixture
def owner(open_connection: Open) -> Connection:
    connection = open_connection(Role.MIGRATOR)
    connection.execute("SET ROLE gisland_owner")
    connection.commit()
    return connection


def test_it_has_the_same_rows_and_indexes_without_internal_columns(layer: Layer, owner: Connection) -> None:
    assert peer_table.renew(owner, layer)
    columns = [row[0] for row in owner.execute(COLUMNS, ["bench.parcels"])]
    internal = {row[0] for row in owner.execute(COLUMNS, ["published.parcels"])} - set(columns)
    assert columns == layer.columns
    assert internal >= {"_west", "_change"}
    assert all(name.startswith("_") for name in internal)
    names = ", ".join(columns)
    rows = owner.execute(f"SELECT {names} FROM bench.parcels ORDER BY id".encode()).fetchall()
    assert rows == owner.execute(f"SELECT {names} FROM published.parcels ORDER BY id".encode()).fetchall()
    assert len(rows) == 3
    indexes = set(owner.execute(INDEXES, ["bench.", "bench.parcels"]).fetchall())
    published = set(owner.execute(INDEXES, ["published.", "published.parcels"]).fetchall())
    assert indexes == {each for each in published if not re.search(r"[( ]_", each[0])}
    assert indexes < published
    assert sum(primary for _, primary in indexes) == 1
    assert any("gist (geom)" in definition for definition, _ in indexes)


def test_the_public_role_reads_it_and_it_is_no_layer(layer: Layer, owner: Connection, open_connection: Open) -> None:
    peer_table.renew(owner, layer)
    owner.commit()
    assert one(open_connection(Role.PUBLIC), "SELECT count(*) FROM bench.parcels") == 3
    assert one(owner, "SELECT count(*) FROM publish.layer WHERE target LIKE '%%bench%%'") == 0


def test_it_is_made_anew_when_the_layer_was(
    layer: Layer, owner: Connection, settings: Settings, catalogue: Catalogue
) -> None:
    assert peer_table.renew(owner, layer)
    owner.commit()
    assert not peer_table.renew(owner, layer)
    owner.commit()
    rebuild_layer(settings, catalogue, layer.id)
    assert peer_table.renew(owner, layer)
