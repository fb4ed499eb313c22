"""Random sequences of changes on a small coverage: what must hold after each of them, and at the end of any past."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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

from gisland.database import Role, connect, pooled_acts, run
from gisland.errors import Conflict
from gisland.registry import ending, reshape, rights, undo
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.geometry import is_narrow
from gisland.registry.kinds import KINDS
from gisland.registry.move import SheetMove, move_sheet
from gisland.registry.parcels import DrawnParcel, renumber_parcel, retire_parcel
from gisland.registry.records import etag, read
from gisland.registry.seen import Seen
from gisland.registry.writing import Clerk, create, patch
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import (
    EAST,
    NORTH,
    VAULT,
    add_evidence,
    make_certificate,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    one,
)
from tests.registry.states import State, assert_same, assert_undone, state, touched

WHY, BY = Why(reason="random"), "test"
CLERK = Clerk(BY, VAULT)
SIZE, ACROSS = 20.0, 3
OUTLINE = shapely.box(EAST, NORTH, EAST + SIZE * ACROSS, NORTH + SIZE)
_wards = count(90_000)

PARCELS = """
    SELECT id, version, ST_AsBinary(geom) FROM registry.parcel
     WHERE ward_id = ANY (%s) AND retired_by IS NULL ORDER BY id
"""
# Ground that belongs to nobody here any more.
GIVEN_UP = """
    SELECT ST_AsBinary(geom) FROM registry.parcel JOIN registry.change ON change.id = retired_by
     WHERE parcel.ward_id = ANY (%(wards)s) AND kind = 'retire'
"""
# A right of the past is made and ended by one change.
HISTORIC = "created_by = retired_by"
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
     WHERE parcel.ward_id = ANY (%(wards)s)
       AND (bears.ward_id <> parcel.ward_id OR (parcel.retired_by IS NOT NULL AND bears.retired_by IS NULL))
"""
STAFF = "published_staff.parcels_staff"


