"""Functions that numba compiles to machine code, and where that code is kept.

Results are the same on every processor: LLVM neither reorders sums nor fuses products with them unless `fastmath` asks
for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])
HERE = Path(__file__).parent


def compiled(function: F) -> F:
    """A function for the others here; it cannot be called from Python, and has no arguments by keyword only."""
    # Division by zero gives infinity, as in numpy; whoever divides looks at what comes out.
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True}
    return cast(F, numba.njit(**options)(function))


def entry(signature: str) -> Callable[[F], F]:
    """A function that Python calls, for arguments of these types.

    When its module is imported, it and all that it calls is compiled (10 to 20 s), or read where that was done before
    (0.4 s).
    """
    kept = folder()
    if kept is not None:
        numba.config.CACHE_DIR = str(kept)  # type: ignore[attr-defined]  # numba sets its settings by name
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "cache": kept is not None}

    def decorate(function: F) -> F:
        return cast(F, numba.njit(signature, **options)(function))

    return decorate


def folder() -> Path | None:
    """A folder that can be written, beside the sources or else in the user's cache; None if neither can.

    It is named by what the sources say: numba itself looks only at the file of the function that is called. Where
    several processes compile at once, each of them writes, and the last one stays.
    """
    sources = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))
    name = f"numba-{hashlib.sha256(sources).hexdigest()[:16]}"
    given = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # NUMBA_CACHE_DIR
    for parent in (Path(given or HERE / "__pycache__"), Path("~/.cache/gisland")):
        try:
            found = parent.expanduser() / name
            found.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=found).close()
        except (OSError, RuntimeError):  # a user without a home
            continue
        return found
    return None
