"""The atlases of many groups in one archive, with a list of what is in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gisland.catalogue import Text
from gisland.errors import NotFound
from gisland.printing import telling
from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.printing.code import print_id
from gisland.printing.files import plain
from gisland.printing.press import reading
from gisland.printing.read import SQL
from gisland.printing.telling import Told
from gisland.security.subject import Subject
from gisland.settings import Settings

LIST = "prints.json"


@dataclass(frozen=True)
class Bundle:
    """A finished archive and what is told of it."""

    content: bytes
    print_id: str
    pages: int
    version: int
    names: bool
    exact: bool
    groups: tuple[str, ...]
    """Those that are in it."""
    empty: tuple[str, ...]
    """Those that have no parcel."""
    remarks: tuple[Text, ...]
    """What is to be known of each, with the code of its group."""


def codes_of(text: str) -> list[str]:
    """The codes of groups in a text, by commas."""
    return [code.strip() for code in text.split(",") if code.strip()]


def print_bundle(settings: Settings, subject: Subject, order: Order, groups: Sequence[str], told: Told) -> Bundle:
    """Print the atlases of several groups into one archive; the same prints give the same bytes.

    Args:
        settings: of the service.
        subject: who prints; each atlas is in the audit log.
        order: paper, scale and so on of each; its `group` does not matter.
        groups: their codes; none: all groups of the ward.
        told: told how far it is.

    Raises:
        NotFound: there is no such ward or group, or none of them has a parcel.
        UsageError: paper or scale make no sense, or a reason is needed and missing.
    """
    with reading(settings, subject) as connection:
        known = [row[0] for row in connection.execute(SQL["groups"], {"ward": order.ward})]
    if not known:
        raise NotFound(
            f"phường {order.ward} không có tổ dân phố nào · there is no ward {order.ward} with residential groups",
            hint="gisland unit list",
        )
    wanted = list(dict.fromkeys(groups)) or known
    found: dict[str, PrintedAtlas] = {}
    empty: list[str] = []
    for index, code in enumerate(wanted):
        name = f"{index + 1}/{len(wanted)}"
        of_group = telling.within(told, index / len(wanted), (index + 1) / len(wanted), name)
        try:
            printed = print_atlas(settings, subject, replace(order, group=code), of_group)
        except NotFound:
            if groups:  # one that was asked for by its name
                raise
            empty.append(code)
            continue
        found[printed.edition.group.code] = printed
    if not found:
        raise NotFound(f"phường {order.ward} chưa có thửa nào trong tổ · no group of ward {order.ward} has a parcel")
    scenes = [printed.edition for printed in found.values()]
    newest = max(scenes, key=lambda scene: scene.version)
    return Bundle(
        _archive(order.ward, found, empty, newest.at),
        print_id(*(scene.print_id for scene in scenes)),
        sum(scene.pages for scene in scenes),
        newest.version,
        any(scene.names for scene in scenes),
        any(scene.exact for scene in scenes),
        tuple(found),
        tuple(empty),
        tuple(
            Text(vi=f"{code}: {each.vi}", en=f"{code}: {each.en}")
            for code, printed in found.items()
            for each in printed.edition.remarks
        ),
    )


def _archive(ward: str, found: dict[str, PrintedAtlas], empty: list[str], at: datetime) -> bytes:
    """The files, and a list of them; times are that of the data. PDF is packed already, so nothing is packed again."""
    files: dict[str, Any] = {}
    contents: dict[str, bytes] = {}
    for code, printed in found.items():
        name = f"atlas-{plain(ward)}-{plain(code)}.pdf"
        while name in contents:
            name = name.replace(".pdf", "_.pdf")
        contents[name] = printed.content
        files[name] = {
            "group": code,
            "print_id": printed.edition.print_id,
            "version": printed.edition.version,
            "pages": printed.edition.pages,
            "parcels": len(printed.edition.group.parcels),
            "sha256": printed.sha256,
            "remarks": [f"{each.vi} · {each.en}" for each in printed.edition.remarks],
        }
    listed = json.dumps({"files": files, "without_parcels": empty}, ensure_ascii=False, indent=1, sort_keys=True)
    contents[LIST] = f"{listed}\n".encode()
    moment = at.astimezone(UTC)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            archive.writestr(entry, contents[name])
    return out.getvalue()
