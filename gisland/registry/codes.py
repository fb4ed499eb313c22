"""Code lists (danh mục): what the law, the forms and neighbouring systems call things, in both languages.

One list is one file `data/codes/<name>.yml`. Each entry says how sure it is: V read in a primary text, V2 read in
press or another program only, R recalled and not checked, A our own choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from gisland.catalogue import Color, Filled, Name, Text
from gisland.errors import NotFound
from gisland.kit.text import plain_key
from gisland.kit.yaml_file import Entry, parse, read_yaml, wrong
from gisland.settings import Settings

Confidence = Literal["V", "V2", "R", "A"]
EXAMPLE = "data/codes/land_types.yml"
SURE = "Độ chắc chắn: V văn bản gốc, V2 nguồn khác, R nhớ lại, A tự đặt · how sure: V primary text … A our own choice"
NOTE = "Ghi chú · a note"


class Named(Entry):
    """What each entry of a list has."""

    code: Filled = Field(description="Mã · the code")
    vi: Filled = Field(description="Tên tiếng Việt · Vietnamese name")
    en: Filled = Field(description="Tên tiếng Anh · English name")
    aliases: tuple[Filled, ...] = Field(
        default=(), description="Từ đồng nghĩa trên giấy tờ · other words, as on papers"
    )
    confidence: Confidence | None = Field(default=None, description=SURE)
    source: Filled | None = Field(default=None, description="Nguồn, nếu khác của danh mục · where from, if elsewhere")
    note: Text | None = Field(default=None, description=NOTE)

    @property
    def words(self) -> list[str]:
        """What is understood as this entry, its Vietnamese name first."""
        return list(dict.fromkeys([self.vi, self.code, *self.aliases, self.en]))


class Code(Named):
    """An entry in force."""

    group: Filled | None = Field(default=None, description="Thuộc nhóm · the entry of this list that it is part of")
    selectable: bool = Field(
        default=True, description="false: nhóm, không ghi cho thửa · a group, which nothing is given"
    )
    color: Color | None = Field(default=None, description="Màu trên bản đồ · colour on the map")
    color_confidence: Confidence | None = Field(default=None, description=SURE)
    ids: dict[Name, tuple[int | Filled, ...]] = Field(
        default={}, description="Mã ở nơi khác · what it is elsewhere: system or list → ids there"
    )


class LegacyCode(Named):
    """A code or word of an earlier law. Where it may be several of today's, nobody but a person decides."""

    confidence: Confidence = Field(description=SURE)
    current: tuple[Filled, ...] = Field(description="Các mã nay có thể là · the codes of today that it may be")

    @property
    def target(self) -> str | None:
        """Today's code, where there is only one that it may be."""
        return self.current[0] if len(self.current) == 1 else None


