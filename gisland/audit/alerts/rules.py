"""The rules of alerts: `config/alerts.yml`, read and checked."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from gisland.audit.log import Tag
from gisland.kit.yaml_file import Entry, parse, read_yaml
from gisland.settings import Settings

EXAMPLE = "config/alerts.yml of gisland itself"
FOLDER = "GISLAND_CONFIG_DIR"
# Tallies are no longer kept.
MOST_DAYS = 90
# Alerts of one rule that nobody has looked at; of whatever comes then, one alert tells as a whole.
MOST_OPEN = 20

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def _span(value: object) -> object:
    match = re.fullmatch(r"([1-9]\d{0,4}) (minute|hour|day)s?", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a number and minutes, hours or days: 15 minutes")
    return int(match[1]) * _UNITS[match[2]]


Span = Annotated[timedelta, BeforeValidator(_span), Field(le=timedelta(days=MOST_DAYS))]
# One line: titles go into the subject of a mail.
Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}]+$")
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]


class Severity(StrEnum):
    """How soon somebody should look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Title(Entry):
    """What a rule sees, in both languages."""

    vi: Word
    en: Word


class Usual(Entry):
    """A person's usual: the median of the days of theirs that count anything at all."""

    days: int = Field(ge=1, le=MOST_DAYS - 1)
    """The days before that are looked at."""
    times: float = Field(gt=1)
    """How many times as much is far more."""
    newcomer: int = Field(ge=1)
    """What is far more for somebody of whom little is known."""
    in_any_case: int = Field(ge=1)
    """What is too much whatever the usual: who grows slowly must not become unseen."""


class Hours(Entry):
    """Outside of these hours; times and days are those of Vietnam."""

    days: tuple[Annotated[int, Field(ge=1, le=7)], ...]
    """Days of work: 1 Monday … 7 Sunday."""
    begin: time = Field(alias="from")
    until: time
    holidays: tuple[date, ...] = ()


class Rule(Entry):
    """One rule: it counts events, or it proves the chain."""

    title: Title
    severity: Severity
    quiet: Span
    proves: Literal["chain"] | None = None
    events: tuple[Tag, ...] = ()
    by: tuple[Literal["account", "anonymous", "cli", "db", "system"], ...] = ()
    """Kinds of subjects; none named: all."""
    ward: Literal["not_granted"] | None = None
    """Only events with data of a ward in which the account has no role."""
    outside: Hours | None = None
    counts: Name = "events"
    """events · records (how many of them an event tells of) · the name of a number in the event's detail."""
    per: Literal["subject", "object", "origin"] = "subject"
    """Of whom it counts: who did it · what it was done to · where failed sign-ins come from."""
    within: Span | None = None
    at_least: int = Field(default=1, ge=1)
    usual: Usual | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Rule:
        if (self.proves is None) == (not self.events):
            raise ValueError("a rule has either `events` or `proves`")
        if self.events and self.within is None:
            raise ValueError("`within` is missing: 15 minutes")
        if self.usual is not None and self.within != _UNITS["day"]:
            raise ValueError("the usual is one of days: `within: 1 day`")
        if {Tag.ALERT_RAISED, Tag.ALERT_ACKNOWLEDGED} & set(self.events):
            raise ValueError("an alert raises no alert")
        return self

    @property
    def width(self) -> timedelta:
        """Spans of time in which is counted; a window is a sum of them."""
        assert self.within is not None
        return self.within if self.usual is not None else max(self.within / 6, _UNITS["minute"])

    @property
    def kept(self) -> timedelta:
        """How long a tally is of use."""
        assert self.within is not None
        return _UNITS["day"] + (self.within if self.usual is None else timedelta(days=self.usual.days))


class Rules(Entry):
    """All of them, by name."""

    rules: dict[Name, Rule]

    def title(self, name: str, language: str) -> str:
        """What a rule is called; one that is there no more by its name."""
        rule = self.rules.get(name)
        title = rule.title if rule is not None else OWN.get(name)
        return name if title is None else (title.en if language == "en" else title.vi)


# Alerts that no rule raises.
TEST = "test"
OWN = {TEST: Title(vi="Thử cảnh báo", en="A test")}


def rules_file(settings: Settings) -> Path:
    """Where the rules stand."""
    return settings.config_dir / "alerts.yml"


def load_rules(settings: Settings) -> Rules:
    """Read and check the rules.

    Raises:
        UsageError: the file is missing or wrong; names file and field, and says what is expected.
    """
    file = rules_file(settings)
    return parse(Rules, file, read_yaml(file, FOLDER), EXAMPLE)
