"""`gisland registry check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from psycopg import Connection

from gisland.registry.check import EXAMPLES, MOST, Finding, Sort, check, note_check
from gisland.registry.codes import load_codes
from gisland.registry.units import find_unit
from gisland.registry.writing import act
from gisland.security.crypto import load_vault
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer()

# Above those of the errors (gisland.errors); `gisland audit verify` has 20, `gisland doctor` 21.
WRONG = 22
SIGNS = {Sort.WRONG: ("✗", typer.colors.RED), Sort.ODD: ("!", typer.colors.YELLOW)}


@app.command("check")
@requires(Permission.REGISTRY_READ)
def check_command(
    ctx: typer.Context,
    *,
    ward: Annotated[str | None, typer.Option(help="Mã phường. · Code of the ward.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Mã 22 cả khi chỉ bất thường. · 22 for oddities, too.")
    ] = False,
    examples: Annotated[int, typer.Option(min=1, max=MOST, help="Bản ghi nêu ra. · Records named.")] = EXAMPLES,
    as_json: Annotated[bool, typer.Option("--json", help="Như API. · As the API gives it.")] = False,
) -> None:
    """Khám sổ đăng ký, không sửa gì; mã thoát 22 khi có điều sai · Examine the registry; exit code 22 when it is wrong.

    ✗ sai: CSDL nay từ chối điều này · wrong: what the database refuses today.
    ! bất thường: thực tế như vậy, cần người xem · odd: what reality breaks, to be looked at.
    """
    who = caller(ctx)
    settings = who.settings

    def work(connection: Connection) -> list[Finding]:
        ward_id = None if ward is None else find_unit(connection, ward).id
        found = check(connection, load_codes(settings), load_vault(settings), ward_id=ward_id, examples=examples)
        note_check(connection, who.subject.name, found, ward_id)
        return found

    findings = act(settings, work)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in findings], ensure_ascii=False, indent=2))
    else:
        _print(findings)
    if any(each.count and (strict or each.sort is Sort.WRONG) for each in findings):
        raise typer.Exit(WRONG)


def _print(findings: list[Finding]) -> None:
    for each in findings:
        sign, colour = SIGNS[each.sort] if each.count else ("✓", typer.colors.GREEN)
        typer.secho(f"{sign} {each.count:>7}  {each.title}", fg=colour)
        if each.count:
            for case in each.examples:
                typer.echo(f"             {case.kind} {case.id}{f'  ({case.note})' if case.note else ''}")
            if each.count > len(each.examples):
                typer.echo("             …")
            typer.echo(f"           → {each.mend}")
