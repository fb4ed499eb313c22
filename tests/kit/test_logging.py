"""What is logged: what libraries say of every job would hide all else."""

from __future__ import annotations

import logging

import pytest

from gisland.kit.logging import set_up_logging


@pytest.mark.parametrize(("level", "said"), [("INFO", False), ("DEBUG", True), ("info", False)])
def test_jobs_that_come_every_few_seconds_are_told_to_who_looks_for_faults(level: str, *, said: bool) -> None:
    before = logging.getLogger("procrastinate").level
    set_up_logging(level)
    assert logging.getLogger("procrastinate.worker").isEnabledFor(logging.INFO) is said
    assert logging.getLogger("procrastinate.worker").isEnabledFor(logging.WARNING)
    assert logging.getLogger("gisland").isEnabledFor(logging.INFO)
    set_up_logging("INFO")
    logging.getLogger("procrastinate").setLevel(before)
