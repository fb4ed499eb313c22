"""Sessions of browsers: a random key in a cookie, its hash in the database."""

from __future__ import annotations

from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel, Field
from starlette.responses import Response

from gisland.audit import log
from gisland.errors import NotFound
from gisland.security.keys import key_hash, new_session_key
from gisland.settings import Settings

COOKIE = "gisland_session"

BEGIN = """
    INSERT INTO security.session (account_id, key_hash, expires_at) VALUES (%s, %s, now() + %s * interval '1 hour')
"""
LIST = """
    SELECT id, begun_at, seen_at, expires_at, id IS NOT DISTINCT FROM %s AS present FROM security.session
     WHERE account_id = %s AND expires_at > now() AND seen_at > now() - %s * interval '1 minute' ORDER BY id DESC
"""


class Session(BaseModel):
    """Phiên đăng nhập của trình duyệt · A browser that is signed in."""

    id: int = Field(description="Mã nội bộ · id")
    begun_at: datetime = Field(description="Bắt đầu · When it began")
    seen_at: datetime = Field(description="Dùng gần nhất, đến phút · Last used, to the minute")
    expires_at: datetime = Field(description="Hết hạn chậm nhất · Ends at the latest")
    present: bool = Field(description="Là phiên này · Whether it is the one that asks")


def begin_session(connection: Connection, account_id: int, settings: Settings) -> str:
    """Begin a session. Returns its key, which is kept nowhere but in the cookie."""
    key = new_session_key()
    connection.execute("DELETE FROM security.session WHERE expires_at < now()")
    connection.execute(BEGIN, [account_id, key_hash(key), settings.session_hours])
    return key


def end_session(connection: Connection, account_id: int, session_id: int, by: str) -> None:
    """End one of somebody's sessions.

    Raises:
        NotFound: they have none with this id.
    """
    ended = connection.execute(
        "DELETE FROM security.session WHERE id = %s AND account_id = %s", [session_id, account_id]
    )
    if not ended.rowcount:
        raise NotFound("không có phiên này · there is no such session")
    log.record(connection, by, log.Tag.SIGN_IN_ENDED, object_id=f"session:{session_id}")


def end_sessions(connection: Connection, account_id: int, *, but: int | None = None) -> int:
    """End all sessions of somebody, maybe but one; whoever calls notes why. Returns how many."""
    query = "DELETE FROM security.session WHERE account_id = %s AND id IS DISTINCT FROM %s"
    return connection.execute(query, [account_id, but]).rowcount


def list_sessions(connection: Connection, account_id: int, present: int | None, settings: Settings) -> list[Session]:
    """The sessions of somebody that have not ended, the newest first."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(LIST, [present, account_id, settings.session_idle_minutes]).fetchall()


def give_cookie(response: Response, key: str, settings: Settings) -> None:
    """Put the key of a session into its cookie. No script reads it, and no other site sends it with a write."""
    response.set_cookie(
        COOKIE,
        key,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def take_cookie(response: Response, settings: Settings) -> None:
    """Let the browser forget the cookie."""
    secure = settings.public_url.startswith("https:")
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="lax")
