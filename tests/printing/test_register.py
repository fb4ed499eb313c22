"""The register of printed copies: it has what commands print, too, and is read by product, group, person, and page."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from gisland.database import run, scope
from gisland.printing.areamap import AreaOrder, print_area
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.extract import ExtractOrder, print_extract
from gisland.printing.forms import print_forms
from gisland.printing.group_papers import GroupOrder
from gisland.printing.orders import Asked, PrintJob, list_prints, look, reprint
from gisland.printing.orders import Reprint as Again
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.receipts import print_receipts
from gisland.printing.sheet import SheetOrder, print_sheet
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant, Subject, operator
from gisland.settings import Settings
from tests import commands
from tests.factories import make_account, one
from tests.printing.conftest import WHY, Land
from tests.publish.conftest import serving

District = tuple[Land, Land]


def listed(settings: Settings, subject: Subject, **asked: object) -> list[PrintJob]:
    with scope(subject.scope(Permission.MAP_PRINT)):
        return run(settings, lambda connection: list_prints(connection, Asked(**asked)))  # type: ignore[arg-type]


def print_by_command(settings: Settings, *words: str) -> None:
    done = commands.gisland(settings, "print", *words)
    assert done.returncode == 0, done.stderr


EVERYWHERE = Subject("account:tat-ca", (Grant(Role.VIEWER),))


def test_what_commands_print_is_on_it(district: District, tmp_path: Path) -> None:
    land, _ = district
    settings, out = land.settings, tmp_path / "x.pdf"
    print_by_command(settings, "atlas", "--ward", "11311", "--group", "07", "--out", str(out), "--reason", WHY)
    atlas = hashlib.sha256(out.read_bytes()).hexdigest()
    print_sheet(settings, operator(), SheetOrder("11311", "12"))
    print_extract(settings, operator(), ExtractOrder("11311", "12/5"))
    print_receipts(settings, operator(), GroupOrder("11311", "07", reason=WHY))
    print_forms(settings, operator(), GroupOrder("11311", "07", reason=WHY))
    print_overview(settings, operator(), OverviewOrder(ward="11311", wards="11312"))
    print_area(settings, operator(), AreaOrder(ward="11311", groups="07"))
    rows = listed(settings, EVERYWHERE)
    assert [row.product for row in rows] == ["area", "overview", "forms", "receipts", "extract", "sheet", "atlas"]
    for row in rows:
        assert (row.state, row.kept, row.ward_code, row.account_id) == ("successful", False, "11311", None)
        assert row.requester.startswith("cli:")
        assert row.print_id
        assert row.pages
        assert "reason" not in row.inputs
    first = rows[-1]
    assert (first.sha256, first.names, first.exact, first.residential_group_id) == (atlas, True, True, land.group)
    assert first.inputs["group"] == "07"
    assert first.finished_at is not None
    version = run(settings, lambda c: one(c, "SELECT max(version) FROM publish.data_version"))
    assert {row.data_version for row in rows} == {version}
    # Each of them could be ordered again as it was.
    with scope(EVERYWHERE.scope(Permission.MAP_PRINT)):
        made = run(settings, lambda c: make_account(c, "tat-ca", *EVERYWHERE.grants))
        account = run(settings, lambda c: one(c, "SELECT id FROM security.account WHERE name = %s", made[0]))
        someone = Subject(EVERYWHERE.name, EVERYWHERE.grants, account_id=account)
        for row in rows:
            again = run(
                settings, partial(reprint, settings=settings, subject=someone, job=row.id, again=Again(reason=WHY))
            )
            assert again.reprint_of == row.id
    # Clients of OGC API – Processes know what was ordered only.
    assert {row.account_id for row in listed(settings, EVERYWHERE, ordered=True)} == {account}


def test_a_ward_is_a_row_for_each_group(district: District, tmp_path: Path) -> None:
    settings = district[0].settings
    print_by_command(settings, "ward", "--ward", "11311", "--out", str(tmp_path / "all"), "--reason", WHY)
    assert sorted(row.inputs["group"] for row in listed(settings, EVERYWHERE)) == ["07", "08"]
    # What is kept is not printed again.
    print_by_command(settings, "ward", "--ward", "11311", "--out", str(tmp_path / "all"), "--reason", WHY)
    assert len(listed(settings, EVERYWHERE)) == 2


def test_who_sees_which_rows(district: District) -> None:
    land, _ = district
    settings = land.settings
    print_overview(settings, operator(), OverviewOrder(ward="11311", wards="11312"))
    print_atlas(settings, operator(), Order("11311", "07", reason=WHY))
    west, east = (Subject("account:x", (Grant(Role.VIEWER, each.ward),)) for each in district)
    head = Subject("account:y", (Grant(Role.GROUP_HEAD, land.ward, land.group),))
    both = Subject("account:z", (*west.grants, *east.grants))
    seen = {key: [row.product for row in listed(settings, who)] for key, who in
            {"west": west, "east": east, "head": head, "both": both}.items()}  # fmt: skip
    assert seen == {"west": ["atlas"], "east": [], "head": ["atlas"], "both": ["atlas", "overview"]}
    with scope(east.scope(Permission.MAP_PRINT)), pytest.raises(Exception, match="no such print"):
        run(settings, lambda c: look(c, listed(settings, both)[0].id))


def fill(settings: Settings, land: Land, count: int) -> None:
    """Many rows, of two people: every other one of a group, the rest of two groups."""

    def work(connection: Connection) -> None:
        query = """
            INSERT INTO printing.job (product, inputs, ward_id, residential_group_id, requester, rights, state,
                                      finished_at, created_at, file_name, media_type, size_bytes, sha256, print_id,
                                      pages, data_version, names)
            SELECT %(product)s, %(inputs)s, %(ward)s, %(group)s, %(person)s, '{}', 'successful',
                   now(), now() - %(n)s * interval '1 minute', 'x.pdf', 'application/pdf', 1, sha256('x'),
                   'ABCD' || %(n)s, 1, 1, false
        """
        for n in range(1, count + 1):
            one_group = n % 2 == 0
            values = {
                "n": n,
                "product": "atlas" if one_group else "area",
                "inputs": Jsonb({"group": "07"} if one_group else {"groups": "07, 11311/08"}),
                "ward": land.ward,
                "group": land.group if one_group else None,
                "person": "account:" + ("ha" if n % 3 else "Thu"),
            }
            connection.execute(query, values)

    run(settings, work)


def test_pages_and_filters(district: District) -> None:
    land, _ = district
    settings = land.settings
    fill(settings, land, 130)
    first = listed(settings, EVERYWHERE, limit=100)
    rest = listed(settings, EVERYWHERE, limit=100, before=first[-1].id)
    assert [row.print_id for row in (*first, *rest)] == [f"ABCD{n}" for n in range(1, 131)]
    assert len(listed(settings, EVERYWHERE, products=("atlas",), limit=1000)) == 65
    assert len(listed(settings, EVERYWHERE, person="THU", limit=1000)) == 43
    assert len(listed(settings, EVERYWHERE, person="%", limit=1000)) == 0
    groups = {code: len(listed(settings, EVERYWHERE, group=code, limit=1000)) for code in ("7", "07", "08", "09")}
    assert groups == {"7": 130, "07": 130, "08": 65, "09": 0}


def test_the_page_and_the_api(district: District) -> None:
    land, _ = district
    settings = land.settings
    fill(settings, land, 130)
    auth = run(settings, lambda connection: make_account(connection, "an", Grant(Role.VIEWER, land.ward)))
    with serving(settings) as client:
        client.auth = auth
        found = client.get("/api/v1/prints", params={"product": "area", "limit": 3}).json()
        assert [row["print_id"] for row in found] == ["ABCD1", "ABCD3", "ABCD5"]
        page = client.get("/print", params={"part": "prints"}).text
        assert page.count("<tr data-print") == 50
        assert "Cũ hơn" in page
        assert "Mới nhất" not in page
        sifted = client.get("/print", params={"part": "prints", "product": "atlas", "person": "thu"}).text
        assert sifted.count("<tr data-print") == 21
        assert "Cũ hơn" not in sifted
        assert "Bỏ lọc" in sifted
