"""Work outside of requests: a queue in PostgreSQL (procrastinate), served by `gisland worker`.

So far one periodic task; long imports and prints will be queued here.
"""

from __future__ import annotations

from procrastinate import App, PsycopgConnector

from gisland.database import Role, conninfo, run
from gisland.settings import Settings

SCHEMA = "jobs"


def create_queue(settings: Settings) -> App:
    """The queue and its tasks; procrastinate's tables lie in a schema of their own."""
    info = conninfo(settings, Role.APP)
    queue = App(connector=PsycopgConnector(conninfo=info, kwargs={"options": f"-c search_path={SCHEMA}"}, max_size=4))

    @queue.periodic(cron="* * * * *")
    @queue.task(name="fold_counts", queueing_lock="fold_counts", pass_context=False)
    def fold_counts(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the minute it was due
        """Fold the counts of layers, so that reading them stays cheap however many flushes there were."""
        run(settings, lambda connection: connection.execute("SELECT publish.fold_counts()"))

    return queue


async def serve_queue(settings: Settings) -> None:
    """Work on the queue until the process is told to stop; jobs under way are finished first."""
    queue = create_queue(settings)
    async with queue.open_async():
        await queue.run_worker_async(concurrency=2, delete_jobs="successful")
