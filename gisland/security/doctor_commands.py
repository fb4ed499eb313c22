"""`gisland doctor`: the state of security and health, one line a check."""

from __future__ import annotations

import typer

from gisland.database import Role, connect
from gisland.security.doctor import State, examine
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer()

# Above those of the errors (gisland.errors); `gisland audit verify` has 20.
HOLE = 21
SIGNS = {
    State.OK: ("✓", typer.colors.GREEN),
    State.WEAK: ("!", typer.colors.YELLOW),
    State.HOLE: ("✗", typer.colors.RED),
}


@app.command("doctor")
@requires(Permission.DATABASE_MANAGE)
def doctor_command(ctx: typer.Context) -> None:
    """Khám hệ thống; mã thoát 21 khi có lỗ hổng · Examine the system; exit code 21 when there is a hole."""
    settings = caller(ctx).settings
    worst = State.OK
    with connect(settings, Role.APP) as connection:
        for found in examine(connection, settings):
            sign, colour = SIGNS[found.state]
            mend = f"  → {found.mend}" if found.mend else ""
            typer.secho(f"{sign} {found.check}: {found.told}{mend}", fg=colour)
            worst = max(worst, found.state, key=list(State).index)
    if worst is State.HOLE:
        raise typer.Exit(HOLE)
