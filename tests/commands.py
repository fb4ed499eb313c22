"""The command line within the process of the tests: to start Python anew takes longer than most commands."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple, TextIO

import pytest

from gisland.cli import main
from gisland.demo.generate import DemoFiles
from gisland.demo.load import load_demo
from gisland.settings import PREFIX, Settings


class Said(NamedTuple):
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def gisland(settings: Settings, *words: object, temporary: Path | None = None) -> Said:
    """Run a command as a program of its own would, under these settings; its temporary files come into a folder."""
    return command(settings.as_environment(), *words, temporary=temporary)


def command(environment: dict[str, str], *words: object, temporary: Path | None = None) -> Said:
    """Run a command in an environment, to which its settings belong."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.keys():
            if name.startswith(PREFIX):
                patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        if temporary is not None:
            patch.setenv("TMPDIR", str(temporary))
            patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(sys, "argv", ["gisland", *map(str, words)])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def here(settings: Settings, _: TextIO | None, *words: object) -> None:
    """How a demo ward is loaded in this process: its six programs take longer to start than to do their work."""
    said = gisland(settings, *words)
    assert said.returncode == 0, said.stderr


def take_in(settings: Settings, files: DemoFiles) -> None:
    """Load a demo ward by the same commands, in this process."""
    load_demo(settings, files, command=here)