@dataclass
class Play:
    """One game: a ward of its own with a row of square parcels."""

    settings: Settings
    chance: random.Random
    wards: list[int] = field(default_factory=list)
    """Two: sheets move between them."""
    codes: list[str] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    past: dict[int, tuple[State, Any]] = field(default_factory=dict)
    before: dict[int, State] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(100))
    opened: ExitStack = field(default_factory=ExitStack)
    sessions: dict[Role, Connection] = field(default_factory=dict)

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        return self.reading(Role.BACKUP).execute(query.encode(), values).fetchall()

    def reading(self, role: Role) -> Connection:
        """A session that only reads and stays for the game: a new one plans each statement and view anew."""
        if role not in self.sessions:
            connection = self.opened.enter_context(connect(self.settings, role))
            connection.autocommit = True
            self.sessions[role] = connection
        return self.sessions[role]

    def start(self) -> None:
        def work(connection: Connection) -> list[int]:
            self.codes = [str(next(_wards)), str(next(_wards))]
            ward, other = (make_ward(connection, code) for code in self.codes)
            sheet = make_sheet(connection, ward)
            holder = make_holder(connection, ward, national_id="999190000001")
            for number in range(ACROSS):
                parcel = make_parcel(connection, ward, sheet, str(number + 1), east=EAST + SIZE * number, size=SIZE)
                make_holding(connection, ward, parcel, holder)
                use = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, 1, 'ODT')"
                connection.execute(use, [parcel])
                make_certificate(connection, ward, f"AB {number + 123456}", parcel)
            return [ward, other]

        self.wards = run(self.settings, work)

    def ward_of(self, parcel: Seen) -> int:
        """The one that a parcel lies in now."""
        return int(self.rows("SELECT ward_id FROM registry.parcel WHERE id = %(id)s", id=parcel.id)[0][0])

    def parcels(self) -> list[tuple[Seen, shapely.Polygon]]:
        rows = self.reading(Role.APP).execute(PARCELS.encode(), [self.wards]).fetchall()
        return [(Seen(id=row[0], version=row[1]), shapely.from_wkb(row[2])) for row in rows]

    def play(self, act: str) -> None:
        """Do an act; None comes of one that does not fit the moment."""
        state = self.records()
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
        ward = self.ward_of(seen)

        def work(connection: Connection) -> int:
            buyers = [make_holder(connection, ward, national_id=f"99919000{n:04}") for n in (7, 8)]
            half = rights.Share(num=1, den=2)
            new = [rights.NewRight(holder_id=each, share=half) for each in buyers]
            return rights.transfer(connection, rights.Held(parcel_id=seen.id), ending, new, WHY, by=BY)[0]

        return run(self.settings, work)

    def restrict(self) -> int | None:
        seen, _ = self.chance.choice(self.parcels())
        ward = self.ward_of(seen)

        def work(connection: Connection) -> int:
            change = begin(connection, ChangeKind.RESTRICT, WHY, by=BY, ward_id=ward)
            query = "INSERT INTO registry.restriction (ward_id, parcel_id, kind) VALUES (%s, %s, 'mortgage')"
            connection.execute(query, [ward, seen.id])
            return change

        return run(self.settings, work)

    def release(self) -> int | None:
        seen = self.one_of("restriction")
        return None if seen is None else run(self.settings, lambda c: rights.end_restriction(c, seen, WHY, by=BY))

    def one_of(self, table: str, condition: str = "retired_by IS NULL") -> Seen | None:
        """Any record of a table, by default one that is in force."""
        query = f"SELECT id, version FROM registry.{table} WHERE ward_id = ANY (%(wards)s) AND {condition} ORDER BY id"
        found = self.rows(query, wards=self.wards)
        return Seen(**dict(zip(("id", "version"), self.chance.choice(found), strict=True))) if found else None

    def create(self) -> int | None:
        """A house or a certificate of a parcel."""
        seen, _ = self.chance.choice(self.parcels())
        said = {"ward_id": self.ward_of(seen), "parcels": [{"parcel_id": seen.id}]}
        if self.chance.random() < 0.5:
            return self.make("asset", kind="house", **said)
        return self.make("certificate", serial=f"CD {next(self.numbers):06}", **said)

    def file(self) -> int | None:
        seen, _ = self.chance.choice(self.parcels())
        return self.make("document", kind="HD", ward_id=self.ward_of(seen), links=[{"parcel_id": seen.id}])

    def make(self, name: str, **said: Any) -> int:
        kind = KINDS[name]
        new = kind.new.model_validate({"change": WHY.model_dump()} | said)
        return int(run(self.settings, lambda c: create(c, kind, new, CLERK)).record["changed_by"])

    def correct(self) -> int | None:
        """Fields and lists of a parcel, a name, a paper."""
        number = next(self.numbers)
        uses = [{"land_type": self.chance.choice(["ODT", "CLN"])}, {"land_type": "LUC", "area_m2": float(number)}]
        numbers = [{"series": "map_299", "parcel_no": str(number)}]
        choices: list[tuple[str, dict[str, Any]]] = [
            ("parcel", {"address": f"ngõ {number}", "land_uses": uses}),
            ("parcel", {"numbers": numbers, "legal_area_m2": float(number)}),
            ("holder", {"full_name": f"Nguyễn Thị {number}", "gender": "female"}),
            ("certificate", {"book_no": f"CH{number}", "issue_date": "2019-05-20"}),
            ("holding", {"member_role": f"Vợ {number}"}),
        ]
        name, said = self.chance.choice(choices)
        kind, seen = KINDS[name], self.one_of(name, "true" if name == "holder" else "retired_by IS NULL")
        if seen is None:
            return None
        body = kind.patch.model_validate({**said, "change": WHY.model_dump()})

        def work(connection: Connection) -> int:
            tag = etag(read(connection, kind, seen.id))
            return int(patch(connection, kind, seen.id, body, CLERK, if_match=tag).record["changed_by"])

        return run(self.settings, work)

    def end(self, act: Callable[..., int], seen: Seen | None) -> int | None:
        try:
            return None if seen is None else run(self.settings, lambda c: act(c, seen, WHY, by=BY))
        except Conflict:  # rights, parts or a mortgage are on it
            return None

    def retire(self) -> int | None:
        return self.end(retire_parcel, self.one_of("parcel")) if len(self.parcels()) > 1 else None

    def retire_asset(self) -> int | None:
        return self.end(ending.retire_asset, self.one_of("asset"))

    def retire_document(self) -> int | None:
        return self.end(ending.retire_document, self.one_of("document"))

    def revoke(self) -> int | None:
        return self.end(ending.revoke_certificate, self.one_of("certificate"))

    def reissue(self) -> int | None:
        new, seen = rights.IssuedCertificate(serial=f"DD {next(self.numbers):08}"), self.one_of("certificate")
        return None if seen is None else run(self.settings, lambda c: rights.reissue(c, seen, new, WHY, by=BY))[0]

    def move(self) -> int | None:
        """A sheet with all its parcels to the other ward, under another number."""
        return self.moved(self.chance.choice(self.parcels())[0], sheet_no=str(next(self.numbers)))

    def move_part(self) -> int | None:
        """A parcel to the other ward, to a sheet that is there or to a new one."""
        seen, _ = self.chance.choice(self.parcels())
        query = "SELECT id FROM registry.map_sheet WHERE ward_id = ANY (%(w)s) AND ward_id <> %(from_ward)s ORDER BY id"
        there = self.rows(query, w=self.wards, from_ward=self.ward_of(seen))
        if there and self.chance.random() < 0.5:
            return self.moved(seen, parcels=[seen], to_sheet=self.chance.choice(there)[0])
        return self.moved(seen, parcels=[seen], sheet_no=str(next(self.numbers)))

    def moved(self, parcel: Seen, **said: Any) -> int:
        query = """
            SELECT sheet.id, sheet.version FROM registry.map_sheet sheet JOIN registry.parcel ON map_sheet_id = sheet.id
             WHERE parcel.id = %(id)s
        """
        sheet = dict(zip(("id", "version"), self.rows(query, id=parcel.id)[0], strict=True))
        code = self.codes[1 - self.wards.index(self.ward_of(parcel))]
        move = SheetMove.model_validate(sheet | said | {"ward_code": code})
        return run(self.settings, lambda c: move_sheet(c, move, WHY, by=BY))[0]

    def enter_past(self) -> int | None:
        """A right that had ended before it was entered: it can be withdrawn, not undone."""
        seen, _ = self.chance.choice(self.parcels())
        ward = self.ward_of(seen)

        def work(connection: Connection) -> int:
            right = rights.NewRight(holder_id=make_holder(connection, ward))
            held, ended = rights.Held(parcel_id=seen.id), date(2005, 6, 30)
            return rights.enter_historic_right(connection, held, right, date(1995, 1, 1), ended, WHY, by=BY)[0]

        return run(self.settings, work)

    def withdraw(self) -> int | None:
        seen = self.one_of("holding", HISTORIC)
        return (
            None if seen is None else run(self.settings, lambda c: ending.withdraw_historic_right(c, seen, WHY, by=BY))
        )

    def verify(self) -> int | None:
        query = "SELECT holder_id FROM registry.holding WHERE ward_id = ANY (%(wards)s) AND retired_by IS NULL"
        holder = self.chance.choice(self.rows(query, wards=self.wards))[0]
        result = self.chance.choice(["verified", "mismatch", "not_found"])
        run(self.settings, lambda c: add_evidence(c, holder, result))
        return None  # evidence lasts: it is not undone

    def undo(self) -> None:
        """Undo the newest change on which nothing stands: what it did is as before it, all else as it was."""
        for change in reversed(self.done):
            before = self.records()
            former, made = touched(self.reading(Role.APP), change)
            try:
                run(self.settings, lambda c: undo.undo(c, change, WHY, by=BY))  # noqa: B023
            except Conflict:
                continue
            assert_undone(before, self.records(), former, made)
            if change == self.done[-1]:
                assert_same(self.before[change], self.records())
            self.done.remove(change)
            return

    def records(self) -> State:
        return state(self.reading(Role.APP), self.wards)

    def state(self) -> tuple[State, Any]:
        query = "SELECT id FROM registry.parcel WHERE ward_id = ANY (%(wards)s)"
        ids = [row[0] for row in self.rows(query, wards=self.wards)]
        layer = [self.rows(LAYER_NOW.format(table=table), ids=ids) for table in ("published.parcels", STAFF)]
        return self.records(), layer

    def check(self) -> None:
        shapes = [shape for _, shape in self.parcels()]
        given_up = shapely.union_all([shapely.from_wkb(row[0]) for row in self.rows(GIVEN_UP, wards=self.wards)])
        ground = OUTLINE.difference(given_up)
        assert is_narrow(shapely.union_all(shapes).symmetric_difference(ground), 0.02)
        assert all(is_narrow(a.intersection(b)) for a, b in combinations(shapes, 2))
        assert sum(shape.area for shape in shapes) == pytest.approx(ground.area, abs=0.5)
        query = "SELECT id FROM registry.parcel WHERE ward_id = ANY (%(w)s)"
        ids = [row[0] for row in self.rows(query, w=self.wards)]
        assert one(self.reading(Role.APP), CIRCLES, ids) == 0
        assert self.rows(ASTRAY, wards=self.wards) == []
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
        ids = [row[0] for row in self.rows("SELECT id FROM registry.parcel WHERE ward_id = ANY (%(w)s)", w=self.wards)]
        for version, (records, _) in self.past.items():
            assert state(self.reading(Role.APP), self.wards, as_of=version) == records
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
    with clone_of(server) as settings, pooled_acts(settings, 1):
        yield settings


