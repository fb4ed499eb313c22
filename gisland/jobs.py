"""Work outside of requests: a queue in PostgreSQL (procrastinate), served by `gisland worker`.

So far one periodic task; long imports and prints will be queued here. Beside the queue the audit log is sealed and
watched.
"""

from __future__ import annotations

from procrastinate import App, PsycopgConnector
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.audit.alerts.watcher import watching
from gisland.audit.sealer import sealing
from gisland.database import Role, conninfo, run
from gisland.settings import Settings

SCHEMA = "jobs"


def create_queue(settings: Settings) -> App:
    """The queue and its tasks; procrastinate's tables lie in a schema of their own."""
    info = conninfo(settings, Role.APP)
    # Added to the options that are there: on a server given by URL they may say which role the connection takes on.
    options = f"{conninfo_to_dict(info)['options']} -c search_path={SCHEMA}"
    queue = App(connector=PsycopgConnector(conninfo=make_conninfo(info, options=options), max_size=4))

    @queue.periodic(cron="* * * * *")
    @queue.task(name="fold_counts", queueing_lock="fold_counts", pass_context=False)
    def fold_counts(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the minute it was due
        """Fold the counts of layers, so that reading them stays cheap however many flushes there were."""
        run(settings, lambda connection: connection.execute("SELECT publish.fold_counts()"))

    return queue


async def serve_queue(settings: Settings) -> None:
    """Work on the queue until the process is told to stop; jobs under way are finished first.

    Meanwhile the audit log is sealed and watched, by threads of their own: no job may hold them up.
    """
    queue = create_queue(settings)
    with sealing(settings), watching(settings):
        async with queue.open_async():
            await queue.run_worker_async(concurrency=2, delete_jobs="successful")
