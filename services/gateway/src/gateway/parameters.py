"""Refuses query parameters that an operation does not have: a misspelt filter would answer with everything."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError

_PATHS = ("/api/v1/",)


def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a request of the API with a query parameter that its operation does not have.

    Raises:
        RequestValidationError: Answered with 422 `invalid_request`, which names the parameters.
    """
    if not request.query_params or not request.url.path.startswith(_PATHS):
        return
    known = set(_parameters_of(request.scope["route"].dependant))
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        detail = f"There is no such parameter. Known: {', '.join(sorted(known)) or 'none'}"
        raise RequestValidationError([{"type": "unknown", "loc": ("query", name), "msg": detail} for name in unknown])


def _parameters_of(dependant: Dependant) -> Iterator[str]:
    """The query parameters of an operation and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters_of(each)
