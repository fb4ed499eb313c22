"""No national id in clear in any table, index or dump of the database, nor in what a server or command says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from gisland.database import Role, connect, conninfo
from gisland.database.cluster_host import client_program
from gisland.demo.generate import DemoFiles, generate
from gisland.demo.load import load_demo
from gisland.settings import Settings
from tests.factories import one

ID = re.compile(r"999\d{9}")


def ids_in(workbook: Path) -> set[str]:
    """All national ids that a workbook holds."""
    sheets = CalamineWorkbook.from_path(workbook)
    cells = (cell for name in sheets.sheet_names for row in sheets.get_sheet_by_name(name).to_python() for cell in row)
    return {found for cell in cells for found in ID.findall(str(cell))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(300, 1, tmp_path_factory.mktemp("demo"), None)


def test_dump_holds_no_id_in_clear(settings: Settings, files: DemoFiles, capfd: pytest.CaptureFixture[str]) -> None:
    ids = set[str]().union(*map(ids_in, files.forms))
    assert len(ids) > 100
    load_demo(settings, files)
    with connect(settings, Role.APP) as connection:
        # The very ids are there, sealed: the search below has something to find.
        assert one(connection, "SELECT count(DISTINCT id_hash) FROM registry.holder") > 100
    said = "".join(capfd.readouterr())
    dump = subprocess.run(
        [client_program("pg_dump"), "--dbname", conninfo(settings, Role.BACKUP)], capture_output=True, check=True
    ).stdout.decode()
    assert "COPY registry.holder" in dump
    assert not ids & set(ID.findall(dump))
    assert not ids & set(ID.findall(said))
