"""The state of security and health: each check says what it saw, and how to mend what is wrong."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg import Connection

import gisland
from gisland.audit.alerts.rules import load_rules
from gisland.audit.alerts.ways import ways_of
from gisland.database import Role
from gisland.database.roles import given_to
from gisland.database.statements import statements
from gisland.errors import GislandError
from gisland.kit.crs import MERIDIANS, to_wgs84
from gisland.kit.keys import load_keys
from gisland.security.crypto import load_vault
from gisland.security.proxies import is_loopback
from gisland.settings import Settings

OLDEST_SERVER = 150000
DUMP_DAYS = 7
UNSEALED_SECONDS = 60
SECRET_DAYS = 2
# Of the two ways of a point to WGS 84, PostGIS's and ours; a hundredth of a millimetre.
DEGREES = 1e-10


class State(StrEnum):
    """How a check went. A hole lets somebody in, or data out; what is weak should be looked at."""

    OK = "ok"
    WEAK = "weak"
    HOLE = "hole"


@dataclass(frozen=True)
class Finding:
    """What a check saw."""

    check: str
    state: State
    told: str
    mend: str = ""


# What is well, in words; or the state, what is wrong, and how to mend it.
Found = str | tuple[State, str, str]


def examine(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """All checks, one after the other.

    Args:
        connection: as `gisland_app`.
        settings: of the service.
    """
    for name, check in CHECKS.items():
        try:
            found = check(connection, settings)
        except GislandError as error:
            found = (State.HOLE, error.detail, error.hint)
        state, told, mend = (State.OK, found, "") if isinstance(found, str) else found
        yield Finding(name, state, told, mend)


def _names(connection: Connection, query: str, **values: Any) -> list[str]:
    return [row[0] for row in connection.execute(SQL[query], values or None).fetchall()]


def _one(connection: Connection, query: str) -> Any:
    row = connection.execute(SQL[query]).fetchone()
    return row[0] if row is not None else None


def _none_of(names: list[str], good: str, bad: str, mend: str, state: State = State.HOLE) -> Found:
    return (state, f"{bad}: {', '.join(names)}", mend) if names else good


def _versions(connection: Connection, _: Settings) -> Found:
    number, server, postgis = connection.execute(SQL["versions"]).fetchone() or (0, "", "")
    told = f"gisland {gisland.__version__}, PostgreSQL {server}, PostGIS {postgis}"
    return told if number >= OLDEST_SERVER else (State.HOLE, told, "PostgreSQL ≥ 15")


def _roles(connection: Connection, _: Settings) -> Found:
    if missing := _names(connection, "missing_roles", roles=[role.value for role in Role]):
        return State.HOLE, f"thiếu vai trò · roles are missing: {', '.join(missing)}", "gisland db migrate"
    mighty = _names(connection, "mighty_roles")
    return _none_of(
        mighty,
        f"{len(Role)}, không vai trò nào vượt quyền · none is superuser",
        "vượt quyền · too mighty",
        "ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE",
    )


def _policies(connection: Connection, _: Settings) -> Found:
    mend = "gisland db migrate; gisland layer apply"
    if missing := _names(connection, "open_tables"):
        return State.HOLE, f"bảng không có chính sách · tables without policy: {', '.join(missing)}", mend
    return _none_of(
        _names(connection, "open_policies"),
        "mọi bảng có chính sách theo phường · every table has its policy, forced",
        "chính sách cho xem mọi hàng · policies that show all rows",
        f"DROP POLICY … ON …; {mend}",
    )


def _public(connection: Connection, _: Settings) -> Found:
    return _none_of(
        _names(connection, "public_reaches"),
        "vai trò công khai chỉ đọc lớp công khai · the public role reaches public layers only",
        "vai trò công khai với tới · the public role reaches",
        "gisland db migrate; REVOKE what was granted by hand",
    )


def _others(connection: Connection, _: Settings) -> Found:
    return _none_of(
        _names(connection, "others_reach"),
        "các vai trò khác chỉ đọc phần của mình · the other roles reach what is theirs only",
        "với tới · reached",
        "gisland db migrate; REVOKE what was granted by hand",
    )


def _operators(connection: Connection, _: Settings) -> Found:
    return _none_of(
        _names(connection, "leaking_operators"),
        "chỉ mục không gian dùng được dưới RLS · the spatial index serves under row-level security",
        "chỉ mục không gian không dùng được dưới RLS, trang chậm · no spatial index for staff, their pages are slow",
        "as superuser: ALTER FUNCTION … LEAKPROOF; see gisland/sql/roles.sql",
        State.WEAK,
    )


def _id_key(connection: Connection, settings: Settings) -> Found:
    vault = load_vault(settings).in_use(connection)
    sample = _one(connection, "sealed_id")
    if sample is not None and not vault.opens(sample):
        told = "khoá không mở được số trong CSDL · the key does not open the ids of the database"
        return State.HOLE, told, "bring the right key file, GISLAND_ID_KEY_FILE"
    return _private(settings.id_key_path) or "đúng, chỉ chủ đọc được · it fits, and only its owner reads it"


def _role_key(_: Connection, settings: Settings) -> Found:
    return _key(settings.role_key_path, settings.role_key_file)


def _print_key(_: Connection, settings: Settings) -> Found:
    return _key(settings.print_key_path, settings.print_key_file)


def _key(path: Path, named: Path | None) -> Found:
    """What is to be said of the file of a key that is made when it is first needed, unless a setting names it."""
    if named is None and not path.exists():
        return "không dùng · none is used"
    if wrong := _private(path):
        return wrong
    load_keys(path, make=False, of=path.name, setting="the file")
    return "chỉ chủ đọc được · only its owner reads it"


def _private(path: Path) -> Found | None:
    """What is wrong with the file of a key, if anything."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return State.HOLE, f"không đọc được tệp khoá · the key file cannot be read: {path.name}", "check the file"
    if stat.S_IMODE(mode) & 0o077:
        return State.HOLE, f"người khác đọc được khoá · others may read the key: {path.name}", "chmod 600"
    return None


