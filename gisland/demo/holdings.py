"""Who holds which parcel, by which certificate, and how far each neighbourhood has come with the verification."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisland.demo.certificates import Certificate, Issuer
from gisland.demo.exact import Stream, stream
from gisland.demo.landuse import public_land
from gisland.demo.names import COMMUNITIES, FIRM_NAMES, FIRMS, OFFICES
from gisland.demo.people import (
    CO_USERS,
    COMMUNITY,
    COUPLE,
    HOUSEHOLD,
    INDIVIDUAL,
    ORGANISATION,
    Party,
    Person,
    Registry,
)

STATES = ("verified", "sent", "unsent", "mismatch", "not_found", "missing_id", "deceased", "duplicate")
PROGRESS = (
    # weight of such groups, and the share of each state in them
    (0.28, (0.86, 0.03, 0.01, 0.035, 0.02, 0.025, 0.012, 0.008)),
    (0.48, (0.62, 0.12, 0.05, 0.085, 0.05, 0.05, 0.018, 0.007)),
    (0.14, (0.20, 0.34, 0.24, 0.08, 0.05, 0.07, 0.015, 0.005)),
    (0.10, (0.02, 0.05, 0.83, 0.00, 0.00, 0.10, 0.000, 0.000)),
)
"""Groups nearly done, at work, begun, not begun."""
PARCELS_PER_TOWER = 4000
TOWER_PLOT = 2500.0
"""A tower stands on the shop or office plot whose area is nearest to this: m²."""
STOREYS, FLATS_ON_STOREY = 9, 4
REASONS = ("Nhận chuyển nhượng", "Nhận thừa kế", "Nhận tặng cho")


@dataclass(frozen=True)
class Building:
    """A tower on a parcel, or a flat in it; areas in m²."""

    estate: str
    name: str
    number: str = ""
    """Number of the flat; empty for the tower."""
    footprint: float | None = None
    floor_area: float | None = None


@dataclass(frozen=True)
class Right:
    """A party holds a parcel (row of the parcel table) by a certificate; another may use it today.

    With a building that has a number it holds that flat, with another one the parcel and the tower on it.
    """

    parcel: int
    party: Party
    certificate: Certificate
    user: Person | None = None
    reason: str = ""
    building: Building | None = None


@dataclass(frozen=True)
class Holdings:
    """All rights, and all people in the order in which they were met."""

    rights: list[Right]
    people: list[Person]


def give_land(columns: dict[str, NDArray[Any]], areas: NDArray[np.float64], seed: int) -> Holdings:
    """Invent the holders of all parcels and of the flats of towers. About three parcels in a hundred have none."""
    rng = stream(seed, "people")
    types, groups, addresses = columns["kyhieumucd"], columns["tdp"], columns["diachi"]
    giver = _Giver(rng, len(types), _progress(np.unique(groups), rng))
    empty = public_land(types) | (rng.random(len(types)) < 0.008)
    farm = np.array([t.split("+")[0] in ("LUC", "LUK", "HNK", "CLN", "NTS") for t in types])
    houses = np.flatnonzero(~empty & np.char.startswith(types.astype(str), "ODT"))
    # So that also a small ward shows every state.
    giver.planted = dict(zip(rng.choice(houses, len(STATES), replace=False).tolist(), STATES, strict=True))
    # Houses first: their owners then also hold fields.
    for parcel in np.concatenate([np.flatnonzero(~empty & ~farm), np.flatnonzero(~empty & farm)]):
        giver.give(
            int(parcel), str(types[parcel]), str(groups[parcel]), str(addresses[parcel]), farm=bool(farm[parcel])
        )
    for parcel in _tower_plots(giver.rights, types, areas):
        giver.build(parcel, str(groups[parcel]), str(addresses[parcel]), float(areas[parcel]))
    return Holdings(sorted(giver.rights, key=lambda right: right.parcel), giver.registry.people)


def _tower_plots(rights: list[Right], types: NDArray[Any], areas: NDArray[np.float64]) -> list[int]:
    """The parcels on which towers stand: plots of firms, of a fitting size."""
    plots = [right.parcel for right in rights if types[right.parcel] == "TMD"]
    nearest = sorted(plots, key=lambda parcel: (abs(areas[parcel] - TOWER_PLOT), parcel))
    return nearest[: max(1, len(types) // PARCELS_PER_TOWER)]


def _progress(groups: Sequence[str] | NDArray[Any], rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """How far each group has come; every kind of progress appears."""
    weights = np.array([weight for weight, _ in PROGRESS])
    kinds = np.repeat(np.arange(len(PROGRESS)), np.maximum(1, np.round(weights * len(groups))).astype(int))
    kinds = rng.permutation(np.resize(kinds, len(groups)) if len(groups) > 3 else np.array([1, 0, 2])[: len(groups)])
    return {
        str(group): np.array(PROGRESS[kind][1]) / sum(PROGRESS[kind][1])
        for group, kind in zip(groups, kinds, strict=True)
    }


class _Giver:
    """Gives one parcel after the other."""

    def __init__(self, rng: Stream, parcels: int, progress: dict[str, NDArray[np.float64]]) -> None:
        self.rng = rng
        self.registry = Registry(rng, 2 * parcels)
        self.issuer = Issuer(rng)
        self.progress = progress
        self.rights: list[Right] = []
        self.known: list[tuple[Party, Certificate]] = []
        self.firms: list[Party] = []
        self.planted: dict[int, str] = {}
        self.towers = 0

    def give(self, parcel: int, land_type: str, group: str, address: str, *, farm: bool) -> None:
        """Find the party for a parcel and write down its right."""
        rng = self.rng
        place = f"{address}, TDP {group}, phường Hồng Bàng, thành phố Hải Phòng" if address else ""
        if land_type == "TIN":
            self._add(
                parcel, Party(COMMUNITY, [], ["Người đại diện"], name=f"{rng.choice(COMMUNITIES)} {parcel % 40 + 1}")
            )
        elif land_type in OFFICES or land_type in ("SKC", "TMD"):
            self._add(parcel, self._organisation(land_type, place))
        elif self.known and parcel not in self.planted and rng.random() < (0.5 if farm else 0.06):
            party, certificate = self.known[int(len(self.known) - 1 - min(rng.exponential(400), len(self.known) - 1))]
            same = rng.random() < 0.35 and not party.shares
            self.rights.append(Right(parcel, party, certificate if same else self.issuer.issue()))
        else:
            state = self.planted.get(parcel) or str(rng.choice(STATES, p=self.progress[group]))
            kind = str(rng.choice([INDIVIDUAL, COUPLE, HOUSEHOLD, CO_USERS], p=[0.40, 0.41, 0.14, 0.05]))
            party = self.registry.party(kind, place, state)
            self._add(parcel, party, place)
            self.known.append((party, self.rights[-1].certificate))

    def _add(self, parcel: int, party: Party, place: str = "") -> None:
        """Issue a certificate; a few parcels are used by somebody else today, most of those whose holder died."""
        certificate = self.issuer.issue(organisation=party.kind == ORGANISATION)
        user, reason = None, ""
        if place and self.rng.random() < (0.75 if party.members[0].state == "deceased" else 0.035):
            dead = party.members[0].state == "deceased"
            reason = REASONS[1] if dead else str(self.rng.choice(REASONS))
            state = (
                str(self.rng.choice(["verified", "sent", "unsent"])) if party.members[0].state != "unsent" else "unsent"
            )
            born = party.members[0].born.year + 28 if dead else None
            user = self.registry.person(place, state, woman=bool(self.rng.random() < 0.5), born=born)
        self.rights.append(Right(parcel, party, certificate, user, reason))

    def build(self, parcel: int, group: str, address: str, area: float) -> None:
        """Put a tower on the plot of a firm, and give each of its flats to a party with a certificate of its own."""
        rng, self.towers = self.rng, self.towers + 1
        estate, name = f"Khu chung cư {rng.choice(FIRM_NAMES)} {self.towers}", f"Tòa {'ABCDEFGH'[self.towers % 8]}"
        built = round(0.4 * area, 1)
        tower = Building(estate, name, footprint=built, floor_area=round(built * STOREYS, 1))
        at = next(at for at, right in enumerate(self.rights) if right.parcel == parcel)
        self.rights[at] = replace(self.rights[at], building=tower)
        for storey in range(2, STOREYS + 1):
            for door in range(1, FLATS_ON_STOREY + 1):
                number = f"{storey}{door:02d}"
                place = f"Căn {number} {name}, {address or estate}, TDP {group}, phường Hồng Bàng, thành phố Hải Phòng"
                kind = str(rng.choice([INDIVIDUAL, COUPLE], p=[0.45, 0.55]))
                party = self.registry.party(kind, place, str(rng.choice(STATES, p=self.progress[group])))
                flat = Building(estate, name, number, floor_area=float(rng.choice([52.5, 68.0, 74.3, 91.2])))
                self.rights.append(Right(parcel, party, self.issuer.issue(), building=flat))

    def _organisation(self, land_type: str, place: str) -> Party:
        """A firm (sometimes one that has land already) or a public office."""
        rng = self.rng
        firm = land_type in ("SKC", "TMD")
        if firm and self.firms and rng.random() < 0.35:
            return self.firms[int(rng.integers(len(self.firms)))]
        number = len(self.firms) + 1
        if firm:
            name = f"Công ty {rng.choice(['TNHH', 'Cổ phần'])} {rng.choice(FIRMS)} {rng.choice(FIRM_NAMES)} {number}"
        else:
            name = f"{rng.choice(OFFICES[land_type])} {number}"
        deputy = self.registry.person(place, "organisation", woman=bool(rng.random() < 0.3))
        party = Party(ORGANISATION, [deputy], ["Người đại diện"], name=name, code=f"9990{number:06d}")
        self.firms.append(party)
        return party
