"""One deadline for all that it takes to send a message: look-up of the name, connection, TLS, every byte after it."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SECONDS = 10.0
"""Until one step fails."""
DEADLINE_SECONDS = 30.0
"""Of all steps together, however slowly the other side answers."""
MOST_ADDRESSES = 4
"""Of a name that means many, so many are tried."""


class Deadline:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._end = time.monotonic() + DEADLINE_SECONDS

    def left(self) -> float:
        """Seconds until the end.

        Raises:
            TimeoutError: there are none.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def look_up(self, host: str, port: int) -> list[str]:
        """All addresses of a name.

        Raises:
            OSError: the name is not known, or nobody says so in time.
            UnicodeError: it can be no name.
        """
        answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                answers.put(list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        # The library's call knows no time-out; a thread that waits for it in vain ends with the resolver's own.
        threading.Thread(target=ask, name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=self.left())
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(self, addresses: Sequence[str], port: int) -> socket.socket:
        """A connection to the first of these addresses that takes it.

        Raises:
            OSError: none does, or not in time.
        """
        error: OSError = OSError("no address")
        for address in addresses[:MOST_ADDRESSES]:
            try:
                sock = socket.create_connection((address, port), timeout=min(SECONDS, self.left()))
            except OSError as failed:
                error = failed
                continue
            sock.settimeout(SECONDS)
            return sock
        raise error

    @contextmanager
    def cutting(self, sock: socket.socket) -> Iterator[None]:
        """Shut this connection down at the end, also within TLS: a server that sends a byte now and then keeps nobody.

        Raises:
            TimeoutError: it was shut down; what was cut off may look like a whole answer.
        """
        late = threading.Event()
        # Of its own: TLS takes the socket over while it shakes hands.
        handle = sock.dup()

        def cut() -> None:
            late.set()
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

        timer = threading.Timer(self.left(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
            if late.is_set():
                raise TimeoutError
        finally:
            timer.cancel()
            timer.join()
            handle.close()
