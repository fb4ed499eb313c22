"""The watcher: beside the sealer it looks at what was sealed, proves the chain, and sends messages.

Two threads of their own: a mail server that does not answer holds up no rule, and neither holds up the sealing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psycopg
import structlog
from psycopg import Connection

from gisland.audit.alerts.delivery import deliver
from gisland.audit.alerts.evaluate import BATCH, SQL, evaluate, tidy
from gisland.audit.alerts.proof import Round
from gisland.audit.alerts.rules import Rules, load_rules, rules_file
from gisland.audit.alerts.store import Told, raise_alerts
from gisland.audit.alerts.ways import ways_of
from gisland.database import Role, conninfo
from gisland.errors import GislandError, UsageError
from gisland.settings import Settings

log = structlog.get_logger()

SECONDS = 2.0
PROOF_SECONDS = 5.0
TIDY_SECONDS = 3600.0
STANDBY_SECONDS = 10.0


class _Config:
    """The rules as the file has them now: whoever changes it need not restart anything."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = rules_file(settings)
        self._seen = -1
        self._rules: Rules | None = None

    def rules(self) -> Rules:
        """The rules.

        Raises:
            UsageError: the file is wrong, and was never right.
        """
        changed = self._file.stat().st_mtime_ns if self._file.exists() else 0
        if changed != self._seen or self._rules is None:
            try:
                self._rules = load_rules(self._settings)
            except GislandError as error:
                if self._rules is None:
                    raise
                log.error("the rules of alerts stay as they were", reason=str(error))  # noqa: TRY400 - no trace
            self._seen = changed
        return self._rules


class Watcher:
    """What is done each time; several workers may: one of them at a time looks at events.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self._config = _Config(settings)
        self._ways = _names(settings)
        self._round = Round(settings.audit_anchor_path)
        self._proven = self._tidied = float("-inf")

    def look(self, connection: Connection) -> int:
        """Look at all events that are sealed; now and then prove a piece of the chain, and tidy up.

        Args:
            connection: as `gisland_app`, in autocommit.

        Returns:
            How many people are told of now.
        """
        rules = self._config.rules()
        told: list[Told] = []
        while True:
            seen, found = evaluate(connection, rules, self._ways)
            told += found
            if seen < BATCH:
                break
        now = time.monotonic()
        if now - self._proven >= PROOF_SECONDS:
            self._proven = now
            told += self._prove(connection, rules)
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            tidy(connection, rules)
        note(told)
        return len(told)

    def _prove(self, connection: Connection, rules: Rules) -> list[Told]:
        proving = {name: rule for name, rule in rules.rules.items() if rule.proves}
        breaches = self._round.step(connection) if proving else []
        told: list[Told] = []
        with connection.transaction():
            # What was seen is not seen again before the next round: it is waited for whoever raises alerts now.
            connection.execute(SQL["in_turn"])
            for name, rule in proving.items():
                told += raise_alerts(connection, name, rule, breaches, self._ways)
        return told


def _names(settings: Settings) -> list[str]:
    """The ways that can be used; a wrong setting of theirs does not keep the rules from looking."""
    try:
        return [way.name for way in ways_of(settings)]
    except UsageError as error:
        log.error("alerts have no way out", reason=str(error))  # noqa: TRY400 - one line, no trace
        return []


def note(alerts: Iterable[Told]) -> None:
    """A line in the log for each; of whom it is about the table tells, after signing in."""
    for each in alerts:
        log.warning("alert", id=each.id, rule=each.rule, severity=each.severity, amount=each.amount)


@contextmanager
def watching(settings: Settings) -> Iterator[None]:
    """Look at what is sealed, and send messages, while the block runs."""
    # Once: later it would start a private cluster that was stopped on purpose.
    info = conninfo(settings, Role.APP)
    ended = threading.Event()
    threads = [
        threading.Thread(target=_keep, args=[work, settings, info, ended], name=work.__name__, daemon=True)
        for work in (_watch, _send)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            # A message that is under way is not waited for for long: it is sent again.
            thread.join(STANDBY_SECONDS)


def _keep(
    work: Callable[[Connection, Settings, threading.Event], None],
    settings: Settings,
    info: str,
    ended: threading.Event,
) -> None:
    while not ended.is_set():
        try:
            with psycopg.connect(info, autocommit=True) as connection:
                work(connection, settings, ended)
        except GislandError as error:
            log.error("nobody is alerted for now", reason=str(error))  # noqa: TRY400 - one line, no trace
        except (psycopg.Error, OSError) as error:
            # The type only: the text of a database error may quote values.
            log.error("nobody is alerted for now", error=type(error).__name__)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 - a thread that ends would be missed by nobody
            log.error("nobody is alerted for now, by an error of the program", error=type(error).__name__)  # noqa: TRY400
        ended.wait(STANDBY_SECONDS)


def _watch(connection: Connection, settings: Settings, ended: threading.Event) -> None:
    watcher = Watcher(settings)
    while not ended.is_set():
        watcher.look(connection)
        ended.wait(SECONDS)


def _send(connection: Connection, settings: Settings, ended: threading.Event) -> None:
    config, ways = _Config(settings), ways_of(settings)
    while ways and not ended.is_set():
        for way in ways:
            deliver(connection, way, config.rules())
        ended.wait(SECONDS)
    ended.wait()
