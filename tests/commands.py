"""The command line within the process of the tests: to start Python anew takes longer than most commands."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from gisland.cli import main
from gisland.settings import PREFIX, Settings


class Said(NamedTuple):
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def gisland(settings: Settings, *words: str) -> Said:
    """Run a command as a program of its own would, under these settings."""
    return command(settings.as_environment(), *words)


def command(environment: dict[str, str], *words: str) -> Said:
    """Run a command in an environment, to which its settings belong."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.keys():
            if name.startswith(PREFIX):
                patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["gisland", *words])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())
