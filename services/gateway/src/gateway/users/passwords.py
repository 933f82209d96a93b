"""Password hashing with argon2id, a few at once: each takes 64 MB while it lasts."""

import threading
from functools import cache

from pwdlib import PasswordHash

_PLACES = threading.BoundedSemaphore(2)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    """A hash that matches no password, so that unknown users take the same time as known ones."""
    return _hasher().hash("no one has this password")


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _PLACES:
        return _hasher().hash(_as_bytes(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; with no stored hash, the same work and always False."""
    with _PLACES:
        return _hasher().verify(_as_bytes(password), stored or _nobody()) and stored is not None


def _as_bytes(password: str) -> bytes:
    """UTF-8. Lone surrogates, which JSON and terminals can produce, are encoded too."""
    return password.encode(errors="surrogatepass")
