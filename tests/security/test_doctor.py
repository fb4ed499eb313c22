"""The doctor: nothing to complain about in a fresh system, and each hole that is made is found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection

from gisland.audit.alerts.evaluate import evaluate
from gisland.audit.alerts.rules import load_rules
from gisland.audit.sealer import Anchoring, seal
from gisland.database import EVERYWHERE, Role, connect, conninfo, run
from gisland.database.migrate import admin_conninfo
from gisland.database.scope import SET_SCOPE
from gisland.security import doctor
from gisland.security.accounts import create_first_admin
from gisland.security.crypto import load_vault
from gisland.security.doctor import Finding, State, examine
from gisland.settings import Settings
from tests import emptied
from tests.factories import make_holder, make_ward

reused = emptied.reused
settings = emptied.settings
_sessions: dict[str, Connection] = {}
ANOTHER_ZONE = """
    UPDATE public.spatial_ref_sys SET srtext = other.srtext, proj4text = other.proj4text
      FROM public.spatial_ref_sys other WHERE spatial_ref_sys.srid = 909210 AND other.srid = 909218
"""

DUMPED = """
    INSERT INTO audit.event (at, subject, tag) VALUES (now() - %s * interval '1 day', 'test', 'database:dumped')
"""


@pytest.fixture(scope="module", autouse=True)
def sessions(reused: emptied.Emptied) -> Iterator[None]:
    """Whose sessions stay: to examine VN-2000, each new one loads PROJ, which takes longer than all checks."""
    with (
        connect(reused.settings, Role.APP) as _sessions["the application"],
        psycopg.connect(admin_conninfo(reused.settings)) as _sessions["a superuser"],
    ):
        yield


@pytest.fixture
def office(settings: Settings) -> Settings:
    run(settings, create_first_admin)
    load_vault(settings)
    # What is left unsealed for a minute is a hole, and the template may be older than that.
    with psycopg.connect(conninfo(settings, Role.APP), autocommit=True) as connection:
        seal(connection)
        evaluate(connection, load_rules(settings), ())
    return settings


def findings(settings: Settings) -> dict[str, Finding]:
    return examined(_sessions["the application"], settings)


def examined(connection: Connection, settings: Settings) -> dict[str, Finding]:
    with connection.transaction():
        return {found.check.rpartition(" · ")[2]: found for found in examine(connection, settings)}


def findings_after(settings: Settings, statement: str) -> dict[str, Finding]:
    """The same where a superuser has done something, which is never committed."""
    with done(statement) as connection:
        connection.execute("SET LOCAL ROLE gisland_app")
        connection.execute(SET_SCOPE, EVERYWHERE.values())
        return examined(connection, settings)


@contextmanager
def done(statement: str) -> Iterator[Connection]:
    """A session of a superuser who has done something, which is undone in the end."""
    connection = _sessions["a superuser"]
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())
        yield connection


def holes(settings: Settings) -> set[str]:
    return {name for name, found in findings(settings).items() if found.state is State.HOLE}


def test_a_fresh_system_has_no_hole(office: Settings) -> None:
    # Events of its own were not sealed yet, for nothing seals here; they are younger than a minute.
    assert holes(office) == set()


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("ALTER TABLE registry.holder NO FORCE ROW LEVEL SECURITY", "row-level security"),
        ("ALTER TABLE history.holder DISABLE ROW LEVEL SECURITY", "row-level security"),
        ("DROP POLICY in_scope ON published_staff.parcels_staff", "row-level security"),
        ("CREATE TABLE registry.forgotten (id int)", "row-level security"),
        ("ALTER VIEW verification.status_in_reach SET (security_invoker = false)", "row-level security"),
        ("ALTER POLICY in_scope ON registry.holder USING (true)", "row-level security"),
        (
            "ALTER POLICY in_scope ON registry.holder USING ((SELECT security.everywhere()) OR true)",
            "row-level security",
        ),
        ("CREATE POLICY mine ON registry.holder TO gisland_app USING (ward_id > 0)", "row-level security"),
        ("ALTER POLICY all_rows ON registry.holder TO gisland_owner, gisland_app", "row-level security"),
        ("ALTER POLICY all_rows ON published_staff.parcels_staff TO PUBLIC", "row-level security"),
        (
            "GRANT USAGE ON SCHEMA registry TO gisland_staff; GRANT SELECT ON registry.holder TO gisland_staff",
            "other roles",
        ),
        ("GRANT SELECT ON registry.holder TO gisland_publisher", "other roles"),
        ("GRANT SELECT (serial) ON registry.certificate TO gisland_publisher", "other roles"),
        ("GRANT UPDATE ON audit.event TO gisland_app", "other roles"),
        ("GRANT DELETE ON audit.seal TO gisland_app", "other roles"),
        (
            "GRANT USAGE ON SCHEMA registry TO gisland_public; GRANT SELECT ON registry.parcel TO gisland_public",
            "the public",
        ),
        (
            "ALTER TABLE security.account DISABLE TRIGGER keep_an_admin; UPDATE security.account SET disabled = true",
            "administrators",
        ),
        (
            "INSERT INTO audit.event (at, subject, tag) VALUES (now() - interval '1 hour', 'test', 'unit:added')",
            "audit log",
        ),
    ],
)
def test_a_hole_is_found(office: Settings, statement: str, check: str) -> None:
    found = findings_after(office, statement)
    assert {name for name, each in found.items() if each.state is State.HOLE} == {check}
    assert found[check].mend


def test_a_zone_with_the_numbers_of_another_one(office: Settings) -> None:
    # PROJ keeps what it has once read: that of Hải Phòng is looked at by a new session.
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute(ANOTHER_ZONE)
        found = examined(connection, office)
        connection.rollback()
    assert {name for name, each in found.items() if each.state is State.HOLE} == {"VN-2000"}
    assert found["VN-2000"].mend


@pytest.mark.parametrize(
    ("statement", "check", "named"),
    [
        ("ALTER ROLE gisland_staff BYPASSRLS", "database roles", "gisland_staff"),
        ("ALTER ROLE gisland_app CREATEROLE", "database roles", "gisland_app"),
        ("ALTER ROLE gisland_backup RENAME TO gisland_gone", "database roles", "gisland_backup"),
        ("ALTER ROLE gisland_public RENAME TO gisland_gone", "database roles", "gisland_public"),
        ("ALTER ROLE gisland_staff RENAME TO gisland_gone", "database roles", "gisland_staff"),
    ],
)
def test_roles_are_examined(office: Settings, statement: str, check: str, named: str) -> None:
    """Roles are those of the whole cluster: what is done to them here is never committed."""
    with done(statement) as connection:
        found = examined(connection, office)[check]
    assert found.state is State.HOLE
    assert named in found.told
    assert found.mend


def test_an_operator_that_might_tell(office: Settings) -> None:
    assert findings(office)["index under RLS"].state is State.OK
    telling = "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"
    found = findings_after(office, telling)["index under RLS"]
    assert (found.state, "geometry_overlaps" in found.told) == (State.WEAK, True)


def test_a_server_that_is_too_old(office: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PostGIS 3" in findings(office)["versions"].told
    monkeypatch.setattr(doctor, "OLDEST_SERVER", 990000)
    assert findings(office)["versions"].state is State.HOLE


@pytest.mark.parametrize(
    ("setting", "made", "check"),
    [
        ("role_key_file", "roles.key", "key of the roles"),
        ("print_key_file", "print.key", "key of printed pages"),
    ],
)
def test_a_key_that_is_missing_or_that_others_may_read(
    office: Settings, tmp_path: Path, setting: str, made: str, check: str
) -> None:
    fresh = office.model_copy(update={"state_dir": tmp_path, "database_url": admin_conninfo(office)})
    fresh = fresh.model_copy(update={"id_key_file": office.id_key_path})
    assert findings(fresh)[check].state is State.OK, "it is made when it is first needed"
    key = tmp_path / "keys" / made
    named = fresh.model_copy(update={setting: key})
    assert findings(named)[check].state is State.HOLE
    key.parent.mkdir()
    key.write_text("00" * 32)
    key.chmod(0o640)
    for own in (fresh, named):
        assert holes(own) == {check}
    key.chmod(0o600)
    for own in (fresh, named):
        assert holes(own) == set()
    key.write_text("00" * 31)
    assert holes(named) == {check}


@pytest.mark.parametrize(("filled", "late"), [(False, State.WEAK), (True, State.HOLE)])
def test_how_old_the_newest_dump_is(office: Settings, filled: bool, late: State) -> None:
    if filled:
        with connect(office, Role.APP) as connection:
            make_holder(connection, make_ward(connection))
    found = findings(office)["dump"]
    assert (found.state, "never" in found.told) == (late, True)
    for days, state in ((9, late), (1, State.OK)):
        with psycopg.connect(admin_conninfo(office)) as connection:
            connection.execute(DUMPED, [days])
        found = findings(office)["dump"]
        assert (found.state, found.told.partition(" ")[0]) == (state, f"{days}.0")


def test_whether_there_is_an_anchor(office: Settings, tmp_path: Path) -> None:
    own = office.model_copy(update={"audit_anchor_file": tmp_path / "anchors"})
    found = findings(own)["audit log"]
    assert (found.state, "no anchor" in found.told) == (State.WEAK, True)
    with psycopg.connect(conninfo(own, Role.APP), autocommit=True) as connection:
        Anchoring(own).anchor(connection)
    assert findings(own)["audit log"].state is State.OK


def test_a_one_time_secret_that_lies_open(office: Settings) -> None:
    """The first administrator's, which is shown in a terminal, and those of people who never came."""
    assert findings(office)["one-time secrets"].state is State.OK
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute("UPDATE security.account SET secret_set_at = now() - interval '3 days'")
    found = findings(office)["one-time secrets"]
    assert (found.state, "admin" in found.told) == (State.WEAK, True)
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute("UPDATE security.account SET one_time = false")
    assert findings(office)["one-time secrets"].state is State.OK


