"""Each act there is: undone, all values are those of before; and when that is undone, those of after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import Role
from gisland.errors import Conflict
from gisland.registry import undo
from gisland.registry.acts import ACTS
from gisland.registry.kinds import KINDS
from gisland.registry.records import etag, read
from gisland.registry.writing import Clerk, create, patch
from tests.factories import VAULT, make_group, make_holder, make_sheet, make_ward
from tests.registry.land import BY, HALVES, Land, box, right_on
from tests.registry.states import State, assert_same, state

CLERK = Clerk(BY, VAULT)
CHANGE = {"reason": "test"}
Said = tuple[int | None, dict[str, Any]]


def do(land: Land, name: str, record: int | None, **said: Any) -> int:
    """The change of an act."""
    body = ACTS[name].body.model_validate({"change": CHANGE} | said)
    return int(land.do(lambda c: ACTS[name].do(c, record, body, BY)).change)


def make(land: Land, name: str, **said: Any) -> tuple[int, int]:
    """A new record: its id and the change that made it."""
    kind = KINDS[name]
    new = kind.new.model_validate({"change": CHANGE, "ward_id": land.ward} | said)
    record = land.do(lambda c: create(c, kind, new, CLERK)).record
    return int(record["id"]), int(record["changed_by"])


def correct(land: Land, name: str, record: int, **said: Any) -> int:
    kind = KINDS[name]

    def work(connection: Connection) -> int:
        body = kind.patch.model_validate({"change": CHANGE} | said)
        tag = etag(read(connection, kind, record))
        return int(patch(connection, kind, record, body, CLERK, if_match=tag).record["changed_by"])

    return int(land.do(work))


def version(land: Land, table: str, record: int) -> dict[str, int]:
    return {"version": land.rows(f"SELECT version FROM registry.{table} WHERE id = %s", record)[0][0]}


def seen(land: Land, parcel: int) -> dict[str, int]:
    return land.seen(parcel).model_dump()


def historic(land: Land) -> tuple[int, int]:
    right = {"holder_id": land.holder}
    days = {"valid_from": "1995-01-01", "valid_to": "2005-06-30"}
    change = do(land, "historic", None, on={"parcel_id": land.west}, right=right, **days)
    return int(land.rows("SELECT max(id) FROM registry.holding")[0][0]), change


def transferred(land: Land) -> int:
    buyers = [land.do(lambda c: make_holder(c, land.ward, "Lê Thị Thử")) for _ in range(2)]
    half = [{"holder_id": each, "share": {"num": 1, "den": 2}} for each in buyers]
    ending = [right_on(land, land.west).model_dump()]
    return do(land, "transfer", None, on={"parcel_id": land.west}, ending=ending, beginning=half)


def moved(land: Land) -> int:
    """A sheet with all that follows it: groups, a house, a paper, rights."""
    land.do(lambda c: make_ward(c, "11302"))
    group = land.do(lambda c: make_group(c, land.ward, "07"))
    correct(land, "parcel", land.west, residential_group_id=group, numbers=[{"series": "map_299", "parcel_no": "4"}])
    papers(land)
    return do(land, "move", land.sheet, ward_code="11302", sheet_no="88", **version(land, "map_sheet", land.sheet))


def moved_in_part(land: Land) -> int:
    moved = land.do(lambda c: make_sheet(c, make_ward(c, "11302"), "7"))
    papers(land)
    there = {"ward_code": "11302", "to_sheet": moved, "parcels": [seen(land, land.west)]}
    return do(land, "move", land.sheet, **there, **version(land, "map_sheet", land.sheet))


def papers(land: Land) -> dict[str, int]:
    """A house, a certificate of it and the parcel, a mortgage and a document."""
    house, _ = make(land, "asset", kind="house", parcels=[{"parcel_id": land.west}])
    named = {"parcels": [{"parcel_id": land.west}], "assets": [{"asset_id": house}]}
    paper, _ = make(land, "certificate", serial="AB 123456", **named)
    correct(land, "holding", right_on(land, land.west).id, certificate_id=paper)
    mortgage, _ = make(land, "restriction", parcel_id=land.west, certificate_id=paper, kind="mortgage")
    document, _ = make(land, "document", kind="HD", links=[{"parcel_id": land.west}, {"holder_id": land.holder}])
    return {"asset": house, "certificate": paper, "restriction": mortgage, "document": document}


def on_paper(act: str, table: str, **said: Any) -> Callable[[Land], int]:
    def work(land: Land) -> int:
        record = papers(land)[table]
        return do(land, act, record, **version(land, table, record), **said)

    return work


def revoked(land: Land) -> int:
    paper, _ = make(land, "certificate", serial="AB 123457", parcels=[{"parcel_id": land.east}])
    return do(land, "revoke", paper, **version(land, "certificate", paper))


def withdrawn(land: Land) -> int:
    right, _ = historic(land)
    return do(land, "withdraw", right, **version(land, "holding", right))


def split(land: Land) -> int:
    papers(land)
    pieces = [{"geometry": each.model_dump()} for each in HALVES]
    return do(land, "split", land.west, pieces=pieces, **version(land, "parcel", land.west))


def merged(land: Land) -> int:
    return do(land, "merge", None, parcels=[seen(land, land.west), seen(land, land.east)])


def adjusted(land: Land) -> int:
    shapes = {land.west: box(0, 0, 12, 10), land.east: box(12, 0, 20, 10)}
    parcels = [seen(land, each) | {"geometry": shape.model_dump()} for each, shape in shapes.items()]
    return do(land, "adjust", None, parcels=parcels)


def undone(land: Land) -> int:
    return do(land, "undo", correct(land, "parcel", land.west, address="ngõ 2", land_uses=[{"land_type": "CLN"}]))


DONE: dict[str, Callable[[Land], int]] = {
    "split": split,
    "merge": merged,
    "adjust": adjusted,
    "renumber": lambda land: do(land, "renumber", land.west, **version(land, "parcel", land.west)),
    "retire": lambda land: do(land, "retire", land.west, **version(land, "parcel", land.west)),
    "retire-asset": on_paper("retire-asset", "asset"),
    "transfer": transferred,
    "withdraw": withdrawn,
    "reissue": on_paper("reissue", "certificate", certificate={"serial": "DD 12345678", "gcn_code": "T33100000123"}),
    "revoke": revoked,
    "release": on_paper("release", "restriction"),
    "retire-document": on_paper("retire-document", "document"),
    "move": moved,
    "undo": undone,
}
# What makes and corrects records, which is no act of the list; and acts in another way.
MADE: dict[str, Callable[[Land], int]] = {
    "move a part of a sheet": moved_in_part,
    "create an asset": lambda land: make(land, "asset", kind="house", parcels=[{"parcel_id": land.west}])[1],
    "create a certificate": lambda land: make(land, "certificate", parcels=[{"parcel_id": land.west}])[1],
    "restrict": lambda land: make(land, "restriction", parcel_id=land.west, kind="mortgage")[1],
    "file a document": lambda land: make(land, "document", kind="HD", links=[{"parcel_id": land.west}])[1],
    "correct a holder": lambda land: correct(land, "holder", land.holder, full_name="Trần Thị Thử", gender="female"),
    "correct lists": lambda land: correct(
        land, "parcel", land.west, land_uses=[{"land_type": "CLN"}], numbers=[{"series": "map_299", "parcel_no": "4"}]
    ),
}
LASTS = {"historic"}
"""What is not undone but taken back by an act of its own."""


def now(land: Land) -> State:
    return state(land.reading(Role.APP))


def as_of(land: Land, change: int) -> State:
    """Just before a change."""
    query = "SELECT version - 1 FROM published.change_version WHERE change_id = %s"
    return state(land.reading(Role.APP), as_of=land.rows(query, change)[0][0])


def test_every_act_is_undone_here() -> None:
    assert DONE.keys() | LASTS == ACTS.keys()


@pytest.mark.parametrize("name", DONE | MADE)
def test_undo_and_its_undo(land: Land, name: str) -> None:
    change = (DONE | MADE)[name](land)
    before, after = as_of(land, change), now(land)
    assert before != after
    back = do(land, "undo", change)
    assert_same(before, now(land))
    again = do(land, "undo", back)
    assert_same(after, now(land))
    # And so on.
    do(land, "undo", again)
    assert_same(before, now(land))
    assert as_of(land, back) == after
    with pytest.raises(Conflict):
        do(land, "undo", change)


@pytest.mark.parametrize("name", LASTS)
def test_what_lasts_is_not_undone(land: Land, name: str) -> None:
    _, change = historic(land)
    before = now(land)
    with pytest.raises(Conflict, match="historic data are not undone"):
        land.do(lambda c: undo.undo(c, change, ACTS["undo"].body.model_validate({"change": CHANGE}).change, by=BY))
    assert now(land) == before
