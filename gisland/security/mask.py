"""What of persons is left out of an answer: one rule for every outlet.

A column that tells of persons names the permission that it needs: in `layer.yml` (`needs`) and in the records of the
registry. Who has it not gets neither the column nor an answer to any question about it (filter, sort, search): else its
values could be found out one question at a time.
"""

from __future__ import annotations

from gisland.database import Scope
from gisland.security.permissions import Permission
from gisland.security.subject import Subject

OF_PERSONS = frozenset({Permission.PERSON_READ, Permission.IDENTITY_READ})


def held(subject: Subject, within: Scope) -> frozenset[str]:
    """Which permissions about persons a subject has for all rows of a scope.

    Who has them for some of the rows only (an officer of one ward who is a viewer of the next) gets none: a column is
    shown or it is not. Who reaches nothing has none, although they have each of them for all of that.
    """
    if within.empty:
        return frozenset()
    return frozenset(each.value for each in OF_PERSONS if subject.scope(each).covers(within))


def confirms(subject: Subject, within: Scope) -> bool:
    """Whether a subject confirms identities in a scope: of persons on lists for verification they see all, in clear."""
    return not within.empty and subject.scope(Permission.VERIFICATION_CONFIRM).covers(within)
