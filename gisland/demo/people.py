"""Invented people and the parties in which they hold land. Every national id starts with 999, which is no province."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from gisland.demo.names import people_names

INDIVIDUAL, HOUSEHOLD, COUPLE, CO_USERS, COMMUNITY, ORGANISATION = (
    "Cá nhân",
    "Hộ gia đình",
    "Vợ chồng",
    "Đồng sử dụng",
    "Cộng đồng dân cư",
    "Tổ chức",
)
PARTIES = (INDIVIDUAL, HOUSEHOLD, COUPLE, CO_USERS, COMMUNITY, ORGANISATION)
ROLES = ("Cá nhân", "Chủ hộ", "Chồng", "Vợ", "Người đại diện", "Thành viên")


@dataclass(eq=False)
class Person:
    """One invented person."""

    name: str
    born: dt.date
    woman: bool
    number: str
    """National id, empty when the ward does not have it."""
    address: str
    state: str
    """What the matching will say of the person: a verification status."""


@dataclass(eq=False)
class Party:
    """Who holds land together: members with their roles and, for co-users, their shares ("1/2")."""

    kind: str
    members: list[Person]
    roles: list[str]
    shares: list[str] = field(default_factory=list)
    name: str = ""
    """Name of an organisation or community."""
    code: str = ""
    """Tax code of an organisation."""


class Registry:
    """Makes people one after the other; keeps names, birthdays and ids consistent, but for a planted few."""

    def __init__(self, rng: np.random.Generator, expected: int) -> None:
        self.rng = rng
        self.people: list[Person] = []
        size = max(1000, 2 * expected)
        self._names = {woman: iter(people_names(np.full(size, woman), rng)) for woman in (False, True)}
        # The last six digits never repeat, so an id is unique even where two people share sex and year of birth.
        self._serials = iter(rng.permutation(1_000_000)[: 2 * size].tolist())

    def person(self, address: str, state: str, *, woman: bool, born: int | None = None) -> Person:
        """A new person born about the year ``born``; ``state`` "missing_id" leaves the id out."""
        rng = self.rng
        year = int(np.clip(rng.normal(1968, 14), 1932, 2004)) if born is None else int(np.clip(born, 1925, 2005))
        birthday = dt.date(year, 1, 1) + dt.timedelta(days=int(rng.integers(0, 365)))
        number = national_id(birthday, next(self._serials), woman=woman)
        if rng.random() < 0.012:  # planted: an id whose sex or year disagrees with the form
            number = (
                number[:3] + str(int(number[3]) ^ 1) + number[4:]
                if rng.random() < 0.5
                else number[:4] + f"{(year + 1) % 100:02d}" + number[6:]
            )
        person = Person(
            next(self._names[woman]), birthday, woman, "" if state == "missing_id" else number, address, state
        )
        self.people.append(person)
        return person

    def party(self, kind: str, address: str, state: str) -> Party:
        """A new party of persons, all of one verification state but where one member spoils it."""
        rng = self.rng
        if kind == COUPLE:
            husband = self.person(address, state, woman=False)
            wife_state = state if state in ("sent", "unsent") or rng.random() < 0.45 else "verified"
            wife = self.person(address, wife_state, woman=True, born=husband.born.year + int(rng.integers(-3, 8)))
            return Party(kind, [husband, wife], ["Chồng", "Vợ"])
        if kind == CO_USERS:
            count = int(rng.choice([2, 3, 4], p=[0.6, 0.3, 0.1]))
            rest = state if state in ("sent", "unsent") else "verified"
            members = [
                self.person(address, state if i == 0 else rest, woman=bool(rng.random() < 0.5)) for i in range(count)
            ]
            shares = [f"1/{count}"] * count
            if count == 3 and rng.random() < 0.5:
                shares = ["1/2", "1/4", "1/4"]
            return Party(
                kind, members, ["Người đại diện"] + ["Thành viên"] * (count - 1), shares if rng.random() < 0.85 else []
            )
        head = self.person(address, state, woman=bool(rng.random() < (0.28 if kind == HOUSEHOLD else 0.45)))
        return Party(kind, [head], ["Chủ hộ" if kind == HOUSEHOLD else "Cá nhân"])


def national_id(born: dt.date, serial: int, *, woman: bool) -> str:
    """Twelve digits: 999, century and sex, year of birth, six of the person's own (NĐ 137/2015 Đ13; no check digit)."""
    century = 0 if born.year < 2000 else 2
    return f"999{century + woman}{born.year % 100:02d}{serial:06d}"
