"""Health checks: whether the gateway is alive and can accept uploads."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Literal

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.datastructures import State

from gateway.database import only_reads_rows, read
from gateway.migrate import lacks_migration
from gateway.uploads.receiving import lacks_space
from lobule.health import serve_health
from lobule.storage import StoreFullError

log = structlog.get_logger()
router = APIRouter(tags=["system"])

_BEAT_EVERY_S, _STUCK_S = 1.0, 60.0
_PATIENCE_S = 10.0


class Health(BaseModel):
    """The state of the gateway's parts."""

    status: Literal["ok", "degraded", "down"] = Field(
        description="`degraded`: jobs wait; `down`: no uploads are accepted"
    )
    database: bool = Field(description="whether the database answers, and accepts changes")
    migrated: bool = Field(description="whether the database has the schema of this version")
    object_store: bool = Field(description="whether the object store answers")
    redis: bool = Field(description="whether Redis answers")
    space: bool = Field(
        default=True, description="whether the object store's disk has space for uploads; if not, they are refused"
    )


@router.get("/healthz")
async def live() -> dict[str, str]:
    """Return 200 while the process runs."""
    return {"status": "ok"}


_UNKNOWN = Health(status="down", database=False, migrated=False, object_store=False, redis=False, space=False)


class Readiness:
    """The state of the gateway's parts, which one caller at a time asks for.

    Anybody may ask `/readyz`, and a part that hangs holds up the thread that asks it. So an answer is kept for a
    moment, and while a thread asks the parts, all others get the answer before. If that is older than ten seconds, they
    are told that nothing works.

    Attributes:
        kept_s: Seconds for which an answer is kept.
    """

    def __init__(self, ask: Callable[[], Health], kept_s: float = 1.0) -> None:
        self.kept_s = kept_s
        self._ask, self._lock, self._asking = ask, threading.Lock(), False
        self._at, self._health = float("-inf"), _UNKNOWN

    def known(self) -> Health | None:
        """The state, if no part has to be asked for it."""
        with self._lock:
            age = time.monotonic() - self._at
            if self._asking:
                return self._health if age < _PATIENCE_S else _UNKNOWN
            return self._health if age < self.kept_s else None

    def health(self) -> Health:
        """The state, for which the parts may be asked."""
        if (known := self.known()) is not None:
            return known
        with self._lock:
            if self._asking:  # since a moment ago
                return self._health
            self._asking = True
        try:
            health = self._ask()
        finally:
            with self._lock:
                self._asking = False
        with self._lock:
            self._at, self._health = time.monotonic(), health
        return health


@router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def ready(request: Request) -> JSONResponse:
    """Return whether uploads can be accepted: the database and the object store work.

    Without Redis, jobs wait but are not lost.

    Without `space`, uploads are refused, but accepted jobs continue, and pages and results are served.
    """
    readiness: Readiness = request.app.state.readiness
    health = readiness.known() or await run_in_threadpool(readiness.health)
    return JSONResponse(health.model_dump(), status_code=503 if health.status == "down" else 200)


def health_of(state: State) -> Health:
    """Asks each part of the gateway whether it works."""
    works = {"database": False, "migrated": False, "object_store": False, "redis": False, "space": False}
    checks = {
        "database": lambda: works.update(migrated=_is_migrated(state)),
        "object_store": lambda: state.store.check(),
        "redis": lambda: state.redis.ping(),
        "space": lambda: _has_space(state),
    }
    for name, check in checks.items():
        try:
            check()
            works[name] = True
        except Exception as error:  # noqa: BLE001 - whatever it is, this part does not work
            log.warning("not_ready", part=name, error=repr(error))
    accepts = works["database"] and works["migrated"] and works["object_store"]
    return Health(status="ok" if all(works.values()) else "degraded" if accepts else "down", **works)


def _has_space(state: State) -> None:
    if lacks_space(state.store, state.settings.reserve_bytes):
        raise StoreFullError("less is left than LOBULE_RESERVE_BYTES")


class LoopBeat:
    """Records that the event loop runs, for a thread that answers probes even while the loop is busy."""

    def __init__(self) -> None:
        self._at = float("-inf")

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._at = time.monotonic()
            await asyncio.sleep(_BEAT_EVERY_S)

    def beats(self) -> bool:
        """Whether the event loop ran within the last minute."""
        return time.monotonic() - self._at < _STUCK_S


def serve_probes(state: State, host: str, port: int) -> int:
    """Answer probes on a separate port, from threads, so that requests cannot delay them.

    Returns:
        The port.
    """
    return serve_health(
        host,
        port,
        live=lambda: {"loop": state.loop_beat.beats()},
        ready=lambda: {"loop": state.loop_beat.beats(), "accepts": state.readiness.health().status != "down"},
    )


class _ReadOnlyError(Exception):
    """The database is a standby, or refuses changes for another reason."""


def _is_migrated(state: State) -> bool:
    return read(state.sessions, lambda session: _of_this_version(session.connection()))


def _of_this_version(connection: Connection) -> bool:
    if only_reads_rows(connection):
        connection.invalidate()  # the next one may reach the server that writes, after a failover
        raise _ReadOnlyError
    return not lacks_migration(connection)
