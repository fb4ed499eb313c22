"""How processes get and return their memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A page of features is close to a megabyte. glibc would fetch and return it with a system call each time; kept, it
# costs a third less of the worker's time (measured on pages of 1,000).
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "268435456"}
"""The environment of such a process: it is read when the process starts."""


@contextmanager
def lasting() -> Iterator[None]:
    """Import and make what lasts as long as the process: its garbage is not collected, and it is never looked at again.

    The collector would walk over all classes each time that some thousands more have been made: a sixth of the time
    that the application takes to be imported.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
