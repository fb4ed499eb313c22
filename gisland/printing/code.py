"""The code of a printed page: what it is, where it lies, and a seal that only this service can make.

It stands in the QR code, so that a scan tells by itself which print, page and piece of ground it shows, and in a short
form under it for people to type. Fields are joined by `*` in the alphabet of QR codes that takes the least room:

    GL1 * M3 * 5 * print id * ward * group id * data version * paper * scale * EPSG * east * north * seal

`M3` is the third map page, `L7` the seventh checklist page; east and north are those of the centre of the lower left
corner mark, in centimetres, empty for what is no map. The four corner marks are `Paper`'s, so a scan can be set right
by them. The seal is HMAC-SHA256, cut to 80 bits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version

import gisland
from gisland.errors import InputError
from gisland.kit.keys import load_key
from gisland.settings import Settings

KIND = "GL1"
DRAWN_BY = ("reportlab", "pikepdf", "shapely", "segno")
"""Another version of these packages, as of our own, may draw another file of the same data."""
_PAGE = re.compile(r"[A-Z][1-9][0-9]{0,4}")
_WORD = re.compile(r"[0-9A-Z .:/+-]*")
SHORT = re.compile(r"([A-Z2-7]{8})-([A-Z][1-9][0-9]{0,4})-([A-Z2-7]{4})")


@dataclass(frozen=True)
class PageCode:
    """What the code of a page says."""

    page: str
    pages: int
    print_id: str
    ward: str
    group_id: int
    version: int
    paper: str
    scale: int
    srid: int
    east: float | None = None
    """Of the centre of the lower left corner mark, metres, to the centimetre."""
    north: float | None = None

    def text(self, key: bytes) -> str:
        """The text of the QR code, sealed.

        Raises:
            InputError: a field has a sign that the alphabet of the code has not.
        """
        fields = {
            name: "" if value is None else f"{value * 100:.0f}" if isinstance(value, float) else str(value)
            for name, value in asdict(self).items()
        }
        for name, field in fields.items():
            if not _WORD.fullmatch(field):
                raise InputError(
                    "không ghi được vào mã trang in · the code of a printed page cannot say this",
                    hint="0–9 A–Z . : / + -",
                    field=name,
                )
        body = "*".join((KIND, *fields.values()))
        return f"{body}*{_seal(body, key, 16)}"

    def short(self, key: bytes) -> str:
        """The short form, for people: print id, page, and a seal of four signs."""
        said = f"{self.print_id}-{self.page}"
        return f"{said}-{_seal(said, key, 4)}"


def read_code(text: str, key: bytes) -> PageCode:
    """What the QR code of a page says.

    Raises:
        InputError: it is none of ours, or not as it was printed.
    """
    body, _, seal = text.rpartition("*")
    fields = body.split("*")
    # What is compared in constant time must be ASCII.
    if not text.isascii() or len(fields) != 12 or fields[0] != KIND or not _PAGE.fullmatch(fields[1]):
        raise InputError("không phải mã trang in · this is no code of a printed page")
    if not hmac.compare_digest(seal, _seal(body, key, 16)):
        raise InputError(
            "mã trang in đã bị sửa, hoặc do máy chủ khác in · the code was altered, or printed by another server",
            hint="nhập mã chữ dưới QR · type the code under it",
        )
    _, page, pages, print_id, ward, group, version, paper, scale, srid, east, north = fields
    place = (int(east) / 100, int(north) / 100) if east else (None, None)
    return PageCode(page, int(pages), print_id, ward, int(group), int(version), paper, int(scale), int(srid), *place)


def read_short(text: str, key: bytes) -> tuple[str, str]:
    """Print id and page of a short code that somebody typed.

    Raises:
        InputError: it has a typing error, or is none of ours.
    """
    match = SHORT.fullmatch(text.strip().upper())
    if match is None or not hmac.compare_digest(match[3], _seal(f"{match[1]}-{match[2]}", key, 4)):
        raise InputError("mã trang in không đúng · this is no code of a printed page", hint="ABCDEFGH-M3-ABCD")
    return match[1], match[2]


def print_id(*facts: object) -> str:
    """The id of a print: the same facts, drawn by the same versions of packages, the same id."""
    said = "\n".join(map(str, (*facts, drawn_by())))
    return base64.b32encode(hashlib.sha256(said.encode()).digest())[:8].decode()


@cache
def drawn_by() -> str:
    """What a file depends on beside data and settings: the versions of what lays it out and writes it."""
    return " ".join([f"gisland {gisland.__version__}", *(f"{name} {version(name)}" for name in DRAWN_BY)])


def load_print_key(settings: Settings) -> bytes:
    """The key of the seals; the first print makes it.

    Raises:
        GislandError: the named key file is missing or unreadable.
    """
    path = settings.print_key_path
    return load_key(path, make=settings.print_key_file is None, of="printed pages", setting="GISLAND_PRINT_KEY_FILE")


def _seal(said: str, key: bytes, signs: int) -> str:
    digest = hmac.digest(key, f"gisland printed page {said}".encode(), "sha256")
    return base64.b32encode(digest).decode()[:signs]
