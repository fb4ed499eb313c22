"""Random sequences of changes on a small coverage: what must hold after each of them, and at the end of any past."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations, count
from typing import Any

import pytest
import shapely
import shapely.ops
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as examples
from psycopg import Connection

from gisland.database import Role, connect, run
from gisland.errors import Conflict
from gisland.registry import ending, reshape, rights, undo
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.geometry import is_narrow
from gisland.registry.parcels import DrawnParcel, renumber_parcel
from gisland.registry.seen import Seen
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import (
    EAST,
    NORTH,
    add_evidence,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    one,
)

WHY, BY = Why(reason="random"), "test"
SIZE, ACROSS = 20.0, 3
OUTLINE = shapely.box(EAST, NORTH, EAST + SIZE * ACROSS, NORTH + SIZE)
_wards = count(90_000)

PARCELS = (
    "SELECT id, version, ST_AsBinary(geom) FROM registry.parcel WHERE ward_id = %s AND retired_by IS NULL ORDER BY id"
)
# What a person would call the state of the registry: no versions, no times, no ids of changes.
BUSINESS = """
    SELECT p.id, parcel_no, ST_AsText(geom), legal_area_m2, address, parcel_code, h.rights, r.restrictions, u.uses
      FROM {parcel} p
      LEFT JOIN LATERAL (SELECT array_agg((id, holder_id, role, share_num, share_den, valid_to)::text ORDER BY id)
                             AS rights FROM {holding}
                          WHERE parcel_id = p.id AND (retired_by IS NULL OR {historic})) h ON true
      LEFT JOIN LATERAL (SELECT array_agg((id, kind, valid_to)::text ORDER BY id) AS restrictions
                           FROM {restriction} WHERE parcel_id = p.id AND retired_by IS NULL) r ON true
      LEFT JOIN LATERAL (SELECT array_agg((seq, land_type, area_m2)::text ORDER BY seq) AS uses
                           FROM {land_use} WHERE parcel_id = p.id) u ON true
     WHERE p.ward_id = %(ward)s AND retired_by IS NULL ORDER BY p.id
"""
TABLES = ("parcel", "holding", "restriction", "land_use")
# A right of the past is made and ended by one change.
HISTORIC = "created_by = retired_by"
NOW = BUSINESS.format(historic=HISTORIC, **{name: f"registry.{name}" for name in TABLES})
THEN = BUSINESS.format(historic=HISTORIC, **{name: f"history.{name}_as_of(%(version)s)" for name in TABLES})
LAYER_NOW = "SELECT id, _geometry, _properties FROM {table}__geojson t WHERE id = ANY (%(ids)s) ORDER BY id"
LAYER_THEN = """
    SELECT t.id, _geometry, _properties FROM {table} t JOIN {table}__geojson USING (id)
      JOIN published.change_version made ON made.change_id = t._change
     WHERE id = ANY (%(ids)s) AND made.version <= %(version)s
     UNION ALL
    SELECT t.id, _geometry, _properties FROM {table}__history t
      JOIN published.change_version made ON made.change_id = t._change
      JOIN published.change_version ended ON ended.change_id = t._ended_by
     WHERE id = ANY (%(ids)s) AND made.version <= %(version)s AND ended.version > %(version)s
     ORDER BY 1
"""
CIRCLES = """
    SELECT count(*) FROM unnest(%s::bigint[]) p WHERE p IN (SELECT descendant_id FROM registry.descendants(p))
"""
# Rights and restrictions in force on what is not, or in another ward.
ASTRAY = """
    SELECT parcel.id FROM registry.parcel JOIN (
           SELECT parcel_id, ward_id, retired_by FROM registry.holding
            UNION ALL SELECT parcel_id, ward_id, retired_by FROM registry.restriction) bears ON parcel_id = parcel.id
     WHERE parcel.ward_id = %(ward)s
       AND (bears.ward_id <> parcel.ward_id OR (parcel.retired_by IS NOT NULL AND bears.retired_by IS NULL))
