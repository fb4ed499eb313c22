"""schemathesis asks the OGC API whatever its document allows, and more: no answer departs from it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gisland.database import Role, connect
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import one
from tests.live import LiveServer, start_server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# What lies outside of a schema is refused, but for a `limit` above the maximum: Part 1 says that the page is smaller
# then. The phase `coverage` asks for just that, and so does who asks long enough; the few of each day do not.
REFUSED = "negative_data_rejection"
# Layers of the same kind: each day one of them is asked.
ALIKE = "/collections/(parcels-former|map-sheets|wards"


@pytest.fixture(scope="module")
def written(demo_ward: Settings) -> Iterator[LiveServer]:
    """A server of its own, on which orders are placed."""
    with clone_of(demo_ward) as settings, start_server(settings) as live:
        yield live


def run(live: LiveServer, method: str, phase: str, examples: int, *options: str, checks: tuple[str, ...] = ()) -> int:
    """Let schemathesis ask, and find nothing. Returns how many operations it asked for."""
    # One worker: Python 3.11 parses no code in two threads at once without a rare error of its own (SystemError).
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{live.url}/ogc/api"),
        *("--url", f"{live.url}/ogc", "--include-method", method, *options),
        *("--phases", phase, "--max-examples", str(examples), "--generation-deterministic", "--no-color"),
        *("--checks", ",".join((*CHECKS, *checks)), "--workers", "1", "--request-timeout", "30"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None, done.stdout[-2000:]
    return int(tested[1])


def signed_in(live: LiveServer) -> tuple[str, str]:
    return "--auth", ":".join(live.admin)


@pytest.mark.parametrize(
    ("phase", "examples", "by_staff"),
    [
        ("fuzzing", 3, False),
        ("fuzzing", 3, True),
        # Who is signed in is asked to meet all that others meet, too.
        ("coverage", 1, True),
        *(
            pytest.param(phase, examples, by_staff, marks=pytest.mark.proof)
            for phase, examples, by_staff in (
                ("coverage", 1, False),
                *(each for staff in (False, True) for each in (("examples", 1, staff), ("fuzzing", 60, staff))),
            )
        ),
    ],
)
def test_ogc_keeps_to_its_document(live_server: LiveServer, phase: str, examples: int, *, by_staff: bool) -> None:
    options: tuple[str, ...] = signed_in(live_server) if by_staff else ()
    quick = (phase, examples) in {("fuzzing", 3), ("coverage", 1)}
    if quick:
        # Each value of each parameter is asked of the parcels only: the other layers are read by the same code.
        options += ("--exclude-path-regex", ALIKE + ("|residential-groups)" if phase == "coverage" else ")"))
    checks = (REFUSED,) if (phase, examples) == ("fuzzing", 3) else ()
    asked = run(live_server, "GET", phase, examples, *options, checks=checks)
    assert asked > 20 or phase == "examples"


@pytest.mark.parametrize(
    ("phase", "examples"),
    [
        ("examples", 1),
        ("fuzzing", 3),
        pytest.param("coverage", 1, marks=pytest.mark.proof),
        pytest.param("fuzzing", 60, marks=pytest.mark.proof),
    ],
)
def test_exports_and_orders_keep_to_it_too(written: LiveServer, phase: str, examples: int) -> None:
    before = noted(written)
    # The export of the staff layer, and processes.
    assert run(written, "POST", phase, examples, *signed_in(written)) == 2
    if phase == "examples":
        assert all(then < now for then, now in zip(before, noted(written), strict=True)), "no example was taken"


def noted(live: LiveServer) -> tuple[int, int]:
    """How many exports and orders of prints there were."""
    with connect(live.settings, Role.APP) as connection:
        exports = one(connection, "SELECT count(*) FROM audit.event WHERE tag LIKE %s", "%export%")
        return exports, one(connection, "SELECT count(*) FROM printing.job")
