"""Invalid requests for every operation, generated from the OpenAPI document."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
INVALID = (422, "invalid_request")
NOT_THERE = (404, "not_found")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_JSON = "application/json"
_TOO_LARGE = b'{"a": "' + b" " * 1_048_576 + b'"}'


@dataclass(frozen=True)
class Wrong:
    """An invalid request, and the required answer.

    Attributes:
        what: Description of the fault.
        method: HTTP method.
        path: Path as in the document; `{names}` are replaced by existing ids.
        answers: Correct statuses and codes; empty for any refusal that is not a server error.
        parameter: The name of the parameter that the problem must name.
        pointer: The JSON Pointer that it must name.
        sent: Arguments of httpx for the request.
        named: Values of the path's parameters.
    """

    what: str
    method: str
    path: str
    answers: tuple[tuple[int, str], ...]
    parameter: str | None = None
    pointer: str | None = None
    sent: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)


def wrong_requests(document: Schema) -> Iterator[Wrong]:
    """Yield invalid requests of each operation below `/api/v1`."""
    for path, operations in document["paths"].items():
        if not path.startswith("/api/v1/"):
            continue
        for method in sorted(set(_METHODS) - _methods(document, path))[:1]:
            yield Wrong("method", method, path, ((405, "method_not_allowed"),))
        for verb, operation in operations.items():
            yield from _of_operation(document, verb.upper(), path, operation)


def _methods(document: Schema, path: str) -> set[str]:
    """The methods of a path, including those of matching paths: `/nodes/{node_id}` matches `/nodes/report`."""
    fitting = (p for p in document["paths"] if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", p), path))
    return {verb.upper() for each in fitting for verb in document["paths"][each]}


def _of_operation(document: Schema, method: str, path: str, operation: Schema) -> Iterator[Wrong]:
    sent = {"params": {"no_such": "1"}}
    yield Wrong("unknown parameter", method, path, (INVALID,), parameter="no_such", sent=sent)
    for parameter in operation.get("parameters", ()):
        name, place = parameter["name"], parameter["in"]
        if place == "query":
            for value, code in _bad_values(document, name, parameter["schema"]):
                sent = {"params": {name: value}}
                named = None if code == "cursor_invalid" else name
                yield Wrong(f"{name}={value[:40]}", method, path, ((422, code),), parameter=named, sent=sent)
        elif place == "path":
            yield from _of_path(document, method, path, parameter)
    content = operation.get("requestBody", {}).get("content", {})
    if _JSON in content:
        required = operation["requestBody"].get("required", False)
        yield from _of_body(document, method, path, content[_JSON]["schema"], required=required)
    elif "multipart/form-data" in content:
        yield from _of_upload(method, path, content["multipart/form-data"]["schema"].get("required", []))


def _of_path(document: Schema, method: str, path: str, parameter: Schema) -> Iterator[Wrong]:
    name, schema = parameter["name"], _resolved(document, parameter["schema"])
    checked = {"pattern", "enum", "format", "const"} & schema.keys() or schema.get("type") == "integer"
    if checked:
        yield Wrong(f"{name} of another form", method, path, (INVALID,), parameter=name, named={name: "~"})
    elif method in ("GET", "DELETE"):
        not_known_yet = ((409, "result_not_ready"),) if name == "picture" else ()  # until the reading names them
        yield Wrong(f"unknown {name}", method, path, (NOT_THERE, *not_known_yet), named={name: "none-such"})
    yield Wrong(f"NUL in {name}", method, path, (), named={name: "a%00b"})
    yield Wrong(f"long {name}", method, path, (), named={name: "a" * 3000})


def _bad_values(document: Schema, name: str, schema: Schema) -> Iterator[tuple[str, str]]:
    """Invalid values of a query parameter, and the code of the refusal."""
    if name == "cursor":
        yield from ((value, "cursor_invalid") for value in ("nonsense", "bnVsbA==", "W10="))
        return
    schema = _resolved(document, schema)
    variants = [_resolved(document, each) for each in schema.get("anyOf", ())] or [schema]
    one = next(each for each in variants if each.get("type") != "null")
    one = _resolved(document, one["items"]) if one.get("type") == "array" else one
    if one.get("type") == "integer":
        yield from ((value, "invalid_request") for value in ("x", "1.5", "-1", "9" * 400))
    elif one.get("type") == "boolean":
        yield "perhaps", "invalid_request"
    elif "enum" in one or "const" in one or one.get("format") == "date-time":
        yield from ((value, "invalid_request") for value in ("no such", "\0"))
    elif "maxLength" in one:
        yield "x" * (one["maxLength"] + 1), "invalid_request"


def _of_body(document: Schema, method: str, path: str, schema: Schema, *, required: bool) -> Iterator[Wrong]:
    def raw(
        what: str, content: bytes, *answers: tuple[int, str], kind: str = _JSON, pointer: str | None = None
    ) -> Wrong:
        sent = {"content": content, "headers": {"Content-Type": kind}}
        return Wrong(what, method, path, answers, pointer=pointer, sent=sent)

    yield raw("broken JSON", b'{"a": ', (400, "invalid_json"))
    yield raw("JSON that is no UTF-8", b'{"a": "\xff"}', (400, "invalid_json"))
    yield raw("deep JSON", b"[" * 100_000, (400, "invalid_json"))
    yield raw("media type", b'{"a": 1}', (415, "unsupported_media_type"), kind="text/plain")
    yield raw("form", b"a=1", (415, "unsupported_media_type"), kind="application/x-www-form-urlencoded")
    yield raw("too large", _TOO_LARGE, (413, "request_too_large"))
    for value in (b"[]", b"5", b'"text"'):
        yield raw(f"body {value.decode()}", value, INVALID, pointer="#")
    if required:
        yield raw("no body", b"", INVALID, pointer="#")
    one = _resolved(document, schema)
    one = _resolved(document, one["oneOf"][0]) if "oneOf" in one else one
    prefix = "#/password" if "discriminator" in _resolved(document, schema) else "#"
    body = _sample(document, one)
    for name in one.get("required", ()):
        less = {key: value for key, value in body.items() if key != name}
        yield raw(f"without {name}", json.dumps(less).encode(), INVALID, pointer=f"{prefix}/{name}")
    for name, part in one.get("properties", {}).items():
        for what, value in _bad_parts(document, part):
            content = json.dumps(body | {name: value}).encode()
            yield raw(f"{what} {name}", content, INVALID, pointer=f"{prefix}/{name}")
        if _takes(document, part, "string"):
            for what, value in (("NUL in", "a\0b"), ("half a character in", "a\ud800")):
                yield raw(f"{what} {name}", json.dumps(body | {name: value}).encode())


def _bad_parts(document: Schema, schema: Schema) -> Iterator[tuple[str, Any]]:
    """Invalid values of a body's field."""
    if not _takes(document, schema, "object"):
        yield "an object as", {"no": "such"}
    if not _takes(document, schema, "array"):
        yield "a list as", [{"no": "such"}]
    if _takes(document, schema, "integer"):
        yield "a huge", int("9" * 400)
    for variant in _variants(document, schema):
        if "enum" in variant or "const" in variant:
            yield "an unknown", "no such"
        if "maxLength" in variant:
            yield "a long", "x" * (variant["maxLength"] + 1)


