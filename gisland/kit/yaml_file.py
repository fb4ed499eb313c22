"""YAML files that people edit, read into models: a mistake is one line with file, field and mend, never a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from gisland.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)

# Seven times as fast: each worker and each command reads these files. PyYAML that was built without libyaml lacks it.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Entry(BaseModel):
    """What stands in such a file: frozen, and a misspelt key is not taken for an absent one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_yaml(file: Path, folder_setting: str) -> dict[str, Any]:
    """The fields of a file.

    Args:
        file: the file.
        folder_setting: the environment variable that says where its folder is, for the hint.

    Raises:
        UsageError: it cannot be read, is no YAML, or holds no fields.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a safe one
    except OSError as error:
        raise wrong(file, "", "it cannot be read", f"check {folder_setting}") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f"line {place.line + 1}" if place else ""
        raise wrong(file, line, "this is no YAML", "check indentation, colons and quotes") from error
    if not isinstance(content, dict):
        raise wrong(file, "", "it holds no fields", "write `name: value` lines")
    return content


def parse(model: type[Model], file: Path, content: dict[str, Any], example: str, context: Any = None) -> Model:
    """The fields as a model.

    Args:
        model: what they should be.
        file: where they stand.
        content: the fields.
        example: a file that is right, for the hint.
        context: what the model's validators need to know.

    Raises:
        UsageError: a field is missing, misspelt or wrong; the first one is named.
    """
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        mend = "remove it, or mend its spelling" if first["type"] == "extra_forbidden" else f"see {example}"
        raise wrong(file, field, first["msg"], mend) from error


def wrong(file: Path, field: str, what: str, mend: str) -> UsageError:
    """The error about one field of one file."""
    return UsageError(what, hint=mend, file=f"{file.parent.name}/{file.name}", field=field or None)
