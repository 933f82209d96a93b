"""Errors as pages, for people; programs get problem documents."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.errors import ProblemError
from gateway.outages import OUTAGES
from gateway.portal.pages import render_error

_KEYS = {404: "not_found", 405: "not_possible", 422: "not_possible", 503: "away", 507: "full"}
_KEYS_OF_CODES = {"csrf_failed": "out_of_date", "cursor_invalid": "not_possible"}
_Handler = Callable[[Request, Any], Awaitable[Response]]


def install_error_pages(app: FastAPI) -> None:
    """Answer browsers that ask for a page with one, whatever goes wrong.

    Call after the handlers of `gateway.errors` and `gateway.outages` are there.
    """
    for kind in (HTTPException, ProblemError, RequestValidationError, *OUTAGES, Exception):
        app.add_exception_handler(kind, _page_or(app.exception_handlers[kind]))  # pyright: ignore[reportArgumentType]


def _page_or(for_programs: _Handler) -> _Handler:
    async def answer(request: Request, error: Exception) -> Response:
        problem = await for_programs(request, error)  # a crash is logged there
        if not _is_page(request):
            return problem
        code = error.code if isinstance(error, ProblemError) else ""
        status = problem.status_code
        page = render_error(request, status, _KEYS_OF_CODES.get(code) or _KEYS.get(status, "other"))
        if "Retry-After" in problem.headers:
            page.headers["Retry-After"] = problem.headers["Retry-After"]
        return page

    return answer


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")
