"""Parcel codes of many new parcels, on all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from gisland.errors import InputError
from gisland.registry.parcel_code import METHOD_VERSION, parcel_codes

Rows = Sequence[tuple[int, bytes]]
Coded = list[tuple[int, str, int]]


def compute_codes(batches: Iterable[Rows], srid: int) -> Iterator[tuple[int, str, int]]:
    """Compute codes batch by batch; memory holds as many batches as there are cores.

    Args:
        batches: (row number, WKB of its geometry in the CRS `srid`).
        srid: EPSG code of the sheets.

    Yields:
        Row number, code, version of the method.
    """
    batches = iter(batches)
    first, second = next(batches, []), next(batches, None)
    if second is None:  # few parcels: starting processes would take longer
        yield from _coded(first, srid)
        return
    workers = os.cpu_count() or 1
    # Spawned, not forked: a copy of this process would hold its database connection.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        under_way: deque[Future[Coded]] = deque(pool.submit(_coded, each, srid) for each in (first, second))
        for batch in batches:
            under_way.append(pool.submit(_coded, batch, srid))
            if len(under_way) > workers:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


def _coded(rows: Rows, srid: int) -> Coded:
    try:
        codes = parcel_codes([wkb for _, wkb in rows], srid)
    except InputError:
        if len(rows) == 1:
            return []  # hardly more than a line: it has no code, which is a finding
        middle = len(rows) // 2
        return _coded(rows[:middle], srid) + _coded(rows[middle:], srid)
    return [(row_no, code, METHOD_VERSION) for (row_no, _), code in zip(rows, codes, strict=True)]
