"""What looking at new events costs does not grow with the log: neither its plan nor its time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from gisland.audit.alerts.evaluate import SQL, _values, evaluate
from gisland.audit.alerts.proof import Round
from gisland.database import EVERYWHERE, Role, conninfo
from gisland.database.migrate import admin_conninfo
from tests.audit.alerts.conftest import Watched

# Of two months, by two hundred people.
FILL = """
    INSERT INTO audit.event (at, subject, tag, ward_id, object, detail)
    SELECT now() - (%(count)s - n) * interval '60 days' / %(count)s, 'account:p' || n %% 200,
           (ARRAY['registry:read', 'staff_layer:read', 'registry:searched', 'request:refused'])[1 + n %% 4],
           1, 'holder:' || n, jsonb_build_object('kind', 'holder', 'count', n %% 20, 'ids', jsonb_build_array(n))
      FROM generate_series(1, %(count)s) n
"""


def fill(log: Watched, count: int) -> None:
    log.settings.audit_anchor_path.unlink()
    with psycopg.connect(admin_conninfo(log.settings), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE audit.event, audit.seal, audit.tally, audit.delivery, audit.alert")
        connection.execute("UPDATE audit.sealer SET floor = 0, next_floor = 0, next_floor_after = NULL")
        connection.execute("UPDATE audit.watch SET position = 0")
        connection.execute(FILL, {"count": count})
        connection.execute("VACUUM ANALYZE audit.event")
    log.seal()
    with psycopg.connect(admin_conninfo(log.settings), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE audit.seal")


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan] + [each for part in plan.get("Plans", []) for each in nodes(part)]


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.proof)])
def test_new_events_cost_the_same_however_long_the_log(watched: Watched, count: int) -> None:
    fill(watched, count)
    start = time.perf_counter()
    watched.look()
    whole = time.perf_counter() - start
    now = datetime.now(UTC)
    watched.happen("account:p7", "registry:read", 1000, at=now, count=2)
    watched.seal()
    with psycopg.connect(conninfo(watched.settings, Role.APP, scope=EVERYWHERE), autocommit=True) as connection:
        for name, rule in watched.rules.rules.items():
            if not rule.events:
                continue
            values = _values(name, rule) | {"after": count, "until": count + 1000}
            row = connection.execute("EXPLAIN (FORMAT JSON) " + SQL["count"], values).fetchone()
            assert row is not None
            scans = {each.get("Relation Name"): each["Node Type"] for each in nodes(row[0][0]["Plan"])}
            assert "Index" in scans["seal"], (name, scans)
            assert "Index" in scans["event"], (name, scans)
        start = time.perf_counter()
        seen, _ = evaluate(connection, watched.rules, ())
        fresh = time.perf_counter() - start
        start = time.perf_counter()
        assert evaluate(connection, watched.rules, ()) == (0, [])
        nothing = time.perf_counter() - start
        round_ = Round(watched.settings.audit_anchor_path)
        start = time.perf_counter()
        assert round_.step(connection) == []
        piece = time.perf_counter() - start
    print(f"{count:,} events {whole:.1f} s, 1,000 new ones {fresh:.3f} s, none {nothing:.4f} s, a piece {piece:.3f} s")
    # And what was raised of those before.
    assert 1000 <= seen < 1100
    # Generous: other programs run beside it. All at once takes as long as its share of the events says.
    assert fresh < 5
    assert nothing < 1
