"""`gisland user`: people and their roles, for whoever runs the machine; `gisland token`: see `token_commands`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from psycopg import Connection

from gisland.database import run
from gisland.errors import NotFound, UsageError
from gisland.security import accounts, attempts
from gisland.security.accounts import account_called
from gisland.security.crypto import load_vault
from gisland.security.grants import GivenGrant, NewGrant, give_grant, list_grants, place, revoke_grant
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.security.permissions import Role as Roles

app = typer.Typer(no_args_is_help=True, help="Tài khoản và vai trò. · Accounts and roles.")

Result = TypeVar("Result")
Name = Annotated[str, typer.Argument(help="Tên đăng nhập. · Name of the account.")]
Role = Annotated[Roles, typer.Argument(help="Vai trò. · The role.")]
Ward = Annotated[str | None, typer.Option(help="Mã phường; bỏ trống: toàn hệ thống. · Code of the ward; none: all.")]
Group = Annotated[str | None, typer.Option(help="Mã tổ dân phố trong phường. · Code of the residential group.")]


def _on(ctx: typer.Context, name: str, work: Callable[[Connection, int, str], Result]) -> Result:
    """Do something to an account in one transaction: the work gets its id, and who does it."""
    who = caller(ctx)
    return run(who.settings, lambda connection: work(connection, account_called(connection, name), who.subject.name))


def _tell_secret(name: str, secret: str) -> None:
    typer.echo(f"{name}  {secret}")
    typer.echo(
        "Chỉ hiện một lần; người dùng đặt mật khẩu của mình ở /account · shown once; they set their own at /account",
        err=True,
    )


@app.command("add")
@requires(Permission.ACCOUNT_MANAGE)
def add(ctx: typer.Context, name: Name) -> None:
    """Tạo tài khoản chưa có vai trò, in mật khẩu dùng một lần. · Make an account, print its one-time secret."""
    who = caller(ctx)
    _, secret = run(who.settings, lambda connection: accounts.create_account(connection, name, who.subject.name))
    _tell_secret(name, secret)


@app.command("list")
@requires(Permission.ACCOUNT_MANAGE)
def show(ctx: typer.Context) -> None:
    """Ai có vai trò gì ở đâu. · Who has which role where."""
    who = caller(ctx)
    vault = load_vault(who.settings)

    def work(connection: Connection) -> list[accounts.Account]:
        found = accounts.list_accounts(connection, vault)
        accounts.note_listing(connection, who.subject.name, "account", len(found))
        return found

    for each in run(who.settings, work):
        states = {
            "ngừng · disabled": each.disabled,
            "mật khẩu dùng một lần · one-time secret": each.one_time,
            f"đợi · waits {each.locked_seconds} s": each.locked_seconds > 0,
        }
        told = ", ".join(text for text, so in states.items() if so)
        roles = ", ".join(map(_place_of, each.grants)) or "-"
        typer.echo(f"{each.name:24} {roles}{f'  ({told})' if told else ''}")


def _place_of(grant: GivenGrant) -> str:
    places = [each for each in (grant.ward_code, grant.group_code) if each is not None]
    return f"{grant.role}{'@' if places else ''}{'/'.join(places)}"


@app.command("disable")
@requires(Permission.ACCOUNT_MANAGE)
def disable(ctx: typer.Context, name: Name) -> None:
    """Không cho đăng nhập nữa. · Let them sign in no more."""
    _on(ctx, name, lambda connection, account, by: accounts.set_disabled(connection, account, by, disabled=True))
    typer.echo(f"{name}: ngừng · disabled")


@app.command("enable")
@requires(Permission.ACCOUNT_MANAGE)
def enable(ctx: typer.Context, name: Name) -> None:
    """Cho đăng nhập lại. · Let them sign in again."""
    _on(ctx, name, lambda connection, account, by: accounts.set_disabled(connection, account, by, disabled=False))
    typer.echo(f"{name}: dùng lại · enabled")


@app.command("reset")
@requires(Permission.ACCOUNT_MANAGE)
def reset(ctx: typer.Context, name: Name) -> None:
    """Cấp mật khẩu dùng một lần; phiên và mã kết thúc. · A new one-time secret; their sessions and tokens end."""
    _tell_secret(name, _on(ctx, name, accounts.reset_secret))


@app.command("unlock")
@requires(Permission.ACCOUNT_MANAGE)
def unlock(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Tên đăng nhập. · Name of the account.")] = None,
    *,
    address: Annotated[str | None, typer.Option(help="Địa chỉ mạng bị khoá. · A network address that waits.")] = None,
) -> None:
    """Bỏ qua các lần đăng nhập sai. · Forget failed sign-ins."""
    vault = load_vault(caller(ctx).settings)
    if name is None and address is None:
        raise UsageError("thiếu tên hoặc --address · a name or --address is missing")
    if name is not None:
        _on(ctx, name, lambda connection, account, by: accounts.unlock(connection, vault, account, by))
    if address is not None:
        key = attempts.address_key(vault, address)
        run(caller(ctx).settings, lambda connection: attempts.forget(connection, key))
    typer.echo(f"{name or address}: mở khoá · unlocked")


@app.command("grant")
@requires(Permission.ACCOUNT_MANAGE)
def grant(ctx: typer.Context, name: Name, role: Role, *, ward: Ward = None, group: Group = None) -> None:
    """Giao vai trò. · Give a role."""

    def work(connection: Connection, account: int, by: str) -> None:
        ward_id, group_id = place(connection, ward, group)
        new = NewGrant(account_id=account, role=role, ward_id=ward_id, residential_group_id=group_id)
        give_grant(connection, new, by)

    _on(ctx, name, work)
    typer.echo(f"{name}: {role} {ward or ''} {group or ''}".rstrip())


@app.command("revoke")
@requires(Permission.ACCOUNT_MANAGE)
def revoke(ctx: typer.Context, name: Name, role: Role, *, ward: Ward = None, group: Group = None) -> None:
    """Thu hồi vai trò. · Take a role back."""

    def work(connection: Connection, account: int, by: str) -> None:
        wanted = (role, *place(connection, ward, group))
        for each in list_grants(connection, account):
            if (each.role, each.ward_id, each.residential_group_id) == wanted:
                return revoke_grant(connection, each.id, by)
        raise NotFound("không có vai trò này ở đó · they have no such role there", hint="gisland user list")

    _on(ctx, name, work)
    typer.echo(f"{name}: −{role} {ward or ''} {group or ''}".rstrip())
