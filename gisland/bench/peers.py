"""The servers that gisland is compared with, each as its makers ship it, on a copy of the same table without gisland's
internal columns (`peer_table`), as the same database role.

pygeoapi and tipg live in environments of their own (`.bench/<name>`), installed once from `peers-<name>.txt`; MapServer
and QGIS Server come from Debian (with `lighttpd` before them) and are left out where they are not installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from gisland.bench import peer_config, peer_table
from gisland.bench.pages import MOST
from gisland.bench.servers import Server, free_port, started
from gisland.catalogue import Layer
from gisland.database import Role, conninfo
from gisland.database.migrate import admin_conninfo
from gisland.errors import GislandError, UsageError
from gisland.settings import PROJECT_DIR, Settings

ENVIRONMENTS = PROJECT_DIR / ".bench"
WFS3 = Path("/usr/lib/qgis/server/libwfs3.so")
"""QGIS Server's module of OGC API – Features, which Debian has in a package of its own."""
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/cgi-bin"])

# More than any tile of the bench shows.
MOST_ON_TILE = 1_000_000


class Missing(UsageError):
    """A peer's programs are not on this machine."""


@dataclass(frozen=True)
class Site:
    """What a peer is started with: the database, the layer, and a folder for its configuration."""

    settings: Settings
    layer: Layer
    folder: Path

    @property
    def database(self) -> dict[str, str]:
        """The connection of the public role, whose rights are all that a peer needs."""
        return {name: str(value) for name, value in conninfo_to_dict(conninfo(self.settings, Role.PUBLIC)).items()}

    @property
    def workers(self) -> str:
        """As many processes as gisland has."""
        return str(self.settings.workers)

    def write(self, name: str, text: str) -> Path:
        """Write a configuration file."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file


@contextmanager
def pygeoapi(site: Site) -> Iterator[Server]:
    """pygeoapi with its PostgreSQL provider under uvicorn."""
    port, database = free_port(), site.database
    url = f"http://127.0.0.1:{port}"
    data = {key: database.get(key, "") for key in ("host", "dbname", "user", "password")}
    config = peer_config.PYGEOAPI.format(
        port=port,
        url=url,
        most=MOST,
        layer=site.layer.id,
        data=json.dumps(data | {"port": database.get("port", "5432"), "search_path": [peer_table.SCHEMA, "public"]}),
        options=json.dumps({"options": database["options"]}),
        table=site.layer.table,
        geometry=site.layer.geometry,
    )
    file = site.write("pygeoapi.yml", config)
    document = site.folder / "pygeoapi-openapi.yml"
    env = os.environ | {"PYGEOAPI_CONFIG": str(file), "PYGEOAPI_OPENAPI": str(document)}
    _must(_program("pygeoapi", "pygeoapi"), "openapi", "generate", str(file), "--output-file", str(document), env=env)
    items = f"{url}/collections/{site.layer.id}/items?f=json"
    command = _uvicorn("pygeoapi", "pygeoapi.starlette_app:APP", port, site)
    with started("pygeoapi", command, items, site.folder, env=env) as server:
        yield server


@contextmanager
def tipg(site: Site) -> Iterator[Server]:
    """tipg under uvicorn.

    At each connection it creates functions of its own in `pg_temp`, so the public role is given TEMPORARY on the
    bench's database (elsewhere it has not got it).
    """
    port, database = free_port(), site.database
    with psycopg.connect(admin_conninfo(site.settings)) as connection:
        names = (sql.Identifier(database["dbname"]), sql.Identifier(Role.PUBLIC))
        connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(*names))
    user = ":".join(quote(database[key], safe="") for key in ("user", "password") if key in database)
    place = f"{quote(database['host'], safe='')}:{database.get('port', '5432')}"
    options = quote(database["options"])
    env = os.environ | {
        "DATABASE_URL": f"postgresql://{user}@{place}/{database['dbname']}?options={options}",
        "TIPG_DB_SCHEMAS": json.dumps([peer_table.SCHEMA]),
        "TIPG_MAX_FEATURES_PER_QUERY": str(MOST),
        # Its own limit would leave features out of far tiles.
        "TIPG_MAX_FEATURES_PER_TILE": str(MOST_ON_TILE),
    }
    items = f"http://127.0.0.1:{port}/collections/{peer_table.SCHEMA}.{site.layer.table}/items?f=geojson"
    with started("tipg", _uvicorn("tipg", "tipg.main:app", port, site), items, site.folder, env=env) as server:
        yield server


@contextmanager
def mapserver(site: Site) -> Iterator[Server]:
    """MapServer's OGC API – Features as FastCGI processes behind lighttpd."""
    program = _debian("mapserv", "cgi-mapserver")
    layer_map = peer_config.MAP.format(
        layer=site.layer.id,
        connection=conninfo(site.settings, Role.PUBLIC),
        geometry=site.layer.geometry,
        table=f"{peer_table.SCHEMA}.{site.layer.table}",
        most=MOST,
    )
    config = peer_config.MAPSERVER.format(map_file=site.write("bench.map", layer_map))
    env = {"MAPSERVER_CONFIG_FILE": str(site.write("mapserver.conf", config))}
    with _fastcgi("mapserver", program, env, f"/bench/ogcapi/collections/{site.layer.id}/items?f=json", site) as server:
        yield server


