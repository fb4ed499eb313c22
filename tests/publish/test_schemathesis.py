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
ALIKE = "/collections/(parcels-former|map-sheets|wards)"
# The parameters of all other paths have few values, or those of parcels, read by the same code.
FEW_VALUED = "^(?!/(collections/parcels/|jobs$|processes$))"


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
    ("phase", "examples", "by_staff", "left_out"),
    [
        ("fuzzing", 3, False, ALIKE),
        ("fuzzing", 3, True, ALIKE),
        # Who is signed in is asked to meet all that others meet, too.
        ("coverage", 1, True, FEW_VALUED),
        *(
            pytest.param(phase, examples, by_staff, "", marks=pytest.mark.proof)
            for phase, examples in (("examples", 1), ("coverage", 1), ("fuzzing", 60))
            for by_staff in (False, True)
        ),
    ],
    ids=lambda each: {ALIKE: "some", FEW_VALUED: "some", "": "all"}.get(each),
)
def test_ogc_keeps_to_its_document(
    live_server: LiveServer, phase: str, examples: int, left_out: str, *, by_staff: bool
) -> None:
    options: tuple[str, ...] = signed_in(live_server) if by_staff else ()
    if left_out:
        options += ("--exclude-path-regex", left_out)
    checks = (REFUSED,) if (phase, examples) == ("fuzzing", 3) else ()
    asked = run(live_server, "GET", phase, examples, *options, checks=checks)
    assert asked > (7 if left_out == FEW_VALUED else 20) or phase == "examples"


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