class CodeList(Entry):
    """One list."""

    name: Name = Field(description="Tên danh mục · name of the list")
    title: Text = Field(description="Tiêu đề · title")
    source: Filled = Field(description="Nguồn · where it is from")
    confidence: Confidence = Field(description=SURE)
    note: Text | None = Field(default=None, description=NOTE)
    codes: tuple[Code, ...] = Field(min_length=1, description="Mã hiện hành · codes in force")
    legacy: tuple[LegacyCode, ...] = Field(default=(), description="Mã cũ · codes of earlier laws")

    @cached_property
    def by_code(self) -> dict[str, Code]:
        """The entries in force by their code."""
        return {code.code: code for code in self.codes}

    @cached_property
    def by_word(self) -> dict[str, Code | LegacyCode]:
        """All entries by everything that is understood as them, as it is compared."""
        entries: list[Code | LegacyCode] = [*self.codes, *self.legacy]
        return {plain_key(word): entry for entry in entries for word in entry.words}

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """Code → the words that mean it and nothing else; groups and what may be several codes are not in it."""
        found = {code.code: code.words for code in self.codes if code.selectable}
        for old in self.legacy:
            if old.target in found:
                found[old.target] = [*found[old.target], *old.words]
        return found

    def get(self, code: str) -> Code:
        """The entry in force with a code.

        Raises:
            NotFound: there is none.
        """
        try:
            return self.by_code[code]
        except KeyError:
            raise NotFound(
                f"danh mục {self.name} không có mã {code!r} · the list {self.name} has no code {code!r}",
                hint=", ".join(self.by_code),
            ) from None

    def look_up(self, word: object) -> Code | LegacyCode | None:
        """The entry, in force or of earlier laws, that a code, name or word means; case and accents do not count."""
        return self.by_word.get(plain_key(word))

    def find(self, word: object) -> Code | None:
        """The one entry in force that a code, name or word means, also one of earlier laws; None when it is not one."""
        found = self.look_up(word)
        if isinstance(found, LegacyCode):
            return self.by_code[found.target] if found.target else None
        return found

    def candidates(self, word: object) -> tuple[Code, ...]:
        """The selectable entries that a word may mean: of a group its parts, of a legacy code all it may be today."""
        found = self.look_up(word)
        if found is None:
            return ()
        if isinstance(found, LegacyCode):
            return tuple(self.by_code[code] for code in found.current)
        return (found,) if found.selectable else tuple(code for code in self.parts(found.code) if code.selectable)

    def parts(self, group: str) -> Iterator[Code]:
        """The entries within a group, at any depth."""
        for code in self.codes:
            if code.group == group:
                yield code
                yield from self.parts(code.code)

    def with_id(self, system: str, value: int | str) -> tuple[Code, ...]:
        """The entries that another system or list calls by an id; several where it is coarser than we are."""
        return tuple(code for code in self.codes if value in code.ids.get(system, ()))

    def sure(self, entry: Named) -> Confidence:
        """How sure an entry of this list is."""
        return entry.confidence or self.confidence


class CodeLists(Entry):
    """All of them."""

    lists: dict[str, CodeList]

    def code_list(self, name: str) -> CodeList:
        """A list by its name.

        Raises:
            NotFound: there is none; the message names those there are.
        """
        try:
            return self.lists[name]
        except KeyError:
            raise NotFound(
                f"không có danh mục {name!r} · there is no code list {name!r}", hint=", ".join(self.lists)
            ) from None


def load_codes(settings: Settings) -> CodeLists:
    """Read and check `data/codes/*.yml`, once per folder and process.

    Raises:
        UsageError: a file is wrong; names file and field, and says what is expected.
    """
    return _load(settings.data_dir / "codes")


@lru_cache
def _load(folder: Path) -> CodeLists:
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise wrong(folder, "", "there is no code list", "check GISLAND_DATA_DIR")
    lists = {file.stem: _read(file) for file in files}
    for file in files:
        for code in lists[file.stem].codes:
            for system, values in code.ids.items():
                unknown = [value for value in values if system in lists and value not in lists[system].by_code]
                if unknown:
                    raise wrong(
                        file, f"{code.code}.ids.{system}", f"{unknown[0]!r} is no code there", f"see {system}.yml"
                    )
    return CodeLists(lists=lists)


def _read(file: Path) -> CodeList:
    found = parse(CodeList, file, read_yaml(file, "GISLAND_DATA_DIR") | {"name": file.stem}, EXAMPLE)
    taken: dict[str, str] = {}
    for entry in (*found.codes, *found.legacy):
        for key in dict.fromkeys(map(plain_key, entry.words)):
            if key in taken:
                raise wrong(
                    file, entry.code, f"a word of it also means {taken[key]}", "give each word to one code only"
                )
            taken[key] = entry.code
    for place, code in enumerate(found.codes):
        # A group comes before its parts, so that no group is within itself.
        if code.group is not None and code.group not in [each.code for each in found.codes[:place]]:
            raise wrong(file, f"{code.code}.group", f"there is no code {code.group!r} before it", "put the group first")
    for old in found.legacy:
        unknown = [code for code in old.current if code not in found.by_code]
        if unknown:
            raise wrong(file, f"{old.code}.current", f"there is no code {unknown[0]!r}", "see codes: in this file")
        if not old.current and old.note is None:
            raise wrong(
                file, f"{old.code}.note", "it has no current code and says not why", "write note: {vi: …, en: …}"
            )
        if any(not found.by_code[code].selectable for code in old.current):
            raise wrong(file, f"{old.code}.current", "a group is no code that can be given", "name the codes within it")
    return found
