"""`gisland audit`: what it says, its exit codes, what it notes; and a log that went through a dump."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gisland.cli import main
from gisland.database import Role, cluster, connect
from gisland.database.dump import dump, restore
from gisland.settings import Settings
from tests.audit.conftest import Log
from tests.factories import one

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gisland(log: Log, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line within this process; gives the exit code and what was said."""
    for name, value in log.settings.as_environment().items():
        monkeypatch.setenv(name, value)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gisland", "audit", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return command


def tags(log: Log) -> list[str]:
    with connect(log.settings, Role.APP) as connection:
        query = "SELECT tag FROM audit.event WHERE tag LIKE 'audit:%' AND subject LIKE 'cli:%' ORDER BY id"
        return [row[0] for row in connection.execute(query).fetchall()]


def test_seal_and_verify(gisland: Run, log: Log) -> None:
    log.write(3)
    code, out, _ = gisland("verify")
    assert code == 0
    assert "proven events: 0, " in out
    code, out, _ = gisland("seal")
    assert code == 0
    assert int(out.rpartition(" ")[2]) >= 4
    log.write(2)
    code, out, _ = gisland("verify")
    assert code == 0
    assert "not sealed yet: 2, 0 s" in out or "not sealed yet: 2, 1 s" in out
    assert "lỗi · faults: 0" in out
    with log.tampering() as connection:
        connection.execute("UPDATE audit.event SET object = 'x' WHERE tag = 'registry:read'")
    code, out, err = gisland("verify")
    assert code == 20
    assert "lỗi · faults: 3" in out
    assert err.count("changed (vị trí · position ") == 3
    assert tags(log) == ["audit:verified"] * 3


def test_list_and_export(gisland: Run, log: Log, tmp_path: Path) -> None:
    log.write(5)
    code, out, err = gisland("list", "--subject", "account:thu", "--limit", "3")
    assert code == 0
    first = [json.loads(line)["object"] for line in out.splitlines()]
    _, out, _ = gisland("list", "--subject", "account:thu", "--cursor", err.split()[-1])
    assert first + [json.loads(line)["object"] for line in out.splitlines()] == [f"holder:{n}" for n in (4, 3, 2, 1, 0)]
    file = tmp_path / "events.csv"
    code, _, err = gisland("export", str(file), "--tag", "registry:read")
    assert code == 0, err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8-sig", newline="") as read:
        assert [row["object"] for row in csv.DictReader(read)] == [f"holder:{n}" for n in (4, 3, 2, 1, 0)]
    assert tags(log) == ["audit:read", "audit:read", "audit:exported"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("export", "/"), 6),
        (("list", "--from", "yesterday"), 2),
        (("list", "--cursor", "x"), 2),
        (("list", "--tag", "no:such"), 2),
        (("drop-months", "--before", "2020-01"), 2),
        (("drop-months", "--before", "2020-13", "--yes"), 2),
        (("drop-months", "--before", "2999-01", "--yes"), 6),
    ],
)
def test_what_is_wrong_is_told_in_a_line(gisland: Run, log: Log, words: tuple[str, ...], code: int) -> None:
    told, _, err = gisland(*words)
    assert told == code
    assert "Traceback" not in err
    assert tags(log) == []


def test_old_months_are_told_and_dropped_when_asked(gisland: Run, log: Log) -> None:
    log.clear()
    log.write_at("2021-05-05T00:00:00Z", 3)
    log.seal()
    log.write()
    log.seal()
    code, out, _ = gisland("verify")
    assert code == 0
    assert "older than the retention: gisland audit drop-months --before" in out
    code, out, err = gisland("drop-months", "--before", "2022-01", "--yes")
    assert code == 0, err
    assert "2021-05, 3 " in out
    log.seal()
    code, out, _ = gisland("verify")
    assert code == 0
    assert "dropped up to: 2021-05" in out
    assert "older than the retention" not in out
    code, out, _ = gisland("drop-months", "--before", "2022-01", "--yes")
    assert "nothing to drop" in out
    assert tags(log) == ["audit:verified", "audit:month_dropped", "audit:verified"]


@pytest.fixture
def elsewhere(log: Log) -> Iterator[Log]:
    """A new machine, with the anchor file brought along."""
    with tempfile.TemporaryDirectory(prefix="gisland-") as folder:
        Path(folder).chmod(0o711)
        anchors = log.settings.audit_anchor_path
        settings = Settings(database_url=None, state_dir=Path(folder) / "state", workers=1, audit_anchor_file=anchors)
        yield Log(settings)
        cluster.remove(settings)


def test_a_restored_log_is_proven_and_goes_on(log: Log, elsewhere: Log, tmp_path: Path) -> None:
    log.clear()
    log.write_at("2021-05-05T00:00:00Z", 3)
    log.write(3)
    log.seal()
    log.write(2)
    log.seal()
    log.write(2)
    file = tmp_path / "log.dump"
    dump(log.settings, file)
    restore(elsewhere.settings, file)
    report = elsewhere.verify()
    assert (report.events, report.unsealed, report.fault_count) == (8, 2, 0)
    for count in (2, 1, 1, 1):
        assert elsewhere.seal() == count
        elsewhere.write()
    assert elsewhere.faults() == []
    with connect(elsewhere.settings, Role.APP) as connection:
        assert (
            one(connection, "SELECT floor FROM audit.sealer") > one(connection, "SELECT min(id) FROM audit.event") + 7
        )
    with elsewhere.tampering() as connection:
        connection.execute("UPDATE audit.event SET object = 'x' WHERE id = (SELECT min(id) FROM audit.event)")
    assert elsewhere.faults() == [("changed", 1)]


def test_a_restored_older_dump_is_told(log: Log, elsewhere: Log, tmp_path: Path) -> None:
    """What was sealed after it is lost, and the anchors say so."""
    log.write()
    log.seal()
    file = tmp_path / "log.dump"
    dump(log.settings, file)
    log.write(2)
    later = Log(log.settings.model_copy(update={"audit_anchor_rows": 1}))
    later.seal()
    restore(elsewhere.settings, file)
    assert [kind for kind, _ in elsewhere.faults()] == ["truncated"]


def test_it_is_helped(gisland: Run) -> None:
    done = subprocess.run([sys.executable, "-m", "gisland", "audit", "--help"], capture_output=True, text=True)
    assert {"list", "export", "seal", "verify", "drop-months"} <= set(done.stdout.replace("│", " ").split())
