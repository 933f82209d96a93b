"""Password hashing with argon2id, a few at once: each takes 64 MB while it lasts."""

import threading
from functools import cache

from pwdlib import PasswordHash

_PLACES = threading.BoundedSemaphore(2)

NO_PASSWORD = "!"  # noqa: S105 - no password
"""Stored instead of a hash for an account of single sign-on: no password matches it."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    """A hash that matches no password, so that unknown users take the same time as known ones."""
    return _hasher().hash("no one has this password")


def hash_password(password: str) -> str:
    """The argon2id hash to store. It takes long: no transaction may be open."""
    with _PLACES:
        return _hasher().hash(_as_bytes(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; with no stored hash, the same work and always False.

    It takes long: no transaction may be open.
    """
    known = stored not in (None, NO_PASSWORD)
    with _PLACES:
        return _hasher().verify(_as_bytes(password), stored if stored and known else _nobody()) and known


def _as_bytes(password: str) -> bytes:
    """UTF-8. Lone surrogates, which JSON and terminals can produce, are encoded too."""
    return password.encode(errors="surrogatepass")
