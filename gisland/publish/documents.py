"""The documents about service and collections, made once for all who may see the same fields.

To make the first ones takes seconds, for pygeoapi is imported then: a worker makes them before it answers anybody, and
before it serves other layers. So it does with the templates of pages.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from itertools import combinations
from threading import Lock

from gisland.catalogue import Catalogue
from gisland.publish.html import compile_pages
from gisland.publish.pygeoapi import Documents, make_documents
from gisland.security.mask import OF_PERSONS

_making = Lock()


@lru_cache(maxsize=20)
def shown_to(catalogue: Catalogue, permissions: frozenset[str]) -> Catalogue:
    """The catalogue with the fields that may be seen with these permissions: the same object each time."""
    return catalogue.shown_to(permissions)


def documents_of(catalogue: Catalogue) -> Documents:
    """The documents of a catalogue, as `shown_to` gives it."""
    # One at a time: pygeoapi shares state between calls.
    with _making:
        return _documents(catalogue)


@lru_cache(maxsize=20)
def _documents(catalogue: Catalogue) -> Documents:
    return make_documents(catalogue)


async def prepare(catalogue: Catalogue) -> None:
    """Make the documents of everybody who may come, for each set of permissions about persons, and the templates."""
    await asyncio.to_thread(compile_pages)
    names = sorted(each.value for each in OF_PERSONS)
    for number in range(len(names) + 1):
        for held in combinations(names, number):
            await asyncio.to_thread(documents_of, shown_to(catalogue, frozenset(held)))
