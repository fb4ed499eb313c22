"""Zip archives that others made (.xlsx and .ods are such), looked through before a reader unpacks them.

The sizes that an archive states are its maker's word, so its members are unpacked here to be measured, without being
kept. Nothing is ever written under a name from an archive; names that reach outside are refused all the same, for
whoever opens the file next.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gisland.errors import InputError

MOST_MEMBERS = 5_000
# The largest workbooks of a city unpack to some 300 MB.
MOST_BYTES = 1_000_000_000
# XML of tables packs to a tenth or twentieth; what packs this well is made to.
MOST_RATIO = 200
SMALL = 10_000_000
CHUNK = 1 << 20

_LOCAL_HEADER = 30
# Office XML has no document type (ECMA-376 part 2, §10): with one, entities could name files or grow without end.
_DOCTYPE = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)", re.IGNORECASE)
_XML = (".xml", ".rels", ".vml", ".rdf")
_OVERLAP = 40


def check_archive(path: Path) -> None:
    """That an archive is safe to be read by any reader.

    Raises:
        InputError: it is broken, too large when unpacked, names places outside of it, holds a link, a member that is
            encrypted or packed in an unusual way, or XML with a document type.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise _wrong(path, f"có quá nhiều tệp bên trong · it has more than {MOST_MEMBERS} members")
            if len({member.filename for member in members}) < len(members):
                raise _wrong(path, "có hai tệp trùng tên bên trong · two of its members have one name")
            size = 0
            for member in members:
                _check_name(path, member)
                for part in _checked(path, member, _unpacked(path, member, file)):
                    size += len(part)
                    if size > MOST_BYTES:
                        raise _wrong(path, "giải nén ra quá lớn · it unpacks to too much")
                packed = path.stat().st_size
                if size > SMALL and size > MOST_RATIO * packed:
                    raise _wrong(path, "giải nén ra quá lớn so với tệp · it unpacks to far too much for its size")
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError):
        raise _wrong(path, "tệp nén bị hỏng · the archive is broken") from None


def _check_name(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    parts = re.split(r"[/\\]", name)
    if ".." in parts or name.startswith(("/", "\\")) or "\0" in name or re.match(r"[A-Za-z]:", name):
        raise _wrong(path, "tên tệp bên trong trỏ ra ngoài · a member's name reaches outside of it")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _wrong(path, "bên trong có liên kết · it holds a symbolic link")
    if member.flag_bits & 0x1:
        raise _wrong(path, "bên trong có tệp đặt mật khẩu · a member is encrypted")
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise _wrong(path, "cách nén lạ · it is packed in an unusual way")


def _unpacked(path: Path, member: zipfile.ZipInfo, file: BinaryIO) -> Iterator[bytes]:
    """What a member really holds, piece by piece, whatever size it states."""
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
        raise zipfile.BadZipFile
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        while left > 0 and (piece := file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    found = 0
    while left > 0 and not inflate.eof:
        piece = file.read(min(CHUNK, left))
        if not piece:
            raise EOFError
        left -= len(piece)
        while piece and not inflate.eof:
            part = inflate.decompress(piece, CHUNK)
            piece = inflate.unconsumed_tail
            found += len(part)
            yield part
    if found != member.file_size:
        raise _wrong(path, "kích thước ghi bên trong không đúng · it states wrong sizes")


def _checked(path: Path, member: zipfile.ZipInfo, parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same parts; refused when they are XML with a document type."""
    is_xml = member.filename.lower().endswith(_XML)
    last = b""
    for part in parts:
        if is_xml and _DOCTYPE.search(last + part):
            raise _wrong(path, "XML bên trong có DOCTYPE hoặc ENTITY · XML in it has a document type or entities")
        last = part[-_OVERLAP:]
        yield part


def _wrong(path: Path, what: str) -> InputError:
    return InputError(
        what, hint="mở bằng Excel và lưu lại dạng .xlsx · open it in Excel and save it as .xlsx", file=path.name
    )
