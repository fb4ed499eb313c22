"""Each rule of `config/alerts.yml` tells of what it is for, and of nothing less."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.audit.alerts.rules import MOST_OPEN, load_rules
from gisland.audit.alerts.store import MANY, Acknowledgement, acknowledge
from gisland.audit.log import Tag
from gisland.database import run
from gisland.errors import Conflict, NotFound, UsageError
from gisland.security.permissions import Role as Has
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.audit.alerts.conftest import DAY, WORKDAY, Watched
from tests.factories import make_account, make_ward


def test_what_happened_before_is_the_past(settings: Settings, watched: Watched) -> None:
    assert watched.alerts("all") == []


def test_more_records_than_usual(watched: Watched) -> None:
    """The officer reads 100 a day; the registrar 1,000: what is far more for the one is usual for the other."""
    for day in range(10, 0, -1):
        watched.happen("account:officer", "registry:read", 4, at=WORKDAY - day * DAY, kind="holder", count=25)
        watched.happen("account:registrar", "registry:read", 10, at=WORKDAY - day * DAY, kind="holder", count=100)
    assert watched.told("bulk-persons") == []
    for subject in ("account:officer", "account:registrar"):
        watched.happen(subject, "registry:read", 12, at=WORKDAY, kind="holder", count=100)
    watched.look()
    assert {key for rule, key in watched.open() if rule == "bulk-persons"} == {"account:officer"}
    alert = next(each for each in watched.alerts() if each.rule == "bulk-persons")
    assert (alert.amount, alert.detail) == (1200, {"usual": 100})


def test_searches_and_reveals_count_as_what_they_show(watched: Watched) -> None:
    watched.happen("account:new", "registry:searched", 20, at=WORKDAY, found={"parcel": 30, "holder": 44})
    assert watched.told("bulk-persons") == []
    watched.happen("account:new", "registry:searched", 1, at=WORKDAY, found={"parcel": 0, "holder": 20})
    assert watched.told("bulk-persons") == ["bulk-persons"], "a newcomer's 1,500"


def test_who_grows_slowly_does_not_become_unseen(watched: Watched) -> None:
    for day in range(28, 0, -1):
        watched.happen("account:slow", "registry:read", at=WORKDAY - day * DAY, count=19_000)
    watched.look()
    run(watched.settings, lambda connection: _acknowledge_all(connection))
    watched.rule("bulk-persons", quiet=timedelta())
    watched.happen("account:slow", "registry:read", at=WORKDAY, count=20_001)
    assert watched.told("bulk-persons") == ["bulk-persons"]


def _acknowledge_all(connection: Connection) -> None:
    connection.execute("UPDATE audit.alert SET acknowledged_at = now(), acknowledged_by = 'x'")


LIMITS = [
    ("bulk-layer", "account:an", "staff_layer:read", 200, {"features": 5000}),
    ("many-reveals", "account:an", "identity:revealed", 20, {}),
    ("exports", "account:an", "data:exported", 5, {}),
    ("refusals", "account:an", "request:refused", 20, {}),
    ("refusals-unknown", "anonymous", "request:refused", 300, {}),
    ("direct-changes", "db:postgres", "registry:changed_directly", 1, {}),
    ("weighty-acts", "cli:root", "audit:month_dropped", 1, {}),
    ("weighty-acts", "cli:root", "database:dump_begun", 1, {}),
    ("weighty-acts", "cli:root", "database:dumped", 1, {}),
    ("bulk-persons", "account:an", "print:taken", 15, {"pages": 100}),
    ("bulk-prints", "account:an", "map:printed", 20, {"pages": 100, "names": True}),
]
_DAILY = "the work of administrators; /admin/accounts shows what is"
_OWN = "people's own sign-ins; those that fail are watched"
_BRINGS_IN = "brings data in, and gives none away"
_OF_LAYERS = "what operators set up; /ogc shows what is"
# Why there is no rule for an act.
UNWATCHED = {
    **dict.fromkeys((Tag.ACCOUNT_CHANGED, Tag.ACCOUNT_CREATED, Tag.ACCOUNT_DISABLED, Tag.ACCOUNT_READ), _DAILY),
    **dict.fromkeys((Tag.ROLE_GRANTED, Tag.ROLE_REVOKED, Tag.UNIT_ADDED), _DAILY),
    Tag.ACCOUNT_LOCKED: "comes of failed sign-ins, which are watched",
    **dict.fromkeys((Tag.ALERT_ACKNOWLEDGED, Tag.ALERT_RAISED), "an alert raises no alert"),
    Tag.AUDIT_READ: "what auditors do; a file of it is an export, which is watched",
    **dict.fromkeys((Tag.EVIDENCE_IMPORTED, Tag.FORM_IMPORTED, Tag.PARCELS_IMPORTED), _BRINGS_IN),
    **dict.fromkeys((Tag.LAYER_APPLIED, Tag.LAYER_DROPPED, Tag.LAYER_REBUILT, Tag.LAYER_REFRESHED), _OF_LAYERS),
    **dict.fromkeys((Tag.SIGN_IN_ACCEPTED, Tag.SIGN_IN_ENDED, Tag.PASSWORD_CHANGED), _OWN),
    **dict.fromkeys((Tag.TOKEN_FIRST_USED, Tag.TOKEN_ISSUED, Tag.TOKEN_REVOKED), "gives no more than its owner has"),
    Tag.VERIFICATION_SENT: "makes a list; who reads its rows is watched",
}


def test_each_act_is_watched_or_has_a_reason_not_to_be() -> None:
    watched = {tag for rule in load_rules(Settings()).rules.values() for tag in rule.events}
    assert set(Tag) - watched == UNWATCHED.keys()


@pytest.mark.parametrize(("rule", "subject", "tag", "limit", "detail"), LIMITS, ids=lambda value: str(value)[:20])
def test_at_its_limit_and_not_below(
    watched: Watched, rule: str, subject: str, tag: str, limit: int, detail: dict[str, Any]
) -> None:
    if limit > 1:
        watched.happen(subject, tag, limit - 1, at=WORKDAY, **detail)
        assert watched.told(rule) == []
    watched.happen(subject, tag, 1, at=WORKDAY, **detail)
    assert watched.told(rule) == [rule]
    assert (rule, subject) in watched.open()


def test_spread_over_time_it_is_nothing(watched: Watched) -> None:
    for number in range(60):
        watched.happen("account:an", "request:refused", at=WORKDAY + number * timedelta(minutes=2))
    assert watched.told() == []


def test_failed_sign_ins_of_an_account_and_of_an_origin(watched: Watched) -> None:
    watched.happen("anonymous", "sign_in:refused", 10, at=WORKDAY, name="an", origin="aabbccdd")
    watched.happen("anonymous", "sign_in:refused", 19, at=WORKDAY, origin="aabbccdd")
    assert watched.told() == ["password-guessing"], "what was no name is nobody's account"
    watched.happen("anonymous", "sign_in:refused", 1, at=WORKDAY, origin="aabbccdd")
    assert watched.told() == ["sign-ins-of-one-origin"]
    assert watched.open() == {("password-guessing", "an"), ("sign-ins-of-one-origin", "origin:aabbccdd")}


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (WORKDAY, []),
        (WORKDAY.replace(hour=15), ["out-of-hours"]),  # 22:00
        (WORKDAY.replace(hour=22), ["out-of-hours"]),  # 05:00 of the next day
        (WORKDAY + 3 * DAY, []),  # Saturday
        (WORKDAY + 4 * DAY, ["out-of-hours"]),
    ],
)
def test_out_of_hours(watched: Watched, at: object, told: list[str]) -> None:
    watched.happen("account:an", "staff_layer:read", 10, at=at, features=5)  # type: ignore[arg-type]  # of the list
    watched.happen("cli:root", "registry:read", 10, at=at)  # type: ignore[arg-type]  # of the list
    assert watched.told() == told


def test_one_export_out_of_hours_is_enough(watched: Watched) -> None:
    watched.happen("account:an", "data:exported", at=WORKDAY)
    assert watched.told() == []
    watched.happen("account:an", "data:exported", at=WORKDAY.replace(hour=17))
    assert watched.told() == ["exports-out-of-hours"]


def test_a_holiday_is_out_of_hours(watched: Watched) -> None:
    hours = watched.rules.rules["out-of-hours"].outside
    assert hours is not None
    watched.rule("out-of-hours", outside=hours.model_copy(update={"holidays": (WORKDAY.date(),)}))
    watched.happen("account:an", "registry:read", 10, at=WORKDAY)
    assert watched.told() == ["out-of-hours"]


def test_data_of_another_ward(watched: Watched) -> None:
    def hire(connection: Connection) -> tuple[int, int]:
        own, other = make_ward(connection, "11311"), make_ward(connection, "11312")
        make_account(connection, "an", Grant(Has.OFFICER, own))
        make_account(connection, "city", Grant(Has.OFFICER))
        return own, other

    own, other = run(watched.settings, hire)
    for subject, ward in (("account:an", own), ("account:city", other), ("cli:root", other), ("account:an", None)):
        watched.happen(subject, "registry:searched", at=WORKDAY, ward=ward, found={})
    assert watched.told("other-ward") == []
    watched.happen("account:an", "registry:searched", at=WORKDAY, ward=other, found={})
    assert watched.told("other-ward") == ["other-ward"]


def test_faults_that_somebody_found(watched: Watched) -> None:
    watched.happen("cli:root", "audit:verified", 5, at=WORKDAY, events=100, faults=0)
    assert watched.told() == []
    watched.happen("cli:root", "audit:verified", at=WORKDAY, events=100, faults=3)
    assert watched.told() == ["faults-verified"]


def test_no_storm(watched: Watched) -> None:
    """Whoever goes on is told of once, and again after the rest; the amount grows meanwhile."""
    for _ in range(5):
        watched.happen("account:an", "request:refused", 25, at=WORKDAY)
        watched.look()
    (alert,) = watched.alerts()
    assert alert.amount == 125
    with watched.tampering() as connection:
        connection.execute("UPDATE audit.alert SET told_at = now() - interval '7 hours'")
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    assert len(watched.look(ways=["mail"])) == 1
    assert [each.id for each in watched.alerts()] == [alert.id]
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    assert watched.look(ways=["mail"]) == []


def test_what_is_acknowledged_rests_too(watched: Watched) -> None:
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    watched.look()
    (alert,) = watched.alerts()
    run(watched.settings, lambda c: acknowledge(c, alert.id, Acknowledgement(note="đã gọi hỏi"), "account:boss"))
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    assert watched.look() == []
    with watched.tampering() as connection:
        connection.execute("UPDATE audit.alert SET told_at = now() - interval '7 hours'")
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    assert len(watched.look()) == 1
    assert len(watched.alerts("all")) == 2


def test_of_too_many_at_once_one_tells_as_a_whole(watched: Watched) -> None:
    for number in range(MOST_OPEN + 30):
        watched.happen("anonymous", "sign_in:refused", 10, at=WORKDAY, name=f"name{number}")
    assert len(watched.look()) == MOST_OPEN + 1
    assert ("password-guessing", MANY) in watched.open()
    watched.happen("anonymous", "sign_in:refused", 10, at=WORKDAY, name="another")
    assert watched.look() == []


def test_events_are_counted_once_whatever_the_batches(watched: Watched) -> None:
    watched.happen("account:an", "request:refused", 19, at=WORKDAY)
    watched.look(most=4)
    watched.look(most=1)
    assert watched.alerts() == []
    watched.happen("account:an", "request:refused", 1, at=WORKDAY)
    watched.look(most=3)
    assert [each.amount for each in watched.alerts()] == [20]


def test_acknowledging(watched: Watched) -> None:
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    watched.happen("anonymous", "sign_in:refused", 10, at=WORKDAY, name="an")
    watched.look()
    said = Acknowledgement(note="số 999070000001 đã hỏi")
    for alert in watched.alerts():
        with pytest.raises(Conflict, match="about oneself"):
            run(watched.settings, lambda c, alert=alert: acknowledge(c, alert.id, said, "account:an"))  # type: ignore[misc]
        done = run(watched.settings, lambda c, alert=alert: acknowledge(c, alert.id, said, "account:boss"))  # type: ignore[misc]
        assert done.acknowledged_by == "account:boss"
        assert "999070000001" not in done.note
        with pytest.raises(Conflict, match="already"):
            run(watched.settings, lambda c, alert=alert: acknowledge(c, alert.id, said, "account:boss"))  # type: ignore[misc]
    with pytest.raises(NotFound):
        run(watched.settings, lambda c: acknowledge(c, 999_999, said, "account:boss"))
    assert watched.open() == set()


def test_what_is_raised_and_acknowledged_is_in_the_log(watched: Watched) -> None:
    watched.happen("account:an", "request:refused", 25, at=WORKDAY)
    watched.look()
    (alert,) = watched.alerts()
    run(watched.settings, lambda c: acknowledge(c, alert.id, Acknowledgement(note="đã xem"), "account:boss"))
    with watched.tampering() as connection:
        query = "SELECT subject, tag FROM audit.event WHERE object = %s ORDER BY id"
        noted = connection.execute(query, [f"alert:{alert.id}"]).fetchall()
    assert noted == [("system", "alert:raised"), ("account:boss", "alert:acknowledged")]


WRONG = [
    ("rules: {x: {}}", "rules.x.title"),
    ("rules: {Name: {}}", "rules.Name"),
    ("rules: {x: {title: {vi: a, en: b}, severity: high, quiet: 1 hour}}", "events"),
    (
        "rules: {x: {title: {vi: a, en: b}, severity: high, quiet: 1 hour, events: [no:such], within: 1 day}}",
        "events.0",
    ),
    ("rules: {x: {title: {vi: a, en: b}, severity: high, quiet: 1 hour, events: [registry:read]}}", "within"),
    (
        "rules: {x: {title: {vi: a, en: b}, severity: high, quiet: soon, events: [registry:read], within: 1 day}}",
        "rules.x.quiet",
    ),
    (
        "rules: {x: {title: {vi: a, en: b}, severity: high, quiet: 1 hour, events: [alert:raised], within: 1 day}}",
        "raises no alert",
    ),
    ("rules: [", "line 2"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "alerts.yml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_rules(Settings(config_dir=tmp_path))
    assert told in str(error.value)
    assert "alerts.yml" in str(error.value)
    assert "\n" not in str(error.value)