def _administrators(connection: Connection, _: Settings) -> Found:
    number = _one(connection, "administrators")
    if not number:
        return State.HOLE, "không ai quản trị được · nobody can administer", "gisland user grant … admin"
    return f"{number}"


def _secrets(connection: Connection, _: Settings) -> Found:
    return _none_of(
        _names(connection, "open_secrets", days=SECRET_DAYS),
        "không mật khẩu dùng một lần nào để lâu · no one-time secret has lain open",
        f"mật khẩu dùng một lần quá {SECRET_DAYS} ngày chưa dùng · one-time secrets nobody has used since",
        "whoever it is for sets a password at /account; else gisland user disable, gisland user reset",
        State.WEAK,
    )


def _vn2000(connection: Connection, _: Settings) -> Found:
    wrong = []
    for srid in MERIDIANS:
        # In the south PROJ left to itself would be 0.8 m off.
        place = {"x": 600_000.0, "y": 1_190_000.0}
        seen = connection.execute(SQL["zone"], place | {"srid": srid}).fetchone() or (0.0, 0.0)
        lon, lat = to_wgs84(srid).transform(place["x"], place["y"])
        if max(abs(seen[0] - lon), abs(seen[1] - lat)) > DEGREES:
            wrong.append(f"EPSG:{srid}")
    return _none_of(
        wrong, f"{len(MERIDIANS)} múi đúng · zones are right", "múi sai · zones are off", "gisland db migrate"
    )


def _audit(connection: Connection, settings: Settings) -> Found:
    age = _one(connection, "unsealed")
    if age is not None and age > UNSEALED_SECONDS:
        told = f"có sự kiện chưa niêm phong {age:.0f} s · an event has not been sealed for so long"
        return State.HOLE, told, "gisland up, or gisland worker; then gisland audit verify"
    if not settings.audit_anchor_path.exists():
        return (
            State.WEAK,
            "chưa có neo ngoài CSDL · no anchor outside the database yet",
            "gisland up, or gisland worker",
        )
    return "đã niêm phong, có neo · sealed and anchored; proof: gisland audit verify"


