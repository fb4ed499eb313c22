"""The process that draws one print: with a bound of memory, ended when its worker ends, stopped by being killed.

worker thread ──starts──► drawing process ──Progress…──► Drawn | Failed
      │                                                        │
      └── kills it: dismissed, too late, worker ends ──────────┘
"""

from __future__ import annotations

import io
import multiprocessing
import os
import resource
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Any

import psycopg

from gisland.errors import DatabaseUnavailable, GislandError
from gisland.kit.processes import attend
from gisland.printing.press import Note, noted_later
from gisland.security.subject import Subject
from gisland.settings import Settings

NICE = 5
MEBIBYTE = 1024 * 1024
SPARE = 32 * MEBIBYTE
DATABASE_FAULT = "lỗi cơ sở dữ liệu · an error of the database: {}"
TOO_LARGE = "bản in quá lớn cho bộ nhớ · the print is too large for the memory: GISLAND_PRINT_MEMORY_MB"


@dataclass(frozen=True)
class Progress:
    """How far it is."""

    part: float
    message: str


@dataclass(frozen=True)
class Drawn:
    """The finished file: the fields of a `gisland.printing.products.File`; and what is to be noted with it."""

    file: dict[str, Any]
    notes: list[Note]


@dataclass(frozen=True)
class Failed:
    """Why there is none; whether the same might do another time."""

    reason: str
    again: bool = False


@dataclass(frozen=True)
class Task:
    """What is to be drawn, and for whom."""

    product: str
    inputs: dict[str, Any]
    subject: Subject


def start(settings: Settings, task: Task) -> tuple[BaseProcess, Pipe]:
    """Start to draw. What comes out of the pipe: `Progress`, then `Drawn` or `Failed`; nothing more when it dies."""
    context = multiprocessing.get_context("forkserver")
    # Each process is forked from one that has read the program and the fonts already.
    context.set_forkserver_preload(["gisland.printing.ready"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=draw, args=[theirs, settings, task], daemon=True)
    process.start()
    theirs.close()
    return process, ours


def draw(pipe: Pipe, settings: Settings, task: Task) -> None:
    """Draw, in the process that was started for it."""
    # Before the bound: a thread that finds no memory to begin with is waited for without end.
    attend()
    os.nice(NICE)
    most = settings.print_memory_mb * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with noted_later() as notes:
            file = _draw(pipe, settings, task)
        pipe.send(Drawn(file, notes))
    except MemoryError:
        pipe.send(Failed(TOO_LARGE))
    except DatabaseUnavailable as error:
        pipe.send(Failed(str(error), again=True))
    except GislandError as error:
        pipe.send(Failed(str(error)))
    except psycopg.Error as error:
        # The type only: the text of a database error may quote values.
        name = type(error).__name__
        pipe.send(Failed(DATABASE_FAULT.format(name), again=True))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the process ends
        # Libraries have many names for it: no thread, no module, no buffer.
        short = _data_bytes() > most - SPARE
        name = type(error).__name__
        pipe.send(Failed(TOO_LARGE if short else f"lỗi chương trình · an error of the program: {name}"))


def _data_bytes() -> int:
    """What counts against the bound of memory."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - with as little memory as can be
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))


def _draw(pipe: Pipe, settings: Settings, task: Task) -> dict[str, Any]:
    from gisland.printing.products import PRODUCTS, File

    product = PRODUCTS[task.product]
    inputs = product.inputs.model_validate(task.inputs)
    file = product.draw(settings, task.subject, inputs, lambda part, message: pipe.send(Progress(part, message)))
    assert isinstance(file, File)
    _check(file.content, file.pages)
    return vars(file)


def _check(content: bytes, pages: int) -> None:
    """A file with other pages than it says, or with one on which nothing is drawn, is none."""
    import pikepdf

    from gisland.printing.blank import frames_in, refuse_blank

    if not content.startswith(b"%PDF"):
        return
    with pikepdf.open(io.BytesIO(content)) as pdf:
        refuse_blank(pdf, frames_in(pdf))
        if len(pdf.pages) != pages:
            raise GislandError(f"số trang không đúng · the drawing has {len(pdf.pages)} pages, not {pages}")
