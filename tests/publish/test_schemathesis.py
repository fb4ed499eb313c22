"""schemathesis asks the OGC API whatever its document allows, and more: no answer departs from it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.live import LiveServer

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


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(
    ("phase", "examples"), [("fuzzing", 5), ("coverage", 1), pytest.param("fuzzing", 60, marks=pytest.mark.proof)]
)
def test_ogc_keeps_to_its_document(live_server: LiveServer, phase: str, examples: int, *, signed_in: bool) -> None:
    auth = ("--auth", ":".join(live_server.admin)) if signed_in else ()
    checks = (*CHECKS, *([REFUSED] if (phase, examples) == ("fuzzing", 5) else []))
    # One worker: Python 3.11 parses no code in two threads at once without a rare error of its own (SystemError).
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{live_server.url}/ogc/api"),
        *("--url", f"{live_server.url}/ogc", "--include-method", "GET", *auth),
        *("--phases", phase, "--max-examples", str(examples), "--generation-deterministic", "--no-color"),
        *("--checks", ",".join(checks), "--workers", "1", "--request-timeout", "30"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) > 20
