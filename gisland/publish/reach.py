"""Which features of a staff layer a transaction reaches, said so that an index can find them.

Row-level security shows no others in any case; the planner makes no use of indexes of what the policies ask for.
"""

from __future__ import annotations

from gisland.catalogue import Layer


def in_reach(layer: Layer, *, one_ward: bool = False) -> str:
    """The condition that a feature lies in a ward which the transaction reaches, be it for one of its groups only.

    One ward is compared: then the index of wards gives its features in the order of their ids, without those of others.
    """
    assert layer.scope is not None
    if one_ward:
        return f"{layer.scope.ward} = (SELECT (security.reached_wards())[1])"
    return f"{layer.scope.ward} = ANY ((SELECT security.reached_wards())::text[])"
