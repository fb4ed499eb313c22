"""`gisland bench …`: races against other servers."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from gisland.bench import (
    as_of,
    audit,
    bulk,
    city,
    database,
    ogc,
    parcel_codes,
    peers,
    print_ward,
    printing,
    race,
    results,
    rls,
    search,
    tiles,
    writer,
)
from gisland.bench.machine import facts
from gisland.bench.table import markdown
from gisland.catalogue import Layer, load_catalogue
from gisland.database import Role, connect
from gisland.errors import UsageError
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission
from gisland.settings import Settings

app = typer.Typer(help="Đo tốc độ · Races against other servers.", no_args_is_help=True)


@app.callback()
def end_in_order() -> None:
    """Whoever is told to end (SIGTERM) ends the servers of the race first, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


Parcels = Annotated[int, typer.Option(min=2000, help="Số thửa · Number of parcels.")]
Seconds = Annotated[float, typer.Option(min=1, help="Giây mỗi lượt · Seconds for each contender and page size.")]
Rounds = Annotated[int, typer.Option(min=1, help="Số vòng · Rounds; their median counts.")]
Connections = Annotated[int, typer.Option(min=1, help="Số kết nối · Connections that ask at the same time.")]
Peers = Annotated[
    str, typer.Option("--peers", help="Máy chủ so sánh, cách bằng dấu phẩy · Peers, by commas; '' for none.")
]
Out = Annotated[Path | None, typer.Option(help="Ghi bảng ra tệp · Write the table to a file, too.")]
Url = Annotated[str | None, typer.Option(help="Máy chủ CSDL khác, trống · Another database server, empty.")]


@app.command("items")
@requires(Permission.BENCH_RUN)
def items_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 500_000,
    seconds: Seconds = 5,
    rounds: Rounds = 3,
    connections: Connections = 8,
    against: Peers = "pygeoapi,tipg,mapserver,qgisserver",
    out: Out = None,
    database_url: Url = None,
) -> None:
    """Trang đối tượng theo khung · Pages of features by bbox: against pgbench and other servers."""
    plan = race.Plan(seconds, rounds, connections, _peers(against))
    settings, layer = _filled(ctx, parcels, database.LAYER, database_url)
    _tell(markdown(race.run(settings, layer, plan, _say)), out)


@app.command("ogc")
@requires(Permission.BENCH_RUN)
def ogc_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 500_000,
    seconds: Seconds = 3,
    rounds: Rounds = 3,
    connections: Connections = 8,
    against: Peers = "pygeoapi,tipg,mapserver,qgisserver",
    out: Out = None,
) -> None:
    """Mọi loại yêu cầu OGC API · All kinds of requests: pages, filter, last page, one feature, tiles."""
    plan = race.Plan(seconds, rounds, connections, _peers(against))
    settings, layer = _filled(ctx, parcels, database.LAYER)
    _tell(ogc.markdown(ogc.run(settings, layer, plan, _say)), out)


def _filled(ctx: typer.Context, parcels: int, layer: str, url: str | None = None) -> tuple[Settings, Layer]:
    """The settings of the bench's database with so many parcels, and one of its layers."""
    settings = database.settings_of(caller(ctx).settings, url)
    catalogue = load_catalogue(settings)
    _say("cơ sở dữ liệu · the database")
    database.prepare(settings, catalogue, parcels)
    return settings, catalogue.layer(layer)


def _peers(against: str) -> list[str]:
    """The peers that are named, ready to be started.

    Raises:
        UsageError: there is no such peer.
    """
    names = [name.strip() for name in against.split(",") if name.strip()]
    for name in names:
        if name not in peers.PEERS:
            raise UsageError(f"there is no peer {name!r}", hint=f"known are: {', '.join(peers.PEERS)}")
    for name in names:
        _say(f"chuẩn bị · preparing: {name}")
        peers.install(name)
    return names


@app.command("search")
@requires(Permission.BENCH_RUN)
def search_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 1_000_000,
    searches: Annotated[int, typer.Option(min=20, help="Số lần tìm mỗi loại · Searches of each sort.")] = 300,
    out: Out = None,
    database_url: Url = None,
) -> None:
    """Tìm kiếm trong một thành phố · Searches in a city, against their limits."""
    settings = city.settings_of(caller(ctx).settings, database_url)
    _say("cơ sở dữ liệu · the database")
    city.prepare(settings, parcels)
    results = search.run(settings, searches, _say)
    with connect(settings, Role.APP) as connection:
        text = search.markdown(results, facts(connection, parcels) | city.sizes(connection))
    _tell(text, out)


@app.command("bulk")
@requires(Permission.BENCH_RUN)
def bulk_command(ctx: typer.Context, *, parcels: Parcels = 500_000, rounds: Rounds = 1, out: Out = None) -> None:
    """Nhập hàng loạt · A large import with history and layers, against plain COPY into tables without triggers."""
    settings = bulk.settings_of(caller(ctx).settings)
    result = bulk.run(settings, load_catalogue(settings), parcels, rounds, _say)
    with connect(settings, Role.APP) as connection:
        _tell(bulk.markdown(result, facts(connection, parcels)), out)


