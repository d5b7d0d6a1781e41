"""Passwords and tokens: how they are made, and what of them is kept.

A password is kept as its Argon2 hash, which takes tens of milliseconds and 64 MiB for each guess. A token is 32 random bytes,
which nobody guesses, so that SHA-256 is enough.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from runner.errors import TrackingError

SHORTEST, LONGEST = 12, 1024  # characters of a password
PREFIX = "rnr_"  # of a token, so that people and scanners know one when they see it
ENDING = 4  # characters of a token that are kept, to tell it by

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it is told once, and what is kept of it."""

    text: str
    digest: str
    ending: str


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises:
        TrackingError: it is too short, or too long.
    """
    if len(password) < SHORTEST:
        raise TrackingError(
            f"the password has {len(password)} characters, fewer than {SHORTEST}",
            hint="short passwords are guessed: take some words, or what a password manager makes",
        )
    if len(password) > LONGEST:
        raise TrackingError(f"the password has more than {LONGEST} characters")
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether that is the password. It takes as long where there is none, so that nobody learns which users there are."""
    try:
        _hasher.verify(kept or nobody(), password[: LONGEST + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


def new_token() -> NewToken:
    """A fresh one."""
    text = PREFIX + secrets.token_urlsafe(32)
    return NewToken(text, digest(text), text[-ENDING:])


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def nobody() -> str:
    """The hash of a password that nobody has."""
    return _hasher.hash(secrets.token_urlsafe(32))
