"""Published features follow the registry: in the same transaction, whoever changes it, and whoever else does so."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from psycopg import Connection

from gisland.database import Role, connect, conninfo, flush, run
from gisland.settings import Settings
from tests import emptied
from tests.factories import add_evidence, make_change, make_holder, make_holding, make_parcel, one
from tests.publish import conftest
from tests.publish.conftest import Ward

reused = emptied.reused
settings = emptied.settings
app_connection = emptied.app_connection
ward = conftest.lasting_ward

Open = Callable[[Role], Connection]


def finish(connection: Connection) -> threading.Thread:
    """Flush and commit in a thread of its own, since it may have to wait for another session."""

    def work() -> None:
        flush(connection)
        connection.commit()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until_it_waits(settings: Settings, connection: Connection) -> None:
    """Until the session waits for a lock of another one."""
    with connect(settings, Role.APP) as observer:
        for _ in range(500):
            query = "SELECT cardinality(pg_blocking_pids(%s)) > 0, pg_sleep(0.01)"
            if one(observer, query, connection.info.backend_pid):
                return
    raise AssertionError("the second session did not wait for the first")


@pytest.mark.parametrize("first_to_commit", [0, 1])
def test_two_sessions_change_two_holders_of_one_parcel(
    settings: Settings, ward: Ward, open_connection: Open, first_to_commit: int
) -> None:
    (parcel,) = ward.add_parcels(1)
    holders = [ward.add_holder(parcel), ward.add_holder(parcel)]
    assert ward.exact_status(parcel) == "unsent"
    sessions = [open_connection(Role.APP), open_connection(Role.APP)]
    # Both change before either flushes: each sees the other's holder as not verified.
    for session, holder in zip(sessions, holders, strict=True):
        add_evidence(session, holder, "verified")
    first, second = sessions[first_to_commit], sessions[1 - first_to_commit]
    flush(first)
    waiting = finish(second)
    wait_until_it_waits(settings, second)
    first.commit()
    waiting.join(10)
    assert not waiting.is_alive()
    assert ward.exact_status(parcel) == "verified"
    assert ward.public_status(parcel) == "verified"


def test_counts_are_folded_while_others_write(settings: Settings, ward: Ward, open_connection: Open) -> None:
    for _ in range(3):
        ward.add_parcels(1)
    writer, folder = open_connection(Role.APP), open_connection(Role.APP)
    make_parcel(writer, ward.ward, ward.sheet)
    flush(writer)
    rows = "SELECT count(*) FROM publish.count_delta WHERE layer = 'parcels'"
    count = "SELECT publish.feature_count('parcels')"
    with psycopg.connect(conninfo(settings, Role.MIGRATOR), options="-c role=gisland_owner") as owner:
        assert one(owner, rows) > 1
        # Nobody waits for the writer, and what it adds stands beside the folded row.
        folder.execute("SET lock_timeout = '2s'")
        folder.execute("SELECT publish.fold_counts()")
        folder.commit()
        owner.rollback()
        assert (one(owner, rows), one(folder, count)) == (1, 3)
        writer.commit()
        folder.rollback()
        assert (one(owner, rows), one(folder, count)) == (2, 4)


@pytest.mark.parametrize("evidence_first", [True, False])
def test_one_session_adds_a_right_while_another_adds_evidence_on_its_holder(
    settings: Settings, ward: Ward, open_connection: Open, evidence_first: bool
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = run(settings, lambda c: make_holder(c, ward.ward, national_id="999000000001"))
    evidence, right = open_connection(Role.APP), open_connection(Role.APP)
    add_evidence(evidence, holder, "mismatch")
    make_holding(right, ward.ward, parcel, holder)
    first, second = (evidence, right) if evidence_first else (right, evidence)
    flush(first)
    waiting = finish(second)
    wait_until_it_waits(settings, second)
    first.commit()
    waiting.join(10)
    assert not waiting.is_alive()
    assert ward.exact_status(parcel) == "mismatch"


def test_the_writer_sees_its_change_in_the_same_transaction_and_nobody_else_does(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel)
    add_evidence(app_connection, holder, "verified")
    flush(app_connection)
    assert ward.exact_status(parcel) == "unsent"
    app_connection.commit()
    assert ward.exact_status(parcel) == "verified"


def test_a_transaction_that_is_rolled_back_leaves_nothing(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel)
    add_evidence(app_connection, holder, "verified")
    make_parcel(app_connection, ward.ward, ward.sheet)
    flush(app_connection)
    app_connection.rollback()
    assert ward.exact_status(parcel) == "unsent"
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT publish.feature_count('parcels')") == 1
    with connect(settings, Role.BACKUP) as connection:
        assert one(connection, "SELECT count(*) FROM publish.dirty") == 0


def test_direct_sql_without_flush_is_refreshed_at_commit(
    settings: Settings, ward: Ward, app_connection: Connection
) -> None:
    (parcel,) = ward.add_parcels(1)
    app_connection.execute("UPDATE registry.parcel SET parcel_no = '77' WHERE id = %s", [parcel])
    app_connection.commit()
    with connect(settings, Role.PUBLIC) as connection:
        assert one(connection, "SELECT parcel_no FROM published.parcels WHERE id = %s", parcel) == "77"


@pytest.mark.parametrize(
    ("results", "exact", "public"),
    [
        ([], "no_holder", "none"),
        ([None], "unsent", "in_progress"),
        (["sent"], "sent", "in_progress"),
        (["verified", "verified"], "verified", "verified"),
        (["verified", "sent"], "sent", "in_progress"),
        (["verified", "deceased"], "deceased", "action_needed"),
        (["not_found", "mismatch", "verified"], "not_found", "action_needed"),
        (["duplicate", "unsent"], "duplicate", "action_needed"),
    ],
)
def test_a_parcel_has_the_worst_status_of_its_holders(
    ward: Ward, results: list[str | None], exact: str, public: str
) -> None:
    (parcel,) = ward.add_parcels(1)
    for result in results:
        ward.add_holder(parcel, None if result == "unsent" else result)
    assert (ward.exact_status(parcel), ward.public_status(parcel)) == (exact, public)


def test_current_users_count_before_those_on_the_certificate(settings: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "deceased")
    user = ward.add_holder(parcel, "verified", role="current_user")
    assert ward.exact_status(parcel) == "verified"

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.holding SET retired_by = %s WHERE holder_id = %s", [change, user])

    run(settings, retire)
    assert ward.exact_status(parcel) == "deceased"


def test_evidence_counts_only_for_the_id_that_the_holder_bears(settings: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    holder = ward.add_holder(parcel, "verified")
    run(settings, lambda c: c.execute("UPDATE registry.holder SET id_hash = sha256('other') WHERE id = %s", [holder]))
    assert ward.exact_status(parcel) == "unsent"


def test_a_retired_parcel_leaves_the_layer(settings: Settings, ward: Ward) -> None:
    first, second = ward.add_parcels(2)

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        connection.execute("UPDATE registry.parcel SET retired_by = %s WHERE id = %s", [change, first])

    run(settings, retire)
    with connect(settings, Role.PUBLIC) as connection:
        assert connection.execute("SELECT id FROM published.parcels").fetchall() == [(second,)]
        assert one(connection, "SELECT publish.feature_count('parcels')") == 1


def test_flush_refuses_a_fixed_snapshot(ward: Ward, app_connection: Connection) -> None:
    app_connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    make_parcel(app_connection, ward.ward, ward.sheet)
    with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
        flush(app_connection)
