"""Parcel codes of many new parcels, on all cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from gisland.errors import InputError
from gisland.kit.processes import in_order
from gisland.registry.parcel_code import METHOD_VERSION, parcel_codes

Rows = Sequence[tuple[int, bytes]]


def compute_codes(batches: Iterable[Rows], srid: int) -> Iterator[tuple[int, str, int]]:
    """Compute codes batch by batch; memory holds few of them.

    Args:
        batches: (row number, WKB of its geometry in the CRS `srid`).
        srid: EPSG code of the sheets.

    Yields:
        Row number, code, version of the method.
    """
    for codes in in_order(partial(_coded, srid=srid), batches):
        yield from codes


def _coded(rows: Rows, srid: int) -> list[tuple[int, str, int]]:
    try:
        codes = parcel_codes([wkb for _, wkb in rows], srid)
    except InputError:
        if len(rows) == 1:
            return []  # hardly more than a line: it has no code, which is a finding
        middle = len(rows) // 2
        return _coded(rows[:middle], srid) + _coded(rows[middle:], srid)
    return [(row_no, code, METHOD_VERSION) for (row_no, _), code in zip(rows, codes, strict=True)]
