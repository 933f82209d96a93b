"""The OpenAPI document of the REST API: what FastAPI derives from the endpoints, completed for generated clients."""

import http
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from gateway.api_examples import add_examples
from gateway.error_codes import CODES
from gateway.errors import PROBLEM, Problem, responses

Document = dict[str, Any]

TAGS = {
    "auth": "Access tokens and their renewal.",
    "users": "User accounts and roles. For administrators, except `me`.",
    "sessions": "Your sessions, and authenticating again for sensitive operations.",
    "tokens": "API tokens for programs, with scopes and an expiry date.",
    "cases": "Cases: the images of one patient, the system's conclusion, and clinicians' reviews.",
    "groups": "Groups of clinicians who share cases. Administrators manage the members.",
    "views": "Saved searches of the worklist.",
    "images": "Uploads, corrections and removal of images.",
    "jobs": "The analysis of an image, and its progress.",
    "reports": "Results and reports of jobs; drafts and signed versions of the reports of cases.",
    "pictures": "Previews of files before their upload, and films at full bit depth.",
    "dicomweb": "DICOMweb: store films (STOW-RS), search (QIDO-RS) and retrieve (WADO-RS) films and results.",
    "fhir": "Cases as FHIR R4 resources.",
    "diagnose": "Upload an image and get its report in one request.",
    "models": "The modalities that can be uploaded, and the models in use.",
    "webhooks": "Messages to your systems about finished jobs and signed reports.",
    "nodes": "DICOM nodes: their reports, status and tests. For administrators and nodes.",
    "administration": "Queues and failed work. For administrators.",
    "audit": "The audit log. For administrators and auditors.",
    "system": "Liveness and readiness of the gateway.",
}

_PARAMETERS = {
    "access_id": "identifier of the emergency access",
    "accept": "media type of the answer; `format` of the query takes precedence",
    "accept-language": "language of sentences and reports: `en` or `zh`",
    "action": "only events of this action, such as `auth.login`",
    "actor": "only events of this user name",
    "case_id": "identifier of the case",
    "cursor": "`next_cursor` of the previous page; omit it for the first page",
    "delivery_id": "identifier of the delivery",
    "instance": "SOPInstanceUID",
    "series": "SeriesInstanceUID",
    "study": "StudyInstanceUID",
    "group_id": "identifier of the group",
    "session_id": "identifier of the session",
    "range": "`bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH`: the part of the answer to send",
    "resource_id": "id of the resource",
    "resource_type": "type of the resource",
    "idempotency-key": "a unique key of your choice; a repeated request with it returns the first response, for a day",
    "if-match": "`ETag` of what you saw; 412 where it has changed since",
    "if-none-match": "`ETag` of the answer that you have; if nothing has changed since, the answer is 304",
    "if-range": "`ETag` of the answer whose part you ask for; if it has changed since, the whole answer is sent",
    "image_id": "identifier of the image",
    "job_id": "identifier of the job",
    "limit": "largest number of items",
    "node_id": "identifier of the account that the node reports under",
    "picture": "name of a file of the result, such as `image.png` or `heat_map.png`",
    "preview_id": "identifier of the preview",
    "target_id": "only events about the object with this identifier",
    "task_id": "identifier of the task",
    "token_id": "identifier of the token",
    "key_id": "identifier of the security key",
    "user_id": "identifier of the user",
    "username": "user name for the login",
    "version": "number of the signed version, from 1",
    "view_id": "identifier of the view",
    "webhook_id": "identifier of the webhook",
    "work_id": "identifier of the job or rendering",
}

_RETRY_AFTER = {"description": "seconds after which to try again", "schema": {"type": "integer"}}
_REQUEST_ID = {
    "description": "identifier of the request, as the server logs it",
    "schema": {"type": "string"},
}
_RETRIED = ("429", "503")


def install_document(app: FastAPI) -> None:
    """Let an app serve this document instead of FastAPI's own."""

    def document() -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = make_document(app)
        return app.openapi_schema

    app.openapi = document


def operation_id(route: APIRoute) -> str:
    """The name of an operation in camel case, as generated clients call it: the name of its function."""
    first, *others = route.name.split("_")
    return first + "".join(part.capitalize() for part in others)


