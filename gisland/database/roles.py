"""The database roles (design §8), and how they sign in on a server that is given by URL.

A role that is taken on after the sign-in can be left again by `SET ROLE NONE`: an SQL injection would then be all that
the login is. Where the server asks for passwords, each role therefore has one of its own, derived from a key file:
nobody has to make, keep or hand over five passwords, and the server gets to see their SCRAM verifiers only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum

from psycopg import Connection, pq, sql
from psycopg.conninfo import conninfo_to_dict

from gisland.kit.keys import load_key
from gisland.settings import Settings


class Role(StrEnum):
    """Who a connection acts as in the database; what each may do is stated in `gisland/sql/roles.sql`."""

    OWNER = "gisland_owner"
    MIGRATOR = "gisland_migrator"
    APP = "gisland_app"
    STAFF = "gisland_staff"
    PUBLIC = "gisland_public"
    PUBLISHER = "gisland_publisher"
    BACKUP = "gisland_backup"


# Those that may sign in.
LOGINS = (Role.MIGRATOR, Role.APP, Role.STAFF, Role.PUBLIC, Role.BACKUP)


def login(settings: Settings, role: Role) -> dict[str, str]:
    """What replaces the URL's own login, so that the role signs in as itself.

    Returns:
        Nothing when the role cannot sign in or the URL comes without password (trust, peer, a certificate).

    Raises:
        GislandError: the key of the roles cannot be read.
    """
    if role not in LOGINS or not by_password(settings):
        return {}
    given = given_to(settings)
    found = {"user": role.value, "password": _password(settings, role)}
    # Where no database is named, libpq takes the one that is called like the user.
    return found if {"dbname", "service"} & given.keys() else found | {"dbname": given["user"]}


def by_password(settings: Settings) -> bool:
    """Whether the server is given by a URL with a password, in it or in PGPASSWORD."""
    return settings.database_url is not None and bool(given_to(settings).get("password"))


def set_passwords(connection: Connection, settings: Settings) -> None:
    """Give each role that may sign in its password.

    The verifier is computed here: the password itself neither travels nor can be logged.

    Args:
        connection: as an administrator of the server.
        settings: where the key is.

    Raises:
        GislandError: the key of the roles cannot be read.
    """
    for role in LOGINS:
        password = _password(settings, role).encode()
        verifier = connection.pgconn.encrypt_password(password, role.encode(), b"scram-sha-256").decode()
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _password(settings: Settings, role: Role) -> str:
    make = settings.role_key_file is None
    key = load_key(settings.role_key_path, make=make, of="the database roles", setting="GISLAND_ROLE_KEY_FILE")
    digest = hmac.digest(key, f"gisland role password {role}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def given_to(settings: Settings) -> dict[str, str]:
    """The connection parameters of the URL and, where it is silent, of libpq's environment."""
    defaults = {each.keyword.decode(): each.val.decode() for each in pq.Conninfo.get_defaults() if each.val}
    return defaults | {name: str(value) for name, value in conninfo_to_dict(settings.database_url or "").items()}
