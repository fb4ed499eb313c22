"""No national id in clear: in no table, staged row, data file or dump, in nothing that a server or command says."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from python_calamine import CalamineWorkbook

from gisland.database import Role, connect, conninfo
from gisland.database.cluster_host import client_program
from gisland.database.migrate import admin_conninfo
from gisland.demo.generate import DemoFiles, generate
from gisland.registry.changes import ChangeKind
from gisland.registry.kinds import KINDS
from gisland.settings import Settings
from tests import commands
from tests.acceptance.strays import Clerk, reform_files, spellings, texts
from tests.conftest import clone_of
from tests.factories import one
from tests.intake.files import RESULTS, form_row, parcel, result_row, write_form, write_parcels, write_table
from tests.live import LiveServer, start_server

ID = re.compile(r"999\d{9}")
# As people write them, and as the bytes of a text look in a dump.
SPELLED = re.compile(r"\d(?:(?:[ .,/_\-\u00ad\u2060]|\\u00ad|\\u2060){0,2}\d){11,}")
ESCAPED = re.compile(r"\\u00ad|\\u2060")
IN_HEX = re.compile(r"(?:39){3}(?:3\d){9}")
# Those that strayed into cells, names of files, queries and bodies; none of them is in the demo ward.
STRAY = [f"9998880{number:05}" for number in range(5000)]
# Copies each temporary table of an intake before it is gone with the transaction.
SPY = """
    CREATE SCHEMA spy AUTHORIZATION gisland_app;
    CREATE TABLE spy.staged (relation text, row text);
    ALTER TABLE spy.staged OWNER TO gisland_app;
    CREATE FUNCTION spy.keep() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        staged regclass;
    BEGIN
        FOR staged IN SELECT oid FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' LOOP
            EXECUTE format('INSERT INTO spy.staged SELECT %L, t::text FROM %s t', staged, staged);
        END LOOP;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER keep AFTER INSERT ON intake.batch FOR EACH ROW EXECUTE FUNCTION spy.keep();
"""


def clear_ids(text: str, ids: set[str]) -> set[str]:
    """Which of these ids a text holds, however they are spelled."""
    digits = [re.sub(r"\D", "", ESCAPED.sub("", run)) for run in SPELLED.findall(text)]
    digits += [bytes.fromhex(run).decode() for run in IN_HEX.findall(text)]
    return ids & {found for run in digits for found in re.findall(f"(?=({ID.pattern}))", run)}


def ids_in(workbook: Path) -> set[str]:
    """All national ids that a workbook holds."""
    sheets = CalamineWorkbook.from_path(workbook)
    cells = (cell for name in sheets.sheet_names for row in sheets.get_sheet_by_name(name).to_python() for cell in row)
    return {found for cell in cells for found in ID.findall(str(cell))}


@dataclass
class Traces:
    """All that is left of a ward's work with files and of requests that hold ids."""

    settings: Settings
    ids: set[str]
    said: str
    server_log: str
    asked: int
    answers: list[str]
    taken: set[tuple[str, ...]]
    temporary: list[str]


def gisland(settings: Settings, temporary: Path, *arguments: object, refuses: bool = False) -> str:
    """What a command says, in a process of its own."""
    words = [sys.executable, "-m", "gisland", *map(str, arguments)]
    env = settings.as_environment() | {"TMPDIR": str(temporary)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) is refuses, done.stderr
    return done.stdout + done.stderr


def gisland_here(settings: Settings, temporary: Path, *arguments: object, refuses: bool = False) -> str:
    """The same within this process."""
    done = commands.gisland(settings, *arguments, temporary=temporary)
    assert (done.returncode != 0) is refuses, done.stderr
    return done.stdout + done.stderr


