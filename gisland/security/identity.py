"""Who is asking, on the web: HTTP Basic with a password or token, a token as bearer, or the cookie of a session."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from psycopg import Connection
from starlette.requests import HTTPConnection

from gisland.audit import log
from gisland.database import run
from gisland.errors import Unauthorized
from gisland.security.keys import is_session_key, is_token, key_hash
from gisland.security.origin import check_cookie_write, check_origin
from gisland.security.proofs import PasswordProof, Proof, SessionProof, TokenProof
from gisland.security.sessions import COOKIE
from gisland.security.sign_in import Claim, Known, check_password_of, note_success
from gisland.security.subject import ANONYMOUS, Subject
from gisland.settings import Settings
from gisland.state import state_of

Result = TypeVar("Result")

SUBJECT = "gisland.subject"
"""Where a request carries who sends it, once that is known."""

# A hash takes 64 MB and a tenth of a second of a processor: few at a time, and not where other work waits.
_hashing = ThreadPoolExecutor(2, "argon2")


async def authenticate(request: HTTPConnection) -> Subject:
    """Who sends this request. A session that has ended is nobody's; wrong credentials are refused.

    Raises:
        Unauthorized: credentials were sent, but they are not right.
        TooManyRequests: too many sign-ins have failed.
        Forbidden: another site makes the browser send it.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return await _by_header(request, header)
    if "cookie" not in request.headers:
        return ANONYMOUS
    return await _by_cookie(request, request.cookies.get(COOKIE, ""))


async def check_password(request: HTTPConnection, claim: Claim, then: Callable[[Connection, Known], Result]) -> Result:
    """Check a password and do what it was asked for; see `check_password_of`."""
    work = partial(check_password_of, state_of(request).settings, claim, then)
    return await asyncio.get_running_loop().run_in_executor(_hashing, work)


def address_of(request: HTTPConnection) -> str:
    """Where a request comes from."""
    return request.client.host if request.client is not None else ""


async def _by_header(request: HTTPConnection, header: str) -> Subject:
    state = state_of(request)
    scheme, _, given = header.partition(" ")
    bearer = scheme.lower() == "bearer"

    async def verify() -> Proof:
        if bearer:
            return _token_proof(given.strip(), None)
        name, secret = _basic_credentials(scheme, given)
        if is_token(secret):
            return _token_proof(secret, name)
        return await check_password(request, Claim(name, secret, address_of(request)), _proof)

    subject = await state.sign_ins.subject(state.pools, header, verify)
    if subject is None:
        await asyncio.to_thread(_note_bad_key, state.settings)
        raise Unauthorized("sai tên hoặc mật khẩu · name or secret is wrong", hint="sign in again")
    request.scope[SUBJECT] = subject
    if not bearer:
        # Not before: the audit log knows whose browser another site makes ask.
        check_origin(request, state.settings)
    return subject


async def _by_cookie(request: HTTPConnection, key: str) -> Subject:
    state = state_of(request)
    if not is_session_key(key):
        return ANONYMOUS

    async def verify() -> Proof:
        return SessionProof(key_hash(key), state.settings.session_idle_minutes)

    subject = await state.sign_ins.subject(state.pools, f"{COOKIE} {key}", verify)
    if subject is None:
        return ANONYMOUS
    request.scope[SUBJECT] = subject
    check_cookie_write(request, state.settings)
    return subject


def _proof(connection: Connection, account: Known) -> Proof:
    note_success(connection, account.name, "password")
    return PasswordProof(account.id, account.secret_hash)


def _token_proof(token: str, name: str | None) -> TokenProof:
    if not is_token(token):
        raise Unauthorized("không phải mã truy cập của gisland · the bearer is no token of gisland")
    return TokenProof(key_hash(token), name)


def _note_bad_key(settings: Settings) -> None:
    """A token that is not good any more, or never was. Nobody guesses one, so nobody has to wait."""

    def work(connection: Connection) -> None:
        log.record(connection, "anonymous", log.Tag.SIGN_IN_REFUSED, detail={"for": "token"})

    run(settings, work)


def _basic_credentials(scheme: str, encoded: str) -> tuple[str, str]:
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        if not colon:
            raise ValueError
    except (ValueError, binascii.Error):
        raise Unauthorized(
            "tiêu đề Authorization không phải HTTP Basic hay mã truy cập"
            " · the Authorization header is neither HTTP Basic nor a bearer token"
        ) from None
    return name, secret
