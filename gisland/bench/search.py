"""How long searches take in a city: random ones of each sort, and the worst that are known, against the limits.

Each search is run once to warm the caches and once to be timed, as the application's role and within its limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import numpy as np
from psycopg import Connection

from gisland.bench.city import SEED, national_id
from gisland.bench.table import grid
from gisland.database import Role, connect
from gisland.kit.text import plain_name
from gisland.registry.search import search
from gisland.security.crypto import IdVault, load_vault
from gisland.security.mask import OF_PERSONS
from gisland.settings import Settings

# Milliseconds of the 95th percentile: numbers anywhere, names in a ward, names in the city.
NUMBER, NAME_IN_WARD, NAME_IN_CITY = 50, 100, 500
LETTERS = "abcdeghiklmnopqrstuvxy"


@dataclass(frozen=True)
class Sought:
    """A search, and what it is for: the id of a hit; 0 where nothing certain is sought."""

    text: str
    ward: int
    id: int = 0


@dataclass(frozen=True)
class Times:
    """What the searches of one sort took, milliseconds, and which part of them found what they were for."""

    sort: str
    limit: int
    milliseconds: Sequence[float]
    found: float | None

    @property
    def p95(self) -> float:
        """The time that 95 of 100 searches keep within."""
        return quantiles(self.milliseconds, n=20)[-1]


# Random rows of the registry, and what one would type to find them.
SAMPLE = {
    "tờ … thửa …": """
        SELECT format('tờ %%s thửa %%s', sheet_no, parcel_no), parcel.ward_id, parcel.id
          FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id WHERE parcel.id = ANY (%s)
    """,
    "54/34": """
        SELECT sheet_no || '/' || parcel_no, parcel.ward_id, parcel.id
          FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id WHERE parcel.id = ANY (%s)
    """,
    "old number": """
        SELECT sheet_no || '/' || parcel_no, ward_id, parcel_id FROM registry.parcel_number WHERE parcel_id = ANY (%s)
    """,
    "number on paper": """
        SELECT paper_sheet_no || '/' || paper_parcel_no, ward_id, parcel_id
          FROM registry.certificate_parcel JOIN registry.certificate ON certificate.id = certificate_id
         WHERE parcel_id = ANY (%s)
    """,
    "parcel code": "SELECT parcel_code, ward_id, id FROM registry.parcel WHERE id = ANY (%s)",
    "serial": "SELECT serial, ward_id, id FROM registry.certificate WHERE id = ANY (%s)",
}
HOLDERS = "SELECT full_name, ward_id, id FROM registry.holder WHERE id = ANY (%s)"
LAST_PARCEL = "SELECT max(id) FROM registry.parcel"
LAST_CERTIFICATE = "SELECT max(id) FROM registry.certificate"
LAST_HOLDER = "SELECT max(id) FROM registry.holder"
COMMONEST_NAME = "SELECT plain_name FROM registry.holder GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
COMMONEST_WORD = """
    SELECT word FROM registry.holder, unnest(string_to_array(plain_name, ' ')) word
     GROUP BY 1 ORDER BY count(*) DESC LIMIT 1
