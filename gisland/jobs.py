"""Work outside of requests: a queue in PostgreSQL (procrastinate), served by `gisland worker`.

Rooms add their tasks (`<room>/tasks.py`) and put work into the queue with `put`. Beside the queue the audit log is
sealed and watched.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.audit.alerts.watcher import watching
from gisland.audit.sealer import sealing
from gisland.database import Role, conninfo, run
from gisland.settings import Settings

SCHEMA = "jobs"
DEFAULT = "default"
SHORT_TASKS = 2
# What is under way has so long to end when the worker is told to; then it is told to stop.
END_SECONDS = 10.0

Tasks = Callable[[App, Settings], None]


def create_queue(settings: Settings, tasks: Sequence[Tasks] = ()) -> App:
    """The queue and its tasks; procrastinate's tables lie in a schema of their own."""
    queue = App(connector=PsycopgConnector(conninfo=_conninfo(settings), max_size=8))

    @queue.periodic(cron="* * * * *")
    @queue.task(name="fold_counts", queueing_lock="fold_counts", pass_context=False)
    def fold_counts(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the minute it was due
        """Fold the counts of layers, so that reading them stays cheap however many flushes there were."""
        run(settings, lambda connection: connection.execute("SELECT publish.fold_counts()"))

    for add in tasks:
        add(queue, settings)
    return queue


def put(settings: Settings, task: str, queue: str, *, lock: str, **arguments: str) -> None:
    """Put work into the queue.

    Args:
        settings: where the database is.
        task: its name.
        queue: that it waits in.
        lock: of what waits under the same lock there is one only; putting it again does nothing.
        arguments: of the task.
    """
    app = App(connector=SyncPsycopgConnector(conninfo=_conninfo(settings), min_size=1, max_size=1))
    with app.open():
        try:
            app.configure_task(task, queue=queue, queueing_lock=lock).defer(**arguments)
        except AlreadyEnqueued:
            return


async def serve_queue(settings: Settings, tasks: Sequence[Tasks] = (), slots: Mapping[str, int] | None = None) -> None:
    """Work on the queue until the process is told to stop; jobs under way are ended in order.

    Meanwhile the audit log is sealed and watched, by threads of their own: no job may hold them up.

    Args:
        settings: of the service.
        tasks: what the rooms add.
        slots: queues of long work, and how much of it is done at a time; it holds up no short work.
    """
    queue = create_queue(settings, tasks)
    with sealing(settings), watching(settings):
        async with queue.open_async():
            workers = [
                asyncio.create_task(
                    queue.run_worker_async(
                        queues=[name],
                        name=name,
                        concurrency=most,
                        delete_jobs="successful",
                        install_signal_handlers=False,
                        shutdown_graceful_timeout=END_SECONDS if name == DEFAULT else 0.0,
                    )
                )
                for name, most in ({DEFAULT: SHORT_TASKS} | dict(slots or {})).items()
            ]
            await _until_told(workers)


async def _until_told(workers: list[asyncio.Task[None]]) -> None:
    """Wait until the process is told to stop, or one of the workers ends; then end all."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    stop = asyncio.create_task(told.wait())
    try:
        await asyncio.wait([stop, *workers], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in (stop, *workers):
            each.cancel()
        ends = await asyncio.gather(*workers, return_exceptions=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    for end in ends:
        # Otherwise it was told to.
        if isinstance(end, Exception):
            raise end


def _conninfo(settings: Settings) -> str:
    info = conninfo(settings, Role.APP)
    # Added to the options that are there: on a server given by URL they may say which role the connection takes on.
    options = f"{conninfo_to_dict(info)['options']} -c search_path={SCHEMA}"
    return make_conninfo(info, options=options)
