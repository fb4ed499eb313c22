"""Who asks too often, or while too much is going on, is told when to come again."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from gisland.database import Role, connect
from gisland.errors import Busy, TooManyRequests
from gisland.security import limits as limits_module
from gisland.security.limits import BURST_SECONDS, Bucket, Limits, Visit, Work
from gisland.settings import Settings
from tests.factories import make_ward
from tests.security.client import SOMEBODY, behind_proxy

ELSE = {"X-Forwarded-For": "203.0.113.8"}
LEAST = 1 / BURST_SECONDS  # a burst of one request


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be moved by hand."""
    now = [1000.0]
    monkeypatch.setattr("gisland.security.limits.time.monotonic", lambda: now[0])
    return now


def granted(bucket: Bucket, client: str = "a", most: int = 1000) -> int:
    """How many requests at once are let through."""
    for number in range(most):
        try:
            bucket.take(client)
        except TooManyRequests:
            return number
    return most


def test_a_bucket_empties_and_fills(clock: list[float]) -> None:
    bucket = Bucket("address", rate=4)
    assert granted(bucket) == 4 * BURST_SECONDS
    assert granted(bucket) == 0
    assert granted(bucket, "b") == 4 * BURST_SECONDS, "each has its own"
    clock[0] += 2.001
    assert granted(bucket) == 8
    clock[0] += 1000
    assert granted(bucket) == 4 * BURST_SECONDS, "never more than full"


def test_workers_together_grant_what_the_setting_says(clock: list[float]) -> None:
    assert sum(granted(Bucket("address", 4, workers=4)) for _ in range(4)) == 4 * BURST_SECONDS
    assert granted(Bucket("address", 0.001, workers=8)) == 1, "one at least"
    assert granted(Bucket("address", 0)) == 1000, "0 is no limit"


def test_a_request_that_needs_two_permissions_is_counted_once(settings: Settings, clock: list[float]) -> None:
    limits = Limits(settings.model_copy(update={"rate_sign_in": LEAST * 5, "workers": 1}))
    for _ in range(4):
        good, wrong = Visit("a", limited=True), Visit("a", limited=True)
        limits.arrives(good, with_credentials=True)
        limits.signed_in(good, "account:b")
        limits.signed_in(good, "account:b")
        limits.arrives(wrong, with_credentials=True)
    limits.arrives(Visit("a", limited=True), with_credentials=True)
    with pytest.raises(TooManyRequests):
        limits.arrives(Visit("a", limited=True), with_credentials=True)


def test_waiting_as_long_as_told_helps(clock: list[float]) -> None:
    bucket = Bucket("address", rate=0.3)
    granted(bucket)
    with pytest.raises(TooManyRequests) as refused:
        bucket.take("a")
    headers = refused.value.headers
    assert headers["RateLimit-Policy"] == '"address";q=6;w=20'
    assert headers["RateLimit"] == f'"address";r=0;t={headers["Retry-After"]}'
    clock[0] += int(headers["Retry-After"]) - 1
    assert granted(bucket) == 0
    clock[0] += 1
    assert granted(bucket) == 1


def test_memory_is_bounded(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "MOST_CLIENTS", 10)
    bucket = Bucket("address", rate=1)
    for number in range(100):
        bucket.take(f"quiet {number}")
        clock[0] += 0.3
        assert len(bucket._full) <= 10
    for number in range(100):
        bucket.take(f"flood {number}")
        assert len(bucket._full) <= 10


def test_an_address_is_told_when_to_come_again(settings: Settings, admin: tuple[str, str]) -> None:
    with behind_proxy(settings, rate_address=0.5) as client:
        answers = [client.get("/ogc", headers=SOMEBODY) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["title"] == "Too many requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert refused.headers["ratelimit-policy"] == '"address";q=10;w=20'
        assert refused.headers["ratelimit"].startswith('"address";r=0;t=')
        assert refused.headers["cache-control"] == "private, no-store"
        # Not somebody else, not this machine, not its health; nor who signs in from there, as in an office.
        assert client.get("/ogc", headers=ELSE).status_code == 200
        assert client.get("/health/live", headers=SOMEBODY).status_code == 200
        assert client.get("/ogc", headers=SOMEBODY, auth=admin).status_code == 200
        # What the client itself writes before its address changes nothing.
        for claimed in ("127.0.0.1", "203.0.113.99"):
            headers = {"X-Forwarded-For": f"{claimed}, 203.0.113.7"}
            assert client.get("/ogc", headers=headers).status_code == 429


def test_this_machine_is_not_limited(settings: Settings) -> None:
    with behind_proxy(settings, rate_address=LEAST, trusted_proxies="10.0.0.0/8") as client:
        for headers in ({}, SOMEBODY):
            assert [client.get("/ogc", headers=headers).status_code for _ in range(4)] == [200] * 4


def test_an_account_is_counted_whatever_its_address(settings: Settings, admin: tuple[str, str]) -> None:
    with behind_proxy(settings, rate_account=0.2) as client:
        answers = [
            client.get("/api/v1/me", headers={"X-Forwarded-For": f"203.0.113.{number}"}, auth=admin)
            for number in range(5)
        ]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429]
        assert answers[-1].headers["ratelimit-policy"].startswith('"account"')
        assert client.get("/ogc", headers=SOMEBODY).status_code == 200


def test_a_token_that_has_gone_wild_leaves_its_owner_the_rest(settings: Settings, clock: list[float]) -> None:
    limits = Limits(settings.model_copy(update={"rate_account": LEAST * 8, "workers": 1}))

    def refused_by(token: int | None) -> str:
        try:
            limits.signed_in(Visit("a", limited=True), "account:b", token)
        except TooManyRequests as refused:
            return refused.policy
        return ""

    assert [refused_by(7) for _ in range(30)] == [""] * 4 + ["token"] * 26
    # Neither what its owner does nor another token of theirs; all together have what the account has.
    assert [refused_by(8), *(refused_by(None) for _ in range(4))] == [""] * 4 + ["account"]


