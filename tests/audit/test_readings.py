"""Whoever reads what tells of persons leaves an event: each kind of record, and each command that reads.

Nothing is left out by being forgotten: a new kind or command fails here until it is audited, or until somebody has said
why it tells of nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import typer
from psycopg import Connection

from gisland.cli import command_line, main
from gisland.database import Role, connect, run
from gisland.kit.identifiers import NationalId
from gisland.registry.kinds import KINDS, Kind
from gisland.registry.masking import needs
from gisland.registry.writing import Clerk
from gisland.security.crypto import IdVault, load_vault
from gisland.security.permissions import Permission
from gisland.settings import Settings
from gisland.verification.sending import NewList, send_list
from tests.conftest import clone_of
from tests.factories import (
    make_account,
    make_certificate,
    make_change,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    one,
)
from tests.live import LiveServer
from tests.security.client import in_process

# Kinds that tell of nobody. Who asks for them by a person, or for their history, is noted all the same.
OF_NOBODY = {"unit", "group", "sheet", "parcel", "asset"}


def fill(connection: Connection, vault: IdVault) -> None:
    ward = make_ward(connection)
    parcel = make_parcel(connection, ward, make_sheet(connection, ward))
    holder = make_holder(connection, ward)
    sealed = vault.seal(NationalId("personal", "999070000001"))
    query = "UPDATE registry.holder SET id_kind = %s, id_cipher = %s, id_hash = %s, id_masked = %s WHERE id = %s"
    connection.execute(query, [sealed.kind, sealed.cipher, sealed.hash, sealed.masked, holder])
    make_holding(connection, ward, parcel, holder)
    make_certificate(connection, ward, "DD 100001", parcel)
    change = make_change(connection, ward)
    for into, *values in (
        ("residential_group (ward_id, code, name)", ward, "1", "1"),
        ("asset (ward_id, kind, created_by)", ward, "house", change),
        ("restriction (ward_id, parcel_id, kind, created_by)", ward, parcel, "mortgage", change),
        ("document (ward_id, kind, created_by)", ward, "HD", change),
    ):
        connection.execute(f"INSERT INTO registry.{into} VALUES ({', '.join(['%s'] * len(values))})".encode(), values)


@pytest.fixture(scope="module")
def office(server: Settings) -> Iterator[LiveServer]:
    with clone_of(server) as settings:
        run(settings, lambda connection: fill(connection, load_vault(settings)))
        clerk = Clerk("account:lap", load_vault(settings))
        run(settings, lambda connection: send_list(connection, NewList(ward="11311"), clerk))
        with in_process(settings) as live:
            run(settings, lambda connection: make_account(connection, "an"))
            yield live


SINCE = """
    SELECT id, tag, object, detail ->> 'kind' FROM audit.event WHERE id > %s AND tag <> 'sign_in:accepted' ORDER BY id
"""
Noted = list[tuple[str, str, str | None]]
Events = Callable[[], Noted]


@pytest.fixture
def noted(office: LiveServer) -> Iterator[Events]:
    """What was noted since it was asked the last time: tag, object, kind."""
    with connect(office.settings, Role.APP) as connection:
        since = [one(connection, "SELECT max(id) FROM audit.event")]

        def events() -> Noted:
            connection.rollback()
            found = connection.execute(SINCE, since).fetchall()
            since[0] = max([since[0], *(row[0] for row in found)])
            return [row[1:] for row in found]

        yield events


def test_each_kind_that_shows_persons_is_personal() -> None:
    """Fields that need a permission about persons, and rights, papers and reasons, which are somebody's."""
    assert {kind.name for kind in KINDS.values() if not kind.personal} == OF_NOBODY
    assert not [kind.name for kind in KINDS.values() if needs(kind) and not kind.personal]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_reading_a_kind(office: LiveServer, noted: Events, kind: Kind) -> None:
    with httpx.Client(base_url=f"{office.url}/api/v1/", auth=office.admin, timeout=30) as client:
        page = client.get(kind.path)
        assert page.status_code == 200
        items = page.json()["items"]
        record = items[0]["id"]
        what = kind.name if len(items) > 1 else f"{kind.name}:{record}"
        assert noted() == ([] if kind.name in OF_NOBODY else [("registry:read", what, kind.name)])
        one_of_it = [("registry:read", f"{kind.name}:{record}", kind.name)]
        assert client.get(f"{kind.path}/{record}").status_code == 200
        assert noted() == ([] if kind.name in OF_NOBODY else one_of_it)
        assert client.get(f"{kind.path}/{record}?as_of=1").status_code in {200, 404}
        noted()
        if kind.writable:
            assert client.get(f"{kind.path}/{record}/history").status_code == 200
            assert noted() == one_of_it, "the reasons of its changes"
        if "holder_id" in kind.filters:
            assert client.get(kind.path, params={"holder_id": 1}).status_code == 200
            assert [tag for tag, *_ in noted()] == ["registry:read"]


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/api/v1/findings?ward_id=1", ("registry:read", "", "finding")),
        ("/api/v1/parcels/1/timeline", ("registry:read", "parcel:1", "parcel")),
        ("/api/v1/accounts", ("account:read", "account", None)),
        ("/api/v1/accounts/1", ("account:read", "account:1", None)),
        ("/api/v1/grants", ("account:read", "grant", None)),
        ("/admin/accounts", ("account:read", "account", None)),
        ("/api/v1/audit/events", ("audit:read", "", None)),
        ("/api/v1/audit/events.csv", ("audit:exported", "", None)),
        ("/ogc/collections/parcels-staff/items", ("staff_layer:read", "parcels-staff", None)),
    ],
)
def test_reading_by_other_doors(office: LiveServer, noted: Events, path: str, event: tuple[str, ...]) -> None:
    answer = httpx.get(f"{office.url}{path}", auth=office.admin, timeout=30)
    assert answer.status_code == 200, answer.text
    assert noted() == [event]


