"""Structured logging, one JSON line per event, to standard error.

Events carry names, counts, codes and durations; never query strings, bodies or values of the registry, which could be
personal data.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def set_up_logging(level: str) -> None:
    """Make structlog and the standard library write JSON lines to standard error."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        foreign_pre_chain=processors,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What libraries say of each job that comes every few seconds, and of their own plugins, would hide all else.
    quiet = logging.DEBUG if level.upper() == "DEBUG" else logging.WARNING
    for name in ("procrastinate", "pygeoapi", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(quiet)
