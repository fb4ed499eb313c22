"""What is shipped around the program agrees with it: Dockerfile, docker-compose.yml, Makefile, .ci."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gisland.cli import command_line
from gisland.settings import PROJECT_DIR, Settings

COMPOSE = PROJECT_DIR / "docker-compose.yml"
DOCKERFILE = (PROJECT_DIR / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def calls(file: str) -> list[list[str]]:
    """The words after `gisland` where a file calls it, in a shell line or as a JSON list."""
    lines = [
        re.sub(r'["\[\],]', "", line)
        for line in (PROJECT_DIR / file).read_text(encoding="utf-8").splitlines()
        if re.search(r"\$\(BIN\)/gisland|^CMD|command:", line)
    ]
    return [match[1].split() for line in lines for match in re.finditer(r"\bgisland((?: (?:--)?[a-z]+)+)", line)]


@pytest.mark.parametrize("name", ["Makefile", "docker-compose.yml", "Dockerfile"])
def test_commands_that_are_called_exist(name: str) -> None:
    root = typer.main.get_command(command_line())
    assert calls(name), f"{name} calls no command of gisland"
    for words in calls(name):
        command = root
        for word in words:
            if word.startswith("--"):
                assert word in {option for each in command.params for option in each.opts}, f"{name}: {words}"
            else:
                assert hasattr(command, "commands"), f"{name}: {words}"
                assert word in command.commands, f"{name}: {words}"
                command = command.commands[word]
        assert not hasattr(command, "commands"), f"{name}: {words} is not complete"


def test_dockerfile_copies_what_exists() -> None:
    ignored = (PROJECT_DIR / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source
        for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    ]
    assert len(sources) > 5
    for source in sources:
        assert (PROJECT_DIR / source).exists(), source
        assert f"!{source.split('/')[0]}" in ignored, f"{source} does not reach the build"


def test_image_does_not_run_as_root_and_tells_its_health() -> None:
    user = DOCKERFILE.index("\nUSER gisland")
    assert "\nRUN " not in DOCKERFILE[user:]
    assert "/health/ready" in DOCKERFILE[DOCKERFILE.index("\nHEALTHCHECK") :]


def test_settings_that_are_passed_exist(compose: dict[str, Any]) -> None:
    known = {f"GISLAND_{name.upper()}" for name in Settings.model_fields}
    passed = {name for service in compose["services"].values() for name in service.get("environment", {})}
    passed |= set(re.findall(r"\b(GISLAND_[A-Z_]+)=", DOCKERFILE))
    assert {name for name in passed if name.startswith("GISLAND_")} <= known


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    secrets = [
        value
        for service in compose["services"].values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name
    ]
    assert len(secrets) == 4
    assert all(re.fullmatch(r"\$\{GISLAND_DB_PASSWORD:\?.+\}", value) for value in secrets)


def test_services_start_in_order(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"db", "prepare", "app", "worker"}
    assert services["prepare"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    for name in ("app", "worker"):
        assert services[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert "healthcheck" in services["db"]
    # Those three need the same keys.
    for name, volume in (("db", "database"), ("prepare", "state"), ("app", "state"), ("worker", "state")):
        assert any(each.startswith(f"{volume}:") for each in services[name]["volumes"])
        assert volume in compose["volumes"]


def test_docker_compose_reads_it() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose")
    command = ["docker", "compose", "--file", str(COMPOSE), "config", "--quiet"]
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin"}
    assert subprocess.run(command, env=env | {"GISLAND_DB_PASSWORD": "x"}, capture_output=True).returncode == 0
    refused = subprocess.run(command, env=env, capture_output=True, text=True)
    assert refused.returncode
    assert "GISLAND_DB_PASSWORD" in refused.stderr


def test_each_package_is_pinned_once_for_each_python() -> None:
    lines = (PROJECT_DIR / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines]
    places = [(pin.name, str(pin.marker or "")) for pin in pins]
    assert places == sorted(set(places))
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins)
    here = {pin.name: str(pin.specifier)[2:] for pin in pins if pin.marker is None or pin.marker.evaluate()}
    assert len(here) == sum(pin.marker is None or pin.marker.evaluate() for pin in pins)
    installed = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}
    # These came with Python and with this folder.
    assert {name for name, version in installed.items() if here.get(name) != version} <= {
        "pip",
        "setuptools",
        "gisland",
    }


@pytest.mark.parametrize("script", [".ci/run", ".ci/setup", ".ci/python"])
def test_scripts_are_sound(script: str) -> None:
    path: Path = PROJECT_DIR / script
    assert path.stat().st_mode & 0o100, "not executable"
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", str(path)]).returncode == 0


def test_make_help_tells_every_command() -> None:
    told = subprocess.run(["make", "help"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True).stdout
    commands = ["help", "demo", "test", "proof", "bench", "docs", "lint", "clean"]
    assert re.findall(r"^make (\w+)", told, re.MULTILINE) == commands
