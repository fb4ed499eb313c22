"""`gisland token`: personal access tokens of an account, for whoever runs the machine."""

from __future__ import annotations

from typing import Annotated

import typer
from psycopg import Connection

from gisland.database import run
from gisland.security.accounts import account_called, note_listing
from gisland.security.commands import Name
from gisland.security.grants import list_grants, place
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.security.subject import Grant, Subject
from gisland.security.tokens import DAYS, MOST_DAYS, MadeToken, NewToken, Token, list_tokens, make_token, revoke_token

app = typer.Typer(no_args_is_help=True, help="Mã truy cập cá nhân. · Personal access tokens.")


@app.command("add")
@requires(Permission.ACCOUNT_MANAGE)
def add(
    ctx: typer.Context,
    name: Name,
    label: Annotated[str, typer.Argument(help="Dùng ở đâu, ví dụ QGIS. · Where it will be used.")],
    permission: Annotated[
        list[Permission], typer.Option(help="Quyền, lặp lại được. · What it is for; may be repeated.")
    ],
    *,
    ward: Annotated[
        list[str] | None, typer.Option(help="Chỉ ở phường có mã này. · Only in the ward of this code.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Hiệu lực, ngày. · Days it is good for.")] = DAYS,
) -> None:
    """Tạo mã, chỉ hiện một lần. · Make a token, which is shown this once."""
    who = caller(ctx)

    def work(connection: Connection) -> MadeToken:
        account = account_called(connection, name)
        given = list_grants(connection, account)
        grants = tuple(Grant(each.role, each.ward_id, each.residential_group_id) for each in given)
        wards = [found for code in ward or () if (found := place(connection, code, None)[0]) is not None]
        new = NewToken(name=label, permissions=permission, ward_ids=wards or None, days=days)
        return make_token(connection, Subject(f"account:{name}", grants, account_id=account), new, who.subject.name)

    typer.echo(run(who.settings, work).token)


@app.command("list")
@requires(Permission.ACCOUNT_MANAGE)
def show(ctx: typer.Context, name: Name) -> None:
    """Các mã còn hiệu lực của một người. · The tokens of somebody that are good."""
    who = caller(ctx)

    def work(connection: Connection) -> list[Token]:
        found = list_tokens(connection, account_called(connection, name))
        note_listing(connection, who.subject.name, "token", len(found))
        return found

    for each in run(who.settings, work):
        wards = "" if each.ward_ids is None else f"  ward_id {each.ward_ids}"
        used = "-" if each.used_at is None else f"{each.used_at:%Y-%m-%d}"
        typer.echo(
            f"{each.id:6}  → {each.expires_at:%Y-%m-%d}  {used:10}  {each.name}: {' '.join(each.permissions)}{wards}"
        )


@app.command("revoke")
@requires(Permission.ACCOUNT_MANAGE)
def revoke(
    ctx: typer.Context, name: Name, token: Annotated[int, typer.Argument(help="Số của mã (list). · Its number.")]
) -> None:
    """Thu hồi một mã. · End a token."""
    who = caller(ctx)
    run(
        who.settings,
        lambda connection: revoke_token(connection, account_called(connection, name), token, who.subject.name),
    )
    typer.echo(f"{name}: −{token}")
