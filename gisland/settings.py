"""All technical settings in one class; facts that a GIS person changes live in `config/` instead."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent


def default_state_dir() -> Path:
    """Where the embedded database, keys and logs live.

    An ordinary user's state lies in the project; root's lies under `/var/lib/gisland`, because PostgreSQL refuses
    to run as root and the unprivileged user it then runs as may not be able to enter root's home directory.
    """
    if os.geteuid() != 0:
        return PROJECT_DIR / ".gisland"
    clone = hashlib.sha256(str(PROJECT_DIR).encode()).hexdigest()[:10]
    return Path("/var/lib/gisland") / clone


class Settings(BaseSettings):
    """Settings, read from the environment (`GISLAND_<NAME>`); each has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="GISLAND_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        default=None,
        description="PostgreSQL URL of the server to use; without it gisland keeps a private cluster of its own. With "
        "a password (here or in PGPASSWORD) each database role signs in by one of its own, else it is taken on.",
    )
    database_name: str = Field(
        default="gisland", pattern=r"^[a-z_][a-z0-9_]*$", description="Database within the private cluster."
    )
    state_dir: Path = Field(
        default_factory=default_state_dir,
        description="Folder of the private cluster, the keys and the logs.",
    )
    config_dir: Path = Field(
        default=PROJECT_DIR / "config", description="Folder of layers, palette and intake layouts."
    )
    data_dir: Path = Field(default=PROJECT_DIR / "data", description="Folder of the code lists (`codes/`).")
    id_key_file: Path | None = Field(
        default=None,
        description="File with the 32-byte key (hex) of the national ids; default: keys/id.key in the state folder.",
    )
    role_key_file: Path | None = Field(
        default=None,
        description="File with the 32-byte key (hex) of which the passwords of the database roles on a server given by "
        "URL are made; default: keys/roles.key in the state folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the web server listens on.")
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="Web worker processes.")
    public_url: str = Field(
        default="", description="Base URL that clients see, for links behind a proxy; default: that of the request."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="A browser stays signed in so many hours at most.")
    session_idle_minutes: int = Field(
        default=60, ge=2, description="A browser that asks for nothing is signed out after so many minutes."
    )
    pool_size: int = Field(default=8, ge=1, description="Database connections per role and web worker.")
    statement_timeout_ms: int = Field(
        default=20_000, ge=100, description="Longest run of a statement on the reading paths, in milliseconds."
    )
    items_limit_default: int = Field(
        default=100, ge=1, description="Features on a page of items when none is asked for."
    )
    items_limit_max: int = Field(default=10_000, ge=1, description="Most features on a page of items.")
    log_level: str = Field(default="INFO", description="Lowest level that is logged: DEBUG, INFO, WARNING, ERROR.")

    @property
    def id_key_path(self) -> Path:
        """File of the key that encrypts national ids; it never lies in the database."""
        return self.id_key_file or self.state_dir / "keys" / "id.key"

    @property
    def role_key_path(self) -> Path:
        """File of the key of which the passwords of the database roles are made."""
        return self.role_key_file or self.state_dir / "keys" / "roles.key"

    def as_environment(self) -> dict[str, str]:
        """The environment under which a child process reads these very settings."""
        prefix = "GISLAND_"
        ours = {prefix + name.upper(): str(value) for name, value in self.model_dump(exclude_none=True).items()}
        return {name: value for name, value in os.environ.items() if not name.startswith(prefix)} | ours


def load_settings() -> Settings:
    """Read the settings from the environment, once, at the start of a program."""
    return Settings()
