"""`gisland registry search TEXT`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from psycopg import Connection

from gisland.audit import log
from gisland.database import run
from gisland.registry.masking import held_where
from gisland.registry.search import LIMIT, MOST, Hit, Kind, Match, counts, search, wards_of
from gisland.registry.units import find_unit
from gisland.security.crypto import load_vault
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer()

REASONS = {
    Match.EXACT: "đúng · exact",
    Match.OLD_NUMBER: "số cũ · old number",
    Match.PAPER_NUMBER: "số trên giấy · number on paper",
    Match.PADDED: "thêm số 0 ở đầu · zeros added in front",
    Match.OTHER_ORDER: "thửa/tờ · parcel before sheet",
    Match.ACCENTLESS: "gợi ý: bỏ dấu · hint: without accents",
    Match.PART: "gợi ý: một phần tên · hint: part of the name",
    Match.TYPO: "gợi ý: sai một chữ · hint: one letter differs",
}


@app.command("search")
@requires(Permission.REGISTRY_SEARCH)
def search_command(
    ctx: typer.Context,
    text: Annotated[
        str,
        typer.Argument(
            help="Số tờ/thửa, mã thửa, số phát hành, số định danh, họ tên; '-': đọc từ stdin, không vào lịch sử"
            " lệnh. · Numbers, code, serial, id, name; '-' reads standard input, which no history of commands keeps."
        ),
    ],
    ward: Annotated[str | None, typer.Option(help="Mã phường. · Code of the ward.")] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Chỉ loại này. · Only this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Số kết quả nhiều nhất. · Most hits.")] = LIMIT,
) -> None:
    """Tìm thửa, giấy chứng nhận, người sử dụng đất. · Find parcels, certificates and holders."""
    who = caller(ctx)
    typed = sys.stdin.readline() if text == "-" else text
    vault = load_vault(who.settings)

    def work(connection: Connection) -> list[Hit]:
        ward_id = find_unit(connection, ward).id if ward is not None else None
        held = held_where(who.subject, Permission.REGISTRY_SEARCH, ward_id)
        hits = search(connection, typed, vault, held=held, ward_id=ward_id, kinds=kind or Kind, limit=limit)
        wards = wards_of(hits, ward_id)
        log.record(connection, who.subject.name, log.Tag.REGISTRY_SEARCHED, wards=wards, detail=counts(hits))
        return hits

    hits = run(who.settings, work)
    for hit in hits:
        typer.echo(_line(hit))
    if not hits:
        typer.echo("không tìm thấy · nothing found")


def _line(hit: Hit) -> str:
    reason = REASONS[hit.match]
    if hit.source:
        reason += f" ({hit.source}" + (f", {hit.confidence:.0%})" if hit.confidence is not None else ")")
    retired = " · hết hiệu lực · retired" if hit.retired else ""
    return f"{hit.kind:11} {hit.id:>9}  {hit.label}{retired}  [{reason}]"
