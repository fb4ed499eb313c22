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
from gisland.security.identity import SUBJECT, authenticate
from gisland.security.limits import VISIT, Visit, Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings
from gisland.state import state_of

Params = ParamSpec("Params")
Result = TypeVar("Result")


PERMISSION = "gisland.permission"
"""Where a request carries the permission that its guard asked for last."""


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
            Forbidden: the subject has not the permission.
            TooManyRequests: the account, or its token, asks too often.
            Busy: too much of this work is going on.
        """
        request.scope[PERMISSION] = self.permission
        subject = await authenticate(request)
        visit: Visit = request.scope[VISIT]
        limits = state_of(request).limits
        if subject.signed_in:
            limits.signed_in(visit, subject.name, subject.token_id)
        if self.permission in subject.permissions:
            if self.work is not None:
                await limits.begin(visit, self.work)
            use_scope(subject.scope(self.permission))
            return subject
        if not subject.signed_in:
            await _note(request, subject, self.permission)
            raise Unauthorized("hãy đăng nhập để xem · sign in to see this")
        if subject.must_change:
            raise Forbidden("hãy đặt mật khẩu của mình trước · set a password of your own first", hint="/account")
        raise Forbidden("vai trò của bạn không được làm việc này · your role does not allow this")


async def note_refused(request: Request, error: GislandError) -> None:
    """Note in the audit log that somebody who is signed in was refused, which leaves no other trace.

    That is whatever is forbidden them, by a guard or behind it; and what is not there for them: the same for what is
    hidden and for what is not there at all. Where it lies in another ward, the log says which; the answer does not. Who
    reaches the whole service has found out nothing, and what anybody may ask for is nobody's secret.
    """
    subject, permission = request.scope.get(SUBJECT), request.scope.get(PERMISSION)
    if not isinstance(subject, Subject) or not isinstance(permission, Permission) or not subject.signed_in:
        return
    if isinstance(error, Forbidden):
        await _note(request, subject, permission)
        return
    if not error.unseen or permission is Permission.PUBLIC_READ or subject.scope(permission).everywhere:
        return
    kind, record = error.record or (None, None)
    record_id = None if record is None else str(record)
    values = [subject.name, _path(request), permission.value, error.status, kind, record_id]
    async with state_of(request).pools.app.connection() as connection:
        await connection.execute("SELECT audit.note_unseen(%s, %s, %s, %s, %s, %s::text)", values)


async def _note(request: Request, subject: Subject, permission: Permission) -> None:
    # On a connection of its own: what was refused is rolled back, and leaves no transaction that could carry it.
    async with state_of(request).pools.app.connection() as connection:
        detail = Jsonb({"permission": permission.value})
        await connection.execute(INSERT, [subject.name, Tag.REQUEST_REFUSED, None, _path(request), detail])


def _path(request: Request) -> str:
    return mask_ids(request.url.path, code=True)


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
