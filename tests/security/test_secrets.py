"""Secrets come from the environment or from files, and are shown by nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from gisland.errors import UsageError
from gisland.settings import Settings
from tests.commands import Said, command

SECRET = "invented-S3cret"
URL = f"postgresql://me:{SECRET}@127.0.0.1:1/land"


def nowhere(**environment: str) -> dict[str, str]:
    """The environment of a command with settings that lead nowhere."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GISLAND_")}
    return env | {"GISLAND_LOG_LEVEL": "DEBUG", **environment}


def program(*words: str, **environment: str) -> Said:
    """A command as a program of its own."""
    words = (sys.executable, "-m", "gisland", *words)
    done = subprocess.run(words, env=nowhere(**environment), capture_output=True, text=True, timeout=120)
    return Said(done.returncode, done.stdout, done.stderr)


def run(*words: str, **environment: str) -> Said:
    """A command within this process."""
    return command(nowhere(**environment), *words)


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"GISLAND_STATE_DIR": str(tmp_path / "state")}


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\nwhat stands below is none of it\n")
    monkeypatch.delenv("GISLAND_DATABASE_URL", raising=False)
    monkeypatch.setenv("GISLAND_DATABASE_URL_FILE", str(file))
    settings = Settings()
    assert settings.database_url == URL
    # Child processes get the setting itself, once.
    assert settings.as_environment()["GISLAND_DATABASE_URL"] == URL
    assert "GISLAND_DATABASE_URL_FILE" not in settings.as_environment()
    monkeypatch.setenv("GISLAND_DATABASE_URL", "postgresql://other")
    with pytest.raises(UsageError, match="give one of them"):
        Settings()
    monkeypatch.delenv("GISLAND_DATABASE_URL")
    monkeypatch.setenv("GISLAND_DATABASE_URL_FILE", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="cannot be read"):
        Settings()


def test_each_secret_has_a_file() -> None:
    """What is a secret is not shown; a new one that forgets it fails here by its name."""
    hidden = {name for name, field in Settings.model_fields.items() if not field.repr}
    assert "database_url" in hidden
    suspects = {
        name
        for name in Settings.model_fields
        if any(word in name for word in ("password", "secret", "token", "url")) and not name.endswith("_file")
    }
    assert suspects - hidden == {"public_url", "url_max_bytes"}
    keys = {name for name in Settings.model_fields if "key" in name.split("_")}
    assert all(name.endswith("_file") for name in keys), "keys are files from the start"


def test_settings_show_no_secret() -> None:
    settings = Settings(database_url=URL)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    with pytest.raises(ValidationError) as wrong:
        Settings(database_url=[SECRET], port=-1)  # type: ignore[arg-type]  # meant to be wrong
    assert SECRET not in str(wrong.value)


COMMANDS = [
    ["--help"],
    ["serve", "--help"],
    ["serve", "--port", "65000"],
    ["unit", "list"],
    ["db", "migrate"],
    ["db", "status"],
    ["layer", "apply"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_shows_one(state: dict[str, str], words: list[str]) -> None:
    # A server would answer to signals, and keep its options in the environment.
    done = (program if "--port" in words else run)(*words, GISLAND_DATABASE_URL=URL, PGPASSWORD=SECRET, **state)
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if "--help" in words:
        assert done.returncode == 0


@pytest.mark.parametrize("url", [f"postgres//me:{SECRET}@host", f"host=127.0.0.1 pasword={SECRET}", SECRET])
def test_nor_does_one_that_is_written_wrongly(state: dict[str, str], url: str) -> None:
    done = run("unit", "list", GISLAND_DATABASE_URL=url, **state)
    assert done.returncode
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    assert "GISLAND_DATABASE_URL: " in done.stderr


WORKER = """
import uvicorn
config = uvicorn.Config("gisland.server:web_app", factory=True, log_config=None, lifespan="on", port=0)
uvicorn.Server(config).run()
"""


@pytest.mark.parametrize("url", [URL, f"postgres//me:{SECRET}@host"])
def test_nor_does_a_worker_that_cannot_start(state: dict[str, str], url: str, tmp_path: Path) -> None:
    environment = {**os.environ, **state, "GISLAND_DATABASE_URL": url, "GISLAND_LOG_LEVEL": "DEBUG"}
    log = tmp_path / "log"
    with log.open("w") as output:
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=output, stderr=output)
        until = time.monotonic() + 60
        while worker.poll() is None and not log.stat().st_size and time.monotonic() < until:
            time.sleep(0.1)
        # One that tries again and again says more in this time.
        with suppress(subprocess.TimeoutExpired):
            worker.wait(2)
        worker.kill()
        worker.wait()
    said = log.read_text()
    assert said
    assert SECRET not in said


def test_a_wrong_setting_is_named_without_its_value(state: dict[str, str]) -> None:
    done = program("unit", "list", GISLAND_TRUSTED_PROXIES="10.0.0.0/8, wrong", GISLAND_RATE_ADDRESS="-1", **state)
    assert done.returncode == 2
    assert "GISLAND_TRUSTED_PROXIES" in done.stderr
    assert "GISLAND_RATE_ADDRESS" in done.stderr
    assert done.stderr.count("\n") == 1
