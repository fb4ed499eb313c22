"""`gisland user …`, `gisland token …`: the same acts, for whoever runs the machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from psycopg import Connection

from gisland.database import run
from gisland.security import attempts
from gisland.security.crypto import load_vault
from tests.commands import Said
from tests.factories import make_ward
from tests.live import LiveServer
from tests.security.conftest import SOON, Person, last_event, me, tags

Gisland = Callable[..., Said]


def test_a_person_comes_works_and_goes(people: LiveServer, gisland: Gisland, db: Connection) -> None:
    run(people.settings, lambda connection: make_ward(connection, "10101"))
    before = last_event(db)
    made = gisland("user", "add", "cli.an")
    name, secret = made.stdout.split()
    assert name == "cli.an"
    assert me(people.url, (name, secret)).json()["must_change"]
    assert gisland("user", "grant", name, "officer", "--ward", "10101").returncode == 0
    assert gisland("user", "grant", name, "officer", "--ward", "10101").returncode == 6
    assert gisland("user", "grant", name, "officer", "--ward", "99999").returncode == 3
    assert gisland("user", "grant", name, "group_head", "--ward", "10101").returncode == 7
    assert "officer@10101  (mật khẩu dùng một lần" in gisland("user", "list").stdout

    token = gisland("token", "add", name, "QGIS", "--permission", "staff_layer:read", "--ward", "10101").stdout.strip()
    listed = gisland("token", "list", name).stdout
    assert "QGIS: staff_layer:read" in listed
    assert token not in listed
    assert gisland("token", "revoke", name, listed.split()[0]).returncode == 0
    assert gisland("token", "list", name).stdout == ""

    assert gisland("user", "revoke", name, "officer", "--ward", "10101").returncode == 0
    assert gisland("user", "revoke", name, "officer", "--ward", "10101").returncode == 3
    assert gisland("user", "disable", name).returncode == 0
    time.sleep(SOON)
    assert me(people.url, (name, secret)).status_code == 401
    assert gisland("user", "enable", name).returncode == 0
    new = gisland("user", "reset", name).stdout.split()[1]
    assert new != secret
    assert me(people.url, (name, new)).status_code == 200

    noted = [tag for subject, tag, _ in tags(db, "%", before) if subject.startswith("cli:")]
    assert [tag for tag in noted if tag != "account:read"] == [
        *("account:created", "role:granted", "token:issued", "token:revoked", "role:revoked"),
        *("account:disabled", "account:changed", "account:changed"),
    ]


def test_whoever_is_locked_out_is_let_in(
    people: LiveServer, gisland: Gisland, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    key = attempts.name_key(load_vault(people.settings), person[0])
    lock = """
        INSERT INTO security.attempt VALUES (%s, 400, now(), now() + interval '900 s')
            ON CONFLICT (key_hash) DO UPDATE SET failures = 400, locked_until = excluded.locked_until
    """
    db.execute(lock, [key])
    db.commit()
    assert me(people.url, person).status_code == 429
    assert f"{person[0]:24} viewer  (đợi" in gisland("user", "list").stdout
    assert gisland("user", "unlock", person[0]).returncode == 0
    assert me(people.url, person).status_code == 200
    db.execute(lock, [attempts.address_key(load_vault(people.settings), "127.0.0.1")])
    db.commit()
    assert me(people.url, someone()).status_code == 429
    assert gisland("user", "unlock", "--address", "127.0.0.1").returncode == 0
    assert me(people.url, someone()).status_code == 200


def test_the_last_administrator_stays(gisland: Gisland) -> None:
    assert gisland("user", "disable", "admin").returncode == 6
    refused = gisland("user", "revoke", "admin", "admin")
    assert refused.returncode == 6
    assert "an administrator must be left" in refused.stderr


def test_nobody_is_told(gisland: Gisland) -> None:
    for words in (("user", "reset"), ("user", "unlock"), ("token", "list")):
        refused = gisland(*words, "nobody.at.all")
        assert refused.returncode == 3
        assert refused.stderr.count("\n") == 1


def test_a_program_of_its_own_says_the_same(people: LiveServer, gisland: Gisland) -> None:
    words = ("token", "list", "nobody.at.all")
    command, env = [sys.executable, "-m", "gisland", *words], people.settings.as_environment()
    refused = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr) == gisland(*words)
