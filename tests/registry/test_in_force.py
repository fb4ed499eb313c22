"""No right and no restriction is in force on land that is not there any more, whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation

from gisland.database import Role
from gisland.errors import Conflict, GislandError
from gisland.registry import reshape, rights, undo
from gisland.registry.kinds import KINDS
from gisland.registry.parcels import DrawnParcel, retire_parcel
from gisland.registry.seen import Seen
from gisland.registry.writing import Clerk, act, create
from tests.factories import VAULT, make_change, make_holder, make_holding, one
from tests.registry.conftest import Api
from tests.registry.land import BY, HALVES, WHY, Land, right_on
from tests.sessions import meanwhile

Open = Callable[[Role], Connection]
CLERK = Clerk(BY, VAULT)
TODAY = date.today()  # noqa: DTZ011 - a day of the calendar
YESTERDAY, NEXT_YEAR = TODAY - timedelta(days=1), TODAY + timedelta(days=365)
MORTGAGE = "INSERT INTO registry.restriction (ward_id, parcel_id, kind) VALUES (%s, %s, 'mortgage')"


def split(connection: Connection, land: Land) -> reshape.Reshaped:
    pieces = [DrawnParcel(geometry=each) for each in HALVES]
    return reshape.split(connection, land.seen(land.west), pieces, WHY, by=BY)


def mortgage(connection: Connection, land: Land) -> None:
    """Enter one as a request does."""
    said = {"change": WHY, "ward_id": land.ward, "parcel_id": land.west, "kind": "mortgage"}
    create(connection, KINDS["restriction"], KINDS["restriction"].new.model_validate(said), CLERK)


def enter(session: Connection, land: Land, *, right: bool) -> None:
    """By SQL, without the lock that a request takes first."""
    if right:
        make_holding(session, land.ward, land.west, land.holder, role="current_user")
    else:
        session.execute(MORTGAGE, [land.ward, land.west])


def standing(land: Land) -> list[int]:
    """Parcels out of force that a right or restriction in force is on."""
    query = """
        SELECT id FROM registry.parcel JOIN (
               SELECT parcel_id, retired_by FROM registry.holding
                UNION ALL SELECT parcel_id, retired_by FROM registry.restriction) bears ON parcel_id = parcel.id
         WHERE parcel.retired_by IS NOT NULL AND bears.retired_by IS NULL
    """
    return [row[0] for row in land.rows(query)]


@pytest.mark.parametrize("kind", ["holding", "restriction"])
def test_requests_on_retired_land_are_refused(api: Api, kind: str) -> None:
    ward = api.ward()
    parcel, holder = api.parcel(ward), api.holder(ward)
    path = f"parcels/{parcel['id']}"
    assert api.post(f"{path}/retire", version=parcel["version"]).status_code == 200
    said = {"ward_id": ward, "parcel_id": parcel["id"]}
    said |= {"kind": "mortgage"} if kind == "restriction" else {"holder_id": holder["id"], "role": "current_user"}
    refused = api.post(f"{kind}s", **said)
    assert refused.status_code == 409
    assert f"parcel {parcel['id']} is retired" in refused.json()["detail"]
    assert refused.json()["hint"]
    # What has ended is history of the parcel, and may be entered.
    past = api.make(f"{kind}s", **said, valid_to=YESTERDAY.isoformat())
    # It cannot come back by a correction.
    revived = api.patch(f"{kind}s/{past['id']}", valid_to=None)
    assert revived.status_code == 409
    assert "has ended" in revived.json()["detail"]


def test_direct_sql_is_held_to_it(land: Land) -> None:
    land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    with pytest.raises(CheckViolation, match="is retired"):
        land.do(lambda c: c.execute(MORTGAGE, [land.ward, land.west]))
    with pytest.raises(CheckViolation, match="is retired"):
        land.do(lambda c: make_holding(c, land.ward, land.west, land.holder, role="current_user"))
    move = "UPDATE registry.holding SET parcel_id = %s WHERE parcel_id = %s"
    with pytest.raises(CheckViolation, match="is retired"):
        land.do(lambda c: c.execute(move, [land.west, land.east]))
    assert standing(land) == []


@pytest.mark.parametrize("bears", ["right", "restriction"])
def test_land_that_bears_something_is_not_retired_by_direct_sql(land: Land, bears: str) -> None:
    def retire(connection: Connection) -> None:
        change = make_change(connection, land.ward, "retire")
        if bears == "restriction":
            end = "UPDATE registry.holding SET retired_by = %s WHERE parcel_id = %s"
            connection.execute(end, [change, land.west])
        connection.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, land.west])

    if bears == "restriction":
        land.do(lambda c: c.execute(MORTGAGE, [land.ward, land.west]))
    with pytest.raises(CheckViolation, match="bears rights or restrictions"):
        land.do(retire)


def test_a_mortgage_on_its_way_holds_up_a_split(land: Land, open_connection: Open) -> None:
    session = open_connection(Role.APP)
    mortgage(session, land)
    with meanwhile(session, lambda: land.do(lambda c: split(c, land))) as left:
        session.commit()
    query = "SELECT array_agg(parcel_id ORDER BY parcel_id) FROM registry.restriction WHERE retired_by IS NULL"
    assert land.rows(query) == [(left[0].parcels,)]
    assert standing(land) == []


def test_a_split_on_its_way_holds_up_a_mortgage(land: Land, open_connection: Open) -> None:
    session = open_connection(Role.APP)
    split(session, land)
    with meanwhile(session, lambda: act(land.settings, lambda c: mortgage(c, land))) as left:
        session.commit()
    assert isinstance(left[0], Conflict)
    assert f"parcel {land.west} is retired" in str(left[0])
    assert standing(land) == []


@pytest.mark.parametrize("right", [True, False])
def test_who_wrote_unseen_before_a_split_is_refused_after_it(land: Land, open_connection: Open, *, right: bool) -> None:
    session = open_connection(Role.APP)
    enter(session, land, right=right)
    land.do(lambda c: split(c, land))
    with pytest.raises(CheckViolation, match="is retired"):
        session.commit()
    assert standing(land) == []


@pytest.mark.parametrize("right", [True, False])
def test_who_checks_while_a_split_is_on_its_way_waits_for_it(land: Land, open_connection: Open, *, right: bool) -> None:
    writer, splitter = open_connection(Role.APP), open_connection(Role.APP)
    enter(writer, land, right=right)
    # It has read what the parcel bears before the writer comes to the end.
    split(splitter, land)
    with meanwhile(splitter, lambda: rights.check_rights(writer)) as left:
        splitter.commit()
    assert isinstance(left[0], Conflict)
    writer.rollback()
    assert standing(land) == []


@pytest.mark.parametrize("right", [True, False])
def test_two_sessions_that_commit_at_once_do_not_both_win(land: Land, open_connection: Open, *, right: bool) -> None:
    writer, splitter = open_connection(Role.APP), open_connection(Role.APP)
    enter(writer, land, right=right)
    split(splitter, land)
    kept: list[bool] = []

    def commit(session: Connection) -> None:
        try:
            session.commit()
            kept.append(True)
        except psycopg.Error:
            kept.append(False)

    threads = [threading.Thread(target=commit, args=[session]) for session in (writer, splitter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(kept) == [False, True]
    assert standing(land) == []


def test_land_is_not_retired_under_a_right_that_came_in_between(land: Land, open_connection: Open) -> None:
    session = open_connection(Role.APP)
    change = make_change(session, land.ward, "retire")
    session.execute("UPDATE registry.holding SET retired_by = %s WHERE parcel_id = %s", [change, land.west])
    land.do(lambda c: c.execute(MORTGAGE, [land.ward, land.west]))
    session.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, land.west])
    with pytest.raises(CheckViolation, match="bears rights or restrictions"):
        session.commit()
    assert standing(land) == []


def test_undo_does_not_bring_a_right_back_on_land_that_is_gone(land: Land) -> None:
    on, ending = rights.Held(parcel_id=land.west), [right_on(land, land.west)]
    change, _ = land.do(lambda c: rights.transfer(c, on, ending, [], WHY, by=BY))
    land.do(lambda c: split(c, land))
    with pytest.raises(Conflict, match="retired"):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert standing(land) == []


def test_what_has_ended_does_not_go_over_to_new_parcels(land: Land) -> None:
    def past(connection: Connection) -> None:
        change = make_change(connection, land.ward)
        query = """
            INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, valid_to, created_by)
            VALUES (%s, %s, %s, 'current_user', %s, %s)
        """
        for name, until in (("Cụ Trước", YESTERDAY), ("Bà Thuê", NEXT_YEAR)):
            holder = make_holder(connection, land.ward, name)
            connection.execute(query, [land.ward, land.west, holder, until, change])
        query = "INSERT INTO registry.restriction (ward_id, parcel_id, kind, valid_to) VALUES (%s, %s, %s, %s)"
        connection.execute(query, [land.ward, land.west, "mortgage", YESTERDAY])
        connection.execute(query, [land.ward, land.west, "lease", NEXT_YEAR])

    land.do(past)
    done = land.split(*HALVES)
    query = """
        SELECT full_name, valid_to FROM registry.holding JOIN registry.holder ON holder.id = holder_id
         WHERE parcel_id = %s AND role = 'current_user' AND holding.retired_by IS NULL
    """
    restrictions = "SELECT kind, valid_to FROM registry.restriction WHERE parcel_id = %s AND retired_by IS NULL"
    for parcel in done.parcels:
        assert land.rows(query, parcel) == [("Bà Thuê", NEXT_YEAR)]
        assert land.rows(restrictions, parcel) == [("lease", NEXT_YEAR)]
    # On the old parcel each ended when it ended: the past ones before, the others with the parcel.
    query = "SELECT array_agg(DISTINCT valid_to ORDER BY valid_to) FROM registry.{} WHERE parcel_id = %s"
    for table in ("holding", "restriction"):
        assert land.rows(query.format(table), land.west) == [([YESTERDAY, TODAY],)]


def test_a_restriction_that_has_ended_does_not_hold_land_back(land: Land) -> None:
    query = "INSERT INTO registry.restriction (ward_id, parcel_id, kind, valid_to) VALUES (%s, %s, 'mortgage', %s)"
    land.do(lambda c: c.execute(query, [land.ward, land.west, YESTERDAY]))
    land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    assert land.rows("SELECT valid_to, retired_by IS NOT NULL FROM registry.restriction") == [(YESTERDAY, True)]


def test_holders_of_the_past_do_not_keep_parcels_apart(land: Land) -> None:
    query = """
        INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, valid_to, created_by)
        VALUES (%s, %s, %s, 'current_user', %s, %s)
    """

    def past(connection: Connection) -> None:
        holder, change = make_holder(connection, land.ward, "Cụ Trước"), make_change(connection, land.ward)
        connection.execute(query, [land.ward, land.west, holder, YESTERDAY, change])

    land.do(past)
    land.do(lambda c: reshape.merge(c, [land.seen(land.west), land.seen(land.east)], None, WHY, by=BY))


@pytest.mark.parametrize("by", ["request", "transfer"])
def test_no_right_begins_under_a_certificate_that_was_replaced(land: Land, by: str) -> None:
    def issue(connection: Connection) -> tuple[int, int]:
        change = make_change(connection, land.ward)
        query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, 'AB 1', %s) RETURNING id"
        return int(one(connection, query, land.ward, change)), make_holder(connection, land.ward, "Lê Văn Mua")

    old, buyer = land.do(issue)
    new = rights.IssuedCertificate(serial="AA 1")
    _, made = land.do(lambda c: rights.reissue(c, Seen(id=old, version=1), new, WHY, by=BY))
    right = {"holder_id": buyer, "role": "certificate_holder", "certificate_id": old}

    def request(connection: Connection) -> None:
        said = right | {"change": WHY, "ward_id": land.ward, "parcel_id": land.west}
        create(connection, KINDS["holding"], KINDS["holding"].new.model_validate(said), CLERK)

    def transfer(connection: Connection) -> None:
        beginning = [rights.NewRight.model_validate(right)]
        rights.transfer(connection, rights.Held(parcel_id=land.west), [], beginning, WHY, by=BY)

    with pytest.raises(GislandError, match=f"certificate {old} was replaced by certificate {made}"):
        land.do(request if by == "request" else transfer)