FOLDER = "{folder}"
# Commands that read: what is typed, and the tag of what is noted.
READS = {
    "registry show": ("holder 1", "registry:read"),
    "registry list": ("holder", "registry:read"),
    "registry history": ("holder 1", "registry:read"),
    "registry timeline": ("1", "registry:read"),
    "registry check": ("", "registry:read"),
    "registry search": ("Nguyễn", "registry:searched"),
    "registry reveal": ("1 --reason đối-chiếu", "identity:revealed"),
    "layer export": (f"parcels-staff {FOLDER}/staff.csv --reason đối-chiếu", "data:exported"),
    "verify rows": ("1", "verification:read"),
    "audit list": ("", "audit:read"),
    "audit export": (f"{FOLDER}/events.csv", "audit:exported"),
    "audit verify": ("", "audit:verified"),
    "user list": ("", "account:read"),
    "token list": ("an", "account:read"),
    "db dump": (f"{FOLDER}/all.dump", "database:dumped"),
}
# And those that read what tells of nobody.
UNNOTED = {
    "registry lineage": "numbers and areas of parcels",
    "unit crosswalk": "units",
    "verify lists": "numbers of lists, and how many are on them",
    "audit alerts": "rules and opaque ids; the alert itself is in the log",
    "db psql": "a shell of the database: who has it reads without gisland; what they change is noted",
    "db status": "whether it runs",
    "db docs": "tables and columns",
    "doctor": "the state of the service",
    "layer list": "layers",
    "layer check": "layers",
    "layer sql": "a statement",
}
# Verbs of commands that write; each of them is noted by what it does. Prints are noted each (printing/test_telling).
WRITING = {
    *("up", "serve", "worker", "start", "stop", "migrate", "restore", "reset", "remove", "rotate-key", "generate"),
    *("load", "screenshot", "pictures", "add", "reform", "create", "patch", "act", "parcels", "form", "results"),
    *("apply", "rebuild", "refresh", "drop", "seal", "drop-months", "acknowledge", "alert-test", "disable", "enable"),
    *("unlock", "grant", "revoke", "send"),
}


def commands(group: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Permission]]:
    for command in group.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.replace("_", "-")
        yield " ".join([*path, name]), command.callback.require  # type: ignore[attr-defined]  # see guards.requires
    for sub in group.registered_groups:
        assert sub.typer_instance is not None
        yield from commands(sub.typer_instance, (*path, *([sub.name] if sub.name else [])))


def test_each_command_that_reads_is_listed() -> None:
    unsaid = {
        name
        for name, permission in commands(command_line())
        if permission not in {Permission.PUBLIC_READ, Permission.BENCH_RUN, Permission.MAP_PRINT}
        and name.split()[-1] not in WRITING
    }
    assert unsaid == READS.keys() | UNNOTED.keys()


@pytest.mark.parametrize("name", READS)
def test_a_command_that_reads_is_noted(
    office: LiveServer, noted: Events, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, tag = READS[name]
    for key, value in office.settings.as_environment().items():
        monkeypatch.setenv(key, value)
    typed = words.replace(FOLDER, str(tmp_path)).split()
    monkeypatch.setattr(sys, "argv", ["gisland", *name.split(), *typed])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in {0, None, 20, 22}, "well, or there are faults"
    assert tag in {each for each, *_ in noted()}
