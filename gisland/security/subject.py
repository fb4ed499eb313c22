"""Who acts: a person with roles, each of them in the whole service, in a ward or in a residential group."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_

from gisland.database import EVERYWHERE, NOWHERE, Scope
from gisland.security.permissions import ANYONE, PERMISSIONS, Permission, Role


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

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """What the subject may do somewhere."""
        return ANYONE.union(*(PERMISSIONS[grant.role] for grant in self.grants))

    def scope(self, permission: Permission) -> Scope:
        """Where the subject has a permission."""
        return reduce(or_, (each.scope for each in self.grants if permission in PERMISSIONS[each.role]), NOWHERE)


ANONYMOUS = Subject("anonymous", signed_in=False)


def operator() -> Subject:
    """Whoever runs a command: they can reach the database and the key, so they act as an administrator."""
    return Subject(f"cli:{getpass.getuser()}", (Grant(Role.ADMIN),))
