"""Work that somebody orders and that is done later: with the rights they had then, as far as they still have them."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from gisland.errors import Forbidden
from gisland.security.permissions import Permission, Role
from gisland.security.sign_in import GOOD
from gisland.security.subject import Grant, Subject

Rights = dict[str, Any]

# A token that expires was good when the work was ordered; one that was revoked is trusted no more.
TRUSTED = f"""
    SELECT EXISTS (SELECT FROM security.account WHERE id = %(account)s AND NOT one_time AND {GOOD})
       AND NOT EXISTS (SELECT FROM security.token WHERE id = %(token)s AND revoked_at IS NOT NULL)
"""  # noqa: S608 - our own words
NOW = "SELECT role, ward_id, residential_group_id FROM security.grant WHERE account_id = %s"


def rights_of(subject: Subject) -> Rights:
    """What is kept with an order."""
    return {
        "grants": [[each.role.value, each.ward_id, each.residential_group_id] for each in subject.grants],
        "limit": None if subject.limit is None else sorted(each.value for each in subject.limit),
        "token": subject.token_id,
    }


def still(connection: Connection, name: str, account_id: int, rights: Rights) -> Subject:
    """Whoever ordered something, with the rights of that moment that were not taken back since.

    Args:
        connection: as `gisland_app`.
        name: of the subject.
        account_id: their account.
        rights: what `rights_of` gave; permissions that there are no more are left out.

    Raises:
        Forbidden: the account was closed since, or the token that it was ordered with was revoked.
    """
    values = {"account": account_id, "token": rights.get("token")}
    trusted = connection.execute(TRUSTED.encode(), values).fetchone()
    if trusted is None or not trusted[0]:
        raise Forbidden(
            "tài khoản đã bị khoá hoặc mã truy cập đã bị thu hồi"
            " · the account was closed, or the token that it was ordered with revoked"
        )
    now = [Grant(Role(role), ward, group) for role, ward, group in connection.execute(NOW, [account_id])]
    then = [Grant(Role(role), ward, group) for role, ward, group in rights["grants"] if role in set(Role)]
    left = tuple(each for each in then if any(one.role is each.role and one.scope.covers(each.scope) for one in now))
    limit = rights["limit"]
    kept = None if limit is None else frozenset(Permission) & frozenset(limit)
    return Subject(name, left, account_id=account_id, limit=kept)