def _of_upload(method: str, path: str, required: list[str]) -> Iterator[Wrong]:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    cut, missing = (400, "malformed_upload"), (422, "file_missing")
    signed = (401, "wrong_credentials")  # `/diagnose` checks the credentials first
    for what, content, headers, answers in (
        ("JSON", b"{}", {"Content-Type": _JSON}, ((415, "not_multipart"),)),
        ("no boundary", b"", {"Content-Type": "multipart/form-data"}, ((415, "not_multipart"),)),
        ("an empty form", b"--b--\r\n", kind, (missing,)),
        ("a form that is cut off", b"--b\r\nContent-Disposition: form", kind, (cut, missing)),
        (
            "a form without a kind of image",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nx\r\n--b--\r\n',
            kind,
            (INVALID, (422, "unknown_modality"), signed),
        ),
    ):
        if "modality" in required or not what.endswith("kind of image"):
            yield Wrong(f"upload of {what}", method, path, answers, sent={"content": content, "headers": headers})


def _resolved(document: Schema, schema: Schema) -> Schema:
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _variants(document: Schema, schema: Schema) -> list[Schema]:
    """The alternative schemas of a value."""
    schema = _resolved(document, schema)
    found = [each for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, ())]
    return [variant for each in found for variant in _variants(document, each)] or [schema]


def _takes(document: Schema, schema: Schema, kind: str) -> bool:
    return any(each.get("type", kind) == kind for each in _variants(document, schema))


def _sample(document: Schema, schema: Schema) -> Any:
    """A small valid value."""
    schema = _variants(document, schema)[0]
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    match schema.get("type"):
        case "object":
            named = schema.get("properties", {})
            return {name: _sample(document, named[name]) for name in schema.get("required", ())}
        case "array":
            return [_sample(document, schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            by_format = {"date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z", "uri": "https://203.0.113.9/"}
            return by_format.get(schema.get("format", ""), "a" * max(1, schema.get("minLength", 1)))
        case _:
            return None
