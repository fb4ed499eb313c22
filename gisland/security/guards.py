"""The doors: each route and each command names the permission it needs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast

import typer
from psycopg.types.json import Jsonb
from starlette.requests import Request

from gisland.audit.log import INSERT, Tag
from gisland.database import use_scope
from gisland.errors import Forbidden, GislandError, Unauthorized
from gisland.kit.identifiers import mask_ids
from gisland.security.identity import authenticate
from gisland.security.limits import VISIT, Visit, Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings
from gisland.state import state_of

Params = ParamSpec("Params")
Result = TypeVar("Result")


PASSED = "gisland.passed"
"""Where a request carries who was let in, see `Passed`."""


@dataclass(frozen=True)
class Passed:
    """Who was let in, by which permission."""

    subject: Subject
    permission: Permission


class Require:
    """FastAPI dependency: lets the request in when its subject has the permission, and to the rows where they have it.

    Routes that are plain Starlette call it themselves and carry it as the attribute `require` of their endpoint, so
    that the test of all routes finds it.

    Args:
        permission: what the subject must have.
        work: the kind of work that a request then begins, to be done within its slots; None for what costs nothing.
    """

    def __init__(self, permission: Permission, work: Work | None = Work.PAGES) -> None:
        self.permission = permission
        self.work = work

    async def __call__(self, request: Request) -> Subject:
        """The subject of the request.

        Raises:
            Unauthorized: nobody is signed in, and somebody must be.
            Forbidden: the subject has not the permission; this refusal is audited.
            TooManyRequests: the account asks too often.
            Busy: too much of this work is going on.
        """
        subject = await authenticate(request)
        visit: Visit = request.scope[VISIT]
        limits = state_of(request).limits
        if subject.signed_in:
            limits.signed_in(visit, subject.name)
        if self.permission in subject.permissions:
            if self.work is not None:
                await limits.begin(visit, self.work)
            use_scope(subject.scope(self.permission))
            request.scope[PASSED] = Passed(subject, self.permission)
            return subject
        await self._note_refusal(request, subject)
        if not subject.signed_in:
            raise Unauthorized("hãy đăng nhập để xem · sign in to see this")
        if subject.must_change:
            raise Forbidden("hãy đặt mật khẩu của mình trước · set a password of your own first", hint="/account")
        raise Forbidden("vai trò của bạn không được làm việc này · your role does not allow this")

    async def _note_refusal(self, request: Request, subject: Subject) -> None:
        # On a connection of its own: the refused act leaves no transaction behind that could carry it.
        async with state_of(request).pools.app.connection() as connection:
            detail = Jsonb({"permission": self.permission.value})
            path = mask_ids(request.url.path, code=True)
            await connection.execute(INSERT, [subject.name, Tag.REQUEST_REFUSED, None, path, detail])


async def note_unseen(request: Request, error: GislandError) -> None:
    """Note in the audit log that somebody asked for what is not there for them, which leaves no other trace.

    On a connection of its own, for the act was rolled back; the same for what is hidden and for what is not there at
    all. Where it lies in another ward, the log says which; the answer does not. Who reaches the whole service has found
    out nothing, and what anybody may ask for is nobody's secret.
    """
    passed = request.scope.get(PASSED)
    if not isinstance(passed, Passed) or not error.unseen or not passed.subject.signed_in:
        return
    if passed.permission is Permission.PUBLIC_READ or passed.subject.scope(passed.permission).everywhere:
        return
    path = mask_ids(request.url.path, code=True)
    kind, record = error.record or (None, None)
    values = [
        passed.subject.name,
        path,
        passed.permission.value,
        error.status,
        kind,
        None if record is None else str(record),
    ]
    async with state_of(request).pools.app.connection() as connection:
        await connection.execute("SELECT audit.note_unseen(%s, %s, %s, %s, %s, %s::text)", values)


@dataclass(frozen=True)
class Caller:
    """What a command knows of its call: the object of the Typer context."""

    settings: Settings
    subject: Subject


def requires(permission: Permission) -> Callable[[Callable[Params, Result]], Callable[Params, Result]]:
    """Decorator of a command, whose `ctx: typer.Context` parameter holds the `Caller`: checks the permission first.

    Raises:
        Forbidden: the operator has not the permission.
    """

    def decorate(command: Callable[Params, Result]) -> Callable[Params, Result]:
        @functools.wraps(command)
        def guarded(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            # By its annotation only: typer passes a context of a class of its own.
            if permission not in caller(cast("typer.Context", kwargs["ctx"])).subject.permissions:
                raise Forbidden("vai trò của bạn không được dùng lệnh này · your role does not allow this command")
            return command(*args, **kwargs)

        guarded.require = permission  # type: ignore[attr-defined]  # read by the test of all commands
        return guarded

    return decorate


def caller(ctx: typer.Context) -> Caller:
    """The caller of a command."""
    found = ctx.find_object(Caller)
    assert found is not None
    return found
