"""Errors below `/fhir` as OperationOutcome, in the place of problem documents."""

import http
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from gateway.errors import ProblemError
from gateway.fhir.codes import OWN
from gateway.fhir.schemas import FhirOutcome
from gateway.outages import OUTAGES

FHIR_JSON = "application/fhir+json"
_KINDS = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    429: "throttled",
    500: "exception",
    503: "transient",
    507: "no-store",
}
"""http://hl7.org/fhir/R4/valueset-issue-type.html, by status; `invalid` for others."""
_OF_BODIES = ("content-length", "content-type")
_Handler = Callable[[Request, Any], Awaitable[Response]]


def install_outcomes(app: FastAPI) -> None:
    """Answer errors below `/fhir` as FHIR outcomes. Call this after all other handlers are installed."""
    for kind in (HTTPException, ProblemError, RequestValidationError, ValidationError, *OUTAGES, Exception):
        app.add_exception_handler(kind, _outcome_or(app.exception_handlers[kind]))  # pyright: ignore[reportArgumentType]


def outcomes(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the errors that an endpoint of FHIR may answer with."""
    return {status: {"model": FhirOutcome, "description": http.HTTPStatus(status).phrase} for status in statuses}


def _outcome_or(for_others: _Handler) -> _Handler:
    async def answer(request: Request, error: Exception) -> Response:
        problem = await for_others(request, error)
        if not request.url.path.startswith("/fhir/"):
            return problem
        headers = {name: value for name, value in problem.headers.items() if name.lower() not in _OF_BODIES}
        status, kind = problem.status_code, _KINDS.get(problem.status_code, "invalid")
        if isinstance(error, RequestValidationError):  # http://hl7.org/fhir/R4/http.html#read and #search
            unsupported = any(each["loc"][:2] == ("path", "resource_type") for each in error.errors())
            status, kind = (404, "not-supported") if unsupported else (400, "invalid")
        return JSONResponse(_outcome(problem, kind), status_code=status, media_type=FHIR_JSON, headers=headers)

    return answer


def _outcome(problem: Response, kind: str) -> dict[str, Any]:
    try:
        document = json.loads(bytes(problem.body))
    except ValueError:  # a page, for a browser
        document = {"code": "http_error", "detail": http.HTTPStatus(problem.status_code).phrase}
    issue = {
        "severity": "fatal" if problem.status_code == 500 else "error",
        "code": kind,
        "details": {"coding": [{"system": OWN, "code": document["code"]}], "text": document["detail"]},
    }
    if document.get("request_id"):
        issue["diagnostics"] = document["request_id"]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