ACTS = (
    *(
        "split",
        "split",
        "merge",
        "adjust",
        "renumber",
        "transfer",
        "restrict",
        "release",
        "retire",
        "move",
        "move_part",
    ),
    *("correct", "correct", "create", "file", "reissue", "revoke", "retire_asset", "retire_document"),
    *("enter_past", "withdraw", "verify", "undo", "undo", "undo", "undo"),
)


def _play(settings: Settings, acts: list[str], seed: int) -> set[str]:
    """Play a game. Returns the acts that happened: those after which there was another data version."""
    happened = set()
    game = Play(settings, random.Random(seed))
    with game.opened:
        game.start()
        game.check()
        step: Callable[[str], None] = game.play
        for act in acts:
            seen = len(game.past)
            game.undo() if act == "undo" else step(act)
            game.check()
            if len(game.past) > seen:
                happened.add(act)
        game.check_past()
    return happened


def test_each_act_happens(own_settings: Settings) -> None:
    """None of them is one that never fits the moment: a game of all would prove nothing of it."""
    acts = [act for act in dict.fromkeys(ACTS) if act not in ("merge", "undo")]
    # Merged while one person holds all; half of what is created are houses.
    assert _play(own_settings, ["merge", *acts, *["create"] * 4, "retire_asset", "undo"], seed=1) == set(ACTS)


@given(strategies.lists(strategies.sampled_from(ACTS), min_size=3, max_size=10), strategies.integers(0, 10_000))
@examples(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_changes(own_settings: Settings, acts: list[str], seed: int) -> None:
    _play(own_settings, acts, seed)


@pytest.mark.proof
@given(strategies.lists(strategies.sampled_from(ACTS), min_size=20, max_size=60), strategies.integers(0, 10**9))
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_long_random_changes(own_settings: Settings, acts: list[str], seed: int) -> None:
    _play(own_settings, acts, seed)
