"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

FOR_ALL = 0o644
FOR_OWNER = 0o600
"""Of what may tell of persons."""


@contextmanager
def written_whole(target: Path, *, mode: int = FOR_OWNER, ending: str | None = None) -> Iterator[Path]:
    """A draft to write to, which takes the place of a file when the block ends well; else the file stays as it was.

    The draft lies beside the file, in a folder of its own that nobody else may look into.

    Args:
        target: the file.
        mode: who may read it, whatever the umask says.
        ending: of the name of the draft, where a program tells by it what to write; default: that of the file.
    """
    with TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
        draft = Path(folder) / f"draft{target.suffix if ending is None else ending}"
        yield draft
        draft.chmod(mode)
        draft.replace(target)
