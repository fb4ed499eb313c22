"""A right or restriction is in force until a change ends it; one whose own end has come is ended as it is written.

So whoever reads it has one answer, on whichever day the layers were made. A day that lies ahead ends nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation

from gisland.database import Role
from gisland.database.migrate import migrate
from gisland.errors import Conflict
from gisland.printing.facts import read_facts
from gisland.registry import undo
from gisland.registry.kinds import KINDS
from gisland.registry.records import etag
from gisland.registry.writing import Clerk, create, patch
from gisland.settings import Settings
from tests.factories import (
    VAULT,
    add_evidence,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    one,
)
from tests.registry.conftest import Api
from tests.registry.land import BY, WHY, Land
from tests.registry.test_check import found, unguarded
from tests.revisions import database_at, owner

CLERK = Clerk(BY, VAULT)
TODAY = date.today()  # noqa: DTZ011 - a day of the calendar
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)
ENDS = [(YESTERDAY, False), (TODAY, False), (TOMORROW, True), (None, True)]


def enter(land: Land, what: str, /, **said: Any) -> dict[str, Any]:
    """A right or restriction on the western parcel, as a request enters it."""
    given = {"change": WHY, "ward_id": land.ward, "parcel_id": land.west} | said
    made: dict[str, Any] = land.do(
        lambda c: create(c, KINDS[what], KINDS[what].new.model_validate(given), CLERK).record
    )
    return made


def add_user(land: Land, until: date | None, **said: Any) -> dict[str, Any]:
    """A right of a deceased user, who would be the worst on the western parcel."""
    user = land.do(lambda c: make_holder(c, land.ward, "Cụ Trước", "999190000002"))
    land.do(lambda c: add_evidence(c, user, "deceased"))
    day = until and until.isoformat()
    return enter(land, "holding", holder_id=user, role="current_user", valid_to=day, **said)


def told(land: Land) -> dict[str, Any]:
    """What each reader makes of the western parcel."""
    staff = "SELECT exact_status, holder_names FROM published_staff.parcels_staff WHERE id = %s"
    facts = land.do(lambda c: read_facts(c, land.west))[0]
    public = "SELECT verification_status FROM published.parcels WHERE id = %s"
    counted = "SELECT holder_id FROM publish.held_parcel WHERE parcel_id = %s"
    return {
        "layer": land.rows(staff, land.west, role=Role.STAFF),
        "class": land.rows(public, land.west, role=Role.PUBLIC),
        "counted": land.rows(counted, land.west, role=Role.BACKUP),
        "extract": [each["name"] for each in facts["holders"]],
        "restrictions": [each["kind"] for each in facts["restrictions"]],
    }


@pytest.mark.parametrize(("until", "in_force"), ENDS)
def test_all_who_read_a_right_say_the_same(land: Land, until: date | None, in_force: bool) -> None:
    land.do(lambda c: add_evidence(c, land.holder, "verified"))
    before = told(land)
    assert (before["layer"], before["extract"]) == ([("verified", "Nguyễn Văn Thử")], ["Nguyễn Văn Thử"])
    made = add_user(land, until)
    assert made["retired_by"] == (None if in_force else made["created_by"])
    if not in_force:
        assert told(land) == before
        return
    now = told(land)
    assert (now["layer"], now["extract"]) == ([("deceased", "Cụ Trước")], ["Cụ Trước"])
    assert now["class"] != before["class"]


@pytest.mark.parametrize(("until", "in_force"), ENDS)
def test_an_extract_tells_a_restriction_no_day_too_long(land: Land, until: date | None, in_force: bool) -> None:
    made = enter(land, "restriction", kind="mortgage", valid_to=until and until.isoformat())
    assert (made["retired_by"] is None) == in_force
    assert told(land)["restrictions"] == ["mortgage"] * in_force


def test_what_has_ended_has_no_share(land: Land) -> None:
    """The shares of those who have it now sum to 1 without it, and it is whole without them."""
    share = {"share_num": 1, "share_den": 2}
    with pytest.raises(CheckViolation, match="do not sum to 1"):
        add_user(land, None, **share)
    add_user(land, YESTERDAY, **share)


def test_by_sql_and_by_a_correction(land: Land) -> None:
    made = add_user(land, None)
    ended = "SELECT retired_by = changed_by FROM registry.holding WHERE id = %s"
    said = KINDS["holding"].patch.model_validate({"change": WHY, "valid_to": YESTERDAY.isoformat()})
    land.do(lambda c: patch(c, KINDS["holding"], made["id"], said, CLERK, if_match=etag(made)))
    assert land.rows(ended, made["id"]) == [(True,)]
    (mine,) = land.rows("SELECT id FROM registry.holding WHERE parcel_id = %s AND retired_by IS NULL", land.west)[0]
    land.do(lambda c: c.execute("UPDATE registry.holding SET valid_to = %s WHERE id = %s", [TOMORROW, mine]))
    assert land.rows(ended, mine) == [(None,)]
    land.do(lambda c: c.execute("UPDATE registry.holding SET valid_to = current_date WHERE id = %s", [mine]))
    assert land.rows(ended, mine) == [(True,)]
    add = "INSERT INTO registry.restriction (ward_id, parcel_id, kind, valid_to) VALUES (%s, %s, 'mortgage', %s)"
    land.do(lambda c: c.execute(add, [land.ward, land.west, YESTERDAY]))
    assert land.rows("SELECT retired_by = created_by FROM registry.restriction") == [(True,)]


@pytest.mark.parametrize("until", [None, TOMORROW.isoformat()])
def test_what_has_ended_is_not_brought_back_by_its_day(land: Land, until: str | None) -> None:
    made = add_user(land, YESTERDAY)
    said = KINDS["holding"].patch.model_validate({"change": WHY, "valid_to": until})
    with pytest.raises(Conflict, match="has ended"):
        land.do(lambda c: patch(c, KINDS["holding"], made["id"], said, CLERK, if_match=etag(made)))
    # Another day of the past is a correction.
    said = KINDS["holding"].patch.model_validate({"change": WHY, "valid_to": "2004-05-06"})
    land.do(lambda c: patch(c, KINDS["holding"], made["id"], said, CLERK, if_match=etag(made)))
    assert land.rows("SELECT valid_to FROM registry.holding WHERE id = %s", made["id"]) == [(date(2004, 5, 6),)]


def test_a_correction_that_ended_a_right_is_undone(land: Land) -> None:
    made = add_user(land, None)
    said = KINDS["holding"].patch.model_validate({"change": WHY, "valid_to": YESTERDAY.isoformat()})
    land.do(lambda c: patch(c, KINDS["holding"], made["id"], said, CLERK, if_match=etag(made)))
    (change,) = land.rows("SELECT retired_by FROM registry.holding WHERE id = %s", made["id"])[0]
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows("SELECT valid_to, retired_by FROM registry.holding WHERE id = %s", made["id"]) == [(None, None)]


@pytest.mark.parametrize("kind", ["holding", "restriction"])
def test_what_is_entered_as_ended_is_historic(land: Land, kind: str) -> None:
    """Its change is no creation that an undo would only seem to take back."""
    made = add_user(land, YESTERDAY) if kind == "holding" else enter(land, kind, kind="mortgage", valid_to="2004-05-06")
    assert land.rows("SELECT kind FROM registry.change WHERE id = %s", made["created_by"]) == [("historic",)]
    with pytest.raises(Conflict, match="historic data are not undone"):
        land.do(lambda c: undo.undo(c, made["created_by"], WHY, by=BY))


def test_a_day_that_came_by_itself_ends_nothing_and_is_found(land: Land) -> None:
    """Or the layers would tell one thing or another by the day they were made: it is a finding until it is ended."""
    made = add_user(land, TOMORROW)
    before = told(land)
    unguarded(land, f"UPDATE registry.holding SET valid_to = current_date WHERE id = {made['id']}")
    assert told(land) == before
    assert [case.id for case in found(land)["past_its_day"].examples] == [made["id"]]


def test_over_http(api: Api) -> None:
    ward = api.ward()
    parcel, holder = api.parcel(ward), api.holder(ward)
    said = {"ward_id": ward, "parcel_id": parcel["id"], "holder_id": holder["id"], "role": "current_user"}
    past = api.make("holdings", **said, valid_to=YESTERDAY.isoformat())
    assert past["retired_by"] == past["created_by"]
    assert api.client.get("parcels", params={"holder_id": holder["id"]}).json()["items"] == []
    # It was entered wrongly: it is taken back as any right of the past.
    assert api.post(f"holdings/{past['id']}/withdraw", version=past["version"]).status_code == 200
    api.make("holdings", **said, valid_to=TOMORROW.isoformat())
    assert len(api.client.get("parcels", params={"holder_id": holder["id"]}).json()["items"]) == 1


@pytest.fixture
def before(settings: Settings) -> Iterator[Settings]:
    """A database of the migration before."""
    with database_at(settings, "0035") as old:
        yield old


def test_what_had_ended_before_is_ended_by_the_migration(before: Settings) -> None:
    def fill(connection: Connection) -> None:
        ward = make_ward(connection)
        parcel = make_parcel(connection, ward, make_sheet(connection, ward))
        for day, name in ((YESTERDAY, "A"), (TOMORROW, "B"), (None, "C")):
            right = make_holding(connection, ward, parcel, make_holder(connection, ward, name))
            connection.execute("UPDATE registry.holding SET valid_to = %s WHERE id = %s", [day, right])
            add = "INSERT INTO registry.restriction (ward_id, parcel_id, kind, valid_to) VALUES (%s, %s, 'lease', %s)"
            connection.execute(add, [ward, parcel, day])

    with owner(before) as connection:
        for table in ("holding", "restriction"):
            connection.execute(f"DROP TRIGGER ends_as_written ON registry.{table}".encode())
            connection.execute(f"DROP TRIGGER ends_as_corrected ON registry.{table}".encode())
        fill(connection)
    migrate(before)
    with owner(before) as connection:
        for table in ("holding", "restriction"):
            query = f"SELECT valid_to, retired_by = changed_by, version FROM registry.{table} ORDER BY id"
            rows = connection.execute(query.encode()).fetchall()
            assert [row[:2] for row in rows] == [(YESTERDAY, True), (TOMORROW, None), (None, None)]
        assert one(connection, "SELECT count(*) FROM registry.change WHERE kind = 'direct' AND reason <> ''") == 1