def take_in(settings: Settings, demo: DemoFiles, folder: Path, temporary: Path) -> str:
    """Take in the demo ward, and files with ids where none belongs; some of them are refused."""
    ward, stray = ("--ward", "11311"), iter(STRAY)
    wanted = ("--name", "Thử", "--srid", 9210, "--boundary", demo.ward)
    say = [gisland_here(settings, temporary, "unit", "add", "11311", *wanted)]
    own = {("intake", "parcels"), ("intake", "form")}

    def run(*arguments: object, refuses: bool = False) -> None:
        # A map file and a workbook in processes of their own: the libraries that read them may write past Python. What
        # else is said goes the same ways here.
        by = gisland if arguments[:2] in own else gisland_here
        own.discard(arguments[:2])
        say.append(by(settings, temporary, *arguments, *ward, refuses=refuses))

    def dotted() -> str:
        number = next(stray)
        return f"{number[:3]}.{number[3:6]}.{number[6:9]}.{number[9:]}"

    run("intake", "parcels", demo.parcels)
    run("intake", "form", *demo.forms)
    run("verify", "results", demo.results)
    rows = [
        parcel(1, diachi=f"Nhà ông Thử, CCCD {next(stray)}", tdp=next(stray), kyhieumucd=f"ODT+{next(stray)}"),
        parcel(next(stray), sheet=next(stray), shape=parcel(2)["geometry"], diachi=f"đt {dotted()}"),
        parcel(3, chusudung=f"Nguyễn Văn Thử {next(stray)}"),
    ]
    rows = [{"chusudung": ""} | row | {"shthua": str(row["shthua"]), "dtpl": "100"} for row in rows]
    run("intake", "parcels", write_parcels(folder / f"thua {next(stray)}.gpkg", rows))
    broken = [rows[0] | {"dtpl": next(stray)}, rows[1] | {"dtpl": f"{next(stray)} m", "tyle": 500}]
    run("intake", "parcels", write_parcels(folder / f"hong {next(stray)}.gpkg", broken), refuses=True)
    run("intake", "parcels", folder / f"{next(stray)}.gpkg", refuses=True)
    cells = {
        "Họ tên chủ / người đại diện": f"Nguyễn Văn Thử {dotted()}",
        "Địa chỉ thường trú": f"Số 1, CCCD {next(stray)}",
        "Lý do thay đổi": f"theo {dotted()}",
        "Tên người sử dụng hiện tại": f"Lê Văn Thử {next(stray)}",
        "Tên tập tin quét": f"{next(stray)}.pdf",
        "Số vào sổ": next(stray),
        "Số phát hành GCN": next(stray),
        "Nguồn gốc 1": f"của {next(stray)}",
        "Số tờ trên GCN": next(stray),
        "Số thửa BĐĐC": next(stray),
    }
    run("intake", "form", write_form(folder / f"bieu {next(stray)}.xlsx", [form_row(1, **cells)]))
    wrong = form_row(2, **{"Diện tích thửa": float(next(stray)), "Pháp nhân trên GCN": f"Tôi {next(stray)}"})
    run("intake", "form", write_form(folder / f"sai {next(stray)}.xlsx", [wrong]), refuses=True)
    known = sorted(ids_in(demo.forms[0]))[0]
    result = result_row(1, "Khớp", SO_GIAYTO=known, HOTEN_CHU=f"Thử {dotted()}", NGUON_DULIEU=f"CSDL {next(stray)}")
    result |= {"GHI_CHU": f"trùng {next(stray)}", "DIA_CHI": next(stray), "SOSERIAL_GCN": next(stray)}
    run("verify", "results", write_table(folder / f"ket qua {next(stray)}.xlsx", RESULTS, [result]))
    odd = result_row(1, f"Khớp với {next(stray)}", SO_GIAYTO=known)
    run("verify", "results", write_table(folder / "la.xlsx", RESULTS, [odd]), refuses=True)
    run("verify", "send", "--note", f"đợt 1, {next(stray)}")
    say.append(gisland_here(settings, temporary, "verify", "rows", 1, "--limit", 1000))
    return "".join(say)


