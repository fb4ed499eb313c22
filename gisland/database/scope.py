"""Which rows a transaction may see and write: the wards and residential groups of whoever acts (design §8).

The policies of `gisland/sql/policies.sql` read two settings of the transaction. A session without them sees nothing, so
whatever forgets to say for whom it works gets no rows instead of everybody's.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of this transaction only.
SET_SCOPE = "SELECT set_config('gisland.wards', %s, true), set_config('gisland.groups', %s, true)"
# The same for staff, whose layers know wards and groups by their codes.
ENTER = "SELECT security.enter(%s, %s)"
ALL = "all"


@dataclass(frozen=True)
class Scope:
    """Wards and residential groups, by their ids in the registry."""

    everywhere: bool = False
    wards: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    def __or__(self, other: Scope) -> Scope:
        """What either of them reaches."""
        return Scope(self.everywhere or other.everywhere, self.wards | other.wards, self.groups | other.groups)

    @property
    def empty(self) -> bool:
        """Whether it reaches nothing."""
        return not (self.everywhere or self.wards or self.groups)

    @property
    def one_ward(self) -> bool:
        """Whether all that it reaches lies in one ward for sure."""
        return not self.everywhere and (len(self.wards), len(self.groups)) in {(1, 0), (0, 1)}

    def covers(self, other: Scope) -> bool:
        """Whether it reaches all that the other one reaches."""
        if self.everywhere:
            return True
        return not other.everywhere and other.wards <= self.wards and other.groups <= self.groups

    def values(self) -> list[str]:
        """The values of the settings `gisland.wards` and `gisland.groups`, for SET_SCOPE."""
        return [ALL if self.everywhere else _array(self.wards), _array(self.groups)]

    def options(self) -> list[str]:
        """The same as options of a session (libpq)."""
        wards, groups = self.values()
        return [f"-c gisland.wards={wards}", f"-c gisland.groups={groups}"]


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()

# A command acts for the whole service: whoever runs it reaches the database and the key. A web request begins with
# nothing, and its guard says what it may reach.
_current: ContextVar[Scope] = ContextVar("scope", default=EVERYWHERE)


def current_scope() -> Scope:
    """The scope of the act that runs now."""
    return _current.get()


def use_scope(scope: Scope) -> None:
    """From now on, until the end of this request (task), this scope counts."""
    _current.set(scope)


@contextmanager
def scope(within: Scope) -> Iterator[None]:
    """Within this block this scope counts."""
    token = _current.set(within)
    try:
        yield
    finally:
        _current.reset(token)


def _array(ids: frozenset[int]) -> str:
    return "{" + ",".join(map(str, sorted(ids))) + "}"
