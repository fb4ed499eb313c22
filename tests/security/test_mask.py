"""Which permissions about persons somebody has for all rows of a scope."""

from __future__ import annotations

import pytest

from gisland.database import EVERYWHERE, NOWHERE, Scope
from gisland.security.mask import OF_PERSONS, held
from gisland.security.permissions import Role
from gisland.security.subject import ANONYMOUS, Grant, Subject

ADMIN = Subject("account:a", (Grant(Role.ADMIN),))
OFFICER = Subject("account:b", (Grant(Role.OFFICER, 1), Grant(Role.VIEWER, 2)))


@pytest.mark.parametrize("subject", [ANONYMOUS, ADMIN, OFFICER])
def test_who_reaches_nothing_has_none(subject: Subject) -> None:
    assert held(subject, NOWHERE) == frozenset()


def test_who_has_them_for_some_rows_only_has_none() -> None:
    all_of_them = frozenset(each.value for each in OF_PERSONS)
    assert held(OFFICER, Scope(wards=frozenset({1}))) == all_of_them
    assert held(OFFICER, Scope(wards=frozenset({1, 2}))) == frozenset()
    assert held(OFFICER, EVERYWHERE) == frozenset()
    assert held(ADMIN, EVERYWHERE) == all_of_them
