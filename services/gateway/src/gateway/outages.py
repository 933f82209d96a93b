"""What is answered while the database, Redis or the object store is away, busy or full: it passes, and says so."""

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, TimeoutError

from gateway.errors import ProblemError, problem_response
from lobule.storage import StoreFullError, StoreUnavailableError

log = structlog.get_logger()

OUTAGES: tuple[type[Exception], ...] = (DBAPIError, TimeoutError, RedisError, StoreFullError, StoreUnavailableError)
"""Kinds of errors that may be an outage."""

# https://www.postgresql.org/docs/15/errcodes-appendix.html
_DEADLOCK_OR_CONFLICT = ("40001", "40P01", "55P03")
_FULL = "53100"
_AWAY_CLASSES = ("08", "53", "57")
# https://www.sqlite.org/rescode.html
_SQLITE_BUSY = (5, 6)
_SQLITE_FULL = 13
_SQLITE_AWAY = (8, 10, 14)


def install_outage_handlers(app: FastAPI) -> None:
    """Answer outages; what is none is answered as any crash. Call after `install_error_handlers`."""
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
    """The answer for an error that comes from below; None where it is a mistake of ours.

    A transaction that PostgreSQL ended for a deadlock left nothing behind, so the request may be sent again.
    """
    if isinstance(error, StoreFullError):
        return _full()
    if isinstance(error, StoreUnavailableError):
        return _away("storage_unavailable", "The object store cannot be reached at the moment.", 5)
    if isinstance(error, RedisError):
        return _away("redis_unavailable", "The queue cannot be reached at the moment.", 5)
    if isinstance(error, TimeoutError):
        return _away("database_busy", "Too many requests wait for the database.", 2)
    if isinstance(error, DBAPIError):
        return _of_database(error)
    return None


def _of_database(error: DBAPIError) -> ProblemError | None:
    cause = error.orig
    state, number = getattr(cause, "sqlstate", None), getattr(cause, "sqlite_errorcode", None)
    if number is not None:
        state = {**dict.fromkeys(_SQLITE_BUSY, "busy"), **dict.fromkeys(_SQLITE_AWAY, "away"), _SQLITE_FULL: _FULL}.get(
            number & 0xFF
        )
    elif state is None and type(cause).__name__ == "OperationalError":
        state = "away"  # psycopg: the connection broke or was refused, so the server said nothing
    if state == _FULL:
        return _full()
    if state == "busy" or state in _DEADLOCK_OR_CONFLICT:
        return _away("database_busy", "Others changed the same at this moment.", 1)
    if state is not None and (state == "away" or state[:2] in _AWAY_CLASSES or error.connection_invalidated):
        return _away("database_unavailable", "The database cannot be reached at the moment.", 5)
    return None


def _away(code: str, what: str, seconds: int) -> ProblemError:
    return ProblemError(503, code, f"{what} Please try again.", headers={"Retry-After": str(seconds)})


def _full() -> ProblemError:
    detail = "The server has no space left, so this was not stored. Please tell your IT, then try again."
    return ProblemError(507, "storage_full", detail)
