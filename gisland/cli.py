"""The command line: one sub-command per room; errors are one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import psycopg
import typer
from pydantic import ValidationError

from gisland.errors import GislandError
from gisland.kit.logging import set_up_logging
from gisland.security.guards import Caller
from gisland.security.subject import operator
from gisland.settings import load_settings


class Room(NamedTuple):
    """Commands that are loaded together."""

    about: str
    """Of a group of commands; '' where the first word is the name of a command."""
    modules: tuple[str, ...]
    """Under `gisland`; the `app` of each has commands."""


SERVER = Room("", ("server",))
RECORDS = ("registry.record_commands", "registry.act_commands", "registry.search_commands", "registry.check_commands")
ROOMS = {
    **dict.fromkeys(("up", "serve", "worker"), SERVER),
    "doctor": Room("", ("security.doctor_commands",)),
    "db": Room("cơ sở dữ liệu · the database", ("database.commands",)),
    "demo": Room("phường minh hoạ · the demo ward", ("demo.commands",)),
    "unit": Room("đơn vị hành chính · administrative units", ("registry.commands",)),
    "registry": Room("bản ghi của sổ đăng ký · records of the registry", RECORDS),
    "intake": Room("nhận tệp · take in files", ("intake.commands",)),
    "verify": Room("xác minh · verification", ("verification.commands",)),
    "layer": Room("lớp bản đồ · published layers", ("publish.commands",)),
    "print": Room("in bản đồ · maps on paper", ("printing.commands",)),
    "qgis": Room("bản đồ cho QGIS · the map for QGIS", ("publish.qgis.commands",)),
    "audit": Room("nhật ký · the audit log", ("audit.commands", "audit.alerts.commands")),
    "user": Room("tài khoản và vai trò · accounts and roles", ("security.commands",)),
    "token": Room("mã truy cập cá nhân · personal access tokens", ("security.token_commands",)),
    "bench": Room("đo tốc độ · races against other servers", ("bench.commands",)),
}
"""By the first word of a command line."""


def command_line(first: str = "") -> typer.Typer:
    """All commands; only those of its room when the first word is known: to load all takes three times as long."""
    app = typer.Typer(
        help="gisland: dịch vụ GIS địa chính của phường · the cadastral GIS service of a ward.",
        callback=prepare,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    rooms = {first: ROOMS[first]} if first in ROOMS else ROOMS
    for room in dict.fromkeys(each for each in rooms.values() if not each.about):
        app.add_typer(_loaded(room))
    for name, room in rooms.items():
        if room.about:
            app.add_typer(_loaded(room), name=name, help=room.about)
    return app


def _loaded(room: Room) -> typer.Typer:
    """The commands of a room, beside each other."""
    apps: list[typer.Typer] = [import_module(f"gisland.{module}").app for module in room.modules]
    if len(apps) == 1:  # What a Typer has around its commands is lost when it is added without a name.
        return apps[0]
    found = typer.Typer(no_args_is_help=True)
    for each in apps:
        found.add_typer(each)
    return found


def prepare(ctx: typer.Context) -> None:
    """Read the settings and see who calls."""
    settings = load_settings()
    set_up_logging(settings.log_level if ctx.invoked_subcommand in {"up", "serve", "worker"} else "WARNING")
    ctx.obj = Caller(settings, operator())


def main(commands: typer.Typer | None = None) -> None:
    """Run a command. A user's error is one line on standard error; nothing shows a stack trace or a value of a row.

    Args:
        commands: those that are loaded already; without them those of the room that the command is of.
    """
    try:
        (commands or command_line(*sys.argv[1:2]))()
    except GislandError as error:
        fail(str(error), error.exit_code)
    except ValidationError as error:
        fields = ", ".join(
            f"GISLAND_{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()
        )
        fail(f"thiết lập sai · settings are wrong: {fields}", 2)
    except psycopg.Error as error:
        # Its text quotes values of rows; the code is enough to look it up.
        told = f"{type(error).__name__}, SQLSTATE {error.sqlstate}, {_place(error)}"
        fail(f"CSDL từ chối, không có gì thay đổi · the database refused this ({told}); nothing was changed", 1)
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}" if error.filename else str(error), 1)
    except Exception as error:  # noqa: BLE001 - a stack trace quotes values
        fail(f"có lỗi · something went wrong ({type(error).__name__}, {_place(error)})", 1)


def _place(error: Exception) -> str:
    """File and line of the last step in gisland that led to an error; a stack trace would quote values."""
    package = Path(__file__).parent
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(package)]
    return f"{Path(steps[-1].filename).relative_to(package.parent)}:{steps[-1].lineno}"


def fail(message: str, code: int) -> None:
    """Say what is wrong and end with the exit code."""
    typer.echo(f"lỗi / error: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
