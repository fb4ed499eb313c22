"""The command line: one sub-command per room; errors are one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import psycopg
import typer
from pydantic import ValidationError

from gisland import server
from gisland.audit import commands as audit
from gisland.audit.alerts import commands as alerts
from gisland.bench import commands as bench
from gisland.database import commands as database
from gisland.demo import commands as demo
from gisland.errors import GislandError
from gisland.intake import commands as intake
from gisland.kit.logging import set_up_logging
from gisland.printing import commands as printing
from gisland.publish import commands as publish
from gisland.publish.qgis import commands as qgis
from gisland.registry import act_commands, check_commands, search_commands
from gisland.registry import commands as registry
from gisland.registry import record_commands as records
from gisland.security import commands as security
from gisland.security import doctor_commands, token_commands
from gisland.security.guards import Caller
from gisland.security.subject import operator
from gisland.settings import load_settings
from gisland.verification import commands as verification

app = typer.Typer(
    help="gisland: dịch vụ GIS địa chính của phường · the cadastral GIS service of a ward.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(server.app)  # up, serve, worker
app.add_typer(doctor_commands.app)
app.add_typer(database.app, name="db", help="cơ sở dữ liệu · the database")
app.add_typer(demo.app, name="demo", help="phường minh hoạ · the demo ward")
app.add_typer(registry.app, name="unit", help="đơn vị hành chính · administrative units")
app.add_typer(records.app, name="registry", help="bản ghi của sổ đăng ký · records of the registry")
for each in (act_commands.app, search_commands.app, check_commands.app):
    records.app.add_typer(each)  # without a name: its commands stand beside the others
audit.app.add_typer(alerts.app)
app.add_typer(intake.app, name="intake", help="nhận tệp · take in files")
app.add_typer(verification.app, name="verify", help="xác minh · verification")
app.add_typer(publish.app, name="layer", help="lớp bản đồ · published layers")
app.add_typer(printing.app, name="print", help="in bản đồ · maps on paper")
app.add_typer(qgis.app, name="qgis", help="bản đồ cho QGIS · the map for QGIS")
app.add_typer(audit.app, name="audit", help="nhật ký · the audit log")
app.add_typer(security.app, name="user", help="tài khoản và vai trò · accounts and roles")
app.add_typer(token_commands.app, name="token", help="mã truy cập cá nhân · personal access tokens")
app.add_typer(bench.app, name="bench", help="đo tốc độ · races against other servers")


@app.callback()
def prepare(ctx: typer.Context) -> None:
    """Read the settings and see who calls."""
    settings = load_settings()
    set_up_logging(settings.log_level if ctx.invoked_subcommand in {"up", "serve", "worker"} else "WARNING")
    ctx.obj = Caller(settings, operator())


def main() -> None:
    """Run a command. A user's error is one line on standard error; nothing shows a stack trace or a value of a row."""
    try:
        app()
    except GislandError as error:
        fail(str(error), error.exit_code)
    except ValidationError as error:
        fields = ", ".join(
            f"GISLAND_{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()
        )
        fail(f"settings are wrong: {fields}", 2)
    except psycopg.Error as error:
        # Its text quotes values of rows; the code is enough to look it up.
        fail(f"the database refused this ({type(error).__name__}, SQLSTATE {error.sqlstate}); nothing was changed", 1)
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}" if error.filename else str(error), 1)
    except Exception as error:  # noqa: BLE001 - a stack trace quotes values
        *_, last = traceback.extract_tb(error.__traceback__)
        fail(f"something went wrong ({type(error).__name__}, {Path(last.filename).name}:{last.lineno})", 1)


def fail(message: str, code: int) -> None:
    """Say what is wrong and end with the exit code."""
    typer.echo(f"lỗi / error: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
