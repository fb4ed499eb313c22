"""Rules over events: incremental, along the positions of the chain, so that no event is looked at twice.

What a rule counts is kept in tallies (rule, of whom, span of time); a batch of new events costs one pass over them for
each rule, whatever the log holds. All of a batch is one transaction: it is counted once, also when the worker is
killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gisland.audit.alerts.rules import Rule, Rules
from gisland.audit.alerts.store import Breach, Told, raise_alerts
from gisland.database.statements import statements

BATCH = 20_000
SQL = statements("gisland.audit.alerts", "evaluate.sql")


@dataclass(frozen=True)
class _Seen:
    """Something that a rule counted too much of."""

    key: str
    first_at: datetime
    last_at: datetime
    amount: int
    usual: int | None


def evaluate(connection: Connection, rules: Rules, ways: Iterable[str], most: int = BATCH) -> tuple[int, list[Told]]:
    """Look at the next events that are sealed, in one transaction.

    Args:
        connection: as `gisland_app`, without an open transaction.
        rules: of `config/alerts.yml`.
        ways: by which people are told.
        most: events at a time.

    Returns:
        How many events were looked at, and the alerts that people are told of now. None are looked at while another
        worker does.
    """
    with connection.transaction():
        if connection.execute(SQL["alone"]).fetchone() != (True,):
            return 0, []
        after, until = connection.execute(SQL["batch"], {"most": most}).fetchone() or (0, None)
        if until is None:
            connection.execute(SQL["idle"])
            return 0, []
        told: list[Told] = []
        for name, rule in rules.rules.items():
            if rule.events:
                told += raise_alerts(connection, name, rule, _breaches(connection, name, rule, after, until), ways)
        connection.execute(SQL["watched"], {"until": until})
        return until - after, told


def _breaches(connection: Connection, name: str, rule: Rule, after: int, until: int) -> list[Breach]:
    counted = connection.execute(SQL["count"], _values(name, rule) | {"after": after, "until": until}).fetchall()
    if not counted:
        return []
    values: dict[str, Any] = {"rule": name, "width": rule.width, "within": rule.within, "at_least": rule.at_least}
    values |= {"keys": [key for key, _ in counted], "sinces": [since for _, since in counted]}
    if rule.usual is not None:
        # Days, not hours: `since` is a midnight of Vietnam, which knows no summer time.
        values |= {"past": rule.kept, **rule.usual.model_dump()}
    with connection.cursor(row_factory=class_row(_Seen)) as cursor:
        seen = cursor.execute(SQL["windows" if rule.usual is None else "unusual"], values).fetchall()
    return [
        Breach(each.key, each.first_at, each.last_at, each.amount, {} if each.usual is None else {"usual": each.usual})
        for each in seen
    ]


def _values(name: str, rule: Rule) -> dict[str, Any]:
    hours = rule.outside
    return {
        "rule": name,
        "per": rule.per,
        "width": rule.width,
        "counts": rule.counts,
        "tags": [tag.value for tag in rule.events],
        "by": list(rule.by) or None,
        "ward": rule.ward,
        "days": None if hours is None else list(hours.days),
        "begin": None if hours is None else hours.begin,
        "end": None if hours is None else hours.until,
        "holidays": [] if hours is None else list(hours.holidays),
    }


def tidy(connection: Connection, rules: Rules) -> None:
    """Forget what no window reaches any more."""
    for name, rule in rules.rules.items():
        if rule.events:
            connection.execute(SQL["tidy"], {"rule": name, "kept": rule.kept})
    connection.execute(SQL["tidy_all"])
