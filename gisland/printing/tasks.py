"""Tasks of the job worker: drawing what was ordered, finding what was interrupted, throwing away what has expired."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

from procrastinate import App
from procrastinate.jobs import Status

from gisland.jobs import put
from gisland.printing.work import draw_print, find_late, purge
from gisland.settings import Settings

QUEUE = "prints"
DRAW = "draw_print"


def add_to(queue: App, settings: Settings) -> None:
    """Add the tasks."""

    @queue.task(name=DRAW, queue=QUEUE, pass_context=False)
    async def draw(job: str) -> None:
        ended = threading.Event()
        work = asyncio.create_task(asyncio.to_thread(draw_print, settings, UUID(job), ended))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            ended.set()
            await work
            raise

    @queue.periodic(cron="* * * * *")
    @queue.task(name="find_late_prints", queueing_lock="find_late_prints", pass_context=False)
    async def find_late_prints(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the minute it was due
        for stalled in await queue.job_manager.get_stalled_jobs(queue=QUEUE):
            await queue.job_manager.finish_job(stalled, Status.FAILED, delete_job=True)
        for job in await asyncio.to_thread(find_late, settings):
            await asyncio.to_thread(queue_print, settings, job)

    @queue.periodic(cron="17 * * * *")
    @queue.task(name="purge_prints", queueing_lock="purge_prints", pass_context=False)
    def purge_prints(timestamp: int) -> None:  # noqa: ARG001 - see above
        purge(settings)


def queue_print(settings: Settings, job: UUID) -> None:
    """Let the worker draw a print; once is enough. What is not queued for whatever reason is found a minute later."""
    put(settings, DRAW, QUEUE, lock=str(job), job=str(job))
