"""How processes that handle large answers get and return their memory."""

from __future__ import annotations

# A page of features is close to a megabyte. glibc would fetch and return it with a system call each time; kept, it
# costs a third less of the worker's time (measured on pages of 1,000).
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "268435456"}
"""The environment of such a process: it is read when the process starts."""
