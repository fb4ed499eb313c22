"""The key of the national ids is changed: all ids open with the new one only, and kill -9 does no harm."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gisland.database import EVERYWHERE, Role, conninfo, run
from gisland.database.cluster_host import client_program
from gisland.errors import Conflict, DatabaseUnavailable, GislandError
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.kit.identifiers import NationalId, parse_personal_id
from gisland.kit.keys import write_keys
from gisland.registry.identity import RevealReason, reveal
from gisland.registry.search import search
from gisland.registry.writing import Clerk
from gisland.security import rotation
from gisland.security.crypto import IdVault, load_vault, named_file, new_file
from gisland.security.mask import OF_PERSONS
from gisland.security.rotation import rotate_id_key
from gisland.settings import Settings
from gisland.verification.results import accept_results
from gisland.verification.sending import NewList, send_list
from tests.conftest import clone_of
from tests.factories import make_change, one
from tests.intake.files import RESULTS, add_ward, form_row, parcel, result_row, write_form, write_parcels, write_table

WHY = RevealReason(reason="kiểm thử")
CORRECTED = NationalId("personal", "999070000099")
STAFF = "published_staff.parcels_staff"


class Office:
    """A ward with four holders, A to D: what came back on three, a list for the police with D; and a key of its own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings.model_copy(update={"id_key_file": folder / "keys" / "id.key"})
        self.folder = folder

    def fill(self) -> None:
        self.key.parent.mkdir()
        write_keys(self.key, [b"k" * 32])
        add_ward(self.settings)
        write_parcels(self.folder / "thua.gpkg", [parcel(n) for n in range(1, 5)])
        write_form(self.folder / "form.xlsx", [form_row(number) for number in range(1, 5)])
        rows = [result_row(1, "Khớp"), result_row(2, "Đã chết"), result_row(3, "Khớp")]
        write_table(self.folder / "kq.xlsx", RESULTS, rows)
        assert self.take_in() == [True, True, True]
        clerk = Clerk("test", load_vault(self.settings))
        assert run(self.settings, lambda connection: send_list(connection, NewList(ward="11311"), clerk)).rows == 1
        run(self.settings, self._correct)

    @property
    def key(self) -> Path:
        return self.settings.id_key_path

    def take_in(self) -> list[bool]:
        """Take in all files. Returns, for each, whether it changed anything."""
        return [
            intake_parcels(self.settings, self.folder / "thua.gpkg", "11311", by="test").written,
            intake_form(self.settings, self.folder / "form.xlsx", "11311", by="test").written,
            accept_results(self.settings, self.folder / "kq.xlsx", "11311", by="test").written,
        ]

    def _correct(self, connection: Connection) -> None:
        """C gets another id: the one of before is in the history, and the evidence on it counts no more."""
        make_change(connection, one(connection, "SELECT id FROM registry.unit"))
        sealed = load_vault(self.settings).seal(CORRECTED)
        query = "UPDATE registry.holder SET id_cipher = %s, id_hash = %s, id_masked = %s WHERE full_name LIKE '%% C'"
        connection.execute(query, [sealed.cipher, sealed.hash, sealed.masked])

    def ids(self, vault: IdVault) -> dict[tuple[str, int], str]:
        """Every id that is stored, in clear; each is found by its hash."""
        query = "SELECT 'holder', id, version, id_cipher, id_hash FROM registry.holder"
        query += (
            " UNION ALL SELECT 'history', id, version, id_cipher, id_hash FROM history.holder WHERE id_hash IS NOT NULL"
        )
        query += " UNION ALL SELECT 'list', holder_id, row_no, id_cipher, id_hash FROM verification.list_row"
        found = {}
        for place, holder, version, cipher, hashed in self.rows(query):
            number = vault.open(cipher)
            parsed = parse_personal_id(number)
            assert parsed is not None
            assert vault.hash(parsed) == hashed
            found[place, holder * 100 + version] = number
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo(self.settings, Role.BACKUP)) as connection:
            return connection.execute(query.encode()).fetchall()

    def state(self) -> list[list[tuple[Any, ...]]]:
        """What a change of the key must leave as it is."""
        return [
            self.rows("SELECT id, version, updated_at, changed_by, id_masked FROM registry.holder ORDER BY 1"),
            self.rows("SELECT id, version, ended_by FROM history.holder ORDER BY 1, 2"),
            self.rows("SELECT * FROM verification.holder_status ORDER BY 1"),
            self.rows("SELECT list_id, row_no, evidence_id, id_masked FROM verification.list_row"),
            self.rows(f"SELECT id, _properties, _change FROM {STAFF} JOIN {STAFF}__geojson USING (id) ORDER BY 1"),
            self.rows("SELECT max(version) FROM publish.data_version"),
            self.rows("SELECT id, kind, batch_id FROM registry.change ORDER BY 1"),
            self.rows("SELECT kind, counts FROM intake.batch ORDER BY id"),
        ]

    def works(self, vault: IdVault) -> None:
        """Everything that needs the key does its work."""
        with psycopg.connect(conninfo(self.settings, Role.APP, scope=EVERYWHERE)) as connection:
            [hit] = search(connection, "999070000001", vault, held=OF_PERSONS)
            assert hit.label.startswith("Nguyễn Văn Thử A")
            assert reveal(connection, hit.id, WHY, by="test", vault=vault).national_id == "999070000001"
            [hit] = search(connection, CORRECTED.number, vault, held=OF_PERSONS)
            assert hit.label.startswith("Nguyễn Văn Thử C")
        rows = self.rows("SELECT count(*) FROM intake.source_row")
        assert self.take_in() == [False, False, False]
        assert self.rows("SELECT count(*) FROM intake.source_row") == rows


