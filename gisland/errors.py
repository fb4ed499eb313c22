"""The errors that a user may meet: one tree, each with its HTTP status and its exit code.

    GislandError
    ├── UsageError            400  2   the request or command is wrong
    ├── NotFound              404  3
    ├── Unauthorized          401  4   nobody is signed in
    ├── Forbidden             403  5   the one signed in may not do this
    ├── Conflict              409  6   it does not fit what is there
    ├── InputError            422  7   a file, row or column cannot be taken in
    ├── DatabaseUnavailable   503  8
    ├── PreconditionFailed    412  9   somebody else changed it in the meantime
    ├── PreconditionRequired  428  10  say which version you have seen
    ├── TooSlow               408  11  the request does not arrive
    ├── TooLarge              413  12  its body is too large
    ├── UriTooLong            414  13
    ├── TooManyRequests       429  14  from one address or account
    ├── HeadersTooLarge       431  15
    ├── Busy                  503  16  too much of this work is going on
    ├── TookTooLong           503  17  a statement was ended by its time limit
    └── NotAllowed            405  18  this is not done to such a thing; the hint says what is

The message says what is wrong, where, and how to mend it; it never holds personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self
from uuid import UUID

from gisland.kit.identifiers import mask_ids


class GislandError(Exception):
    """Something went wrong that the user can be told about."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Internal error"
    unseen: bool = False
    """It speaks of what is not there for whoever asks: the answer does not tell whether it is there for others, and the
    audit log has who asked."""
    record: tuple[str, int | UUID] | None = None
    """The kind and the id of what was asked for; the answer does not name it, the audit log does."""

    def __init__(self, detail: str, *, hint: str = "", **where: str | int | None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.where = {key: value for key, value in where.items() if value is not None}
        if isinstance(file := self.where.get("file"), str):
            self.where["file"] = mask_ids(file, code=True)  # people put ids into the names of files

    def __str__(self) -> str:
        """One line: where, what is wrong, how to mend it."""
        place = ", ".join(f"{key} {value}" for key, value in self.where.items())
        line = f"{place}: {self.detail}" if place else self.detail
        return f"{line} — {self.hint}" if self.hint else line

    @property
    def headers(self) -> dict[str, str]:
        """Headers that an HTTP answer with this error has."""
        return {}

    def of(self, kind: str, record_id: int | UUID) -> Self:
        """The same error of a record; see `unseen`."""
        self.unseen, self.record = True, (kind, record_id)
        return self

    def problem(self) -> dict[str, Any]:
        """Problem details for HTTP (RFC 9457)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.hint:
            body["hint"] = self.hint
        return body | self.where


class UsageError(GislandError):
    """The request or command is wrong."""

    status, exit_code, title = 400, 2, "Bad request"


class NotFound(GislandError):
    """There is no such thing."""

    status, exit_code, title = 404, 3, "Not found"
    unseen = True

    def seen(self) -> Self:
        """The same error about a record that whoever asks is shown: nothing hidden was tried, nothing is noted."""
        self.unseen = False
        return self


class Unauthorized(GislandError):
    """Nobody is signed in."""

    status, exit_code, title = 401, 4, "Unauthorized"


class Forbidden(GislandError):
    """The one who is signed in may not do this."""

    status, exit_code, title = 403, 5, "Forbidden"


class Conflict(GislandError):
    """It does not fit what is there."""

    status, exit_code, title = 409, 6, "Conflict"


class InputError(GislandError):
    """A file, row or column cannot be taken in."""

    status, exit_code, title = 422, 7, "Unprocessable content"


class DatabaseUnavailable(GislandError):
    """The database cannot be reached."""

    status, exit_code, title = 503, 8, "Database unavailable"


class PreconditionFailed(GislandError):
    """Somebody else changed it in the meantime; `given…` is what was seen, `current…` what there is."""

    status, exit_code, title = 412, 9, "Precondition failed"


class PreconditionRequired(GislandError):
    """A write without saying which version was seen could overwrite somebody else's."""

    status, exit_code, title = 428, 10, "Precondition required"


class TooSlow(GislandError):
    """The body of a request does not arrive."""

    status, exit_code, title = 408, 11, "Request timeout"

    @property
    def headers(self) -> dict[str, str]:
        """The rest of the request is not waited for."""
        return {"Connection": "close"}


class TooLarge(GislandError):
    """The body of a request is too large."""

    status, exit_code, title = 413, 12, "Content too large"

    @property
    def headers(self) -> dict[str, str]:
        """The rest of the request is not read."""
        return {"Connection": "close"}


class UriTooLong(GislandError):
    """The address of a request is too long."""

    status, exit_code, title = 414, 13, "URI too long"


class TooManyRequests(GislandError):
    """An address or account asks too often.

    Args:
        detail: what is wrong.
        policy: name of the limit.
        quota: requests within `window` seconds.
        window: see quota.
        wait: seconds until the next request is served.
    """

    status, exit_code, title = 429, 14, "Too many requests"

    def __init__(self, detail: str, *, policy: str, quota: int, window: int, wait: int) -> None:
        super().__init__(detail, hint=f"thử lại sau {wait} giây · try again in {wait} s")
        self.policy, self.quota, self.window, self.wait = policy, quota, window, wait

    @property
    def headers(self) -> dict[str, str]:
        """When to come again (RFC 9110 §10.2.3), and the limit (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "Retry-After": str(self.wait),
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.policy}";r=0;t={self.wait}',
        }


class HeadersTooLarge(GislandError):
    """The headers of a request are too large."""

    status, exit_code, title = 431, 15, "Request header fields too large"


class Busy(GislandError):
    """Too much of this work is going on."""

    status, exit_code, title = 503, 16, "Service busy"

    @property
    def headers(self) -> dict[str, str]:
        """When to come again (RFC 9110 §10.2.3)."""
        return {"Retry-After": "5"}


class TookTooLong(GislandError):
    """A statement was ended by its time limit."""

    status, exit_code, title = 503, 17, "Took too long"


class NotAllowed(GislandError):
    """This is not done to such a thing.

    Args:
        detail: what is wrong.
        hint: what is done instead.
        allowed: the methods that there are.
    """

    status, exit_code, title = 405, 18, "Method not allowed"

    def __init__(self, detail: str, *, hint: str, allowed: Sequence[str]) -> None:
        super().__init__(detail, hint=hint)
        self.allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        """The methods that there are (RFC 9110 §10.2.1)."""
        return {"Allow": ", ".join(self.allowed)}
