"""Error pages for browsers; programs get problem documents."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from gateway.accepting import media_ranges
from gateway.auth.sessions import cookie_name
from gateway.errors import ProblemError
from gateway.middleware import PAGE_POLICY
from gateway.outages import OUTAGES
from gateway.portal.pages import render_error

_KEYS = {401: "logged_out", 404: "not_found", 405: "not_possible", 422: "not_possible", 503: "away", 507: "full"}
_KEYS_OF_CODES = {
    "csrf_failed": "out_of_date",
    "cursor_invalid": "not_possible",
    "analysis_ended": "report_failed",
    "report_failed": "report_failed",
    "report_not_ready": "report_not_ready",
    "report_altered": "report_altered",
    "pdf_certificate_ended": "report_failed",
}
# Addresses of the API that people open as pages.
_REPORT = re.compile(r"^/api/v1/(jobs/[^/]+/report|cases/[^/]+/reports/[^/]+)$")
_IN_FRAMES = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")  # as reports themselves are shown
_Handler = Callable[[Request, Any], Awaitable[Response]]


def install_error_pages(app: FastAPI) -> None:
    """Answer errors with a page where a browser asked for one.

    Call after the handlers of `gateway.errors` and `gateway.outages` are there.
    """
    for kind in (HTTPException, ProblemError, RequestValidationError, ValidationError, *OUTAGES, Exception):
        app.add_exception_handler(kind, _page_or(app.exception_handlers[kind]))  # pyright: ignore[reportArgumentType]


def _page_or(for_programs: _Handler) -> _Handler:
    async def answer(request: Request, error: Exception) -> Response:
        problem = await for_programs(request, error)  # a crash is logged there
        if not _is_page(request):
            return problem
        code = error.code if isinstance(error, ProblemError) else ""
        status = problem.status_code
        again = request.method == "GET" and (status >= 500 or code == "report_not_ready")
        key = _KEYS_OF_CODES.get(code) or _KEYS.get(status, "other")
        page = render_error(request, status, key, code=code, again=again)
        if _REPORT.match(request.url.path):
            page.headers["Content-Security-Policy"] = _IN_FRAMES
        for name in ("Retry-After", "Allow"):
            if name in problem.headers:
                page.headers[name] = problem.headers[name]
        return page

    return answer


def _is_page(request: Request) -> bool:
    if not media_ranges(request.headers.get("Accept", "")).get("text/html"):
        return False
    if _REPORT.match(request.url.path):  # programs ask for HTML there, too: they send a token and no cookie
        navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
        return navigates or cookie_name(request.app.state.settings) in request.cookies
    return not request.url.path.startswith("/api/")
