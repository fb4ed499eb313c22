"""The atlases of all groups of a ward, on all cores; what was finished before is kept, so that it can be resumed.

Beside the files lies a list of them (`LIST`): of which data version and settings each is, and its hash. A file that is
what would be drawn now is not drawn again; one that was changed, or is of an older version, is.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import Connection

from gisland.catalogue import load_palette
from gisland.database import pooled_acts, run
from gisland.errors import GislandError, InputError, NotFound, UsageError
from gisland.kit.processes import attend
from gisland.printing.atlas import PRODUCT, Order, print_atlas
from gisland.printing.code import drawn_by
from gisland.printing.drawing import DATABASE_FAULT
from gisland.printing.files import plain, write_private
from gisland.printing.paper import paper
from gisland.printing.press import noted_later, write_notes
from gisland.printing.product import AtlasProduct, load_product
from gisland.printing.read import SQL
from gisland.printing.remarks import said
from gisland.security.subject import Subject
from gisland.settings import Settings

LIST = "gisland-prints.json"
State = Literal["drawn", "kept", "empty", "failed"]


@dataclass(frozen=True)
class Group:
    """What became of a group."""

    code: str
    file: str
    state: State
    pages: int = 0
    parcels: int = 0
    reason: str = ""
    """Why it could not be drawn, or what is to be known of what was."""
    entry: dict[str, Any] | None = None
    """Of the list of files."""
    processor_seconds: float = 0.0
    memory_mb: int = 0
    """Most that the process that drew it has taken so far."""


def print_ward(
    settings: Settings, subject: Subject, order: Order, folder: Path, *, processes: int, told: Callable[[Group], None]
) -> list[Group]:
    """Print the atlas of each group of a ward.

    Args:
        settings: of the service.
        subject: who prints.
        order: paper, scale and so on of each; its `group` does not matter.
        folder: where the files go; it is made when it is not there.
        processes: how many draw at a time.
        told: called when a group is done.

    Returns:
        What became of each group, in their order.

    Raises:
        NotFound: there is no such ward, or it has no groups.
        UsageError: paper or scale make no sense.
    """
    paper(order.paper, order.orientation)
    codes, version = _groups(settings, order.ward)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries, setting = _read_list(folder), fingerprint(settings, subject, order)
    kept: list[Group] = []
    todo: list[tuple[str, str]] = []
    for code, name in _named(order.ward, codes):
        entry = entries.get(name)
        if (
            entry is not None
            and entry["version"] == version
            and entry["setting"] == setting
            and _is(folder, name, entry)
        ):
            kept.append(Group(code, name, "kept", entry["pages"], entry["parcels"], entry=entry))
            told(kept[-1])
        else:
            todo.append((code, name))
    done = {each.code: each for each in kept}
    for group in _drawn(settings, subject, order, folder, todo, processes):
        if group.entry is not None:
            entries[group.file] = group.entry | {"setting": setting}
            _write_list(folder, entries)
        done[group.code] = group
        told(group)
    return [done[code] for code in codes if code in done]


def fingerprint(settings: Settings, subject: Subject, order: Order) -> str:
    """A hash of all that a file depends on beside the data of its group."""
    product, palette = load_product(settings, PRODUCT, AtlasProduct), load_palette(settings)
    asked = replace(order, group="", reason="")
    facts = (drawn_by(), product.model_dump_json(), palette.model_dump_json(), repr(asked), subject.name)
    return hashlib.sha256("\n".join((*facts, repr(subject.grants))).encode()).hexdigest()


def draw_one(settings: Settings, subject: Subject, order: Order, folder: Path, name: str) -> Group:
    """Draw one group and write its file, in a process of the pool. Errors come back as words."""
    start = time.process_time()
    try:
        with noted_later() as notes:
            printed = print_atlas(settings, subject, order)
        write_private(folder / name, printed.content, lambda: write_notes(settings, notes))
    except NotFound as error:
        return Group(order.group, name, "empty", reason=str(error))
    except GislandError as error:
        return Group(order.group, name, "failed", reason=str(error))
    except psycopg.Error as error:
        # The type only: the text of a database error may quote values.
        return Group(order.group, name, "failed", reason=DATABASE_FAULT.format(type(error).__name__))
    except OSError as error:
        return Group(order.group, name, "failed", reason=f"không ghi được tệp · cannot write: {error.strerror}")
    scene = printed.edition
    entry = {
        "version": scene.group.version,
        "sha256": printed.sha256,
        "print_id": printed.edition.print_id,
        "pages": scene.pages,
        "parcels": len(scene.group.parcels),
    }
    seconds = time.process_time() - start
    return Group(
        *(order.group, name, "drawn", scene.pages, len(scene.group.parcels)),
        reason=said(scene.remarks),
        entry=entry,
        processor_seconds=seconds,
        memory_mb=_most_memory(),
    )


def _begin(settings: Settings) -> None:
    """Make a process of the pool ready: a session that stays, for a new one plans all statements of a print anew."""
    attend()
    opened = ExitStack()
    opened.enter_context(pooled_acts(settings, 1))
    Finalize(None, opened.close, exitpriority=0)


def _drawn(
    settings: Settings, subject: Subject, order: Order, folder: Path, todo: list[tuple[str, str]], processes: int
) -> Iterator[Group]:
    """The groups, whichever is done first; few wait at a time, so that Ctrl-C ends soon."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gisland.printing.ready"])
    waiting: set[Future[Group]] = set()
    left = iter(todo)
    with ProcessPoolExecutor(min(processes, max(1, len(todo))), context, _begin, (settings,)) as pool:
        try:
            while True:
                while len(waiting) < 2 * processes and (each := next(left, None)) is not None:
                    code, name = each
                    waiting.add(pool.submit(draw_one, settings, subject, replace(order, group=code), folder, name))
                if not waiting:
                    return
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def ward_groups(settings: Settings, ward: str) -> int:
    """How many groups a ward has.

    Raises:
        NotFound: there is no such ward, or it has none.
    """
    return len(_groups(settings, ward)[0])


