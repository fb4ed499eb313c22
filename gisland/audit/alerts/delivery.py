"""Messages go out: taken from the table, sent, and noted as sent; what does not go out is tried again, ever later.

Each is sent once at least: a worker that is killed while it sends leaves it to be sent again.
"""

from __future__ import annotations

import structlog
from psycopg import Connection
from psycopg.rows import class_row

from gisland.audit.alerts.rules import Rules
from gisland.audit.alerts.store import ATTEMPTS, Told
from gisland.audit.alerts.ways import NotDelivered, Way

log = structlog.get_logger()

AT_ONCE = 50

# Counted before it is sent: whatever happens then, it is not tried again at once.
_TAKE = """
    WITH due AS (SELECT id FROM audit.delivery
                  WHERE way = %(way)s AND delivered_at IS NULL AND due_at <= now() AND attempts < %(attempts)s
                  ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED),
         taken AS (UPDATE audit.delivery
                      SET attempts = attempts + 1, due_at = now() + power(2, attempts) * interval '1 minute'
                    WHERE id IN (SELECT id FROM due) RETURNING alert_id)
    SELECT id, rule, severity, amount, last_at FROM audit.alert WHERE id IN (SELECT alert_id FROM taken) ORDER BY id
"""
_DONE = """
    UPDATE audit.delivery SET delivered_at = now(), error = ''
     WHERE way = %(way)s AND alert_id = ANY (%(ids)s) AND delivered_at IS NULL AND attempts > 0
"""
_FAILED = """
    UPDATE audit.delivery SET error = %(error)s
     WHERE way = %(way)s AND alert_id = ANY (%(ids)s) AND delivered_at IS NULL AND attempts > 0
"""


def deliver(connection: Connection, way: Way, rules: Rules) -> int:
    """Send what is due by one way, in one message.

    Args:
        connection: as `gisland_app`, in autocommit: nothing is locked while a message is on its way.
        way: by which.
        rules: for what they are called.

    Returns:
        How many alerts were told of.
    """
    values = {"way": way.name, "attempts": ATTEMPTS, "most": AT_ONCE}
    with connection.cursor(row_factory=class_row(Told)) as cursor:
        alerts = cursor.execute(_TAKE, values).fetchall()
    if not alerts:
        return 0
    done = {"way": way.name, "ids": [each.id for each in alerts]}
    try:
        way.send(alerts, rules)
    except NotDelivered as error:
        log.warning("alerts are not delivered for now", way=way.name, alerts=len(alerts), reason=error.detail)
        connection.execute(_FAILED, done | {"error": error.detail[:200]})
        return 0
    connection.execute(_DONE, done)
    return len(alerts)
