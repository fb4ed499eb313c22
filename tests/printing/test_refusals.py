"""Bad input and odd land: a clear answer or a correct page, never a blank one."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.errors import NotFound, UsageError
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.blocks import notes
from gisland.printing.finish import check
from gisland.printing.labels import Form
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests import commands
from tests.factories import make_certificate, make_group, make_ward, one
from tests.printing.conftest import ADMIN, WHY, Land, Print
from tests.printing.pdf_text import opened, read_page

NAME = "Trần Thị Bí Mật"


def said(content: bytes) -> list[str]:
    pdf = opened(content)
    return [text.said for index in range(len(pdf.pages)) for text in read_page(pdf, index)[0]]


def test_a_group_without_parcels(draw: Print) -> None:
    with pytest.raises(NotFound, match="has no parcel"):
        draw()


def test_no_such_group_or_ward(land: Land) -> None:
    with pytest.raises(NotFound, match="groups: 07"):
        print_atlas(land.settings, ADMIN, Order("11311", "99", reason=WHY))
    with pytest.raises(NotFound, match="no ward 99999"):
        print_atlas(land.settings, ADMIN, Order("99999", "07", reason=WHY))


def test_zeros_before_a_group_do_not_matter(land: Land) -> None:
    land.square(0, 0, 20, "1")
    assert print_atlas(land.settings, ADMIN, Order("11311", "7", reason=WHY)).edition.group.code == "07"


@pytest.mark.parametrize("wrong", [{"paper": "A5"}, {"orientation": "diagonal"}])
def test_unknown_paper(draw: Print, land: Land, wrong: dict[str, str]) -> None:
    land.square(0, 0, 20, "1")
    with pytest.raises(UsageError):
        draw(**wrong)


def test_a_parcel_larger_than_the_page_gets_an_inset(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1")
    land.square(20, 0, 900, "2")
    printed = draw(scale=500)
    insets = [page for page in printed.edition.layout.pages if page.inset]
    assert [page.place.scale for page in insets] == [5000]
    assert [printed.edition.group.parcels[index].number for index in insets[0].whole] == ["1", "2"]
    assert check(printed.content) == []


def test_a_parcel_that_fits_nowhere(draw: Print, land: Land) -> None:
    land.square(0, 0, 9_000, "1")
    with pytest.raises(UsageError, match="12/1 of 9000 × 9000 m fits on no page"):
        draw(paper="A4", scale=200)
    # It does not keep the others from paper.
    land.square(0, 0, 20, "2")
    land.square(20, 0, 20, "3")
    printed = draw(paper="A4", scale=200)
    assert {parcel.number for parcel in printed.edition.group.parcels} == {"2", "3"}
    (remark,) = printed.edition.remarks
    assert remark.en == "Parcels that fit on no page and are on no map: 12/1"
    words = said(printed.content)
    assert words.count("không nằm vừa trang nào") == 1
    assert "Danh sách thửa đất – không có trên bản đồ" in words
    assert "1 thửa không có trên bản đồ" in " ".join(words)
    assert check(printed.content) == []


def test_odd_shapes(draw: Print, land: Land) -> None:
    """Holes, several parts, a sliver, a very thin L, and two parcels that overlap."""
    land.add("POLYGON((0 0,60 0,60 40,0 40,0 0),(5 5,5 35,55 35,55 5,5 5))", "1")
    land.add("MULTIPOLYGON(((70 0,75 0,75 5,70 5,70 0)),((80 0,110 0,110 30,80 30,80 0)))", "2")
    land.add("POLYGON((0 50,60 50,60 50.02,0 50))", "3")
    land.add("POLYGON((0 60,50 60,50 60.8,0.8 60.8,0.8 90,0 90,0 60))", "4")
    land.square(120, 0, 30, "5")
    land.square(121, 1, 30, "6")
    printed = draw(scale=500)
    forms = {printed.edition.group.parcels[index].number: printed.labelled[1].form_of(index) for index in range(6)}
    assert forms["1"] is Form.FRACTION
    assert forms["2"] is Form.FRACTION
    assert forms["5"] is Form.FRACTION
    assert forms["6"] is not Form.FRACTION
    assert forms["3"] in {Form.LEADER, Form.TABLE}
    assert "Ghi chú các thửa đất nhỏ" in said(printed.content)
    texts = [text for text in read_page(opened(printed.content), 1)[0] if text.box.centroid.x < 330]
    for index, one_text in enumerate(texts):
        for other in texts[index + 1 :]:
            assert shapely.area(shapely.intersection(one_text.box, other.box)) < 0.02, (one_text.said, other.said)


def test_who_may_not_see_names_gets_none(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder=NAME)
    assert NAME in said(draw().content)
    viewer = Subject("account:xem", (Grant(Role.VIEWER, land.ward),))
    printed = draw(viewer)
    assert NAME not in said(printed.content)
    assert "(không được xem)" in said(printed.content)
    assert printed.edition.group.parcels[0].holders is None
    officer = Subject("account:can-bo", (Grant(Role.OFFICER, land.ward),))
    assert NAME in said(draw(officer).content)


def test_other_wards_look_as_if_they_were_empty(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder=NAME)

    def work(connection: Connection) -> int:
        ward = make_ward(connection, "11312")
        make_group(connection, ward, "01")
        return ward

    elsewhere = Subject("account:khac", (Grant(Role.OFFICER, run(land.settings, work)),))
    with pytest.raises(NotFound, match="has no parcel"):
        draw(elsewhere)


def test_a_character_that_the_font_has_not(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder="Lý 李 Minh")
    printed = draw()
    (remark,) = printed.edition.remarks
    # The page of its checklist.
    assert "U+674E (3)" in remark.vi
    words = said(printed.content)
    assert "Lý □ Minh" in words
    assert any("U+674E" in each for each in words)


def test_decomposed_names_are_written_composed(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder="Đo\u0302\u0303 Va\u0306n Thử")
    assert "Đỗ Văn Thử" in said(draw().content)


def test_a_print_is_an_audited_act(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder=NAME)
    printed = draw()
    with connect(land.settings, DatabaseRole.APP) as connection:
        fields = "detail || jsonb_build_object('by', subject, 'ward', ward_id)"
        noted = one(connection, f"SELECT {fields} FROM audit.event WHERE tag = 'map:printed'")
    assert noted["sha256"] == printed.sha256
    assert noted["names"] is True
    assert noted["reason"] == WHY
    assert (noted["by"], noted["ward"], noted["pages"]) == ("account:thu", land.ward, printed.edition.pages)
    assert NAME not in str(noted)


@pytest.mark.parametrize("reason", ["", "  ", "ab", "x" * 501])
def test_names_need_a_reason_before_anything_is_drawn(draw: Print, land: Land, reason: str) -> None:
    # There is no parcel: the reason is looked at before.
    with pytest.raises(UsageError, match="needs a reason") as told:
        draw(reason=reason)
    assert told.value.where == {"parameter": "reason"}
    land.square(0, 0, 20, "1", holder=NAME)
    with pytest.raises(UsageError, match="needs a reason"):
        draw(reason=reason)
    with connect(land.settings, DatabaseRole.APP) as connection:
        assert one(connection, "SELECT count(*) FROM audit.event WHERE tag = 'map:printed'") == 0


def test_ids_in_a_reason_are_masked_and_without_names_none_is_needed(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1", holder=NAME)
    draw(reason="hồ sơ 999085000123\nbổ sung")
    draw(Subject("account:xem", (Grant(Role.VIEWER, land.ward),)), reason="")
    with connect(land.settings, DatabaseRole.APP) as connection:
        query = "SELECT detail ->> 'reason' FROM audit.event WHERE tag = 'map:printed' ORDER BY id"
        assert [row[0] for row in connection.execute(query)] == ["hồ sơ 999*****0123 bổ sung", ""]
        assert one(connection, "SELECT count(*) FROM printing.job WHERE strpos(inputs::text, '999085000123') > 0") == 0


def test_each_kind_of_account_has_prints_of_its_own(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1")
    who = [Subject(name, (Grant(Role.ADMIN),)) for name in ("account:thu", "cli:thu")]
    one_print, other = (draw(subject).edition.print_id for subject in who)
    assert one_print != other


@pytest.mark.parametrize(
    ("papers", "missing"),
    [
        ((), ("certificate",)),
        ((("serial", "scan_file"),), ()),
        ((("serial",),), ("scan",)),
        ((("book_no",),), ("scan",)),
        ((("gcn_code",),), ("scan",)),
        ((("book_no", "scan_file"),), ()),
        ((("scan_file",),), ()),
        # A certificate without a scan, and a scan of another one: one is missing.
        ((("book_no",), ("scan_file",)), ("scan",)),
        (((),), ("certificate",)),
    ],
)
def test_what_is_missing_of_certificates(
    draw: Print, land: Land, papers: tuple[tuple[str, ...], ...], missing: tuple[str, ...]
) -> None:
    parcel = land.square(0, 0, 20, "1", holder=NAME)

    def work(connection: Connection) -> None:
        for index, known in enumerate(papers):
            certificate = make_certificate(
                connection, land.ward, f"AB 00000{index}" if "serial" in known else "", parcel
            )
            values = [f"X{index}" if name in known else "" for name in ("book_no", "gcn_code", "scan_file")]
            connection.execute(
                "UPDATE registry.certificate SET book_no = %s, gcn_code = %s, scan_file = %s WHERE id = %s",
                [*values, certificate],
            )

    run(land.settings, work)
    told = draw().edition.group.parcels[0].missing
    assert tuple(each for each in told if each in {"certificate", "scan"}) == missing


def test_a_ward_with_its_kind_in_its_name(draw: Print, land: Land) -> None:
    """As `gisland unit reform` brings them: Phường Hồng Bàng, Xã An Hưng."""
    land.square(0, 0, 20, "1")
    assert draw().edition.place_name == "Phường Hồng Bàng"

    def rename(name: str) -> None:
        run(land.settings, lambda connection: connection.execute("UPDATE registry.unit SET name = %s", [name]))

    for name in ("Phường Hồng Bàng", "Xã An Hưng"):
        rename(name)
        assert draw().edition.place_name == name


def test_a_plane_that_is_no_zone_of_vn_2000(draw: Print, land: Land) -> None:
    land.square(0, 0, 20, "1")
    printed = draw()
    assert any("VN-2000" in note for note in notes(printed.edition))
    elsewhere = replace(printed.edition, srid=32648)
    assert list(notes(elsewhere))[1] == "Toạ độ phẳng theo EPSG:32648; lưới 10 cm"


def gisland(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gisland", *map(str, arguments)]
    return subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True)


def test_the_command(land: Land, tmp_path: Path) -> None:
    land.square(0, 0, 20, "1", holder=NAME)
    out = tmp_path / "a.pdf"
    arguments = ("print", "atlas", "--ward", "11311", "--group", "7", "--paper", "A3", "--reason", WHY, "--out", out)
    done = gisland(land.settings, *arguments)
    assert done.returncode == 0, done.stderr
    assert NAME not in done.stdout + done.stderr
    assert re.search(r"\d trang A3L: 1 trang bản đồ", done.stdout)
    assert check(out.read_bytes()) == []
    assert out.stat().st_mode & 0o077 == 0
    refused = commands.gisland(land.settings, *arguments, "--group", "99", "--out", tmp_path / "b.pdf")
    assert refused.returncode == 3
    assert refused.stderr.startswith("lỗi / error: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf"]
