"""Passwords: which are good enough (NIST SP 800-63B §5.1.1.2), and how they are kept (argon2id).

Length counts, and that nobody would guess it early; no rule says which kinds of characters it is made of, and none
expires. What is compared is the NFKC form: keyboards write `ệ` as one character or as three.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gisland.errors import InputError
from gisland.kit.text import plain_key

HASHER = PasswordHasher()
SHORTEST, LONGEST = 12, 256
FEWEST_CHARACTERS = 5
NAME_COUNTS_FROM = 4
# Of a secret of 256 random bits that was thrown away: an unknown name costs as much time as a wrong secret.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$QOjXgcn5G25iBq2NpLhOrQ$EVwbiyoUsgJSQ/u++aZ7ZEDLqipUebf7mlNpZrIj0mE"
_DIGIT = re.compile(r"\d")


def check_password(secret: str, name: str) -> None:
    """Refuse what is guessed early.

    Args:
        secret: the new password.
        name: of the account.

    Raises:
        InputError: it is too short or too long, holds the name, is one of the commonest, or a national id.
    """
    text = _normal(secret)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InputError(
            f"mật khẩu phải dài từ {SHORTEST} đến {LONGEST} ký tự · the password must have {SHORTEST} to {LONGEST} "
            "characters",
            hint="một câu vài từ là tốt nhất · a sentence of a few words is best",
        )
    folded = text.casefold()
    if len(name) >= NAME_COUNTS_FROM and name.casefold() in folded:
        raise InputError("mật khẩu không được chứa tên đăng nhập · the password must not hold the name of the account")
    if len(set(folded)) < FEWEST_CHARACTERS or _common(folded):
        raise InputError(
            "mật khẩu này quá phổ biến · this password is too common",
            hint="một câu vài từ chỉ mình biết · a sentence that nobody else would think of",
        )
    if re.fullmatch(r"\d{12}", text):
        raise InputError("mật khẩu không được là số định danh · the password must not be a national id")


def _common(folded: str) -> bool:
    """Whether it is one of the commonest: as it stands, or without accents, digits and signs (`Mật khẩu@2026`)."""
    return bool({folded, _DIGIT.sub("", plain_key(folded))} & _commonest())


def _commonest() -> frozenset[str]:
    text = resources.files("gisland.security").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def hash_password(secret: str) -> str:
    """The argon2id hash under which a password is kept."""
    return HASHER.hash(_normal(secret))


def fits(secret_hash: str, secret: str) -> bool:
    """Whether a password is the one that was hashed; takes the same time either way, and much of it on purpose."""
    try:
        return HASHER.verify(secret_hash, _normal(secret))
    except (VerificationError, InvalidHashError):
        return False


def one_time_secret() -> str:
    """A secret that is shown once, to be typed once: 120 random bits."""
    return secrets.token_urlsafe(15)


def _normal(secret: str) -> str:
    # Whatever its length, hashing takes a bounded time.
    return unicodedata.normalize("NFKC", secret[: 4 * LONGEST])