def ask(live: LiveServer) -> int:
    """Ask for what no careful client asks: ids in queries, paths, headers and bodies. Returns how many requests."""
    number, items = STRAY[-1], "/ogc/collections/parcels/items"
    staff = "/ogc/collections/parcels-staff/items"
    names = ["bbox", "limit", "datetime", "sheet_no", "parcel_no", "cursor", "f", "lang", "filter", "q", number]
    paths = [f"/{number}", f"/ogc/{number}", f"/ogc/collections/{number}", f"{items}/{number}", f"{staff}/{number}"]
    paths += [f"/api/v1/layers/{number}/counts", f"/static/{number}.js", f"{items}/1/{number}"]
    headers = {"Referer": f"http://x/?q={number}", "User-Agent": number}
    with httpx.Client(base_url=live.url, headers=headers, timeout=60) as client:
        answers = [client.get(path, params={name: number}) for path in (items, staff) for name in names]
        answers += [client.get(staff, params={name: number}, auth=live.admin) for name in names]
        answers += [client.get(path, auth=auth) for path in paths for auth in (None, live.admin)]
        answers += [client.get("/api/v1/me", auth=(number, number))]
        answers += [client.get("/api/v1/me", headers={"Authorization": f"{kind} {number}"}) for kind in ("Basic", "X")]
        for path in ("/api/v1/me", items, "/ogc", "/"):
            answers.append(client.post(path, json={"id": number, "nested": [number]}))
            answers.append(
                client.post(path, content=f'{{"id": "{number}', headers={"Content-Type": "application/json"})
            )
            answers.append(client.put(path, data={"id": number}))
        answers += write(client, live)
    assert not [answer.request for answer in answers if answer.status_code >= 500]
    assert {200, 400, 401, 404, 405} <= {answer.status_code for answer in answers}
    place = urlsplit(live.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as raw:
        raw.sendall(f"{number} / {number}\r\n{number}\r\n\r\n".encode())
        raw.recv(1000)
    return len(answers)


def write(client: httpx.Client, live: LiveServer) -> list[httpx.Response]:
    """Send every route of `/api/v1` bodies that it refuses, with ids in them."""
    number, texts = STRAY[-1], iter(STRAY[60:])
    document = client.get("/api/v1/openapi.json").raise_for_status().json()
    answers = []
    for path, methods in document["paths"].items():
        url = "/api/v1/" + re.sub(r"\{\w+\}", number, path).removeprefix("/api/v1").lstrip("/")
        for method in methods.keys() & {"post", "patch", "put", "delete"}:
            for auth in (None, live.admin):
                send = {"method": method, "url": url, "auth": auth, "headers": {"If-Match": f'"{number}"'}}
                answers.append(
                    client.request(**send, json={"change": {"reason": number}, "id": number, number: number})
                )
                answers.append(client.request(**send, content=f'{{"national_id": "{number}'))
    assert len(answers) > 40
    search = {"q": next(texts), "query": next(texts)}
    answers.append(client.post("/api/v1/search", auth=live.admin, json=search))
    return answers


def work(live: LiveServer, group: str) -> Clerk:
    """Do all that there is to do in the registry and around it, with an id in each text."""
    with httpx.Client(base_url=live.url, timeout=60) as client:
        clerk = Clerk(client, live.admin, spellings(iter(STRAY[100:])))
        clerk.say_all()
        clerk.act_all()
        clerk.say_elsewhere("11311", group)
        clerk.say_search()
    assert not [answer.request for answer in clerk.answers if answer.status_code >= 500]
    return clerk


@pytest.fixture(scope="module")
def traces(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    folder, temporary = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("temporary")
    demo = generate(300, 1, tmp_path_factory.mktemp("demo"), None)
    with clone_of(server) as settings:
        with psycopg.connect(admin_conninfo(settings)) as connection:
            connection.execute(SPY)
        said = take_in(settings, demo, folder, temporary)
        files = reform_files(folder, spellings(iter(STRAY[90:100])))
        said += gisland_here(settings, temporary, "unit", "reform", *files)
        with connect(settings, Role.APP) as connection:
            group = one(connection, "SELECT min(code) FROM registry.residential_group WHERE code ~ '^[0-9]{2}$'")
        log = folder / "server.log"
        with log.open("wb") as output, start_server(settings, log=output) as live:
            asked = ask(live)
            clerk = work(live, group)
        ids = set(STRAY).union(*map(ids_in, demo.forms))
        left = [each.name for each in temporary.iterdir()]
        answers = [answer.text for answer in clerk.answers]
        asked += len(answers)
        yield Traces(settings, ids, said, log.read_text(), asked, answers, clerk.taken, left)


def test_there_is_something_to_find(traces: Traces) -> None:
    """Ids are looked for where they could be: sealed in the registry, staged by each intake, asked of the server."""
    assert len(traces.ids) > 300
    assert clear_ids("CCCD 999.888.000.001", traces.ids) == {STRAY[1]}
    assert clear_ids("\\x393939383838303030303032", traces.ids) == {STRAY[2]}
    with connect(traces.settings, Role.APP) as connection:
        assert one(connection, "SELECT count(DISTINCT id_hash) FROM registry.holder") > 100
        assert one(connection, "SELECT count(*) FROM verification.list_row") > 10
        staged = connection.execute("SELECT relation, count(*) FROM spy.staged GROUP BY 1").fetchall()
        assert {"staged_parcel", "staged_form", "staged_result", "form_holder"} <= {name for name, _ in staged}
        for masked in ("999*****0000", "999*****0003"):
            assert one(connection, "SELECT count(*) FROM spy.staged WHERE row LIKE '%%' || %s || '%%'", masked) > 0


def test_no_table_staged_row_or_dump_holds_an_id(traces: Traces) -> None:
    command = [client_program("pg_dump"), "--enable-row-security", "--dbname", conninfo(traces.settings, Role.BACKUP)]
    # Whoever dumps may read all of it, also what the test itself put aside.
    with psycopg.connect(admin_conninfo(traces.settings)) as connection:
        connection.execute("GRANT USAGE ON SCHEMA spy TO gisland_backup; GRANT SELECT ON spy.staged TO gisland_backup")
    dump = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "COPY registry.holder" in dump
    assert "COPY spy.staged" in dump
    assert "COPY verification.list_row" in dump
    assert not clear_ids(dump, traces.ids)


def test_no_data_file_holds_an_id(traces: Traces) -> None:
    """Not even in rows that are gone, in statistics, or in the files of temporary tables."""
    with psycopg.connect(admin_conninfo(traces.settings), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        oid = one(connection, "SELECT oid FROM pg_database WHERE datname = current_database()")
    texts = []
    for file in (traces.settings.state_dir / "pg" / "base" / str(oid)).iterdir():
        with contextlib.suppress(FileNotFoundError):  # the server is at work, too
            texts.append(file.read_bytes().decode("latin-1"))
    assert any("Nguy" in text for text in texts)
    assert not {found for text in texts for found in ID.findall(text)} & traces.ids


def test_every_text_was_said(traces: Traces) -> None:
    """What has a form of its own (codes, media types) refuses an id; every other text takes it, and masks it."""
    every = {(kind.name, *place) for kind in KINDS.values() if kind.writable for place in texts(kind)}
    of_a_form = {("parcel", "parcel_code"), ("document", "content_hash"), ("document", "media_type")}
    assert every - traces.taken == of_a_form
    with connect(traces.settings, Role.APP) as connection:
        kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM registry.change")}
        assert {kind.value for kind in ChangeKind} - {"verify", "direct", "publish"} <= kinds
        assert one(connection, "SELECT count(*) FROM printing.job") >= 2
        assert one(connection, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name ~ 'print'") >= 2


def test_no_answer_holds_an_id(traces: Traces) -> None:
    """But the one that reveals it."""
    assert len(traces.answers) > 300
    told = [text for text in traces.answers if clear_ids(text, traces.ids)]
    assert told == []


def test_no_command_says_an_id(traces: Traces) -> None:
    assert "999*****" in traces.said
    assert not clear_ids(traces.said, traces.ids)


def test_no_log_of_the_server_holds_an_id(traces: Traces) -> None:
    assert traces.server_log.count('"event": "request"') >= traces.asked
    assert not clear_ids(traces.server_log, traces.ids)


def test_no_log_of_the_server_tells_of_a_person(traces: Traces) -> None:
    """Its lines are JSON, in which letters with accents are escaped."""
    lines = [json.loads(line) for line in traces.server_log.splitlines() if line.startswith("{")]
    said = "\n".join(str(line) for line in lines)
    assert len(lines) >= traces.asked
    persons = """
        SELECT DISTINCT word FROM registry.holder, LATERAL (VALUES (full_name), (address), (birth_date::text)) v (word)
         WHERE length(word) > 6
         UNION SELECT serial FROM registry.certificate WHERE length(serial) > 6
    """
    with connect(traces.settings, Role.APP) as connection:
        words = [word for (word,) in connection.execute(persons)]
    assert len(words) > 500
    assert not [word for word in words if word in said or word in traces.server_log]


def test_no_log_of_the_database_holds_an_id(traces: Traces) -> None:
    logs = [each.read_text(errors="replace") for each in (traces.settings.state_dir / "log").iterdir()]
    assert any("ready to accept connections" in log for log in logs)
    assert not clear_ids("\n".join(logs), traces.ids)


def test_no_temporary_file_is_left(traces: Traces) -> None:
    assert traces.temporary == []
