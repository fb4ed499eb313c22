"""Who acts: a person with roles, each of them in the whole service, in a ward or in a residential group."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Literal

from gisland.database import EVERYWHERE, NOWHERE, Scope
from gisland.security.permissions import ANYONE, PERMISSIONS, WITHIN_WARDS, Permission, Role


@dataclass(frozen=True)
class Grant:
    """A role, and where it holds: in a residential group, else in a ward, else in the whole service."""

    role: Role
    ward_id: int | None = None
    residential_group_id: int | None = None

    @property
    def scope(self) -> Scope:
        """The rows that it reaches."""
        if self.residential_group_id is not None:
            return Scope(groups=frozenset({self.residential_group_id}))
        return EVERYWHERE if self.ward_id is None else Scope(wards=frozenset({self.ward_id}))


@dataclass(frozen=True)
class Subject:
    """Somebody who acts.

    What somebody may do depends on where: an officer of one ward may be a mere viewer in the next. So an act is asked
    for by its permission, and reaches only where that permission is granted.
    """

    name: str
    """As the audit log has it: `account:<name>`, `cli:<operating system user>`, `anonymous`."""
    grants: tuple[Grant, ...] = ()
    signed_in: bool = True
    account_id: int | None = None
    by: Literal["password", "session", "token"] | None = None
    """What was shown to sign in."""
    session_id: int | None = None
    token_id: int | None = None
    must_change: bool = False
    """Signed in by a one-time secret, which is good for nothing but to set an own one."""
    limit: frozenset[Permission] | None = None
    """What a token is for; None: all that is granted."""

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """What the subject may do somewhere."""
        granted = frozenset[Permission]().union(*(PERMISSIONS[grant.role] for grant in self.grants))
        return ANYONE | (granted if self.limit is None else granted & self.limit)

    def scope(self, permission: Permission) -> Scope:
        """Where the subject has a permission."""
        if permission not in self.permissions:
            return NOWHERE
        return reduce(or_, (each.scope for each in self.grants if permission in PERMISSIONS[each.role]), NOWHERE)


def narrowed(
    grants: Iterable[Grant], permissions: Iterable[str], wards: Iterable[int] | None
) -> tuple[tuple[Grant, ...], frozenset[Permission]]:
    """What is left of somebody's grants by a token: never more than they have at this moment.

    Args:
        grants: of the owner.
        permissions: what the token is for; what there is no more is left out.
        wards: where it is good; None: wherever the owner is.

    Returns:
        The grants, and the permissions that count of them.
    """
    limit = frozenset(Permission) & frozenset(permissions)
    if wards is None:
        return tuple(grants), limit
    within = frozenset(wards)
    left = [each for each in grants if each.ward_id in within]
    left += [Grant(each.role, ward) for each in grants if each.ward_id is None for ward in sorted(within)]
    return tuple(left), limit & WITHIN_WARDS


ANONYMOUS = Subject("anonymous", signed_in=False)


def operator() -> Subject:
    """Whoever runs a command: they can reach the database and the key, so they act as an administrator."""
    return Subject(f"cli:{getpass.getuser()}", (Grant(Role.ADMIN),))
