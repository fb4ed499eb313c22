"""A small demo ward that the tests of this room only read, and wards made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import pooled_acts, run
from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests import emptied
from tests.conftest import clone_of, template
from tests.emptied import Emptied
from tests.factories import make_change, make_group, make_holder, make_holding, make_sheet, make_ward, one

reused = emptied.reused
settings = emptied.settings
ADMIN = Subject("account:thu", (Grant(Role.ADMIN),))
WHY = "đợt thu thập thử"
# Each paper and each way of the sheet once; all pairs in the long proof.
EACH_SHEET = pytest.mark.parametrize(
    ("orientation", "paper"),
    [
        ("portrait", "A4"),
        ("landscape", "A3"),
        pytest.param("portrait", "A3", marks=pytest.mark.proof),
        pytest.param("landscape", "A4", marks=pytest.mark.proof),
    ],
)


@pytest.fixture(scope="session")
def demo(demo_ward: Settings) -> Iterator[Settings]:
    """A ward of 300 parcels in two groups, with holders, rights and results."""
    with clone_of(demo_ward) as settings, pooled_acts(settings, 8):
        yield settings


@pytest.fixture(scope="session")
def atlas(demo: Settings) -> PrintedAtlas:
    """The A3 atlas of the second group."""
    return print_atlas(demo, ADMIN, Order("11311", "02", reason=WHY))


@dataclass
class Land:
    """A ward without parcels, and verbs to fill it."""

    settings: Settings
    ward: int = 0
    sheet: int = 0
    group: int = 0
    numbers: list[str] = field(default_factory=list)

    def add(self, wkt: str, number: str, *, land_type: str = "ODT", holder: str = "", group: int | None = None) -> int:
        """A parcel of the group, of another one, or (-1) of none; its corners are metres from a point in the ward."""

        def work(connection: Connection) -> int:
            query = """
                INSERT INTO registry.parcel
                       (ward_id, map_sheet_id, residential_group_id, parcel_no, srid, geom, created_by)
                VALUES (%s, %s, %s, %s, 9210, ST_Translate(ST_GeomFromText(%s, 9210), 594000, 2309000), %s) RETURNING id
            """
            change = make_change(connection, self.ward)
            of_group = None if group == -1 else group or self.group
            parcel = int(one(connection, query, self.ward, self.sheet, of_group, number, wkt, change))
            if land_type:
                connection.execute(
                    "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 1, %s)", [parcel, land_type]
                )
            if holder:
                make_holding(connection, self.ward, parcel, make_holder(connection, self.ward, holder))
            return parcel

        self.numbers.append(number)
        return run(self.settings, work)

    def square(self, x: float, y: float, size: float, number: str, **more: Any) -> int:
        """A square parcel."""
        ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
        return self.add(f"POLYGON(({','.join(f'{a} {b}' for a, b in ring)}))", number, **more)


def empty_land(settings: Settings) -> Land:
    """An empty group of an empty ward, in an empty database."""
    found = Land(settings)

    def work(connection: Connection) -> None:
        found.ward = make_ward(connection)
        found.sheet = make_sheet(connection, found.ward, "12")
        found.group = make_group(connection, found.ward, "07")

    run(settings, work)
    return found


@pytest.fixture
def land(settings: Settings) -> Land:
    """See `empty_land`."""
    return empty_land(settings)


Print = Callable[..., PrintedAtlas]


@pytest.fixture
def draw(land: Land) -> Print:
    """Prints the group of `land`."""

    def work(subject: Subject = ADMIN, reason: str = WHY, **more: object) -> PrintedAtlas:
        return print_atlas(land.settings, subject, Order("11311", "07", reason=reason, **more))  # type: ignore[arg-type]

    return work


@pytest.fixture(scope="session")
def districts(server: Settings) -> Settings:
    """The template of `district`, with what tells its lands beside it."""

    def fill(settings: Settings) -> None:
        lands = _make_district(settings)
        told = [[land.ward, land.sheet, land.group, land.numbers] for land in lands]
        (settings.state_dir / "district.json").write_text(json.dumps(told), encoding="utf-8")

    return template(server, "district", fill)


@pytest.fixture(scope="module")
def reused_district(districts: Settings) -> Iterator[Emptied]:
    """The database of `district` of all tests of a file."""
    with emptied.emptied(districts) as reused:
        yield reused


@pytest.fixture
def district(districts: Settings, reused_district: Emptied) -> Iterator[tuple[Land, Land]]:
    """Two wards side by side: 11311 with the groups 07 and 08 and one parcel of no group, and 11312 with its group 01.

    Their border is the line x = 100; parcels are 20 m wide, from y = 0 to y = 40.
    """
    told = json.loads((districts.state_dir / "district.json").read_text(encoding="utf-8"))
    one_ward, other = (Land(reused_district.settings, *each) for each in told)
    yield one_ward, other
    reused_district.restore()


def _make_district(settings: Settings) -> tuple[Land, Land]:
    land, other = empty_land(settings), Land(settings)

    def work(connection: Connection) -> int:
        other.ward = make_ward(connection, "11312")
        connection.execute("UPDATE registry.unit SET name = 'Thượng Lý' WHERE id = %s", [other.ward])
        other.sheet = make_sheet(connection, other.ward, "3")
        other.group = make_group(connection, other.ward, "01")
        return make_group(connection, land.ward, "08")

    eight = run(settings, work)
    for column in range(5):
        land.square(20 * column, 0, 20, f"{column + 1}", holder=f"Người Thử {column}")
        land.square(20 * column, 20, 20, f"{column + 11}", group=eight)
        other.square(100 + 20 * column, 0, 20, f"{column + 1}", holder=f"Người Khác {column}")
        other.square(100 + 20 * column, 20, 20, f"{column + 21}", land_type="DGT")
    land.square(0, 40, 20, "99", group=-1)
    return land, other
