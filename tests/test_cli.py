"""What a command says of a fault of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gisland.settings import Settings

FAULTY = """
import sys
from gisland.demo import commands

def load_demo(settings):
    raise TypeError("values of a row")

commands.load_demo = load_demo
sys.argv = ["gisland", "demo", "load"]
from gisland.__main__ import main
main()
"""


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_only_who_looks_for_a_fault_is_told_where_it_is(settings: Settings, level: str) -> None:
    env = settings.model_copy(update={"log_level": level}).as_environment()
    done = subprocess.run([sys.executable, "-c", FAULTY], env=env, capture_output=True, text=True, check=False)
    *lines, last = done.stderr.strip().splitlines()
    assert done.returncode == 1
    assert last == "lỗi / error: something went wrong (TypeError); GISLAND_LOG_LEVEL=DEBUG tells more"
    told = [json.loads(line) for line in lines]
    assert ["in load_demo" in each.get("exception", "") for each in told if each["event"] == "unexpected"] == (
        [True] if level == "DEBUG" else []
    )
    assert level == "DEBUG" or not told
