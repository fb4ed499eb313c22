"""The shape of the code, as the design states it: who imports whom, how long files are, that each door is guarded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import BaseRoute, Mount, Route

from gisland.app import create_app
from gisland.cli import command_line
from gisland.security.guards import Require
from gisland.settings import Settings

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "gisland"

BASE = {"errors", "kit", "settings", "database"}
MIDDLE = {"security", "audit", "sql", "catalogue", "catalogue_checks", "palette", "jobs", "state"}
TOP = {"app", "cli", "server", "health", "metrics", "__main__"}
ROOMS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} - BASE - MIDDLE
# Sideways arrows, each with its reason.
SIDEWAYS = {
    ("demo", "web"),  # the picture of the README is taken of the demo
    ("demo", "printing"),  # and those of printed pages
    ("web", "printing"),  # the page of prints
    ("web", "verification"),  # the pages of lists for the police
    ("printing", "publish"),  # a product is a process of the OGC API, answered as its other resources are
    ("verification", "intake"),  # returned lists are files: read, staged and accepted like the others
    ("bench", "demo"),  # the races run on the demo ward
    ("bench", "publish"),  # and on its layers
    ("bench", "printing"),  # a page against that of QGIS
}


def allowed(source: str, target: str) -> bool:
    """Whether a part of the package may import another one."""
    if source == target or source in TOP:
        return target not in {"app", "cli"} or source in TOP
    if source in BASE:
        return target in BASE or target == "sql"
    if source in MIDDLE:
        return target in BASE | MIDDLE
    if target in TOP:
        return False
    return target in BASE | MIDDLE | {"registry"} or (source, target) in SIDEWAYS


def imports(path: Path) -> set[str]:
    """The parts of the package that a file imports, also within functions."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names += [f"gisland.{alias.name}" for alias in node.names] if module == "gisland" else [module]
    return {name.split(".")[1] for name in names if name.startswith("gisland.")}


FILES = sorted(PACKAGE.rglob("*.py"))
FILES = [path for path in FILES if "node_modules" not in path.parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows(path: Path) -> None:
    source = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    # Commands stand at the edge wherever they lie: they name their permission and note the act.
    edge = {"security", "audit"} if path.name == "commands.py" else set()
    wrong = {each for each in imports(path) - edge if each != "__version__" and not allowed(source, each)}
    assert not wrong, f"{source} must not import {wrong}"


def test_files_stay_short() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in FILES}
    lines |= {path: path.read_text(encoding="utf-8").count("\n") for path in (PROJECT / "tests").rglob("*.py")}
    assert not {str(path): count for path, count in lines.items() if count > 500}


def test_functions_stay_short() -> None:
    long = {
        f"{path.relative_to(PACKAGE)}:{node.name}": node.end_lineno - node.lineno
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > 60
    }
    assert not long


def routes(found: list[BaseRoute]) -> Iterator[Route]:
    for route in found:
        # FastAPI keeps the routers that were included, and mounts, as they are.
        inner = getattr(route, "original_router", route)
        if isinstance(inner, Mount | APIRouter):
            yield from routes(list(inner.routes))
        elif isinstance(route, Route):
            yield route


def guarded(route: Route) -> bool:
    """Whether a route carries a permission: as a dependency, or on its endpoint when it is plain Starlette."""

    def carries(dependant: Dependant) -> bool:
        return isinstance(dependant.call, Require) or any(map(carries, dependant.dependencies))

    if isinstance(route, APIRoute):
        return carries(route.dependant)
    return isinstance(getattr(route.endpoint, "require", None), Require)


def test_every_route_names_its_permission() -> None:
    found = list(routes(create_app(Settings()).routes))
    assert {"/", "/health/live", "/ogc", "/api/v1/me"} <= {route.path for route in found}
    assert not [route.path for route in found if not guarded(route)]


def test_every_command_names_its_permission() -> None:
    def commands(group: typer.Typer) -> Iterator[object]:
        yield from (command.callback for command in group.registered_commands)
        for sub in group.registered_groups:
            if sub.typer_instance is not None:
                yield from commands(sub.typer_instance)

    found = list(commands(command_line()))
    assert len(found) > 10
    assert not [command for command in found if not hasattr(command, "require")]


def test_rooms_hold_something() -> None:
    assert not [room for room in ROOMS if len(list((PACKAGE / room).rglob("*.py"))) < 2]