"""


def misspelt(name: str, rng: np.random.Generator) -> str:
    """An accent-less name with one letter left out, put in, changed, or swapped with the next one."""
    at = int(rng.integers(0, len(name) - 1))
    letter = LETTERS[int(rng.integers(0, len(LETTERS)))]
    return [
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at:],
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    ][int(rng.integers(0, 4))]


def run(settings: Settings, count: int, say: Callable[[str], None]) -> list[Times]:
    """Time all sorts of searches, `count` of each."""
    vault = load_vault(settings)
    rng = np.random.default_rng(SEED)
    results = []
    with connect(settings, Role.APP) as connection:
        for sort, limit, sought, in_ward in _sorts(connection, count, rng):
            place = "ward" if in_ward else "city"
            say(f"{sort}, {place}")
            results.append(_time(connection, vault, f"{sort}, {place}", limit, sought, in_ward=in_ward))
    return results


def _sorts(connection: Connection, count: int, rng: np.random.Generator) -> list[tuple[str, int, list[Sought], bool]]:
    def sample(query: str, largest: str) -> list[Sought]:
        row = connection.execute(largest.encode()).fetchone()
        assert row is not None
        # Not every row has what is sought: more are drawn than are needed.
        drawn = rng.integers(1, row[0] + 1, 4 * count).tolist()
        found = [Sought(*each) for each in connection.execute(query.encode(), [drawn])]
        return [found[at] for at in rng.permutation(len(found))[:count]]

    sorts: list[tuple[str, int, list[Sought], bool]] = []
    for sort, query in SAMPLE.items():
        rows = sample(query, LAST_CERTIFICATE if sort == "serial" else LAST_PARCEL)
        sorts += [(sort, NUMBER, rows, False), (sort, NUMBER, rows, True)]
    holders = sample(HOLDERS, LAST_HOLDER)
    ids = [Sought(national_id(each.id - 1).number, each.ward, each.id) for each in holders]
    sorts.append(("national id", NUMBER, ids, False))
    typed: dict[str, Callable[[str], str]] = {
        "name": str,
        "name without accents": plain_name,
        "name with a typo": lambda name: misspelt(plain_name(name), rng),
        "middle and given name": lambda name: plain_name(name).partition(" ")[2],
    }
    for sort, change in typed.items():
        rows = [Sought(change(each.text), each.ward, each.id) for each in holders]
        sorts += [(sort, NAME_IN_WARD, rows, True), (sort, NAME_IN_CITY, rows, False)]
    return sorts + _worst(connection, holders)


def _worst(connection: Connection, holders: list[Sought]) -> list[tuple[str, int, list[Sought], bool]]:
    def first(query: str) -> Any:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    name, word = first(COMMONEST_NAME), first(COMMONEST_WORD)
    found = []
    for sort, text in {"commonest name": name, "commonest word": word}.items():
        rows = [Sought(text, each.ward) for each in holders]
        found += [(sort, NAME_IN_WARD, rows, True), (sort, NAME_IN_CITY, rows, False)]
    # No ward has this id: all names that share the word are looked at in vain.
    found.append(("commonest word, nobody", NAME_IN_WARD, [Sought(word, -1) for _ in holders], True))
    numbers = [Sought(f"thửa {at % 160 + 1}", each.ward) for at, each in enumerate(holders)]
    return [*found, ("thửa … of any sheet", NUMBER, numbers, True), ("thửa … of any sheet", NUMBER, numbers, False)]


def _time(
    connection: Connection, vault: IdVault, sort: str, limit: int, sought: list[Sought], *, in_ward: bool
) -> Times:
    def one(each: Sought) -> bool:
        hits = search(connection, each.text, vault, held=OF_PERSONS, ward_id=each.ward if in_ward else None)
        return any(hit.id == each.id for hit in hits)

    for each in sought:
        one(each)
    times, found = [], 0
    for each in sought:
        start = time.perf_counter()
        found += one(each)
        times.append((time.perf_counter() - start) * 1000)
    return Times(sort, limit, times, found / len(sought) if sought[0].id else None)


def markdown(results: Sequence[Times], facts: dict[str, str]) -> str:
    """The table: p50, p95 against its limit, the longest, and which part found what it was for among the hits shown."""
    rows = [
        [
            each.sort,
            str(len(each.milliseconds)),
            f"{np.median(each.milliseconds):.1f}",
            f"{each.p95:.1f} (< {each.limit} {'holds' if each.p95 < each.limit else '**MISSED**'})",
            f"{max(each.milliseconds):.1f}",
            "—" if each.found is None else f"{each.found:.0%}",
        ]
        for each in results
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    return f"{told}\n\n" + grid(["search, ms", "searches", "p50", "p95 (limit)", "longest", "found"], rows) + "\n"
