"""Errors as pages, for people; programs get problem documents."""

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.portal.pages import render_error

_KEYS = {404: "not_found", 405: "not_possible"}


def install_error_pages(app: FastAPI) -> None:
    """Answer browsers that ask for a page that is not there with one; call after `install_error_handlers`."""
    for_programs = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def page_or_problem(request: Request, error: HTTPException) -> Response:
        if not _is_page(request):
            return await for_programs(request, error)  # pyright: ignore[reportGeneralTypeIssues]
        return render_error(request, error.status_code, _KEYS.get(error.status_code, "other"))


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")