def test_each_check_is_tested() -> None:
    """A check that was never seen to complain may see nothing at all."""
    said = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in doctor.CHECKS if f'"{name.rpartition(" · ")[2]}"' not in said] == []


def test_a_key_of_another_database(office: Settings, tmp_path: Path) -> None:
    with connect(office, Role.APP) as connection:
        make_holder(connection, make_ward(connection), national_id="999070000001")
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute(DUMPED, [0])
    assert holes(office) == {"key of the ids"}


def test_a_key_that_others_may_read(office: Settings, tmp_path: Path) -> None:
    key = tmp_path / "id.key"
    key.write_bytes(office.id_key_path.read_bytes())
    key.chmod(0o644)
    own = office.model_copy(update={"id_key_file": key})
    assert holes(own) == {"key of the ids"}
    key.chmod(0o600)
    assert holes(own) == set()


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"public_url": "https://example.vn", "trusted_proxies": "127.0.0.1"}, State.OK),
        ({"public_url": "https://example.vn"}, State.HOLE),
        ({"public_url": "https://example.vn", "host": "192.0.2.1"}, State.WEAK),
        ({"public_url": "http://example.vn", "trusted_proxies": "127.0.0.1"}, State.HOLE),
        ({"host": "0.0.0.0"}, State.HOLE),
        ({"host": "::1"}, State.OK),
    ],
)
def test_transport(office: Settings, change: dict[str, str], state: State) -> None:
    assert findings(office.model_copy(update=change))["transport"].state is state


