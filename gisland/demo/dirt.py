"""How clerks fill in cells: mostly tidy, sometimes not, always readable to a careful reader (habits of real forms)."""

import datetime as dt
import unicodedata

import numpy as np

from gisland.demo.people import HOUSEHOLD, Person

ORIGINS = (
    "Công nhận QSDĐ như giao đất có thu tiền sử dụng đất",
    "Nhà nước giao đất có thu tiền sử dụng đất",
    "Công nhận QSDĐ như giao đất không thu tiền sử dụng đất",
    "Nhận chuyển nhượng đất được Công nhận QSDĐ như giao đất có thu tiền sử dụng đất",
)
RENT = "Nhà nước cho thuê đất trả tiền hằng năm"


class Clerk:
    """Somebody who types; ``rng`` decides about the slips."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._luck: list[float] = []

    def often(self, share: float) -> bool:
        """True in a share of cases."""
        if not self._luck:
            self._luck = self.rng.random(4096).tolist()
        return self._luck.pop() < share

    def text(self, text: str) -> str:
        """A text: in places with spaces too many, decomposed letters (NFD) or Ð (U+00D0) for Đ."""
        if not text or not self.often(0.05):
            return text
        if self.often(0.3):
            return text + " "
        if self.often(0.3):
            return unicodedata.normalize("NFD", text)
        if self.often(0.4):
            return text.replace("Đ", "Ð")
        return text.replace(" ", "\u00a0" if self.often(0.5) else "  ", 1)

    def name(self, person: Person, kind: str) -> str:
        """A name: in capitals, or with a title before it."""
        name = person.name
        title = "Bà" if person.woman else "Ông"
        if kind == HOUSEHOLD and self.often(0.4):
            return self.text(f"Hộ {title.lower()} {name}")
        if self.often(0.06):
            return self.text(name.upper())
        if self.often(0.04):
            return self.text(f"{title}: {name}")
        return self.text(name)

    def number(self, number: str) -> str:
        """A national id as text, now and then with spaces in or behind it."""
        if number and self.often(0.02):
            return f"{number[:3]} {number[3:6]} {number[6:]}" if self.often(0.5) else number + " "
        return number

    def serial(self, serial: str) -> str:
        """A serial: Đ as Ð, without the space, in small letters."""
        if not self.often(0.06):
            return serial
        if self.often(0.4):
            return serial.replace("Đ", "Ð")
        return serial.replace(" ", "") if self.often(0.7) else serial.lower()

    def date(self, day: dt.date) -> dt.date | str:
        """A date: as text dd/mm/yyyy, as d/m/yyyy, or as a real date."""
        if self.often(0.3):
            return day
        return f"{day:%d/%m/%Y}" if self.often(0.85) else f"{day.day}/{day.month}/{day.year}"

    def birthday(self, born: dt.date) -> dt.date | str | int:
        """A birthday: of older people often only the year, as text or as a number."""
        if self.often(0.25 if born.year < 1955 else 0.05):
            return str(born.year) if self.often(0.6) else born.year
        return self.date(born)

    def area(self, area: float) -> float | str:
        """An area: a number, or text with the decimal comma that people write."""
        if self.often(0.8):
            return area
        text = f"{area:.1f}".replace(".", ",")
        return f"{text} m2" if self.often(0.1) else text

    def origin(self, rented: bool) -> str:  # noqa: FBT001 - a fact of the parcel, not a switch
        """Origin of the use (nguồn gốc sử dụng)."""
        if rented:
            return RENT
        return ORIGINS[0] if self.often(0.5) else ORIGINS[1 + self._pick(3)]

    def old_number(self, most: int) -> int:
        """A sheet or parcel number of an older map, as it stands on an old certificate."""
        return 1 + self._pick(most)

    def _pick(self, count: int) -> int:
        return int(self.rng.integers(count))
