"""All technical settings in one class; facts that a GIS person changes live in `config/` instead."""

from __future__ import annotations

import hashlib
import json
import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gisland.errors import UsageError

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


PREFIX = "GISLAND_"
CONFIG_DIR = PROJECT_DIR / "config"


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files: `GISLAND_<NAME>_FILE` names the file whose first line is the setting."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret of a field, if it is one and there is a file for it.

        Raises:
            UsageError: the file cannot be read, or the secret is given twice.
        """
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        file = None if field.repr else os.environ.get(variable)
        if not file:
            return None, field_name, False
        if f"{PREFIX}{field_name.upper()}" in os.environ:
            raise UsageError(
                f"{variable}: thiết lập có hai lần · {variable}: the setting itself is there, too",
                hint="give one of them",
            )
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                f"{variable}: không đọc được tệp · {variable}: the file cannot be read",
                hint="check its name and rights",
            ) from None
        return (lines[0].strip() if lines else ""), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All of them."""
        found = {name: self.get_field_value(each, name)[0] for name, each in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _holds_layers_only(folder: Path) -> bool:
    try:
        return [each.name for each in folder.iterdir() if not each.name.startswith((".", "README"))] == ["layers"]
    except OSError:
        return False


class Settings(BaseSettings):
    """Settings, read from the environment (`GISLAND_<NAME>`); each has a default that works on one machine.

    What is a secret is never shown (`repr=False`) and may also stand in a file that `GISLAND_<NAME>_FILE` names.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str | None = Field(
        default=None,
        repr=False,
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
        default=CONFIG_DIR,
        description="Folder of layers, palette, alerts, intake layouts and printed products, in place of the one that "
        "comes with gisland. A folder that holds nothing but `layers/` adds to that one (see layers_dir).",
    )
    layers_dir: Path | None = Field(
        default=None,
        description="Folder of further layers. One of the same name takes the place of the whole layer in config_dir.",
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
    print_key_file: Path | None = Field(
        default=None,
        description="File with the 32-byte key (hex) that seals the codes of printed pages; default: keys/print.key in "
        "the state folder.",
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
    trusted_proxies: str = Field(
        default="",
        description="Addresses and networks of the reverse proxies, by commas. What they say of the client's address, "
        "scheme and host is believed; they must set or remove these headers on each request.",
    )
    proxy_headers: Literal["x-forwarded", "forwarded"] = Field(
        default="x-forwarded",
        description="Which headers the proxies set: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239).",
    )
    allowed_hosts: str = Field(
        default="", description="Names this server goes by (Host header), by commas, also *.example.vn; default: any."
    )
    hsts_seconds: int = Field(
        default=0, ge=0, description="Time for which browsers ask by https only (HSTS), sent over https; 0: not sent."
    )
    rate_address: float = Field(
        default=100,
        ge=0,
        description="Requests a second of one address that nobody signed in with, twenty times as many at once; 0: "
        "any number. This machine itself is not limited, so name your proxies. Rates are those of all web workers "
        "together: each grants its part, so who keeps to one connection gets that part only.",
    )
    rate_account: float = Field(
        default=100,
        ge=0,
        description="The same of one account, whatever its addresses; of one token of it half as many.",
    )
    rate_sign_in: float = Field(
        default=10, ge=0, description="The same of sign-ins of one address that fail or are under way."
    )
    slots_pages: int = Field(default=64, ge=1, description="Requests that a web worker works on at a time.")
    slots_tiles: int = Field(default=64, ge=1, description="Vector tiles that a web worker works on at a time.")
    slots_searches: int = Field(default=16, ge=1, description="Searches that a web worker does at a time.")
    slots_exports: int = Field(default=2, ge=1, description="Exports that a web worker does at a time.")
    slots_jobs: int = Field(default=4, ge=1, description="Jobs that a web worker takes in at a time.")
    slot_wait_seconds: float = Field(default=5, ge=0, description="How long a request waits for its turn.")
    url_max_bytes: int = Field(default=8192, ge=1024, description="Longest address of a request.")
    headers_max_bytes: int = Field(default=32_768, ge=1024, description="Most bytes of a request's headers.")
    body_max_bytes: int = Field(default=4_194_304, ge=1024, description="Most bytes of a request's body.")
    bodies_max_bytes: int = Field(
        default=134_217_728,
        ge=1024,
        description="Most bytes of bodies that a web worker holds at a time, a quarter of it of one address; at least "
        "four of the largest bodies.",
    )
    body_seconds: float = Field(default=60, gt=0, description="How long the body of a request may take to come.")
    pool_size: int = Field(default=8, ge=1, description="Database connections per role and web worker.")
    pool_wait_seconds: float = Field(
        default=10, gt=0, description="How long a request waits for a database connection, when all are in use."
    )
    statement_timeout_ms: int = Field(
        default=20_000, ge=100, description="Longest run of a statement on the reading paths, in milliseconds."
    )
    write_timeout_ms: int = Field(
        default=120_000, ge=100, description="Longest run of a statement of an act on the web, in milliseconds."
    )
    query_cost_max: float = Field(
        default=5_000_000,
        gt=0,
        description="Highest cost, as PostgreSQL plans it, of a query whose filter or order no index serves. 230,000 "
        "was half a second of work, so 5,000,000 is some 11 seconds: what would not end before statement_timeout_ms is "
        "refused at once, and what stops early once its page is full is not.",
    )
    items_limit_default: int = Field(
        default=100, ge=1, description="Features on a page of items when none is asked for."
    )
    items_limit_max: int = Field(default=10_000, ge=1, description="Most features on a page of items.")
    tile_cache_dir: Path | None = Field(
        default=None,
        description="Folder where vector tiles of public layers are kept, shared by all web workers; default: tiles in "
        "the state folder. What is in it may be deleted at any time.",
    )
    tile_cache_mb: int = Field(
        default=1024, ge=0, description="Most mebibytes of vector tiles that are kept; 0 keeps none."
    )
    print_processes: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 1) // 2),
        ge=1,
        description="Prints that a job worker draws at a time, each in a process of its own.",
    )
    print_memory_mb: int = Field(
        default=1024, ge=256, description="Most mebibytes that the drawing of a print may take; above, it fails."
    )
    print_timeout_minutes: float = Field(default=15, gt=0, description="How long the drawing of a print may take.")
    prints_waiting_max: int = Field(default=200, ge=1, description="Prints of one account that wait or are drawn.")
    prints_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="Days that finished prints are kept for download; that they were printed stays known.",
    )
    audit_anchor_file: Path | None = Field(
        default=None,
        description="File outside the database that heads of the audit log's chain are written to; default: "
        "audit/anchors in the state folder. Better on a disk of its own.",
    )
    audit_anchor_minutes: float = Field(default=10, gt=0, description="Minutes after which a new head is anchored.")
    audit_anchor_rows: int = Field(default=10_000, ge=1, description="Events after which a new head is anchored.")
    audit_months: int = Field(
        default=24,
        ge=1,
        description="Months that the audit log is kept; what is older is told, never dropped by itself.",
    )
    alert_webhook_url: str = Field(
        default="",
        repr=False,
        description="Where alerts go as JSON, by POST: https, and a server of the internet (but see "
        "alert_inner_hosts). What is sent says nothing of whom it is about.",
    )
    alert_webhook_secret: str = Field(
        default="",
        repr=False,
        description="Key of the signature of these messages: X-Gisland-Signature is sha256=HMAC-SHA-256 of "
        "X-Gisland-Time, a dot and the body.",
    )
    alert_inner_hosts: str = Field(
        default="",
        description="Hosts of the own network, by commas, that messages may go to: by private addresses, and in clear.",
    )
    alert_mail_to: str = Field(default="", description="Addresses that alerts are sent to by e-mail, by commas.")
    alert_mail_from: str = Field(default="", description="Sender of these mails; default: the first they are sent to.")
    smtp_host: str = Field(default="", description="Server that takes mail (SMTP).")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How mail is encrypted on its way there; none only to this machine or inner hosts.",
    )
    smtp_user: str = Field(default="", description="Name to sign in with; none: nobody signs in.")
    smtp_password: str = Field(default="", repr=False, description="Its password.")
    log_level: str = Field(default="INFO", description="Lowest level that servers log: DEBUG, INFO, WARNING, ERROR.")

    @model_validator(mode="before")
    @classmethod
    def _may_add_layers(cls, given: Any) -> Any:
        """A folder of nothing but layers is one of further layers."""
        folder = given.get("config_dir")
        if folder is None or not _holds_layers_only(Path(folder)):
            return given
        if given.get("layers_dir"):
            raise ValueError(f"config_dir {folder} and layers_dir both add layers: give one of them")
        return given | {"config_dir": CONFIG_DIR, "layers_dir": Path(folder) / "layers"}

    @field_validator("database_url")
    @classmethod
    def _is_connection_string(cls, text: str | None) -> str | None:
        # libpq quotes what it cannot read, be it a password; so it is read here, where nothing is quoted.
        try:
            conninfo_to_dict(text or "")
        except ProgrammingError:
            raise ValueError("it is no connection string: postgresql://user:password@host/database") from None
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        for each in text.split(","):
            if each.strip():
                ip_network(each.strip(), strict=False)
        return text

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - there are no such files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a folder of secrets; we have a file each
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in the program counts first, then the environment."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @property
    def id_key_path(self) -> Path:
        """File of the key that encrypts national ids; it never lies in the database."""
        return self.id_key_file or self.state_dir / "keys" / "id.key"

    @property
    def role_key_path(self) -> Path:
        """File of the key of which the passwords of the database roles are made."""
        return self.role_key_file or self.state_dir / "keys" / "roles.key"

    @property
    def print_key_path(self) -> Path:
        """File of the key that seals the codes of printed pages."""
        return self.print_key_file or self.state_dir / "keys" / "print.key"

    @property
    def audit_anchor_path(self) -> Path:
        """File of the anchors of the audit log."""
        return self.audit_anchor_file or self.state_dir / "audit" / "anchors"

    @property
    def tile_cache_path(self) -> Path:
        """Folder of the tiles of this database: another one may share the cache, but none of its tiles."""
        place = conninfo_to_dict(self.database_url) if self.database_url else {"state": str(self.state_dir.absolute())}
        place = {name: str(value) for name, value in place.items() if name != "password"} | {"": self.database_name}
        name = hashlib.sha256(json.dumps(place, sort_keys=True).encode()).hexdigest()[:12]
        return (self.tile_cache_dir or self.state_dir / "tiles") / name

    def as_environment(self) -> dict[str, str]:
        """The environment under which a child process reads these very settings."""
        ours = {PREFIX + name.upper(): str(value) for name, value in self.model_dump(exclude_none=True).items()}
        return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | ours


def load_settings() -> Settings:
    """Read the settings from the environment, once, at the start of a program."""
    return Settings()
