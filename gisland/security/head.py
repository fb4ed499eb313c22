"""The head of a request as it comes over the wire: uvicorn would keep as much as comes, for as long as it comes."""

from __future__ import annotations

import asyncio
import logging

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# Above what the application lets pass, so that it is the application that says so wherever it can.
MOST_BYTES = 256 * 1024
SECONDS = 30.0

log = logging.getLogger("uvicorn.error")


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, which cuts off who sends an endless head, or one that does not end in time."""

    _size = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first head must come in time; for later ones there is the keep-alive timeout."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._met()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that ends within this piece is the ordinary case, and costs nothing."""
        super().data_received(data)
        # The method is set when a head is complete.
        if self.scope is None or "method" in self.scope:
            if self._deadline is not None and self.scope is not None:
                self._met()
            return
        self._size += len(data)
        if self._size > MOST_BYTES:
            log.warning("the head of a request is too large")
            self._cut_off(431)
        elif self._deadline is None:
            self._deadline = self.loop.call_later(SECONDS, self._too_slow)

    def _met(self) -> None:
        self._size = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._cut_off(408)

    def _cut_off(self, status: int) -> None:
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
