"""Changed layers reach all web workers without a restart: `gisland layer apply` tells them at its commit.

Each worker listens on a connection of its own (LISTEN), so a request pays nothing for it. A worker serves what was
applied: a folder that is being edited changes nothing before its layer is applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from psycopg import AsyncConnection

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, conninfo
from gisland.errors import GislandError
from gisland.settings import Settings

log = structlog.get_logger()

CHANNEL = "gisland_layers"
# After so long a lost connection is made anew; what was missed meanwhile is looked for then.
AGAIN_SECONDS = 1.0


async def follow_layers(
    settings: Settings, current: Callable[[], Catalogue], use: Callable[[Catalogue], Awaitable[None]]
) -> None:
    """Follow the layers as they are applied, until it is cancelled.

    Args:
        settings: where the database and the folders are.
        current: gives the catalogue that is served.
        use: makes ready the one that is to be served from now on, and takes it.
    """
    while True:
        try:
            listening = await AsyncConnection.connect(conninfo(settings, Role.APP), autocommit=True)
            async with listening as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                while True:
                    # At first, too: what was applied since the catalogue was read, told nobody who listened.
                    await _reload(settings, connection, current(), use)
                    async for _ in connection.notifies(stop_after=1):
                        pass
        except (psycopg.Error, GislandError) as error:
            log.warning("layers are not followed", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)


async def _reload(
    settings: Settings, connection: AsyncConnection, served: Catalogue, use: Callable[[Catalogue], Awaitable[None]]
) -> None:
    cursor = await connection.execute("SELECT id, definition_hash FROM publish.layer")
    applied: dict[str, str] = dict(await cursor.fetchall())
    try:
        defined = await asyncio.to_thread(load_catalogue, settings)
    except GislandError as error:
        # Somebody is at it; what is served stays.
        log.warning("the layers cannot be read", error=str(error))
        return
    found = applied_of(defined, served, applied)
    if found != served:
        await use(found)
        log.info("layers", served=sorted(found.layers))


def applied_of(defined: Catalogue, served: Catalogue, applied: dict[str, str]) -> Catalogue:
    """The layers as they were applied: of each the definition whose hash the database has.

    Args:
        defined: as the folders say it.
        served: as it was until now.
        applied: id → hash of the definition, in the database.
    """
    layers = {}
    for name in (*defined.layers, *(each for each in served.layers if each not in defined.layers)):
        for catalogue in (defined, served):
            layer = catalogue.layers.get(name)
            if layer is not None and layer.definition_hash(catalogue.palette) == applied.get(name):
                layers[name] = layer
                break
    return defined.model_copy(update={"layers": layers})
