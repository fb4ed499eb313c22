"""A city as large as searches meet it: wards, sheets, parcels, old numbers, certificates and holders, all invented.

It is made by SQL and COPY and not by the demo, for searches need neither real outlines nor rights. Names are drawn as
those of the demo; a third have a fourth word, as many names of real people have, and a few are misspelt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import psycopg
from psycopg import Connection

from gisland.bench import database
from gisland.database import Role, conninfo
from gisland.database.migrate import migrate
from gisland.demo.names import GIVEN_MEN, GIVEN_WOMEN, people_names
from gisland.kit.identifiers import NationalId
from gisland.kit.text import name_key
from gisland.security.crypto import load_vault
from gisland.settings import Settings

NAME = "gisland_bench_city"
SEED = 1
PARCELS_PER_WARD = 10_000
PARCELS_PER_SHEET = 160
HOLDERS_PER_PARCEL = 2
FOUR_WORDS, MISSPELT = 0.35, 0.005

# The triggers of gisland's own (history, read model, names) are left out, those of foreign keys are not.
TABLES = ("unit", "map_sheet", "parcel", "parcel_number", "holder", "certificate", "certificate_parcel")

# Squares of 10 m, 20 m apart, a thousand in a row. The parameter of each statement is the number of parcels.
FILL = {
    "unit": """
        INSERT INTO registry.unit (level, code, name, srid)
        SELECT 'ward', (90000 + n)::text, 'Phường ' || n, 9210 FROM generate_series(1, ceil(%(parcels)s / 1e4)::int) n
    """,
    "map_sheet": """
        INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid)
        SELECT unit.id, n::text, 500, 9210
          FROM registry.unit, generate_series(1, ceil(%(per_ward)s::numeric / %(per_sheet)s)::int) n ORDER BY 1, 2
    """,
    "parcel": """
        INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, parcel_code, srid, geom, geom_4326, area_m2,
                                     legal_area_m2, created_by)
        SELECT sheet.ward_id, sheet.id, (within %% %(per_sheet)s + 1)::text, ST_GeoHash(ST_Centroid(on_earth), 12),
               9210, geom, on_earth, 100, 100, %(change)s
          FROM (SELECT (n / %(per_ward)s) AS ward, n %% %(per_ward)s AS within,
                       ST_MakeEnvelope(590000 + 20 * (n %% 1000), 2300000 + 20 * (n / 1000),
                                       590010 + 20 * (n %% 1000), 2300010 + 20 * (n / 1000), 9210) AS geom
                  FROM generate_series(0, %(parcels)s - 1) n) placed
          JOIN (SELECT id, ward_id, sheet_no, dense_rank() OVER (ORDER BY ward_id) - 1 AS ward
                  FROM registry.map_sheet) sheet
            ON sheet.ward = placed.ward AND sheet.sheet_no = (within / %(per_sheet)s + 1)::text,
               ST_Transform(geom, 4326) on_earth
    """,
    "parcel_number": """
        INSERT INTO registry.parcel_number (ward_id, parcel_id, series, sheet_no, parcel_no, scale, source, confidence)
        SELECT ward_id, id, CASE WHEN id %% 4 = 0 THEN 'map_299' ELSE 'map_1994' END, (id * 7 %% 40 + 1)::text,
               (id * 31 %% 900 + 1)::text, 1000, 'sổ mục kê', 0.8 FROM registry.parcel WHERE id %% 2 = 0
    """,
    "certificate": """
        INSERT INTO registry.certificate (ward_id, serial, serial_key, book_no, created_by)
        SELECT ward_id, letters || ' ' || digits, letters || digits, 'CH' || id, %(change)s
          FROM (SELECT id, ward_id, lpad((id * 7919 %% 999999)::text, 6, '0') AS digits,
                       (ARRAY['BK', 'AĐ', 'CĐ', 'DH', 'ĐH', 'B', 'CR', 'AA'])[id %% 8 + 1] AS letters
                  FROM registry.parcel) written
    """,
    "certificate_parcel": """
        INSERT INTO registry.certificate_parcel (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no)
        SELECT certificate.id, CASE WHEN parcel.id %% 10 > 0 THEN parcel.id END,
               CASE WHEN parcel.id %% 3 = 0 THEN (parcel.id * 7 %% 40 + 1)::text ELSE sheet_no END,
               CASE WHEN parcel.id %% 3 = 0 THEN (parcel.id * 31 %% 900 + 1)::text ELSE parcel_no END
          FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id
          JOIN registry.certificate ON certificate.book_no = 'CH' || parcel.id
    """,
}
COPY_HOLDERS = """
    COPY registry.holder (ward_id, kind, full_name, name_key, birth_year, id_kind, id_cipher, id_hash, id_masked,
                          address, created_by) FROM STDIN WITH (FORMAT BINARY)
