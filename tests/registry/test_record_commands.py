"""`gisland registry`: the same functions as the API, as commands."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gisland.cli import main
from gisland.database import Role, connect
from gisland.settings import Settings
from tests.factories import one
from tests.registry.conftest import WHY
from tests.registry.land import Land


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def gisland(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The whole command line, within this process: starting Python twenty times would take longer than the work."""
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)

    def command(*words: str, said: object = None) -> Done:
        monkeypatch.setattr(sys, "argv", ["gisland", "registry", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(said)))
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return command


def test_code_lists(gisland: Run) -> None:
    assert "land_types: Loại đất · Land types\n" in gisland("codes").stdout
    told = gisland("codes", "land_types").stdout
    assert "ODT\tĐất ở tại đô thị · " in told
    assert "cũ · former → " in told
    assert gisland("codes", "nope").returncode == 3


def test_a_record_from_making_to_history(gisland: Run, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "ward.json"
    file.write_text(json.dumps({"change": WHY, "level": "ward", "code": "11311", "name": "Hồng Bàng", "srid": 9210}))
    made = gisland("create", "unit", str(file))
    assert made.returncode == 0, made.stderr
    ward = json.loads(made.stdout)
    assert (ward["name"], ward["version"]) == ("Hồng Bàng", 1)

    person = {
        "change": WHY,
        "ward_id": ward["id"],
        "kind": "person",
        "full_name": "Trần Thử",
        "national_id": "999190000123",
    }
    holder = json.loads(gisland("create", "holder", "-", said=person).stdout)
    shown = gisland("show", "holder", str(holder["id"]))
    assert json.loads(shown.stdout) == holder
    assert "999190000123" not in shown.stdout
    tag = shown.stderr.partition("ETag: ")[2].strip()

    change = ("patch", "holder", str(holder["id"]), "-", "--if-match", tag)
    patched = gisland(*change, said={"change": WHY, "gender": "male"})
    assert json.loads(patched.stdout)["gender"] == "male"
    late = gisland(*change, said={"change": WHY, "gender": None})
    assert late.returncode == 9
    assert '"2-' in late.stderr

    states = json.loads(gisland("history", "holder", str(holder["id"])).stdout)
    assert [state["record"]["gender"] for state in states] == ["male", None]
    assert states[0]["changes"][0]["by"].startswith("cli:")
    before = gisland("show", "holder", str(holder["id"]), "--as-of", str(states[1]["data_version"]))
    assert json.loads(before.stdout) == holder

    revealed = gisland("reveal", str(holder["id"]), "--reason", "đối chiếu")
    assert revealed.stdout == "999190000123\n"
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM audit.event WHERE tag = 'identity:revealed'") == 1


def test_list_page_by_page(gisland: Run) -> None:
    for code in ("1", "2", "3"):
        gisland("create", "unit", "-", said={"change": WHY, "level": "province", "code": code, "name": code})
    first = gisland("list", "unit", "--where", "level=province", "--limit", "2")
    assert [json.loads(line)["code"] for line in first.stdout.splitlines()] == ["1", "2"]
    cursor = first.stderr.split()[-1]
    second = gisland("list", "unit", "--where", "level=province", "--limit", "2", "--cursor", cursor)
    assert [json.loads(line)["code"] for line in second.stdout.splitlines()] == ["3"]


def test_what_is_wrong_is_one_line_without_values(gisland: Run) -> None:
    said = {"change": WHY, "ward_id": 1, "kind": "person", "full_name": "", "national_id": "999190000123"}
    for words, body, code in (
        (("show", "nothing", "1"), None, 2),
        (("show", "parcel", "1"), None, 3),
        (("list", "parcel", "--where", "full_name=x"), None, 7),
        (("create", "holder", "-"), said, 7),
        (("create", "holder", "-"), said | {"full_name": "Trần Thử"}, 7),
        (("create", "change", "-"), {}, 2),
        (("history", "change", "1"), None, 2),
        (("create", "unit", "no-such-file.json"), None, 1),
    ):
        done = gisland(*words, said=body)
        assert done.returncode == code, done.stderr
        assert done.stderr.startswith("lỗi / error:")
        assert len(done.stderr.splitlines()) == 1
        assert "999190000123" not in done.stderr + done.stdout


def test_acts_timeline_and_search(gisland: Run, land: Land) -> None:
    parcel = str(land.west)
    said = {"change": WHY, "version": land.seen(land.west).version}
    done = gisland("act", "renumber", "-", "--id", parcel, said=said)
    assert (done.returncode, json.loads(done.stdout)["parcel_no"]) == (0, "3"), done.stderr
    assert gisland("act", "renumber", "-", "--id", parcel, said=said).returncode == 9
    assert gisland("act", "nothing", "-", said=said).returncode == 2
    assert gisland("act", "renumber", "-", said=said).returncode == 2
    assert gisland("act", "split", "-", "--id", parcel, said=said).returncode == 7
    told = gisland("timeline", parcel).stdout
    assert "renumber" in told
    assert "parcel_no: 1 → 3" in told
    assert json.loads(gisland("lineage", parcel).stdout) == []
    assert "số cũ" in gisland("search", "tờ 1 thửa 1").stdout


def test_a_restriction_is_ended(gisland: Run, land: Land) -> None:
    said = {"change": WHY, "ward_id": land.ward, "parcel_id": land.west, "kind": "mortgage"}
    made = str(json.loads(gisland("create", "restriction", "-", said=said).stdout)["id"])
    done = gisland("act", "release", "-", "--id", made, said={"change": WHY, "version": 1})
    assert done.returncode == 0, done.stderr
    assert json.loads(gisland("show", "restriction", made).stdout)["retired_by"] == json.loads(done.stdout)["change"]