"""
STAFF = "published_staff.parcels_staff"


@dataclass
class Play:
    """One game: a ward of its own with a row of square parcels."""

    settings: Settings
    chance: random.Random
    ward: int = 0
    done: list[int] = field(default_factory=list)
    past: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    before: dict[int, Any] = field(default_factory=dict)

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        with connect(self.settings, Role.BACKUP) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def start(self) -> None:
        def work(connection: Connection) -> int:
            ward = make_ward(connection, str(next(_wards)))
            sheet = make_sheet(connection, ward)
            holder = make_holder(connection, ward, national_id="999190000001")
            for number in range(ACROSS):
                parcel = make_parcel(connection, ward, sheet, str(number + 1), east=EAST + SIZE * number, size=SIZE)
                make_holding(connection, ward, parcel, holder)
                use = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 1, 'ODT')"
                connection.execute(use, [parcel])
            return ward

        self.ward = run(self.settings, work)

    def parcels(self) -> list[tuple[Seen, shapely.Polygon]]:
        with connect(self.settings, Role.APP) as connection:
            rows = connection.execute(PARCELS.encode(), [self.ward]).fetchall()
        return [(Seen(id=row[0], version=row[1]), shapely.from_wkb(row[2])) for row in rows]

    def play(self, act: str) -> None:
        """Do an act; None comes of one that does not fit the moment."""
        state = self.state()
        change: int | None = getattr(self, act)()
        if change is not None:
            self.before[change] = state
            self.done.append(change)

    def split(self) -> int | None:
        seen, shape = self.chance.choice(self.parcels())
        if shape.area < 20:
            return None
        west, south, east, north = shape.bounds
        part = self.chance.uniform(0.3, 0.7)
        if east - west > north - south:
            x = west + part * (east - west)
            knife = shapely.LineString([(x, south - 1), (x + self.chance.uniform(-1, 1), north + 1)])
        else:
            y = south + part * (north - south)
            knife = shapely.LineString([(west - 1, y), (east + 1, y + self.chance.uniform(-1, 1))])
        pieces = [
            DrawnParcel(geometry=shapely.geometry.mapping(each)) for each in shapely.ops.split(shape, knife).geoms
        ]
        if len(pieces) < 2:
            return None
        return run(self.settings, lambda c: reshape.split(c, seen, pieces, WHY, by=BY)).change

    def neighbours(self) -> Iterator[tuple[tuple[Seen, shapely.Polygon], tuple[Seen, shapely.Polygon]]]:
        pairs = list(combinations(self.parcels(), 2))
        self.chance.shuffle(pairs)
        for first, second in pairs:
            if first[1].intersection(second[1]).length > 1 and isinstance(first[1].union(second[1]), shapely.Polygon):
                yield first, second

    def merge(self) -> int | None:
        for (first, _), (second, _) in self.neighbours():
            try:
                return run(self.settings, lambda c: reshape.merge(c, [first, second], None, WHY, by=BY)).change  # noqa: B023
            except Conflict:  # held by different people
                continue
        return None

    def adjust(self) -> int | None:
        """Give a strip of one parcel along a common boundary to the other."""
        for (first, a), (second, b) in self.neighbours():
            strip = a.intersection(b).buffer(1.0, cap_style="flat").intersection(a)
            rest, more = a.difference(strip), b.union(strip)
            if isinstance(rest, shapely.Polygon) and isinstance(more, shapely.Polygon) and not is_narrow(rest):
                redrawn = [
                    reshape.Redrawn(geometry=shapely.geometry.mapping(shape), **seen.model_dump())
                    for seen, shape in ((first, rest), (second, more))
                ]
                return run(self.settings, lambda c: reshape.adjust(c, redrawn, WHY, by=BY)).change  # noqa: B023
        return None

    def renumber(self) -> int | None:
        seen, _ = self.chance.choice(self.parcels())
        return run(self.settings, lambda c: renumber_parcel(c, seen, WHY, by=BY))[0]

    def transfer(self) -> int | None:
        seen, _ = self.chance.choice(self.parcels())
        query = "SELECT id, version FROM registry.holding WHERE parcel_id = %(id)s AND retired_by IS NULL"
        ending = [Seen(id=row[0], version=row[1]) for row in self.rows(query, id=seen.id)]

        def work(connection: Connection) -> int:
            buyers = [make_holder(connection, self.ward, national_id=f"99919000{n:04}") for n in (7, 8)]
            half = rights.Share(num=1, den=2)
            new = [rights.NewRight(holder_id=each, share=half) for each in buyers]
            return rights.transfer(connection, rights.Held(parcel_id=seen.id), ending, new, WHY, by=BY)[0]

        return run(self.settings, work)

    def restrict(self) -> int | None:
        seen, _ = self.chance.choice(self.parcels())

        def work(connection: Connection) -> int:
            change = begin(connection, ChangeKind.RESTRICT, WHY, by=BY, ward_id=self.ward)
            query = "INSERT INTO registry.restriction (ward_id, parcel_id, kind) VALUES (%s, %s, 'mortgage')"
            connection.execute(query, [self.ward, seen.id])
            return change

        return run(self.settings, work)

    def release(self) -> int | None:
        query = "SELECT id, version FROM registry.restriction WHERE ward_id = %(ward)s AND retired_by IS NULL"
        found = self.rows(query, ward=self.ward)
        if not found:
            return None
        number, version = self.chance.choice(found)
        seen = Seen(id=number, version=version)
        return run(self.settings, lambda c: rights.end_restriction(c, seen, WHY, by=BY))

    def enter_past(self) -> int | None:
        """A right that had ended before it was entered: it can be withdrawn, not undone."""
        seen, _ = self.chance.choice(self.parcels())

        def work(connection: Connection) -> int:
            right = rights.NewRight(holder_id=make_holder(connection, self.ward))
            held, ended = rights.Held(parcel_id=seen.id), date(2005, 6, 30)
            return rights.enter_historic_right(connection, held, right, date(1995, 1, 1), ended, WHY, by=BY)[0]

        return run(self.settings, work)

    def withdraw(self) -> int | None:
        query = f"SELECT id, version FROM registry.holding WHERE ward_id = %(ward)s AND {HISTORIC}"
        found = self.rows(query, ward=self.ward)
        if not found:
            return None
        seen = Seen(**dict(zip(("id", "version"), self.chance.choice(found), strict=True)))
        return run(self.settings, lambda c: ending.withdraw_historic_right(c, seen, WHY, by=BY))

    def verify(self) -> int | None:
        query = "SELECT holder_id FROM registry.holding WHERE ward_id = %(ward)s AND retired_by IS NULL"
        holder = self.chance.choice(self.rows(query, ward=self.ward))[0]
        result = self.chance.choice(["verified", "mismatch", "not_found"])
        run(self.settings, lambda c: add_evidence(c, holder, result))
        return None  # evidence lasts: it is not undone

    def undo(self) -> None:
        """Undo the last change on which nothing stands; the business values are those of before."""
        for change in reversed(self.done):
            try:
                run(self.settings, lambda c: undo.undo(c, change, WHY, by=BY))  # noqa: B023
            except Conflict:
                continue
            if change == self.done[-1]:
                assert self.state()[0] == self.before[change][0]
            self.done.remove(change)
            return

    def state(self) -> tuple[Any, Any]:
        ids = [row[0] for row in self.rows("SELECT id FROM registry.parcel WHERE ward_id = %(ward)s", ward=self.ward)]
        layer = [self.rows(LAYER_NOW.format(table=table), ids=ids) for table in ("published.parcels", STAFF)]
        return self.rows(NOW, ward=self.ward), layer

    def check(self) -> None:
        shapes = [shape for _, shape in self.parcels()]
        union = shapely.union_all(shapes)
        assert is_narrow(union.symmetric_difference(OUTLINE), 0.02)
        assert all(is_narrow(a.intersection(b)) for a, b in combinations(shapes, 2))
        assert sum(shape.area for shape in shapes) == pytest.approx(OUTLINE.area, abs=0.5)
        with connect(self.settings, Role.APP) as connection:
            ids = [row[0] for row in self.rows("SELECT id FROM registry.parcel WHERE ward_id = %(w)s", w=self.ward)]
            assert one(connection, CIRCLES, ids) == 0
        assert self.rows(ASTRAY, ward=self.ward) == []
        # The layer is what its view says.
        for view, table in (("publisher.parcels", "published.parcels"), ("publish.parcels_staff", STAFF)):
            columns = self.rows("SELECT columns FROM publish.layer WHERE source = %(v)s", v=quoted(view))[0][0]
            names = ", ".join(columns)
            shown, given_ = (
                self.rows(f"SELECT {names} FROM {each} WHERE id = ANY (%(ids)s) ORDER BY id", ids=ids)
                for each in (table, view)
            )
            assert shown == given_
        version = self.rows("SELECT max(version) FROM published.change_version")[0][0]
        self.past[version] = self.state()

    def check_past(self) -> None:
        """All that was ever read is read again as of its version."""
        ids = [row[0] for row in self.rows("SELECT id FROM registry.parcel WHERE ward_id = %(w)s", w=self.ward)]
        with connect(self.settings, Role.APP) as connection:
            for version, (business, _) in self.past.items():
                rows = connection.execute(THEN.encode(), {"ward": self.ward, "version": version}).fetchall()
                assert rows == business
        for version, (_, layers) in self.past.items():
            then = [
                self.rows(LAYER_THEN.format(table=table), ids=ids, version=version)
                for table in ("published.parcels", STAFF)
            ]
            assert then == layers


def quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


@pytest.fixture(scope="module")
def own_settings(server: Settings) -> Iterator[Settings]:
    with clone_of(server) as settings:
        yield settings


ACTS = (
    *("split", "split", "merge", "adjust", "renumber", "transfer", "restrict", "release"),
    *("enter_past", "withdraw", "verify", "undo", "undo"),
)


def _play(settings: Settings, acts: list[str], seed: int) -> None:
    game = Play(settings, random.Random(seed))
    game.start()
    game.check()
    step: Callable[[str], None] = game.play
    for act in acts:
        game.undo() if act == "undo" else step(act)
        game.check()
    game.check_past()


@given(strategies.lists(strategies.sampled_from(ACTS), min_size=3, max_size=10), strategies.integers(0, 10_000))
@examples(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_changes(own_settings: Settings, acts: list[str], seed: int) -> None:
    _play(own_settings, acts, seed)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@given(strategies.lists(strategies.sampled_from(ACTS), min_size=20, max_size=60), strategies.integers(0, 10**9))
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_long_random_changes(own_settings: Settings, acts: list[str], seed: int) -> None:
    _play(own_settings, acts, seed)