def make_document(app: FastAPI) -> Document:
    """The document of an app's API."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info=app.license_info,
        contact={"name": "The administrator of this server"},
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": "/", "description": "this server"}],
        routes=app.routes,
        webhooks=app.webhooks.routes,
    )
    keyed = {operation_id(route) for route in _routes(app.routes) if _takes_keys(route)}
    for path, methods in made["paths"].items():
        for operation in methods.values() if path.startswith("/fhir/") else ():
            operation["responses"].pop("422", None)  # which FastAPI adds: FHIR answers with 400
    for operation in _operations(made):
        if operation["operationId"] in keyed:
            _describe_key(operation)
        _describe_parameters(operation)
        _type_bodies(operation)
        _type_problems(operation)
    schemas = made["components"]["schemas"]
    _name_items(schemas)
    for schema in schemas.values():
        if "example" in schema:  # FastAPI drops null values from examples
            schema["example"] = dict.fromkeys(schema.get("required", ())) | schema["example"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"]["properties"]["code"]["enum"] = sorted(CODES)
    add_examples(schemas)
    return made


def _routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an app and of the routers that it includes."""
    for route in routes:
        inner: APIRouter | None = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes)
        elif isinstance(route, APIRoute):
            yield route


def _takes_keys(route: APIRoute) -> bool:
    """Whether a route honours `Idempotency-Key`: it changes something in the transaction that identifies the user."""
    changes = route.path.startswith("/api/v1/") and bool((route.methods or set()) & {"POST", "PATCH"})
    return changes and "current_user" in _dependencies(route.dependant)


def _dependencies(dependant: Dependant) -> Iterator[str]:
    yield getattr(dependant.call, "__name__", "")
    for each in dependant.dependencies:
        yield from _dependencies(each)


def _describe_key(operation: Document) -> None:
    header = {"name": "idempotency-key", "in": "header", "required": False}
    header["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}
    operation.setdefault("parameters", []).append(header)
    for status, answer in responses(400, 409, 422).items():
        operation["responses"].setdefault(str(status), {"description": answer["description"]})


def _operations(document: Document) -> Iterator[Document]:
    for methods in (*document["paths"].values(), *document.get("webhooks", {}).values()):
        yield from methods.values()


def _name_items(schema: Any) -> None:
    """Describe tuples of one type with `items` too, for client generators that do not support `prefixItems`."""
    if isinstance(schema, list):
        for part in schema:
            _name_items(part)
    elif isinstance(schema, dict):
        prefix = schema.get("prefixItems")
        if prefix and "items" not in schema and all(item == prefix[0] for item in prefix):
            schema["items"] = prefix[0]
        for part in schema.values():
            _name_items(part)


def _describe_parameters(operation: Document) -> None:
    if "304" in operation["responses"]:
        header = {"name": "if-none-match", "in": "header", "required": False, "schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(header)
    if "206" in operation["responses"]:
        operation["responses"]["206"]["content"] = deepcopy(operation["responses"]["200"]["content"])
        headers = ({"name": name, "in": "header", "schema": {"type": "string"}} for name in ("range", "if-range"))
        operation.setdefault("parameters", []).extend(header | {"required": False} for header in headers)
    for parameter in operation.get("parameters", ()):
        described = _PARAMETERS.get(parameter["name"].lower())
        if described is not None:
            parameter.setdefault("description", described)


def _type_bodies(operation: Document) -> None:
    """Give files a type: text, a JSON object, or bytes."""
    for answer in operation["responses"].values():
        for media_type, body in answer.get("content", {}).items():
            if not body.get("schema"):
                body["schema"] = _schema_of(media_type)


def _schema_of(media_type: str) -> Document:
    if media_type == "application/json":
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _type_problems(operation: Document) -> None:
    """Describe every error as a problem document. Any operation may answer with the errors of an outage."""
    answers = operation["responses"]
    if "security" in operation or "parameters" in operation or "requestBody" in operation:
        for status, answer in responses(503).items():
            answers.setdefault(str(status), {"description": answer["description"]})
    if "401" in answers:  # who may log in may lack the permission
        answers.setdefault("403", {**deepcopy(answers["401"]), "description": http.HTTPStatus(403).phrase})
    for status, answer in answers.items():
        answer.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
        if status[0] in "45" and not _is_own(answer):
            answer["content"] = {PROBLEM: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
        if status in _RETRIED:
            answer["headers"]["Retry-After"] = _RETRY_AFTER


def _is_own(answer: Document) -> bool:
    """Whether an error has another body, such as the health of a server that is not ready, or an outcome of FHIR."""
    schemas = (body.get("schema", {}) for body in answer.get("content", {}).values())
    names = {schema.get("$ref", "").rpartition("/")[2] for schema in schemas}
    return bool(names - {"", Problem.__name__, "HTTPValidationError"})
