"""The audit log and its alerts for those who are shown acts, and nobody's name: subjects as opaque ids.

Names of accounts are often names of people, and what people type may be anything: a reason, a note, the name of a file.
Who manages accounts knows whose they are and sees all; an auditor sees `account:<number>`, and of a text that there is
one. This holds alike for the API, CSV, pages and commands: all of them read through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from gisland.audit.log import Tag
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

ACCOUNT, UNKNOWN = "account:", "account:?"
SAID = "…"
"""Stands for a text that somebody typed."""
# What of a detail is a text of this program: names of fields, kinds, formats, hashes. Any other text was typed.
OURS = frozenset(
    [
        *("asked", "change", "for", "format", "hash", "kind", "layout", "origin", "paper", "permission", "permissions"),
        *("print", "product", "role", "rule", "severity", "sha256", "ward_ids", "wards"),
    ]
)
HOW = OURS | {"by"}
"""The same of a sign-in: by a password, a session or a token."""
# Whose it is, as the name of an account.
NAMES = frozenset({"account", "of"})
NAMED = frozenset(tag.value for tag in Tag if tag.partition(":")[0] in {"account", "password", "sign_in"})
"""Acts on accounts: their object is a name."""
OF_FILES = frozenset(tag.value for tag in Tag if tag.startswith("database:"))
_ID = re.compile(r"[a-z_]+:[0-9]+|account|grant|token|")
_NUMBER = re.compile(r"[0-9]{1,8}(\.png)?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""Ids in paths: of records and of prints."""
PATHS = frozenset(
    """
    account accounts acknowledge adjust admin alerts api assets audit certificates changes codes collections
    conformance counts crosswalk disable documents enable end events events.csv execution export findings functions
    grants groups health historic history holders holdings items jobs layers legend lineage lists live me merge
    metadata metrics move ogc openapi.json pages palette parcels password preview print prints processes products
    project qgis queryables ready reissue renumber reprint reset restrictions result results retire reveal rows
    schema search session sessions sheets sortables split styles test tileMatrixSets tiles timeline tokens transfer
    undo units unlock v1 verification verify withdraw
    """.split()  # noqa: SIM905 - as a list of literals nobody can read it
)
"""The words of the addresses that there are; tested against the routes. Any other part of a path was typed."""


def sees_people(subject: Subject) -> bool:
    """Whether somebody knows whose the accounts are."""
    return subject.scope(Permission.ACCOUNT_MANAGE).everywhere


@dataclass(frozen=True)
class Opaque:
    """The numbers of accounts by their names, and the names of layers."""

    numbers: Mapping[str, int]
    layers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, connection: Connection, texts: Iterable[str]) -> Opaque:
        """Of those accounts that are named in some texts."""
        names = sorted({text.removeprefix(ACCOUNT) for text in texts})
        query = "SELECT name, id FROM security.account WHERE name = ANY (%s)"
        numbers: dict[str, int] = dict(connection.execute(query, [names]).fetchall())
        return cls(numbers, frozenset(row[0] for row in connection.execute("SELECT id FROM publish.layer")))

    def account(self, name: str) -> str:
        """The opaque id of an account by its name."""
        return f"{ACCOUNT}{self.numbers[name]}" if name in self.numbers else UNKNOWN

    def subject(self, name: str) -> str:
        """Who did something; of who runs commands on the machine only that they do."""
        kind, colon, of = name.partition(":")
        if kind == "account" and colon:
            return self.account(of)
        return "cli" if kind == "cli" else name

    def object(self, tag: str, name: str) -> str:
        """What something was done to."""
        if tag in NAMED:
            return name if _ID.fullmatch(name) and name not in self.numbers else self.account(name)
        if tag in OF_FILES:
            return SAID if name else ""
        if tag == Tag.REQUEST_REFUSED:
            known = PATHS | self.layers | {""}
            return "/".join(part if part in known or _NUMBER.fullmatch(part) else SAID for part in name.split("/"))
        return name

    def detail(self, tag: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        """Counts and words of this program as they are."""
        ours = HOW if tag == Tag.SIGN_IN_ACCEPTED else OURS
        return {key: self._value(key, value, ours) for key, value in detail.items()}

    def _value(self, key: str, value: Any, ours: frozenset[str]) -> Any:
        if isinstance(value, str):
            return value if key in ours or not value else self.account(value) if key in NAMES else SAID
        if isinstance(value, dict):
            return {inner: self._value(inner, each, ours) for inner, each in value.items()}
        if isinstance(value, list):
            return [self._value(key, each, ours) for each in value]
        return value

    def key(self, name: str) -> str:
        """Whom an alert is about: a subject, the name of an account, a part of the hash of an origin, or many."""
        if name == "*" or name.startswith(("origin:", "db:")) or name in {"anonymous", "system"}:
            return name
        return self.subject(name) if ":" in name else self.account(name)


def name_of_number(connection: Connection, text: str) -> str | None:
    """The name of an account by its opaque id; None when it is none, also when it is a name."""
    number = text.removeprefix(ACCOUNT)
    if not text.startswith(ACCOUNT) or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    row = connection.execute("SELECT name FROM security.account WHERE id = %s", [int(number)]).fetchone()
    return None if row is None else str(row[0])
