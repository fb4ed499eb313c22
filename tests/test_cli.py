"""What a command says of a fault of its own."""

from __future__ import annotations

import re
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
def test_a_fault_is_told_by_its_place_and_never_by_its_values(settings: Settings, level: str) -> None:
    env = settings.model_copy(update={"log_level": level}).as_environment()
    done = subprocess.run([sys.executable, "-c", FAULTY], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = r"lỗi / error: có lỗi · something went wrong \(TypeError, gisland/demo/commands\.py:\d+\)\n"
    assert re.fullmatch(told, done.stderr)
