"""Errors as clients see them: RFC 9457 problem details with a stable `code`."""

import http
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from lobule.contracts.document import is_newer
from lobule.contracts.language import Language, negotiate_language
from lobule.errors import AnalysisError
from lobule.storage import ObjectNotFoundError
from lobule.storage.encrypted import ObjectDamagedError
from lobule.words import Words

log = structlog.get_logger()

PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable and part of the API; the words may change."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Unsupported Media Type",
                "status": 415,
                "code": "unsupported_format",
                "detail": "This file is GIF, which cannot be analysed. Please upload one of: PNG, JPEG, TIFF.",
                "instance": "/api/v1/images",
                "request_id": "0b9c6a0e",
            }
        },
    )

    type: str = Field(default="about:blank", description="always `about:blank`; `code` identifies the error")
    title: str = Field(description="phrase of the HTTP status")
    status: int = Field(description="HTTP status")
    code: str = Field(description="stable name of the error")
    reason: str | None = Field(default=None, description="exact reason, if the code has several; reasons may be added")
    values: dict[str, Any] = Field(default_factory=dict, description="values in `detail`, such as limits and states")
    detail: str = Field(
        description="what happened and what to do, in English or Chinese, as `Accept-Language` asks; English by default"
    )
    instance: str | None = Field(default=None, description="path of the request")
    request_id: str | None = Field(
        default=None, description="`X-Request-ID`, which identifies the request in the server's log"
    )


class ProblemError(Exception):
    """An error with an HTTP status and a stable code. Any code may raise it; one handler turns it into a response.

    Args:
        status: HTTP status.
        code: Stable name.
        reason: What exactly happened. The catalogue has its sentence as `errors.<code>.<reason>`, and that of a problem
            without a reason as `errors.<code>`.
        values: What the sentence names.
        detail: The English sentence of a worker whose reasons the catalogue does not know.
        headers: Extra headers of the answer.
        extra: Extra members of the problem document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        reason: str | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.status, self.code, self.reason, self.headers, self.extra = status, code, reason, headers, extra
        self.values, self._detail = dict(values or {}), detail
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        """What happened and what to do, in English."""
        return self.detail_in("en")

    def detail_in(self, language: Language) -> str:
        """What happened and what to do, in a language."""
        return Words(language).error(self.code, self.reason, self.values, self._detail)


def not_found(what: str, **values: int) -> ProblemError:
    """The same 404 for what does not exist and for what belongs to another user.

    Args:
        what: The catalogue has the sentence as `errors.not_found.<what>`.
        values: What the sentence names.
    """
    return ProblemError(404, "not_found", what, values=values)


def from_stored(error: ValidationError) -> ProblemError:
    """The response for a stored document that this version cannot read.

    Raises:
        ValidationError: It is damaged, or a fault of the program.
    """
    if not is_newer(error):
        raise error
    log.error("newer_version", error=error.errors(include_url=False, include_context=False, include_input=False))
    return ProblemError(409, "newer_version")


_STATUS_OF_INPUT_ERRORS = {"unsupported_format": 415, "too_many_pixels": 413}


def from_analysis_error(error: AnalysisError) -> ProblemError:
    """The response for an image that is refused at upload."""
    return ProblemError(_STATUS_OF_INPUT_ERRORS.get(error.code, 422), error.code, error.reason, values=error.values)


def problem_response(request: Request, error: ProblemError) -> JSONResponse:
    """The answer for a problem, in the language that the request asks for."""
    request.state.refused = error.code  # for the audit log
    language = negotiate_language(request.headers.get("accept-language"))
    problem = Problem(
        title=http.HTTPStatus(error.status).phrase,
        status=error.status,
        code=error.code,
        reason=error.reason,
        values=error.values,
        detail=error.detail_in(language),
        instance=quote(request.url.path, safe="/:@!$&()*+,;=", errors="replace"),  # a URI reference (RFC 9457)
        request_id=getattr(request.state, "request_id", None),
        **error.extra,
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language", **(error.headers or {})}
    return JSONResponse(problem.model_dump(), status_code=error.status, media_type=PROBLEM, headers=headers)


_UNREADABLE = "There was an error parsing the body"  # FastAPI's words for a body that is no UTF-8, or too deep
_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
}


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> Response:
        return problem_response(request, error)

    @app.exception_handler(AnalysisError)
    async def analysis(request: Request, error: AnalysisError) -> Response:
        return problem_response(request, from_analysis_error(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        if any(e["type"] == "json_invalid" for e in found):
            return problem_response(request, ProblemError(400, "invalid_json"))
        if any(e["loc"][0] == "body" for e in found) and not _is_json(request):
            return problem_response(request, ProblemError(415, "unsupported_media_type"))
        # A body that a dependency reads as well is checked twice.
        errors = [_faulty(loc, msg) for loc, msg in dict.fromkeys((tuple(e["loc"]), e["msg"]) for e in found)]
        fields = [f"{e['where']}: {e['problem']}" for e in errors[:3]]
        return problem_response(
            request, ProblemError(422, "invalid_request", "fields", values={"fields": fields}, errors=errors)
        )

    @app.exception_handler(ValidationError)
    async def stored(request: Request, error: ValidationError) -> Response:
        return problem_response(request, from_stored(error))

    @app.exception_handler(ObjectNotFoundError)
    @app.exception_handler(ObjectDamagedError)
    async def unreadable(request: Request, error: Exception) -> Response:
        log.error("stored_file_unreadable", path=request.url.path, error=repr(error))
        return problem_response(request, ProblemError(500, "stored_file_unreadable"))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        code = "invalid_json" if error.detail == _UNREADABLE else _HTTP_CODES.get(error.status_code, "http_error")
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
        return problem_response(request, ProblemError(error.status_code, code, headers=headers))

    @app.exception_handler(Exception)
    async def crash(request: Request, error: Exception) -> Response:
        log.error("request_crashed", path=request.url.path, exc_info=error)
        return problem_response(request, ProblemError(500, "internal_error"))


def each_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route of an application, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from (route,) if included is None else each_route(included.routes)


def _allowed(request: Request) -> str:
    """The methods of every route of this path; Starlette names those of one route only. Files can only be read."""
    routes = [route for route in each_route(request.app.routes) if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in routes for method in getattr(route, "methods", None) or ()} or {"GET"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _faulty(place: Sequence[Any], message: str) -> dict[str, str]:
    """One invalid input: its place in the body as a JSON Pointer (RFC 6901), or the parameter's name."""
    parts = [str(part) for part in place]
    described = {"where": ".".join(parts), "problem": message}
    if parts[:1] == ["body"]:
        steps = [part.replace("~", "~0").replace("/", "~1") for part in parts[1:]]
        return {**described, "pointer": "#" + "".join(f"/{step}" for step in steps)}
    return {**described, "parameter": (parts[1:] or parts)[0]}


_ETAG = {"description": "identifies this state, for `If-None-Match`", "schema": {"type": "string"}}
WITH_ETAG: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": _ETAG}},
    304: {"description": "Nothing has changed since this ETag", "headers": {"ETag": _ETAG}},
}
"""OpenAPI entries of an endpoint whose answer has an `ETag`."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems an endpoint may answer with."""
    return {s: {"model": Problem, "content": {PROBLEM: {}}, "description": http.HTTPStatus(s).phrase} for s in statuses}