@pytest.fixture(scope="module")
def filled(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office that all are copies of."""
    with clone_of(server) as settings:
        office = Office(settings, tmp_path_factory.mktemp("office"))
        office.fill()
        yield office


@pytest.fixture
def office(filled: Office, tmp_path: Path) -> Iterator[Office]:
    """An office of its own for a test: database, key and files."""
    with clone_of(filled.settings) as settings:
        yield Office(settings, shutil.copytree(filled.folder, tmp_path / "office"))


@pytest.fixture
def settings(office: Office) -> Settings:
    """Those of the office: further connections are opened to its database."""
    return office.settings


def statuses(office: Office) -> dict[str, str]:
    query = "SELECT right(full_name, 1), status FROM verification.holder_status JOIN registry.holder ON id = holder_id"
    return dict(office.rows(query))


def test_all_ids_open_with_the_new_key_only(office: Office) -> None:
    old = load_vault(office.settings)
    before, ids = office.state(), office.ids(old)
    expected = {"A": "verified", "B": "deceased", "C": "unsent", "D": "sent"}
    assert statuses(office) == expected
    assert len(ids) > 4

    done = rotate_id_key(office.settings, by="cli:test")
    new = load_vault(office.settings)
    expected_counts = {"holders": 4, "history": 1, "list_row": 1, "evidence": 4, "source_row": 11, "strays": 0}
    assert done.counts == expected_counts
    assert (new.name, done.former) == (done.key, named_file(office.key, old.name))
    assert office.ids(new) == ids
    with pytest.raises(GislandError, match="does not open"):
        office.ids(old)
    assert office.state() == before
    assert statuses(office) == expected
    assert {path.name: path.stat().st_mode & 0o777 for path in office.key.parent.iterdir()} == {
        "id.key": 0o600,
        f"id.key.{old.name}": 0o600,
    }
    office.works(new)
    office.works(old)  # a program that has read the old file reads the new one
    noted = "SELECT subject, object, detail ->> 'holders' FROM audit.event WHERE tag = 'identity:key_changed'"
    assert office.rows(noted) == [("cli:test", new.name, "4")]


def test_it_can_be_changed_again_and_again(office: Office) -> None:
    ids, before = office.ids(load_vault(office.settings)), office.state()
    names = {rotate_id_key(office.settings, by="test").key for _ in range(3)}
    assert len(names) == 3
    new = load_vault(office.settings)
    assert (office.ids(new), office.state()) == (ids, before)
    assert statuses(office)["A"] == "verified"
    office.works(new)


def test_what_was_switched_off_is_on_again(office: Office) -> None:
    rotate_id_key(office.settings, by="test")
    with psycopg.connect(conninfo(office.settings, Role.MIGRATOR)) as connection:
        connection.execute("SET ROLE gisland_owner")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("UPDATE verification.evidence SET result = 'verified'")
        changed = connection.execute("UPDATE registry.holder SET address = 'x' WHERE id = 1 RETURNING version")
        assert changed.fetchone() is not None
    off = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'O' AND NOT tgisinternal"
    assert office.rows(off) == []


def test_evidence_on_the_id_of_before_counts_again_with_it(office: Office) -> None:
    rotate_id_key(office.settings, by="test")
    back = parse_personal_id("999070000003")
    assert back is not None
    sealed = load_vault(office.settings).seal(back)
    with psycopg.connect(conninfo(office.settings, Role.APP, scope=EVERYWHERE)) as connection:
        query = "UPDATE registry.holder SET id_cipher = %s, id_hash = %s, id_masked = %s WHERE full_name LIKE '%% C'"
        connection.execute(query, [sealed.cipher, sealed.hash, sealed.masked])
    assert statuses(office)["C"] == "verified"


def test_no_dump_holds_an_id_or_a_key(office: Office) -> None:
    rotate_id_key(office.settings, by="test")
    command = [client_program("pg_dump"), "--enable-row-security", "--dbname", conninfo(office.settings, Role.BACKUP)]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert "COPY registry.holder" in dump
    assert not re.search(r"99907000|(?:39){3}30373030", dump)
    for path in office.key.parent.iterdir():
        assert not [key for key in path.read_text().split() if key in dump]


def rotating(settings: Settings, *code: str) -> subprocess.Popen[str]:
    command = [sys.executable, *(code or ("-m", "gisland", "db", "rotate-key"))]
    return subprocess.Popen(command, env=settings.as_environment(), text=True, stdout=subprocess.PIPE)


def test_killed_before_the_commit(office: Office, open_connection: Callable[[Role], Connection]) -> None:
    old = load_vault(office.settings)
    before, ids = office.state(), office.ids(old)
    holding = open_connection(Role.MIGRATOR)
    holding.execute("SET ROLE gisland_owner")
    holding.execute("LOCK TABLE intake.source_row")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'intake.source_row'::regclass"
    with rotating(office.settings) as process:
        until = time.monotonic() + 60
        while one(holding, waiting) == 0:
            assert time.monotonic() < until
            time.sleep(0.05)
        connection = open_connection(Role.APP)
        with pytest.raises(DatabaseUnavailable, match="is being changed"):
            reveal(connection, 1, WHY, by="test", vault=old)
        process.send_signal(signal.SIGKILL)
    holding.rollback()
    assert new_file(office.key).exists()
    assert office.ids(load_vault(office.settings)) == ids
    assert office.state() == before
    done = rotate_id_key(office.settings, by="test")
    assert done.counts["holders"] == 4
    assert office.ids(load_vault(office.settings)) == ids
    assert not new_file(office.key).exists()
    office.works(old)


def test_killed_after_the_commit(office: Office) -> None:
    old = load_vault(office.settings)
    before, ids = office.state(), office.ids(old)
    code = (
        "import os, signal; from pathlib import Path; from gisland.settings import load_settings;"
        " from gisland.security.rotation import rotate_id_key;"
        " Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL); rotate_id_key(load_settings(), by='test')"
    )
    with rotating(office.settings, "-c", code) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert office.key.read_text() != new_file(office.key).read_text()
    assert office.state() == before
    office.works(load_vault(office.settings))  # the file is the old one still
    with rotating(office.settings) as process:
        said = process.communicate()[0]
    assert "An interrupted change was completed" in said
    new = load_vault(office.settings)
    assert not new_file(office.key).exists()
    assert office.ids(new) == ids
    office.works(new)
    assert rotate_id_key(office.settings, by="test").counts["holders"] == 4


def test_a_key_that_does_not_fit_changes_nothing(office: Office) -> None:
    run(office.settings, lambda connection: _add_foreign(connection, IdVault(b"x" * 32)))
    before = office.key.read_text()
    with pytest.raises(GislandError, match=r"holder \d+: .*does not open"):
        rotate_id_key(office.settings, by="test")
    assert office.key.read_text() == before
    assert office.rows("SELECT count(*) FROM security.id_key") == [(0,)]


def _add_foreign(connection: Connection, vault: IdVault) -> None:
    sealed = vault.seal(NationalId("personal", "999070000055"))
    query = "UPDATE registry.holder SET id_cipher = %s, id_hash = %s WHERE full_name LIKE '%% D'"
    connection.execute(query, [sealed.cipher, sealed.hash])


def test_it_waits_for_those_who_use_the_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "WAIT", "SET lock_timeout = '200ms'")
    with psycopg.connect(conninfo(office.settings, Role.APP, scope=EVERYWHERE)) as connection:
        load_vault(office.settings).in_use(connection)
        with pytest.raises(Conflict, match="somebody uses the key"):
            rotate_id_key(office.settings, by="test")
    assert rotate_id_key(office.settings, by="test").counts["holders"] == 4


def test_who_has_the_wrong_key_is_told(office: Office, tmp_path: Path) -> None:
    old = office.key.read_text()
    rotate_id_key(office.settings, by="test")
    alone = tmp_path / "elsewhere.key"
    alone.write_text(old)
    with psycopg.connect(conninfo(office.settings, Role.APP, scope=EVERYWHERE)) as connection:
        for vault in (load_vault(office.settings.model_copy(update={"id_key_file": alone})), IdVault(b"k" * 32)):
            with pytest.raises(GislandError, match="bring the right key file here"):
                reveal(connection, 1, WHY, by="test", vault=vault)


def test_an_older_dump_finds_its_key(office: Office) -> None:
    """As after a restore: the database is of before the change, the key file of after it."""
    old = load_vault(office.settings)
    write_keys(named_file(office.key, old.name), [b"k" * 32])
    write_keys(office.key, [b"n" * 32, *old.content_keys])
    office.works(load_vault(office.settings))
    done = rotate_id_key(office.settings, by="test")
    assert done.counts["holders"] == 4
    office.works(load_vault(office.settings))


def test_a_folder_that_cannot_be_written_is_told(office: Office) -> None:
    new_file(office.key).mkdir()  # no file can be written in its place, not even by root
    with pytest.raises(GislandError, match=r"id.key.new.*cannot be written"):
        rotate_id_key(office.settings, by="test")
    assert load_vault(office.settings).name == IdVault(b"k" * 32).name