@app.command("writer")
@requires(Permission.BENCH_RUN)
def writer_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 500_000,
    acts: Annotated[int, typer.Option(min=80, help="Số lần ghi mỗi lượt · Acts of each sort in a round.")] = 400,
    rounds: Rounds = 3,
    out: Out = None,
) -> None:
    """Một tình trạng thay đổi · What the read model costs whoever changes one status."""
    settings = bulk.settings_of(caller(ctx).settings)
    _say("cơ sở dữ liệu · the database")
    bulk.prepare(settings, load_catalogue(settings), parcels)
    times = writer.run(settings, acts, rounds, _say)
    with connect(settings, Role.APP) as connection:
        told = writer.markdown(times, facts(connection, parcels))
    _tell(f"{told}\n{results.markdown(results.run(settings))}\n", out)


@app.command("audit")
@requires(Permission.BENCH_RUN)
def audit_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 100_000,
    acts: Annotated[int, typer.Option(min=320, help="Số lần ghi mỗi lượt · Acts of each sort in a round.")] = 6400,
    rounds: Rounds = 5,
    out: Out = None,
) -> None:
    """Nhật ký · What the audit log costs 32 writers, with the sealer running."""
    settings = bulk.settings_of(caller(ctx).settings, audit.NAME)
    _say("cơ sở dữ liệu · the database")
    bulk.prepare(settings, load_catalogue(settings), parcels)
    result = audit.run(settings, acts, rounds, _say)
    with connect(settings, Role.APP) as connection:
        _tell(audit.markdown(result, facts(connection, parcels)), out)


@app.command("as-of")
@requires(Permission.BENCH_RUN)
def as_of_command(ctx: typer.Context, *, parcels: Parcels = 100_000, rounds: Rounds = 5, out: Out = None) -> None:
    """Đọc quá khứ · Reading the past against reading the present."""
    settings = bulk.settings_of(caller(ctx).settings, as_of.NAME)
    _say("cơ sở dữ liệu · the database")
    readings = as_of.run_bench(settings, load_catalogue(settings), parcels, rounds, _say)
    with connect(settings, Role.APP) as connection:
        _tell(as_of.markdown(readings, facts(connection, parcels)), out)


@app.command("rls")
@requires(Permission.BENCH_RUN)
def rls_command(
    ctx: typer.Context, *, parcels: Parcels = 500_000, seconds: Seconds = 4, rounds: Rounds = 3, out: Out = None
) -> None:
    """Chính sách theo phường · What row-level security costs a page of the staff layer."""
    settings, layer = _filled(ctx, parcels, rls.LAYER)
    rates = rls.run(settings, layer, seconds=seconds, rounds=rounds, say=_say)
    with connect(settings, Role.APP) as connection:
        _tell(rls.markdown(rates, facts(connection, parcels)), out)


@app.command("tiles")
@requires(Permission.BENCH_RUN)
def tiles_command(
    ctx: typer.Context,
    *,
    parcels: Parcels = 500_000,
    seconds: Seconds = 5,
    rounds: Rounds = 3,
    connections: Connections = 8,
    out: Out = None,
    database_url: Url = None,
) -> None:
    """Mảnh vectơ · Vector tiles: drawn against pgbench drawing the same, kept against a file."""
    settings, layer = _filled(ctx, parcels, database.LAYER, database_url)
    _tell(tiles.markdown(*tiles.run(settings, layer, race.Plan(seconds, rounds, connections), _say)), out)


@app.command("print")
@requires(Permission.BENCH_RUN)
def print_command(
    ctx: typer.Context,
    *,
    rounds: Rounds = 5,
    out: Out = None,
) -> None:
    """In bản đồ: một trang so với QGIS, trang 5.000 thửa, cả phường · A page against QGIS, one of 5,000, a ward."""
    who = caller(ctx)
    settings, _ = _filled(ctx, print_ward.PARCELS, database.LAYER)
    times = printing.run(who.settings, rounds=rounds, say=_say)
    _tell(printing.markdown(times, print_ward.run(settings, who.subject, _say)), out)


def _tell(text: str, out: Path | None) -> None:
    typer.echo(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")


@app.command("parcel-codes")
@requires(Permission.BENCH_RUN)
def parcel_codes_command(
    ctx: typer.Context,  # noqa: ARG001 - read by the guard
    *,
    parcels: Parcels = 20_000,
    rounds: Rounds = 5,
    out: Out = None,
) -> None:
    """Mã định danh thửa đất · Parcel codes, against their limits."""
    _tell(parcel_codes.markdown(parcel_codes.run(parcels, rounds, _say), parcels), out)


def _say(what: str) -> None:
    """Progress goes to standard error: standard output holds the table only."""
    typer.echo(f"… {what}", err=True)