def _groups(settings: Settings, ward: str) -> tuple[list[str], int]:
    """The codes of the groups of a ward, and the data version."""

    def work(connection: Connection) -> tuple[list[str], int]:
        codes = [row[0] for row in connection.execute(SQL["groups"], {"ward": ward})]
        version = connection.execute(SQL["version"]).fetchone()
        return codes, 0 if version is None else version[0]

    codes, version = run(settings, work)
    if not codes:
        raise NotFound(
            f"phường {ward} không có tổ dân phố nào · there is no ward {ward} with residential groups",
            hint="gisland unit list",
        )
    return codes, version


def _named(ward: str, codes: list[str]) -> Iterator[tuple[str, str]]:
    """Each group with the name of its file; no two have the same."""
    taken: set[str] = set()
    for code in codes:
        stem = f"atlas-{plain(ward)}-{plain(code)}"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.casefold())
        yield code, f"{name}.pdf"


def _is(folder: Path, name: str, entry: dict[str, Any]) -> bool:
    """Whether a file is what the list says."""
    try:
        with (folder / name).open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"])
    except FileNotFoundError:
        return False


def _read_list(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / LIST
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        whole = {
            name: each
            for name, each in found["files"].items()
            if {"version", "setting", "sha256", "pages", "parcels"} <= each.keys()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            "danh sách tệp hỏng · the list of files is damaged", hint="xoá nó để in lại tất cả · delete it", file=LIST
        ) from None
    return whole


def _write_list(folder: Path, entries: dict[str, dict[str, Any]]) -> None:
    text = json.dumps({"files": entries}, ensure_ascii=False, indent=1, sort_keys=True)
    write_private(folder / LIST, text.encode())


def _most_memory() -> int:
    """Mebibytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def cores() -> int:
    """Processors that this program may use."""
    return len(os.sched_getaffinity(0))


def check_folder(folder: Path) -> None:
    """See that files can go there.

    Raises:
        UsageError: it is a file, or lies in a folder that is not there.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("đây là tệp, không phải thư mục · this is a file, no folder", file=folder.name)
    if not folder.absolute().parent.is_dir():
        raise UsageError("thư mục mẹ không có · the folder above is not there", file=folder.name)
