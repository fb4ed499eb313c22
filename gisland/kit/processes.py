"""Work on all cores, in processes that end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Do the tasks on all cores; their results, in the order of the tasks.

    Two tasks for each core are under way at a time: memory holds no more of them, and Ctrl-C ends soon. A task that is
    alone is done in this process, as processes take a second to start. `work` and the tasks must be picklable.

    Raises:
        BrokenProcessPool: a process was killed, such as for want of memory.
    """
    tasks = iter(tasks)
    first = list(islice(tasks, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    cores = os.cpu_count() or 1
    # Spawned, not forked: a copy of this process would hold its threads' locks and its database connection.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, context, initializer=attend) as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            for task in chain(first, tasks):
                under_way.append(pool.submit(work, task))
                if len(under_way) > 2 * cores:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def attend() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that is gone, however it ended.

    The kernel's own signal would tell of the server that forked it, which lives as long as its children do.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()
