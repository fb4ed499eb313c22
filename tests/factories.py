"""Small verbs that put rows into the registry; all people are invented, ids start with 999."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import Any

from argon2 import PasswordHasher
from psycopg import Connection

from gisland.database import flush
from gisland.kit.identifiers import parse_personal_id, serial_key
from gisland.kit.text import name_key
from gisland.security.crypto import IdVault
from gisland.security.subject import Grant

VAULT = IdVault(bytes(32))
SECRET = "invented secret"
# Whoever signs in waits for argon2, a quarter of a second of a processor as gisland makes hashes: these are quick ones.
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET_HASH = HASHER.hash(SECRET)
# Each database has its own: where a parcel lies must not depend on the tests that ran before.
_numbers: defaultdict[str, count[int]] = defaultdict(lambda: count(1))
# South-west corner of the invented parcels, VN-2000 / TM-3 105-45 (EPSG:9210), metres.
EAST, NORTH = 594_000.0, 2_309_000.0


def forget(database: str) -> None:
    """The database is empty again: parcels lie as in a new one."""
    _numbers.pop(database, None)


def one(connection: Connection, query: str, *values: object) -> Any:
    """The first column of the first row."""
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def make_account(connection: Connection, name: str, *grants: Grant) -> tuple[str, str]:
    """An account with its roles. Returns name and secret."""
    query = "INSERT INTO security.account (name, secret_hash) VALUES (%s, %s) RETURNING id"
    account = one(connection, query, name, SECRET_HASH)
    for grant in grants:
        connection.execute(
            "INSERT INTO security.grant (account_id, role, ward_id, residential_group_id) VALUES (%s, %s, %s, %s)",
            [account, grant.role.value, grant.ward_id, grant.residential_group_id],
        )
    return name, SECRET


def make_ward(connection: Connection, code: str = "11311", srid: int = 9210) -> int:
    """A ward without an outline."""
    return int(
        one(
            connection,
            "INSERT INTO registry.unit (level, code, name, srid) VALUES ('ward', %s, 'Hồng Bàng', %s) RETURNING id",
            code,
            srid,
        )
    )


def make_change(connection: Connection, ward: int, kind: str = "create") -> int:
    """The event that other rows come from."""
    query = "INSERT INTO registry.change (ward_id, kind, reason, by) VALUES (%s, %s, 'test', 'test') RETURNING id"
    return int(one(connection, query, ward, kind))


def make_sheet(connection: Connection, ward: int, sheet_no: str = "1", scale: int = 500, srid: int = 9210) -> int:
    """A map sheet."""
    query = "INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid) VALUES (%s, %s, %s, %s) RETURNING id"
    return int(one(connection, query, ward, sheet_no, scale, srid))


def move_to_group(connection: Connection, parcel: int, group: int) -> None:
    """Let a parcel be of a group."""
    connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, parcel])


def leave_few(connection: Connection, group: str, number: int = 40) -> None:
    """Let a group of a demo ward keep so many parcels that lie together, so that its papers are soon drawn."""
    query = """
        WITH own AS (SELECT p.id, p.geom FROM registry.parcel p
                       JOIN registry.residential_group g ON g.id = p.residential_group_id WHERE g.code = %s)
        UPDATE registry.parcel SET residential_group_id = NULL
         WHERE id IN (SELECT id FROM own ORDER BY geom <-> (SELECT geom FROM own ORDER BY id LIMIT 1), id OFFSET %s)
    """
    connection.execute(query, [group, number])


def make_parcel(
    connection: Connection, ward: int, sheet: int, parcel_no: str = "", *, east: float | None = None, size: float = 10
) -> int:
    """A square parcel of `size` metres; by default each lies east of the one before."""
    number = next(_numbers[connection.info.dbname])
    west = EAST + 20 * number if east is None else east
    query = """
        INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)
        SELECT %s, id, %s, srid, ST_MakeEnvelope(%s, %s, %s, %s, srid), %s
          FROM registry.map_sheet WHERE id = %s RETURNING id
    """
    change = make_change(connection, ward)
    values = (ward, parcel_no or str(number), west, NORTH, west + size, NORTH + size, change, sheet)
    return int(one(connection, query, *values))


def make_former(connection: Connection, ward: int, sheet: int) -> int:
    """A square parcel that was in force for some years."""
    parcel = make_parcel(connection, ward, sheet, f"cũ {next(_numbers[connection.info.dbname])}")
    query = (
        "UPDATE registry.parcel SET (valid_from, valid_to, retired_by) = ('2020-01-01', '2024-01-01', %s) WHERE id = %s"
    )
    connection.execute(query.encode(), [make_change(connection, ward, "retire"), parcel])
    return parcel


def make_holder(
    connection: Connection,
    ward: int,
    name: str = "Nguyễn Văn Thử",
    national_id: str = "",
    kind: str = "person",
    vault: IdVault = VAULT,
) -> int:
    """A holder; with a national id when one is given (12 digits that start with 999)."""
    parsed = parse_personal_id(national_id)
    sealed = vault.seal(parsed) if parsed else None
    query = """
        INSERT INTO registry.holder
               (ward_id, kind, full_name, name_key, id_kind, id_cipher, id_hash, id_masked, created_by)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
    """
    identity = (sealed.kind, sealed.cipher, sealed.hash, sealed.masked) if sealed else (None, None, None, None)
    return int(one(connection, query, ward, kind, name, name_key(name), *identity, make_change(connection, ward)))


def make_holding(
    connection: Connection,
    ward: int,
    parcel: int,
    holder: int,
    *,
    role: str = "certificate_holder",
    share: tuple[int, int] | None = None,
) -> int:
    """A right of a holder on a parcel."""
    query = """
        INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, share_num, share_den, created_by)
        VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
    """
    numerator, denominator = share or (None, None)
    change = make_change(connection, ward)
    return int(one(connection, query, ward, parcel, holder, role, numerator, denominator, change))


def make_group(connection: Connection, ward: int, code: str) -> int:
    """A residential group."""
    query = "INSERT INTO registry.residential_group (ward_id, code, name) VALUES (%s, %s, %s) RETURNING id"
    return int(one(connection, query, ward, code, code))


def make_certificate(connection: Connection, ward: int, serial: str, parcel: int) -> int:
    """A certificate of a parcel."""
    query = """
        WITH made AS (INSERT INTO registry.certificate (ward_id, serial, serial_key, created_by)
                      VALUES (%s, %s, %s, %s) RETURNING id)
        INSERT INTO registry.certificate_parcel (certificate_id, parcel_id)
        SELECT id, %s FROM made RETURNING certificate_id
    """
    return int(one(connection, query, ward, serial, serial_key(serial), make_change(connection, ward), parcel))


def add_evidence(connection: Connection, holder: int, result: str) -> int:
    """What the population database said of the id that a holder bears now."""
    query = """
        INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)
        SELECT id, id_hash, 'test', %s, 'test' FROM registry.holder WHERE id = %s RETURNING id
    """
    return int(one(connection, query, result, holder))


def change_data(connection: Connection) -> None:
    """Somebody corrects a parcel: there is a newer data version."""
    find = "SELECT id, ward_id FROM registry.parcel ORDER BY id LIMIT 1"
    parcel, ward = connection.execute(find).fetchone() or (0, 0)
    change = make_change(connection, ward)
    query = "UPDATE registry.parcel SET legal_area_m2 = 123.4, changed_by = %s WHERE id = %s"
    connection.execute(query, [change, parcel])
    flush(connection)