"""
HOLDER_TYPES = ["int4", "text", "text", "text", "int2", "text", "bytea", "bytea", "text", "text", "int8"]
NAMES = "INSERT INTO search.name (name) SELECT DISTINCT plain_name FROM registry.holder ORDER BY 1"


def settings_of(settings: Settings, database_url: str | None) -> Settings:
    """The settings of this bench: never the database that gisland otherwise works with."""
    return settings.model_copy(update={"database_name": NAME, "database_url": database_url})


def prepare(settings: Settings, parcels: int) -> None:
    """Bring the database to where it holds a city of this many parcels; one that an earlier run made is used again.

    Raises:
        Conflict: the server given by URL holds something else.
    """
    wanted = f"gisland bench: city of {parcels} parcels, seed {SEED}"
    migrate(settings)
    if database.mark(settings) == wanted:
        return
    database.empty(settings)
    with psycopg.connect(conninfo(settings, Role.MIGRATOR)) as connection:
        connection.execute("SET ROLE gisland_owner")
        _fill(connection, settings, parcels)
    database.settle(settings)
    database.set_mark(settings, wanted)


def _fill(connection: Connection, settings: Settings, parcels: int) -> None:
    row = connection.execute(
        "INSERT INTO registry.change (kind, reason, by) VALUES ('import', 'bench', 'bench') RETURNING id"
    ).fetchone()
    assert row is not None
    # The check of deferred constraints would keep the tables from being altered.
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    values = {
        "parcels": parcels,
        "per_ward": PARCELS_PER_WARD,
        "per_sheet": PARCELS_PER_SHEET,
        "change": row[0],
    }
    for table in TABLES:
        connection.execute(f"ALTER TABLE registry.{table} DISABLE TRIGGER USER".encode())
    for table, statement in FILL.items():
        connection.execute(statement.encode(), values)
        connection.execute(f"ANALYZE registry.{table}".encode())
    wards = [ward for (ward,) in connection.execute("SELECT id FROM registry.unit ORDER BY id")]
    # COPY refuses a table whose policies hold for the owner, too.
    connection.execute("ALTER TABLE registry.holder NO FORCE ROW LEVEL SECURITY")
    with connection.cursor().copy(COPY_HOLDERS) as copy:
        copy.set_types(HOLDER_TYPES)
        for holder in _holders(settings, parcels * HOLDERS_PER_PARCEL, wards, row[0]):
            copy.write_row(holder)
    connection.execute("ALTER TABLE registry.holder FORCE ROW LEVEL SECURITY")
    connection.execute(NAMES)
    for table in TABLES:
        connection.execute(f"ALTER TABLE registry.{table} ENABLE TRIGGER USER".encode())


def sizes(connection: Connection) -> dict[str, str]:
    """How many holders there are, and how many different names they bear when accents are left out."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM registry.holder), (SELECT count(DISTINCT name) FROM search.name)"
    ).fetchone()
    assert row is not None
    return {"holders": f"{row[0]:,}", "different names": f"{row[1]:,}"}


def national_id(number: int) -> NationalId:
    """The id of the holder with this number."""
    return NationalId("personal", f"999{number:09d}")


def _holders(settings: Settings, count: int, wards: list[int], change: int) -> Iterator[tuple[object, ...]]:
    vault = load_vault(settings)
    rng = np.random.default_rng(SEED)
    keys: dict[str, str] = {}
    born = rng.integers(1935, 2005, count)
    # Nobody opens them here; they only have to be as long as real ones.
    cipher = os.urandom(49)
    for number, name in enumerate(_names(count, rng)):
        ward = wards[number % len(wards)]
        known = national_id(number)
        key = keys.setdefault(name, name_key(name))
        place = f"Số {number % 300} đường Bến Trúc, TDP {number % 70 + 1}, phường {ward}"
        year = int(born[number])
        identity = (known.kind, cipher, vault.hash(known), known.masked)
        yield (ward, "person", name, key, year, *identity, place, change)


def _names(count: int, rng: np.random.Generator) -> list[str]:
    women = rng.random(count) < 0.5
    names = people_names(women, rng)
    more = np.where(women, rng.choice(np.array(GIVEN_WOMEN), count), rng.choice(np.array(GIVEN_MEN), count))
    for at in np.flatnonzero(rng.random(count) < FOUR_WORDS):
        first, _, given = names[at].rpartition(" ")
        names[at] = f"{first} {more[at]} {given}"
    for at in np.flatnonzero(rng.random(count) < MISSPELT):
        gone = int(rng.integers(1, len(names[at]) - 1))
        names[at] = names[at][:gone] + names[at][gone + 1 :]
    return names
