"""Source layouts: which header text is which field. Forms change mid-campaign, so layouts are data (`config/intake/`).

An alias is compared without case, accents, spaces and signs. `*` stands for any text; `group > text` wants the group
header above a column; `text #2` is the second column of that header from the left. The first alias that fits wins.
The words of a field may be those of a code list: `land_type: {list: land_types}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from gisland.errors import InputError, NotFound, UsageError
from gisland.kit.text import plain_key
from gisland.kit.yaml_file import parse, read_yaml
from gisland.registry.codes import CodeLists, load_codes
from gisland.settings import Settings

Kind = Literal["parcels", "form", "results"]
EXAMPLE = "config/intake/pl3-01.yml"
# A column's header from the top: group headers, then its own text.
Header = Sequence[str]


class FieldSpec(BaseModel):
    """Where a field is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    aliases: list[str] = Field(min_length=1)
    required: bool = False


class Layout(BaseModel):
    """One kind of file of one origin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Kind
    title: str
    srid: int | None = Field(default=None, description="CRS of the sheets, when it is not that of the unit")
    fields: dict[str, FieldSpec]
    constants: dict[str, str | int] = Field(default={}, description="fields that the file does not have")
    empty: list[str] = Field(default=[], description="what people write into a cell that has no value")
    ignore: list[str] = Field(default=[], description="headers of columns that are no data: row numbers")
    skip: list[str] = Field(default=[], description="rows that are no data: sub-totals")
    stop: list[str] = Field(default=[], description="rows after which nothing comes: the sign block")
    words: dict[str, dict[str, list[str]]] = Field(default={}, description="per field: code → accepted words")

    @field_validator("words", mode="before")
    @classmethod
    def _words_of_lists(cls, words: Any, info: ValidationInfo) -> Any:
        """`{list: land_types}` stands for the words of `data/codes/land_types.yml`, those of its groups left out."""
        if not isinstance(words, dict) or info.context is None:
            return words
        return {field: _words(codes, info.context["codes"]) for field, codes in words.items()}

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Per field: word as it is compared → code."""
        return {
            field: {plain_key(word): code for code, words in codes.items() for word in words}
            for field, codes in self.words.items()
        }

    @cached_property
    def empty_keys(self) -> frozenset[str]:
        """Texts that mean nothing, as they are compared; signs alone ('-/-') always do."""
        return frozenset({"", *(plain_key(text) for text in self.empty)})

    def columns(self, headers: Sequence[Header]) -> dict[str, int]:
        """Field → index of its column; a column serves one field only."""
        keys = [[plain_key(part) for part in header] for header in headers]
        found: dict[str, int] = {}
        for field, spec in self.fields.items():
            for alias in spec.aliases:
                index = _find(alias, keys, set(found.values()))
                if index is not None:
                    found[field] = index
                    break
        return found

    def missing(self, columns: dict[str, int]) -> list[FieldSpec]:
        """Required fields that have no column."""
        return [spec for field, spec in self.fields.items() if spec.required and field not in columns]

    def name_of(self, field: str) -> str:
        """The field's name as people know it."""
        return self.fields[field].label if field in self.fields else field


@dataclass(frozen=True)
class Match:
    """A layout that fits a file, with the columns of its fields."""

    layout: Layout
    columns: dict[str, int]

    @property
    def score(self) -> int:
        """How many fields were found."""
        return len(self.columns)


def matches(pattern: str, key: str) -> bool:
    """Whether a text (as it is compared) fits a pattern with `*`."""
    return _compiled(pattern).fullmatch(key) is not None


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(plain_key(part)) for part in pattern.split("*")))


def _find(alias: str, headers: list[list[str]], taken: set[int]) -> int | None:
    text, _, nth = alias.partition("#")
    group, arrow, leaf = text.rpartition(">")
    found = [
        index
        for index, header in enumerate(headers)
        if header and matches(leaf, header[-1]) and (not arrow or any(matches(group, part) for part in header[:-1]))
    ]
    position = int(nth) - 1 if nth else 0
    if position < len(found) and found[position] not in taken:
        return found[position]
    return None


def _words(words: Any, codes: CodeLists) -> Any:
    if not isinstance(words, dict) or not isinstance(words.get("list"), str):
        return words
    try:
        return codes.code_list(words["list"]).words
    except NotFound as error:
        raise ValueError(str(error)) from None


def load_layouts(settings: Settings, kind: Kind, name: str | None = None) -> list[Layout]:
    """The layouts of one kind of file, or the one that is named.

    Raises:
        UsageError: there is no such layout, or a layout file is not right.
    """
    layouts = []
    codes = load_codes(settings)
    for path in sorted((settings.config_dir / "intake").glob("*.yml")):
        values = read_yaml(path, "GISLAND_CONFIG_DIR") | {"name": path.stem}
        layouts.append(parse(Layout, path, values, EXAMPLE, context={"codes": codes}))
    found = [layout for layout in layouts if layout.kind == kind and name in (None, layout.name)]
    if not found:
        raise UsageError(
            f"không có mẫu {name or kind} · there is no such layout", hint=f"{settings.config_dir}/intake/"
        )
    return found


def choose_layout(layouts: list[Layout], headers: Sequence[Header], file: str) -> Match:
    """The layout whose required fields the file has.

    Raises:
        UsageError: several fit.
        InputError: none fits; says what is missing in the one that comes nearest.
    """
    found = [Match(layout, layout.columns(headers)) for layout in layouts]
    fitting = [match for match in found if not match.layout.missing(match.columns)]
    if len(fitting) > 1:
        names = ", ".join(match.layout.name for match in fitting)
        raise UsageError(f"nhiều mẫu cùng khớp · several layouts fit: {names}", hint="--layout …", file=file)
    if not fitting:
        raise missing_columns(max(found, key=lambda match: match.score), file)
    return fitting[0]


def missing_columns(match: Match, file: str, **where: str | int) -> InputError:
    """The error that names the missing columns and the header texts that would be understood."""
    missing = match.layout.missing(match.columns)
    names = "; ".join(f"{spec.label} ({' | '.join(spec.aliases)})" for spec in missing)
    return InputError(
        f"thiếu cột · missing column: {names}",
        hint=f"đổi tên cột hoặc sửa · rename the column or edit config/intake/{match.layout.name}.yml",
        file=file,
        **where,
    )
