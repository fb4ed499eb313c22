"""Layers that do not follow their tables within the transaction that changes them.

    soon               made anew by the job worker, some seconds after a change has touched them
    manual, interval   refreshed by `gisland layer refresh`, or by the job worker at times: what differs from their view

Each is one transaction with a data version; where nothing is to be done, nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from procrastinate import App
from psycopg import Connection

from gisland.audit.log import SYSTEM, Tag, record
from gisland.catalogue import Catalogue, Layer, load_catalogue
from gisland.database import run
from gisland.errors import Conflict, GislandError, UsageError
from gisland.settings import Settings

log = structlog.get_logger()

# Layers that follow soon are at most 10 s behind, the time that it takes included.
SOON_SECONDS = 5


def refresh_late(settings: Settings) -> int:
    """Make anew what changes have touched of the layers that follow soon. Returns how many features."""

    def work(connection: Connection) -> int:
        row = connection.execute("SELECT publish.refresh_late()").fetchone()
        assert row is not None
        return int(row[0])

    return run(settings, work)


def refresh_layer(settings: Settings, catalogue: Catalogue, layer_id: str, *, by: str = SYSTEM) -> int:
    """Let a layer be what its view gives now. Returns the number of features that changed.

    Raises:
        NotFound: there is no such layer.
        UsageError: it follows its tables by itself.
        Conflict: it is not published as it is defined.
    """
    layer = catalogue.layer(layer_id)
    if layer.refresh == "flush":
        told = "lớp này tự theo dữ liệu · this layer follows its tables by itself"
        raise UsageError(told, hint=f"`gisland layer rebuild {layer_id}`", layer=layer_id)

    def work(connection: Connection) -> int:
        query = "SELECT definition_hash FROM publish.layer WHERE id = %s"
        applied = connection.execute(query, [layer_id]).fetchone()
        if applied is None or applied[0] != layer.definition_hash(catalogue.palette):
            told = "lớp chưa được áp dụng · the layer is not published as it is defined"
            raise Conflict(told, hint=f"`gisland layer apply {layer_id}`", layer=layer_id)
        row = connection.execute("SELECT publish.refresh_all(%s)", [layer_id]).fetchone()
        assert row is not None
        changed = int(row[0])
        if changed:
            record(connection, by, Tag.LAYER_REFRESHED, object_id=layer_id, detail={"features": changed})
        return changed

    return run(settings, work)


def add_to(queue: App, settings: Settings) -> None:
    """Add the tasks of the job worker: every few seconds what was touched, once a minute which layers are due."""

    @queue.periodic(cron=f"* * * * * */{SOON_SECONDS}")
    @queue.task(name="refresh_late", queueing_lock="refresh_late", lock="refresh_late", pass_context=False)
    def refresh_late_layers(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the time it was due
        refresh_late(settings)

    @queue.periodic(cron="* * * * *")
    @queue.task(name="refresh_layers", queueing_lock="refresh_layers", lock="refresh_layers", pass_context=False)
    def refresh_layers(timestamp: int) -> None:
        refresh_due(settings, timestamp)


def refresh_due(settings: Settings, timestamp: int) -> None:
    """Refresh the layers whose interval ends in a minute (seconds since 1970); one that fails holds up no other."""
    catalogue = load_catalogue(settings)
    for layer in due(catalogue, timestamp // 60):
        try:
            changed = refresh_layer(settings, catalogue, layer.id)
            log.info("layer refreshed", layer=layer.id, features=changed)
        except GislandError as error:
            log.warning("layer not refreshed", layer=layer.id, error=str(error))
        except Exception as error:  # noqa: BLE001 - a foreign server may fail in any way; the next time is soon
            log.error("layer not refreshed", layer=layer.id, error=type(error).__name__)  # noqa: TRY400


def due(catalogue: Catalogue, minute: int) -> Iterator[Layer]:
    """The layers whose interval ends in a minute (since 1970)."""
    return (layer for layer in catalogue.layers.values() if layer.minutes is not None and minute % layer.minutes == 0)