def _alerts(connection: Connection, settings: Settings) -> Found:
    rules = load_rules(settings).rules
    ways = [way.name for way in ways_of(settings)]
    waiting, undelivered, unseen = connection.execute(SQL["alerts"]).fetchone() or (0, 0, 0)
    if waiting > UNSEALED_SECONDS:
        told = f"có sự kiện chưa xét {waiting:.0f} s · an event has not been looked at for so long"
        return State.HOLE, told, "gisland up, or gisland worker"
    if undelivered:
        told = f"{undelivered} cảnh báo chưa gửi được · alerts did not go out"
        return State.WEAK, told, "gisland audit alert-test says why"
    if not ways:
        told = "chỉ nằm trong bảng và nhật ký, không ai được báo · in the table and the log only: nobody is told"
        return State.WEAK, told, "GISLAND_ALERT_MAIL_TO, GISLAND_ALERT_WEBHOOK_URL"
    if unseen:
        return State.WEAK, f"{unseen} cảnh báo chưa ai xem · alerts nobody has looked at", "/admin/alerts"
    return f"{len(rules)} quy tắc · rules, {', '.join(ways)}"


def _transport(_: Connection, settings: Settings) -> Found:
    local = _is_here(settings.host)
    if settings.public_url:
        scheme = urlsplit(settings.public_url).scheme
        if scheme != "https":
            told = f"{scheme}: mật khẩu đi không mã hoá · secrets travel in clear"
            return State.HOLE, told, "GISLAND_PUBLIC_URL=https://…"
        if settings.trusted_proxies:
            return "https"
        # Behind a proxy on this machine all clients look like this machine, which is not limited (security.entrance);
        # behind another one they share the limits of one address.
        told = "chưa khai máy chủ uỷ quyền: giới hạn không theo từng người · no proxy is named: limits know no client"
        return State.HOLE if local else State.WEAK, told, "GISLAND_TRUSTED_PROXIES"
    if local:
        return "chỉ máy này · this machine only"
    return (
        State.HOLE,
        "nghe ra ngoài mà không có HTTPS · it listens to others without HTTPS",
        "a proxy with TLS, and GISLAND_PUBLIC_URL=https://…",
    )


def _is_here(host: str) -> bool:
    """Whether it is this machine: an address, or a socket of the file system."""
    return host == "localhost" or host[:1] in {"", "/", "@"} or is_loopback(host)


def _link(_: Connection, settings: Settings) -> Found:
    if settings.database_url is None:
        return "chỉ máy này · this machine only"
    given = given_to(settings)
    hosts = (given.get("hostaddr") or given.get("host") or "").split(",")
    away = [host for host in hosts if not _is_here(host)]
    mode = given.get("sslmode", "prefer")
    if not away or mode in {"verify-ca", "verify-full"}:
        return f"sslmode={mode}" if away else "chỉ máy này · this machine only"
    told, mend = f"{', '.join(away)}: sslmode={mode}", "sslmode=verify-full in GISLAND_DATABASE_URL, or PGSSLMODE"
    if mode == "require":
        return State.WEAK, f"{told}: không biết có đúng máy chủ · the server is not proven", mend
    # A name without a dot is one of a network of containers, whose other members are known.
    lone = all("." not in host and ":" not in host for host in away)
    state = State.WEAK if lone else State.HOLE
    return state, f"{told}: dữ liệu có thể đi không mã hoá · data may travel in clear", mend


def _dump(connection: Connection, _: Settings) -> Found:
    days = _one(connection, "newest_dump")
    told = "chưa sao lưu lần nào · never dumped" if days is None else f"{days:.1f} ngày trước · days ago"
    if days is not None and days <= DUMP_DAYS:
        return told
    # While there is nothing to lose it is no more than a reminder.
    return State.HOLE if _one(connection, "registry_filled") else State.WEAK, told, "gisland db dump FILE"


CHECKS: dict[str, Callable[[Connection, Settings], Found]] = {
    "phiên bản · versions": _versions,
    "vai trò CSDL · database roles": _roles,
    "chính sách hàng · row-level security": _policies,
    "công khai · the public": _public,
    "vai trò khác · other roles": _others,
    "chỉ mục dưới RLS · index under RLS": _operators,
    "khoá số định danh · key of the ids": _id_key,
    "khoá vai trò · key of the roles": _role_key,
    "khoá trang in · key of printed pages": _print_key,
    "quản trị viên · administrators": _administrators,
    "mật khẩu dùng một lần · one-time secrets": _secrets,
    "VN-2000": _vn2000,
    "nhật ký · audit log": _audit,
    "cảnh báo · alerts": _alerts,
    "đường truyền · transport": _transport,
    "đường tới CSDL · way to the database": _link,
    "sao lưu · dump": _dump,
}
SQL = statements("gisland.security", "doctor.sql")
