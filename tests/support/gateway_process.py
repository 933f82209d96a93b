"""Fixtures of a process in which gateways are tested: shared resources, and checks for leftovers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gateway import api_document, main
from gateway.database import make_engine
from gateway.users import passwords
from lobule.storage.local import LocalStore


@pytest.fixture(scope="session", autouse=True)
def every_loop_ends() -> Iterator[None]:
    """Fail if a loop outlives its gateway, because it would use Redis and log into closed streams."""
    yield
    left = {thread.name for thread in threading.enumerate()} & {"relay", "reaper", "webhooks"}
    assert left == set()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords at argon2's lowest cost, because the product's takes 0.2 s of CPU time for each login."""
    least = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords._nobody.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: least)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Share the SQL that SQLAlchemy compiled between the gateways of a process, which saves a seventh of their CPU
    time."""
    first: dict[str, Engine] = {}

    def make(url: str, *, impatient: bool = False) -> Engine:
        engine = make_engine(url, impatient=impatient)
        kept = first.get(engine.dialect.name)
        if kept is None:  # the dialect detects the server's features at the first connection
            with suppress(OperationalError), engine.connect():
                first[engine.dialect.name] = engine
            return engine
        engine.dialect = engine.pool._dialect = kept.dialect  # the dialect is a part of the cache key of statements
        engine._compiled_cache = kept._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "make_engine", make)
        yield


@pytest.fixture(scope="session", autouse=True)
def described_once() -> Iterator[None]:
    """Share the OpenAPI document between the gateways of a process, which have the same routes; it takes half a
    second."""
    make, made = api_document.make_document, dict[str, dict[str, Any]]()

    def document(app: FastAPI) -> dict[str, Any]:
        return made.get(app.title) or made.setdefault(app.title, make(app))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_document, "make_document", document)
        yield


@pytest.fixture
def store_read_without_connection(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a request that keeps a connection to the database while it reads the object store, which may be slow."""
    pool = app.state.sessions.kw["bind"].pool

    def checked(read: Callable) -> Callable:
        def call(store: LocalStore, key: str):
            deadline = time.monotonic() + 10  # the loops beside the requests have connections for a moment
            while pool.checkedout():
                assert time.monotonic() < deadline, f"a connection is kept while {key} is read"
                time.sleep(0.01)
            return read(store, key)

        return call

    for name in ("get", "open"):
        monkeypatch.setattr(LocalStore, name, checked(getattr(LocalStore, name)))
