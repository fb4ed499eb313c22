"""What an intake did, on one screen, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gisland.kit.identifiers import mask_ids

# Called with rows done and rows in all, from time to time.
Advance = Callable[[int, int], None]

LABELS = {
    "rows": "dòng trong tệp · rows in the file",
    "new": "mới · new",
    "changed": "thay đổi · changed",
    "unchanged": "không đổi · unchanged",
    "assets": "tài sản mới · new assets",
    "conflicts": "xung đột, giữ nguyên · conflicts, left alone",
    "unmatched": "chưa gắn được · not matched",
}
# What a file does not overwrite: somebody corrected, split or ended it, maybe while the file was being taken in.
CORRECTED = "đã được sửa trong CSDL, tệp không ghi đè · corrected since, not overwritten"
MEND = "nếu tệp đúng, hãy sửa trong CSDL · if the file is right, correct the record itself"


def no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass
class Report:
    """Counts of rows, with the remarks that a person should read. No personal data.

    `written` says whether the registry is another one afterwards.
    """

    file: str
    unit: str
    layout: str
    counts: dict[str, int]
    remarks: list[str] = field(default_factory=list)
    written: bool = False
    dry_run: bool = False

    def __str__(self) -> str:
        """The summary as it is printed."""
        lines = [f"{mask_ids(self.file)} → {self.unit} ({self.layout})"]
        lines += [f"  {self.counts[key]:>9,}  {label}" for key, label in LABELS.items() if key in self.counts]
        lines += [f"  • {remark}" for remark in self.remarks]
        if not self.written:
            lines.append("  Không có gì thay đổi. · Nothing changes.")
        if self.dry_run:
            lines.append("  CHẠY THỬ: không ghi gì vào CSDL. · DRY RUN: nothing was written.")
        return "\n".join(lines)


@contextmanager
def progress_bar(text: str) -> Iterator[Advance]:
    """A bar on standard error; silent when that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(mask_ids(text), total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            if done >= total:
                progress.update(task, description="ghi vào CSDL · writing")

        yield advance


def examples(items: list[str], most: int = 10) -> str:
    """The first few of a list, and how many more there are."""
    more = f" … (+{len(items) - most})" if len(items) > most else ""
    return ", ".join(items[:most]) + more