@pytest.mark.parametrize(
    ("url", "mode", "state"),
    [
        (None, "", State.OK),
        ("host=/run/postgresql", "", State.OK),
        ("postgresql://localhost/gisland", "", State.OK),
        ("host=127.0.0.1,::1", "", State.OK),
        ("postgresql://db.example.vn/gisland", "", State.HOLE),
        ("host=127.0.0.1,db.example.vn sslmode=disable", "", State.HOLE),
        ("host=localhost hostaddr=192.0.2.1", "", State.HOLE),
        ("host=db", "", State.WEAK),
        ("postgresql://db.example.vn/gisland?sslmode=require", "", State.WEAK),
        ("postgresql://db.example.vn/gisland?sslmode=verify-full", "", State.OK),
        ("postgresql://db.example.vn/gisland", "verify-full", State.OK),
    ],
)
def test_the_way_to_the_database(
    office: Settings, monkeypatch: pytest.MonkeyPatch, url: str | None, mode: str, state: State
) -> None:
    monkeypatch.setenv("PGSSLMODE", mode)
    found = findings(office.model_copy(update={"database_url": url}))["way to the database"]
    assert found.state is state
    assert bool(found.mend) == (state is not State.OK)


def test_alerts_without_a_way_out_and_those_that_are_stuck(office: Settings) -> None:
    found = findings(office)["alerts"]
    assert (found.state, "nobody is told" in found.told) == (State.WEAK, True)
    mail = {"alert_mail_to": "an@example.vn", "smtp_host": "127.0.0.1", "smtp_security": "none"}
    told = office.model_copy(update=mail)
    assert findings(told)["alerts"].state is State.OK
    assert findings(told.model_copy(update={"alert_mail_to": "nobody"}))["alerts"].state is State.HOLE
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute(
            "INSERT INTO audit.alert (rule, key, severity, first_at, last_at, amount, told_at)"
            " VALUES ('refusals', 'account:an', 'high', now(), now(), 1, now() - interval '1 hour')"
        )
        connection.execute("INSERT INTO audit.delivery (alert_id, way) SELECT id, 'mail' FROM audit.alert")
    assert "did not go out" in findings(told)["alerts"].told
    with psycopg.connect(admin_conninfo(office)) as connection:
        connection.execute("UPDATE audit.watch SET position = 0")
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit.event SET at = at - interval '1 hour'")
    assert findings(told)["alerts"].state is State.HOLE


def test_the_command_says_it_by_its_exit_code(office: Settings) -> None:
    def said(**more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gisland", "doctor"]
        env = office.as_environment() | more
        return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)

    well = said()
    assert well.returncode == 0, well.stdout
    assert "✓ VN-2000" in well.stdout
    ill = said(GISLAND_PUBLIC_URL="http://example.vn")
    assert ill.returncode == 21
    assert "✗ đường truyền" in ill.stdout
