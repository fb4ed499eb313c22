"""What lasts as long as the process is not looked at by the garbage collector; what comes after it is."""

from __future__ import annotations

import gc
import weakref

import pytest

from gisland.kit.memory import lasting


class Node:
    """A thing that holds itself, so that only the collector can find that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_lasts_is_never_looked_at_and_the_rest_is() -> None:
    before = gc.get_freeze_count()
    try:
        with lasting():
            assert not gc.isenabled()
            kept = weakref.ref(Node())
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        later = weakref.ref(Node())
        gc.collect()
        assert kept() is not None
        assert later() is None
    finally:
        gc.unfreeze()


def test_a_mistake_while_it_is_made_leaves_the_collector_on() -> None:
    try:
        with pytest.raises(ZeroDivisionError), lasting():
            _ = 1 / 0
        assert gc.isenabled()
    finally:
        gc.unfreeze()
