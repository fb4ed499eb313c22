"""What a query would cost, as PostgreSQL plans it: looked at before it runs, where no index bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from psycopg import AsyncConnection

from gisland.errors import UsageError

log = structlog.get_logger()


async def check_cost(
    connection: AsyncConnection, statement: str, parameters: Mapping[str, object], *, most: float
) -> None:
    """Refuse a query whose plan is absurd, instead of letting it run into the statement timeout.

    The dearest node of the plan counts, as if it ran to its end: below a LIMIT the planner hopes to be done soon, and
    whoever asks for what there is not proves it wrong. Where nothing is asked for it is right: that LIMIT is full soon.

    Args:
        connection: as the role that the query runs as, with its settings: the plan is that of the query.
        statement: the very statement.
        parameters: its parameters.
        most: highest cost, in the units of the planner (reading a page in a row is 1).

    Raises:
        UsageError: it costs more.
    """
    # A statement of its own in the cache of prepared ones would push others out.
    cursor = await connection.execute(b"EXPLAIN (FORMAT JSON) " + statement.encode(), parameters, prepare=False)
    row = await cursor.fetchone()
    assert row is not None
    cost = max(node["Total Cost"] for node in _nodes(row[0][0]["Plan"]))
    if cost > most:
        log.info("query refused", cost=round(cost), most=round(most))
        raise UsageError(
            "câu hỏi này quá tốn kém · this query would cost too much",
            hint="thêm bbox, hoặc lọc theo ít trường hơn · add a bbox, or filter by fewer fields",
        )


# What hands on all rows that it reads, unless it has a filter.
_WHOLE = {"Append", "Incremental Sort", "Index Only Scan", "Index Scan", "Limit", "Merge Append", "Seq Scan", "Sort"}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    if plan["Node Type"] == "Limit" and _hands_on_all(plan):
        return
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _hands_on_all(plan: dict[str, Any]) -> bool:
    return plan["Node Type"] in _WHOLE and "Filter" not in plan and all(map(_hands_on_all, plan.get("Plans", ())))
