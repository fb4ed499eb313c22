"""`gisland registry act|timeline|lineage|codes`: acts on the registry, what was, and the code lists."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from psycopg import Connection

from gisland.database import flush
from gisland.errors import UsageError
from gisland.registry.acts import ACTS, Done
from gisland.registry.codes import load_codes
from gisland.registry.lineage import lineage
from gisland.registry.record_commands import File, Id, checked, load_json, print_json
from gisland.registry.timeline import Event, note_timeline, timeline
from gisland.registry.writing import act
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer()


@app.command("act")
@requires(Permission.REGISTRY_WRITE)
def do(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ACT", help=f"Việc · Act: {', '.join(ACTS)}")],
    file: File,
    *,
    record_id: Annotated[int | None, typer.Option("--id", min=1, help="Bản ghi · Record that it is on")] = None,
) -> None:
    """Tách, hợp, chỉnh ranh, chuyển quyền, huỷ…, theo JSON như API · An act; the JSON is what the API takes."""
    who = caller(ctx)
    if name not in ACTS:
        raise UsageError(f"không có việc {name[:40]!r} · there is no such act", hint=", ".join(ACTS))
    body = checked(ACTS[name].body, load_json(file))

    def work(connection: Connection) -> tuple[Done, int | None]:
        return ACTS[name].do(connection, record_id, body, who.subject.name), flush(connection)

    done, version = act(who.settings, work)
    typer.echo(f"phiên bản dữ liệu · data version {version}", err=True)
    print_json(done.model_dump(exclude_defaults=True))


@app.command("timeline")
@requires(Permission.REGISTRY_READ)
def told(ctx: typer.Context, parcel: Id) -> None:
    """Lịch sử một thửa: ai đổi gì, vì sao, trước và sau · The timeline of a parcel."""
    who = caller(ctx)

    def work(connection: Connection) -> list[Event]:
        events = timeline(connection, parcel)
        note_timeline(connection, who.subject.name, parcel)
        return events

    for event in act(who.settings, work):
        typer.echo(f"{event.at:%Y-%m-%d %H:%M} · {event.kind} #{event.change} · {event.by} · {event.reason}")
        for entry in event.entries:
            typer.echo(f"    {entry.record} {entry.id}: {entry.action}")
            for name, (before, after) in entry.fields.items():
                typer.echo(f"        {name}: {_shown(before)} → {_shown(after)}")


@app.command("lineage")
@requires(Permission.REGISTRY_READ)
def related(ctx: typer.Context, parcel: Id) -> None:
    """Thửa gốc và thửa sinh ra · The ancestors and descendants of a parcel."""
    found = act(caller(ctx).settings, lambda connection: lineage(connection, parcel))
    print_json([each.model_dump(mode="json") for each in found])


@app.command("codes")
@requires(Permission.PUBLIC_READ)
def listed(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="LIST", help="Tên danh mục · Name of the list")] = None,
) -> None:
    """Các danh mục, hoặc các mã của một danh mục, cả mã cũ · The code lists, or the codes of one, former ones, too."""
    lists = load_codes(caller(ctx).settings)
    if name is None:
        for each in lists.lists.values():
            typer.echo(f"{each.name}: {each.title.vi} · {each.title.en}")
        return
    found = lists.code_list(name)
    for code in found.codes:
        typer.echo(f"{code.code}\t{code.vi} · {code.en}")
    for old in found.legacy:
        today = ", ".join(old.current) or "–"
        typer.echo(f"{old.code}\t{old.vi} · {old.en}\tcũ · former → {today}")


def _shown(value: object) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
