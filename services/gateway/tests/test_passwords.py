"""Hashing of passwords, which gives way to the other work of the gateway."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.users import passwords


class Hasher:
    """Notes the threads in which it works and their priorities, and how many work at once."""

    def __init__(self) -> None:
        self.threads, self.nice, self.together = set[int](), set[int](), set[int]()
        self._working, self._lock = 0, threading.Lock()

    def hash(self, password: bytes) -> str:
        with self._lock:
            self._working += 1
            self.together.add(self._working)
        thread = threading.get_native_id()
        self.threads.add(thread)
        self.nice.add(os.getpriority(os.PRIO_PROCESS, thread))
        with self._lock:
            self._working -= 1
        return password.decode()

    def verify(self, password: bytes, stored: str) -> bool:
        return self.hash(password) == stored


@pytest.fixture
def hasher(monkeypatch):
    made = Hasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: made)
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
def test_passwords_are_hashed_one_at_a_time_at_a_lower_priority(hasher):
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with ThreadPoolExecutor(8) as clients:
        assert all(clients.map(lambda n: passwords.verify_password(f"{n}", f"{n}"), range(200)))
        assert list(clients.map(passwords.hash_password, ["a", "b"])) == ["a", "b"]
    assert (len(hasher.threads), hasher.together) == (1, {1})
    [lowered] = hasher.nice
    assert lowered > own or lowered == 19
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own


def test_passwords_are_checked_where_no_priority_can_be_lowered(monkeypatch, hasher):
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    passwords._thread.cache_clear()
    assert passwords.verify_password("a", "a")
    passwords._thread.cache_clear()
