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
    └── TooManyRequests       429  11  wait a moment

The message says what is wrong, where, and how to mend it; it never holds personal data.
"""

from __future__ import annotations

from typing import Any, ClassVar

from gisland.kit.identifiers import mask_ids


class GislandError(Exception):
    """Something went wrong that the user can be told about."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Internal error"

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


class TooManyRequests(GislandError):
    """Too often; `retry_after` says how many seconds to wait."""

    status, exit_code, title = 429, 11, "Too many requests"
