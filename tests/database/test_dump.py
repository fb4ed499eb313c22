"""A dump brings everything back into an empty server, and nothing into one that is not empty."""

from __future__ import annotations

import getpass
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql

from gisland.database import Role, cluster, connect, run
from gisland.database.cluster_host import client_program
from gisland.database.dump import dump, restore, without_password
from gisland.database.migrate import admin_conninfo, prepare_server
from gisland.errors import Conflict, DatabaseUnavailable, InputError
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import add_evidence, make_holder, make_holding, make_parcel, make_sheet, make_ward, one

NATIONAL_ID = "999001000017"
_numbers = count(1)


@pytest.fixture(scope="module")
def second_cluster() -> Iterator[Settings]:
    """A private cluster as on a new machine: no roles, no database."""
    with tempfile.TemporaryDirectory(prefix="gisland-") as folder:
        Path(folder).chmod(0o711)
        settings = Settings(database_url=None, state_dir=Path(folder) / "state", workers=1)
        yield settings
        cluster.remove(settings)


@pytest.fixture
def empty_server(second_cluster: Settings) -> Settings:
    """The settings of a database that does not exist yet; its server has roles from the second test on."""
    return second_cluster.model_copy(update={"database_name": f"restored_{next(_numbers)}"})


@pytest.fixture(scope="module")
def dumped(server: Settings) -> Iterator[Settings]:
    """A ward with a parcel, its holder, his evidence, and the published features made from them; tests only read it."""
    with clone_of(server) as settings:
        run(settings, fill)
        yield settings


@pytest.fixture(scope="module")
def file(dumped: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of that ward."""
    file = tmp_path_factory.mktemp("dump") / "ward.dump"
    dump(dumped, file)
    return file


def fill(connection: Connection) -> None:
    ward = make_ward(connection)
    parcel = make_parcel(connection, ward, make_sheet(connection, ward), "7")
    holder = make_holder(connection, ward, national_id=NATIONAL_ID)
    make_holding(connection, ward, parcel, holder)
    add_evidence(connection, holder, "verified")


def contents(settings: Settings) -> dict[str, tuple[int, str]]:
    """Row count and checksum of every table of ours, so that nothing can be lost unseen."""
    tables = (
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'spatial_ref_sys'"
    )
    checksum = (
        "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\")), '') FROM {} AS t"
    )
    with psycopg.connect(admin_conninfo(settings)) as connection:
        return {
            f"{schema}.{table}": connection.execute(  # type: ignore[misc]
                sql.SQL(checksum).format(sql.Identifier(schema, table))
            ).fetchone()
            for schema, table in connection.execute(tables).fetchall()
        }


def test_a_dump_restores_into_an_empty_server(dumped: Settings, file: Path, empty_server: Settings) -> None:
    restore(empty_server, file)
    there = contents(empty_server)
    assert there == contents(dumped)
    for table in ("registry.parcel", "registry.holder", "verification.evidence", "published.parcels"):
        assert there[table][0] == 1, table
    with connect(empty_server, Role.APP) as connection:
        distance = "SELECT max(ST_Distance(geom_4326, ST_Transform(geom, 4326))) FROM registry.parcel"
        assert one(connection, distance) < 1e-12


def test_the_restored_server_works_on(file: Path, empty_server: Settings) -> None:
    restore(empty_server, file)

    def add_parcel(connection: Connection) -> None:
        ward = one(connection, "SELECT id FROM registry.unit")
        make_parcel(connection, ward, one(connection, "SELECT id FROM registry.map_sheet"), "8")

    run(empty_server, add_parcel)
    with connect(empty_server, Role.PUBLIC) as connection:
        assert one(connection, "SELECT count(*) FROM published.parcels") == 2
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM registry.parcel")


def test_a_server_that_knows_the_reference_systems_takes_the_dump(file: Path, empty_server: Settings) -> None:
    """A newer PostGIS brings VN-2000 / TM-3 itself; the rows of the dump must not collide with it."""
    prepare_server(empty_server)
    with psycopg.connect(admin_conninfo(empty_server)) as connection:
        connection.execute(
            "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)"
            " SELECT 9210, auth_name, 9210, srtext, proj4text FROM spatial_ref_sys WHERE srid = 3405"
        )
    restore(empty_server, file)
    with psycopg.connect(admin_conninfo(empty_server)) as connection:
        assert "TM-3" in one(connection, "SELECT srtext FROM spatial_ref_sys WHERE srid = 9210")


def test_a_database_that_is_not_empty_is_left_alone(dumped: Settings, file: Path) -> None:
    before = contents(dumped)
    with pytest.raises(Conflict, match="not empty"):
        restore(dumped, file)
    assert contents(dumped) == before


@pytest.mark.parametrize("length", [0, 3000], ids=["not a dump", "cut off"])
def test_a_broken_dump_changes_nothing(file: Path, empty_server: Settings, tmp_path: Path, length: int) -> None:
    broken = tmp_path / "broken.dump"
    broken.write_bytes(file.read_bytes()[:-length] if length else b"not a dump")
    with pytest.raises(InputError, match=r"broken\.dump"):
        restore(empty_server, broken)
    prepare_server(empty_server)
    assert not contents(empty_server)


def test_a_dump_is_private_and_holds_no_national_id(dumped: Settings, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = subprocess.run([client_program("pg_restore"), "--file=-", str(file)], capture_output=True, check=True).stdout
    assert "Nguyễn Văn Thử".encode() in text
    assert NATIONAL_ID.encode() not in text
    with pytest.raises(Conflict, match="exists already"):
        dump(dumped, file)


def test_half_a_dump_is_never_left(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be dumped"):
        dump(settings.model_copy(update={"database_name": "no_such_database"}), tmp_path / "x.dump")
    assert not list(tmp_path.iterdir())


def command(settings: Settings, *arguments: object) -> None:
    words = [sys.executable, "-m", "gisland", "db", *map(str, arguments)]
    done = subprocess.run(words, env=settings.as_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def noted(settings: Settings) -> list[tuple[object, ...]]:
    with connect(settings, Role.APP) as connection:
        query = """
            SELECT tag, detail FROM audit.event WHERE tag LIKE 'database:%%' AND subject = %s ORDER BY id
        """
        return connection.execute(query, [f"cli:{getpass.getuser()}"]).fetchall()


def test_dump_restore_and_reset_are_noted(settings: Settings, tmp_path: Path, empty_server: Settings) -> None:
    """Each in the database as it is after the act; the dump holds that it was begun."""
    file = tmp_path / "999001000017.dump"
    command(settings, "dump", file)
    begun = ("database:dump_begun", {"file": "999*****0017.dump"})
    size = file.stat().st_size
    assert noted(settings) == [begun, ("database:dumped", begun[1] | {"bytes": size})]
    command(empty_server, "restore", file)
    assert noted(empty_server) == [begun, ("database:restored", begun[1] | {"bytes": size})]
    command(settings, "reset", "--yes")
    assert noted(settings) == [("database:reset", {})]


def test_a_password_is_no_argument() -> None:
    info, env = without_password("postgresql://me:s3cret@db.example/gisland")
    assert info == "user=me dbname=gisland host=db.example"
    assert env["PGPASSWORD"] == "s3cret"
