"""Certificates of each period with the serials and book numbers of their time (domain notes §3.1, §3.2)."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

PERIODS = (
    # first year, last year, weight, letters, digits, book number
    (1991, 2003, 0.16, ("B", "Đ", "K", "M", "S", "Đ", "V"), 6, "{n:05d} QSDĐ/HB"),
    (2004, 2009, 0.22, ("AB", "AĐ", "AH", "AK", "AM", "AP"), 6, "H{n:05d}"),
    (2010, 2014, 0.24, ("BA", "BĐ", "BG", "BK", "BP", "BT"), 6, "CH{n:05d}"),
    (2015, 2024, 0.30, ("BX", "CA", "CĐ", "CH", "CR", "DA", "DĐ", "DH"), 6, "CS{n:05d}"),
    (2024, 2025, 0.08, ("AA", "AB"), 8, "CN {n}"),
)


@dataclass(frozen=True)
class Certificate:
    """A certificate; some old ones have no serial."""

    serial: str
    issued: dt.date
    book_no: str


class Issuer:
    """Issues certificates whose serials never repeat."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.issued = 0

    def issue(self, *, organisation: bool = False) -> Certificate:
        """The next certificate, of a random period."""
        rng = self.rng
        period = int(rng.choice(len(PERIODS), p=[p[2] for p in PERIODS]))
        first, last, _, letters, digits, book = PERIODS[period]
        day = dt.date(first, 1, 1) + dt.timedelta(days=int(rng.integers(0, 365 * (last - first + 1) - 1)))
        new_form = dt.date(2024, 8, 1)  # TT 10/2024 in force
        if period == len(PERIODS) - 1:
            day = new_form + dt.timedelta(days=int(rng.integers(0, 380)))
        elif day >= new_form:
            day = new_form - dt.timedelta(days=int(rng.integers(1, 200)))
        self.issued += 1
        # Multiplying by a number prime to the modulus walks through all serials without repeating one.
        number = self.issued * 7_919 % (10**digits - 1) + 1
        serial = f"{rng.choice(np.array(letters))} {number:0{digits}d}"
        if period == 0 and rng.random() < 0.18:
            serial = ""
        if organisation and period in (1, 2, 3):
            book = "CT{n:05d}"
        return Certificate(serial, day, book.format(n=self.issued))
