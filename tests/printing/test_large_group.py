"""The long proof of a group of 5,000 parcels: its atlas keeps what is promised of all, and takes no more memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gisland.catalogue import Catalogue
from gisland.database import run
from gisland.demo.generate import generate
from gisland.demo.load import load_demo
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.printing.conftest import WHY
from tests.printing.outside import check_file
from tests.printing.proofs import CHECKS
from tests.printing.seen import Seen
from tests.printing.truth import read_ward

pytestmark = pytest.mark.proof
PARCELS, GROUP = 5000, "01"
QUERY = """
    UPDATE registry.parcel SET residential_group_id = one.id
      FROM registry.residential_group one WHERE one.code = %s
"""
MEBIBYTES = 400
"""As for a group of a ward."""


@pytest.fixture(scope="module")
def large(server: Settings) -> Iterator[Settings]:
    """A demo ward all of whose parcels are of one group."""
    with clone_of(server) as settings, tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        load_demo(settings, generate(PARCELS, 1, Path(folder)), output=nowhere)
        run(settings, lambda connection: connection.execute(QUERY, [GROUP]))
        yield settings


def test_a_group_of_5000_parcels(large: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "atlas.pdf"
    command = [sys.executable, "-m", "gisland", "print", "atlas", "--ward", "11311", "--group", GROUP, "--paper", "A3"]
    process = subprocess.Popen([*command, "--reason", WHY, "--out", str(file)], env=large.as_environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    mebibytes = usage.ru_maxrss // 1024
    ward = read_ward(large)
    seen = Seen(file.read_bytes(), ward, GROUP, catalogue.palette)
    assert len(seen.parcels) == len(ward.parcels) >= PARCELS
    faults = []
    for check in CHECKS:
        try:
            check(seen)
        except AssertionError as fault:
            faults.append(f"{check.__name__}: {str(fault)[:300]}")
    assert not faults
    check_file(seen.content, tmp_path)
    assert mebibytes < MEBIBYTES