@contextmanager
def qgisserver(site: Site) -> Iterator[Server]:
    """QGIS Server's OGC API – Features as FastCGI processes behind lighttpd."""
    packages = "qgis-server-bin qgis-server-wfs3"
    program = _debian("qgis_mapserv.fcgi", packages)
    if not WFS3.exists():
        raise Missing(f"{WFS3.name} is not installed", hint=f"`apt install --no-install-recommends {packages}`")
    database = {
        key: site.database[key] for key in ("dbname", "host", "port", "user", "password") if key in site.database
    }
    project = peer_config.QGIS_PROJECT.format(
        layer=site.layer.id,
        connection=escape(" ".join(f"{key}='{value}'" for key, value in database.items())),
        schema=peer_table.SCHEMA,
        table=site.layer.table,
        geometry=site.layer.geometry,
    )
    env = {
        "QGIS_PROJECT_FILE": str(site.write("bench.qgs", project)),
        "QGIS_PREFIX_PATH": "/usr",
        "QGIS_SERVER_API_WFS3_MAX_LIMIT": str(MOST),
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(site.folder),
    }
    with _fastcgi("qgisserver", program, env, f"/wfs3/collections/{site.layer.id}/items.json", site) as server:
        yield server


def _debian(program: str, packages: str) -> str:
    """The path of a program of Debian's.

    Raises:
        Missing: it is not installed, or lighttpd is not.
    """
    found = shutil.which(program, path=SYSTEM_PATH)
    if found is None or shutil.which("lighttpd", path=SYSTEM_PATH) is None:
        hint = f"`apt install --no-install-recommends {packages} lighttpd`"
        raise Missing(f"{program} or lighttpd is not installed", hint=hint)
    return found


@contextmanager
def _fastcgi(name: str, program: str, env: Mapping[str, str], items: str, site: Site) -> Iterator[Server]:
    port = free_port()
    text = peer_config.LIGHTTPD.format(
        port=port,
        folder=site.folder,
        name=name,
        program=program,
        workers=site.workers,
        environment=", ".join(f'"{key}" => "{value}"' for key, value in env.items()),
    )
    lighttpd = str(shutil.which("lighttpd", path=SYSTEM_PATH))
    command = [lighttpd, "-D", "-f", str(site.write(f"{name}-lighttpd.conf", text))]
    with started(name, command, f"http://127.0.0.1:{port}{items}", site.folder) as server:
        yield server


PEERS: dict[str, Callable[[Site], AbstractContextManager[Server]]] = {
    "pygeoapi": pygeoapi,
    "tipg": tipg,
    "mapserver": mapserver,
    "qgisserver": qgisserver,
}


def install(name: str) -> None:
    """Create the environment of a peer, unless it is there as its file says; another program may be doing so.

    Args:
        name: the peer; nothing is done for one that comes from Debian.

    Raises:
        GislandError: it cannot be made, for example without a way to a package index.
    """
    pins = resources.files("gisland.bench").joinpath(f"peers-{name}.txt")
    if not pins.is_file():
        return
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    mark = ENVIRONMENTS / name / "peer.sha256"
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text(encoding="utf-8") == digest:
            return
        _must(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENTS / name))
        # Most of what comes along is never imported: it is compiled when it is.
        options = ("--quiet", "--disable-pip-version-check", "--no-compile", "--requirement")
        with resources.as_file(pins) as file:
            _must(_program(name, "pip"), "install", *options, str(file))
        mark.write_text(digest, encoding="utf-8")


def _program(peer: str, name: str) -> str:
    return str(ENVIRONMENTS / peer / "bin" / name)


def _uvicorn(peer: str, application: str, port: int, site: Site) -> list[str]:
    options = ["--host=127.0.0.1", f"--port={port}", f"--workers={site.workers}", "--no-access-log"]
    return [_program(peer, "uvicorn"), application, *options]


def _must(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise GislandError(f"`{Path(command[0]).name} {command[1]}` failed: {' '.join(done.stderr.split())[-400:]}")
