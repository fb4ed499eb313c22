"""`gisland db …`: the private cluster, the schema, dumps."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gisland.audit.log import Tag, record
from gisland.database import Role, cluster, connect, conninfo, current_scope, run
from gisland.database.cluster_host import client_program
from gisland.database.docs import describe
from gisland.database.dump import dump, restore, without_password
from gisland.database.migrate import admin_conninfo, migrate
from gisland.errors import UsageError
from gisland.kit.identifiers import mask_ids
from gisland.security.guards import Caller, caller, requires
from gisland.security.permissions import Permission
from gisland.security.rotation import rotate_id_key
from gisland.settings import Settings

app = typer.Typer(help="Cơ sở dữ liệu · The database.", no_args_is_help=True)

Force = Annotated[bool, typer.Option("--force", help="Dừng cả khi còn tiến trình khác dùng · Even when others use it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Xác nhận xoá mọi dữ liệu · Confirm that all data are deleted.")]
File = Annotated[Path, typer.Argument(help="Tệp sao lưu · The dump file.")]


def _private(settings: Settings) -> None:
    if settings.database_url is not None:
        raise UsageError(
            "lệnh này dành cho CSDL riêng · this concerns the private cluster, but GISLAND_DATABASE_URL names a server",
            hint="unset it",
        )


def _confirmed(*, yes: bool) -> None:
    if not yes:
        raise UsageError(
            "lệnh này xoá toàn bộ dữ liệu của CSDL riêng · this deletes all data of the private cluster",
            hint="add --yes if that is meant",
        )


def _note(asked: Caller, tag: Tag, file: Path | None = None, **detail: int) -> None:
    """Note an act of which the database is no part, in a transaction of its own, in the database as it is then."""
    named: dict[str, object] = {} if file is None else {"file": mask_ids(file.name, code=True)}
    run(asked.settings, lambda connection: record(connection, asked.subject.name, tag, detail=named | detail))


@app.command("start")
@requires(Permission.DATABASE_MANAGE)
def start_command(ctx: typer.Context) -> None:
    """Chạy CSDL riêng cho đến khi `db stop` · Start the private cluster and leave it running until `db stop`."""
    settings = caller(ctx).settings
    _private(settings)
    running = cluster.ensure_running(settings, keep=True)
    typer.echo(f"CSDL đang chạy · The database runs: host={running.socket_dir} port={running.port}")


@app.command("stop")
@requires(Permission.DATABASE_MANAGE)
def stop_command(ctx: typer.Context, *, force: Force = False) -> None:
    """Dừng CSDL riêng · Stop the private cluster."""
    settings = caller(ctx).settings
    _private(settings)
    stopped = cluster.stop(settings, force=force)
    typer.echo("Đã dừng CSDL · The database was stopped." if stopped else "CSDL không chạy · The database did not run.")


@app.command("status")
@requires(Permission.DATABASE_MANAGE)
def status_command(ctx: typer.Context) -> None:
    """Tình trạng CSDL; mã thoát 8 khi không chạy · Whether the database answers; exit code 8 when it does not."""
    settings = caller(ctx).settings
    if settings.database_url is not None:
        with psycopg.connect(settings.database_url) as connection:
            typer.echo(f"Máy chủ · Server: PostgreSQL {connection.info.server_version // 10000}")
        return
    found = cluster.status(settings)
    state = f"đang chạy · running (pid {found.pid})" if found.pid else "không chạy · not running"
    typer.echo(f"CSDL riêng · Private cluster {found.state_dir}: {state}")
    if found.pid is None:
        raise typer.Exit(8)


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@requires(Permission.DATABASE_MANAGE)
def psql_command(
    ctx: typer.Context,
    *,
    role: Annotated[Role | None, typer.Option(help="Vai trò CSDL · Database role; default: the administrator.")] = None,
) -> None:
    """Mở psql · Open psql; further arguments are passed on, as in `gisland db psql -- -c 'SELECT 1'`."""
    settings = caller(ctx).settings
    info, env = without_password(conninfo(settings, role, scope=current_scope()) if role else admin_conninfo(settings))
    # Ctrl-C is psql's: it cancels the query, not this program that waits for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    command = [client_program("psql"), f"--dbname={info}", *ctx.args]
    raise typer.Exit(subprocess.run(command, env=env, check=False).returncode)  # noqa: S603 - the operator's own


@app.command("migrate")
@requires(Permission.DATABASE_MANAGE)
def migrate_command(ctx: typer.Context) -> None:
    """Cập nhật lược đồ · Bring roles and schema up to date."""
    migrate(caller(ctx).settings)
    typer.echo("Lược đồ đã cập nhật · The schema is up to date.")


@app.command("docs")
@requires(Permission.DATABASE_MANAGE)
def docs_command(ctx: typer.Context) -> None:
    """In tài liệu lược đồ từ chính CSDL · Print the document of the schema, from the database itself."""
    with connect(caller(ctx).settings, Role.APP) as connection:
        typer.echo(describe(connection), nl=False)


@app.command("dump")
@requires(Permission.DATABASE_MANAGE)
def dump_command(ctx: typer.Context, file: File) -> None:
    """Sao lưu CSDL ra tệp · Write the whole database to a file."""
    asked = caller(ctx)
    settings = asked.settings
    # Before it too: a dump that is cut off may have given away all but its end.
    _note(asked, Tag.DATABASE_DUMP_BEGUN, file)
    dump(settings, file)
    size = file.stat().st_size
    _note(asked, Tag.DATABASE_DUMPED, file, bytes=size)
    typer.echo(f"Đã ghi · Written: {file} ({size / 1_000_000:.1f} MB)")
    typer.echo(f"Giữ khoá ở nơi khác · Keep the key, in another place: {settings.id_key_path}")


@app.command("restore")
@requires(Permission.DATABASE_MANAGE)
def restore_command(ctx: typer.Context, file: File) -> None:
    """Phục hồi vào máy chủ trống · Fill an empty server from a dump."""
    asked = caller(ctx)
    restore(asked.settings, file)
    _note(asked, Tag.DATABASE_RESTORED, file, bytes=file.stat().st_size)
    typer.echo(f"Đã phục hồi · Restored: {file}")


@app.command("reset")
@requires(Permission.DATABASE_MANAGE)
def reset_command(ctx: typer.Context, *, yes: Yes = False) -> None:
    """Xoá mọi dữ liệu, tạo lại CSDL trống · Delete all data and make an empty database."""
    asked = caller(ctx)
    settings = asked.settings
    _private(settings)
    _confirmed(yes=yes)
    server = make_conninfo(admin_conninfo(settings), dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        name = sql.Identifier(settings.database_name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    migrate(settings)
    _note(asked, Tag.DATABASE_RESET)
    typer.echo("CSDL trống đã sẵn sàng · An empty database is ready.")


@app.command("remove")
@requires(Permission.DATABASE_MANAGE)
def remove_command(ctx: typer.Context, *, yes: Yes = False) -> None:
    """Dừng và xoá CSDL riêng; giữ lại khoá · Stop and delete the private cluster; its keys stay."""
    settings = caller(ctx).settings
    _private(settings)
    _confirmed(yes=yes)
    cluster.remove(settings)
    typer.echo("Đã xoá CSDL riêng · The private cluster was deleted.")


@app.command("rotate-key")
@requires(Permission.DATABASE_MANAGE)
def rotate_key_command(ctx: typer.Context) -> None:
    """Thay khoá số định danh; đứt giữa chừng thì chạy lại · Change the key of the national ids; may be repeated."""
    asked = caller(ctx)
    done = rotate_id_key(asked.settings, by=asked.subject.name)
    if done.counts:
        told = ", ".join(f"{name} {count:,}" for name, count in done.counts.items())
        typer.echo(f"Đã thay khoá · The key was changed: {done.key} ({told})")
    else:
        typer.echo(f"Đã hoàn tất lần thay khoá dở dang · An interrupted change was completed: {done.key}")
    typer.echo(f"Giữ khoá mới ở nơi khác · Keep the new key, in another place: {asked.settings.id_key_path}")
    typer.echo(f"Bản sao lưu cũ cần khoá cũ · Older dumps need the old key: {done.former}")
