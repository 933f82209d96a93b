"""Password hashing with argon2id, one password at a time: each takes 64 MB and four threads while it lasts.

These threads have a lower priority than the others of the gateway. At the same priority, logins kept the event loop
waiting for a processor, and with it every other request.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

from pwdlib import PasswordHash

_NICER_BY = 5

NO_PASSWORD = "!"  # noqa: S105 - no password
"""Stored instead of a hash for an account of single sign-on: no password matches it."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    """A hash that matches no password, so that unknown users take the same time as known ones."""
    return _hasher().hash("no one has this password")


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="passwords", initializer=_lower_priority)


def _lower_priority() -> None:
    """Lower the priority of this thread, which the threads that argon2 starts from it inherit."""
    if sys.platform == "linux":  # elsewhere, threads have no priority of their own
        thread = threading.get_native_id()
        with suppress(OSError):  # passwords are checked whatever the system allows
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER_BY)


def hash_password(password: str) -> str:
    """The argon2id hash to store. It takes long: no transaction may be open."""
    return _thread().submit(_hasher().hash, _as_bytes(password)).result()


def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; with no stored hash, the same work and always False.

    It takes long: no transaction may be open.
    """
    return _thread().submit(_matches, _as_bytes(password), stored).result()


def _matches(password: bytes, stored: str | None) -> bool:
    known = stored not in (None, NO_PASSWORD)
    return _hasher().verify(password, stored if stored and known else _nobody()) and known


def _as_bytes(password: str) -> bytes:
    """UTF-8. Lone surrogates, which JSON and terminals can produce, are encoded too."""
    return password.encode(errors="surrogatepass")
