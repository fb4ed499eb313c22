"""National ids where none belongs: in every text that a request can say, in all the ways in which they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any, get_args

import httpx

from gisland.registry.kinds import KINDS, Kind
from tests.factories import EAST, NORTH

# As words, as codes, with signs that nobody sees.
WAYS = (
    "{}",
    "{}.{}.{}.{}",
    "{} {} {} {}",
    "{}{}\u00ad{}{}",
    "{}/{}/{}/{}",
    "{}, {}, {}, {}",
    "{}_{}_{}{}",
    "{}\u2060{} {}{}",
)


def spellings(numbers: Iterator[str]) -> Iterator[str]:
    """The ids one after the other, each in another way."""
    for way in cycle(WAYS):
        number = next(numbers)
        parts = [number[place : place + 3] for place in range(0, 12, 3)]
        yield way.format(*parts) if way != "{}" else number


def texts(kind: Kind) -> Iterator[tuple[str, ...]]:
    """Each text that can be said when a record is made: its name, or those of its list and of the text within."""
    for name, field in kind.new.model_fields.items():
        if name in kind.parts:
            yield from ((name, inner) for inner, each in kind.parts[name].model_fields.items() if says(each.annotation))
        elif name not in ("change", "national_id") and says(field.annotation):
            yield (name,)


def says(annotation: Any) -> bool:
    """Whether a field holds free text."""
    return annotation is str or any(says(each) for each in get_args(annotation) if each is not annotation)


class Clerk:
    """Writes to the registry; each text that it says holds an id."""

    def __init__(self, client: httpx.Client, auth: tuple[str, str], strays: Iterator[str]) -> None:
        self.client, self.auth, self.strays = client, auth, strays
        self.answers: list[httpx.Response] = []
        self.numbers = count(1)
        self.taken: set[tuple[str, ...]] = set()
        self.ward = self.make("unit")

    def post(self, path: str, **body: Any) -> httpx.Response:
        said = {"change": {"reason": f"theo CCCD {next(self.strays)}"}} | body
        self.answers.append(self.client.post(f"/api/v1/{path}", auth=self.auth, json=said))
        return self.answers[-1]

    def plain(self, path: str, body: Any) -> httpx.Response:
        self.answers.append(self.client.post(path, auth=self.auth, json=body))
        return self.answers[-1]

    def make(self, name: str, **said: Any) -> int:
        answer = self.post(KINDS[name].path, **self.least(name) | said)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def least(self, name: str) -> dict[str, Any]:
        """The least that makes a record, with what it needs."""
        number = next(self.numbers)
        if name == "unit":
            return {"level": "ward", "code": f"9{number:04}", "name": "Phường Thử", "srid": 9210}
        ward = {"ward_id": self.ward}
        if name == "group":
            return ward | {"code": str(number), "name": "Tổ"}
        if name == "sheet":
            return ward | {"sheet_no": str(number), "scale": 500, "srid": 9210}
        if name == "parcel":
            west, east, north = EAST + 20 * number, EAST + 20 * number + 10, NORTH + 10
            ring = [[west, NORTH], [east, NORTH], [east, north], [west, north], [west, NORTH]]
            shape = {"type": "Polygon", "coordinates": [ring]}
            return {"map_sheet_id": self.make("sheet"), "parcel_no": "1", "geometry": shape}
        if name == "holder":
            return ward | {"kind": "person", "full_name": "Nguyễn Văn Thử"}
        if name == "holding":
            return ward | {"parcel_id": self.make("parcel"), "holder_id": self.make("holder"), "role": "current_user"}
        if name == "restriction":
            return ward | {"parcel_id": self.make("parcel"), "kind": "mortgage"}
        return ward | {"asset": {"kind": "house"}, "certificate": {}, "document": {"kind": "HD"}}[name]

    def part(self, name: str, part: str) -> dict[str, Any]:
        """The least that makes a row of a list."""
        rows = {"land_uses": {"land_type": "ODT"}, "numbers": {"series": "other", "parcel_no": "1"}}
        return rows.get(part, {} if (name, part) == ("certificate", "parcels") else {"parcel_id": self.make("parcel")})

    def say_all(self) -> None:
        """Every text of every kind, when it is made and when it is corrected."""
        for kind in (each for each in KINDS.values() if each.writable):
            for place in texts(kind):
                stray = next(self.strays)
                inner = {place[-1]: stray}
                said = {place[0]: [self.part(kind.name, place[0]) | inner]} if len(place) > 1 else inner
                answer = self.post(kind.path, **self.least(kind.name) | said)
                assert answer.status_code in (201, 400), answer.text
                if answer.status_code == 201:
                    self.taken.add((kind.name, *place))
                    self.correct(kind, int(answer.json()["id"]), place[0])

    def correct(self, kind: Kind, record: int, name: str) -> None:
        if name not in kind.patch.model_fields or name in kind.parts:
            return
        path = f"/api/v1/{kind.path}/{record}"
        tag = self.client.get(path, auth=self.auth).headers["ETag"]
        said = {"change": {"reason": f"số {next(self.strays)}"}, name: f"số {next(self.strays)}"}
        self.answers.append(self.client.patch(path, auth=self.auth, json=said, headers={"If-Match": tag}))
        assert self.answers[-1].status_code == 200, self.answers[-1].text

    def act(self, path: str, **said: Any) -> dict[str, Any]:
        """An act; with the version of the record that it is on."""
        record = path.rpartition("/")[0]
        if any(sign.isdigit() for sign in record) and not record.startswith("changes"):
            said["version"] = self.version(record)
        answer = self.post(path, **said)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def version(self, record: str) -> int:
        return int(self.client.get(f"/api/v1/{record}", auth=self.auth).json()["version"])

    def act_all(self) -> None:
        """Every act there is, with an id in each of its texts."""

        def text() -> str:
            return f"số {next(self.strays)}"

        drawn = self.least("parcel")
        answer = self.post("parcels", **drawn)
        land, ring = int(answer.json()["id"]), drawn["geometry"]["coordinates"][0]
        (west, south), (east, north) = ring[0], ring[2]

        def box(a: float, b: float) -> list[list[float]]:
            return [[a, south], [b, south], [b, north], [a, north], [a, south]]

        pieces = [
            {
                "geometry": {"type": "Polygon", "coordinates": [box(a, b)]},
                "parcel_no": next(self.strays)[:20],
                "address": text(),
                "land_uses": [{"land_type": "ODT", "origin": text(), "use_form": text(), "term": text()}],
            }
            for a, b in ((west, west + 4), (west + 4, east))
        ]
        made = self.act(f"parcels/{land}/split", pieces=pieces)["made"]
        seen = [{"id": each, "version": self.version(f"parcels/{each}")} for each in made]
        whole = {"geometry": drawn["geometry"], "parcel_no": next(self.strays)[:20], "address": text()}
        merged = self.act("parcels/merge", parcels=seen, new=whole)
        (land,) = merged["made"]
        drawn |= {"id": land, "version": self.version(f"parcels/{land}")}
        self.act("parcels/adjust", parcels=[{name: drawn[name] for name in ("id", "version", "geometry")}])
        self.act(f"parcels/{land}/renumber", parcel_no=next(self.strays)[:20])
        holder, on = self.make("holder"), {"parcel_id": land}
        right = {"holder_id": holder, "member_role": text(), "reason": text()}
        self.act("holdings/transfer", on=on, beginning=[right])
        past = self.act("holdings/historic", on=on, right=right, valid_from="1995-01-01", valid_to="2005-06-30")
        self.act(f"holdings/{past['made'][0]}/withdraw")
        paper = self.make("certificate")
        new = {"serial": next(self.strays), "book_no": next(self.strays), "gcn_code": next(self.strays)}
        new |= {"issuer": text(), "kind": text()}
        (paper,) = self.act(f"certificates/{paper}/reissue", certificate=new)["made"]
        self.act(f"certificates/{paper}/retire")
        self.act(f"restrictions/{self.make('restriction')}/end")
        self.act(f"documents/{self.make('document')}/retire")
        gone = self.act(f"assets/{self.make('asset')}/retire")
        self.act(f"changes/{gone['change']}/undo")
        sheet = self.client.get(f"/api/v1/parcels/{land}", auth=self.auth).json()["map_sheet_id"]
        code = self.client.get(f"/api/v1/units/{self.make('unit')}", auth=self.auth).json()["code"]
        self.act(f"sheets/{sheet}/move", ward_code=code, sheet_no=next(self.strays)[:20])
        self.act(f"parcels/{land}/retire")

    def say_elsewhere(self, ward: str, group: str) -> None:
        """Names of tokens, notes on alerts, reasons of reveals and of prints that are ordered by each door."""
        holder = self.make("holder", national_id=next(self.strays))
        assert self.plain(f"/api/v1/holders/{holder}/reveal", {"reason": next(self.strays)}).status_code == 200
        self.answers.pop()  # it says the number, as it should
        token = {"name": f"QGIS {next(self.strays)}", "permissions": ["staff_layer:read"], "days": 1}
        made = self.plain("/api/v1/tokens", token)
        assert made.status_code == 201, made.text
        alert = self.plain("/api/v1/alerts/test", {}).json()["id"]
        noted = self.plain(f"/api/v1/alerts/{alert}/acknowledge", {"note": f"gọi {next(self.strays)}"})
        assert noted.status_code == 200, noted.text
        products = self.client.get("/api/v1/prints/products", auth=self.auth).json()
        inputs = {"ward": ward, "group": group, "reason": f"đợt {next(self.strays)}"}
        assert self.plain("/api/v1/prints", {"product": "atlas", "inputs": inputs}).status_code == 202
        assert self.plain("/ogc/processes/atlas/execution", {"inputs": inputs}).status_code == 201
        for product in (each["id"] for each in products):
            for name in ("ward", "group", "groups", "wards", "sheet", "parcel", "area"):
                stray = next(self.strays)
                wrong = {"ward": ward, "reason": stray, name: f"{stray[:15]}/1" if name == "parcel" else stray}
                needed = {"extract": {"parcel": "1/1"}, "sheet": {"sheet": "1"}}.get(product, {"group": group})
                for path, body in (
                    ("/api/v1/prints", {"product": product, "inputs": needed | wrong}),
                    ("/api/v1/prints", {"product": product, "inputs": wrong}),
                    (f"/ogc/processes/{product}/execution", {"inputs": wrong}),
                    ("/api/v1/prints/preview", {"product": product, "inputs": needed | wrong}),
                ):
                    self.plain(path, body)

    def say_search(self) -> None:
        """Searches for what may be an id, and for words with one in them."""
        for text in ("{}", "tờ 5 thửa {}", "Nguyễn Văn Thử {}"):
            found = self.plain("/api/v1/search", {"text": text.format(next(self.strays)), "ward_id": self.ward})
            assert found.status_code in (200, 400), found.text


def reform_files(folder: Path, stray: Iterator[str]) -> list[object]:
    """The public files of a reform with ids in the names of their units; arguments of `gisland unit reform`."""
    old, new = {"old_id": "09999", "name": f"Xã {next(stray)}", "type": "full"}, f"Phường {next(stray)}"
    province = {"Code": "98", "FullName": f"Tỉnh {next(stray)}", "FullNameEn": f"Province {next(stray)}"}
    ward = {"Code": "09998", "FullName": new, "FullNameEn": f"Ward {next(stray)}"}
    merges: dict[str, Any] = {"level1_id": "98", "name": province["FullName"], "merges": [], "level2s": []}
    merges["level2s"] = [{"level2_id": "09998", "name": new, "merges": [old]}]
    splits: dict[str, Any] = {"level1_id": "97", "name": f"Tỉnh cũ {next(stray)}", "splits": [], "level2s": []}
    splits["splits"] = [{"new_id": "98", "name": province["FullName"]}]
    splits["level3s"] = [{"level3_id": "09999", "name": old["name"], "splits": [{"new_id": "09998", "name": new}]}]
    contents = {"units": [province | {"Wards": [ward]}], "merges": {"data": [merges]}, "splits": {"data": [splits]}}
    arguments: list[object] = []
    for name, content in contents.items():
        path = folder / f"{name} {next(stray)}.json"
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        arguments += [f"--{name}", path]
    return arguments
