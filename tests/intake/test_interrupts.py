"""Ctrl-C while a file is being written down: nothing of it is there, and the same file is taken in afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import Connection

from gisland.database import Role
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import Report
from gisland.settings import Settings
from gisland.verification.results import accept_results
from tests.factories import one
from tests.intake.files import RESULTS, add_ward, form_row, parcel, result_row, write_form, write_parcels, write_table

Open = Callable[[Role], Connection]

LEFT = """
    SELECT (SELECT count(*) FROM registry.parcel), (SELECT count(*) FROM registry.holder),
           (SELECT count(*) FROM registry.certificate), (SELECT count(*) FROM registry.holding),
           (SELECT count(*) FROM verification.evidence), (SELECT count(*) FROM intake.batch),
           (SELECT count(*) FROM intake.source_row), (SELECT count(*) FROM registry.change),
           (SELECT count(*) FROM audit.event), (SELECT max(version) FROM publish.data_version)
"""
# Command, and the table that it is held up at.
KINDS = {
    "parcels": (["intake", "parcels"], "registry.land_use"),
    "form": (["intake", "form"], "registry.holding"),
    "results": (["verify", "results"], "verification.evidence"),
}


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> dict[str, Path]:
    """A ward with one parcel and its holder, and a file of each kind that brings more."""
    add_ward(settings)
    intake_parcels(settings, write_parcels(tmp_path / "a.gpkg", [parcel(1)]), "11311", by="test")
    intake_form(settings, write_form(tmp_path / "a.xlsx", [form_row(1)]), "11311", by="test")
    return {
        "parcels": write_parcels(tmp_path / "b.gpkg", [parcel(number) for number in range(1, 5)]),
        "form": write_form(tmp_path / "b.xlsx", [form_row(number) for number in range(1, 5)]),
        "results": write_table(tmp_path / "kq.xlsx", RESULTS, [result_row(1, "Khớp")]),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_leaves_nothing(
    settings: Settings, files: dict[str, Path], open_connection: Open, kind: str
) -> None:
    words, table = KINDS[kind]
    holder, watcher = open_connection(Role.MIGRATOR), open_connection(Role.APP)
    watcher.autocommit = True
    before = watcher.execute(LEFT.encode()).fetchone()
    holder.execute("SET ROLE gisland_owner")
    holder.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
    process = subprocess.Popen(
        [sys.executable, "-m", "gisland", *words, str(files[kind]), "--ward", "11311"],
        env=settings.as_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background were started with Ctrl-C ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    deadline = time.monotonic() + 120
    while not one(watcher, blocked, holder.info.backend_pid):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in errors
    holder.rollback()
    assert watcher.execute(LEFT.encode()).fetchone() == before
    takes: dict[str, Callable[..., Report]] = {
        "parcels": intake_parcels,
        "form": intake_form,
        "results": accept_results,
    }
    assert takes[kind](settings, files[kind], "11311", by="test").written
