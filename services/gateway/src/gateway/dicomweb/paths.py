"""What the endpoints of DICOMweb share: path parameters and their OpenAPI descriptions."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Request

from gateway.accepting import is_acceptable
from gateway.dicomweb.matching import ATTRIBUTES
from gateway.dicomweb.schemas import DICOM_JSON
from gateway.errors import ProblemError

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]

_TEXT = {"type": "string"}
SEARCH_PARAMETERS: list[dict[str, Any]] = [
    *(
        {"name": name, "in": "query", "schema": _TEXT, "description": f"{name}, which must match exactly"}
        for name in ATTRIBUTES
        if name != "StudyDate"
    ),
    {"name": "StudyDate", "in": "query", "schema": _TEXT, "description": "a day or a range, such as 20260101-20261231"},
    {
        "name": "includefield",
        "in": "query",
        "schema": _TEXT,
        "description": "further attributes to return, by keyword or tag, or `all`",
    },
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer"},
        "description": "largest number of matches, up to 200",
    },
    {"name": "offset", "in": "query", "schema": {"type": "integer"}, "description": "number of matches to skip"},
]


def named(study: str | None = None, series: str | None = None, instance: str | None = None) -> Mapping[str, str]:
    """The attributes that a path names."""
    given = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
    return {name: value for name, value in given.items() if value is not None}


def base_url(request: Request) -> str:
    """The address of DICOMweb on this server."""
    return f"{request.app.state.settings.public_url.rstrip('/')}/dicom-web"


def check_json(request: Request) -> None:
    """Refuse a request that does not accept JSON.

    Raises:
        ProblemError: `not_acceptable`, 406.
    """
    if not is_acceptable(request.headers.get("accept", ""), DICOM_JSON, "application/json"):
        raise ProblemError(406, "not_acceptable", "dicom")
