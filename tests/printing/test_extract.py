"""Extracts of parcels: what they tell to whom, that their figures are right, and that they can be verified."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
import shapely
import zxingcpp
from PIL import Image

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.errors import Forbidden, NotFound, UsageError
from gisland.printing.code import load_print_key
from gisland.printing.extract import ExtractOrder, PrintedExtract, print_extract
from gisland.printing.facts import read_facts, window_of
from gisland.printing.model import decimal, grouped
from gisland.printing.picture import picture
from gisland.printing.sketch import CORNER
from gisland.printing.verify import Reader, is_current, read_verify_code, verify_code
from gisland.printing.vertices import rings_of
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_certificate, make_holder, make_holding, make_sheet
from tests.printing.conftest import ADMIN, WHY, Land
from tests.printing.outside import check_file, check_position
from tests.printing.pdf_text import opened, read_page, see_page
from tests.printing.proofs_map import check_bar_of
from tests.printing.seen import viewport
from tests.printing.test_lists import rows
from tests.publish.conftest import serving

NAME, ID, SERIAL = "Trần Thị Bí Mật", "999085000123", "AB 123456"
RING = "POLYGON((0 0,0 20,30 20,30.5 10,30 0,0 0),(10 5,10 8,14 8,14 5,10 5))"


def fill(land: Land) -> int:
    """Three parcels; the first has a hole, a holder and a certificate."""
    parcel = land.add(RING, "12")
    land.square(0, 20, 15, "13")
    land.square(200, 20, 15, "99")

    def work(connection: Any) -> None:
        make_holding(connection, land.ward, parcel, make_holder(connection, land.ward, NAME, ID))
        make_certificate(connection, land.ward, SERIAL, parcel)

    run(land.settings, work)
    return parcel


def extract(land: Land, subject: Subject = ADMIN, **more: Any) -> PrintedExtract:
    more = {"parcel": "12/12", "reader": "owner", "reason": WHY} | more
    return print_extract(land.settings, subject, ExtractOrder("11311", **more))


def words(printed: PrintedExtract) -> str:
    pdf = opened(printed.content)
    return "\n".join(text.said for index in range(len(pdf.pages)) for text in read_page(pdf, index)[0])


def facts(settings: Settings, parcel: int) -> Any:
    with connect(settings, DatabaseRole.APP) as connection:
        found = read_facts(connection, parcel)
    return found[0] if found else None


def people(land: Land) -> tuple[Subject, Subject]:
    """One who may see owners, and one who may not."""
    officer = Subject("account:officer", (Grant(Role.OFFICER, land.ward),))
    return officer, Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))


def test_what_is_told_to_whom(land: Land) -> None:
    parcel = fill(land)
    officer, viewer = people(land)
    owner, third = extract(land, officer), extract(land, viewer, reader="third-party", reason="")
    said = words(owner)
    for told in (NAME, SERIAL, "999*****0123"):
        assert told in said
    for secret in (NAME, SERIAL, "AB123456", "999"):
        assert secret not in words(third)
    assert ID not in said
    assert not any(NAME in str(each) for each in (opened(third.content).docinfo, opened(owner.content).docinfo))
    # Who may not see names gets no extract for the owner, and whoever gets one says why.
    with pytest.raises(Forbidden, match="third-party"):
        extract(land, viewer)
    with pytest.raises(UsageError, match="needs a reason"):
        extract(land, officer, reason="")
    # The audit log knows it, and nothing of persons.
    with connect(land.settings, DatabaseRole.APP) as connection:
        query = "SELECT object, detail FROM audit.event WHERE tag = 'map:printed' ORDER BY id LIMIT 1"
        (object_id, detail) = connection.execute(query).fetchone() or ("", {})
    assert object_id == f"parcel:{parcel}"
    assert (detail["product"], detail["reader"], detail["reason"]) == ("extract", "owner_with_id", WHY)
    assert detail["sha256"] == owner.sha256
    assert NAME not in str(detail)


def test_figures_and_sketch(land: Land, tmp_path: Path) -> None:
    fill(land)
    owner = extract(land)
    said = words(owner)
    sketch = owner.edition.paper.frame
    rings = rings_of(owner.extract.shape)
    assert [len(ring.corners) for ring in rings] == [5, 4]
    lines = rows([text for text in read_page(opened(owner.content), 0)[0] if text.middle[0] > sketch.right])
    for ring in rings:
        after = [*ring.numbers[1:], ring.numbers[0]]
        for number, to, (x, y), length in zip(ring.numbers, after, ring.corners, ring.lengths, strict=True):
            row = [
                str(number),
                *(grouped(each).replace("\u00a0", " ") for each in (y, x)),
                f"{number}–{to}",
                decimal(length, 2),
            ]
            assert row in lines, row
    assert "Thửa liền kề (tờ/thửa): \n12/13" in said
    assert "12/99" not in said
    area = shapely.area(owner.extract.shape)
    assert f"{decimal(area)} m²" in said
    check_bar_of(see_page(opened(owner.content), 0), owner.place.scale)

    # In the sketch nothing is written over anything, and it lies where it says.
    inner = shapely.box(sketch.x, sketch.y, sketch.right, sketch.top)
    drawn = [text for text in read_page(opened(owner.content), 0)[0] if inner.intersects(text.box)]
    assert {"20,00", "30,00", "12", "13", "1", "9"} <= {text.said for text in drawn}
    for one, two in itertools.combinations(drawn, 2):
        assert one.box.intersection(two.box).area < 0.02, (one.said, two.said)
    path = check_file(owner.content, tmp_path, "Thửa liền kề", "12/13", f"{decimal(area)} m²")
    check_position(path, owner.place.inset().bounds, owner.edition.srid)
    assert extract(land).content == owner.content


def test_a_telephone_reads_where_to_verify(land: Land) -> None:
    land.square(0, 0, 20, "12")
    land.settings = land.settings.model_copy(update={"public_url": "https://gisland.example.vn/"})
    printed = extract(land, reader="third-party")
    assert printed.extract.address == f"https://gisland.example.vn/verify/{printed.extract.code}"
    image = Image.open(io.BytesIO(picture(printed.content, 1, 150)))
    assert printed.extract.address in {found.text for found in zxingcpp.read_barcodes(image)}


def test_verifying(land: Land) -> None:
    parcel = fill(land)
    key = load_print_key(land.settings)
    officer, viewer = people(land)
    owner, third = extract(land, officer), extract(land, viewer, reader="third-party", reason="")
    assert {is_current(each.extract.code, facts(land.settings, parcel), key) for each in (owner, third)} == {True}
    run(land.settings, lambda connection: connection.execute("UPDATE registry.holder SET address = 'x'"))
    assert not is_current(owner.extract.code, facts(land.settings, parcel), key)
    first = third.extract.code[0]
    tampered = ("B" if first == "A" else "A") + third.extract.code[1:]
    with serving(land.settings) as client:
        answers = {
            code: client.get(f"/verify/{code}", headers={"X-Forwarded-For": "203.0.113.7"})
            for code in (owner.extract.code, third.extract.code, tampered, "x")
        }
        assert "Mã trên bản in" in client.get("/verify").text
        typed = client.get("/verify", params={"code": f" {third.extract.code.lower()} "})
    assert [answer.status_code for answer in answers.values()] == [200, 200, 404, 404]
    superseded, current, *unknown = (answer.text for answer in answers.values())
    assert ('class="superseded"' in superseded, 'class="current"' in current) == (True, True)
    assert 'class="current"' in typed.text
    assert all('class="unknown"' in each for each in unknown)
    for answer in answers.values():
        assert not any(secret in answer.text for secret in (NAME, "999", "12/12", "Hồng Bàng"))
        assert answer.headers["cache-control"] == "private, no-store"
    end = "UPDATE registry.holding SET retired_by = created_by, valid_to = current_date"
    run(land.settings, lambda connection: connection.execute(end))
    retire = "UPDATE registry.parcel SET retired_by = created_by, valid_to = current_date WHERE id = %s"
    run(land.settings, lambda connection: connection.execute(retire, [parcel]))
    assert not is_current(third.extract.code, facts(land.settings, parcel), key)
    assert not is_current(third.extract.code, None, key)


def test_what_lies_around_is_verified_too(land: Land) -> None:
    """A neighbour that is split, renumbered or surveyed anew is on the paper: it is superseded, a far one is not."""
    key = load_print_key(land.settings)
    parcel, viewer = fill(land), people(land)[1]

    def change(statement: str, number: str) -> None:
        run(land.settings, lambda connection: connection.execute(statement.encode(), [number]))

    def current(printed: PrintedExtract) -> bool:
        return is_current(printed.extract.code, facts(land.settings, parcel), key)

    def printed() -> PrintedExtract:
        return extract(land, viewer, reader="third-party", reason="")

    paper = printed()
    assert facts(land.settings, parcel)["adjoining"] == ["12/13"]
    change("UPDATE registry.parcel SET parcel_no = parcel_no || 'a' WHERE parcel_no = %s", "99")
    assert current(paper)
    change("UPDATE registry.parcel SET parcel_no = '13a' WHERE parcel_no = %s", "13")
    assert not current(paper)
    paper = printed()
    # Its corners are moved by as little as can be seen in a list of coordinates.
    change("UPDATE registry.parcel SET geom = ST_Translate(geom, 0, 0.02) WHERE parcel_no = %s", "13a")
    assert not current(paper)
    paper = printed()
    assert current(paper)
    retire = "UPDATE registry.parcel SET retired_by = created_by, valid_to = current_date WHERE parcel_no = %s"
    change(retire, "13a")
    for x, number in ((0, "14"), (7.5, "15")):
        land.add(f"POLYGON(({x} 20,{x + 7.5} 20,{x + 7.5} 35,{x} 35,{x} 20))", number)
    assert not current(paper)
    after = printed()
    assert current(after)
    assert "12/14, 12/15" in words(after)


def test_nothing_is_drawn_that_is_not_verified(land: Land) -> None:
    fill(land)
    for settled in (extract(land), extract(land, reader="third-party")):
        window = window_of(settled.extract.shape)
        assert window.contains(settled.place.inset())
        assert "99" not in settled.extract.around.labels


def test_third_parties_are_not_told_the_address(land: Land) -> None:
    parcel = fill(land)
    address = "Số 7 ngõ 12 phố Thử"
    query = "UPDATE registry.parcel SET address = %s WHERE id = %s"
    run(land.settings, lambda connection: connection.execute(query, [address, parcel]))
    assert address in words(extract(land))
    assert address not in words(extract(land, reader="third-party"))
    key = load_print_key(land.settings)
    paper = extract(land, reader="third-party")
    run(land.settings, lambda connection: connection.execute(query, ["khác", parcel]))
    assert is_current(paper.extract.code, facts(land.settings, parcel), key)


def test_a_holder_of_another_ward_is_told_and_verified(district: tuple[Land, Land]) -> None:
    land, other = district
    query = "SELECT id FROM registry.parcel WHERE ward_id = %s AND parcel_no = '2'"

    def work(connection: Any) -> int:
        (parcel,) = connection.execute(query, [land.ward]).fetchone() or (0,)
        make_holding(connection, land.ward, parcel, make_holder(connection, other.ward, NAME))
        return parcel

    parcel = run(land.settings, work)
    officer, _ = people(land)
    owner = extract(land, officer, parcel="12/2")
    assert NAME in words(owner)
    assert is_current(owner.extract.code, facts(land.settings, parcel), load_print_key(land.settings))


def test_a_parcel_is_named_by_sheet_and_number(land: Land) -> None:
    for wrong in ("12", "/12", "12/", "12/1/2", ""):
        with pytest.raises(UsageError, match="sheet and number"):
            extract(land, parcel=wrong)


def test_no_such_parcel_and_one_of_several(land: Land) -> None:
    land.square(0, 0, 20, "12")
    with pytest.raises(NotFound, match="no parcel 12/77"):
        extract(land, parcel="12/77")
    elsewhere = Subject("account:x", (Grant(Role.OFFICER, land.ward + 1),))
    with pytest.raises(NotFound):
        extract(land, elsewhere)
    land.sheet = run(land.settings, lambda connection: make_sheet(connection, land.ward, "12", scale=1000))
    land.square(50, 0, 20, "12")
    with pytest.raises(UsageError, match="several"):
        extract(land)
    assert extract(land, sheet_scale=1000, language="en").extract.facts["scale"] == 1000


def test_a_parcel_of_many_corners_goes_on_over_the_page(land: Land) -> None:
    turn = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    land.add(shapely.Polygon(np.column_stack([40 * np.cos(turn), 40 * np.sin(turn)])).wkt, "12")
    printed = extract(land)
    pdf = opened(printed.content)
    assert len(pdf.pages) == printed.edition.pages == 4
    said = words(printed)
    assert all(f"{number}–{number % 300 + 1}\n" in said for number in range(1, 301))
    assert isinstance(pdf, pikepdf.Pdf)


def test_a_parcel_of_two_parts(land: Land) -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 10, 20), shapely.box(14, 0, 30, 20)])
    land.add(parts.wkt, "12")
    printed = extract(land)
    rings = rings_of(printed.extract.shape)
    assert [number for ring in rings for number in ring.numbers] == list(range(1, 9))
    said = words(printed)
    # Sides lead round each part, never from one to the other.
    assert {"4–1", "8–5"} <= set(said.split("\n"))
    assert "4–5" not in said.split("\n")
    assert "520,0 m²" in said
    pdf = opened(printed.content)
    page, (frame, corners) = see_page(pdf, 0), viewport(pdf.pages[0], 9210)
    scale = (corners[3, 0] - corners[0, 0]) / (frame[2] - frame[0])
    sketch = [path for path in page.paths if path.clip is not None and path.filled and path.stroked]
    sizes = sorted(tuple(np.round(np.ptp(ring, axis=0) * scale, 2).tolist()) for path in sketch for ring in path.rings)
    assert sizes == [(10, 20), (16, 20)]


def test_numbers_of_near_corners_are_not_read_as_one(land: Land) -> None:
    """Corners 1 dm apart: what stands beside each other stands apart, or one of them is not written in the sketch."""
    steps = [(40 + across / 10, 20) for across in range(1, 7)]
    land.add(shapely.Polygon([(0, 0), (0, 30), (80, 30), (80, 20), *reversed(steps), (40, 0)]).wkt, "12")
    texts, _ = read_page(opened(extract(land).content), 0)
    corners = [text for text in texts if text.bold and text.paint == CORNER]
    assert len(corners) >= 6
    for one, other in itertools.combinations(corners, 2):
        apart = one.box.distance(other.box)
        assert apart > 0.6, (one.said, other.said, apart)


def test_rings_run_clockwise_from_the_north_west() -> None:
    outer, inner = rings_of(shapely.from_wkt(RING))
    assert outer.corners[0].tolist() == [0, 20]
    assert shapely.LinearRing(outer.corners).is_ccw is False
    assert shapely.LinearRing(inner.corners).is_ccw is True
    assert (outer.first, inner.first, inner.inner) == (1, 6, True)
    assert outer.lengths[0] == 30


def test_codes_tell_apart_what_is_told_and_are_not_guessed() -> None:
    key, told = bytes(32), {"retired": False, "area": 1.5, "papers": [], "restrictions": []}
    told["holders"] = [{"name": "a", "id": "999"}]
    codes = {reader: verify_code(reader, 7, told, key) for reader in Reader}
    assert len({code[:12] for code in codes.values()}) == 3
    assert verify_code(Reader.THIRD_PARTY, 7, told | {"holders": []}, key) == codes[Reader.THIRD_PARTY]
    for reader, code in codes.items():
        assert read_verify_code(f" {code.lower()} ", key) == (reader, 7)
        assert is_current(code, told, key)
        assert not is_current(code, told | {"area": 1.6}, key)
        for index, sign in enumerate(code):
            with pytest.raises(NotFound):
                read_verify_code(code[:index] + ("B" if sign != "B" else "C") + code[index + 1 :], key)
    for nonsense in ("", "đ" * 30, "A" * 500, codes[Reader.OWNER] + "A"):
        with pytest.raises(NotFound):
            read_verify_code(nonsense, key)
