"""A ward whose persons are handed to the police, another ward, and a server for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from psycopg import Connection

from gisland.database import run
from gisland.kit.keys import write_keys
from gisland.security.crypto import load_vault
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import (
    add_evidence,
    make_account,
    make_certificate,
    make_change,
    make_group,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
)
from tests.publish.conftest import serving

LISTS = "/api/v1/verification/lists"
ID = "999070000{:03}"
# Who is whom in ward A: name → kind, number of the id (0: none), what is known already.
PEOPLE = {
    "Một": ("person", 1, None),
    "Hai": ("household", 2, None),
    "Ba": ("couple", 3, None),
    "Bốn": ("person", 4, "mismatch"),  # corrected since: unsent again
    "Năm": ("person", 5, "verified"),
    "Sáu": ("person", 6, "not_found"),
    "Bảy": ("person", 0, None),
    "Tám": ("organisation", 8, None),
}


@dataclass
class Office:
    """Ward A (11311) with the groups 01 and 02, ward B (11312) with one person, and a client for each account."""

    settings: Settings
    ward: int = 0
    other: int = 0
    group: int = 0
    holders: dict[str, int] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def fill(self, connection: Connection) -> None:
        self.ward, self.other = make_ward(connection), make_ward(connection, "11312")
        groups = [make_group(connection, self.ward, code) for code in ("01", "02")]
        self.group = groups[0]
        sheet = make_sheet(connection, self.ward, "7")
        for number, (name, (kind, last, known)) in enumerate(PEOPLE.items(), 1):
            holder = make_holder(connection, self.ward, name, ID.format(last) if last else "", kind)
            # Sheet 7 holds 12 before 2: numbers are compared as numbers.
            parcel = make_parcel(connection, self.ward, sheet, str(13 - number))
            group = groups[name == "Ba"]
            connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, parcel])
            make_holding(connection, self.ward, parcel, holder)
            if name == "Một":
                make_certificate(connection, self.ward, "DD 100001", parcel)
                make_holding(connection, self.ward, make_parcel(connection, self.ward, sheet, "90"), holder)
            if known:
                add_evidence(connection, holder, known)
            self.holders[name] = holder
        former = make_holder(connection, self.ward, "Đã Bán", ID.format(99))
        held = make_holding(connection, self.ward, parcel, former)
        ended = make_change(connection, self.ward)
        connection.execute("UPDATE registry.holding SET retired_by = %s WHERE id = %s", [ended, held])
        connection.execute(
            "UPDATE registry.holder SET (id_cipher, id_hash, id_masked, birth_year, address)"
            " = (SELECT id_cipher, id_hash, id_masked, 1970, 'Số 4 phố Thử' FROM registry.holder WHERE id = %s)"
            " WHERE id = %s",
            [former, self.holders["Bốn"]],
        )
        there = make_holder(connection, self.other, "Nơi Khác", ID.format(77))
        make_holding(
            connection, self.other, make_parcel(connection, self.other, make_sheet(connection, self.other)), there
        )

    def hire(self, connection: Connection) -> dict[str, tuple[str, str]]:
        here, there = self.ward, self.other
        grants = {role.value: [Grant(role, here)] for role in (Role.VIEWER, Role.OFFICER, Role.REGISTRAR, Role.POLICE)}
        grants |= {"group_head": [Grant(Role.GROUP_HEAD, here, self.group)], "auditor": [Grant(Role.AUDITOR)]}
        grants |= {"admin": [Grant(Role.ADMIN)], "nothing": [], "police of B": [Grant(Role.POLICE, there)]}
        grants |= {"registrar of B": [Grant(Role.REGISTRAR, there)]}
        names = {name: name.replace(" ", "-").lower() for name in grants}
        return {name: make_account(connection, names[name], *given) for name, given in grants.items()}


@pytest.fixture(scope="module")
def office(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office; tests of a file share it, in their order."""
    key = tmp_path_factory.mktemp("office") / "id.key"
    write_keys(key, [bytes(32)])  # that of the factories
    with clone_of(server) as clone:
        made = Office(clone.model_copy(update={"id_key_file": Path(key)}))
        assert load_vault(made.settings).name
        run(made.settings, made.fill)
        accounts = run(made.settings, made.hire)
        with serving(made.settings) as anonymous:
            made.clients = {
                name: httpx.Client(base_url=anonymous.base_url, auth=auth, timeout=60)
                for name, auth in accounts.items()
            }
            made.clients["anonymous"] = anonymous
            yield made
            for client in made.clients.values():
                client.close()