def test_a_token_is_counted_by_itself(settings: Settings, admin: tuple[str, str]) -> None:
    wanted = {"name": "x", "permissions": ["staff_layer:read"]}
    with behind_proxy(settings, rate_account=LEAST * 4) as client:
        token = client.post("/api/v1/tokens", json=wanted, auth=admin).json()["token"]
        answers = [client.get("/api/v1/me", headers=SOMEBODY, auth=(admin[0], token)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["ratelimit-policy"].startswith('"token"')
        assert client.get("/api/v1/me", headers=SOMEBODY, auth=admin).status_code == 200


def test_guessing_secrets_is_slow_and_keeps_nobody_out_who_knows_theirs(
    settings: Settings, admin: tuple[str, str]
) -> None:
    with behind_proxy(settings, rate_sign_in=0.1) as client:
        # What comes out well is no attempt.
        assert {client.get("/api/v1/me", headers=SOMEBODY, auth=admin).status_code for _ in range(6)} == {200}
        wrong = [client.get("/api/v1/me", headers=SOMEBODY, auth=("admin", f"{n}")).status_code for n in range(4)]
        assert wrong == [401, 401, 429, 429]
        assert client.get("/api/v1/me", headers=ELSE, auth=admin).status_code == 200


def visit() -> Visit:
    return Visit("203.0.113.7", limited=True)


def test_slots_are_taken_waited_for_and_given_back() -> None:
    async def work() -> None:
        limits = Limits(Settings(workers=1, slots_exports=1, slots_searches=1, slot_wait_seconds=0.2))
        first, second, third = visit(), visit(), visit()
        await limits.begin(first, Work.EXPORTS)
        await limits.begin(first, Work.EXPORTS)  # a request has one, however often its guards ask
        await limits.begin(second, Work.SEARCHES)  # another kind of work is not kept waiting
        begun = time.monotonic()
        with pytest.raises(Busy) as refused:
            await limits.begin(second, Work.EXPORTS)
        assert 0.15 < time.monotonic() - begun < 2
        assert refused.value.headers["Retry-After"]
        assert second.work is None
        await limits.begin(third, Work.SEARCHES)  # what it had is free again
        waiting = asyncio.create_task(limits.begin(second, Work.EXPORTS))
        await asyncio.sleep(0.05)
        limits.end(first)
        limits.end(first)  # again gives back nothing
        await waiting
        with pytest.raises(Busy):
            await limits.begin(first, Work.EXPORTS)

    asyncio.run(work())


def test_a_worker_that_is_busy_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    execute = psycopg.AsyncConnection.execute

    async def slowly(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if "published" in str(query):
            await execute(self, "SELECT pg_sleep(1)")
        return await execute(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", slowly)
    with behind_proxy(settings, slots_pages=1, slot_wait_seconds=0.1) as client:
        items = "/ogc/collections/parcels/items"
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda _: client.get(items), range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
        busy = next(answer for answer in answers if answer.status_code == 503)
        assert busy.headers["retry-after"] == "5"
        assert busy.json()["title"] == "Service busy"
        assert client.get(items).status_code == 200, "its slot is free again"


def test_files_wait_for_a_slot_of_exports(
    settings: Settings, admin: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: Limits, __: Visit, work: Work) -> None:
        if work is Work.EXPORTS:
            raise Busy("no slot")

    monkeypatch.setattr(Limits, "begin", full)
    with behind_proxy(settings) as client:
        assert client.get("/api/v1/audit/events", auth=admin).status_code == 200
        for path in ("/api/v1/audit/events.csv", "/ogc/collections/parcels/export"):
            assert client.get(path, auth=admin).status_code == 503, path


def test_health_needs_no_slot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        raise Busy("no slot")

    monkeypatch.setattr(Limits, "begin", never)
    with behind_proxy(settings) as client:
        assert client.get("/health/ready").status_code == 200
        assert client.get("/ogc").status_code == 503


def test_no_statement_runs_without_end(settings: Settings, admin: tuple[str, str]) -> None:
    """Neither on the pools of readers, nor on that of searches, nor in acts."""

    async def timeouts() -> list[str]:
        from gisland.database import Pools

        pools = await Pools.open(settings)
        shown = []
        for pool in (pools.public, pools.staff, pools.app):
            async with pool.connection() as connection:
                row = await (await connection.execute("SHOW statement_timeout")).fetchone()
                shown.append(str(row and row[0]))
        with pools.acts.connection() as act:
            row = act.execute("SHOW statement_timeout").fetchone()
            shown.append(str(row and row[0]))
        await pools.close()
        return shown

    assert asyncio.run(timeouts()) == ["20s", "20s", "20s", "2min"]


def test_what_takes_too_long_is_stopped_and_told(settings: Settings, admin: tuple[str, str]) -> None:
    limited = settings.model_copy(update={"write_timeout_ms": 300})
    unit = {"change": {"reason": "kiểm thử"}, "level": "ward", "code": "90001", "name": "x", "srid": 9210}
    with behind_proxy(limited) as client, connect(settings, Role.APP) as other:
        # A unit of this code that is not committed yet: the other one waits for what becomes of it.
        make_ward(other, "90001")
        answer = client.post("/api/v1/units", json=unit, auth=admin)
        assert answer.status_code == 503, answer.text
        assert answer.json()["title"] == "Took too long"
        other.rollback()
        assert client.post("/api/v1/units", json=unit, auth=admin).status_code == 201
