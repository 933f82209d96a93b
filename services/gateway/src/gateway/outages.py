"""Maps outages of database, Redis, object store and token to 503 and 507, and what others took or deleted to 409."""

from typing import Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from gateway.database import DISK_FULL, READ_ONLY
from gateway.errors import ProblemError, problem_response
from gateway.token_keys import TokenError
from lobule.storage import StoreFullError, StoreUnavailableError

log = structlog.get_logger()

_GONE = (NoResultFound, ObjectDeletedError, StaleDataError)  # a row that was there at first, and is locked or changed

OUTAGES: tuple[type[Exception], ...] = (
    DBAPIError,
    PoolTimeoutError,
    RedisError,
    BrokerError,
    StoreFullError,
    StoreUnavailableError,
    TokenError,
    *_GONE,
)
"""Kinds of errors that may be an outage, or a change of others at the same moment."""

_Kind = Literal["away", "busy", "full", "conflict", "gone"]

# https://www.postgresql.org/docs/15/errcodes-appendix.html: deadlocks and conflicts, a full disk, a unique key that
# another transaction has taken since it was looked for, a row that it has deleted since, a server that only reads, a
# transaction that it ended because nothing came; then whole classes.
_OF_POSTGRES: dict[str, _Kind] = {
    "40001": "busy",
    "40P01": "busy",
    "55P03": "busy",
    DISK_FULL: "full",
    "23505": "conflict",
    "23503": "gone",
    READ_ONLY: "away",
    "25P03": "away",
}
_OF_POSTGRES_CLASSES: dict[str, _Kind] = {"08": "away", "53": "away", "57": "away", "58": "away"}
# https://www.sqlite.org/rescode.html: busy, locked, read-only, input or output, full, not to be opened.
_OF_SQLITE: dict[int, _Kind] = {5: "busy", 6: "busy", 8: "away", 10: "away", 13: "full", 14: "away"}
# SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_FOREIGNKEY
_CONSTRAINTS_IN_SQLITE: dict[int, _Kind] = {1555: "conflict", 2067: "conflict", 787: "gone"}


def install_outage_handlers(app: FastAPI) -> None:
    """Install the handlers of outages; other errors remain 500 responses. Call after `install_error_handlers`."""
    crash = app.exception_handlers[Exception]

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of_outage(error)
        if problem is None:
            return await crash(request, error)  # pyright: ignore[reportGeneralTypeIssues]
        log.warning("outage", code=problem.code, path=request.url.path, error=repr(error))
        return problem_response(request, problem)

    for kind in OUTAGES:
        app.add_exception_handler(kind, answer)


def problem_of_outage(error: Exception) -> ProblemError | None:
    """The problem for an error of database, Redis, store or token; None if the error is not an outage.

    A transaction that PostgreSQL ended for a deadlock left nothing behind, so the request may be sent again.
    """
    if isinstance(error, StoreFullError):
        return _full()
    if isinstance(error, StoreUnavailableError):
        return _away("storage_unavailable", 5)
    if isinstance(error, TokenError):
        return _away("signing_key_unavailable", 5)
    if isinstance(error, RedisError | BrokerError):
        return _away("redis_unavailable", 5)
    if isinstance(error, PoolTimeoutError):
        return _away("database_busy", 2)
    if isinstance(error, _GONE):
        return ProblemError(409, "conflict", "deleted")
    match _kind(error) if isinstance(error, DBAPIError) else None:
        case "full":
            return _full()
        case "conflict":
            return ProblemError(409, "conflict")
        case "gone":
            return ProblemError(409, "conflict", "deleted")
        case "busy":
            return _away("database_busy", 1)
        case "away":
            return _away("database_unavailable", 5)
    return None


def _kind(error: DBAPIError) -> _Kind | None:
    cause = error.orig
    number, state = getattr(cause, "sqlite_errorcode", None), getattr(cause, "sqlstate", None)
    if number is not None:
        return _CONSTRAINTS_IN_SQLITE.get(number) or _OF_SQLITE.get(number & 0xFF)
    if state is not None:
        return _OF_POSTGRES.get(state) or _OF_POSTGRES_CLASSES.get(state[:2])
    # psycopg: the connection was lost or refused, so there is no SQLSTATE.
    return "away" if type(cause).__name__ == "OperationalError" else None


def _away(code: str, seconds: int) -> ProblemError:
    return ProblemError(503, code, headers={"Retry-After": str(seconds)})


def _full() -> ProblemError:
    return ProblemError(507, "storage_full")
