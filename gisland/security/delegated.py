"""Work that somebody orders and that is done later: with the rights they had then, as far as they still have them."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from gisland.security.permissions import Permission, Role
from gisland.security.sign_in import GOOD
from gisland.security.subject import Grant, Subject

Rights = dict[str, Any]

NOW = f"""
    SELECT role, g.ward_id, residential_group_id
      FROM security.grant g JOIN security.account ON account.id = account_id
     WHERE account.id = %s AND NOT one_time AND {GOOD}
"""  # noqa: S608 - our own words


def rights_of(subject: Subject) -> Rights:
    """What is kept with an order."""
    return {
        "grants": [[each.role.value, each.ward_id, each.residential_group_id] for each in subject.grants],
        "limit": None if subject.limit is None else sorted(each.value for each in subject.limit),
    }


def still(connection: Connection, name: str, account_id: int, rights: Rights) -> Subject:
    """Whoever ordered something, with the rights of that moment that were not taken back since.

    Args:
        connection: as `gisland_app`.
        name: of the subject.
        account_id: their account.
        rights: what `rights_of` gave; permissions that there are no more are left out.
    """
    now = [Grant(Role(role), ward, group) for role, ward, group in connection.execute(NOW.encode(), [account_id])]
    then = [Grant(Role(role), ward, group) for role, ward, group in rights["grants"] if role in set(Role)]
    left = tuple(each for each in then if any(one.role is each.role and one.scope.covers(each.scope) for one in now))
    limit = rights["limit"]
    kept = None if limit is None else frozenset(Permission) & frozenset(limit)
    return Subject(name, left, account_id=account_id, limit=kept)
